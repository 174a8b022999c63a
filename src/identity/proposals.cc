#include "identity/proposals.h"

#include "identity/approvals.h"
#include "identity/internal/bodies.h"
#include "identity/internal/rows.h"
#include "identity/internal/shown.h"
#include "identity/internal/wish.h"

namespace redoubt::identity {

using internal::checked;
using internal::checked_list;
using internal::wrong;
using record::FactVerb;

namespace {

constexpr std::string_view kNameForm = "1 to 64 letters, digits, `.`, `_` or `-`";

Result<> check_tenant(const std::string& tenant) {
  if (tenant.empty() || internal::is_tenant(tenant)) return {};
  return wrong("`" + tenant + "` is no tenant's name: it has 1 to 64 of a-z, 0-9, `.`, `_` and `-`, not in front");
}

Result<> check_owner(const Principal& wanted) {
  if (!wanted.owner.empty() && !is_principal_id(wanted.owner)) {
    return wrong("`" + wanted.owner + "` is no principal's id");
  }
  return {};
}

Result<> check_display_name(const Principal& wanted) {
  if (!wanted.display_name || internal::is_words(*wanted.display_name, kDisplayNameMax)) return {};
  return wrong("a display name has 1 to 256 bytes of UTF-8 without control characters");
}

state::Proposal about(const Principal& now, std::string_view kind, FactVerb verb) {
  return {.kind = std::string(kind),
          .verb = verb,
          .object = principal_object(now.id),
          .expects = now.version,
          .before = internal::shown(now)};
}

}  // namespace

std::string principal_object(std::string_view id) {
  return std::string(internal::kPrincipalPrefix).append(id);
}

std::string group_object(std::string_view id) {
  return std::string(internal::kGroupPrefix).append(id);
}

Result<state::Proposal> propose_principal(const Principal& wanted) {
  if (!is_principal_id(wanted.id)) {
    return wrong("a principal's id has " + std::string(kNameForm) + " and is not `init` or `redoubt`: `" + wanted.id +
                 "` is none");
  }
  if (auto done = check_tenant(wanted.tenant); !done) return done.error();
  if (auto done = check_owner(wanted); !done) return done.error();
  if (auto done = check_display_name(wanted); !done) return done.error();
  auto groups = checked_list("group's id", wanted.groups, kGroupsOfPrincipalMax, is_identity_name);
  if (!groups) return groups.error();
  Principal after = wanted;
  after.groups = *groups;
  after.enabled = true;
  state::Proposal proposal = about(after, "identity.principal.create", FactVerb::kCreate);
  proposal.body = write(internal::PrincipalBody{.type = wanted.type,
                                                .tenant = wanted.tenant,
                                                .owner = wanted.owner,
                                                .groups = *std::move(groups),
                                                .display_name = wanted.display_name.has_value()});
  proposal.after = std::exchange(proposal.before, {});
  if (wanted.display_name) proposal.values.push_back({"display_name", *wanted.display_name});
  return checked(std::move(proposal));
}

Result<state::Proposal> propose_change(const Principal& now, const Principal& wanted) {
  if (auto done = check_owner(wanted); !done) return done.error();
  if (auto done = check_display_name(wanted); !done) return done.error();
  auto groups = checked_list("group's id", wanted.groups, kGroupsOfPrincipalMax, is_identity_name);
  if (!groups) return groups.error();
  Principal after = now;
  after.owner = wanted.owner;
  after.groups = *groups;
  after.display_name = wanted.display_name;
  state::Proposal proposal = about(now, "identity.principal.update", FactVerb::kUpdate);
  auto name = internal::DisplayName::kKeep;
  if (now.display_name != wanted.display_name) {
    name = wanted.display_name ? internal::DisplayName::kSet : internal::DisplayName::kRemove;
  }
  proposal.body =
      write(internal::PrincipalChangeBody{.owner = wanted.owner, .groups = *std::move(groups), .display_name = name});
  proposal.after = internal::shown(after);
  if (name == internal::DisplayName::kSet) proposal.values.push_back({"display_name", *wanted.display_name});
  return checked(std::move(proposal));
}

state::Proposal propose_enabled(const Principal& now, bool enabled) {
  state::Proposal proposal = enabled ? about(now, "identity.principal.enable", FactVerb::kEnable)
                                     : about(now, "identity.principal.disable", FactVerb::kDisable);
  Principal after = now;
  after.enabled = enabled;
  proposal.after = internal::shown(after);
  return proposal;
}

state::Proposal propose_deletion(const Principal& now) {
  return about(now, "identity.principal.delete", FactVerb::kDelete);
}

Result<state::Proposal> propose_break_glass(const Principal& now, std::string_view group, std::int64_t life_ms,
                                            std::string_view why) {
  if (!is_identity_name(group)) return wrong("`" + std::string(group) + "` is no group's id");
  if (life_ms < 1 || life_ms > kBreakGlassLifeMaxMs) return wrong("break-glass lasts at most 8 hours");
  if (!internal::is_words(why, kWhyMax)) return wrong("break-glass needs a reason of 1 to 512 bytes of UTF-8");
  state::Proposal proposal = about(now, "identity.break_glass.open", FactVerb::kUpdate);
  proposal.severity = record::FactSeverity::kHigh;
  proposal.body =
      write(internal::BreakGlassBody{.group = std::string(group), .life_ms = life_ms, .why = std::string(why)});
  return checked(std::move(proposal));
}

state::Proposal propose_break_glass_end(const Principal& now, std::string_view group) {
  state::Proposal proposal = about(now, "identity.break_glass.close", FactVerb::kUpdate);
  proposal.body = internal::write_break_glass_end(group);
  return proposal;
}

Result<state::Proposal> propose_group(const Group& wanted) {
  if (!is_identity_name(wanted.id)) {
    return wrong("a group's id has " + std::string(kNameForm) + ": `" + wanted.id + "` is none");
  }
  if (auto done = check_tenant(wanted.tenant); !done) return done.error();
  auto parents = checked_list("group's id", wanted.parents, kParentsOfGroupMax, is_identity_name);
  if (!parents) return parents.error();
  Group after = wanted;
  after.parents = *parents;
  return checked({.kind = "identity.group.create",
                  .verb = FactVerb::kCreate,
                  .object = group_object(wanted.id),
                  .expects = wanted.version,
                  .body = write(internal::GroupBody{.tenant = wanted.tenant, .parents = *parents}),
                  .after = internal::shown(after)});
}

Result<state::Proposal> propose_group_change(const Group& now, const Group& wanted) {
  auto parents = checked_list("group's id", wanted.parents, kParentsOfGroupMax, is_identity_name);
  if (!parents) return parents.error();
  Group after = now;
  after.parents = *parents;
  return checked({.kind = "identity.group.update",
                  .verb = FactVerb::kUpdate,
                  .object = group_object(now.id),
                  .expects = now.version,
                  .body = write(internal::GroupChangeBody{.parents = *parents}),
                  .before = internal::shown(now),
                  .after = internal::shown(after)});
}

state::Proposal propose_group_deletion(const Group& now) {
  return {.kind = "identity.group.delete",
          .verb = FactVerb::kDelete,
          .object = group_object(now.id),
          .expects = now.version,
          .before = internal::shown(now)};
}

}  // namespace redoubt::identity
