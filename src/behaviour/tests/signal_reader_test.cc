#include "behaviour/signal_reader.h"

#include <gtest/gtest.h>

namespace redoubt::behaviour {
namespace {

Signal signal() {
  return {.rule = "behaviour.prompt_flood",
          .key = "principal/svc \"triage\"\n",
          .index = 4711,
          .time = {1'780'000'000'123},
          .severity = Severity::kHigh,
          .score = 88,
          .confidence = 70,
          .attribution = Attribution::kClaimed,
          .tenant = "acme",
          .message = "ten times as many as usual",
          .entries = {4000, 4711},
          .tags = {"atlas:AML.T0029"}};
}

std::string line_of(const Signal& signal) {
  std::string out;
  append_signal(out, signal);
  return out;
}

TEST(SignalReader, GivesBackWhatWasWritten) {
  Signal bare{.rule = "r", .key = "k"};
  for (const Signal& each : {signal(), bare}) {
    const auto read = read_signal(line_of(each));
    ASSERT_TRUE(read) << read.error().message();
    EXPECT_EQ(*read, each);
  }
}

TEST(SignalReader, RefusesWhatWasNotWrittenSo) {
  const std::string line = line_of(signal());
  for (std::size_t i = 0; i < line.size(); ++i) {
    EXPECT_FALSE(read_signal(line.substr(0, i))) << i;
    std::string longer = line;
    longer.insert(i, " ");
    // White space inside a text makes another signal, elsewhere none.
    if (const auto read = read_signal(longer)) {
      EXPECT_NE(*read, signal());
      EXPECT_EQ(line_of(*read), longer);
    }
  }
  for (const char* wrong : {"[]", "{}", "null", "{\"rule\":\"r\"}"}) EXPECT_FALSE(read_signal(wrong)) << wrong;
  EXPECT_FALSE(read_signal(line + "\n"));
  EXPECT_EQ(read_signal(std::string(kSignalLineMax + 1, ' ')).error().code(), Errc::kTooLarge);
}

TEST(SignalReader, RefusesMoreEntriesAndTagsThanThereMayBe) {
  Signal many = signal();
  many.entries.assign(kSignalEntriesMax + 1, 1);
  EXPECT_FALSE(read_signal(line_of(many)));
  many = signal();
  many.tags.assign(kSignalTagsMax + 1, "t");
  EXPECT_FALSE(read_signal(line_of(many)));
}

}  // namespace
}  // namespace redoubt::behaviour
