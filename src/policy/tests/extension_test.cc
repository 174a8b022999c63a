#include "policy/extension.h"

#include <gtest/gtest.h>

#include <limits>

namespace redoubt::policy {
namespace {

constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kDay = 86'400'000;

std::optional<std::int64_t> number(ExtensionType type, std::string_view text) {
  const auto value = parse_extension(type, text);
  if (!value) {
    EXPECT_EQ(value.error().code(), Errc::kMalformed);
    return std::nullopt;
  }
  EXPECT_EQ(value->type, type);
  return value->number;
}

std::string ip(std::string_view text) {
  const auto value = parse_extension(ExtensionType::kIp, text);
  return value ? to_string(*value).value_or("no text") : "refused";
}

struct Case {
  const char* text;
  std::int64_t number;
};

TEST(Decimal, IsReadInTenThousandths) {
  for (const auto& [text, expected] : std::vector<Case>{{"0.0", 0},
                                                        {"-0.0", 0},
                                                        {"1.0", 10'000},
                                                        {"12.3456", 123'456},
                                                        {"-12.3456", -123'456},
                                                        {"-0.5", -5'000},
                                                        {"0.0001", 1},
                                                        {"000000000000000000000000001.10", 11'000},
                                                        {"922337203685477.5807", kMax},
                                                        {"-922337203685477.5808", kMin}}) {
    EXPECT_EQ(number(ExtensionType::kDecimal, text), expected) << text;
  }
}

TEST(Decimal, RefusesWhatIsNotDigitsPointDigits) {
  for (const char* text : {"",      ".",    "-",    "-.",  "1",   "1.",    ".1",    "-.1", "--1.0", "+1.0", "1.-0",
                           "1.0.0", " 1.0", "1.0 ", "1,0", "1e3", "1.0e3", "0x1.0", "١.٠", "1.0\n", "NaN"}) {
    EXPECT_EQ(number(ExtensionType::kDecimal, text), std::nullopt) << text;
  }
  EXPECT_EQ(number(ExtensionType::kDecimal, std::string_view("1.0\0", 4)), std::nullopt);
}

TEST(Decimal, RefusesMoreThanFourDigitsBehindThePoint) {
  EXPECT_EQ(number(ExtensionType::kDecimal, "1.00000"), std::nullopt);
  EXPECT_EQ(number(ExtensionType::kDecimal, "1.12345"), std::nullopt);
}

TEST(Decimal, RefusesWhatDoesNotFit) {
  for (const char* text : {"922337203685477.5808", "-922337203685477.5809", "922337203685478.0",
                           "9223372036854775808.0", "-9223372036854775809.0", "99999999999999999999999.0"}) {
    EXPECT_EQ(number(ExtensionType::kDecimal, text), std::nullopt) << text;
  }
}

TEST(Decimal, IsWrittenWithFourDigits) {
  EXPECT_EQ(to_string(Extension{ExtensionType::kDecimal, -5'000, {}}), "-0.5000");
  EXPECT_EQ(to_string(Extension{ExtensionType::kDecimal, 10'020, {}}), "1.0020");
  EXPECT_EQ(to_string(Extension{ExtensionType::kDecimal, kMin, {}}), "-922337203685477.5808");
  EXPECT_EQ(to_cedar(Extension{ExtensionType::kDecimal, kMax, {}}), R"(decimal("922337203685477.5807"))");
}

TEST(Ip, IsReadWithAndWithoutPrefix) {
  EXPECT_EQ(ip("127.0.0.1"), "127.0.0.1");
  EXPECT_EQ(ip("127.0.0.1/32"), "127.0.0.1");
  EXPECT_EQ(ip("10.1.2.3/8"), "10.1.2.3/8");  // the host's bits stay
  EXPECT_EQ(ip("0.0.0.0/0"), "0.0.0.0/0");
  EXPECT_EQ(ip("255.255.255.255"), "255.255.255.255");
  EXPECT_EQ(ip("::"), "::");
  EXPECT_EQ(ip("::/0"), "::/0");
  EXPECT_EQ(ip("::1/128"), "::1");
  EXPECT_EQ(ip("ffee::/64"), "ffee::/64");
  EXPECT_EQ(ip("ABCD:EF01:2345:6789:ABCD:EF01:2345:6789/127"), "abcd:ef01:2345:6789:abcd:ef01:2345:6789/127");
  EXPECT_EQ(ip("0001:0:0:0:0:0:0:0002"), "1::2");
  EXPECT_EQ(ip("1:2:3:4:5:6:7::"), "1:2:3:4:5:6:7:0");  // `::` may stand for one group
  EXPECT_EQ(ip("::2:3:4:5:6:7:8"), "0:2:3:4:5:6:7:8");
  EXPECT_EQ(ip("1:0:0:2:0:0:0:3"), "1:0:0:2::3");
  EXPECT_EQ(ip("1:0:0:2:3:0:0:4"), "1::2:3:0:0:4");
  EXPECT_EQ(ip("::ffff:102:304"), "::ffff:102:304");
}

TEST(Ip, RefusesWhatIsNoIpv4Address) {
  for (const char* text : {"", "1", "1.2.3", "1.2.3.4.5", "1.2.3.", ".1.2.3", "1..2.3", "256.0.0.1", "1.2.3.1000",
                           "-1.2.3.4", "+1.2.3.4", "a.b.c.d", "0x1.2.3.4", " 1.2.3.4", "1.2.3.4 ", "1.2.3.4:80"}) {
    EXPECT_EQ(ip(text), "refused") << text;
  }
}

TEST(Ip, RefusesLeadingZeros) {
  for (const char* text :
       {"01.2.3.4", "1.2.3.04", "00.0.0.0", "1.2.3.000", "1.2.3.4/08", "1.2.3.4/00", "::/01", "::/00"}) {
    EXPECT_EQ(ip(text), "refused") << text;
  }
}

TEST(Ip, RefusesWhatIsNoIpv6Address) {
  for (const char* text : {":",
                           ":::",
                           "1:2:3:4:5:6:7",
                           "1:2:3:4:5:6:7:8:9",
                           "1:2:3:4:5:6:7:8::",
                           "::1:2:3:4:5:6:7:8",
                           "1::2::3",
                           "::1::",
                           ":1:2:3:4:5:6:7",
                           "1:2:3:4:5:6:7:",
                           "::1:",
                           ":1::",
                           "12345::",
                           "g::",
                           "::%eth0",
                           "[::1]",
                           "1:2:3:4::5:6:7:8",
                           "-1::",
                           "+1::",
                           "0x1::",
                           ":: ",
                           "::1\n"}) {
    EXPECT_EQ(ip(text), "refused") << text;
  }
}

TEST(Ip, RefusesIpv4WithinIpv6) {
  for (const char* text : {"::ffff:127.0.0.1", "::127.0.0.1", "1:2:3:4:5:6:1.2.3.4", "::ffff:127.0.0.1/120"}) {
    EXPECT_EQ(ip(text), "refused") << text;
  }
}

TEST(Ip, RefusesPrefixesThatDoNotFit) {
  for (const char* text :
       {"1.2.3.4/33", "1.2.3.4/128", "1.2.3.4/256", "::/129", "::/256", "::/1000", "1.2.3.4/", "1.2.3.4/-1",
        "1.2.3.4/+8", "1.2.3.4/8/8", "1.2.3.4/ 8", "1.2.3.4/8 ", "/8", "::/", "1.2.3.4/a", "1.2.3.4/4294967304"}) {
    EXPECT_EQ(ip(text), "refused") << text;
  }
}

TEST(Ip, RefusesTextLongerThanAnyAddress) {
  EXPECT_EQ(ip("0000:0000:0000:0000:0000:0000:0000:0000/128").size(), 2U);  // 43 bytes
  EXPECT_EQ(ip("00000:0000:0000:0000:0000:0000:0000:000/1280"), "refused");
  EXPECT_EQ(ip(std::string(100'000, ':')), "refused");
}

TEST(Ip, OfDifferentVersionsAreNeverEqual) {
  EXPECT_NE(*parse_extension(ExtensionType::kIp, "0.0.0.0/0"), *parse_extension(ExtensionType::kIp, "::/0"));
  EXPECT_NE(*parse_extension(ExtensionType::kIp, "10.0.0.0/8"), *parse_extension(ExtensionType::kIp, "10.0.0.0/9"));
  EXPECT_NE(*parse_extension(ExtensionType::kIp, "10.0.0.1/8"), *parse_extension(ExtensionType::kIp, "10.0.0.0/8"));
  EXPECT_EQ(*parse_extension(ExtensionType::kIp, "10.0.0.0/32"), *parse_extension(ExtensionType::kIp, "10.0.0.0"));
}

TEST(Datetime, IsReadInAllItsForms) {
  for (const auto& [text, expected] : std::vector<Case>{{"1970-01-01", 0},
                                                        {"1970-01-02", kDay},
                                                        {"1969-12-31", -kDay},
                                                        {"2024-10-15T11:38:02Z", 1'728'992'282'000},
                                                        {"2024-10-15T11:38:02.101Z", 1'728'992'282'101},
                                                        {"2024-10-15T11:38:02.101+1134", 1'728'950'642'101},
                                                        {"2024-10-15T11:38:02.101-1134", 1'729'033'922'101},
                                                        {"2024-10-15T11:38:02+1134", 1'728'950'642'000},
                                                        {"2024-10-15T11:38:02-1134", 1'729'033'922'000},
                                                        {"2024-10-15T23:59:00+2359", 1'728'950'400'000},
                                                        {"2024-10-15T00:00:00-2359", 1'729'036'740'000},
                                                        {"1970-01-01T00:00:00-0000", 0},
                                                        {"2024-02-29", 1'709'164'800'000},
                                                        {"2000-02-29", 951'782'400'000},
                                                        {"0000-01-01", -62'167'219'200'000},
                                                        {"9999-12-31T23:59:59.999Z", 253'402'300'799'999},
                                                        {"9999-12-31T23:59:59.999-2359", 253'402'387'139'999}}) {
    EXPECT_EQ(number(ExtensionType::kDatetime, text), expected) << text;
  }
}

TEST(Datetime, RefusesOtherForms) {
  for (const char* text : {"",
                           "a",
                           "-",
                           "-1",
                           "11-12-13",
                           "1111-1x-20",
                           "2024-10-15Z",
                           "2024-10-15T",
                           "2024-10-15T11:38:02",
                           "2024-10-15T11:38:02ZZ",
                           "2024-10-15 11:38:02Z",
                           "2024-10-15t11:38:02Z",
                           "2024-10-15T11:38:02z",
                           "10000-01-01",
                           "-2024-10-15",
                           "+2024-10-15",
                           "2024-10-15T11:38Z",
                           "2024-10-15T11:38:2Z",
                           "2024-10-15T11:38:02.Z",
                           "2024-10-15T11:38:02.1Z",
                           "2024-10-15T11:38:02.1011Z",
                           "2024-10-15T11:38:02,101Z",
                           "2024-10-15T11:38:02.101",
                           "2024-10-15T11:38:02+11:34",
                           "2024-10-15T11:38:02+11",
                           "2024-10-15T11:38:02+11340",
                           "2024-10-15T11:38:02Z+1134",
                           "2024-10-15T11:38:02 1134",
                           "2024/10/15",
                           " 2024-10-15",
                           "2024-10-15 ",
                           "2024-10-15\n",
                           "２０２４-10-15"}) {
    EXPECT_EQ(number(ExtensionType::kDatetime, text), std::nullopt) << text;
  }
}

TEST(Datetime, RefusesDatesThatAreNot) {
  for (const char* text : {"2024-00-01", "2024-01-00", "2024-02-30", "2025-02-29", "1900-02-29", "2024-20-01",
                           "2024-01-32", "2024-01-99", "2024-04-31", "2024-13-01", "2024-00-01T00:00:00Z"}) {
    EXPECT_EQ(number(ExtensionType::kDatetime, text), std::nullopt) << text;
  }
}

TEST(Datetime, RefusesTimesThatAreNot) {
  for (const char* text : {"2024-01-01T24:00:00Z", "2024-01-01T31:02:03Z", "2024-01-01T01:60:03Z",
                           "2016-12-31T23:59:60Z", "2016-12-31T23:59:61Z", "2024-01-01T00:00:99.000Z"}) {
    EXPECT_EQ(number(ExtensionType::kDatetime, text), std::nullopt) << text;
  }
}

TEST(Datetime, RefusesOffsetsOfADayOrMore) {
  for (const char* text : {"2024-01-01T00:00:00+2400", "2024-01-01T00:00:00-2400", "2024-01-01T00:00:00+2360",
                           "2024-01-01T00:00:00+0060", "2024-01-01T00:00:00.000+9999"}) {
    EXPECT_EQ(number(ExtensionType::kDatetime, text), std::nullopt) << text;
  }
}

TEST(Datetime, IsWrittenWithinTheYearsThatHaveAText) {
  EXPECT_EQ(to_string(Extension{ExtensionType::kDatetime, 0, {}}), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(to_string(Extension{ExtensionType::kDatetime, -1, {}}), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(to_string(Extension{ExtensionType::kDatetime, -62'167'219'200'000, {}}), "0000-01-01T00:00:00.000Z");
  EXPECT_EQ(to_string(Extension{ExtensionType::kDatetime, 253'402'300'799'999, {}}), "9999-12-31T23:59:59.999Z");
}

TEST(Datetime, BeyondThemHasAnExpressionOnly) {
  for (const std::int64_t ms : {kMin, kMax, std::int64_t{-62'167'219'200'001}, std::int64_t{253'402'300'800'000}}) {
    const Extension value{ExtensionType::kDatetime, ms, {}};
    EXPECT_EQ(to_string(value), std::nullopt);
    EXPECT_EQ(to_cedar(value), "datetime(\"1970-01-01\").offset(duration(\"" + std::to_string(ms) + "ms\"))");
  }
}

TEST(Duration, IsReadInMilliseconds) {
  for (const auto& [text, expected] : std::vector<Case>{{"1d", kDay},
                                                        {"1h", 3'600'000},
                                                        {"1m", 60'000},
                                                        {"1s", 1'000},
                                                        {"1ms", 1},
                                                        {"-10h", -36'000'000},
                                                        {"5d3ms", 5 * kDay + 3},
                                                        {"-3h5m", -11'100'000},
                                                        {"1d2h3m4s5ms", 93'784'005},
                                                        {"0s", 0},
                                                        {"-0ms", 0},
                                                        {"0000000000000000000000000001s", 1'000},
                                                        {"90m", 5'400'000},
                                                        {"9223372036854775807ms", kMax},
                                                        {"-9223372036854775808ms", kMin},
                                                        {"106751991167d7h12m55s807ms", kMax},
                                                        {"-106751991167d7h12m55s808ms", kMin}}) {
    EXPECT_EQ(number(ExtensionType::kDuration, text), expected) << text;
  }
}

TEST(Duration, RefusesOtherForms) {
  for (const char* text :
       {"",    "a",   "-",   "1",   "-1",   "1dd",   "1hh",  "00000mm", "-d",    "-h",   "d",   "ms",  "1x", "1D",
        "1 d", " 1d", "1d ", "+1d", "--1d", "1d-2h", "1.5h", "1h\n",    "➖1ms", "-h2d", "1d2", "1sm", "1µs"}) {
    EXPECT_EQ(number(ExtensionType::kDuration, text), std::nullopt) << text;
  }
}

TEST(Duration, RefusesUnitsOutOfOrderOrTwice) {
  for (const char* text : {"1ms1s", "1ms1m", "1ms1h", "0ms1d", "1s1m", "1s1h", "0s0d", "0m0h", "0m0d", "1h1d",
                           "1ms1m1d", "1d1d", "1ms1ms", "1s1s"}) {
    EXPECT_EQ(number(ExtensionType::kDuration, text), std::nullopt) << text;
  }
}

TEST(Duration, RefusesWhatDoesNotFit) {
  for (const char* text :
       {"9223372036854775808ms", "-9223372036854775809ms", "106751991168d", "106751991167d7h12m55s808ms",
        "-106751991167d7h12m55s809ms", "18446744073709551616ms", "99999999999999999999999d", "9223372036854775807s"}) {
    EXPECT_EQ(number(ExtensionType::kDuration, text), std::nullopt) << text;
  }
}

TEST(Duration, IsWrittenInMilliseconds) {
  EXPECT_EQ(to_string(Extension{ExtensionType::kDuration, kMin, {}}), "-9223372036854775808ms");
  EXPECT_EQ(to_cedar(Extension{ExtensionType::kDuration, 3'600'000, {}}), R"(duration("3600000ms"))");
}

TEST(Extension, MessageIsOneLineAndNotLongerThanALineBears) {
  const auto value = parse_extension(ExtensionType::kDecimal, "1\n2" + std::string(10'000, 'x'));
  ASSERT_FALSE(value);
  EXPECT_EQ(value.error().message().find('\n'), std::string::npos);
  EXPECT_LT(value.error().message().size(), 200U);
}

TEST(Function, IsFoundByItsNameAlone) {
  for (std::size_t i = 0; i <= static_cast<std::size_t>(Function::kToDays); ++i) {
    const auto function = static_cast<Function>(i);
    EXPECT_EQ(find_function(info(function).name), function);
  }
  EXPECT_EQ(find_function("ipaddr"), std::nullopt);
  EXPECT_EQ(find_function("Decimal"), std::nullopt);
  EXPECT_EQ(find_function(""), std::nullopt);
}

}  // namespace
}  // namespace redoubt::policy
