// Who is known and what is permitted, as of one moment: API keys and policies. A request pins one Access and is decided
// by it from beginning to end, whatever is activated meanwhile.
//
// Immutable; any thread.
#pragma once

#include <memory>
#include <string_view>

#include "base/clock.h"
#include "gateway/api_keys.h"
#include "gateway/policy_bundle.h"

namespace redoubt::gateway {

enum class Action : std::uint8_t { kInvoke, kRelease, kListModels, kReadEntries, kOpenValues, kReadMetrics };
// As policies write it: `invoke`.
std::string_view to_string(Action action);

// What policies see of a request (policies/redoubt.cedarschema). Views are read during the call only.
struct AccessRequest {
  const ApiKey* principal = nullptr;  // of this Access's keys; never null: authentication comes first
  Action action = Action::kInvoke;
  std::string_view model;  // kInvoke, kRelease: as the caller named it
  std::string_view log;    // kReadEntries and what follows: the tenant's name, or `system`
  UnixMillis time;
  std::string_view peer_address;  // empty or no address: the context has none
  bool tls = false;
  std::string_view purpose;  // empty: the context has none
  std::string_view upstream_name;
  std::string_view upstream_provider;
  bool stream = false;
};

class Access {
 public:
  // kInvalidArgument when a key's entity cannot be made, which ApiKeys::parse lets not happen.
  static Result<std::shared_ptr<const Access>> make(ApiKeys keys, std::shared_ptr<const PolicyBundle> policies);

  const ApiKeys& keys() const { return keys_; }
  const PolicyBundle& policies() const { return *policies_; }
  const std::shared_ptr<const PolicyBundle>& shared_policies() const { return policies_; }

  Ruling rule(const AccessRequest& request) const;

 private:
  Access(ApiKeys keys, std::shared_ptr<const PolicyBundle> policies,
         std::shared_ptr<const policy::EntityStore> principals)
      : keys_(std::move(keys)), policies_(std::move(policies)), principals_(std::move(principals)) {}

  ApiKeys keys_;
  std::shared_ptr<const PolicyBundle> policies_;
  std::shared_ptr<const policy::EntityStore> principals_;
};

// The request as policies get it: for whoever shows or replays decisions.
policy::Request make_request(const AccessRequest& request);

}  // namespace redoubt::gateway
