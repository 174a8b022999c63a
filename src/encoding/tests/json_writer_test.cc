#include "encoding/json_writer.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <random>

#include "encoding/json_reader.h"

namespace redoubt::encoding {
namespace {

using namespace std::string_view_literals;

std::string json_string(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

TEST(JsonWriter, WritesMembersInOrderWithCommasOfItsOwn) {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  json.member("model", "m-1");
  json.member("stream", false);
  json.key("usage");
  json.begin_object();
  json.member("total_tokens", 17);
  json.end_object();
  json.key("empty");
  json.begin_array();
  json.end_array();
  json.key("list");
  json.begin_array();
  json.value(1);
  json.begin_object();
  json.end_object();
  json.begin_array();
  json.value("x");
  json.null();
  json.end_array();
  json.raw(R"({"a":1})");
  json.value_hex(as_bytes("\x01\xff"));
  json.end_array();
  json.member("last", true);
  json.end_object();
  EXPECT_EQ(out, R"({"model":"m-1","stream":false,"usage":{"total_tokens":17},"empty":[],)"
                 R"("list":[1,{},["x",null],{"a":1},"01ff"],"last":true})");
}

TEST(JsonWriter, AppendsAfterWhatIsThere) {
  std::string out = "data: ";
  JsonWriter json(out);
  json.begin_object();
  json.end_object();
  EXPECT_EQ(out, "data: {}");
}

TEST(JsonWriter, WritesIntegersToTheirLimits) {
  std::string out;
  JsonWriter json(out);
  json.begin_array();
  json.value(std::numeric_limits<std::int64_t>::min());
  json.value(std::numeric_limits<std::int64_t>::max());
  json.value(std::numeric_limits<std::uint64_t>::max());
  json.value(std::int8_t{-1});
  json.value(std::uint8_t{255});
  json.value(0);
  json.value(7ULL);
  json.value(-7LL);
  json.end_array();
  EXPECT_EQ(out, "[-9223372036854775808,9223372036854775807,18446744073709551615,-1,255,0,7,-7]");
}

template <class T>
concept Writable = requires(JsonWriter& json, T value) { json.value(value); };
static_assert(Writable<std::string> && Writable<const char*> && Writable<char*> && Writable<std::string_view>);
static_assert(!Writable<void*> && !Writable<int*> && !Writable<const std::string*>,
              "a pointer must not pass for a bool");
static_assert(!Writable<char>, "a character must not pass for a number");
static_assert(!Writable<double>, "floating point has no one spelling");

TEST(JsonString, EscapesWhatRfc8259RequiresAndNothingElse) {
  EXPECT_EQ(json_string(""), R"("")");
  EXPECT_EQ(json_string("\"\\/"), R"("\"\\/")");
  EXPECT_EQ(json_string("\b\f\n\r\t"), R"("\b\f\n\r\t")");
  EXPECT_EQ(json_string("\0\x01\x1f\x7f"sv), "\"\\u0000\\u0001\\u001f\x7f\"");
  EXPECT_EQ(json_string("a\nb"), R"("a\nb")");
}

TEST(JsonString, FindsAnEscapeAtEveryPositionOfALongText) {
  for (const char special : {'"', '\\', '\n', '\0', '\x1f'}) {
    const std::string escaped = json_string(std::string_view(&special, 1));
    const std::string inner = escaped.substr(1, escaped.size() - 2);
    for (std::size_t at = 0; at < 40; ++at) {
      std::string text(40, '!');  // the character after space, and one above the quotation mark's neighbour
      text[at] = special;
      EXPECT_EQ(json_string(text), "\"" + std::string(at, '!') + inner + std::string(39 - at, '!') + "\"");
      EXPECT_EQ(json_string("\xc3\xa9" + text),
                "\"\xc3\xa9" + std::string(at, '!') + inner + std::string(39 - at, '!') + "\"");
    }
  }
}

TEST(JsonString, KeepsWellFormedUtf8) {
  for (const std::string_view text :
       {"\xc2\x80"sv, "\xdf\xbf"sv, "\xe0\xa0\x80"sv, "\xed\x9f\xbf"sv, "\xee\x80\x80"sv, "\xef\xbf\xbf"sv,
        "\xf0\x90\x80\x80"sv, "\xf4\x8f\xbf\xbf"sv, "grüße, 世界 🏰"sv}) {
    EXPECT_EQ(json_string(text), "\"" + std::string(text) + "\"");
    EXPECT_TRUE(is_utf8(text));
  }
}

TEST(JsonString, ReplacesEachMaximalInvalidPart) {
  const std::string r = "\xef\xbf\xbd";
  const std::pair<std::string_view, std::string> cases[] = {
      {"\x80"sv, r},                          // a continuation alone
      {"\xff"sv, r},                          // never a byte of UTF-8
      {"\xc0\xaf"sv, r + r},                  // overlong solidus
      {"\xc1\xbf"sv, r + r},                  // overlong
      {"\xe0\x9f\xbf"sv, r + r + r},          // overlong
      {"\xed\xa0\x80"sv, r + r + r},          // surrogate
      {"\xf0\x8f\xbf\xbf"sv, r + r + r + r},  // overlong
      {"\xf4\x90\x80\x80"sv, r + r + r + r},  // above U+10FFFF
      {"\xf5\x80\x80\x80"sv, r + r + r + r},  // above U+10FFFF
      {"\xe4\xb8"sv, r},                      // cut off at the end
      {"\xf0\x9f\x8f"sv, r},                  // cut off at the end
      {"\xe4\xb8\x22"sv, r + "\\\""},         // cut off by a quotation mark, which still is one
      {"a\xc3(b"sv, "a" + r + "(b"},          // cut off by ASCII
      {"\xf1\x80\x80\xe1\x80\xc2\x62\x80\x63"sv, r + r + r + "b" + r + "c"},  // Unicode 15.0, Table 3-11
  };
  for (const auto& [text, expected] : cases) {
    EXPECT_EQ(json_string(text), "\"" + expected + "\"");
    EXPECT_FALSE(is_utf8(text));
  }
}

TEST(JsonString, AnyBytesMakeAStringThatReadsBack) {
  constexpr unsigned kSeed = 8259;
  SCOPED_TRACE(kSeed);
  std::mt19937 random(kSeed);
  JsonReader reader;
  for (int i = 0; i < 2000; ++i) {
    std::string text(random() % 64, '\0');
    for (char& c : text) c = static_cast<char>(random() % 3 == 0 ? random() : 0x20 + random() % 0x60);
    const auto parsed = reader.parse(json_string(text));
    ASSERT_TRUE(parsed.has_value()) << json_string(text);
    std::string_view back;
    ASSERT_EQ(parsed->get(back), simdjson::SUCCESS);
    EXPECT_TRUE(is_utf8(back));
    EXPECT_TRUE(!is_utf8(text) || back == text);
  }
}

TEST(JsonString, ReplacesExactlyWhereTextIsNotUtf8) {
  // Two opinions: validation of the whole, and the table of well-formed sequences behind the replacement.
  const std::string_view replacement = "\xef\xbf\xbd";
  const auto agree = [&](const std::string& text) {
    if (text.find(replacement) != std::string::npos) return true;
    return is_utf8(text) == (json_string("\x80" + text).find(replacement, 4) == std::string::npos);
  };
  for (int a = 0; a < 256; ++a) {
    for (int b = 0; b < 256; ++b) {
      const std::string pair{static_cast<char>(a), static_cast<char>(b)};
      for (const char* before : {"", "\xe0", "\xe4", "\xed", "\xf0", "\xf1", "\xf4"}) {
        for (const char* after : {"", "\x80", "\xbf"}) {
          EXPECT_TRUE(agree("a" + (before + pair + after))) << before << " " << a << " " << b << " " << after;
        }
      }
    }
  }
}

}  // namespace
}  // namespace redoubt::encoding
