#include "identity/tests/support/world.h"

namespace redoubt::identity::test {
namespace {

class Genesis : public IdentityTest {};

identity::Genesis two_administrators() {
  identity::Genesis genesis;
  for (const std::string id : {"carol", "dave"}) {
    const NewKey made = make_key();
    genesis.first.push_back(
        {.principal = id, .group = std::string(kAdministrators), .key_id = made.id, .key_digest = made.digest});
  }
  return genesis;
}

TEST_F(Genesis, MakesAdministratorsApplicationsAndBuiltInGroups) {
  EXPECT_EQ(world.now().principals(), 3U);
  EXPECT_EQ(world.now().keys(), 3U);
  for (const std::string_view group : kBuiltInGroups) EXPECT_NE(world.now().group(group), nullptr) << group;
  const Key* key = world.find("alice");
  ASSERT_NE(key, nullptr);
  const Principal& alice = world.now().principal_of(*key);
  EXPECT_EQ(alice.groups, std::vector{std::string(kAdministrators)});
  EXPECT_EQ(alice.enrolled_by, "init");
  EXPECT_EQ(alice.enrolled, world.ledger.clock);
  EXPECT_EQ(world.principal("app").type, PrincipalType::kApplication);
}

TEST_F(Genesis, MarksTheActsThatItNames) {
  const auto acts = marked_acts(world.engine->tables());
  ASSERT_TRUE(acts);
  for (const std::string_view act : kMarkedAtFirst) EXPECT_EQ(std::count(acts->begin(), acts->end(), act), 1) << act;
  for (const std::string_view act : kAlwaysMarked) EXPECT_EQ(std::count(acts->begin(), acts->end(), act), 1) << act;
}

TEST_F(Genesis, IsRefusedOnceThereIsAnything) {
  auto again = propose_genesis(two_administrators());
  ASSERT_TRUE(again);
  const record::FactActor init = again->actor;
  // The object's version is 1 by now; a fact that knows that changes nothing either.
  again->expects = 1;
  const auto done = world.change_as(*again, init);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code(), Errc::kAlreadyExists);
}

TEST_F(Genesis, IsInitsAlone) {
  auto again = propose_genesis(two_administrators());
  again->expects = 1;
  EXPECT_EQ(world.refusal(again, "alice"), Errc::kUnauthenticated);
  // And init does nothing else.
  const auto done = world.change_as(propose_enabled(world.principal("app"), false), again->actor);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code(), Errc::kUnauthenticated);
}

TEST(GenesisProposal, NeedsTwoAdministrators) {
  identity::Genesis genesis = two_administrators();
  EXPECT_TRUE(propose_genesis(genesis));
  genesis.first.pop_back();
  EXPECT_FALSE(propose_genesis(genesis));
}

TEST(GenesisProposal, RefusesWhatHasNotItsForm) {
  const auto refused = [](auto&& spoil) {
    identity::Genesis genesis = two_administrators();
    spoil(genesis);
    const auto made = propose_genesis(genesis);
    return !made && made.error().code() == Errc::kInvalidArgument;
  };
  EXPECT_TRUE(refused([](identity::Genesis& genesis) { genesis.first[0].principal = "init"; }));
  EXPECT_TRUE(refused([](identity::Genesis& genesis) { genesis.first[0].principal = "a b"; }));
  EXPECT_TRUE(refused([](identity::Genesis& genesis) { genesis.first[0].key_id = "short"; }));
  EXPECT_TRUE(refused([](identity::Genesis& genesis) { genesis.first[0].tenant = "system"; }));
  EXPECT_TRUE(refused([](identity::Genesis& genesis) { genesis.marked_acts = {"approval.grant"}; }));
  EXPECT_TRUE(refused([](identity::Genesis& genesis) { genesis.first.resize(kGenesisMax + 1, genesis.first[0]); }));
}

}  // namespace
}  // namespace redoubt::identity::test
