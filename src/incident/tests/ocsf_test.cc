#include "incident/ocsf.h"

#include <gtest/gtest.h>

#include "encoding/json_reader.h"
#include "tests/support/ocsf_validator.h"

namespace redoubt::incident::test {
namespace {

const OcsfSource kSource{.log_origin = "redoubt.example/system", .product_version = "0.1.0"};

Alert alert() {
  return {.id = "00000000000000a1",
          .rule = "behaviour.spend",
          .key = "principal/app",
          .tenant = "acme",
          .severity = Severity::kCritical,
          .attribution = Attribution::kProven,
          .message = "much \"more\" than ever",
          .tags = {"atlas:AML.T0034", "atlas:AML.T0024.002", "owasp-llm:LLM06:2026", "bare"},
          .entries = {1, 2},
          .withheld = {"stop-spending: exempt"},
          .first_index = 1,
          .last_index = 2,
          .first = {1'780'000'000'000},
          .last = {1'780'000'060'000},
          .count = 2,
          .raised = {1'780'000'000'500},
          .incident = "00000000000000a1",
          .version = 2};
}

Incident incident(IncidentStatus status, Cause cause = Cause::kNone) {
  const bool over = status >= IncidentStatus::kClosed;
  return {.id = "00000000000000a1",
          .title = "spending of app",
          .tenant = "acme",
          .status = status,
          .owner = status == IncidentStatus::kOpen ? "" : "alice",
          .cause = cause,
          .merged_into = status == IncidentStatus::kMerged ? "00000000000000a2" : "",
          .opened = {1'780'000'000'500},
          .acknowledged = {},
          .closed = {over ? 1'780'000'900'000 : 0},
          .version = 1};
}

Response response(Effect effect, ResponseStatus status, EndWhy end = EndWhy::kNone) {
  const bool on_model = effect == Effect::kBlock;
  return {.id = "f0000000000000a1",
          .action = {.effect = effect,
                     .target = *parse_target(on_model ? "model/m" : "principal/app"),
                     .for_ms = 3'600'000,
                     .per_minute = effect == Effect::kThrottle ? 5u : 0u,
                     .families = effect == Effect::kInspect ? "attack,secret" : ""},
          .status = status,
          .incident = "00000000000000a1",
          .alert = "00000000000000a1",
          .playbook = "stop-spending",
          .why = "it stops somebody",
          .tenant = "acme",
          .started = {1'780'000'001'000},
          .until = {status == ResponseStatus::kProposed ? 0 : 1'780'003'601'000},
          .end_why = end,
          .ended = {end == EndWhy::kNone ? 0 : 1'780'000'100'000},
          .ended_by = end == EndWhy::kNone ? "" : "bob",
          .version = 1};
}

std::string finding(const Alert& of) {
  std::string out;
  append_detection_finding(out, of, kSource);
  return out;
}

std::string finding(const Incident& of, const std::vector<Alert>& alerts, const std::vector<NoticeRow>& notices = {}) {
  std::string out;
  append_incident_finding(out, of, alerts, notices, kSource);
  return out;
}

std::string activity(const Response& of) {
  std::string out;
  append_remediation_activity(out, of, kSource);
  return out;
}

// The value at a pointer, as JSON.
std::string at(const std::string& event, std::string_view pointer) {
  encoding::JsonReader reader({.max_bytes = 1024 * 1024, .max_depth = 16});
  auto root = reader.parse(event);
  simdjson::dom::element value;
  if (!root || root->at_pointer(pointer).get(value) != simdjson::SUCCESS) return {};
  return simdjson::minify(value);
}

// Every kind of event there is.
std::vector<std::string> all() {
  std::vector<std::string> out{finding(alert())};
  Alert first = alert();
  first.count = 1;
  first.version = 1;
  first.tags = {};
  first.entries = {};
  first.incident = {};
  first.tenant = {};
  first.rule = "sigma.rule";
  out.push_back(finding(first));
  for (const Severity severity : {Severity::kLow, Severity::kMedium, Severity::kHigh}) {
    first.severity = severity;
    out.push_back(finding(first));
  }
  for (const IncidentStatus status :
       {IncidentStatus::kOpen, IncidentStatus::kAcknowledged, IncidentStatus::kContained}) {
    out.push_back(finding(incident(status), {alert()}));
  }
  for (const Cause cause :
       {Cause::kTruePositive, Cause::kFalsePositive, Cause::kBenign, Cause::kExercise, Cause::kDuplicate}) {
    out.push_back(finding(incident(IncidentStatus::kClosed, cause), std::vector<Alert>(300, alert())));
  }
  out.push_back(finding(incident(IncidentStatus::kMerged, Cause::kDuplicate), {}));
  for (const Effect effect : {Effect::kThrottle, Effect::kStepUp, Effect::kInspect, Effect::kQuarantine,
                              Effect::kSuspend, Effect::kBlock, Effect::kRevokeSessions}) {
    for (const ResponseStatus status :
         {ResponseStatus::kProposed, ResponseStatus::kActive, ResponseStatus::kRehearsed}) {
      out.push_back(activity(response(effect, status)));
    }
    for (const EndWhy end : {EndWhy::kUndone, EndWhy::kExpired, EndWhy::kRefused}) {
      out.push_back(activity(response(effect, ResponseStatus::kEnded, end)));
    }
  }
  return out;
}

TEST(IncidentOcsf, IsValidByTheSchema) {
  auto validator = redoubt::test::OcsfValidator::load(redoubt::test::ocsf_schema_path());
  if (!validator && validator.error().code() == Errc::kNotFound) GTEST_SKIP() << "no OCSF schema in the test data";
  ASSERT_TRUE(validator) << validator.error().message();
  for (const std::string& event : all()) {
    EXPECT_EQ(redoubt::test::to_string(validator->validate(event)), "") << event;
    EXPECT_EQ(event.find('\n'), std::string::npos);
  }
}

TEST(IncidentOcsf, OfAnAlertIsADetectionFinding) {
  const std::string event = finding(alert());
  EXPECT_EQ(at(event, "/type_uid"), "200402");
  EXPECT_EQ(at(event, "/severity"), "\"Critical\"");
  EXPECT_EQ(at(event, "/finding_info/uid"), "\"00000000000000a1\"");
  EXPECT_EQ(
      at(event, "/finding_info/attacks"),
      R"([{"technique":{"uid":"AML.T0034"}},{"technique":{"uid":"AML.T0024"},"sub_technique":{"uid":"AML.T0024.002"}}])");
  EXPECT_EQ(at(event, "/finding_info/tags"),
            R"([{"name":"owasp-llm","value":"LLM06:2026"},{"name":"bare","value":"bare"}])");
  EXPECT_EQ(at(event, "/resources/0/name"), "\"app\"");
  EXPECT_EQ(at(event, "/metadata/correlation_uid"), "\"00000000000000a1\"");
}

TEST(IncidentOcsf, OfAnIncidentIsAnIncidentFinding) {
  const std::string open = finding(incident(IncidentStatus::kOpen), {alert()});
  EXPECT_EQ(at(open, "/status"), "\"New\"");
  EXPECT_EQ(at(open, "/assignee_group/name"), "\"nobody\"");
  EXPECT_EQ(at(open, "/finding_info_list/0/uid"), "\"00000000000000a1\"");
  const std::string closed =
      finding(incident(IncidentStatus::kClosed, Cause::kExercise), std::vector<Alert>(300, alert()));
  EXPECT_EQ(at(closed, "/type_uid"), "200503");
  EXPECT_EQ(at(closed, "/verdict"), "\"Test\"");
  EXPECT_EQ(at(closed, "/assignee/uid"), "\"alice\"");
  EXPECT_NE(at(closed, "/finding_info_list/199"), "");
  EXPECT_EQ(at(closed, "/finding_info_list/200"), "") << "a bounded number of alerts";
}

TEST(IncidentOcsf, OfAnIncidentSaysWhoWasTold) {
  const NoticeRow told{.last = {.notice = "00000000000000c1",
                                .endpoint = "pager",
                                .incident = "00000000000000a1",
                                .kind = "incident_opened",
                                .severity = Severity::kHigh,
                                .number = 2,
                                .outcome = "given_up",
                                .why = "the endpoint answers 403"},
                       .first = {1'780'000'000'000},
                       .time = {1'780'000'001'000},
                       .index = 7};
  const std::string event =
      finding(incident(IncidentStatus::kOpen), {alert()}, std::vector<NoticeRow>(kOcsfFindingsMax + 1, told));
  EXPECT_EQ(at(event, "/unmapped/redoubt/notices/0/endpoint"), "\"pager\"");
  EXPECT_EQ(at(event, "/unmapped/redoubt/notices/0/outcome"), "\"given_up\"");
  EXPECT_EQ(at(event, "/unmapped/redoubt/notices/0/attempts"), "2");
  EXPECT_EQ(at(event, "/unmapped/redoubt/notices/200"), "") << "a bounded number";
}

TEST(IncidentOcsf, OfAResponseIsARemediationActivity) {
  const std::string active = activity(response(Effect::kSuspend, ResponseStatus::kActive));
  EXPECT_EQ(at(active, "/type_uid"), "700102");
  EXPECT_EQ(at(active, "/status_id"), "1");
  EXPECT_EQ(at(active, "/command_uid"), "\"f0000000000000a1\"");
  const std::string undone = activity(response(Effect::kSuspend, ResponseStatus::kEnded, EndWhy::kUndone));
  EXPECT_EQ(at(undone, "/activity_name"), "\"Restore\"");
  const std::string refused = activity(response(Effect::kSuspend, ResponseStatus::kEnded, EndWhy::kRefused));
  EXPECT_EQ(at(refused, "/activity_name"), "\"Evict\"") << "it never was done, so nothing was restored";
  EXPECT_EQ(at(refused, "/status"), "\"Refused\"");
}

TEST(IncidentOcsf, HasOneNameAsLongAsNothingChanges) {
  EXPECT_EQ(finding(alert()), finding(alert()));
  Alert grown = alert();
  grown.version = 3;
  EXPECT_NE(at(finding(grown), "/metadata/uid"), at(finding(alert()), "/metadata/uid"));
}

}  // namespace
}  // namespace redoubt::incident::test
