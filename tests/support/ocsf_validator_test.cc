#include "tests/support/ocsf_validator.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <cstdio>
#include <fstream>
#include <optional>

namespace redoubt::test {
namespace {

namespace json = boost::json;

// An event written from the schema, not by our own code: a stranger's API call that a gateway blocked.
constexpr std::string_view kGood = R"({
  "activity_id": 1, "activity_name": "Create",
  "category_uid": 6, "category_name": "Application Activity",
  "class_uid": 6003, "class_name": "API Activity",
  "type_uid": 600301, "type_name": "API Activity: Create",
  "severity_id": 2, "severity": "Low",
  "status_id": 2, "status": "Failure",
  "time": 1780000000000,
  "metadata": {"version": "1.8.0", "product": {"name": "Other Gateway", "vendor_name": "Example"},
               "profiles": ["security_control", "ai_operation", "trace"]},
  "actor": {"user": {"uid": "u-1", "type_id": 1, "type": "User", "email_addr": "a@example.org"}},
  "api": {"operation": "CreateThing", "request": {"uid": "r-1", "data": {"any": [1, null]}}},
  "src_endpoint": {"ip": "192.0.2.7", "port": 40000, "mac": "00:53:00:00:00:01"},
  "http_request": {"http_method": "POST", "url": {"path": "/things", "categories": ["Spam"], "category_ids": [101]}},
  "ai_model": {"ai_provider": "Example", "name": "m-1"},
  "message_context": {"service": {"name": "chat"}, "ai_role_id": 99, "ai_role": "critic", "prompt_tokens": 3},
  "action_id": 2, "action": "Denied", "disposition_id": 2, "is_alert": false,
  "resources": [{"uid": "x", "is_backed_up": true}, {"name": "y"}],
  "unmapped": {"anything": {"goes": [true, null]}}
})";

class OcsfValidatorTest : public testing::Test {
 protected:
  void SetUp() override {
    auto loaded = OcsfValidator::load(ocsf_schema_path());
    if (!loaded && loaded.error().code() == Errc::kNotFound) GTEST_SKIP() << "no OCSF schema in the test data";
    ASSERT_TRUE(loaded) << loaded.error().message();
    validator_.emplace(std::move(*loaded));
  }

  // Validates kGood with the value at a JSON pointer replaced, or removed where `value` is empty.
  std::vector<OcsfProblem> with(const std::string& pointer, std::string_view value) {
    json::value event = json::parse(kGood);
    const std::size_t slash = pointer.rfind('/');
    json::value& parent = event.at_pointer(pointer.substr(0, slash));
    const std::string name = pointer.substr(slash + 1);
    if (value.empty()) {
      EXPECT_EQ(parent.as_object().erase(name), 1U) << pointer;
    } else {
      parent.as_object()[name] = json::parse(json::string_view(value.data(), value.size()));
    }
    return validator_->validate(json::serialize(event));
  }

  static void expect_only(const std::vector<OcsfProblem>& problems, const std::string& path,
                          const std::string& reason) {
    ASSERT_EQ(problems.size(), 1U) << to_string(problems);
    EXPECT_EQ(problems[0].path, path);
    EXPECT_NE(problems[0].reason.find(reason), std::string::npos) << problems[0].reason;
  }

  std::optional<OcsfValidator> validator_;
};

TEST_F(OcsfValidatorTest, AcceptsAValidEvent) {
  EXPECT_EQ(to_string(validator_->validate(kGood)), "");
}

TEST_F(OcsfValidatorTest, AcceptsOmittingWhatIsOnlyRecommended) {
  EXPECT_EQ(to_string(with("/http_request", "")), "");
  EXPECT_EQ(to_string(with("/status_id", "")), "");
}

TEST_F(OcsfValidatorTest, AcceptsAnEventOfAnotherClass) {
  EXPECT_EQ(to_string(validator_->validate(R"({"activity_id":1,"category_uid":3,"class_uid":3002,"type_uid":300201,
    "severity_id":1,"time":1,"metadata":{"version":"1.8.0","product":{}},"user":{"name":"a"},
    "service":{"name":"login"}})")),
            "");
}

TEST_F(OcsfValidatorTest, RefusesWhatIsNotJson) {
  ASSERT_EQ(validator_->validate("{").size(), 1U);
  ASSERT_EQ(validator_->validate("").size(), 1U);
}

TEST_F(OcsfValidatorTest, RefusesADuplicateName) {
  std::string event(kGood);
  event.insert(event.rfind('}'), R"(,"time": 5)");
  const auto problems = validator_->validate(event);
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_NE(problems[0].reason.find("duplicate"), std::string::npos) << problems[0].reason;
}

TEST_F(OcsfValidatorTest, RefusesAnEventThatIsNotAnObject) {
  expect_only(validator_->validate("[]"), "", "object");
}
TEST_F(OcsfValidatorTest, RefusesAMissingClass) {
  expect_only(with("/class_uid", ""), "class_uid", "missing");
}
TEST_F(OcsfValidatorTest, RefusesAnUnknownClass) {
  expect_only(with("/class_uid", "6099"), "class_uid", "no such");
}

TEST_F(OcsfValidatorTest, RefusesAMissingRequiredAttribute) {
  expect_only(with("/time", ""), "time", "missing");
  expect_only(with("/src_endpoint", ""), "src_endpoint", "missing");
}

TEST_F(OcsfValidatorTest, RefusesAMissingRequiredAttributeOfANestedObject) {
  expect_only(with("/ai_model/ai_provider", ""), "ai_model.ai_provider", "missing");
  expect_only(with("/api/request/uid", ""), "api.request.uid", "missing");
}

TEST_F(OcsfValidatorTest, RefusesAnUnknownAttribute) {
  expect_only(with("/prompt", R"("text")"), "prompt", "unknown attribute");
}

TEST_F(OcsfValidatorTest, RefusesAnUnknownAttributeOfANestedObject) {
  expect_only(with("/metadata/product/colour", R"("red")"), "metadata.product.colour", "unknown attribute");
}

TEST_F(OcsfValidatorTest, RefusesAnUnknownAttributeInsideAnArray) {
  expect_only(with("/resources", R"([{"uid":"x"},{"uid":"y","shape":"round"}])"), "resources[1].shape", "unknown");
}

TEST_F(OcsfValidatorTest, RefusesAnAttributeOfAProfileThatTheEventDoesNotName) {
  json::value event = json::parse(kGood);
  event.at_pointer("/metadata/profiles") = json::array{"security_control", "trace"};
  const auto problems = validator_->validate(json::serialize(event));
  ASSERT_EQ(problems.size(), 2U) << to_string(problems);
  EXPECT_EQ(problems[0].path, "ai_model");
  EXPECT_NE(problems[0].reason.find("`ai_operation`"), std::string::npos);
  EXPECT_EQ(problems[1].path, "message_context");
}

TEST_F(OcsfValidatorTest, RequiresWhatANamedProfileRequires) {
  expect_only(with("/metadata/profiles", R"(["security_control","ai_operation","cloud"])"), "cloud", "missing");
}

TEST_F(OcsfValidatorTest, RefusesAProfileThatTheClassDoesNotPermit) {
  expect_only(with("/metadata/profiles", R"(["security_control","ai_operation","incident"])"), "metadata.profiles",
              "does not permit");
}

TEST_F(OcsfValidatorTest, RefusesAProfileNamedTwice) {
  expect_only(with("/metadata/profiles", R"(["security_control","ai_operation","ai_operation"])"), "metadata.profiles",
              "twice");
}

TEST_F(OcsfValidatorTest, RefusesAnotherVersionOfTheSchema) {
  expect_only(with("/metadata/version", R"("1.7.0")"), "metadata.version", "not `1.8.0`");
}

TEST_F(OcsfValidatorTest, RefusesACategoryThatIsNotOfTheClass) {
  expect_only(with("/category_uid", "3"), "category_uid", "category");
}

TEST_F(OcsfValidatorTest, RefusesATypeThatIsNotClassAndActivity) {
  expect_only(with("/type_uid", "600302"), "type_uid", "class_uid * 100");
}

TEST_F(OcsfValidatorTest, RefusesNamesThatAreNotOfTheClass) {
  expect_only(with("/class_name", R"("HTTP Activity")"), "class_name", "API Activity");
  expect_only(with("/category_name", R"("Findings")"), "category_name", "Application Activity");
  expect_only(with("/type_name", R"("API Activity: Read")"), "type_name", "API Activity: Create");
}

TEST_F(OcsfValidatorTest, RefusesAValueOutsideTheEnumeration) {
  expect_only(with("/severity_id", "7"), "severity_id", "enumeration");
}

TEST_F(OcsfValidatorTest, RefusesATextOutsideTheEnumeration) {
  expect_only(with("/http_request/http_method", R"("post")"), "http_request.http_method", "enumeration");
}

TEST_F(OcsfValidatorTest, RefusesAValueOutsideTheEnumerationInsideAnArray) {
  expect_only(with("/http_request/url", R"({"path":"/","category_ids":[101,2]})"), "http_request.url.category_ids[1]",
              "enumeration");
}

TEST_F(OcsfValidatorTest, RefusesACaptionThatContradictsItsNumber) {
  expect_only(with("/status", R"("Success")"), "status", "`Failure`");
  expect_only(with("/activity_name", R"("Read")"), "activity_name", "`Create`");
  expect_only(with("/actor/user/type", R"("Admin")"), "actor.user.type", "`User`");
}

TEST_F(OcsfValidatorTest, RefusesCaptionsOfAnArrayThatContradictTheirNumbers) {
  expect_only(with("/http_request/url/categories", R"(["Games"])"), "http_request.url.categories", "`Spam`");
  expect_only(with("/http_request/url/categories", R"(["Spam","Games"])"), "http_request.url.categories", "length");
}

TEST_F(OcsfValidatorTest, RefusesATextWhereANumberBelongs) {
  expect_only(with("/time", R"("1780000000000")"), "time", "not an integer");
}

TEST_F(OcsfValidatorTest, RefusesAFractionWhereAnIntegerBelongs) {
  expect_only(with("/message_context/prompt_tokens", "3.5"), "message_context.prompt_tokens", "not an integer");
}

TEST_F(OcsfValidatorTest, RefusesAnIntegerAbove64SignedBits) {
  expect_only(with("/time", "9223372036854775808"), "time", "not an integer");
}

TEST_F(OcsfValidatorTest, RefusesANumberWhereATextBelongs) {
  expect_only(with("/api/operation", "5"), "api.operation", "not a string");
}

TEST_F(OcsfValidatorTest, RefusesANumberWhereABooleanBelongs) {
  expect_only(with("/is_alert", "0"), "is_alert", "not a boolean");
}

TEST_F(OcsfValidatorTest, RefusesNull) {
  expect_only(with("/status_detail", "null"), "status_detail", "not a string");
  expect_only(with("/http_request", "null"), "http_request", "not an object");
}

TEST_F(OcsfValidatorTest, RefusesATextWhereAnObjectBelongs) {
  expect_only(with("/actor", R"("alice")"), "actor", "not an object");
  expect_only(with("/unmapped", R"("anything")"), "unmapped", "not an object");
}

TEST_F(OcsfValidatorTest, RefusesASingleValueWhereAnArrayBelongs) {
  expect_only(with("/resources", R"({"uid":"x"})"), "resources", "not an array");
}

TEST_F(OcsfValidatorTest, RefusesAnArrayWhereASingleValueBelongs) {
  expect_only(with("/status_code", R"(["a"])"), "status_code", "not a string");
}

TEST_F(OcsfValidatorTest, RefusesANumberOutsideTheRangeOfItsType) {
  expect_only(with("/src_endpoint/port", "65536"), "src_endpoint.port", "range of port_t");
  expect_only(with("/src_endpoint/port", "-1"), "src_endpoint.port", "range of port_t");
}

TEST_F(OcsfValidatorTest, RefusesATextLongerThanItsTypeAllows) {
  expect_only(with("/src_endpoint/mac", "\"" + std::string(33, 'a') + "\""), "src_endpoint.mac", "longer than mac_t");
}

TEST_F(OcsfValidatorTest, RefusesATextWithoutTheFormOfItsType) {
  expect_only(with("/src_endpoint/ip", R"("somewhere")"), "src_endpoint.ip", "form of ip_t");
  expect_only(with("/actor/user/email_addr", R"("not an address")"), "actor.user.email_addr", "form of email_t");
}

TEST_F(OcsfValidatorTest, RefusesAnObjectWithNoneOfItsAlternatives) {
  expect_only(with("/src_endpoint", R"({"port":1})"), "src_endpoint", "has none of");
  expect_only(with("/message_context", R"({"prompt_tokens":1})"), "message_context", "has none of");
}

TEST_F(OcsfValidatorTest, RefusesAnEventWithNoneOfItsAlternatives) {
  // Authentication needs a service or a destination.
  expect_only(validator_->validate(R"({"activity_id":1,"category_uid":3,"class_uid":3002,"type_uid":300201,
    "severity_id":1,"time":1,"metadata":{"version":"1.8.0","product":{}},"user":{"name":"a"}})"),
              "", "has none of");
}

TEST_F(OcsfValidatorTest, RefusesBothOfTwoExclusiveAttributes) {
  // Authorize Session is about privileges or a group, not both.
  constexpr std::string_view kHead = R"({"activity_id":1,"category_uid":3,"class_uid":3003,"type_uid":300301,
    "severity_id":1,"time":1,"metadata":{"version":"1.8.0","product":{}},"user":{"name":"a"})";
  EXPECT_EQ(to_string(validator_->validate(std::string(kHead) + R"(,"privileges":["p"]})")), "");
  expect_only(validator_->validate(std::string(kHead) + R"(,"privileges":["p"],"group":{"name":"g"}})"), "",
              "exactly one");
  expect_only(validator_->validate(std::string(kHead) + "}"), "", "exactly one");
}

TEST_F(OcsfValidatorTest, ReportsEveryProblemOfAnEvent) {
  json::value event = json::parse(kGood);
  event.as_object().erase("time");
  event.as_object()["colour"] = "red";
  event.as_object()["severity_id"] = 55;
  EXPECT_EQ(validator_->validate(json::serialize(event)).size(), 3U);
}

TEST(OcsfValidatorLoad, RefusesAFileThatIsNotAResolvedSchema) {
  const std::string path = testing::TempDir() + "ocsf_validator_not_a_schema.json";
  for (const std::string_view text :
       {"", "[]", "{}", R"({"ocsf_version":"1.8.0","types":{},"objects":{},"classes":{}})",
        R"({"ocsf_version":"1","types":{"odd_t":{}},"objects":{},"classes":{}})"}) {
    std::ofstream(path) << text;
    const auto loaded = OcsfValidator::load(path);
    ASSERT_FALSE(loaded) << text;
    EXPECT_EQ(loaded.error().code(), Errc::kMalformed) << text;
  }
  std::remove(path.c_str());
  EXPECT_EQ(OcsfValidator::load(path).error().code(), Errc::kNotFound);
}

}  // namespace
}  // namespace redoubt::test
