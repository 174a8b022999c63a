// Who is known, what is permitted and how much, as of one moment: identities, the bundle in force and the limits. A
// request pins one Access and is decided by it, whatever changes meanwhile. A stream looks again with each event: its
// caller must still be known to the newest Access, and it counts by the newest limits.
//
// Two things are asked, and both must say yes: what the key was narrowed to, by the gateway itself; and the policies,
// about its holder.
//
// Immutable; any thread. Copies share: each core gets one of its own, so that cores count no references together.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "gateway/inspection.h"
#include "gateway/kept_rulings.h"
#include "gateway/policy_bundle.h"
#include "identity/entity_cache.h"
#include "identity/identities.h"
#include "incident/restrictions.h"
#include "limits/limits.h"
#include "limits/prices.h"
#include "record/exchange_record.h"

namespace redoubt::gateway {

class AttestationFiles;

enum class Action : std::uint8_t { kInvoke, kRelease, kListModels, kReadEntries, kOpenValues, kReadMetrics };
// As policies write it: `invoke`.
std::string_view to_string(Action action);
// What a key must be good for, if it names scopes at all: `models.invoke`, `models.list`, `ledger.read`, `ledger.open`,
// `metrics.read`.
std::string_view scope_of(Action action);

// Who calls, and what proved it: never null, and as long-lived as the Access that found them.
struct Caller {
  const identity::Principal* principal = nullptr;
  const identity::Key* key = nullptr;
  // When they showed it. A key is shown with each request; what is shown once for several leaves this where it was.
  UnixMillis authenticated{};
  std::optional<UnixMillis> second_factor = {};  // when they last showed one; no key is one
};

// As records say what a principal is.
record::PrincipalType record_type(const identity::Principal& principal);

// What policies see of a request (policies/redoubt.cedarschema). Views are read during the call only.
struct AccessRequest {
  const identity::Principal* principal = nullptr;  // never null: authentication comes first
  const identity::Key* key = nullptr;              // null: as if with one that is narrowed to nothing
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
  // kInvoke: what inspection found in the request; kRelease: in the answer so far. Kinds and families, in lower case.
  std::span<const std::string_view> matches;
  record::PeerEvidence upstream_evidence;  // an empty tier counts as `none`
  record::PeerEvidence caller_evidence;    // likewise
};

class Access {
 public:
  // `bundle`: the digest of the bundle that policies, prices and inspection are of, for records. `as_of`: when all that
  // was so. No later question is answered as of an earlier time. No pointer is null but the last. `restrictions`: what
  // responses to incidents hold back. `attestation`: of the bundle; null: nobody's evidence is accepted.
  Access(identity::Identities identities, limits::Limits limits, std::shared_ptr<const PolicyBundle> policies,
         std::shared_ptr<const limits::Prices> prices, std::shared_ptr<const Inspection> inspection, std::string bundle,
         UnixMillis as_of, incident::Restrictions restrictions = {},
         std::shared_ptr<const AttestationFiles> attestation = nullptr)
      : identities_(std::move(identities)),
        limits_(std::move(limits)),
        policies_(std::move(policies)),
        prices_(std::move(prices)),
        inspection_(std::move(inspection)),
        bundle_(std::move(bundle)),
        as_of_(as_of),
        restrictions_(std::move(restrictions)),
        attestation_(std::move(attestation)) {}

  const identity::Identities& identities() const { return identities_; }
  const limits::Limits& limits() const { return limits_; }
  const limits::Prices& prices() const { return *prices_; }
  // See PolicyBundle.
  bool release_depends_on_matches() const { return policies_->release_depends_on_matches(); }
  const Inspection& inspection() const { return *inspection_; }
  const std::string& bundle() const { return bundle_; }
  const std::shared_ptr<const AttestationFiles>& attestation() const { return attestation_; }

  // Who presents this `Authorization` header field; nobody when the key is unknown, revoked or has expired, or its
  // holder is not enabled. `now` must not run behind the ledger.
  std::optional<Caller> find(std::string_view authorization, UnixMillis now) const;
  // The same caller in this Access, found in an earlier one; nobody where find() would find nobody any more.
  std::optional<Caller> find_again(const Caller& caller, UnixMillis now) const;

  // What responses to incidents hold back of a request of this caller: `of` says when and what, and whose it is not.
  incident::Restriction restriction(const Caller& caller, incident::Exchange of) const;
  const incident::Restrictions& restrictions() const { return restrictions_; }

  // `entities`: the calling thread's, of policy_schema(). Ruling::overruled says so when the key was the reason to
  // deny.
  Ruling rule(const AccessRequest& request, identity::EntityCache& entities) const;
  // The same, asked of policies only when `kept`, the calling thread's, does not have it. Valid until that is asked
  // again.
  const Ruling& rule(const AccessRequest& request, identity::EntityCache& entities, KeptRulings& kept) const;

 private:
  identity::Identities identities_;
  limits::Limits limits_;
  std::shared_ptr<const PolicyBundle> policies_;
  std::shared_ptr<const limits::Prices> prices_;
  std::shared_ptr<const Inspection> inspection_;
  std::string bundle_;
  UnixMillis as_of_;
  incident::Restrictions restrictions_;
  std::shared_ptr<const AttestationFiles> attestation_;
};

// The request as policies get it: for whoever shows or replays decisions.
policy::Request make_request(const AccessRequest& request);

}  // namespace redoubt::gateway
