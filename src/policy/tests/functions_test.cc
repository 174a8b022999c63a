#include "policy/internal/functions.h"

#include <gtest/gtest.h>

#include <limits>

namespace redoubt::policy::internal {
namespace {

constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kDay = 86'400'000;

Value text(std::string_view s) {
  return Value(std::string(s));
}
Value ip(std::string_view s) {
  return Value(*parse_extension(ExtensionType::kIp, s));
}
Value decimal(std::string_view s) {
  return Value(*parse_extension(ExtensionType::kDecimal, s));
}
Value datetime(std::int64_t ms) {
  return Value(Extension{ExtensionType::kDatetime, ms, {}});
}
Value duration(std::int64_t ms) {
  return Value(Extension{ExtensionType::kDuration, ms, {}});
}

Evaluated apply(std::string_view name, std::vector<Value> arguments) {
  return call(find_function(name).value(), arguments);
}
bool holds(std::string_view name, std::vector<Value> arguments) {
  const auto result = apply(name, std::move(arguments));
  EXPECT_TRUE(result) << name;
  return result && result->boolean();
}
std::optional<EvalError> error_of(const Evaluated& result) {
  return result ? std::nullopt : std::optional(result.error());
}

TEST(Call, ConstructsFromText) {
  EXPECT_EQ(apply("decimal", {text("1.5")}), decimal("1.5"));
  EXPECT_EQ(apply("ip", {text("::1")}), ip("::1"));
  EXPECT_EQ(apply("datetime", {text("1970-01-02")}), datetime(kDay));
  EXPECT_EQ(apply("duration", {text("1d")}), duration(kDay));
}

TEST(Call, OfBadTextIsAnErrorOfTheExtension) {
  for (const char* name : {"decimal", "ip", "datetime", "duration"}) {
    EXPECT_EQ(error_of(apply(name, {text("x")})), EvalError::kExtension) << name;
  }
}

TEST(Call, RefusesArgumentsOfAnotherType) {
  const std::vector<Value> values{Value(true),  Value(std::int64_t{1}),
                                  text("1.0"),  Value(EntityUid{"A", "x"}),
                                  Value(Set()), Value(Record()),
                                  ip("::1"),    decimal("1.0"),
                                  datetime(0),  duration(0)};
  for (int i = 0; i <= static_cast<int>(Function::kToDays); ++i) {
    const auto function = static_cast<Function>(i);
    int taken = 0;
    for (const Value& a : values) {
      for (const Value& b : values) {
        const std::vector<Value> arguments =
            info(function).arity == 2 ? std::vector<Value>{a, b} : std::vector<Value>{a};
        if (error_of(call(function, arguments)) != EvalError::kType) ++taken;
      }
    }
    EXPECT_EQ(taken, info(function).arity == 2 ? 1 : 10) << info(function).name;  // one first argument alone is right
  }
}

TEST(Call, RefusesAnotherNumberOfArguments) {
  EXPECT_EQ(error_of(apply("ip", {})), EvalError::kType);
  EXPECT_EQ(error_of(apply("ip", {text("::1"), text("::1")})), EvalError::kType);
  EXPECT_EQ(error_of(apply("isInRange", {ip("::1")})), EvalError::kType);
}

TEST(Call, ComparesDecimals) {
  EXPECT_TRUE(holds("lessThan", {decimal("-1.0"), decimal("-0.9999")}));
  EXPECT_FALSE(holds("lessThan", {decimal("1.0"), decimal("1.00")}));
  EXPECT_TRUE(holds("lessThanOrEqual", {decimal("1.0"), decimal("1.00")}));
  EXPECT_TRUE(holds("greaterThan", {decimal("1.1"), decimal("1.01")}));
  EXPECT_FALSE(holds("greaterThan", {decimal("1.0"), decimal("1.0")}));
  EXPECT_TRUE(holds("greaterThanOrEqual", {decimal("1.0"), decimal("1.0")}));
}

TEST(Call, TellsTheVersionsOfIpApart) {
  EXPECT_TRUE(holds("isIpv4", {ip("127.0.0.1/8")}));
  EXPECT_FALSE(holds("isIpv4", {ip("::1")}));
  EXPECT_TRUE(holds("isIpv6", {ip("::ffff:7f00:1")}));
  EXPECT_FALSE(holds("isIpv6", {ip("1.2.3.4")}));
}

TEST(Call, LoopbackIsAWholeRangeOfLoopbackAddresses) {
  for (const char* s : {"127.0.0.1", "127.255.255.255", "127.0.0.0/8", "::1", "::1/128"}) {
    EXPECT_TRUE(holds("isLoopback", {ip(s)})) << s;
  }
  for (const char* s : {"127.0.0.1/7", "126.0.0.1", "128.0.0.1", "::2", "::", "::1/127", "::ffff:7f00:1"}) {
    EXPECT_FALSE(holds("isLoopback", {ip(s)})) << s;
  }
}

TEST(Call, MulticastIsAWholeRangeOfMulticastAddresses) {
  for (const char* s : {"224.0.0.0", "239.255.255.255", "224.0.0.0/4", "ff00::", "ff02::1", "ff00::/8"}) {
    EXPECT_TRUE(holds("isMulticast", {ip(s)})) << s;
  }
  for (const char* s : {"223.255.255.255", "240.0.0.0", "224.0.0.0/3", "fe00::", "ff00::/7"}) {
    EXPECT_FALSE(holds("isMulticast", {ip(s)})) << s;
  }
}

TEST(Call, InRangeWhenEveryAddressIs) {
  const auto in = [](const char* a, const char* b) { return holds("isInRange", {ip(a), ip(b)}); };
  EXPECT_TRUE(in("192.168.1.5", "192.168.0.0/16"));
  EXPECT_TRUE(in("192.168.1.5", "192.168.77.77/16"));  // bits of the host do not matter
  EXPECT_TRUE(in("192.168.1.0/24", "192.168.0.0/16"));
  EXPECT_TRUE(in("1.2.3.4", "1.2.3.4"));
  EXPECT_TRUE(in("1.2.3.4/0", "0.0.0.0/0"));
  EXPECT_FALSE(in("192.168.0.0/16", "192.168.1.0/24"));
  EXPECT_FALSE(in("192.169.0.1", "192.168.0.0/16"));
  EXPECT_FALSE(in("1.2.3.4", "1.2.3.5"));
  EXPECT_TRUE(in("10.0.0.129", "10.0.0.128/25"));
  EXPECT_FALSE(in("10.0.0.127", "10.0.0.128/25"));
  EXPECT_TRUE(in("abcd::1", "abcd::/16"));
  EXPECT_TRUE(in("abcd::1", "abcc::/15"));
  EXPECT_FALSE(in("abcd::1", "abce::/15"));
  EXPECT_TRUE(in("::", "ffff::/0"));
}

TEST(Call, NoIpv4AddressIsInAnIpv6Range) {
  EXPECT_FALSE(holds("isInRange", {ip("0.0.0.0"), ip("::/0")}));
  EXPECT_FALSE(holds("isInRange", {ip("::"), ip("0.0.0.0/0")}));
}

TEST(Call, OffsetAndDurationSinceAreChecked) {
  EXPECT_EQ(apply("offset", {datetime(5), duration(-7)}), datetime(-2));
  EXPECT_EQ(apply("offset", {datetime(kMax), duration(kMin)}), datetime(-1));
  EXPECT_EQ(error_of(apply("offset", {datetime(kMax), duration(1)})), EvalError::kExtension);
  EXPECT_EQ(error_of(apply("offset", {datetime(kMin), duration(-1)})), EvalError::kExtension);
  EXPECT_EQ(apply("durationSince", {datetime(5), datetime(7)}), duration(-2));
  EXPECT_EQ(error_of(apply("durationSince", {datetime(0), datetime(kMin)})), EvalError::kExtension);
  EXPECT_EQ(error_of(apply("durationSince", {datetime(-2), datetime(kMax)})), EvalError::kExtension);
}

TEST(Call, DateAndTimeOfNegativeDatetimesGoDown) {
  EXPECT_EQ(apply("toDate", {datetime(kDay + 5)}), datetime(kDay));
  EXPECT_EQ(apply("toDate", {datetime(-1)}), datetime(-kDay));
  EXPECT_EQ(apply("toDate", {datetime(-kDay)}), datetime(-kDay));
  EXPECT_EQ(apply("toDate", {datetime(-kDay - 1)}), datetime(-2 * kDay));
  EXPECT_EQ(apply("toDate", {datetime(kMax)}), datetime(kMax - kMax % kDay));
  EXPECT_EQ(error_of(apply("toDate", {datetime(kMin)})), EvalError::kExtension);
  EXPECT_EQ(apply("toTime", {datetime(kDay + 5)}), duration(5));
  EXPECT_EQ(apply("toTime", {datetime(-1)}), duration(kDay - 1));
  EXPECT_EQ(apply("toTime", {datetime(-kDay)}), duration(0));
  EXPECT_EQ(apply("toTime", {datetime(kMin)}), duration(kMin % kDay + kDay));
}

TEST(Call, DurationsAreCountedInWholeUnitsTowardsZero) {
  const Value d = duration(((10 * 24 + 23) * 60 + 59) * 60'000 + 58'999);
  const Value negative = duration(-d.extension().number);
  const std::vector<std::pair<const char*, std::int64_t>> expected{{"toMilliseconds", d.extension().number},
                                                                   {"toSeconds", d.extension().number / 1000},
                                                                   {"toMinutes", (10 * 24 + 23) * 60 + 59},
                                                                   {"toHours", 10 * 24 + 23},
                                                                   {"toDays", 10}};
  for (const auto& [name, count] : expected) {
    EXPECT_EQ(apply(name, {d}), Value(count)) << name;
    EXPECT_EQ(apply(name, {negative}), Value(-count)) << name;
  }
  EXPECT_EQ(apply("toDays", {duration(kMin)}), Value(kMin / kDay));
}

}  // namespace
}  // namespace redoubt::policy::internal
