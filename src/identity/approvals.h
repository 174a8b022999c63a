// Acts that need two persons. Which do is state itself: a list of kinds of facts, which covers itself.
//
// Somebody asks (approval.request: the whole change that is wanted), somebody else says yes (approval.grant) or no
// (approval.refuse), and one of the two has it done: by a fact that names the request. The rule is enforced in the
// fold: a fact that needs two persons and names no request that was granted, has not expired, is unused and is for
// exactly this change (kind, verb, severity, object, expected version, body), changes nothing, whoever appended
// it.
//
// An approver is an enabled administrator (so a user), in the group for good and not by break-glass, who acts for
// themselves; was enrolled at least 24 hours before the request (those of the first fact are exempt until somebody
// issues them another key); and is somebody else than the requester. The last is taken strictly, because a bearer key
// may be known to whoever issued it: two principals may be one person when one created the other, when one acts for the
// other, or when some principal could act as both, by what it knows of their keys or is told of them. docs/decisions
// says how that is reckoned.
//
// Break-glass is an act that always needs two persons, the second exempt from the 24 hours.
//
// One act needs none of this: that the server, for kKeyApprovers, brings a bundle into force. Their signature was what
// it started by, since nothing starts with the bundle in force (docs/operating/sealed-keys.md).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "state/engine.h"
#include "state/projection.h"

namespace redoubt::identity {

inline constexpr std::int64_t kEnrolledBeforeMs = 24LL * 3600 * 1000;
inline constexpr std::int64_t kApprovalLifeMs = 24LL * 3600 * 1000;  // of a request, unless it says otherwise
inline constexpr std::int64_t kApprovalLifeMaxMs = 7 * 24LL * 3600 * 1000;
inline constexpr std::int64_t kApprovalKeptMs = 90 * 24LL * 3600 * 1000;  // in the tables, after its end
inline constexpr std::size_t kOpenRequestsMax = 1000;
inline constexpr std::size_t kOpenRequestsOfPrincipalMax = 50;
inline constexpr std::size_t kMarkedActsMax = 256;
inline constexpr std::size_t kWhyMax = 512;  // bytes of UTF-8

// On whose behalf the server acts when those who approve what opens the keeper's keys approved it. No principal acts as
// the server, so none as them.
inline constexpr std::string_view kKeyApprovers = "approvers";

// What changes who is an administrator, makes one of theirs good again, or gives a key to one: an act of its own, for
// facts of several kinds (identity.principal.create, .update, .delete, .enable, .reset, identity.key.issue, .rotate).
// Not: to disable an administrator or revoke a key, which must be quick; to rotate one's own key.
inline constexpr std::string_view kChangeAdministrators = "identity.administrators.change";

// Marked always, whatever the list says.
inline constexpr std::string_view kAlwaysMarked[] = {
    "identity.marked_acts.set",
    kChangeAdministrators,
    "identity.break_glass.open",
};
// Marked from the first fact on, unless it says otherwise.
inline constexpr std::string_view kMarkedAtFirst[] = {
    "attestation.minimum", "bundle.activate", "delivery.grant", "detector.disable",
    "issuer.set",          "state.erase",     "vault.release",  "witness.set",
};

enum class ApprovalStatus : std::uint8_t { kPending, kGranted, kRefused, kUsed, kWithdrawn };
std::string_view to_string(ApprovalStatus status);

struct Approval {
  std::string id;  // 16 of a-z 0-9
  // What is wanted.
  std::string kind;
  record::FactVerb verb = record::FactVerb::kOther;
  record::FactSeverity severity = record::FactSeverity::kInformational;
  std::string object;
  std::uint64_t expects = 0;
  std::string body;
  std::string before;  // these two are for people, as in the fact
  std::string after;
  std::string why;
  std::string requester;
  UnixMillis requested{};
  UnixMillis expires{};  // from then on it is neither granted nor used, whatever its status
  ApprovalStatus status = ApprovalStatus::kPending;
  std::string decided_by;
  UnixMillis decided{};
  std::uint64_t version = 0;
};

// Keeps nothing in memory: approvals are read from the tables. One thread, that of the engine.
class ApprovalsProjection final : public state::Projection {
 public:
  std::string_view module() const override { return "approval"; }
  std::span<const std::string_view> schema_steps() const override;
  Result<> apply(const state::FoldedFact& fact, state::Tables& tables) override;
  // kPermissionDenied for a fact that needs two persons and has not two, or names a request that is not its own.
  Result<> permits(const state::FoldedFact& fact, state::Tables& tables) override;
  // A request that was named is used up.
  void applied(const state::FoldedFact& fact, state::Tables& tables) override;
  void erase(std::uint64_t index, std::span<const std::string_view> fields, state::Tables& tables) override;
  Result<> load(state::Tables& tables) override;
  void follow(const state::FoldedFact& fact, state::Tables& tables) override;
};

// On the engine's thread; errors are those of the tables.

// Whether this wish needs two persons, as things are. `body` is JSON.
Result<bool> needs_approval(state::Tables& tables, const state::Proposal& wanted);
// The acts that are marked, kAlwaysMarked included; sorted.
Result<std::vector<std::string>> marked_acts(state::Tables& tables);
// Nothing when there is none, or it ended longer than kApprovalKeptMs ago.
Result<std::optional<Approval>> find_approval(state::Tables& tables, std::string_view id);
struct ApprovalFilter {
  std::optional<ApprovalStatus> status;
  std::optional<std::string> requester;
};
// In the order of ids, after `after`, at most `limit`.
Result<std::vector<Approval>> list_approvals(state::Tables& tables, const ApprovalFilter& filter,
                                             std::string_view after, std::size_t limit);

// ---- proposals, as those of proposals.h. Any thread.

std::string approval_object(std::string_view id);

// The request that asks for `wanted`, under a new id. kInvalidArgument for values that would be sealed (they could not
// be shown to who approves), a life not within 1 ms and kApprovalLifeMaxMs, or no reason; kTooLarge.
Result<state::Proposal> propose_request(const state::Proposal& wanted, std::string_view why,
                                        std::int64_t life_ms = kApprovalLifeMs);
state::Proposal propose_grant(const Approval& request);
// Also takes back what was granted and not used.
state::Proposal propose_refusal(const Approval& request);
// By the requester.
state::Proposal propose_withdrawal(const Approval& request);
// The change itself, once it is granted: approval and approved_by are filled in. By the requester or the approver.
state::Proposal granted_change(const Approval& request);

// The list of marked acts from then on; those of kAlwaysMarked may be left out. `version`: of the object `marked_acts`.
// kInvalidArgument for an act that is no kind of fact, or is of this mechanism (`approval.…`, `identity.genesis`).
Result<state::Proposal> propose_marked_acts(const std::vector<std::string>& acts, std::uint64_t version);

}  // namespace redoubt::identity
