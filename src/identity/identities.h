// Who is known: principals, their groups and tenants, and the keys that prove who calls. A snapshot, immutable, pinned
// by a request; the next one shares with it all that did not change.
//
//   const Key* key = identities.find(authorization, now);    // null: nobody known
//   if (key == nullptr || !key->allows_scope("models.invoke")) return deny();
//   const Principal& caller = identities.principal_of(*key);
//   auto entities = cache.entities_of(identities, caller, now);   // for policies (entity_cache.h)
//
// Names of principals and groups have 1 to 64 of a-z A-Z 0-9 . _ - ; tenants are configuration (each has a log) and
// only named here, as ledger/logs.h has it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "crypto/sha256.h"
#include "policy/entities.h"

namespace redoubt::identity {
namespace internal {
class SnapshotBuilder;
}  // namespace internal

// What there may be at once. Principals that were deleted and keys that were revoked do not count.
inline constexpr std::size_t kPrincipalsMax = 250'000;
inline constexpr std::size_t kKeysMax = 2'000'000;
inline constexpr std::size_t kKeysOfPrincipalMax = 1000;
inline constexpr std::size_t kGroupsMax = 10'000;
inline constexpr std::size_t kGroupsOfPrincipalMax = 64;  // directly
inline constexpr std::size_t kParentsOfGroupMax = 16;
inline constexpr std::size_t kGroupsAboveMax = 64;  // of a group, directly or not; so no chain is longer either
inline constexpr std::size_t kBreakGlassOfPrincipalMax = 8;
inline constexpr std::size_t kScopesOfKeyMax = 32;   // each 1 to 64 of a-z 0-9 . _
inline constexpr std::size_t kModelsOfKeyMax = 64;   // each 1 to 256 bytes of UTF-8
inline constexpr std::size_t kDisplayNameMax = 256;  // bytes of UTF-8

// Groups that every Redoubt has, of no tenant and in no other group; what they may do is the policies' business.
// Administrators are users, and are in the group directly: no group is in it.
inline constexpr std::string_view kAdministrators = "administrators";
inline constexpr std::string_view kAuditors = "auditors";
inline constexpr std::string_view kCallers = "callers";
inline constexpr std::string_view kBuiltInGroups[] = {kAdministrators, kAuditors, kCallers};

// Who made the first fact, and what the server does of itself: no principal's names.
inline constexpr std::string_view kInitActor = "init";
inline constexpr std::string_view kServerActor = "redoubt";

// Of groups, and of principals but for those two.
bool is_identity_name(std::string_view text);
bool is_principal_id(std::string_view text);

enum class PrincipalType : std::uint8_t { kUser, kServiceAccount, kApplication, kAgent };
// As in bodies and in the interface: `user`, `service_account`, `application`, `agent`.
std::string_view to_string(PrincipalType type);
std::optional<PrincipalType> parse_principal_type(std::string_view text);
// As in policies: `User`, `ServiceAccount`, `Application`, `Agent`.
std::string_view entity_type(PrincipalType type);

// A membership by break-glass.
struct BreakGlass {
  std::string group;
  UnixMillis until{};  // from then on it is none
  friend bool operator==(const BreakGlass&, const BreakGlass&) = default;
};

struct Principal {
  std::string id;  // unique among all types, and used once for ever: records name it
  PrincipalType type = PrincipalType::kApplication;
  std::string tenant;               // empty: none, the system log. Never changes
  std::string owner;                // of an application or agent: the user or service account it acts for; may be empty
  std::vector<std::string> groups;  // direct ones, sorted
  std::vector<BreakGlass> break_glass;  // sorted by group; may have ended
  bool enabled = true;
  bool deleted = false;  // never so in a snapshot
  UnixMillis created{};
  std::string created_by;                   // of what two persons did: who asked for it
  UnixMillis enrolled{};                    // when somebody else last issued a key for it; 0: never
  std::string enrolled_by;                  // who; `init` for the first
  std::optional<std::string> display_name;  // personal: sealed apart, nothing once erased
  std::uint64_t version = 0;  // facts about it, as the engine counts: 0 when it came with another object's fact
  friend bool operator==(const Principal&, const Principal&) = default;
};

struct Group {
  std::string id;
  std::string tenant;  // its members, and the groups in it, are all of this tenant; empty: of any. Never changes
  std::vector<std::string> parents;  // sorted
  std::uint64_t version = 0;
  friend bool operator==(const Group&, const Group&) = default;
};

struct Key {
  std::string id;
  std::string principal;
  std::vector<std::string> scopes;  // what it may be used for, `models.invoke`…; empty: all that its holder may. Sorted
  std::vector<std::string> models;  // names that it may invoke; empty: all that its holder may. Sorted
  crypto::Sha256Digest digest{};
  UnixMillis created{};
  std::string created_by;
  UnixMillis expires{};       // 0: never. From then on it is unknown
  bool revoked = false;       // never so in a snapshot
  std::string replaced_by;    // id, after a rotation
  std::uint64_t version = 0;  // as Principal's

  // A key narrows what its holder may do, and never widens it.
  bool allows_scope(std::string_view scope) const;
  bool allows_model(std::string_view model) const;
  bool expired(UnixMillis now) const { return expires.value != 0 && now >= expires; }
  friend bool operator==(const Key&, const Key&) = default;
};

// Immutable; any thread. Copies share. What it returns lives as long as any copy.
class Identities {
 public:
  Identities();  // nobody

  // Whose key this `Authorization` field holds (`Bearer rdk_…`, api_key.h), or null: unknown, revoked, expired by
  // `now`, or its principal, or whom that acts for, is not enabled. `now` never runs behind the ledger, so that a clock
  // set back revives nothing. Time does not depend on how much of a secret is right; it tells whether there is a key of
  // that id, which is no secret.
  const Key* find(std::string_view authorization, UnixMillis now) const;
  // Whether find() returns this key, which is of this snapshot, to whoever presents it.
  bool usable(const Key& key, UnixMillis now) const;
  // Of a key of this snapshot.
  const Principal& principal_of(const Key& key) const;

  // Null when there is none.
  const Key* key(std::string_view id) const;
  const Principal* principal(std::string_view id) const;
  const Group* group(std::string_view id) const;
  // All groups that it is in at `now`, directly, by break-glass or through others; sorted.
  std::vector<std::string> groups_of(const Principal& principal, UnixMillis now) const;
  // The principal as an entity, and all of groups_of(), for policies. Parents are groups and the tenant; the one
  // attribute, of an application or agent that has one, is `owner` (a string).
  policy::Entities entities_of(const Principal& principal, UnixMillis now) const;

  std::size_t principals() const;
  std::size_t groups() const;
  std::size_t keys() const;

 private:
  friend class internal::SnapshotBuilder;
  friend class EntityCache;
  struct Data;
  explicit Identities(std::shared_ptr<const Data> data) : data_(std::move(data)) {}
  std::shared_ptr<const Data> data_;
};

}  // namespace redoubt::identity
