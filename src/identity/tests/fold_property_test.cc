// Whatever facts come: memory that followed them is memory that was loaded, and tables made anew are the same tables.
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "identity/tests/support/world.h"

namespace redoubt::identity::test {
namespace {

class RandomFacts {
 public:
  RandomFacts(World& world, std::mt19937_64& random) : world_(world), random_(random) {}

  void step() {
    if (one_in(10)) world_.wait(static_cast<std::int64_t>(below(5)) * kHour);
    Result<state::Proposal> proposal = any_proposal();
    if (!proposal) return;
    const std::string requester = one_in(2) ? "alice" : "bob";
    proposal->actor = world_.actor(requester);
    const auto marked = needs_approval(world_.engine->tables(), *proposal);
    ASSERT_TRUE(marked);
    if (!*marked || !proposal->values.empty()) {
      count(*proposal, world_.change(proposal, requester));
      return;
    }
    auto request = propose_request(*proposal, "at random");
    ASSERT_TRUE(request) << request.error().message();
    const std::string id = request->object.substr(9);
    if (!world_.change(request, requester)) return;
    (void)world_.change(propose_grant(world_.approval(id)), requester == "alice" ? "bob" : "alice").has_value();
    count(*proposal, world_.change(granted_change(world_.approval(id)), requester));
  }

  // How many facts of each kind changed something.
  const std::map<std::string, std::size_t>& made() const { return made_; }

 private:
  std::size_t below(std::size_t end) { return std::uniform_int_distribution<std::size_t>(0, end - 1)(random_); }
  bool one_in(std::size_t n) { return below(n) == 0; }

  std::string principal_id() { return "p" + std::to_string(one_in(2) ? below(10) : below(100)); }
  std::string group_id() { return "g" + std::to_string(below(12)); }
  std::vector<std::string> group_ids() {
    std::vector<std::string> ids;
    while (ids.size() < 4 && !one_in(2)) ids.push_back(one_in(6) ? "administrators" : group_id());
    return ids;
  }
  Principal known_principal() {
    const auto found = find_principal(world_.engine->tables(), principal_id());
    return found && *found ? **found : Principal{.id = "nobody"};
  }
  Key known_key() {
    const auto all = list_keys(world_.engine->tables(), {}, "", 1000);
    for (;;) {
      const Key& key = (*all)[below(all->size())];
      if (key.id != world_.keys.at("alice").id && key.id != world_.keys.at("bob").id) return key;
    }
  }
  UnixMillis any_end() {
    return {one_in(2) ? 0 : world_.ledger.clock.value + static_cast<std::int64_t>(below(9)) * kHour};
  }

  Result<state::Proposal> any_proposal() {
    switch (below(18)) {
      case 0:
      case 1: {
        Principal wanted;
        wanted.id = principal_id();
        wanted.type = static_cast<PrincipalType>(below(4));
        wanted.tenant = one_in(4) ? "north" : "";
        wanted.owner = one_in(3) ? principal_id() : "";
        wanted.groups = group_ids();
        if (one_in(3)) wanted.display_name = "name " + std::to_string(below(100));
        return propose_principal(wanted);
      }
      case 2:
      case 3: {
        const Principal now = known_principal();
        Principal wanted = now;
        wanted.groups = group_ids();
        if (one_in(3)) wanted.display_name = "name " + std::to_string(below(100));
        if (one_in(6)) wanted.display_name.reset();
        return propose_change(now, wanted);
      }
      case 4:
        return propose_enabled(known_principal(), one_in(2));
      case 5:
        return one_in(3) ? propose_deletion(known_principal()) : propose_enabled(known_principal(), true);
      case 6:
        return propose_reset(known_principal(), World::key_of("", make_key(), any_end()));
      case 7:
        return propose_group({.id = group_id(), .tenant = one_in(5) ? "north" : "", .parents = group_ids()});
      case 8: {
        const auto found = find_group(world_.engine->tables(), group_id());
        if (!found || !*found) return propose_group({.id = group_id()});
        if (one_in(3)) return propose_group_deletion(**found);
        Group wanted = **found;
        wanted.parents = group_ids();
        return propose_group_change(**found, wanted);
      }
      case 9:
      case 10:
        return propose_key(World::key_of(principal_id(), make_key(), any_end()));
      case 11:
        return propose_rotation(known_key(), make_key(), any_end(), static_cast<std::int64_t>(below(3)) * kHour);
      case 12:
        return propose_revocation(known_key());
      case 13: {
        Principal now = known_principal();
        for (int i = 0; i < 12 && now.break_glass.empty(); ++i) now = known_principal();
        return propose_break_glass_end(now, now.break_glass.empty() ? group_id() : now.break_glass[0].group);
      }
      default:
        return propose_break_glass(known_principal(), group_id(), 8 * kHour, "at random");
    }
  }

  void count(const state::Proposal& proposal, const Result<state::Applied>& done) {
    if (done) ++made_[proposal.kind];
  }

  World& world_;
  std::mt19937_64& random_;
  std::map<std::string, std::size_t> made_;
};

class FoldProperty : public testing::TestWithParam<std::uint64_t> {};

TEST_P(FoldProperty, FollowingEqualsLoadingAndRebuildingEqualsBoth) {
  SCOPED_TRACE("seed " + std::to_string(GetParam()));
  std::mt19937_64 random(GetParam());
  World world;
  RandomFacts facts(world, random);
  for (int i = 0; i < 4000; ++i) {
    facts.step();
    if (i % 50 == 0) world.expect_memory_is_as_loaded();
    if (testing::Test::HasFailure()) return;
  }
  world.expect_memory_is_as_loaded();
  for (const std::string kind :
       {"identity.principal.create", "identity.principal.update", "identity.principal.enable",
        "identity.principal.disable", "identity.principal.delete", "identity.principal.reset", "identity.group.create",
        "identity.group.update", "identity.group.delete", "identity.key.issue", "identity.key.rotate",
        "identity.key.revoke", "identity.break_glass.open", "identity.break_glass.close"}) {
    EXPECT_TRUE(facts.made().contains(kind)) << kind;
    RecordProperty(kind, static_cast<int>(facts.made().contains(kind) ? facts.made().at(kind) : 0));
  }
  const auto digests = world.engine->table_digests();
  ASSERT_TRUE(digests);
  world.engine.reset();
  for (const std::string suffix : {"", "-wal", "-shm"}) std::filesystem::remove(world.folder / ("state.db" + suffix));
  world.open();
  const auto again = world.engine->table_digests();
  ASSERT_TRUE(again);
  EXPECT_EQ(*digests, *again);
}

INSTANTIATE_TEST_SUITE_P(Seeds, FoldProperty, testing::Values(std::random_device{}(), 1U));

}  // namespace
}  // namespace redoubt::identity::test
