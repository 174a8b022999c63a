#include "record/exchange_record.h"

#include <gtest/gtest.h>
#include <simdjson.h>

#include <optional>
#include <random>
#include <string>
#include <vector>

#include "encoding/base64.h"
#include "encoding/json_reader.h"
#include "encoding/json_writer.h"
#include "record/dictionary_record.h"
#include "record/signer_record.h"
#include "record/summary.h"
#include "tests/support/ocsf_validator.h"

namespace redoubt::record {
namespace {

using test::OcsfValidator;

Commitment filled(unsigned char c) {
  Commitment commitment;
  commitment.fill(static_cast<std::byte>(c));
  return commitment;
}

// Texts as a hostile or careless caller might choose them; the storage must outlive the facts.
class HostileTexts {
 public:
  explicit HostileTexts(std::uint32_t seed) : random_(seed) {}

  std::string_view text() {
    std::string out;
    switch (random_() % 8) {
      case 0:
        break;
      case 1:
        out = "ordinary-" + std::to_string(random_() % 1000);
        break;
      case 2:  // any bytes
        out.resize(random_() % 400);
        for (char& c : out) c = static_cast<char>(random_());
        break;
      case 3:  // what ends strings and objects
        out = R"("},"class_uid":1,"x":{"y":"\)" + std::string(1, '\0') + "\x1b\n\r\t\x7f";
        break;
      case 4:  // huge
        out.assign(random_() % 70'000, static_cast<char>(random_() % 2 == 0 ? 'a' : '\x01'));
        break;
      case 5:  // characters of several bytes around every limit
        for (std::size_t i = 0, n = 60 + random_() % 300; i < n; ++i) out += "\xf0\x9f\x99\x82";
        out.insert(0, random_() % 4, 'p');
        break;
      case 6:  // continuation bytes alone, cut-off sequences, surrogates
        for (std::size_t i = 0, n = random_() % 2000; i < n; ++i) out += (random_() % 2 == 0) ? "\x80" : "\xed\xa0";
        break;
      default:
        out = "gr\xc3\xbc\xc3\x9f\xe2\x82\xac";
        break;
    }
    kept_.push_back(std::make_unique<std::string>(std::move(out)));
    return *kept_.back();
  }
  std::uint32_t operator()(std::uint32_t below) { return random_() % below; }
  std::uint64_t number() { return (std::uint64_t{random_()} << 32 | random_()) >> (random_() % 64); }

 private:
  std::mt19937 random_;
  std::vector<std::unique_ptr<std::string>> kept_;
};

RecordSource random_source(HostileTexts& random) {
  return {random.text(), random.text(), random.text()};
}

std::vector<MatchCount> random_matches(HostileTexts& random) {
  std::vector<MatchCount> out(random(3) == 0 ? random(40) : 0);
  for (MatchCount& each : out) {
    each = {random.text(), random.number(), random(2) == 0 ? "flag" : random.text(), random.text()};
  }
  return out;
}

std::vector<std::string> random_names(HostileTexts& random) {
  std::vector<std::string> out(random(3) == 0 ? random(40) : 0);
  for (std::string& each : out) each = random.text();
  return out;
}

ExchangeFacts random_facts(HostileTexts& random) {
  static constexpr std::array<std::string_view, 7> kMethods = {"GET",    "POST", "PUT",  "PATCH",
                                                               "DELETE", "HEAD", "TRACE"};
  ExchangeFacts facts;
  facts.exchange_uid = random(2) == 0 ? std::string_view("00112233445566778899aabbccddeeff") : random.text();
  facts.time = {static_cast<std::int64_t>(random.number())};
  facts.source = random_source(random);
  facts.method = random(3) == 0 ? random.text() : kMethods[random(kMethods.size())];
  facts.path = random.text();
  facts.stream = random(2) == 0;
  facts.request_size = random.number();
  facts.principal_uid = random.text();
  facts.principal_name = random.text();
  facts.principal_type = static_cast<PrincipalType>(random(5));
  facts.credential_uid = random.text();
  facts.operation = random.text();
  facts.model = random.text();
  facts.provider = random.text();
  facts.upstream = random.text();
  facts.authorizer = random.text();
  facts.policy_uid = random.text();
  facts.policy_version = random.text();
  if (random(2) == 0) facts.caller_address = filled(static_cast<unsigned char>(random(256)));
  for (PeerEvidence* each : {&facts.upstream_evidence, &facts.caller_evidence}) {
    if (random(2) == 0) *each = {random.text(), random.text(), random.text(), random.text()};
  }
  return facts;
}

std::vector<FieldCommitment> random_commitments(HostileTexts& random) {
  static constexpr std::array<std::string_view, 4> kFields = {kPromptField, kCompletionField, kCallerAddressField,
                                                              "f_2"};
  std::vector<FieldCommitment> out(random(20));
  for (FieldCommitment& each : out) {
    each.field = random(3) == 0 ? random.text() : kFields[random(kFields.size())];
    each.commitment = filled(static_cast<unsigned char>(random(256)));
  }
  return out;
}

std::string random_record(HostileTexts& random) {
  std::string record;
  const std::vector<MatchCount> matches = random_matches(random);
  ExchangeFacts facts = random_facts(random);
  facts.matches = matches;
  const std::vector<std::string> tools = random_names(random);
  const std::vector<std::string> data = random_names(random);
  facts.tools_offered = tools;
  switch (random(6)) {
    case 0:
      append_admission(record, facts, random_commitments(random));
      break;
    case 1: {
      const std::vector<FieldCommitment> commitments = random_commitments(random);
      Outcome outcome;
      outcome.admission_index = random.number();
      outcome.finish = static_cast<Finish>(random(7));
      outcome.http_status = static_cast<int>(random(700));
      outcome.error_code = random.text();
      outcome.limit = random.text();
      outcome.duration_ms = static_cast<std::int64_t>(random.number());
      outcome.response_size = random.number();
      if (random(2) == 0) outcome.prompt_tokens = random.number();
      if (random(2) == 0) outcome.completion_tokens = random.number();
      if (random(2) == 0) outcome.total_tokens = random.number();
      outcome.commitments = commitments;
      outcome.matches = matches;
      outcome.tools = tools;
      outcome.data = data;
      if (random(2) == 0) outcome.inspected = Inspected{random.number(), random.number(), random.number()};
      if (outcome.inspected && random(2) == 0) outcome.inspected->held = random.number();
      if (outcome.inspected) outcome.inspected->beyond = random(2) == 0;
      append_outcome(record, facts, outcome);
      break;
    }
    case 2: {
      Denial denial;
      denial.reason = static_cast<DenialReason>(random(7));
      denial.http_status = static_cast<int>(random(700));
      denial.error_code = random.text();
      denial.count = random.number();
      if (random(2) == 0) denial.first_time = UnixMillis{static_cast<std::int64_t>(random.number())};
      append_denial(record, facts, denial, random_commitments(random));
      break;
    }
    case 3: {
      Interruption interruption;
      interruption.exchange_uid = random.text();
      interruption.admission_index = random.number();
      interruption.time = {static_cast<std::int64_t>(random.number())};
      interruption.source = random_source(random);
      interruption.operation = random.text();
      append_interrupted(record, interruption);
      break;
    }
    case 4: {
      DictionaryKeyed keyed;
      keyed.request_uid = random.text();
      keyed.time = {static_cast<std::int64_t>(random.number())};
      keyed.source = random_source(random);
      keyed.dictionary = random.text();
      keyed.records = random.number();
      append_dictionary_keyed(record, keyed);
      break;
    }
    default: {
      const std::array fields = {random.text(), kPromptField, random.text()};
      Opened opened;
      opened.request_uid = random.text();
      opened.time = {static_cast<std::int64_t>(random.number())};
      opened.source = random_source(random);
      opened.principal_uid = random.text();
      opened.principal_name = random.text();
      opened.principal_type = static_cast<PrincipalType>(random(5));
      opened.opened_index = random.number();
      opened.opened_exchange_uid = random.text();
      opened.fields = fields;
      opened.reason = random.text();
      append_opened(record, opened);
      break;
    }
  }
  return record;
}

ExchangeFacts typical_facts() {
  ExchangeFacts facts;
  facts.exchange_uid = "00112233445566778899aabbccddeeff";
  facts.time = {1'780'000'000'123};
  facts.source = {"redoubt.example/ledger/t/clinic", "clinic", "0.1.0"};
  facts.method = "POST";
  facts.path = "/v1/chat/completions";
  facts.stream = true;
  facts.request_size = 412;
  facts.principal_uid = "svc-triage";
  facts.principal_name = "Triage assistant";
  facts.principal_type = PrincipalType::kService;
  facts.credential_uid = "key-7";
  facts.operation = "chat.completions";
  facts.model = "clinic-small";
  facts.provider = "internal";
  facts.upstream = "gpu-pool-1";
  facts.authorizer = "static-roles";
  facts.policy_uid = "triage-may-chat";
  facts.policy_version = "3";
  facts.caller_address = filled(0xab);
  facts.upstream_evidence = {.tier = "cpu-tee", .measurer = "platform", .identity = "sev-snp:22", .refused = {}};
  return facts;
}

// Reads one record; pointers are JSON pointers (RFC 6901).
class Parsed {
 public:
  explicit Parsed(const std::string& record) {
    const auto root = reader_.parse(record);
    EXPECT_TRUE(root) << root.error().message();
    if (root) root_ = *root;
  }
  std::string text(std::string_view pointer) const {
    std::string_view out;
    return root_.at_pointer(pointer).get(out) == simdjson::SUCCESS ? std::string(out) : "(none)";
  }
  std::int64_t number(std::string_view pointer) const {
    std::int64_t out = -1;
    return root_.at_pointer(pointer).get(out) == simdjson::SUCCESS ? out : -1;
  }
  bool has(std::string_view pointer) const { return root_.at_pointer(pointer).error() == simdjson::SUCCESS; }

 private:
  encoding::JsonReader reader_;
  simdjson::dom::element root_;
};

class RecordSchema : public testing::Test {
 protected:
  void SetUp() override {
    auto loaded = OcsfValidator::load(test::ocsf_schema_path());
    if (!loaded && loaded.error().code() == Errc::kNotFound) GTEST_SKIP() << "no OCSF schema in the test data";
    ASSERT_TRUE(loaded) << loaded.error().message();
    validator_.emplace(std::move(*loaded));
  }
  void expect_valid(const std::string& record) const {
    EXPECT_EQ(test::to_string(validator_->validate(record)), "") << record;
  }
  std::optional<OcsfValidator> validator_;
};

TEST_F(RecordSchema, HoldsForTypicalRecords) {
  const std::array matches = {MatchCount{"credit_card", 2, "tokenise"}, MatchCount{"jwt", 1, "flag"}};
  ExchangeFacts facts = typical_facts();
  facts.matches = matches;
  const std::array prompt = {FieldCommitment{kPromptField, filled(1)}};
  std::string record;
  append_admission(record, facts, prompt);
  expect_valid(record);

  for (int finish = 0; finish < 7; ++finish) {
    record.clear();
    Outcome outcome;
    outcome.finish = static_cast<Finish>(finish);
    outcome.http_status = 200;
    outcome.prompt_tokens = 10;
    outcome.limit = "everyone";  // of kLimitReached and kReleaseDenied alone
    outcome.matches = matches;
    outcome.inspected = Inspected{.scanned = 10, .released = 10, .held = 5, .beyond = true};
    append_outcome(record, facts, outcome);
    expect_valid(record);
    EXPECT_EQ(Parsed(record).has("/authorizations"),
              outcome.finish == Finish::kLimitReached || outcome.finish == Finish::kReleaseDenied);
  }
  for (int reason = 0; reason < 7; ++reason) {
    record.clear();
    append_denial(record, facts, {static_cast<DenialReason>(reason), 403, "no", 3, UnixMillis{5}});
    expect_valid(record);
  }
}

TEST_F(RecordSchema, HoldsForEmptyFacts) {
  std::string record;
  append_admission(record, {}, {});
  expect_valid(record);
  record.clear();
  append_outcome(record, {}, {});
  expect_valid(record);
  record.clear();
  append_denial(record, {}, {});
  expect_valid(record);
  record.clear();
  append_interrupted(record, {});
  expect_valid(record);
  record.clear();
  append_opened(record, {});
  expect_valid(record);
  record.clear();
  append_dictionary_keyed(record, {});
  expect_valid(record);
  record.clear();
  ASSERT_TRUE(append_signer_attested(record, {}));
  expect_valid(record);
}

TEST_F(RecordSchema, HoldsForHostileFacts) {
  const std::uint32_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  HostileTexts random(seed);
  for (int round = 0; round < 400 && !HasFailure(); ++round) {
    const std::string record = random_record(random);
    expect_valid(record);
    EXPECT_LE(record.size(), kRecordSizeMax);
    EXPECT_TRUE(encoding::is_utf8(record));
    EXPECT_EQ(record.find('\n'), std::string::npos);
    EXPECT_TRUE(summarize(as_bytes(record)));
  }
}

TEST(Record, SaysWhatAPeerHasProvenWhereItWasAsked) {
  ExchangeFacts facts = typical_facts();
  facts.caller_evidence = {.tier = "tpm", .measurer = "self", .identity = {}, .refused = {}};
  std::string record;
  append_admission(record, facts, {});
  const Parsed admission(record);
  EXPECT_EQ(admission.text("/unmapped/redoubt/upstream_evidence/tier"), "cpu-tee");
  EXPECT_EQ(admission.text("/unmapped/redoubt/upstream_evidence/measurer"), "platform");
  EXPECT_EQ(admission.text("/unmapped/redoubt/upstream_evidence/identity"), "sev-snp:22");
  EXPECT_EQ(admission.text("/unmapped/redoubt/caller_evidence/tier"), "tpm");
  EXPECT_FALSE(admission.has("/unmapped/redoubt/caller_evidence/identity"));
  facts.upstream_evidence = {.tier = {}, .measurer = {}, .identity = {}, .refused = "the bundle is another"};
  facts.caller_evidence = {};
  record.clear();
  append_denial(record, facts, {DenialReason::kUnavailable, 502, "upstream_not_attested"});
  const Parsed denial(record);
  EXPECT_EQ(denial.text("/unmapped/redoubt/upstream_evidence/refused"), "the bundle is another");
  EXPECT_FALSE(denial.has("/unmapped/redoubt/upstream_evidence/tier"));
  EXPECT_FALSE(denial.has("/unmapped/redoubt/caller_evidence"));
}

TEST(Record, OfTheLargestFactsFits) {
  // Every text at least as long as its limit and made of what grows most in JSON.
  const std::string huge(100'000, '\x01');
  std::vector<std::string> names;
  for (int i = 0; i < 40; ++i) names.push_back("f" + std::to_string(10 + i) + std::string(61, 'x'));
  std::vector<FieldCommitment> commitments;
  for (const std::string& name : names) commitments.push_back({name, filled(1)});
  ExchangeFacts facts;
  facts.time = {INT64_MIN};
  facts.source = {huge, huge, huge};
  facts.exchange_uid = facts.method = facts.path = facts.principal_uid = facts.principal_name = huge;
  facts.credential_uid = facts.operation = facts.model = facts.provider = facts.upstream = huge;
  facts.authorizer = facts.policy_uid = facts.policy_version = huge;
  facts.upstream_evidence = {huge, huge, huge, huge};
  facts.caller_evidence = {.tier = {}, .measurer = {}, .identity = {}, .refused = huge};
  facts.request_size = UINT64_MAX;
  facts.caller_address = filled(2);
  const std::vector<MatchCount> matches(kMatchesMax + 1, MatchCount{huge, UINT64_MAX, huge, huge});
  facts.matches = matches;
  const std::vector<std::string> tools(kNamesMax + 1, std::string(huge));
  facts.tools_offered = tools;
  Outcome outcome;
  outcome.admission_index = UINT64_MAX;
  outcome.finish = Finish::kLimitReached;
  outcome.http_status = INT32_MIN;
  outcome.error_code = outcome.limit = huge;
  outcome.duration_ms = INT64_MAX;
  outcome.response_size = UINT64_MAX;
  outcome.prompt_tokens = outcome.completion_tokens = outcome.total_tokens = UINT64_MAX;
  outcome.commitments = commitments;
  outcome.matches = matches;
  outcome.tools = outcome.data = tools;
  const std::vector<std::uint64_t> rows(kNamesMax + 1, UINT64_MAX);
  outcome.rows = rows;
  outcome.inspected = Inspected{UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, true};

  std::string record;
  append_admission(record, facts, commitments);
  EXPECT_LE(record.size(), kRecordSizeMax);
  EXPECT_TRUE(Parsed(record).has("/metadata/is_truncated"));
  record.clear();
  append_outcome(record, facts, outcome);
  EXPECT_LE(record.size(), kRecordSizeMax);
  record.clear();
  append_denial(record, facts, {DenialReason::kAuthorization, INT32_MIN, huge, UINT64_MAX, UnixMillis{INT64_MIN}},
                commitments);
  EXPECT_LE(record.size(), kRecordSizeMax);
  record.clear();
  const std::vector<std::string_view> fields(names.begin(), names.end());
  append_opened(record, {huge, {}, facts.source, huge, huge, {}, 0, huge, fields, huge});
  EXPECT_LE(record.size(), kRecordSizeMax);
}

TEST(Record, OfTypicalFactsIsOneLineOfAboutOneAndAHalfKilobytes) {
  std::string record = "before";
  append_admission(record, typical_facts(), std::array{FieldCommitment{kPromptField, filled(1)}});
  EXPECT_TRUE(record.starts_with("before{"));
  EXPECT_LE(record.size(), 1800U);
  EXPECT_EQ(record.find('\n'), std::string::npos);
}

TEST(Record, AdmissionSaysWhoMayDoWhat) {
  std::string record;
  append_admission(record, typical_facts(), std::array{FieldCommitment{kPromptField, filled(1)}});
  const Parsed parsed(record);
  EXPECT_EQ(parsed.number("/class_uid"), 6003);
  EXPECT_EQ(parsed.number("/type_uid"), 600301);
  EXPECT_EQ(parsed.number("/time"), 1'780'000'000'123);
  EXPECT_EQ(parsed.text("/metadata/version"), "1.8.0");
  EXPECT_EQ(parsed.text("/metadata/uid"), "00112233445566778899aabbccddeeff.admission");
  EXPECT_EQ(parsed.text("/metadata/correlation_uid"), "00112233445566778899aabbccddeeff");
  EXPECT_EQ(parsed.text("/metadata/log_name"), "redoubt.example/ledger/t/clinic");
  EXPECT_EQ(parsed.text("/metadata/tenant_uid"), "clinic");
  EXPECT_EQ(parsed.text("/metadata/product/version"), "0.1.0");
  EXPECT_FALSE(parsed.has("/metadata/is_truncated"));
  EXPECT_EQ(parsed.text("/actor/user/uid"), "svc-triage");
  EXPECT_EQ(parsed.text("/actor/user/type"), "Service");
  EXPECT_EQ(parsed.text("/actor/user/credential_uid"), "key-7");
  EXPECT_EQ(parsed.text("/api/operation"), "chat.completions");
  EXPECT_EQ(parsed.text("/api/request/uid"), "00112233445566778899aabbccddeeff");
  EXPECT_EQ(parsed.text("/ai_model/name"), "clinic-small");
  EXPECT_EQ(parsed.text("/ai_model/ai_provider"), "internal");
  EXPECT_EQ(parsed.text("/dst_endpoint/svc_name"), "gpu-pool-1");
  EXPECT_EQ(parsed.text("/http_request/url/path"), "/v1/chat/completions");
  EXPECT_EQ(parsed.number("/http_request/body_length"), 412);
  EXPECT_EQ(parsed.text("/action"), "Allowed");
  EXPECT_EQ(parsed.text("/authorizations/0/decision"), "permit");
  EXPECT_EQ(parsed.text("/authorizations/0/policy/uid"), "triage-may-chat");
  EXPECT_EQ(parsed.text("/unmapped/redoubt/stage"), "admission");
  EXPECT_EQ(parsed.text("/unmapped/redoubt/commitments/prompt"), encoding::hex(filled(1)));
  EXPECT_EQ(parsed.text("/unmapped/redoubt/commitments/caller_address"), encoding::hex(filled(0xab)));
  EXPECT_EQ(parsed.text("/src_endpoint/uid"), encoding::hex(filled(0xab)));
}

TEST(Record, OutcomeSaysHowItEnded) {
  std::string record;
  Outcome outcome;
  outcome.admission_index = 41;
  outcome.http_status = 200;
  outcome.duration_ms = 95;
  outcome.response_size = 900;
  outcome.prompt_tokens = 12;
  outcome.completion_tokens = 5'000'000'000;
  const std::array completion = {FieldCommitment{kCompletionField, filled(3)}};
  outcome.commitments = completion;
  append_outcome(record, typical_facts(), outcome);
  const Parsed parsed(record);
  EXPECT_EQ(parsed.text("/status"), "Success");
  EXPECT_EQ(parsed.text("/status_detail"), "completed");
  EXPECT_EQ(parsed.number("/duration"), 95);
  EXPECT_EQ(parsed.number("/http_response/code"), 200);
  EXPECT_EQ(parsed.number("/message_context/prompt_tokens"), 12);
  EXPECT_EQ(parsed.number("/message_context/completion_tokens"), 2'147'483'647);
  EXPECT_FALSE(parsed.has("/message_context/total_tokens"));
  EXPECT_EQ(parsed.number("/unmapped/redoubt/admission_index"), 41);
  EXPECT_EQ(parsed.text("/unmapped/redoubt/commitments/completion"), encoding::hex(filled(3)));
  // The address was committed to by the admission; its opening is there.
  EXPECT_FALSE(parsed.has("/unmapped/redoubt/commitments/caller_address"));
  EXPECT_EQ(parsed.text("/src_endpoint/uid"), encoding::hex(filled(0xab)));
}

TEST(Record, OutcomeAtALimitNamesIt) {
  std::string record;
  append_outcome(record, typical_facts(), {.finish = Finish::kLimitReached, .http_status = 200, .limit = "everyone"});
  const Parsed json(record);
  EXPECT_EQ(json.text("/status_detail"), "limit_reached");
  EXPECT_EQ(json.text("/status"), "Failure");
  EXPECT_EQ(json.text("/action"), "Denied");
  EXPECT_EQ(json.text("/authorizations/0/decision"), "deny");
  EXPECT_EQ(json.text("/authorizations/0/policy/name"), "limits");
  EXPECT_EQ(json.text("/authorizations/0/policy/uid"), "everyone");
}

TEST(Record, OutcomeThatAResponseEndedNamesIt) {
  std::string record;
  append_outcome(record, typical_facts(), {.finish = Finish::kReleaseDenied, .limit = "0123456789abcdef"});
  const Parsed json(record);
  EXPECT_EQ(json.text("/authorizations/0/decision"), "deny");
  EXPECT_EQ(json.text("/authorizations/0/policy/name"), "response");
  EXPECT_EQ(json.text("/authorizations/0/policy/uid"), "0123456789abcdef");
}

TEST(Record, OutcomeIsASuccessOnlyWhenCompletedWithoutError) {
  const auto status = [](Finish finish, int http_status) {
    Outcome outcome;
    outcome.finish = finish;
    outcome.http_status = http_status;
    std::string record;
    append_outcome(record, typical_facts(), outcome);
    return Parsed(record).text("/status");
  };
  EXPECT_EQ(status(Finish::kCompleted, 200), "Success");
  EXPECT_EQ(status(Finish::kCompleted, 399), "Success");
  EXPECT_EQ(status(Finish::kCompleted, 400), "Failure");
  EXPECT_EQ(status(Finish::kCompleted, 0), "Failure");
  EXPECT_EQ(status(Finish::kClientGone, 200), "Failure");
  EXPECT_EQ(status(Finish::kUpstreamFailed, 200), "Failure");
  EXPECT_EQ(status(Finish::kAborted, 200), "Failure");
}

TEST(Record, DenialOfAStrangerNamesNobodyAndNoPolicy) {
  ExchangeFacts facts = typical_facts();
  facts.principal_uid = {};
  facts.principal_name = "claimed name";
  facts.authorizer = facts.policy_uid = facts.policy_version = {};
  std::string record;
  append_denial(record, facts, {DenialReason::kAuthentication, 401, "invalid_api_key", 12, UnixMillis{100}});
  const Parsed parsed(record);
  EXPECT_FALSE(parsed.has("/actor/user/uid"));
  EXPECT_EQ(parsed.text("/actor/user/name"), "unauthenticated");
  EXPECT_FALSE(parsed.has("/authorizations"));
  EXPECT_EQ(parsed.text("/action"), "Denied");
  EXPECT_EQ(parsed.text("/disposition"), "Unauthorized");
  EXPECT_EQ(parsed.text("/unmapped/redoubt/reason"), "authentication");
  EXPECT_EQ(parsed.text("/api/response/error"), "invalid_api_key");
  EXPECT_EQ(parsed.number("/count"), 12);
  EXPECT_EQ(parsed.number("/start_time"), 100);
  EXPECT_EQ(record.find("claimed name"), std::string::npos);
}

TEST(Record, DenialOfSeveralSourcesSaysHowMany) {
  ExchangeFacts facts = typical_facts();
  facts.caller_address.reset();
  for (const std::uint64_t sources : {0U, 1U, 2U, 4711U}) {
    std::string record;
    append_denial(record, facts,
                  {DenialReason::kAuthentication, 401, "invalid_api_key", 9000, UnixMillis{100}, sources});
    EXPECT_EQ(record.find("\"sources\":" + std::to_string(sources)) != std::string::npos, sources > 1) << record;
  }
}

TEST(Record, DenialByPolicyNamesThePolicy) {
  std::string record;
  append_denial(record, typical_facts(), {DenialReason::kAuthorization, 403, "forbidden", 1, std::nullopt});
  const Parsed parsed(record);
  EXPECT_EQ(parsed.text("/authorizations/0/decision"), "deny");
  EXPECT_EQ(parsed.text("/authorizations/0/policy/uid"), "triage-may-chat");
  EXPECT_FALSE(parsed.has("/count"));
}

TEST(Record, OfADictionaryThatWasKeyedNamesItAndHowManyRecordsItHas) {
  std::string record;
  append_dictionary_keyed(record,
                          {.request_uid = "ffeeddccbbaa99887766554433221100", .dictionary = "patients", .records = 3});
  const Parsed parsed(record);
  EXPECT_EQ(parsed.text("/unmapped/redoubt/dictionary"), "patients");
  EXPECT_EQ(parsed.number("/unmapped/redoubt/records"), 3);
  EXPECT_EQ(parsed.text("/unmapped/redoubt/reason"), "inspection");
  EXPECT_EQ(parsed.text("/api/operation"), "dictionary.key");
  EXPECT_EQ(parsed.text("/actor/user/uid"), "redoubt-gateway");
  EXPECT_FALSE(parsed.has("/unmapped/redoubt/opened_index"));
}

TEST(Record, OfASignersEvidenceIsReadAsItWasWrittenAndIsNotCut) {
  const std::string evidence = R"({"sender":"server","evidence":{"a":[1,2]}})";
  std::string record = "before";
  const auto attested = [&](std::string_view text) {
    return append_signer_attested(record, {.request_uid = "ffeeddccbbaa99887766554433221100",
                                           .time = {5},
                                           .source = typical_facts().source,
                                           .signer = "example.org/log+1234abcd+AAAA",
                                           .attester = "sha256:00ff",
                                           .evidence = text});
  };
  EXPECT_EQ(attested("\"" + std::string(kRecordSizeMax, 'x') + "\"").error().code(), Errc::kTooLarge);
  EXPECT_EQ(record, "before");
  record.clear();
  ASSERT_TRUE(attested(evidence));
  const auto read = read_signer_attested(as_bytes(record));
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->time.value, 5);
  EXPECT_EQ(read->signer, "example.org/log+1234abcd+AAAA");
  EXPECT_EQ(read->attester, "sha256:00ff");
  EXPECT_EQ(read->evidence, evidence);
  EXPECT_EQ(Parsed(record).text("/api/operation"), "ledger.attest");
  // What is something else, or lacks something.
  EXPECT_EQ(read_signer_attested(as_bytes("{}")).error().code(), Errc::kMalformed);
  std::string opened;
  append_opened(opened, {});
  EXPECT_EQ(read_signer_attested(as_bytes(opened)).error().code(), Errc::kMalformed);
  for (const std::string_view member : {"signer", "attester", "evidence"}) {
    std::string other = record;
    other.replace(other.find("\"" + std::string(member) + "\":") + 1, 1, "x");
    EXPECT_EQ(read_signer_attested(as_bytes(other)).error().code(), Errc::kMalformed) << member;
  }
  EXPECT_EQ(read_signer_attested(Bytes(kRecordSizeMax + 1)).error().code(), Errc::kTooLarge);
}

TEST(Record, OpenedNamesWhoWhatAndWhy) {
  const std::array fields = {kPromptField, std::string_view("Not A Field"), kCompletionField};
  std::string record;
  append_opened(record, {"ffeeddccbbaa99887766554433221100",
                         {5},
                         typical_facts().source,
                         "auditor-2",
                         "",
                         {},
                         41,
                         "00112233445566778899aabbccddeeff",
                         fields,
                         "complaint 7 of 2026"});
  const Parsed parsed(record);
  EXPECT_EQ(parsed.text("/activity_name"), "Read");
  EXPECT_EQ(parsed.text("/api/operation"), "ledger.open");
  EXPECT_EQ(parsed.text("/actor/user/uid"), "auditor-2");
  EXPECT_EQ(parsed.number("/unmapped/redoubt/opened_index"), 41);
  EXPECT_EQ(parsed.text("/unmapped/redoubt/fields/0"), "prompt");
  EXPECT_EQ(parsed.text("/unmapped/redoubt/fields/1"), "completion");
  EXPECT_EQ(parsed.text("/unmapped/redoubt/reason"), "complaint 7 of 2026");
  EXPECT_EQ(parsed.text("/metadata/correlation_uid"), "00112233445566778899aabbccddeeff");
}

constexpr std::array kFound = {MatchCount{"credit_card", 2, "tokenise"}, MatchCount{"email_address", 1, "flag"}};

TEST(Record, SaysWhatInspectionFoundInTheRequest) {
  ExchangeFacts facts = typical_facts();
  facts.matches = kFound;
  std::string admission;
  append_admission(admission, facts, {});
  std::string denial;
  append_denial(denial, facts, {DenialReason::kContent, 403, "content", 1, std::nullopt});
  for (const std::string& record : {admission, denial}) {
    const Parsed parsed(record);
    EXPECT_EQ(parsed.text("/unmapped/redoubt/matches/0/kind"), "credit_card");
    EXPECT_EQ(parsed.number("/unmapped/redoubt/matches/0/count"), 2);
    EXPECT_EQ(parsed.text("/unmapped/redoubt/matches/0/action"), "tokenise");
    EXPECT_EQ(parsed.text("/unmapped/redoubt/matches/1/kind"), "email_address");
    EXPECT_EQ(parsed.text("/unmapped/redoubt/matches/1/action"), "flag");
    EXPECT_FALSE(parsed.has("/unmapped/redoubt/matches/2"));
    EXPECT_FALSE(parsed.has("/metadata/is_truncated"));
  }
}

TEST(Record, SaysWhoSaidWhatWasFound) {
  ExchangeFacts facts = typical_facts();
  const std::array found = {MatchCount{"prompt_injection", 1, "flag", "tool"}, MatchCount{"jwt", 1, "none", "a\"b"}};
  facts.matches = found;
  std::string record;
  append_admission(record, facts, {});
  const Parsed parsed(record);
  EXPECT_EQ(parsed.text("/unmapped/redoubt/matches/0/where"), "tool");
  EXPECT_EQ(parsed.text("/unmapped/redoubt/matches/1/where"), "a_b");
}

TEST(Record, NamesToolsAndDataSets) {
  const std::vector<std::string> offered = {"crm_lookup", "mail/send:now"};
  const std::vector<std::string> called = {"a\"b\n\xc3\xa9"};
  const std::vector<std::string> data = {"vs_1", "labs"};
  ExchangeFacts facts = typical_facts();
  facts.tools_offered = offered;
  std::string admission;
  append_admission(admission, facts, {});
  std::string denial;
  append_denial(denial, facts, {DenialReason::kContent, 403, "content", 1, std::nullopt});
  for (const std::string& record : {admission, denial}) {
    const Parsed parsed(record);
    EXPECT_EQ(parsed.text("/unmapped/redoubt/tools_offered/0"), "crm_lookup");
    EXPECT_EQ(parsed.text("/unmapped/redoubt/tools_offered/1"), "mail/send:now");
    EXPECT_FALSE(parsed.has("/unmapped/redoubt/tools")) << "nothing was called";
    EXPECT_FALSE(parsed.has("/metadata/is_truncated"));
  }
  std::string outcome;
  append_outcome(outcome, facts, {.finish = Finish::kCompleted, .tools = called, .data = data});
  const Parsed parsed(outcome);
  EXPECT_FALSE(parsed.has("/unmapped/redoubt/tools_offered"));
  EXPECT_EQ(parsed.text("/unmapped/redoubt/tools/0"), "a_b___");
  EXPECT_EQ(parsed.text("/unmapped/redoubt/data/0/name"), "vs_1");
  EXPECT_EQ(parsed.text("/unmapped/redoubt/data/1/name"), "labs");
  EXPECT_FALSE(parsed.has("/unmapped/redoubt/data/2"));
  EXPECT_FALSE(parsed.has("/unmapped/redoubt/data/0/rows")) << "nobody counted them";
}

TEST(Record, SaysHowManyRowsOfADataSetThereWere) {
  const std::vector<std::string> data = {"crm_lookup", "empty", "vs_1"};
  const std::vector<std::uint64_t> rows = {6000, 0};
  std::string record;
  append_outcome(record, typical_facts(), {.data = data, .rows = rows});
  EXPECT_NE(record.find(R"("data":[{"name":"crm_lookup","rows":6000},{"name":"empty","rows":0},{"name":"vs_1"}])"),
            std::string::npos)
      << record;
  // Of more than there are names of, none; and as many as an integer of OCSF holds.
  const std::vector<std::uint64_t> most(kNamesMax + 9, UINT64_MAX);
  record.clear();
  append_outcome(record, typical_facts(), {.data = data, .rows = most});
  EXPECT_NE(record.find(R"({"name":"vs_1","rows":2147483647}])"), std::string::npos) << record;
}

TEST(Record, SaysWhenNamesAreMissingOrCut) {
  const auto is_cut = [](const std::vector<std::string>& tools) {
    std::string record;
    append_outcome(record, typical_facts(), {.finish = Finish::kCompleted, .tools = tools});
    const Parsed parsed(record);
    EXPECT_FALSE(parsed.has("/unmapped/redoubt/tools/" + std::to_string(kNamesMax)));
    return parsed.has("/metadata/is_truncated");
  };
  EXPECT_FALSE(is_cut(std::vector<std::string>(kNamesMax, std::string(kToolNameSizeMax, 'x'))));
  EXPECT_TRUE(is_cut(std::vector<std::string>(kNamesMax + 1, "x")));
  EXPECT_TRUE(is_cut({std::string(kToolNameSizeMax + 1, 'x')}));
}

TEST(Record, OutcomeSaysWhatInspectionFoundInTheAnswerAlone) {
  ExchangeFacts facts = typical_facts();
  facts.matches = kFound;
  const std::array in_answer = {MatchCount{"jwt", 1, "block"}};
  Outcome outcome;
  outcome.matches = in_answer;
  outcome.inspected = Inspected{900, 700, 200};
  std::string record;
  append_outcome(record, facts, outcome);
  const Parsed parsed(record);
  EXPECT_EQ(parsed.text("/unmapped/redoubt/matches/0/kind"), "jwt");
  EXPECT_FALSE(parsed.has("/unmapped/redoubt/matches/1"));
  EXPECT_EQ(parsed.number("/unmapped/redoubt/inspected/scanned"), 900);
  EXPECT_EQ(parsed.number("/unmapped/redoubt/inspected/released"), 700);
  EXPECT_EQ(parsed.number("/unmapped/redoubt/inspected/withheld"), 200);
  EXPECT_FALSE(parsed.has("/unmapped/redoubt/inspected/held")) << "it was no stream";
  EXPECT_EQ(parsed.text("/severity"), "Informational");
}

TEST(Record, OfAStreamSaysHowLongTextWasHeldBack) {
  Outcome outcome;
  outcome.inspected = Inspected{.scanned = 9, .released = 9, .held = 658};
  for (const bool beyond : {false, true}) {
    outcome.inspected->beyond = beyond;
    std::string record;
    append_outcome(record, typical_facts(), outcome);
    EXPECT_EQ(Parsed(record).number("/unmapped/redoubt/inspected/held"), 658);
    EXPECT_NE(record.find(beyond ? R"("held":658,"beyond":true})" : R"("held":658,"beyond":false})"),
              std::string::npos);
  }
}

TEST(Record, WithoutInspectionSaysNothingOfIt) {
  std::string record;
  append_admission(record, typical_facts(), {});
  append_outcome(record, typical_facts(), {});
  EXPECT_EQ(record.find("matches"), std::string::npos);
  EXPECT_EQ(record.find("inspected"), std::string::npos);
}

TEST(Record, WithSomethingFlaggedIsOfMediumSeverity) {
  std::vector<MatchCount> matches(kMatchesMax, MatchCount{"jwt", 1, "redact"});
  const auto severities = [&] {
    ExchangeFacts facts = typical_facts();
    facts.matches = matches;
    std::array<std::string, 3> records;
    append_admission(records[0], facts, {});
    append_outcome(records[1], typical_facts(), {.finish = Finish::kReleaseDenied, .matches = matches});
    append_denial(records[2], facts, {});
    std::string out;
    for (const std::string& record : records) out += Parsed(record).text("/severity") + " ";
    return out;
  };
  EXPECT_EQ(severities(), "Informational Low Low ");
  matches.push_back({"gibberish", 1, "flag"});  // beyond those that are written
  EXPECT_EQ(severities(), "Medium Medium Medium ");
}

TEST(Record, HoldsABoundedNumberOfMatchesAndSaysSo) {
  const std::vector<MatchCount> matches(kMatchesMax + 1, MatchCount{"jwt", 1, "redact"});
  ExchangeFacts facts = typical_facts();
  for (const std::size_t count : {kMatchesMax, kMatchesMax + 1}) {
    facts.matches = std::span(matches).first(count);
    std::string record;
    append_admission(record, facts, {});
    const Parsed parsed(record);
    EXPECT_TRUE(parsed.has("/unmapped/redoubt/matches/31"));
    EXPECT_FALSE(parsed.has("/unmapped/redoubt/matches/32"));
    EXPECT_EQ(parsed.has("/metadata/is_truncated"), count > kMatchesMax);
  }
}

TEST(Record, WritesKindsOfMatchesAsPlainWords) {
  const std::string longer(kLabelSizeMax + 1, 'k');
  const std::array matches = {MatchCount{"a\"b\\c\n\xff", 1, "flag"}, MatchCount{longer, 1, "none"}};
  ExchangeFacts facts = typical_facts();
  facts.matches = matches;
  std::string record;
  append_admission(record, facts, {});
  const Parsed parsed(record);
  EXPECT_EQ(parsed.text("/unmapped/redoubt/matches/0/kind"), "a_b_c__");
  EXPECT_EQ(parsed.text("/unmapped/redoubt/matches/1/kind"), longer.substr(0, kLabelSizeMax));
  EXPECT_TRUE(parsed.has("/metadata/is_truncated"));
}

TEST(Record, CutsLongTextBetweenCharactersAndSaysSo) {
  ExchangeFacts facts = typical_facts();
  const std::string model = "x" + [] {
    std::string faces;
    for (int i = 0; i < 64; ++i) faces += "\xf0\x9f\x99\x82";
    return faces;
  }();
  ASSERT_EQ(model.size(), 257U);
  facts.model = model;
  std::string record;
  append_admission(record, facts, {});
  const Parsed parsed(record);
  EXPECT_EQ(parsed.text("/ai_model/name"), model.substr(0, 253));
  EXPECT_TRUE(parsed.has("/metadata/is_truncated"));
}

TEST(Record, KeepsTextOfExactlyTheLimit) {
  ExchangeFacts facts = typical_facts();
  const std::string path = "/" + std::string(kPathSizeMax - 1, 'p');
  facts.path = path;
  std::string record;
  append_admission(record, facts, {});
  EXPECT_EQ(Parsed(record).text("/http_request/url/path"), path);
  EXPECT_FALSE(Parsed(record).has("/metadata/is_truncated"));
}

TEST(Record, NeverHoldsAQuery) {
  ExchangeFacts facts = typical_facts();
  facts.path = "/v1/models?token=s3cret";
  std::string record;
  append_admission(record, facts, {});
  EXPECT_EQ(record.find("s3cret"), std::string::npos);
  EXPECT_EQ(Parsed(record).text("/http_request/url/path"), "/v1/models");
}

TEST(Record, KeepsAMethodThatOcsfDoesNotListOutsideItsAttributes) {
  ExchangeFacts facts = typical_facts();
  facts.method = "BREW";
  std::string record;
  append_denial(record, facts, {});
  const Parsed parsed(record);
  EXPECT_FALSE(parsed.has("/http_request/http_method"));
  EXPECT_EQ(parsed.text("/unmapped/redoubt/http_method"), "BREW");
  EXPECT_EQ(parsed.number("/activity_id"), 99);
}

TEST(Record, EscapesAByteWhereverItStands) {
  for (std::size_t size = 1; size <= 25; ++size) {
    for (std::size_t at = 0; at < size; ++at) {
      for (const char c : {'\0', '\x1f', ' ', '!', '"', '#', '[', '\\', ']', '\x7f', '\x80', '\xff'}) {
        std::string model(size, 'm');
        model[at] = c;
        ExchangeFacts facts = typical_facts();
        facts.model = model;
        std::string record;
        append_admission(record, facts, {});
        std::string wanted = R"(,"name":)";
        encoding::append_json_string(wanted, model);
        ASSERT_NE(record.find(wanted + "}"), std::string::npos) << wanted;
      }
    }
  }
}

TEST(Record, ReplacesBytesThatAreNotUtf8) {
  ExchangeFacts facts = typical_facts();
  facts.model = "m\xff\"";
  std::string record;
  append_admission(record, facts, {});
  EXPECT_EQ(Parsed(record).text("/ai_model/name"), "m\xef\xbf\xbd\"");
}

TEST(Record, WritesEachCommitmentOnce) {
  const std::array commitments = {FieldCommitment{kPromptField, filled(1)}, FieldCommitment{kPromptField, filled(2)},
                                  FieldCommitment{kCallerAddressField, filled(3)}};
  std::string record;
  append_admission(record, typical_facts(), commitments);
  const Parsed parsed(record);  // the reader refuses duplicate names
  EXPECT_EQ(parsed.text("/unmapped/redoubt/commitments/prompt"), encoding::hex(filled(1)));
  EXPECT_EQ(parsed.text("/unmapped/redoubt/commitments/caller_address"), encoding::hex(filled(0xab)));
}

}  // namespace
}  // namespace redoubt::record
