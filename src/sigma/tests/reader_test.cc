// Events from JSON, against what simdjson's own tree has of the same text.
#include <simdjson.h>

#include <charconv>
#include <memory>
#include <random>

#include "src/sigma/tests/support.h"

namespace redoubt::sigma {
namespace {

namespace dom = simdjson::dom;

// Reads a, a.b, b, c and every value without a name.
RuleSet some_rules() {
  return rules_of(
      "title: r\nlogsource: {category: c}\ndetection:\n  s: {a: 1, a.b: 1, b|contains: x, "
      "'a_long_name_of_a.member_in_it': 1}\n"
      "  condition: s\n---\n"
      "title: k\nlogsource: {category: c}\ndetection:\n  words: [x]\n  condition: words\n");
}
RuleSet without_keywords() {
  return rules_of("title: r\nlogsource: {category: c}\ndetection:\n  s: {a.b: 1, b: 1}\n  condition: s\n");
}

std::string random_text(Random& random) {
  static const std::vector<std::string> kPieces = {"a", "b", "\\\"", "\\\\", "\\n", "\\u00e4", "\\ud83d\\ude00",  "ä",
                                                   " ", "{", "]",    ",",    ":",   "\\/",     "a_long_name_of_a"};
  std::string out = "\"";
  for (std::size_t i = below(random, 4); i-- > 0;) out += kPieces[below(random, kPieces.size())];
  return out + "\"";
}

std::string space(Random& random) {
  static const std::vector<std::string> kSpaces = {"", "", "", " ", "\n", "\t\r ", "      "};
  return kSpaces[below(random, kSpaces.size())];
}

std::string random_json(Random& random, std::size_t depth) {
  switch (below(random, depth == 0 ? 4 : 7)) {
    case 0: {
      static const std::vector<std::string> kNumbers = {"0",
                                                        "-0",
                                                        "7",
                                                        "-12",
                                                        "1.0",
                                                        "-0.0",
                                                        "1e2",
                                                        "1E-3",
                                                        "0.1",
                                                        "123456789012345678",
                                                        "9223372036854775807",
                                                        "-9223372036854775808",
                                                        "18446744073709551615",
                                                        "1.7976931348623157e308",
                                                        "5e-324",
                                                        "1e-400",
                                                        "0e999",
                                                        "3.141592653589793238462643383279",
                                                        "12345678901234567890.5"};
      return kNumbers[below(random, kNumbers.size())];
    }
    case 1: {
      static const std::vector<std::string> kWords = {"true", "false", "null"};
      return kWords[below(random, kWords.size())];
    }
    case 2:
    case 3:
      return random_text(random);
    case 4: {
      std::string out = "[" + space(random);
      for (std::size_t left = below(random, 4); left-- > 0;)
        out += random_json(random, depth - 1) + space(random) + (left > 0 ? "," + space(random) : "");
      return out + "]";
    }
    default: {
      static const std::vector<std::string> kNames = {
          "\"a\"", "\"b\"", "\"a.b\"", "\"c\"", "\"\\u0061\"", "\"a_long_name_of_a\"", "\"member_in_it\"", "\"\""};
      std::string out = "{" + space(random);
      for (std::size_t left = below(random, 5); left-- > 0;) {
        out += kNames[below(random, kNames.size())] + space(random) + ":" + space(random) +
               random_json(random, depth - 1) + space(random) + (left > 0 ? "," + space(random) : "");
      }
      return out + "}";
    }
  }
}

// All values in their order, as the tree has them. Only members whose names lead to a field are told apart: by slot.
struct Reference {
  const RuleSet& rules;
  bool keywords;
  Event event;

  void value(const dom::element& item, const std::string& path, bool known) {
    const auto slot = known ? rules.field(path) : std::nullopt;
    dom::object object;
    dom::array array;
    if (item.get(object) == simdjson::SUCCESS) {
      if (slot) event.add_presence(*slot);
      members(object, path, known);
      return;
    }
    if (item.get(array) == simdjson::SUCCESS) {
      if (slot) event.add_presence(*slot);
      for (const dom::element one : array) value(one, path, known);
      return;
    }
    Value own;
    if (item.is<std::string_view>()) {
      own = Value::of_text(std::string_view(item));
    } else if (item.is<bool>()) {
      own = Value::boolean(bool(item));
    } else if (!item.is_null()) {
      char digits[64];
      char* end = digits;
      if (item.is<std::int64_t>()) {
        end = std::to_chars(digits, digits + 64, std::int64_t(item)).ptr;
      } else if (item.is<std::uint64_t>()) {
        end = std::to_chars(digits, digits + 64, std::uint64_t(item)).ptr;
      } else {
        end = std::to_chars(digits, digits + 64, double(item)).ptr;
      }
      texts.push_back(std::make_unique<std::string>(digits, end));
      own = Value::of_number(*texts.back(), double(item));
    }
    if (slot) {
      event.add(*slot, own);
    } else if (keywords) {
      event.add_unnamed(own);
    }
  }

  void members(const dom::object& object, const std::string& path, bool known) {
    for (const dom::key_value_pair field : object) {
      const std::string name = (path.empty() ? "" : path + ".") + std::string(field.key);
      // What no field's path begins with is not known.
      bool leads = false;
      for (FieldSlot slot = 0; slot < rules.field_count(); ++slot) {
        const std::string_view own = rules.field_name(slot);
        leads |= own == name || own.starts_with(name + ".");
      }
      value(field.value, name, known && leads && !field.key.empty());
    }
  }

  std::vector<std::unique_ptr<std::string>> texts;
};

std::string describe(const Event::Values& values) {
  std::string out;
  for (const Value& value : values)
    out += std::to_string(static_cast<int>(value.kind)) + ":" + std::string(value.text) + ":" +
           std::to_string(value.number) + ";";
  return out;
}

void expect_same(const RuleSet& rules, bool keywords, EventReader& reader, encoding::JsonItems& items,
                 dom::parser& parser, const std::string& json) {
  dom::element root;
  dom::object object;
  const bool good = parser.parse(json).get(root) == simdjson::SUCCESS && root.get(object) == simdjson::SUCCESS;
  const auto event = reader.read(json);
  ASSERT_EQ(event.has_value(), good) << json;
  if (!good) return;
  Reference reference{rules, keywords, Event(rules), {}};
  reference.members(object, "", true);
  const auto expect_reference = [&](const Event& own) {
    for (FieldSlot slot = 0; slot < rules.field_count(); ++slot) {
      ASSERT_EQ(own.exists(slot), reference.event.exists(slot)) << rules.field_name(slot) << " of " << json;
      ASSERT_EQ(describe(own.values(slot)), describe(reference.event.values(slot)))
          << rules.field_name(slot) << " of " << json;
    }
    ASSERT_EQ(describe(own.unnamed()), describe(reference.event.unnamed())) << json;
  };
  expect_reference(**event);
  // Of its items, the same, unless a member occurs twice.
  const Result<> listed = items.read(json);
  if (!listed) {
    ASSERT_EQ(listed.error().message(), "json has an object with a duplicate key") << json;
    return;
  }
  const auto of_items = reader.read(items);
  ASSERT_TRUE(of_items) << json;
  expect_reference(**of_items);
}

TEST(EventReader, ReadsAsSimdjsonsTreeDoes) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Random random(seed);
  for (const bool keywords : {true, false}) {
    const RuleSet rules = keywords ? some_rules() : without_keywords();
    EventReader reader(rules);
    encoding::JsonItems items;
    dom::parser parser;
    for (int round = 0; round < 4000; ++round) {
      std::string json = "{" + space(random) + "\"a\":" + random_json(random, 4) + ",\"b\":" + random_json(random, 3) +
                         ",\"c\":" + random_json(random, 3) + "}" + space(random);
      expect_same(rules, keywords, reader, items, parser, json);
      // Damaged anywhere, both say so, or neither. A half of a surrogate pair is none here alone, so what spells pairs
      // is left as it is.
      if (json.find("\\ud83d") != std::string::npos) continue;
      const std::size_t at = below(random, json.size());
      static constexpr std::string_view kBytes = "\"\\{}[],:0-.eEtn \x01\x80";
      switch (below(random, 3)) {
        case 0:
          json[at] = kBytes[below(random, kBytes.size())];
          break;
        case 1:
          json.erase(at, 1);
          break;
        default:
          json.insert(at, 1, kBytes[below(random, kBytes.size())]);
      }
      expect_same(rules, keywords, reader, items, parser, json);
    }
  }
}

// What a record's names lead to does not depend on the records before it.
TEST(EventReader, ReadsTheSameWhateverCameBefore) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Random random(seed);
  std::string fields;
  std::vector<std::string> names = {"a",
                                    "b",
                                    "a1",
                                    "1a",
                                    "twenty_bytes_of_name",
                                    "one_and_twenty_bytes_",
                                    "one_and_twenty_bytes",
                                    "two_and_twenty_bytes_n",
                                    "a_name_of_more_than_24_bytes",
                                    "ä",
                                    "\xF0\x9F\x98\x80"};
  for (int i = 0; i < 600; ++i) names.push_back("n" + std::to_string(i));  // more than are remembered
  for (std::size_t i = 0; i < names.size(); i += 2) {
    fields += (i == 0 ? "" : ", ") + names[i] + ": 1, x." + names[i] + ": 1";
  }
  const RuleSet rules =
      rules_of("title: r\nlogsource: {category: c}\ndetection:\n  s: {" + fields + "}\n  condition: s\n");
  EventReader reader(rules);
  encoding::JsonItems items;
  dom::parser parser;
  for (int round = 0; round < 500; ++round) {
    // Often a part of a row of names, as they are written; sometimes any of them, or written in another way.
    const bool in_order = below(random, 4) != 0;
    const std::size_t first = below(random, names.size());
    const auto members = [&](std::size_t count) {
      std::string out;
      for (std::size_t i = 0; i < count; ++i) {
        const std::string& name = names[in_order ? (first % 40 + i) % names.size() : below(random, names.size())];
        const bool other_way = below(random, 30) == 0;
        out += (i == 0 ? "\"" : ",\"") + name + (other_way ? "\" :" : "\":") + std::to_string(below(random, 100));
      }
      return out;
    };
    std::string json = "{" + members(1 + below(random, 12)) + ",\"x\":{" + members(1 + below(random, 8)) + "}," +
                       members(1 + below(random, 3)) + "}";
    expect_same(rules, false, reader, items, parser, json);
    json[below(random, json.size())] = "\"\\{}[],:0a"[below(random, 10)];
    expect_same(rules, false, reader, items, parser, json);
    if (HasFailure()) return;
  }
}

TEST(EventReader, ReadsNumbersOfEveryLength) {
  const RuleSet rules = without_keywords();
  EventReader reader(rules);
  encoding::JsonItems items;
  dom::parser parser;
  std::string digits;
  for (int size = 1; size <= 22; ++size) {
    digits += static_cast<char>('0' + size % 10);
    for (const std::string& number : {digits, "-" + digits, "0" + digits, digits + ".5", digits + "e1", digits + "/",
                                      digits + ":", digits + "*", digits + "\"", digits + "t", digits + " "}) {
      for (const char* const name : {"b", "nobody_reads_it"}) {
        expect_same(rules, false, reader, items, parser, "{\"" + std::string(name) + "\":" + number + "}");
        expect_same(rules, false, reader, items, parser,
                    "{\"" + std::string(name) + "\":[" + number + "," + number + "]}");
      }
    }
  }
}

TEST(EventReader, RefusesWhatIsNoEvent) {
  const RuleSet rules = without_keywords();
  EventReader reader(rules);
  const std::string ok = R"({"x":{"y":[1,{"z":"w"}]},"b":1})";
  ASSERT_TRUE(reader.read(ok));
  for (std::size_t size = 0; size < ok.size(); ++size)
    EXPECT_EQ(reader.read(ok.substr(0, size)).error().code(), Errc::kMalformed) << size;
  for (const char* const json : {"",
                                 " ",
                                 "null",
                                 "[1]",
                                 "\"a\"",
                                 "{}}",
                                 "{} {}",
                                 "{,}",
                                 R"({"x"})",
                                 R"({"x":})",
                                 R"({"x":1,})",
                                 R"({"x":[1,]})",
                                 R"({"x":[1 2]})",
                                 R"({"x":[1}})",
                                 R"({"x":{]})",
                                 R"({x:1})",
                                 R"({"x":01})",
                                 R"({"x":+1})",
                                 R"({"x":1.})",
                                 R"({"x":.5})",
                                 R"({"x":1e})",
                                 R"({"x":-})",
                                 R"({"x":1e999})",
                                 R"({"x":18446744073709551616})",
                                 R"({"x":-9223372036854775809})",
                                 R"({"x":tru})",
                                 R"({"x":truex})",
                                 R"({"x":1"y"})",
                                 R"({"x":"\x"})",
                                 R"({"x":"\u12g4"})",
                                 R"({"x":"\ud800"})",
                                 R"({"x":"\udc00\ud800"})",
                                 R"({"\q":1})",
                                 "{\"x\":\"\x01\"}",
                                 "{\"x\":\"\xff\"}",
                                 R"({"x":"a)",
                                 "{\"x\":1}\x01",
                                 R"({"b":1 1})",
                                 R"({"b":"\x"})",
                                 R"({"b":01})",
                                 R"({"b":nul})"})
    EXPECT_EQ(reader.read(json).error().code(), Errc::kMalformed) << json;
  EXPECT_EQ(reader.read(R"({"x":[1,}})").error().message(), "not an event: no JSON near byte 8");
}

TEST(EventReader, IsBoundedByDepthSizeAndValues) {
  const RuleSet rules = without_keywords();
  EventReader reader(rules);
  const auto nested = [](std::string_view name, std::size_t levels) {
    return "{\"" + std::string(name) + "\":" + std::string(levels, '[') + std::string(levels, ']') + "}";
  };
  for (const char* const name : {"b", "nobody_reads_it"}) {
    EXPECT_TRUE(reader.read(nested(name, 63)));
    EXPECT_EQ(reader.read(nested(name, 64)).error().code(), Errc::kTooLarge);
    EXPECT_EQ(reader.read(nested(name, 1'000'000)).error().code(), Errc::kTooLarge);
  }
  EXPECT_EQ(reader.read("{\"x\":\"" + std::string(4 << 20, 'a') + "\"}").error().code(), Errc::kTooLarge);
  std::string many = "{\"b\":[0";
  for (int i = 0; i < 100'000; ++i) many += ",1";
  const auto event = reader.read(many + "]}");
  ASSERT_TRUE(event);
  EXPECT_FALSE((*event)->complete());
  std::string fields = "{\"b\":1";
  for (int i = 0; i < 100'000; ++i) fields += ",\"field" + std::to_string(i) + "\":{\"b\":[]}";
  ASSERT_TRUE(reader.read(fields + "}"));
  EXPECT_TRUE((*reader.read(fields + "}"))->complete());
}

}  // namespace
}  // namespace redoubt::sigma
