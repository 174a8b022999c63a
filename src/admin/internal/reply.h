// A reply as it is put together, and sent.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "admin/problem.h"
#include "net/exchange.h"

namespace redoubt::admin::internal {

struct Reply {
  int status = 200;
  std::string_view media_type;  // empty: no body
  std::string body;
  std::vector<std::pair<std::string_view, std::string>> headers;
  bool secret = false;  // the body is wiped once it is sent
  bool sent = false;    // a stream, which has been

  Reply() = default;
  explicit Reply(const Problem& problem);
};

// With the headers that every reply has. A secret body is wiped.
net::Task<> send(net::Exchange& exchange, Reply& reply);

}  // namespace redoubt::admin::internal
