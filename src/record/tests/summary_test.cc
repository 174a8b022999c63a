#include "record/summary.h"

#include <gtest/gtest.h>

#include <string>

#include "record/exchange_record.h"

namespace redoubt::record {
namespace {

ExchangeFacts facts() {
  ExchangeFacts facts;
  facts.exchange_uid = "00112233445566778899aabbccddeeff";
  facts.time = {1'780'000'000'123};
  facts.method = "POST";
  facts.path = "/v1/chat/completions";
  facts.operation = "chat.completions";
  return facts;
}

TEST(Summary, NamesTheStageAndExchangeOfEachKind) {
  std::string record;
  append_admission(record, facts(), {});
  Result<Summary> summary = summarize(as_bytes(record));
  ASSERT_TRUE(summary) << summary.error().message();
  EXPECT_EQ(summary->stage, Stage::kAdmission);
  EXPECT_EQ(summary->exchange_uid, facts().exchange_uid);
  EXPECT_EQ(summary->operation, "chat.completions");
  EXPECT_EQ(summary->time.value, 1'780'000'000'123);
  EXPECT_FALSE(summary->admission_index);

  record.clear();
  Outcome outcome;
  outcome.admission_index = 18'446'744'073'709'551'615ULL;
  append_outcome(record, facts(), outcome);
  summary = summarize(as_bytes(record));
  ASSERT_TRUE(summary) << summary.error().message();
  EXPECT_EQ(summary->stage, Stage::kOutcome);
  EXPECT_EQ(summary->admission_index, 18'446'744'073'709'551'615ULL);

  record.clear();
  append_denial(record, facts(), {});
  summary = summarize(as_bytes(record));
  ASSERT_TRUE(summary) << summary.error().message();
  EXPECT_EQ(summary->stage, Stage::kDenial);

  record.clear();
  Interruption interruption;
  interruption.exchange_uid = facts().exchange_uid;
  interruption.admission_index = 9;
  append_interrupted(record, interruption);
  summary = summarize(as_bytes(record));
  ASSERT_TRUE(summary) << summary.error().message();
  EXPECT_EQ(summary->stage, Stage::kInterrupted);
  EXPECT_EQ(summary->exchange_uid, facts().exchange_uid);
  EXPECT_EQ(summary->operation, "unknown");
  EXPECT_EQ(summary->admission_index, 9U);

  record.clear();
  append_opened(record, {});
  summary = summarize(as_bytes(record));
  ASSERT_TRUE(summary) << summary.error().message();
  EXPECT_EQ(summary->stage, Stage::kOpened);
  EXPECT_EQ(summary->exchange_uid, "");
}

TEST(Summary, RefusesWhatIsNoRecordOfOurs) {
  EXPECT_EQ(summarize(as_bytes("nonsense")).error().code(), Errc::kMalformed);
  EXPECT_EQ(summarize(as_bytes("[]")).error().code(), Errc::kMalformed);
  EXPECT_EQ(summarize(as_bytes("{}")).error().code(), Errc::kUnsupported);
  EXPECT_EQ(summarize(as_bytes(R"({"time":1,"unmapped":{"redoubt":{"stage":"later"}}})")).error().code(),
            Errc::kUnsupported);
  EXPECT_EQ(summarize(as_bytes(R"({"unmapped":{"redoubt":{"stage":"denial"}}})")).error().code(), Errc::kMalformed);
  EXPECT_EQ(summarize(as_bytes(std::string(kRecordSizeMax + 1, ' '))).error().code(), Errc::kTooLarge);
}

TEST(Summary, RefusesAnOutcomeWithoutItsAdmission) {
  EXPECT_EQ(summarize(as_bytes(R"({"time":1,"unmapped":{"redoubt":{"stage":"outcome"}}})")).error().code(),
            Errc::kMalformed);
  EXPECT_EQ(summarize(as_bytes(R"({"time":1,"unmapped":{"redoubt":{"stage":"outcome","admission_index":-1}}})"))
                .error()
                .code(),
            Errc::kMalformed);
}

}  // namespace
}  // namespace redoubt::record
