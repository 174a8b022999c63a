#include "limits/rate_headers.h"

#include <gtest/gtest.h>

#include "limits/tests/support.h"

namespace redoubt::limits {
namespace {

constexpr auto kPrincipal = SubjectType::kPrincipal;

const Limit kRequestsMinute = window(kPrincipal, "alice", Quantity::kRequests, Period::kMinute, 60);
const Limit kTokensDay = window(SubjectType::kKey, "k", Quantity::kTokens, Period::kDay, 100'000);
const Limit kTokensMinute = bucket(kPrincipal, "alice", Quantity::kTokens, Period::kMinute, 6000, 9000);
const Limit kBytesHour = window(kPrincipal, "alice", Quantity::kBytesOut, Period::kHour, 1'000'000);
const Limit kMoneyMonth = window(kPrincipal, "alice", Quantity::kMoney, Period::kMonth, kAmountMax);
const Limit kTenantDay = window(SubjectType::kTenant, "clinic", Quantity::kTokens, Period::kDay, 5'000'000);

std::string fields(std::span<const Standing> standings, const Refusal* refusal = nullptr) {
  std::vector<Field> all;
  append_rate_fields(all, standings, refusal);
  std::string text;
  for (const auto& [name, value] : all) text.append(name).append(": ").append(value).append("\n");
  return text;
}

TEST(RateHeaders, SayWhatIsLeft) {
  EXPECT_EQ(fields(std::array{Standing{&kRequestsMinute, 17, 41'001}, Standing{&kTokensDay, 512, 3'600'000}}),
            "RateLimit-Policy: \"principal-requests-minute\";q=60;w=60, "
            "\"key-tokens-day\";q=100000;qu=\"tokens\";w=86400\n"
            "RateLimit: \"principal-requests-minute\";r=17;t=42, \"key-tokens-day\";r=512;t=3600\n"
            "x-ratelimit-limit-requests: 60\n"
            "x-ratelimit-remaining-requests: 17\n"
            "x-ratelimit-reset-requests: 42s\n"
            "x-ratelimit-limit-tokens: 100000\n"
            "x-ratelimit-remaining-tokens: 512\n"
            "x-ratelimit-reset-tokens: 1h0m0s\n");
}

TEST(RateHeaders, NothingIsSaidWithoutLimits) {
  EXPECT_EQ(fields({}), "");
}

TEST(RateHeaders, AMonthHasNoLengthAndUnitsAreNamed) {
  EXPECT_EQ(fields(std::array{Standing{&kMoneyMonth, 999, 1'000}, Standing{&kBytesHour, 5, 1}}),
            "RateLimit-Policy: \"principal-money-month\";q=10000000000000;qu=\"money\", "
            "\"principal-bytes_out-hour\";q=1000000;qu=\"content-bytes\";w=3600\n"
            "RateLimit: \"principal-money-month\";r=999;t=1, \"principal-bytes_out-hour\";r=5;t=1\n");
}

TEST(RateHeaders, OpenAisFieldsAreThoseOfTheLimitNearestToItsEnd) {
  const std::string text = fields(std::array{Standing{&kTokensDay, 512, 3'600'000}, Standing{&kTokensMinute, 90, 250},
                                             Standing{&kRequestsMinute, 3, 360'000}});
  EXPECT_NE(text.find("x-ratelimit-limit-tokens: 6000\n"
                      "x-ratelimit-remaining-tokens: 90\n"
                      "x-ratelimit-reset-tokens: 250ms\n"),
            std::string::npos);
  EXPECT_NE(text.find("x-ratelimit-reset-requests: 6m0s\n"), std::string::npos);
  EXPECT_NE(text.find("\"principal-tokens-minute-bucket\";q=6000;qu=\"tokens\";w=60"), std::string::npos);
}

TEST(RateHeaders, HowMuchOthersUseIsNotToldExceptThatALimitIsReached) {
  const std::array standings = {Standing{&kTenantDay, 1234, 7'200'000}, Standing{&kRequestsMinute, 3, 1000}};
  EXPECT_EQ(fields(standings).find("tenant"), std::string::npos);
  EXPECT_EQ(fields(standings).find("1234"), std::string::npos);
  const Refusal refusal{.limit = &kTenantDay, .remaining = 1234, .retry_after_ms = 7'199'001};
  const std::string refused = fields(standings, &refusal);
  EXPECT_NE(refused.find("RateLimit: \"principal-requests-minute\";r=3;t=1, \"tenant-tokens-day\";r=0;t=7200\n"),
            std::string::npos)
      << refused;
  EXPECT_EQ(refused.find("1234"), std::string::npos);
  EXPECT_NE(refused.find("Retry-After: 7200\n"), std::string::npos);
}

TEST(RateHeaders, ARefusalSaysWhenToComeAgainIfThatHelps) {
  const std::array standings = {Standing{&kRequestsMinute, 0, 59'000}};
  Refusal refusal{.limit = &kRequestsMinute, .retry_after_ms = 58'400};
  EXPECT_NE(fields(standings, &refusal).find("Retry-After: 59\n"), std::string::npos);
  EXPECT_NE(fields(standings, &refusal).find("\"principal-requests-minute\";r=0;t=59\n"), std::string::npos);
  refusal.retry_after_ms = std::nullopt;
  EXPECT_EQ(fields(standings, &refusal).find("Retry-After"), std::string::npos);
  EXPECT_NE(fields(standings, &refusal).find("RateLimit: \"principal-requests-minute\";r=0\n"), std::string::npos);
  const Refusal no_meter{.why = Refusal::Why::kNoMeter};
  EXPECT_EQ(fields({}, &no_meter), "");
}

}  // namespace
}  // namespace redoubt::limits
