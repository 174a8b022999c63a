#include "redoubt/cedar/conformance.h"

#include <gtest/gtest.h>

#include <map>

namespace redoubt::app::cedar {
namespace {

// Files that are written down here.
class Given final : public FileTree {
 public:
  explicit Given(std::map<std::string, std::string> files) : files_(std::move(files)) {
    for (const auto& [path, content] : files_) paths_.insert(path);
  }
  Result<std::string> read(const std::string& path) const override {
    const auto found = files_.find(path);
    if (found == files_.end()) return Error(Errc::kNotFound, "no such file");
    return found->second;
  }

 private:
  std::map<std::string, std::string> files_;
};

constexpr const char* kSchema =
    "entity User; entity File; action read appliesTo { principal: User, resource: File, context: {n: Long} };";

std::string request(const std::string& decision, const std::string& reason, const std::string& errors = "") {
  return R"({"description": "", "principal": {"type": "User", "id": "a"}, "action": {"type": "Action", "id": "read"},
             "resource": {"type": "File", "id": "f"}, "context": {"n": 9223372036854775807}, "validateRequest": true,
             "decision": ")" +
         decision + R"(", "reason": [)" + reason + R"(], "errors": [)" + errors + "]}";
}

std::string one_case(const std::string& requests, const std::string& validates = "true") {
  return R"({"policies": "corpus-tests/c.cedar", "entities": "corpus-tests/c.entities.json",
             "schema": "corpus-tests/c.cedarschema", "shouldValidate": )" +
         validates + R"(, "requests": [)" + requests + "]}";
}

std::map<std::string, std::string> corpus(const std::string& folder, const std::string& text) {
  return {{folder + "c.json", text},
          {folder + "c.cedar", "permit(principal, action, resource) when { context.n == 9223372036854775807 };"},
          {folder + "c.entities.json", "[]"},
          {folder + "c.cedarschema", kSchema}};
}

Tally check(std::map<std::string, std::string> files, std::string_view folder = "") {
  Tally tally;
  check_cases(Given(std::move(files)), folder, tally);
  return tally;
}

TEST(Conformance, CountsEachRequestAndEachValidation) {
  const auto files =
      corpus("corpus-tests/", one_case(request("allow", R"("policy0")") + "," + request("allow", R"("policy0")")));
  const Tally tally = check(files);
  EXPECT_EQ(tally.failures, std::vector<std::string>());
  EXPECT_EQ(tally.passed, 3U);
}

TEST(Conformance, FindsFilesInAFolderOfAnotherName) {
  const Tally tally = check(corpus("corpus-tests-2/", one_case(request("allow", R"("policy0")"))), "corpus-tests-2/");
  EXPECT_EQ(tally.failures, std::vector<std::string>());
  EXPECT_EQ(tally.passed, 2U);
}

TEST(Conformance, FailsOnAnotherDecisionReasonOrError) {
  for (const std::string& wrong :
       {request("deny", R"("policy0")"), request("allow", ""), request("allow", R"("policy1")"),
        request("allow", R"("policy0")", R"("policy1")"), request("perhaps", "")}) {
    const Tally tally = check(corpus("corpus-tests/", one_case(wrong)));
    EXPECT_EQ(tally.passed, 1U) << wrong;
    EXPECT_EQ(tally.failures.size(), 1U) << wrong;
  }
}

TEST(Conformance, FailsOnAnotherValidation) {
  const Tally tally = check(corpus("corpus-tests/", one_case(request("allow", R"("policy0")"), "false")));
  EXPECT_EQ(tally.passed, 1U);
  ASSERT_EQ(tally.failures.size(), 1U);
  EXPECT_EQ(tally.failures[0], "corpus-tests/c.json validation: validates, but must not");
}

TEST(Conformance, FailsOnWhatCannotBeRead) {
  const std::string good = one_case(request("allow", R"("policy0")"));
  for (const char* path : {"c.json", "c.cedar", "c.entities.json", "c.cedarschema"}) {
    auto broken = corpus("corpus-tests/", good);
    broken[std::string("corpus-tests/") + path] = "{";
    EXPECT_GE(check(broken).failures.size(), 1U) << path;
  }
  for (const char* path : {"c.cedar", "c.entities.json", "c.cedarschema"}) {
    auto absent = corpus("corpus-tests/", good);
    absent.erase(std::string("corpus-tests/") + path);
    EXPECT_EQ(check(absent).failures.size(), 1U) << path;
  }
}

TEST(Conformance, FailsOnMembersThatItDoesNotKnow) {
  std::string text = one_case(request("allow", R"("policy0")"));
  text.replace(text.find("\"policies\""), 0, "\"shouldParse\": false, ");
  EXPECT_EQ(check(corpus("corpus-tests/", text)).failures.size(), 1U);
}

TEST(Conformance, RequestsMustFitTheSchemaUnlessTheCaseSaysOtherwise) {
  std::string text = one_case(request("deny", "", R"("policy0")"));
  text.replace(text.find("9223372036854775807"), 19, R"("text")");
  EXPECT_EQ(check(corpus("corpus-tests/", text)).failures.size(), 1U);
}

std::map<std::string, std::string> application() {
  return {
      {"apps/x/policies.cedar", "@id(\"T\") permit(principal == ?principal, action, resource);"},
      {"apps/x/policies.cedarschema", kSchema},
      {"apps/x/entities.json", "[]"},
      {"apps/x/linked", R"([{"template_id": "T", "link_id": "l", "args": {"?principal": "User::\"a\""}}])"},
      {"apps/x/ALLOW/a.json",
       R"({"principal": "User::\"a\"", "action": "Action::\"read\"", "resource": "File::\"f\"", "context": {"n": 1}})"},
      {"apps/x/DENY/b.json",
       R"({"principal": "User::\"b\"", "action": "Action::\"read\"", "resource": "File::\"f\"", "context": {"n": 1}})"}};
}

Tally check_application(std::map<std::string, std::string> files) {
  Tally tally;
  check_applications(Given(std::move(files)), "apps/", tally);
  return tally;
}

TEST(Conformance, ChecksApplicationsWithTheirLinks) {
  const Tally tally = check_application(application());
  EXPECT_EQ(tally.failures, std::vector<std::string>());
  EXPECT_EQ(tally.passed, 3U);
}

TEST(Conformance, DecidesApplicationsWithoutTheSchemaWhereTheirEntitiesDoNotFit) {
  auto files = application();
  files["apps/x/entities.json"] = R"([{"uid": {"type": "User", "id": "a"}, "attrs": {"unknown": 1}, "parents": []}])";
  const Tally tally = check_application(files);
  EXPECT_EQ(tally.failures, std::vector<std::string>());
  EXPECT_EQ(tally.passed, 3U);
  EXPECT_EQ(tally.notes.size(), 1U);
}

TEST(Conformance, FailsOnApplicationsThatDecideOtherwiseOrLackAFile) {
  auto swapped = application();
  std::swap(swapped["apps/x/ALLOW/a.json"], swapped["apps/x/DENY/b.json"]);
  EXPECT_EQ(check_application(swapped).failures.size(), 2U);
  for (const char* path : {"policies.cedar", "policies.cedarschema", "entities.json"}) {
    auto absent = application();
    absent.erase(std::string("apps/x/") + path);
    EXPECT_EQ(check_application(absent).failures.size(), 1U) << path;
  }
}

}  // namespace
}  // namespace redoubt::app::cedar
