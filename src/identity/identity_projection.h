// What the state makes of the facts of identities.
//
//   identity.genesis               first administrators, built-in groups, first applications; the first fact of a log
//   identity.principal.create, .update, .enable, .disable, .delete, .reset
//   identity.group.create, .update, .delete
//   identity.key.issue, .rotate, .revoke
//   identity.break_glass.open, .close
//   identity.marked_acts.set       which acts need two persons (approvals.h)
//
// docs/formats/identity-facts.md has their bodies, proposals.h makes them. What holds after every fact:
//
// - There is an enabled administrator. Administrators are users of no tenant, and in the group directly.
// - Groups form no circle, and none has more than kGroupsAboveMax above it. Who is in a tenant's group is of the
// tenant.
// - A principal's id, once used, is never another's. Deleting it revokes its keys; one that others act for stays.
// - A key's end is never put off. The key that replaces one may do the same, and lives no longer.
// - A fact names the key by which its actor proved who they are, and that key was good at the fact's time.
#pragma once

#include <memory>

#include "identity/identities.h"
#include "state/projection.h"

namespace redoubt::identity {

// One thread, that of the engine; what it hands out: any.
class IdentityProjection final : public state::Projection {
 public:
  IdentityProjection();
  ~IdentityProjection() override;

  std::string_view module() const override { return "identity"; }
  std::span<const std::string_view> schema_steps() const override;
  Result<> apply(const state::FoldedFact& fact, state::Tables& tables) override;
  // Of every module's facts: the actor is `redoubt`, or proven by a key that is its own, good at the fact's time.
  // `init` makes the first fact only. kUnauthenticated.
  Result<> permits(const state::FoldedFact& fact, state::Tables& tables) override;
  void erase(std::uint64_t index, std::span<const std::string_view> fields, state::Tables& tables) override;
  Result<> load(state::Tables& tables) override;
  void follow(const state::FoldedFact& fact, state::Tables& tables) override;

  // What is in force now. Cheap: a pointer. Nobody, as long as the tables cannot be read.
  const Identities& snapshot() const { return identities_; }

 private:
  Identities identities_;
  bool stale_ = false;  // the tables could not be read: identities_ is nobody
};

}  // namespace redoubt::identity
