#include "behaviour/activity.h"

#include <gtest/gtest.h>

#include <string>

#include "behaviour/simulation/simulation.h"
#include "record/exchange_record.h"
#include "record/fact_record.h"

namespace redoubt::behaviour {
namespace {

const record::RecordSource kSource{"redoubt.example/ledger", "clinic", "0.1.0"};

record::ExchangeFacts facts_of_exchange() {
  return {.exchange_uid = "00112233445566778899aabbccddeeff",
          .time = {1'780'000'000'123},
          .source = kSource,
          .method = "POST",
          .path = "/v1/chat/completions",
          .request_size = 700,
          .principal_uid = "alice",
          .principal_type = record::PrincipalType::kUser,
          .credential_uid = "k1",
          .operation = "chat.completions",
          .model = "m-1",
          .upstream = "local",
          .policy_uid = "policy3"};
}

std::string outcome_record() {
  const record::MatchCount match{"credit_card", 2, "redact"};
  record::Outcome outcome{.finish = record::Finish::kReleaseDenied,
                          .http_status = 200,
                          .duration_ms = 812,
                          .response_size = 2000,
                          .prompt_tokens = 17,
                          .completion_tokens = 40,
                          .matches = {&match, 1}};
  std::string out;
  record::append_outcome(out, facts_of_exchange(), outcome);
  return out;
}

// `record` with `more` at the end of `unmapped.redoubt`.
std::string with(std::string record, const std::string& more) {
  record.insert(record.size() - 3, more);
  return record;
}

Errc refusal(const std::string& record) {
  ActivityReader reader;
  const auto read = reader.read(as_bytes(record));
  EXPECT_FALSE(read) << record;
  return read ? Errc::kConflict : read.error().code();
}

TEST(Activity, ReadsAnOutcome) {
  ActivityReader reader;
  const std::string record = with(outcome_record(), R"(,"tools":["mail.send"],"data":[{"name":"labs","rows":300}])");
  const auto read = reader.read(as_bytes(record));
  ASSERT_TRUE(read) << read.error().message();
  const Activity& seen = **read;
  EXPECT_EQ(seen.stage, record::Stage::kOutcome);
  EXPECT_EQ(seen.time.value, 1'780'000'000'123);
  EXPECT_EQ(seen.exchange, "00112233445566778899aabbccddeeff");
  EXPECT_EQ(seen.tenant, "clinic");
  EXPECT_EQ(seen.principal, "alice");
  EXPECT_EQ(seen.credential, "k1");
  EXPECT_EQ(seen.principal_kind, PrincipalKind::kUser);
  EXPECT_EQ(seen.operation, "chat.completions");
  EXPECT_EQ(seen.model, "m-1");
  EXPECT_EQ(seen.upstream, "local");
  EXPECT_EQ(seen.ending, Ending::kReleaseDenied);
  EXPECT_EQ(seen.tokens(), 57U);
  EXPECT_EQ(seen.request_bytes, 700U);
  EXPECT_EQ(seen.response_bytes, 2000U);
  EXPECT_EQ(seen.duration_ms, 812);
  EXPECT_EQ(seen.status, 200);
  ASSERT_EQ(seen.matches.size(), 1U);
  EXPECT_EQ(seen.matches[0].kind, "credit_card");
  EXPECT_EQ(seen.matches[0].count, 2U);
  EXPECT_EQ(seen.matches[0].action, "redact");
  ASSERT_EQ(seen.tools.size(), 1U);
  EXPECT_EQ(seen.tools[0], "mail.send");
  ASSERT_EQ(seen.data.size(), 1U);
  EXPECT_EQ(seen.data[0].name, "labs");
  EXPECT_EQ(seen.data[0].rows, 300U);
}

// As the gateway writes them, not as a test has put them together.
TEST(Activity, ReadsToolsDataAndPlacesFromRecordsAsTheyAreWritten) {
  ActivityReader reader;
  record::ExchangeFacts facts = facts_of_exchange();
  const std::vector<std::string> tools = {"crm_lookup", "mail/send"};
  const std::vector<std::string> data = {"vs_1"};
  const std::array matches = {record::MatchCount{"prompt_injection", 1, "flag", "tool"}};
  facts.matches = matches;
  facts.tools_offered = tools;
  std::string record;
  record::append_admission(record, facts, {});
  const auto admission = reader.read(as_bytes(record));
  ASSERT_TRUE(admission) << admission.error().message();
  ASSERT_EQ((*admission)->matches.size(), 1U);
  EXPECT_EQ((*admission)->matches[0].where, "tool");
  EXPECT_TRUE((*admission)->tools.empty()) << "what is offered is not called";

  record.clear();
  record::append_outcome(record, facts, {.finish = record::Finish::kCompleted, .tools = tools, .data = data});
  const auto outcome = reader.read(as_bytes(record));
  ASSERT_TRUE(outcome) << outcome.error().message();
  ASSERT_EQ((*outcome)->tools.size(), 2U);
  EXPECT_EQ((*outcome)->tools[0], "crm_lookup");
  EXPECT_EQ((*outcome)->tools[1], "mail/send");
  ASSERT_EQ((*outcome)->data.size(), 1U);
  EXPECT_EQ((*outcome)->data[0].name, "vs_1");
  EXPECT_EQ((*outcome)->data[0].rows, 0U) << "nobody counted them";

  const std::array<std::uint64_t, 1> rows = {6000};
  record.clear();
  record::append_outcome(record, facts, {.data = data, .rows = rows});
  const auto counted = reader.read(as_bytes(record));
  ASSERT_TRUE(counted) << counted.error().message();
  ASSERT_EQ((*counted)->data.size(), 1U);
  EXPECT_EQ((*counted)->data[0].rows, 6000U);
}

TEST(Activity, ReadsDenialsOfNobodyWithTheirCount) {
  record::ExchangeFacts facts = facts_of_exchange();
  facts.principal_uid = {};
  std::string record;
  record::append_denial(
      record, facts, {.reason = record::DenialReason::kAuthentication, .http_status = 401, .count = 12, .sources = 3});
  ActivityReader reader;
  const auto read = reader.read(as_bytes(record));
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ((*read)->stage, record::Stage::kDenial);
  EXPECT_EQ((*read)->reason, Reason::kAuthentication);
  EXPECT_FALSE((*read)->authenticated());
  EXPECT_EQ((*read)->count, 12U);
  EXPECT_EQ((*read)->sources, 3U);
}

record::Fact fact_of(std::string kind, std::string object, std::string body) {
  return {.uid = "00112233445566778899aabbccddeeff",
          .time = {1'780'000'000'123},
          .kind = std::move(kind),
          .object = std::move(object),
          .body = std::move(body),
          .actor = {.principal = "root", .credential = "k0", .method = "api_key", .strength = 1}};
}

Activity read_fact(ActivityReader& reader, std::string& record, const record::Fact& fact) {
  record.clear();
  EXPECT_TRUE(record::append_fact(record, fact, kSource));
  const auto read = reader.read(as_bytes(record));
  EXPECT_TRUE(read);
  return read ? **read : Activity();
}

TEST(Activity, ReadsWhatFactsChange) {
  ActivityReader reader;
  std::string record;
  Activity seen = read_fact(reader, record, fact_of("identity.key.issue", "key/abc", R"({"principal":"bob"})"));
  EXPECT_EQ(seen.change, Change::kCredentialMade);
  EXPECT_EQ(seen.subject, "bob");
  EXPECT_EQ(seen.principal, "root");
  seen = read_fact(reader, record,
                   fact_of("identity.principal.create", "principal/bob", R"({"type":"agent","groups":["a"]})"));
  EXPECT_EQ(seen.change, Change::kPrincipalMade);
  EXPECT_EQ(seen.subject_kind, PrincipalKind::kAgent);
  const std::uint64_t groups = seen.groups;
  seen = read_fact(reader, record, fact_of("identity.principal.update", "principal/bob", R"({"groups":["a","b"]})"));
  EXPECT_EQ(seen.change, Change::kGroupsChanged);
  EXPECT_NE(seen.groups, groups);
  seen = read_fact(reader, record, fact_of("identity.principal.disable", "principal/bob", "{}"));
  EXPECT_EQ(seen.change, Change::kSuspended);
  EXPECT_EQ(seen.subject, "bob");
  seen = read_fact(reader, record, fact_of("models.model.create", "model/m", "{}"));
  EXPECT_EQ(seen.change, Change::kNone);
}

TEST(Activity, RefusesWhatIsNoRecord) {
  EXPECT_EQ(refusal(""), Errc::kMalformed);
  EXPECT_EQ(refusal("{"), Errc::kMalformed);
  EXPECT_EQ(refusal("[]"), Errc::kUnsupported);
  EXPECT_EQ(refusal("{}"), Errc::kUnsupported);
  EXPECT_EQ(refusal(R"({"class_uid":1001,"unmapped":{"redoubt":{"format":1,"stage":"outcome"}}})"), Errc::kUnsupported);
  EXPECT_EQ(refusal(R"({"class_uid":6003,"time":1,"unmapped":{"redoubt":{"format":2,"stage":"outcome"}}})"),
            Errc::kUnsupported);
  EXPECT_EQ(refusal(R"({"class_uid":6003,"time":1,"unmapped":{"redoubt":{"format":1,"stage":"future"}}})"),
            Errc::kUnsupported);
  EXPECT_EQ(refusal(R"({"class_uid":6003,"unmapped":{"redoubt":{"format":1,"stage":"outcome"}}})"), Errc::kMalformed);
  EXPECT_EQ(refusal(std::string(70'000, ' ') + "{}"), Errc::kTooLarge);
}

TEST(Activity, RefusesMembersOfTheWrongType) {
  const std::string good = outcome_record();
  EXPECT_EQ(refusal(with(good, R"(,"tools":"mail.send")")), Errc::kMalformed);
  EXPECT_EQ(refusal(with(good, R"(,"tools":[1])")), Errc::kMalformed);
  EXPECT_EQ(refusal(with(good, R"(,"tools":[""])")), Errc::kMalformed);
  EXPECT_EQ(refusal(with(good, R"(,"tools":[")" + std::string(257, 'x') + R"("])")), Errc::kMalformed);
  EXPECT_EQ(refusal(with(good, R"(,"data":[{"rows":1}])")), Errc::kMalformed);
  EXPECT_EQ(refusal(with(good, R"(,"data":[{"name":"a","rows":-1}])")), Errc::kMalformed);
  EXPECT_EQ(refusal(with(good, R"(,"sources":"many")")), Errc::kMalformed);
  std::string time = good;
  time.replace(time.find(R"("time":1)"), 8,
               R"("time":"",)"
               "\"x\":1");
  EXPECT_EQ(refusal(time), Errc::kMalformed);
  std::string many = R"(,"tools":["a")";
  for (int i = 0; i < 32; ++i) many += R"(,"b")";
  EXPECT_EQ(refusal(with(good, many + "]")), Errc::kMalformed);
}

TEST(Activity, IsTheSameWhetherMadeUpOrReadFromItsRecord) {
  simulation::Simulation month({.seed = 3, .people = 12, .applications = 6, .agents = 6, .days = 1});
  ActivityReader reader;
  std::size_t compared = 0;
  month.run([&](const simulation::SimulatedRecord& record) {
    const Activity& made = record.activity;
    if (made.stage == record::Stage::kFact) return;
    const std::string text = simulation::record_json(made);
    const auto read = reader.read(as_bytes(text));
    ASSERT_TRUE(read) << read.error().message() << "\n" << text;
    const Activity& seen = **read;
    ++compared;
    EXPECT_EQ(seen.stage, made.stage);
    EXPECT_EQ(seen.time.value, made.time.value);
    EXPECT_EQ(seen.principal, made.principal);
    EXPECT_EQ(seen.tenant, made.tenant);
    EXPECT_EQ(seen.principal_kind, made.principal_kind);
    EXPECT_EQ(seen.model, made.model);
    EXPECT_EQ(seen.reason, made.reason);
    EXPECT_EQ(seen.ending, made.ending);
    EXPECT_EQ(seen.count, made.count);
    EXPECT_EQ(seen.tokens(), made.tokens());
    EXPECT_EQ(seen.response_bytes, made.response_bytes);
    EXPECT_EQ(seen.matches.size(), made.matches.size());
    EXPECT_EQ(seen.tools.size(), made.tools.size());
    ASSERT_EQ(seen.data.size(), made.data.size());
    for (std::size_t i = 0; i < seen.data.size(); ++i) EXPECT_EQ(seen.data[i].rows, made.data[i].rows);
  });
  EXPECT_GT(compared, 500U);
}

}  // namespace
}  // namespace redoubt::behaviour
