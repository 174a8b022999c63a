#include "identity/entity_cache.h"

#include "identity/tests/support/world.h"
#include "policy/authorizer.h"
#include "policy/entities.h"
#include "policy/policy_set.h"
#include "policy/schema.h"
#include "policy/validate.h"

namespace redoubt::identity::test {
namespace {

// As README.md says that a schema is to declare principals.
constexpr std::string_view kSchema = R"(
entity Tenant;
entity Group in [Group, Tenant];
entity User, ServiceAccount in [Group, Tenant];
entity Application, Agent in [Group, Tenant] { owner?: String };
entity Thing;
action administer;
action look in [administer] appliesTo { principal: [User, ServiceAccount, Application, Agent], resource: Thing };
)";

class EntityCacheTest : public IdentityTest {
 protected:
  EntityCacheTest() {
    auto parsed = policy::Schema::parse(kSchema);
    EXPECT_TRUE(parsed);
    schema = std::make_unique<policy::Schema>(*std::move(parsed));
    cache = std::make_unique<EntityCache>(schema.get(), 3);
  }
  std::shared_ptr<const policy::EntityStore> store(std::string_view id) {
    return cache->entities_of(world.now(), *world.now().principal(id), world.ledger.clock);
  }
  bool allows(std::string_view policies, std::string_view id) {
    auto parsed = policy::parse_policies(policies);
    EXPECT_TRUE(parsed);
    const auto compiled = policy::CompiledPolicies::compile(*parsed);
    EXPECT_TRUE(compiled);
    policy::Answer answer;
    policy::authorize(**compiled, *store(id),
                      {.principal = {std::string(entity_type(world.now().principal(id)->type)), std::string(id)},
                       .action = {"Action", "look"},
                       .resource = {"Thing", "t"},
                       .context = {}},
                      answer);
    return answer.decision == policy::Decision::kAllow;
  }
  void move(std::string_view id, std::vector<std::string> groups) {
    Principal wanted = world.principal(id);
    wanted.groups = std::move(groups);
    world.must(propose_change(world.principal(id), wanted), "alice");
  }

  std::unique_ptr<policy::Schema> schema;
  std::unique_ptr<EntityCache> cache;
};

TEST_F(EntityCacheTest, PoliciesSeeGroupsDirectAndAbove) {
  world.must(propose_group({.id = "hospital"}), "alice");
  world.must(propose_group({.id = "ward", .parents = {"hospital"}}), "alice");
  constexpr std::string_view kPolicy = R"(permit (principal in Group::"hospital", action, resource);)";
  EXPECT_FALSE(allows(kPolicy, "app"));
  move("app", {"ward"});
  EXPECT_TRUE(allows(kPolicy, "app"));
}

TEST_F(EntityCacheTest, PoliciesSeeTypeTenantAndOwner) {
  Principal wanted;
  wanted.id = "robot";
  wanted.type = PrincipalType::kAgent;
  wanted.tenant = "north";
  wanted.owner = "alice";
  world.must(propose_principal(wanted), "alice");
  EXPECT_TRUE(allows(R"(permit (principal is Agent in Tenant::"north", action, resource)
                        when { principal has owner && principal.owner == "alice" };)",
                     "robot"));
  EXPECT_FALSE(allows(R"(permit (principal, action, resource) when { principal has owner };)", "app"));
  wanted.id = "service";
  wanted.type = PrincipalType::kServiceAccount;
  wanted.owner.clear();
  world.must(propose_principal(wanted), "alice");
  EXPECT_TRUE(allows("permit (principal is ServiceAccount, action, resource);", "service"));
}

// An agent does not get what its owner has.
TEST_F(EntityCacheTest, OwnersGroupsAreNotTheAgents) {
  Principal wanted;
  wanted.id = "robot";
  wanted.type = PrincipalType::kAgent;
  wanted.owner = "alice";
  world.must(propose_principal(wanted), "alice");
  EXPECT_FALSE(allows(R"(permit (principal in Group::"administrators", action, resource);)", "robot"));
  EXPECT_TRUE(allows(R"(permit (principal in Group::"administrators", action, resource);)", "alice"));
}

TEST_F(EntityCacheTest, ActionsOfTheSchemaAreThere) {
  EXPECT_TRUE(allows(R"(permit (principal, action in Action::"administer", resource);)", "app"));
}

TEST_F(EntityCacheTest, EntitiesFitTheSchema) {
  world.must(propose_group({.id = "north-team", .tenant = "north", .parents = {"callers"}}), "alice");
  Principal wanted;
  wanted.id = "robot";
  wanted.type = PrincipalType::kAgent;
  wanted.tenant = "north";
  wanted.owner = "alice";
  wanted.groups = {"north-team"};
  world.must(propose_principal(wanted), "alice");
  for (const std::string id : {"robot", "alice", "app"}) {
    const auto entities = world.now().entities_of(*world.now().principal(id), world.ledger.clock);
    const auto problems = policy::validate_entities(entities, *schema);
    EXPECT_TRUE(problems.empty()) << id << ": " << policy::to_json(entities);
  }
}

TEST_F(EntityCacheTest, StoresAreKeptWhileNothingOfThemChanges) {
  const auto app = store("app");
  world.must(propose_group({.id = "elsewhere"}), "alice");
  world.must(propose_enabled(world.principal("bob"), false), "alice");
  EXPECT_EQ(store("app"), app);
  EXPECT_EQ(store("app"), app);
}

TEST_F(EntityCacheTest, StoresAreMadeAnewWhenTheirPrincipalChanges) {
  const auto app = store("app");
  move("app", {"auditors"});
  EXPECT_NE(store("app"), app);
}

TEST_F(EntityCacheTest, StoresAreMadeAnewWhenAGroupAboveMoves) {
  world.must(propose_group({.id = "hospital"}), "alice");
  world.must(propose_group({.id = "ward", .parents = {"hospital"}}), "alice");
  move("app", {"ward"});
  const auto app = store("app");
  world.must(propose_group({.id = "region"}), "alice");
  EXPECT_EQ(store("app"), app);
  Group wanted = world.group("hospital");
  wanted.parents = {"region"};
  world.must(propose_group_change(world.group("hospital"), wanted), "alice");
  EXPECT_NE(store("app"), app);
  EXPECT_TRUE(allows(R"(permit (principal in Group::"region", action, resource);)", "app"));
}

TEST_F(EntityCacheTest, BreakGlassEndsByTimeAlone) {
  constexpr std::string_view kPolicy = R"(permit (principal in Group::"auditors", action, resource);)";
  EXPECT_FALSE(allows(kPolicy, "app"));
  world.together(propose_break_glass(world.principal("app"), "auditors", kHour, "why not"), "alice", "bob");
  EXPECT_TRUE(allows(kPolicy, "app"));
  world.wait(kHour);
  EXPECT_FALSE(allows(kPolicy, "app"));
}

TEST_F(EntityCacheTest, KeepsNoMoreThanItMay) {
  for (int i = 0; i < 5; ++i) {
    const std::string id = "user-" + std::to_string(i);
    world.make(id, PrincipalType::kUser, {}, "alice");
    (void)store(id);
    EXPECT_LE(cache->kept(), 3U);
  }
}

TEST_F(EntityCacheTest, OlderSnapshotsAreStillRight) {
  const Identities before = world.now();
  const auto app = store("app");
  move("app", {"auditors"});
  const auto after = store("app");
  EXPECT_NE(after, app);
  const auto old = cache->entities_of(before, *before.principal("app"), world.ledger.clock);
  EXPECT_NE(old, after);
  EXPECT_EQ(before.groups_of(*before.principal("app"), world.ledger.clock), std::vector<std::string>{"callers"});
}

}  // namespace
}  // namespace redoubt::identity::test
