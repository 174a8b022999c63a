#include "identity/tests/support/world.h"

#include <optional>
#include <utility>

#include "encoding/base64.h"
#include "policy/entities.h"

namespace redoubt::identity::test {

World::World(std::vector<std::string> marked) {
  open();
  genesis(std::move(marked));
}

void World::open() {
  engine.reset();
  identities = std::make_unique<IdentityProjection>();
  auto opened =
      state::Engine::open({.path = folder / "state.db"}, {identities.get(), &approvals}, ledger, ledger, publisher);
  ASSERT_TRUE(opened) << opened.error().message();
  engine = *std::move(opened);
}

void World::genesis(std::vector<std::string> marked) {
  Genesis genesis;
  genesis.marked_acts = std::move(marked);
  for (const auto& [id, type, group] : {std::tuple{"alice", PrincipalType::kUser, kAdministrators},
                                        std::tuple{"bob", PrincipalType::kUser, kAdministrators},
                                        std::tuple{"app", PrincipalType::kApplication, kCallers}}) {
    const NewKey made = make_key();
    keys[id] = made;
    genesis.first.push_back({.principal = id,
                             .type = type,
                             .group = std::string(group),
                             .tenant = {},
                             .key_id = made.id,
                             .key_digest = made.digest,
                             .models = {}});
  }
  auto proposal = propose_genesis(genesis);
  ASSERT_TRUE(proposal) << proposal.error().message();
  const record::FactActor init = proposal->actor;
  auto done = change_as(*std::move(proposal), init);
  ASSERT_TRUE(done) << done.error().message();
}

record::FactActor World::actor(std::string_view id) const {
  const auto made = keys.find(std::string(id));
  return {.principal = std::string(id),
          .credential = made == keys.end() ? "none" : made->second.id,
          .on_behalf_of = {},
          .method = "api_key",
          .strength = 1};
}

Result<state::Applied> World::change_as(state::Proposal wanted, const record::FactActor& actor) {
  wanted.actor = actor;
  std::optional<Result<state::Applied>> answer;
  engine->propose(std::move(wanted), [&](Result<state::Applied> done) { answer = std::move(done); });
  ledger.deliver();
  if (!answer) return Error(Errc::kUnavailable, "there was no answer");
  return *std::move(answer);
}

Result<state::Applied> World::change(Result<state::Proposal> wanted, std::string_view by) {
  if (!wanted) return wanted.error();
  return change_as(*std::move(wanted), actor(by));
}

void World::must(Result<state::Proposal> wanted, std::string_view by) {
  const auto done = change(std::move(wanted), by);
  ASSERT_TRUE(done) << done.error().message();
}

Errc World::refusal(Result<state::Proposal> wanted, std::string_view by, std::string_view why) {
  const auto done = change(std::move(wanted), by);
  if (done) return Errc::kCancelled;
  EXPECT_NE(done.error().message().find(why), std::string::npos) << done.error().message();
  return done.error().code();
}

std::string World::request(Result<state::Proposal> wanted, std::string_view by) {
  if (!wanted) {
    ADD_FAILURE() << wanted.error().message();
    return {};
  }
  auto request = propose_request(*wanted, "it is needed");
  if (!request) {
    ADD_FAILURE() << request.error().message();
    return {};
  }
  const std::string object = request->object;
  const auto done = change(std::move(request), by);
  if (!done) {
    ADD_FAILURE() << done.error().message();
    return {};
  }
  return object.substr(object.find('/') + 1);
}

Approval World::approval(const std::string& id) {
  const auto found = find_approval(engine->tables(), id);
  if (found && *found) return **found;
  ADD_FAILURE() << "no request " << id;
  return {};
}

Errc World::grant_refusal(const std::string& id, std::string_view by, std::string_view why) {
  return refusal(propose_grant(approval(id)), by, why);
}

void World::together(Result<state::Proposal> wanted, std::string_view requester, std::string_view approver) {
  const std::string id = request(std::move(wanted), requester);
  must(propose_grant(approval(id)), approver);
  must(granted_change(approval(id)), requester);
}

Key World::key_of(std::string_view principal, const NewKey& made, UnixMillis expires) {
  Key key;
  key.id = made.id;
  key.principal = principal;
  key.digest = made.digest;
  key.expires = expires;
  return key;
}

Key World::new_key(std::string_view principal, UnixMillis expires) {
  const NewKey made = make_key();
  keys[std::string(principal)] = made;
  return key_of(principal, made, expires);
}

void World::make(std::string_view id, PrincipalType type, std::vector<std::string> groups, std::string_view by) {
  Principal wanted;
  wanted.id = id;
  wanted.type = type;
  wanted.groups = std::move(groups);
  must(propose_principal(wanted), by);
  must(propose_key(new_key(id)), by);
}

void World::make_administrator(std::string_view id, std::string_view requester, std::string_view approver) {
  Principal wanted;
  wanted.id = id;
  wanted.type = PrincipalType::kUser;
  wanted.groups = {std::string(kAdministrators)};
  together(propose_principal(wanted), requester, approver);
  together(propose_key(new_key(id)), requester, approver);
}

Principal World::principal(std::string_view id) {
  const auto found = find_principal(engine->tables(), id);
  if (found && *found) return **found;
  ADD_FAILURE() << "no principal " << id;
  return {};
}

Group World::group(std::string_view id) {
  const auto found = find_group(engine->tables(), id);
  if (found && *found) return **found;
  ADD_FAILURE() << "no group " << id;
  return {};
}

Key World::key(std::string_view id) {
  const auto found = find_key(engine->tables(), id);
  if (found && *found) return **found;
  ADD_FAILURE() << "no key " << id;
  return {};
}

void World::expect_memory_is_as_loaded() {
  std::vector<std::string> principal_ids;
  std::vector<std::string> group_ids;
  std::vector<std::string> key_ids;
  const auto principals = list_principals(engine->tables(), {}, "", 100'000);
  const auto deleted = list_principals(engine->tables(), {.deleted = true}, "", 100'000);
  const auto groups = list_groups(engine->tables(), {}, "", 100'000);
  const auto all_keys = list_keys(engine->tables(), {}, "", 100'000);
  ASSERT_TRUE(principals && deleted && groups && all_keys);
  for (const Principal& one : *principals) principal_ids.push_back(one.id);
  for (const Principal& one : *deleted) principal_ids.push_back(one.id);
  for (const Group& one : *groups) group_ids.push_back(one.id);
  for (const Key& one : *all_keys) key_ids.push_back(one.id);
  IdentityProjection loaded;
  const auto done = loaded.load(engine->tables());
  ASSERT_TRUE(done) << done.error().message();
  EXPECT_EQ(dump(now(), principal_ids, group_ids, key_ids, ledger.clock),
            dump(loaded.snapshot(), principal_ids, group_ids, key_ids, ledger.clock));
}

std::string dump(const Identities& identities, const std::vector<std::string>& principals,
                 const std::vector<std::string>& groups, const std::vector<std::string>& keys, UnixMillis now) {
  std::string out = std::to_string(identities.principals()) + " principals, " + std::to_string(identities.groups()) +
                    " groups, " + std::to_string(identities.keys()) + " keys\n";
  const auto list = [&](const std::vector<std::string>& texts) {
    for (const std::string& text : texts) out += " " + text;
    out += ";";
  };
  for (const std::string& id : principals) {
    const Principal* one = identities.principal(id);
    if (one == nullptr) continue;
    out += one->id + " " + std::string(to_string(one->type)) + " " + one->tenant + " of " + one->owner + " enabled " +
           std::to_string(one->enabled) + " created " + std::to_string(one->created.value) + " " + one->created_by +
           " enrolled " + std::to_string(one->enrolled.value) + " " + one->enrolled_by + " name " +
           one->display_name.value_or("(none)") + " v" + std::to_string(one->version);
    list(one->groups);
    for (const BreakGlass& entry : one->break_glass) out += " " + entry.group + "@" + std::to_string(entry.until.value);
    list(identities.groups_of(*one, now));
    out += policy::to_json(identities.entities_of(*one, now)) + "\n";
  }
  for (const std::string& id : groups) {
    const Group* one = identities.group(id);
    if (one == nullptr) continue;
    out += one->id + " " + one->tenant + " v" + std::to_string(one->version);
    list(one->parents);
    out += "\n";
  }
  for (const std::string& id : keys) {
    const Key* one = identities.key(id);
    if (one == nullptr) continue;
    out += one->id + " " + one->principal + " " + encoding::hex(one->digest) + " " +
           std::to_string(one->created.value) + " " + one->created_by + " until " + std::to_string(one->expires.value) +
           " revoked " + std::to_string(one->revoked) + " then " + one->replaced_by + " v" +
           std::to_string(one->version);
    list(one->scopes);
    list(one->models);
    out += "\n";
  }
  return out;
}

}  // namespace redoubt::identity::test
