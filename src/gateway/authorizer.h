// Whether a principal may do something: the seam where the policy engine stands.
//
// The pipeline asks one question for each exchange and obeys the answer. Until policies decide, GrantAuthorizer permits
// what a key was issued for and nothing else.
#pragma once

#include <optional>
#include <string_view>

#include "gateway/api_keys.h"
#include "ledger/commit_level.h"

namespace redoubt::gateway {

struct AccessRequest {
  const ApiKey* principal = nullptr;  // never null: authentication comes first
  std::string_view action;            // `chat.completions`, `models.list`
  std::string_view model;             // the resource; empty for `models.list`
};

struct Decision {
  bool permit = false;
  std::string_view policy_uid;  // what decided, for the record; static or as long-lived as the authorizer
  // What the reply is to wait for at least: it raises the route's level (commit_settings.h) and never lowers it.
  std::optional<ledger::CommitLevel> commit = std::nullopt;
};

class Authorizer {
 public:
  virtual ~Authorizer() = default;
  virtual std::string_view name() const = 0;
  // Any thread; does not block. Default: deny.
  virtual Decision decide(const AccessRequest& request) const = 0;
};

// Callers may list models and call those that their key names.
class GrantAuthorizer final : public Authorizer {
 public:
  std::string_view name() const override { return "key-grants"; }
  Decision decide(const AccessRequest& request) const override;
};

}  // namespace redoubt::gateway
