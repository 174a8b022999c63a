#include "gateway/policy_bundle.h"

#include <gtest/gtest.h>

#include "gateway/access.h"
#include "gateway/policy_files.h"
#include "gateway/tests/access_support.h"
#include "policy/validate.h"
#include "tests/support/fault_file_system.h"

namespace redoubt::gateway::test {
namespace {

std::string why_not(std::string_view policies, std::string_view name = "a.cedar") {
  const PolicyFile file{std::string(name), std::string(policies)};
  const auto bundle = PolicyBundle::load({&file, 1});
  return bundle ? std::string() : bundle.error().message();
}

class Ruled : public ::testing::Test {
 protected:
  Ruled() {
    known_.add("app");
    known_.add("nurse", "callers", "clinic");
    known_.add("audit", "auditors");
  }
  Ruling rule(std::string_view principal, AccessRequest request, std::string_view policies = kDefaultPolicies) {
    access_ = make_access(known_, policies);
    request.principal = access_->identities().principal(principal);
    return access_->rule(request, entities_);
  }
  Known known_;
  std::shared_ptr<const Access> access_;
  identity::EntityCache entities_{&policy_schema()};
};

TEST(PolicySchema, IsASchema) {
  EXPECT_FALSE(policy_schema().actions().empty());
}

TEST(PolicyBundle, DefaultPoliciesAreValid) {
  EXPECT_EQ(why_not(kDefaultPolicies), "");
}

TEST(PolicyBundle, AMisspeltObligationIsRefusedWithItsPlace) {
  const std::string why = why_not("\n@redcat(\"us_ssn\")\npermit (principal, action, resource);");
  EXPECT_NE(why.find("`@redcat`"), std::string::npos) << why;
  EXPECT_NE(why.find("a.cedar:2:1"), std::string::npos) << why;
}

TEST(PolicyBundle, ValuesOfObligationsHaveAForm) {
  for (const char* good : {R"(@commit("cosigned"))", R"(@redact("us_ssn,email"))", R"(@tokenise("iban_code"))",
                           R"(@block("secret"))", R"(@hold("attack"))", R"(@flag("user"))", R"(@step_up("mfa"))",
                           R"(@retain("30d"))", R"(@record("overlap"))", R"(@description("any: thing"))"}) {
    EXPECT_EQ(why_not(std::string(good) + "permit (principal, action, resource);"), "") << good;
  }
  for (const char* bad :
       {R"(@commit("some"))", "@commit", R"(@redact(""))", R"(@redact("a,,b"))", R"(@redact("a b"))", R"(@step_up(""))",
        R"(@retain("30"))", R"(@retain("0d"))", R"(@retain("d"))", R"(@record("later"))", R"(@Redact("us_ssn"))"}) {
    EXPECT_NE(why_not(std::string(bad) + "permit (principal, action, resource);"), "") << bad;
  }
}

TEST(PolicyBundle, AForbidHasNoObligations) {
  EXPECT_NE(why_not(R"(@commit("cosigned") forbid (principal, action, resource);)").find("forbid"), std::string::npos);
}

TEST(PolicyBundle, WhatDoesNotFitTheSchemaIsRefused) {
  EXPECT_NE(why_not("permit (principal, action == Action::\"invok\", resource);"), "");
  EXPECT_NE(why_not("permit (principal, action, resource) when { context.colour == \"red\" };"), "");
  EXPECT_NE(why_not("permit (principal, action resource);"), "");
  EXPECT_NE(why_not("permit (principal, action, resource);", "a.txt"), "");
}

TEST(PolicyBundle, AnIdMayOccurOnce) {
  const std::string policy = R"(@id("x") permit (principal, action, resource);)";
  EXPECT_NE(why_not(policy + policy), "");
  const PolicyFile files[] = {{"a.cedar", policy}, {"b.cedar", policy}};
  const auto bundle = PolicyBundle::load(files);
  ASSERT_FALSE(bundle);
  EXPECT_NE(bundle.error().message().find("b.cedar"), std::string::npos);
}

TEST_F(Ruled, ByDefaultCallersInvokeModels) {
  EXPECT_TRUE(rule("app", {.action = Action::kInvoke, .model = "m"}).permit);
  EXPECT_FALSE(rule("audit", {.action = Action::kInvoke, .model = "m"}).permit);
  EXPECT_FALSE(rule("admin-1", {.action = Action::kInvoke, .model = "m"}).permit);
  EXPECT_TRUE(rule("app", {.action = Action::kRelease, .model = "m"}).permit);
  EXPECT_TRUE(rule("app", {.action = Action::kListModels}).permit);
  EXPECT_FALSE(rule("audit", {.action = Action::kListModels}).permit);
}

TEST_F(Ruled, ByDefaultAuditorsReadTheLog) {
  for (const Action action : {Action::kReadEntries, Action::kOpenValues, Action::kReadMetrics}) {
    EXPECT_TRUE(rule("audit", {.action = action, .log = "system"}).permit) << to_string(action);
    EXPECT_FALSE(rule("app", {.action = action, .log = "system"}).permit) << to_string(action);
  }
}

TEST_F(Ruled, TheDeterminingPoliciesAreNamed) {
  EXPECT_EQ(rule("app", {.action = Action::kInvoke, .model = "m"}).reasons_text(), "callers-invoke-models");
  EXPECT_EQ(rule("audit", {.action = Action::kInvoke, .model = "m"}).reasons_text(), "");
  EXPECT_EQ(rule("app", {.action = Action::kInvoke, .model = "m"}, R"(
      @id("all") permit (principal, action, resource);
      forbid (principal, action, resource == Model::"m");)")
                .reasons_text(),
            "test#1");
}

TEST_F(Ruled, PoliciesSeeTheCircumstances) {
  AccessRequest request{.action = Action::kInvoke, .model = "m"};
  request.peer_address = "10.1.2.3";
  request.purpose = "treatment";
  request.tls = true;
  request.time = {1'760'000'000'000};
  request.upstream_name = "default";
  request.stream = true;
  EXPECT_TRUE(rule("nurse", request, R"(permit (principal in Tenant::"clinic", action, resource) when {
      context.network.tls && context.network has address && context.network.address.isInRange(ip("10.0.0.0/8")) &&
      context has purpose && context.purpose == "treatment" && context.stream &&
      context.time > datetime("2025-10-01") && context.upstream.name == "default" &&
      context.authentication.strength == 1 && context.attestationTier == "none" && context.matches.isEmpty() };)")
                  .permit);
  EXPECT_FALSE(rule("app", request, R"(permit (principal in Tenant::"clinic", action, resource);)").permit);
}

TEST_F(Ruled, PoliciesSeeWhatBothEndsHaveProven) {
  constexpr std::string_view kAttested = R"(permit (principal, action == Action::"invoke", resource) when {
      context.upstream.tier == "cpu-tee" && context.upstream has measurer && context.upstream.measurer == "platform" &&
      context.upstream has identity && context.upstream.identity == "sev-snp:22" && context.upstream.name == "inner" &&
      context.caller.tier == "tpm" && !(context.caller has identity) };)";
  AccessRequest request{.action = Action::kInvoke, .model = "m"};
  request.upstream_name = "inner";
  EXPECT_FALSE(rule("app", request, kAttested).permit);
  EXPECT_TRUE(rule("app", request, R"(permit (principal, action == Action::"invoke", resource) when {
      context.upstream.tier == "none" && context.caller.tier == "none" && !(context.upstream has identity) &&
      !(context.caller has measurer) };)")
                  .permit);
  request.upstream_evidence = {.tier = "cpu-tee", .measurer = "platform", .identity = "sev-snp:22", .refused = {}};
  request.caller_evidence = {.tier = "tpm", .measurer = "self", .identity = {}, .refused = {}};
  EXPECT_TRUE(rule("app", request, kAttested).permit);
}

TEST_F(Ruled, AForbidThatErrsDenies) {
  const Ruling ruling = rule("app", {.action = Action::kInvoke, .model = "m"}, R"(
      permit (principal, action, resource);
      forbid (principal is Application, action == Action::"invoke", resource)
      when { context.authentication.strength + 9223372036854775807 > 0 };)");
  EXPECT_FALSE(ruling.permit);
  EXPECT_EQ(ruling.errors, std::vector<std::string_view>{"test#1"});
}

TEST_F(Ruled, APermitWithObligationsThatErrsDenies) {
  constexpr std::string_view kBroad = "permit (principal, action, resource);";
  constexpr std::string_view kErring = R"(permit (principal, action, resource)
      when { context.authentication.strength + 9223372036854775807 > 0 };)";
  const AccessRequest request{.action = Action::kInvoke, .model = "m"};
  EXPECT_TRUE(rule("app", request, std::string(kBroad) + std::string(kErring)).permit);
  EXPECT_FALSE(rule("app", request, std::string(kBroad) + R"(@commit("durable"))" + std::string(kErring)).permit);
}

TEST_F(Ruled, ABroadPermitDoesNotTakeAwayAnObligation) {
  const AccessRequest request{.action = Action::kInvoke, .model = "m"};
  const Ruling ruling = rule("app", request, R"(
      permit (principal, action, resource);
      @redact("us_ssn") permit (principal, action, resource == Model::"m");)");
  EXPECT_TRUE(ruling.permit);
  EXPECT_EQ(ruling.obligations.content.of("US_SSN", inspect::Family::kPersonal), ContentAction::kRedact);
  EXPECT_TRUE(rule("app", {.action = Action::kInvoke, .model = "n"}, R"(
      permit (principal, action, resource);
      @redact("us_ssn") permit (principal, action, resource == Model::"m");)")
                  .obligations.content.empty())
      << "where it does not determine, it demands nothing";
}

TEST_F(Ruled, TheStrictestIsDueForAMatch) {
  const Ruling ruling = rule("app", {.action = Action::kInvoke, .model = "m"}, R"(
      @flag("us_ssn") @tokenise("personal,secret") permit (principal, action, resource);
      @redact("us_ssn") @block("secret") @hold("attack") permit (principal, action, resource);)");
  const ContentActions& due = ruling.obligations.content;
  EXPECT_EQ(due.of("US_SSN", inspect::Family::kPersonal), ContentAction::kRedact);
  EXPECT_EQ(due.of("EMAIL_ADDRESS", inspect::Family::kPersonal), ContentAction::kTokenise);
  EXPECT_EQ(due.of("JWT", inspect::Family::kSecret), ContentAction::kBlock);
  EXPECT_EQ(due.of("JAILBREAK", inspect::Family::kAttack), ContentAction::kHold);
  EXPECT_EQ(due.of("TICKET", inspect::Family::kUser), ContentAction::kNone);
}

TEST_F(Ruled, PoliciesSeeWhatWasFound) {
  constexpr std::string_view kPolicy = R"(permit (principal, action, resource);
      forbid (principal, action == Action::"invoke", resource) when { context.matches.contains("secret") };)";
  const std::string_view found[] = {"jwt", "secret"};
  EXPECT_FALSE(rule("app", {.action = Action::kInvoke, .model = "m", .matches = found}, kPolicy).permit);
  EXPECT_TRUE(rule("app", {.action = Action::kInvoke, .model = "m"}, kPolicy).permit);
}

TEST_F(Ruled, WhatThisBuildCannotCarryOutDenies) {
  const Ruling ruling = rule("app", {.action = Action::kInvoke, .model = "m"}, R"(
      permit (principal, action, resource);
      @step_up("mfa") permit (principal, action, resource == Model::"m");)");
  EXPECT_FALSE(ruling.permit);
  EXPECT_TRUE(ruling.obligations.not_carried_out.contains("step_up"));
}

TEST(PolicyBundle, KnowsWhetherReleaseDependsOnWhatIsFound) {
  const auto depends = [](std::string_view text) {
    const PolicyFile file{.name = "a.cedar", .text = std::string(text)};
    const auto bundle = PolicyBundle::load({&file, 1});
    EXPECT_TRUE(bundle.has_value()) << (bundle ? "" : bundle.error().message());
    return bundle && (*bundle)->release_depends_on_matches();
  };
  EXPECT_FALSE(depends(kDefaultPolicies));
  EXPECT_FALSE(depends(R"(permit (principal, action, resource);)"));
  EXPECT_FALSE(depends(R"(permit (principal, action == Action::"release", resource) when { context.network.tls };)"));
  EXPECT_FALSE(depends(R"(permit (principal, action == Action::"invoke", resource)
      when { context.matches.isEmpty() };)"));
  EXPECT_TRUE(depends(R"(permit (principal, action == Action::"release", resource)
      when { true && !context["matches"].contains("secret") };)"));
  EXPECT_TRUE(depends(R"(permit (principal, action in [Action::"invoke", Action::"release"], resource)
      unless { context.matches.contains("secret") };)"));
  EXPECT_TRUE(depends(R"(permit (principal, action == Action::"release", resource)
      when { if context has matches then true else false };)"));
}

TEST(PolicyBundle, KindsThatObligationsNameAreKnown) {
  const PolicyFile file{
      .name = "a.cedar",
      .text = R"(@redact("us_ssn,secret") @commit("published") permit (principal, action, resource);)"};
  const auto bundle = PolicyBundle::load({&file, 1});
  ASSERT_TRUE(bundle.has_value());
  EXPECT_EQ((*bundle)->named_kinds(), (std::set<std::string, std::less<>>{"secret", "us_ssn"}));
}

TEST(PolicyBundle, KnowsWhatCanStopAnAnswer) {
  const auto stops = [](std::string_view text) {
    const PolicyFile file{.name = "a.cedar", .text = std::string(text)};
    const auto bundle = PolicyBundle::load({&file, 1});
    EXPECT_TRUE(bundle.has_value()) << (bundle ? "" : bundle.error().message());
    std::string out;
    for (const std::string& name : (*bundle)->named_to_stop_answers()) (out += out.empty() ? "" : " ") += name;
    return out;
  };
  EXPECT_EQ(stops(kDefaultPolicies), "");
  EXPECT_EQ(stops(R"(@block("secret") @flag("attack") permit (principal, action, resource);)"), "secret");
  EXPECT_EQ(stops(R"(@block("secret") permit (principal, action == Action::"invoke", resource);)"), "");
  EXPECT_EQ(stops(R"(forbid (principal, action == Action::"release", resource)
      when { context.network.tls && context.matches.contains("contract") };)"),
            "contract");
  EXPECT_EQ(stops(R"(forbid (principal, action, resource)
      unless { context has purpose && context.purpose == "care" && ["a", "b"].containsAll(context.matches) };)"),
            "a attack b contract personal secret user");
  EXPECT_EQ(stops(R"(forbid (principal, action == Action::"invoke", resource)
      when { context.matches.contains("contract") };)"),
            "");
}

TEST(PolicyBundle, KnowsThatAnyMatchCanStopAnAnswer) {
  const auto stops = [](std::string_view condition) {
    const PolicyFile file{.name = "a.cedar",
                          .text = R"(permit (principal, action == Action::"release", resource) when { )" +
                                  std::string(condition) + " };"};
    const auto bundle = PolicyBundle::load({&file, 1});
    EXPECT_TRUE(bundle.has_value()) << (bundle ? "" : bundle.error().message());
    return bundle && (*bundle)->named_to_stop_answers().contains("contract");
  };
  for (const char* any : {R"(context.matches.isEmpty())", R"(!context["matches"].isEmpty() || context.network.tls)",
                          R"(context.matches == ["secret"])", R"(["a", "b"].containsAll(context.matches))",
                          R"(if context.network.tls then true else context.matches.isEmpty())",
                          R"(context.matches.contains("a") && context.matches.isEmpty())"}) {
    EXPECT_TRUE(stops(any)) << any;
  }
  for (const char* named : {R"(context.matches.contains("secret"))", R"(!context.matches.containsAny(["a", "b"]))",
                            R"(["a", "b"].containsAny(context.matches))", R"(context.matches.containsAll(["a"]))",
                            R"(context has matches && context.network.tls)", R"(context.network.tls)"}) {
    EXPECT_FALSE(stops(named)) << named;
  }
}

TEST_F(Ruled, WhatIsRestoredIsWhatAllThatSayItPermit) {
  const auto restore = [&](std::string_view policies) {
    return rule("app", {.action = Action::kInvoke, .model = "m"}, policies).obligations.restore;
  };
  EXPECT_FALSE(restore("permit (principal, action, resource);"));
  EXPECT_EQ(restore(R"(@restore("links") permit (principal, action, resource);)"), RestorePermits{.links = true});
  EXPECT_EQ(restore(R"(@restore("tool_arguments,links") permit (principal, action, resource);
                       @restore("tool_arguments") permit (principal, action == Action::"invoke", resource);
                       @restore("links") permit (principal, action, resource == Model::"other");
                       permit (principal, action, resource);)"),
            RestorePermits{.tool_arguments = true});
  EXPECT_EQ(restore(R"(@restore("links") permit (principal, action, resource);
                       @restore("tool_arguments") permit (principal, action, resource);)"),
            RestorePermits{});
}

TEST(PolicyBundle, WhatIsRestoredBelongsToTheRequest) {
  for (const char* bad : {R"(@restore("") )", R"(@restore("images") )", R"(@restore("links,") )"}) {
    EXPECT_NE(why_not(std::string(bad) + "permit (principal, action, resource);").find("`links`"), std::string::npos)
        << bad;
  }
  EXPECT_NE(why_not(R"(@restore("links") permit (principal, action == Action::"release", resource);)").find("invoke"),
            std::string::npos);
  EXPECT_NE(why_not(R"(@restore("links") forbid (principal, action, resource);)"), "");
}

TEST_F(Ruled, TheStrictestCommitLevelIsDemanded) {
  const Ruling ruling = rule("app", {.action = Action::kInvoke, .model = "m"}, R"(
      @commit("published") permit (principal, action, resource);
      @commit("cosigned") permit (principal, action, resource);
      @commit("durable") permit (principal, action, resource);)");
  EXPECT_TRUE(ruling.permit);
  EXPECT_EQ(ruling.obligations.commit, ledger::CommitLevel::kCosigned);
}

TEST_F(Ruled, WithoutPoliciesEverythingIsDenied) {
  EXPECT_FALSE(rule("app", {.action = Action::kInvoke, .model = "m"}, "").permit);
}

TEST(PolicyFiles, OfAFolderAreThoseOfTheTwoKindsByName) {
  testing_support::FaultFileSystem fs;
  EXPECT_FALSE(read_policies(fs, "/policies"));
  ASSERT_TRUE(fs.make_directory("/policies"));
  for (const char* name : {"/policies/b.cedar", "/policies/a.json", "/policies/notes.txt", "/policies/.c.cedar"}) {
    fs.set_content(name, as_bytes("x"));
  }
  const auto files = read_policies(fs, "/policies");
  ASSERT_TRUE(files);
  ASSERT_EQ(files->size(), 2u);
  EXPECT_EQ((*files)[0].name, "a.json");
  EXPECT_EQ((*files)[1].name, "b.cedar");
}

}  // namespace
}  // namespace redoubt::gateway::test
