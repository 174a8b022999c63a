// Wishes about identities as proposals for the engine: checked, with bodies and with what readers are shown of before
// and after. `actor`, `approval`, `approved_by` and idempotency are the caller's to fill in.
//
// Errors: kInvalidArgument with what is wrong with the wish, kTooLarge for a body that no fact holds. What depends on
// other objects (is there such a group?) is the fold's to say.
//
// A wish to create names in `version` what the engine counts for the object (Engine::version_of): 0, or what a deleted
// one left. Any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "identity/api_key.h"
#include "identity/approvals.h"
#include "identity/identities.h"
#include "state/engine.h"

namespace redoubt::identity {

// How facts name what they change: `principal/alice`, `group/g`, `key/k…`.
std::string principal_object(std::string_view id);
std::string group_object(std::string_view id);
std::string key_object(std::string_view id);

Result<state::Proposal> propose_principal(const Principal& wanted);
// Groups, owner, display name: what else differs is ignored.
Result<state::Proposal> propose_change(const Principal& now, const Principal& wanted);
state::Proposal propose_enabled(const Principal& now, bool enabled);
state::Proposal propose_deletion(const Principal& now);

Result<state::Proposal> propose_group(const Group& wanted);
// Parents: what else differs is ignored.
Result<state::Proposal> propose_group_change(const Group& now, const Group& wanted);
// Nobody may be in it.
state::Proposal propose_group_deletion(const Group& now);

// `wanted`: id and digest of a NewKey; principal, scopes, models, expires.
Result<state::Proposal> propose_key(const Key& wanted);
inline constexpr std::int64_t kOverlapMaxMs = 30 * 24LL * 3600 * 1000;
// The new key takes the old one's place, for the same principal, scopes and models; the old one stays good for
// `overlap_ms` more, at most until its own end. `expires`: of the new one. An old key that expires is replaced by one
// that does, and whose life is no longer.
Result<state::Proposal> propose_rotation(const Key& old, const NewKey& made, UnixMillis expires,
                                         std::int64_t overlap_ms);
state::Proposal propose_revocation(const Key& key);
// All keys of the principal are revoked, and this one is issued. `wanted` as for propose_key().
Result<state::Proposal> propose_reset(const Principal& now, const Key& wanted);

inline constexpr std::int64_t kBreakGlassLifeMaxMs = 8LL * 3600 * 1000;
// Membership of a group for a while, from the fact on. Always needs two persons (approvals.h), and is an alarm.
Result<state::Proposal> propose_break_glass(const Principal& now, std::string_view group, std::int64_t life_ms,
                                            std::string_view why);
state::Proposal propose_break_glass_end(const Principal& now, std::string_view group);

// The first fact: at least two administrators (users), and first applications, each with a key and in a group.
struct Genesis {
  struct First {
    std::string principal;
    PrincipalType type = PrincipalType::kUser;
    std::string group;  // a built-in one
    std::string tenant;
    std::string key_id;
    crypto::Sha256Digest key_digest{};
    std::vector<std::string> models;  // that its key may invoke
  };
  std::vector<First> first;  // at most kGenesisMax
  std::vector<std::string> marked_acts = {std::begin(kMarkedAtFirst), std::end(kMarkedAtFirst)};
};
inline constexpr std::size_t kGenesisMax = 64;
Result<state::Proposal> propose_genesis(const Genesis& genesis);

}  // namespace redoubt::identity
