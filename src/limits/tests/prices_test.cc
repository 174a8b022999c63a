#include "limits/prices.h"

#include <gtest/gtest.h>

#include "limits/estimate.h"
#include "limits/meters.h"
#include "limits/tests/support.h"

namespace redoubt::limits {
namespace {

constexpr std::string_view kText = R"(
currency = "EUR"

[[model]]
name = "gpt-4o"
input = "2.50"
output = "10.00"

[[model]]
name = "tiny"
input = "0.000001"
output = "0"
)";

std::string problem(std::string_view text) {
  const auto prices = Prices::parse(text, "prices.toml");
  return prices ? "" : prices.error().message();
}

TEST(Prices, AreReadAsMillionthsForAMillionTokens) {
  const auto prices = Prices::parse(kText, "prices.toml");
  ASSERT_TRUE(prices) << prices.error().message();
  EXPECT_EQ(prices->currency(), "EUR");
  EXPECT_EQ(*prices->find("gpt-4o"), (Price{2'500'000, 10'000'000}));
  EXPECT_EQ(*prices->find("tiny"), (Price{1, 0}));
  EXPECT_EQ(prices->find("another"), nullptr);
  const auto with_rest =
      Prices::parse(std::string(kText) + "[[model]]\nname = \"*\"\ninput = \"7\"\noutput = \"8.1\"", "prices.toml");
  ASSERT_TRUE(with_rest);
  EXPECT_EQ(*with_rest->find("another"), (Price{7'000'000, 8'100'000}));
  EXPECT_EQ(*with_rest->find("tiny"), (Price{1, 0}));
}

TEST(Prices, AreReadStrictlyWithTheLine) {
  const auto with = [](std::string_view input) {
    return problem("currency = \"EUR\"\n[[model]]\nname = \"m\"\noutput = \"1\"\ninput = " + std::string(input));
  };
  EXPECT_EQ(with("\"1\""), "");
  EXPECT_EQ(with("\"1000000\""), "");
  EXPECT_NE(with("\"1000000.000001\""), "");
  EXPECT_TRUE(with("\"-1\"").starts_with("prices.toml:5:")) << with("\"-1\"");
  for (const char* bad : {"\"\"", "\".5\"", "\"5.\"", "\"1e3\"", "\"1,5\"", "\" 1\"", "\"0.0000001\"", "\"+1\"", "1",
                          "1.5", "true", "\"1000000000000000000000\"", "\"1.2.3\"", "\"0x10\""}) {
    EXPECT_NE(with(bad), "") << bad;
  }
  EXPECT_NE(problem(""), "");
  EXPECT_NE(problem("currency = \"euro\""), "");
  EXPECT_NE(problem("currency = \"eur\""), "");
  EXPECT_EQ(problem("currency = \"EUR\""), "");
  EXPECT_NE(problem("currency = \"EUR\"\nother = 1"), "");
  EXPECT_NE(problem("currency = \"EUR\"\n[[model]]\nname = \"m\"\ninput = \"1\""), "");
  EXPECT_NE(problem("currency = \"EUR\"\n[[model]]\nname = \"\"\ninput = \"1\"\noutput = \"1\""), "");
  EXPECT_NE(problem("currency = \"EUR\"\n[[model]]\nname = \"m\"\ninput = \"1\"\noutput = \"1\"\nspeed = 3"), "");
  const std::string twice = problem(std::string(kText) + "[[model]]\nname = \"tiny\"\ninput = \"1\"\noutput = \"1\"");
  EXPECT_NE(twice.find("has a price already"), std::string::npos) << twice;
}

TEST(Money, IsRoundedUpToAMillionth) {
  const Price price{2'500'000, 10'000'000};
  EXPECT_EQ(money(&price, 1'000'000, 0), 2'500'000u);
  EXPECT_EQ(money(&price, 0, 3), 30u);
  EXPECT_EQ(money(&price, 1, 0), 3u);  // 2.5 millionths
  EXPECT_EQ(money(&price, 0, 0), 0u);
  EXPECT_EQ(money(nullptr, 0, 0), kUnpriced);
  EXPECT_EQ(money(&price, ~std::uint64_t{0}, ~std::uint64_t{0}), kAmountMax);
}

TEST(Estimate, APromptIsTakenForATokenEveryFourBytes) {
  EXPECT_EQ(estimate_tokens(0), 0u);
  EXPECT_EQ(estimate_tokens(1), 1u);
  EXPECT_EQ(estimate_tokens(4), 1u);
  EXPECT_EQ(estimate_tokens(5), 2u);
  EXPECT_EQ(estimate_tokens(~std::uint64_t{0}), (std::uint64_t{1} << 62));
  const Price price{2'500'000, 10'000'000};
  const StreamEstimate estimate(&price, 4000);
  EXPECT_EQ(estimate.request(200), (Use{.requests = 1, .tokens = 1200, .money = 2500 + 2000}));
  EXPECT_EQ(estimate.prompt(), (Use{.tokens = 1000, .money = 2500}));
  EXPECT_EQ(StreamEstimate(nullptr, 4000).request(~std::uint64_t{0}),
            (Use{.requests = 1, .tokens = 1000 + kAmountMax, .money = kUnpriced}));
}

TEST(Estimate, EventsOfAStreamAddUpWithoutRoundingEachOfThem) {
  const Price price{0, 150'000};  // 0.15 millionths a token
  StreamEstimate estimate(&price, 0);
  Use sum;
  for (int i = 0; i < 100; ++i) {
    const Use delta = estimate.delta(3, 90);
    EXPECT_EQ(delta.tokens, 1u);
    sum = {.tokens = sum.tokens + delta.tokens,
           .bytes_out = sum.bytes_out + delta.bytes_out,
           .money = sum.money + delta.money};
  }
  EXPECT_EQ(sum, (Use{.tokens = 100, .bytes_out = 9000, .money = 15}));
  EXPECT_EQ(estimate.delta(0, 20), (Use{.bytes_out = 20}));  // an event without text
  EXPECT_EQ(estimate.real(std::nullopt, std::nullopt, 9020),
            (Use{.requests = 1, .tokens = 100, .bytes_out = 9020, .money = 15}));
  EXPECT_EQ(StreamEstimate(nullptr, 4).delta(3, 90).money, kUnpriced);
}

TEST(Estimate, TheProvidersUsageCorrectsIt) {
  const Price price{1'000'000, 2'000'000};
  const Limit tokens = window(SubjectType::kPrincipal, "alice", Quantity::kTokens, Period::kDay, 10'000);
  const Limit budget = window(SubjectType::kPrincipal, "alice", Quantity::kMoney, Period::kMonth, 50'000);
  const Limits limits = Limits::of(std::array{tokens, budget});
  Meters meters(kTestKey, 16);
  StreamEstimate estimate(&price, 4000);
  Admission admission = meters.admit(limits, {.principal = "alice"}, estimate.request(500), at());
  ASSERT_TRUE(admission);
  EXPECT_TRUE(admission.add(estimate.prompt(), at()));
  EXPECT_TRUE(admission.add(estimate.delta(400, 900), at()));
  EXPECT_EQ(meters.standing(tokens, "alice", at()).remaining, 8500u);
  admission.settle(estimate.real(1300, 120, 900), at());
  EXPECT_EQ(meters.standing(tokens, "alice", at()).remaining, 10'000u - 1420);
  EXPECT_EQ(meters.standing(budget, "alice", at()).remaining, 50'000u - 1300 - 240);
}

}  // namespace
}  // namespace redoubt::limits
