#include "identity/internal/bodies.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "encoding/json_reader.h"
#include "encoding/json_writer.h"

namespace redoubt::identity::internal {
namespace {

const std::string kDigest(64, 'a');

// A kind of body: how it is read and written again (empty when it is refused), and one that is good.
struct Kind {
  std::string name;
  std::string good;
  std::function<Result<std::string>(simdjson::dom::object)> again;
};

template <class Read, class Write>
auto both(Read read, Write write_it) {
  return [read, write_it](simdjson::dom::object object) -> Result<std::string> {
    const auto body = read(object);
    if (!body) return body.error();
    return write_it(*body);
  };
}
constexpr auto kWrite = [](const auto& body) { return write(body); };

std::vector<Kind> kinds() {
  return {
      {"principal", R"({"type":"agent","tenant":"north","owner":"carol","groups":["a","b"],"display_name":true})",
       both(read_principal, kWrite)},
      {"principal change", R"({"owner":"","groups":[],"display_name":"keep"})", both(read_principal_change, kWrite)},
      {"group", R"({"tenant":"","parents":["a"]})", both(read_group, kWrite)},
      {"group change", R"({"parents":[]})", both(read_group_change, kWrite)},
      {"key", R"({"principal":"carol","sha256":")" + kDigest + R"(","scopes":["a.b"],"models":["m 1"],"expires":5})",
       both(read_key, write_key)},
      {"reset", R"({"key":"abcdefghijkl","sha256":")" + kDigest + R"(","scopes":[],"models":[],"expires":0})",
       both(read_reset, write_reset)},
      {"rotation", R"({"key":"abcdefghijkl","sha256":")" + kDigest + R"(","expires":0,"overlap_ms":0})",
       both(read_rotation, kWrite)},
      {"break-glass", R"({"group":"g","life_ms":1,"why":"because"})", both(read_break_glass, kWrite)},
      {"break-glass end", R"({"group":"g"})", both(read_break_glass_end, write_break_glass_end)},
      {"marked acts", R"({"acts":["bundle.activate"]})", both(read_marked_acts, write_marked_acts)},
      {"genesis",
       R"({"first":[{"principal":"carol","type":"user","group":"administrators","tenant":"","key":"abcdefghijkl",)"
       R"("sha256":")" +
           kDigest + R"(","models":[]}],"marked_acts":[]})",
       both(read_genesis, kWrite)},
      {"request",
       R"({"kind":"bundle.activate","verb":"update","severity":"high","object":"bundle","expects":3,"body":"{}",)"
       R"("before":"","after":"{\"a\":1}","why":"because","life_ms":1})",
       both(read_request, kWrite)},
  };
}

Result<std::string> again(const Kind& kind, std::string_view json) {
  encoding::JsonReader reader;
  const auto parsed = reader.parse(json);
  if (!parsed) return parsed.error();
  simdjson::dom::object object;
  if (parsed->get(object) != simdjson::SUCCESS) return Error(Errc::kMalformed, "no object");
  return kind.again(object);
}

// The members of a flat object as they are written.
std::vector<std::pair<std::string, std::string>> members(std::string_view json) {
  std::vector<std::pair<std::string, std::string>> found;
  simdjson::dom::parser parser;
  simdjson::dom::object object = parser.parse(simdjson::padded_string(json));
  for (const auto& [name, value] : object) found.emplace_back(name, simdjson::minify(value));
  return found;
}

std::string object_of(const std::vector<std::pair<std::string, std::string>>& members) {
  std::string out = "{";
  for (const auto& [name, value] : members) {
    if (out.size() > 1) out += ',';
    encoding::append_json_string(out, name);
    out += ':' + value;
  }
  return out + '}';
}

TEST(Bodies, AreReadAsTheyAreWritten) {
  for (const Kind& kind : kinds()) {
    const auto written = again(kind, kind.good);
    ASSERT_TRUE(written) << kind.name << ": " << written.error().message();
    EXPECT_EQ(*written, kind.good);
  }
}

TEST(Bodies, AreReadInWhateverOrderTheirMembersCome) {
  for (const Kind& kind : kinds()) {
    const auto all = members(kind.good);
    for (std::size_t turn = 0; turn < all.size(); ++turn) {
      auto turned = all;
      std::rotate(turned.begin(), turned.begin() + static_cast<std::ptrdiff_t>(turn), turned.end());
      for (int way = 0; way < 2; ++way) {
        const auto read = again(kind, object_of(turned));
        ASSERT_TRUE(read) << kind.name << " beginning with " << turned[0].first << ": " << read.error().message();
        EXPECT_EQ(*read, kind.good);
        std::reverse(turned.begin(), turned.end());
      }
    }
  }
}

TEST(Bodies, MissNothing) {
  for (const Kind& kind : kinds()) {
    const auto all = members(kind.good);
    for (std::size_t i = 0; i < all.size(); ++i) {
      auto fewer = all;
      fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(i));
      const auto read = again(kind, object_of(fewer));
      ASSERT_FALSE(read) << kind.name << " without " << all[i].first;
      EXPECT_EQ(read.error().code(), Errc::kInvalidArgument);
    }
  }
}

TEST(Bodies, HaveNothingElse) {
  for (const Kind& kind : kinds()) {
    auto more = members(kind.good);
    more.emplace_back("comment", R"("hello")");
    EXPECT_FALSE(again(kind, object_of(more))) << kind.name;
  }
}

TEST(Bodies, HaveMembersOfTheirTypes) {
  for (const Kind& kind : kinds()) {
    const auto all = members(kind.good);
    for (std::size_t i = 0; i < all.size(); ++i) {
      for (const std::string other : {"null", "{}", "-1", "1.5", "[null]", R"(["\u0000"])", R"("\n")"}) {
        auto changed = all;
        changed[i].second = other;
        const bool text_of_any_form = kind.name == "request" &&
                                      (all[i].first == "body" || all[i].first == "before" || all[i].first == "after") &&
                                      other[0] == '"';
        EXPECT_EQ(again(kind, object_of(changed)).has_value(), text_of_any_form)
            << kind.name << " with " << all[i].first << " " << other;
      }
    }
  }
}

TEST(Bodies, OfBareFactsAreEmpty) {
  encoding::JsonReader reader;
  EXPECT_TRUE(read_empty(reader.parse("{}")->get_object().value_unsafe()));
  EXPECT_FALSE(read_empty(reader.parse(R"({"a":1})")->get_object().value_unsafe()));
}

TEST(Bodies, HaveSortedListsWithoutRepetition) {
  const Kind kind{"group change", "", both(read_group_change, kWrite)};
  EXPECT_TRUE(again(kind, R"({"parents":["a","b"]})"));
  EXPECT_FALSE(again(kind, R"({"parents":["b","a"]})"));
  EXPECT_FALSE(again(kind, R"({"parents":["a","a"]})"));
}

TEST(Bodies, HaveListsWithinTheirLimits) {
  const auto list = [](std::size_t count) {
    std::string out = R"({"parents":[)";
    for (std::size_t i = 0; i < count; ++i) out += (i == 0 ? "\"g" : ",\"g") + std::to_string(100 + i) + "\"";
    return out + "]}";
  };
  const Kind kind{"group change", "", both(read_group_change, kWrite)};
  EXPECT_TRUE(again(kind, list(kParentsOfGroupMax)));
  EXPECT_FALSE(again(kind, list(kParentsOfGroupMax + 1)));
}

TEST(Bodies, HaveDigestsInOneSpelling) {
  const Kind kind{"rotation", "", both(read_rotation, kWrite)};
  const auto with = [](const std::string& digest) {
    return R"({"key":"abcdefghijkl","sha256":")" + digest + R"(","expires":0,"overlap_ms":0})";
  };
  EXPECT_TRUE(again(kind, with(kDigest)));
  EXPECT_FALSE(again(kind, with(std::string(64, 'A'))));
  EXPECT_FALSE(again(kind, with(std::string(62, 'a'))));
  EXPECT_FALSE(again(kind, with(std::string(66, 'a'))));
  EXPECT_FALSE(again(kind, with(std::string(64, 'g'))));
  // Digits of each value, in each half of a byte; and one that is none, in each place.
  const std::string good = "0123456789abcdef";
  std::string digest = good + good + good + good;
  std::rotate(digest.begin() + 32, digest.begin() + 33, digest.end());
  const auto read = again(kind, with(digest));
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(*read, with(digest));
  for (std::size_t i = 0; i < digest.size(); ++i) {
    for (const char other : {'/', ':', '`', 'g', 'F', ' ', '\x7f'}) {
      std::string wrong = digest;
      wrong[i] = other;
      EXPECT_FALSE(again(kind, with(wrong))) << i << " " << other;
    }
  }
}

TEST(Bodies, DoNotMarkTheMechanismItself) {
  const Kind kind{"marked acts", "", both(read_marked_acts, write_marked_acts)};
  EXPECT_FALSE(again(kind, R"({"acts":["approval.grant"]})"));
  EXPECT_FALSE(again(kind, R"({"acts":["identity.genesis"]})"));
}

TEST(Bodies, NameTenantsAsTheLedgerDoes) {
  EXPECT_TRUE(is_tenant("north-1.a_b"));
  for (const std::string_view bad : {"", "system", ".north", "-n", "_n", "North", "a b", "a/b"}) {
    EXPECT_FALSE(is_tenant(bad)) << bad;
  }
  EXPECT_FALSE(is_tenant(std::string(65, 'a')));
}

}  // namespace
}  // namespace redoubt::identity::internal
