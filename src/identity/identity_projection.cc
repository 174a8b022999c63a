#include "identity/identity_projection.h"

#include <utility>

#include "identity/internal/bodies.h"
#include "identity/internal/fold.h"
#include "identity/internal/rows.h"
#include "identity/internal/schema.h"
#include "identity/internal/snapshot_builder.h"

namespace redoubt::identity {
namespace {

using internal::Fold;

constexpr std::pair<std::string_view, Fold> kFolds[] = {
    {"identity.genesis", internal::fold_genesis},
    {"identity.principal.create", internal::fold_principal_create},
    {"identity.principal.update", internal::fold_principal_update},
    {"identity.principal.enable", internal::fold_principal_enable},
    {"identity.principal.disable", internal::fold_principal_disable},
    {"identity.principal.delete", internal::fold_principal_delete},
    {"identity.principal.reset", internal::fold_principal_reset},
    {"identity.group.create", internal::fold_group_create},
    {"identity.group.update", internal::fold_group_update},
    {"identity.group.delete", internal::fold_group_delete},
    {"identity.key.issue", internal::fold_key_issue},
    {"identity.key.rotate", internal::fold_key_rotate},
    {"identity.key.revoke", internal::fold_key_revoke},
    {"identity.break_glass.open", internal::fold_break_glass_open},
    {"identity.break_glass.close", internal::fold_break_glass_close},
    {"identity.marked_acts.set", internal::fold_marked_acts_set},
};

Error unproven(std::string_view why) {
  return Error(Errc::kUnauthenticated, std::string(why));
}

// Whether the actor's key is its own and good, and so is its holder, and whom that acts for.
bool lets_in(state::Tables& tables, const record::FactActor& actor, UnixMillis now) {
  using internal::KeyColumn;
  using internal::PrincipalColumn;
  const state::Row* key = tables.find("identity_keys", {actor.credential});
  if (key == nullptr || key->text(KeyColumn::kPrincipal) != actor.principal || key->integer(KeyColumn::kRevoked) != 0 ||
      internal::has_expired(*key, now)) {
    return false;
  }
  const state::Row* holder = tables.find("identity_principals", {actor.principal});
  if (holder == nullptr || holder->integer(PrincipalColumn::kEnabled) == 0) return false;
  const std::string owner(holder->text(PrincipalColumn::kOwner));
  return owner.empty() || internal::is_enabled(tables, owner);
}

}  // namespace

IdentityProjection::IdentityProjection() = default;
IdentityProjection::~IdentityProjection() = default;

std::span<const std::string_view> IdentityProjection::schema_steps() const {
  return internal::kIdentitySchema;
}

Result<> IdentityProjection::apply(const state::FoldedFact& fact, state::Tables& tables) {
  for (const auto& [kind, fold] : kFolds) {
    if (kind == fact.fact.kind) return fold(fact, tables);
  }
  return Error(Errc::kInvalidArgument, "there is no kind of fact `" + fact.fact.kind + "`");
}

Result<> IdentityProjection::permits(const state::FoldedFact& fact, state::Tables& tables) {
  if (fact.fact.time.value < 0 || fact.fact.time.value > internal::kTimeMax) {
    return Error(Errc::kInvalidArgument, "the time is before 1970, or too far from it");
  }
  const record::FactActor& actor = fact.fact.actor;
  if ((actor.principal == kInitActor) != (fact.fact.kind == "identity.genesis")) {
    return unproven("the first fact, and no other, is `init`'s");
  }
  if (actor.principal == kInitActor) return {};
  if (actor.principal == kServerActor) {
    // What the server does of itself may stop somebody, and never let anybody in.
    const bool stops = fact.fact.kind == "identity.principal.disable" || fact.fact.kind == "identity.key.revoke";
    if (!stops && (fact.fact.kind.starts_with("identity.") || fact.fact.kind.starts_with("approval."))) {
      return unproven("the server does not change by itself who is known or what is approved");
    }
    return {};
  }
  if (actor.method != "api_key") return unproven("`" + actor.principal + "` is not proven by an API key");
  if (!lets_in(tables, actor, fact.fact.time)) {
    return unproven("the key `" + actor.credential + "` does not let `" + actor.principal + "` in");
  }
  return {};
}

void IdentityProjection::erase(std::uint64_t index, std::span<const std::string_view> fields, state::Tables& tables) {
  for (const std::string_view field : fields) {
    if (field != "display_name") continue;
    for (const std::string& id :
         internal::texts(tables, "SELECT id FROM identity_principals WHERE display_name_from = ?1", {index})) {
      (void)tables.change("identity_principals", {id}, {{internal::PrincipalColumn::kDisplayName, std::nullopt}});
    }
  }
}

Result<> IdentityProjection::load(state::Tables& tables) {
  auto loaded = internal::SnapshotBuilder::load(tables);
  stale_ = !loaded.has_value();
  identities_ = stale_ ? Identities() : *loaded;
  return stale_ ? Result<>(loaded.error()) : Result<>();
}

void IdentityProjection::follow(const state::FoldedFact& fact, state::Tables& tables) {
  if (!fact.fact.kind.starts_with("identity.")) return;
  if (!stale_ && fact.fact.kind != "identity.genesis") {
    internal::SnapshotBuilder next(identities_, tables, fact.index);
    next.follow(fact.fact.object, fact.body);
    if (auto made = next.finish()) {
      identities_ = *std::move(made);
      return;
    }
  }
  (void)load(tables);  // what it says is in stale_
}

}  // namespace redoubt::identity
