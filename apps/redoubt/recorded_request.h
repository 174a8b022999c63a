// The request that a record tells of, to be decided again.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "gateway/access.h"

namespace redoubt::app {

struct RecordedRequest {
  std::string principal;
  std::string credential;  // id of its key
  std::string tenant;
  gateway::Action action = gateway::Action::kInvoke;
  std::string resource;
  std::string upstream;
  std::string provider;
  UnixMillis time;
  bool stream = false;
  std::vector<std::string> kinds;  // of what inspection found in it, in lower case
  bool permitted = false;          // what was decided then
  struct Evidence {
    std::string tier;
    std::string measurer;
    std::string identity;
  };
  Evidence upstream_evidence;
  Evidence caller_evidence;

  // By `caller`, who it was. What the record holds only as commitments, or not at all, is left out: the caller's
  // address, its purpose, TLS. Without matches: what families their kinds are of, the caller knows.
  gateway::AccessRequest request(const gateway::Caller& caller) const;
};

// Of an admission, or of a denial by policy, that policies decide on; nothing of other records. kMalformed for what is
// no record.
Result<std::optional<RecordedRequest>> recorded_request(ByteView record);

}  // namespace redoubt::app
