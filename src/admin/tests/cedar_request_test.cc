// The interface before the schema and the policies that a new Redoubt has.
#include <fstream>
#include <sstream>

#include "admin/tests/support/admin_world.h"
#include "policy/authorizer.h"
#include "policy/schema.h"
#include "policy/validate.h"

namespace redoubt::admin::test {
namespace {

std::string read(const std::string& name) {
  std::ifstream file(REDOUBT_SOURCE_DIR "/src/gateway/policies/" + name);
  std::ostringstream out;
  out << file.rdbuf();
  EXPECT_FALSE(out.str().empty()) << name;
  return out.str();
}

class Policies : public AdminTest {
 protected:
  Policies() {
    const std::string schema_text = read("redoubt.cedarschema");
    auto parsed = policy::Schema::parse(schema_text);
    EXPECT_TRUE(parsed) << (parsed ? "" : policy::to_error(parsed.error(), "schema", schema_text).message());
    schema.emplace(*std::move(parsed));
    const std::string text = read("default.cedar");
    auto policies = policy::parse_policies(text);
    EXPECT_TRUE(policies);
    const auto valid = policy::validate(*policies, *schema);
    EXPECT_TRUE(valid.ok()) << policy::to_error(valid.errors, "policies", text).message();
    auto made = policy::CompiledPolicies::compile(*policies);
    EXPECT_TRUE(made);
    compiled = *made;
  }

  CedarRequest make(std::string_view principal, std::string_view action, Resource resource) {
    const identity::Identities identities = world.identities.snapshot();
    caller = {
        .identities = identities, .key = nullptr, .principal = identities.principal(principal), .address = "local"};
    return cedar_request(
        {.caller = caller, .action = action, .resource = std::move(resource), .now = world.ledger.clock});
  }
  bool permits(std::string_view principal, std::string_view action, Resource resource = kServer) {
    CedarRequest asked = make(principal, action, std::move(resource));
    const auto store = policy::EntityStore::build(std::move(asked.entities), &*schema);
    EXPECT_TRUE(store) << store.error().message();
    policy::Answer answer;
    policy::authorize(*compiled, **store, asked.request, answer);
    EXPECT_TRUE(answer.errors.empty());
    return answer.decision == policy::Decision::kAllow;
  }

  std::optional<policy::Schema> schema;
  std::shared_ptr<const policy::CompiledPolicies> compiled;
  Caller caller;
};

TEST_F(Policies, KnowTheActionOfEveryOperation) {
  for (const Operation* operation : all_operations()) {
    if (operation->action.empty()) continue;
    const CedarRequest asked = make("alice", operation->action, kServer);
    const auto valid = policy::validate_request(asked.request, *schema);
    EXPECT_TRUE(valid) << operation->id << ": " << (valid ? "" : valid.error().message());
  }
}

TEST_F(Policies, LetAdministratorsAdministerAndAuditorsRead) {
  for (const Operation* operation : all_operations()) {
    if (operation->action.empty()) continue;
    const bool reads = operation->wish == nullptr && operation->perform == nullptr;
    EXPECT_TRUE(permits("alice", operation->action)) << operation->id;
    EXPECT_EQ(permits("carol", operation->action), reads) << operation->id;
    EXPECT_FALSE(permits("app", operation->action)) << operation->id;
  }
}

TEST_F(Policies, AreAskedAboutWhatIsSmaller) {
  EXPECT_TRUE(permits("alice", "issueKeys", {.type = "Application", .id = "app", .tenant = "acme"}));
  EXPECT_TRUE(permits("carol", "readIdentities", {.type = "Group", .id = "auditors", .tenant = {}})) << "her own group";
  EXPECT_FALSE(permits("carol", "issueKeys", {.type = "User", .id = "carol", .tenant = {}}));
}

TEST_F(Policies, SeeTheResourcesTenant) {
  const CedarRequest asked = make("alice", "readIdentities", {.type = "User", .id = "dora", .tenant = "acme"});
  bool found = false;
  for (const policy::Entity& entity : asked.entities) {
    if (entity.uid != policy::EntityUid{"User", "dora"}) continue;
    found = true;
    EXPECT_EQ(entity.parents, (std::vector<policy::EntityUid>{{"Tenant", "acme"}}));
  }
  EXPECT_TRUE(found);
}

}  // namespace
}  // namespace redoubt::admin::test
