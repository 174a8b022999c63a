#include "record/describe.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "record/dictionary_record.h"
#include "record/exchange_record.h"

namespace redoubt::record {
namespace {

Salt salt_of(unsigned char c) {
  Salt salt;
  salt.fill(static_cast<std::byte>(c));
  return salt;
}

ExchangeFacts facts() {
  ExchangeFacts facts;
  facts.exchange_uid = "00112233445566778899aabbccddeeff";
  facts.time = {1'780'000'000'007};
  facts.source = {"redoubt.example/ledger/t/clinic", "clinic", "0.1.0"};
  facts.method = "POST";
  facts.path = "/v1/chat/completions";
  facts.stream = true;
  facts.request_size = 11;
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
  return facts;
}

std::string admission(std::string_view prompt) {
  std::string record;
  const std::array commitments = {FieldCommitment{kPromptField, commit(salt_of(1), kPromptField, as_bytes(prompt))}};
  append_admission(record, facts(), commitments);
  return record;
}

std::string described(std::string_view record, const Opening* opening = nullptr) {
  const Result<std::string> text = describe(as_bytes(record), opening);
  EXPECT_TRUE(text) << text.error().message();
  return text ? *text : std::string();
}

TEST(Describe, Admission) {
  EXPECT_EQ(described(admission("hello")),
            "record        admission\n"
            "time          2026-05-28T20:26:40.007Z\n"
            "exchange      00112233445566778899aabbccddeeff\n"
            "log           redoubt.example/ledger/t/clinic\n"
            "tenant        clinic\n"
            "principal     svc-triage (Triage assistant), Service, credential key-7\n"
            "request       POST /v1/chat/completions, 11 bytes, streamed\n"
            "operation     chat.completions\n"
            "model         clinic-small of internal\n"
            "upstream      gpu-pool-1\n"
            "decision      permit by static-roles, policy triage-may-chat, version 3\n"
            "commitment    prompt 93fc2a5be168b827d3ce03809d466ab6ff43861a8e4aab1a9175d1f5e4055f62\n");
}

TEST(Describe, Outcome) {
  Outcome outcome;
  outcome.admission_index = 41;
  outcome.finish = Finish::kClientGone;
  outcome.http_status = 200;
  outcome.duration_ms = 95;
  outcome.response_size = 900;
  outcome.prompt_tokens = 12;
  outcome.total_tokens = 20;
  std::string record;
  append_outcome(record, facts(), outcome);
  EXPECT_EQ(described(record),
            "record        outcome\n"
            "time          2026-05-28T20:26:40.007Z\n"
            "exchange      00112233445566778899aabbccddeeff\n"
            "log           redoubt.example/ledger/t/clinic\n"
            "tenant        clinic\n"
            "principal     svc-triage (Triage assistant), Service, credential key-7\n"
            "request       POST /v1/chat/completions, 11 bytes, streamed\n"
            "operation     chat.completions\n"
            "model         clinic-small of internal\n"
            "upstream      gpu-pool-1\n"
            "result        client_gone, HTTP 200, 95 ms, 900 bytes\n"
            "tokens        12 prompt, 20 in all\n"
            "admission     entry 41\n");
}

TEST(Describe, ToolsAndDataSets) {
  const std::vector<std::string> tools = {"crm_lookup", "mail/send"};
  const std::vector<std::string> data = {"labs"};
  std::string record;
  append_outcome(record, facts(), {.tools = tools, .data = data});
  EXPECT_NE(described(record).find("\ntools called  crm_lookup, mail/send\ndata sets     labs\n"), std::string::npos)
      << described(record);
  const std::vector<std::uint64_t> rows = {300};
  record.clear();
  append_outcome(record, facts(), {.data = data, .rows = rows});
  EXPECT_NE(described(record).find("\ndata sets     labs (300 rows)\n"), std::string::npos) << described(record);
  ExchangeFacts offering = facts();
  offering.tools_offered = tools;
  record.clear();
  append_admission(record, offering, {});
  EXPECT_NE(described(record).find("\ntools offered crm_lookup, mail/send\n"), std::string::npos) << described(record);
}

TEST(Describe, WhatInspectionFound) {
  const std::array matches = {MatchCount{"credit_card", 2, "tokenise", "tool"}, MatchCount{"jwt", 1, "flag"}};
  Outcome outcome;
  outcome.matches = matches;
  outcome.inspected = Inspected{900, 700, 200};
  std::string record;
  append_outcome(record, facts(), outcome);
  EXPECT_NE(described(record).find("\nmatches       2 credit_card in tool (tokenise), 1 jwt (flag)\n"
                                   "inspected     900 bytes, 700 released, 200 withheld\n"),
            std::string::npos)
      << described(record);
  outcome.inspected->held = 658;
  record.clear();
  append_outcome(record, facts(), outcome);
  EXPECT_NE(described(record).find("200 withheld, 658 held back at most\n"), std::string::npos) << described(record);
  outcome.inspected->beyond = true;
  record.clear();
  append_outcome(record, facts(), outcome);
  EXPECT_NE(described(record).find("658 held back at most, more than declared\n"), std::string::npos);
  EXPECT_EQ(described(admission("hello")).find("matches"), std::string::npos);
}

TEST(Describe, Denial) {
  ExchangeFacts stranger;
  stranger.exchange_uid = "00112233445566778899aabbccddeeff";
  stranger.time = {1'780'000'000'007};
  stranger.method = "GET";
  stranger.path = "/v1/models";
  std::string record;
  append_denial(record, stranger, {DenialReason::kAuthentication, 401, "invalid_api_key", 3, UnixMillis{0}});
  EXPECT_EQ(described(record),
            "record        denial\n"
            "time          2026-05-28T20:26:40.007Z\n"
            "exchange      00112233445566778899aabbccddeeff\n"
            "principal     unauthenticated\n"
            "request       GET /v1/models\n"
            "operation     unknown\n"
            "result        denied, authentication, HTTP 401, invalid_api_key, 3 times\n"
            "since         1970-01-01T00:00:00.000Z\n");
}

TEST(Describe, Interrupted) {
  std::string record;
  append_interrupted(record, {"00112233445566778899aabbccddeeff", 41, {-1}, {}, "chat.completions"});
  EXPECT_EQ(described(record),
            "record        interrupted\n"
            "time          1969-12-31T23:59:59.999Z\n"
            "exchange      00112233445566778899aabbccddeeff\n"
            "by            redoubt\n"
            "operation     chat.completions\n"
            "result        interrupted\n"
            "admission     entry 41\n");
}

TEST(Describe, Opened) {
  const std::array fields = {kPromptField, kCompletionField};
  std::string record;
  append_opened(record, {"ffeeddccbbaa99887766554433221100",
                         {0},
                         {"o", "", ""},
                         "auditor-2",
                         "",
                         {},
                         41,
                         "00112233445566778899aabbccddeeff",
                         fields,
                         "complaint 7"});
  EXPECT_EQ(described(record),
            "record        opened\n"
            "time          1970-01-01T00:00:00.000Z\n"
            "exchange      00112233445566778899aabbccddeeff\n"
            "log           o\n"
            "principal     auditor-2\n"
            "operation     ledger.open\n"
            "opened        entry 41\n"
            "fields        prompt, completion\n"
            "reason        complaint 7\n");
}

// The lines after the record's own.
std::string opened_part(std::string_view record, const Opening& opening) {
  const std::string text = described(record, &opening);
  return text.substr(described(record).size());
}

TEST(Describe, ADictionaryThatWasKeyed) {
  std::string record;
  append_dictionary_keyed(record, {.dictionary = "patients", .records = 3});
  EXPECT_NE(described(record).find("dictionary patients, 3 records, keyed for the gateway\n"), std::string::npos)
      << described(record);
}

TEST(Describe, ShowsAnOpenedValueThatHolds) {
  const Opening opening{{OpeningValue::of(kPromptField, salt_of(1), "one\ntwo")}};
  EXPECT_EQ(opened_part(admission("one\ntwo"), opening),
            "\nopened        prompt: 7 bytes, as committed\n  | one\n  | two\n");
}

TEST(Describe, WithholdsAnOpenedValueThatDoesNotHold) {
  const Opening opening{{OpeningValue::of(kPromptField, salt_of(1), "forged")}};
  EXPECT_EQ(opened_part(admission("one"), opening),
            "\nopened        prompt: withheld, it is NOT what the record commits to\n");
}

TEST(Describe, WithholdsAValueThatTheRecordDoesNotCommitTo) {
  const Opening opening{{OpeningValue::of(kCompletionField, salt_of(1), "x")}};
  EXPECT_EQ(opened_part(admission("one"), opening),
            "\nopened        completion: withheld, the record does not commit to it\n");
}

TEST(Describe, SaysWhenAValueWasNotKept) {
  const Opening opening{{OpeningValue{kPromptField, salt_of(1), {}, 3'000'000, false}}};
  EXPECT_EQ(opened_part(admission("one"), opening),
            "\nopened        prompt: not kept, 3000000 bytes; salt "
            "0101010101010101010101010101010101010101010101010101010101010101 proves the original\n");
}

TEST(Describe, LetsNoValuePassForALineOfOurs) {
  const std::string value = "\ndecision      permit\r\x1b[2J\n" + std::string(100, 'w');
  const Opening opening{{OpeningValue::of(kPromptField, salt_of(1), value)}};
  EXPECT_EQ(opened_part(admission(value), opening),
            "\nopened        prompt: " + std::to_string(value.size()) +
                " bytes, as committed\n  | \n  | decision      permit\\r\\u001b[2J\n  | " + std::string(96, 'w') +
                "\n  : wwww\n");
}

TEST(Describe, EscapesWhatTheRecordHolds) {
  ExchangeFacts hostile = facts();
  hostile.model = "m\x1b]0;owned\x07\xe2\x80\xae";
  std::string record;
  append_admission(record, hostile, {});
  EXPECT_NE(described(record).find("model         m\\u001b]0;owned\\u0007\\u202e of internal\n"), std::string::npos);
}

TEST(Describe, SaysThatTextWasCut) {
  ExchangeFacts long_model = facts();
  const std::string model(300, 'm');
  long_model.model = model;
  std::string record;
  append_admission(record, long_model, {});
  EXPECT_NE(described(record).find("note          some text was cut\n"), std::string::npos);
}

TEST(Describe, PrintsUnknownRecordsAsIndentedJson) {
  EXPECT_EQ(described(R"({"a":[1,-2,0.5,true,null,{},[]],"b":{"c":"x\u001b\u202e\"","d":18446744073709551615}})"),
            "record        of a kind unknown here\n"
            "{\n"
            "  \"a\": [\n"
            "    1,\n"
            "    -2,\n"
            "    0.5,\n"
            "    true,\n"
            "    null,\n"
            "    {},\n"
            "    []\n"
            "  ],\n"
            "  \"b\": {\n"
            "    \"c\": \"x\\u001b\\u202e\\\"\",\n"
            "    \"d\": 18446744073709551615\n"
            "  }\n"
            "}\n");
}

TEST(Describe, ToleratesRecordsOfOursWithOddMembers) {
  EXPECT_EQ(described(R"({"time":1e99,"unmapped":{"redoubt":{"stage":"denial"}}})").substr(0, 36),
            "record        of a kind unknown here");
  EXPECT_EQ(described(R"({"time":9223372036854775807,"authorizations":["x",5],"actor":7,
                          "unmapped":{"redoubt":{"stage":"denial","commitments":{"a":1}}}})"),
            "record        denial\n"
            "time          9223372036854775807 ms\n"
            "result        denied\n");
}

TEST(Describe, RefusesWhatIsNoRecord) {
  EXPECT_EQ(describe(as_bytes("")).error().code(), Errc::kMalformed);
  EXPECT_EQ(describe(as_bytes("[]")).error().code(), Errc::kMalformed);
  EXPECT_EQ(describe(as_bytes(R"({"a":1,"a":2})")).error().code(), Errc::kMalformed);
  EXPECT_EQ(describe(as_bytes(std::string(kRecordSizeMax + 1, ' '))).error().code(), Errc::kTooLarge);
}

}  // namespace
}  // namespace redoubt::record
