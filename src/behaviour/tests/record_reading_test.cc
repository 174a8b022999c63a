// Records of exchanges as they are read in one pass, held against look-ups in simdjson's tree of them: records that are
// made up, and such with members that are changed, torn, moved or there twice.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "behaviour/activity.h"
#include "behaviour/interaction.h"
#include "behaviour/simulation/simulation.h"
#include "encoding/json_items.h"
#include "encoding/json_reader.h"
#include "record/exchange_record.h"

namespace redoubt::behaviour {
namespace {

using Names = std::initializer_list<std::string_view>;
using Random = std::mt19937_64;
using simdjson::dom::element;

constexpr std::string_view kRefused = "refused";

std::size_t any_below(Random& random, std::size_t bound) {
  return static_cast<std::size_t>(random() % bound);
}

class Words {
 public:
  Words& operator<<(std::string_view text) {
    out_.append(std::to_string(text.size())).append(":").append(text).append("|");
    return *this;
  }
  template <class Number>
  Words& operator<<(Number number)
    requires(std::is_integral_v<Number>)
  {
    out_.append(std::to_string(number)).append("|");
    return *this;
  }
  const std::string& text() const { return out_; }

 private:
  std::string out_;
};

std::string in_words(const Activity& seen) {
  Words out;
  out << to_string(seen.stage) << seen.time.value << seen.exchange << seen.tenant << seen.principal << seen.credential
      << static_cast<int>(seen.principal_kind) << seen.operation << seen.model << seen.upstream << seen.policy
      << static_cast<int>(seen.reason) << static_cast<int>(seen.ending) << seen.count << seen.stated_count
      << seen.sources << seen.prompt_tokens << seen.completion_tokens << seen.total_tokens << seen.request_bytes
      << seen.response_bytes << seen.duration_ms << seen.status << seen.user_type << seen.log_name
      << static_cast<int>(seen.of_dictionary) << seen.matches.size();
  for (const MatchSeen& match : seen.matches) out << match.kind << match.count << match.action << match.where;
  out << seen.tools.size();
  for (const std::string_view tool : seen.tools) out << tool;
  for (const DataRead& read : seen.data) out << read.name << read.rows;
  return out.text();
}

// The same, or kRefused: each member is looked up by itself.
class LookedUp {
 public:
  std::string in_words(std::string_view record) {
    wrong_ = false;
    const auto root = json_.parse(record);
    if (!root) return std::string(kRefused);
    root_ = *root;
    Words out;
    if (number({"class_uid"}) != 6003 || number({"unmapped", "redoubt", "format"}) != 1 || !find({"time"})) {
      return std::string(kRefused);
    }
    const std::string_view stage = text({"unmapped", "redoubt", "stage"});
    const bool known = place(stage, {"admission", "outcome", "denial", "interrupted", "opened", "attested"}) != 0;
    const std::uint64_t type = number({"actor", "user", "type_id"});
    const std::string_view principal = text({"actor", "user", "uid"});
    out << stage << integer({"time"}) << text({"metadata", "correlation_uid"}) << text({"metadata", "tenant_uid"})
        << principal << text({"actor", "user", "credential_uid"})
        << (principal.empty() || type == 0 || type > 4 ? 0
            : type <= 2                                ? 1
                                                       : 2)
        << text({"api", "operation"}) << text({"ai_model", "name"}) << text({"dst_endpoint", "svc_name"}) << policy();
    std::size_t reason = 0;
    if (stage == "denial" && find({"unmapped", "redoubt", "reason"})) {
      reason = place(text({"unmapped", "redoubt", "reason"}),
                     {"authentication", "authorization", "malformed", "too_large", "limit", "content", "unavailable"});
      wrong_ |= reason == 0;
    }
    const std::string_view detail = text({"status_detail"});
    const std::size_t ending = place(detail, {"completed", "client_gone", "upstream_failed", "upstream_timeout",
                                              "release_denied", "limit_reached", "aborted"});
    const std::uint64_t count = number({"count"}, 1);
    out << reason << (stage == "outcome" ? ending : 0) << at_least_one(count) << count
        << at_least_one(number({"unmapped", "redoubt", "sources"}, 1)) << number({"message_context", "prompt_tokens"})
        << number({"message_context", "completion_tokens"}) << lenient_number({"message_context", "total_tokens"})
        << number({"http_request", "body_length"}) << number({"http_response", "body_length"}) << integer({"duration"})
        << integer({"http_response", "code"}) << type << lenient_text({"metadata", "log_name"})
        << (lenient_text({"unmapped", "redoubt", "dictionary"}).empty() ? 0 : 1);
    const auto matches = list({"unmapped", "redoubt", "matches"});
    out << matches.size();
    for (const element& match : matches) {
      out << text(match, "kind") << number(match, "count") << text(match, "action") << text(match, "where");
    }
    const auto tools = list({"unmapped", "redoubt", "tools"});
    out << tools.size();
    for (const element& tool : tools) out << name(value_text(tool));
    for (const element& read : list({"unmapped", "redoubt", "data"})) {
      out << name(text(read, "name")) << number(read, "rows");
    }
    return wrong_ || !known ? std::string(kRefused) : out.text();
  }

 private:
  static std::uint64_t at_least_one(std::uint64_t count) {
    return std::clamp<std::uint64_t>(count, 1, std::numeric_limits<std::int32_t>::max());
  }
  // From 1 on; 0: none of them.
  static std::size_t place(std::string_view text, Names of) {
    const auto* const found = std::find(of.begin(), of.end(), text);
    return found == of.end() ? 0 : static_cast<std::size_t>(found - of.begin()) + 1;
  }

  std::optional<element> find(const element& in, std::string_view member) {
    simdjson::dom::object object;
    if (in.get(object) != simdjson::SUCCESS) {
      wrong_ = true;
      return std::nullopt;
    }
    element out;
    if (object.at_key(member).get(out) != simdjson::SUCCESS) return std::nullopt;
    return out;
  }
  std::optional<element> find(Names names) {
    std::optional<element> out = root_;
    for (const std::string_view each : names) {
      if (out) out = find(*out, each);
    }
    return out;
  }
  template <class T>
  T value(const std::optional<element>& found, T out) {
    if (found && found->get(out) != simdjson::SUCCESS) wrong_ = true;
    return out;
  }
  std::string_view value_text(const element& found) { return value<std::string_view>(found, {}); }
  std::string_view text(Names names) { return value<std::string_view>(find(names), {}); }
  std::uint64_t number(Names names, std::uint64_t otherwise = 0) { return value(find(names), otherwise); }
  std::int64_t integer(Names names) { return value<std::int64_t>(find(names), 0); }
  std::string_view text(const element& in, std::string_view member) {
    return value<std::string_view>(find(in, member), {});
  }
  std::uint64_t number(const element& in, std::string_view member) { return value<std::uint64_t>(find(in, member), 0); }
  std::string_view lenient_text(Names names) {
    std::string_view out;
    const auto found = find(names);
    return found && found->get(out) == simdjson::SUCCESS ? out : std::string_view();
  }
  std::uint64_t lenient_number(Names names) {
    std::uint64_t out = 0;
    const auto found = find(names);
    return found && found->get(out) == simdjson::SUCCESS ? out : 0;
  }
  std::vector<element> list(Names names) {
    std::vector<element> out;
    const auto found = find(names);
    if (!found) return out;
    simdjson::dom::array array;
    if (found->get(array) != simdjson::SUCCESS) {
      wrong_ = true;
      return out;
    }
    for (const element each : array) out.push_back(each);
    wrong_ |= out.size() > 32;
    return out;
  }
  std::string_view name(std::string_view text) {
    wrong_ |= text.empty() || text.size() > kActivityNameMax;
    return text;
  }
  std::string_view policy() {
    const auto all = list_of_any_size({"authorizations"});
    if (all.empty()) return {};
    const auto policy = find(all.front(), "policy");
    return policy ? text(*policy, "uid") : std::string_view();
  }
  std::vector<element> list_of_any_size(Names names) {
    const bool before = wrong_;
    auto out = list(names);
    if (out.size() > 32) wrong_ = before;
    return out;
  }

  encoding::JsonReader json_{{.max_bytes = record::kRecordSizeMax, .max_depth = 64}};
  element root_;
  bool wrong_ = false;
};

std::string in_words(const Result<std::optional<Interaction>>& read) {
  if (!read) return read.error().message();
  if (!*read) return "nothing";
  const Interaction& seen = **read;
  Words out;
  out << seen.index << seen.time.value << (seen.actor ? *seen.actor : -1) << seen.volumes.count << seen.volumes.denials
      << seen.volumes.matches << seen.volumes.bytes << seen.volumes.tokens << (seen.is_cut() ? 1 : 0);
  for (const NodeName& node : seen.nodes()) out << to_string(node);
  for (const auto& link : seen.links()) {
    out << link.from << link.to << static_cast<int>(link.kind) << static_cast<int>(link.once);
  }
  return out.text();
}

// Places of the colons behind names.
std::vector<std::size_t> colons(const std::string& record) {
  std::vector<std::size_t> out;
  for (std::size_t i = 2; i < record.size(); ++i) {
    if (record[i] == ':' && record[i - 1] == '"') out.push_back(i);
  }
  return out;
}

// Where the value ends that begins there.
std::size_t value_end(const std::string& record, std::size_t at) {
  int depth = 0;
  bool quoted = false;
  for (; at < record.size(); ++at) {
    const char c = record[at];
    if (quoted) {
      if (c == '\\') ++at;
      quoted = c != '"';
      continue;
    }
    quoted = c == '"';
    if (c == '{' || c == '[') ++depth;
    if ((c == '}' || c == ']' || c == ',') && depth == 0) break;
    if (c == '}' || c == ']') --depth;
  }
  return std::min(at, record.size());
}

void change(Random& random, std::string& record) {
  static constexpr std::array kValues = {"null",
                                         "true",
                                         "-1",
                                         "0",
                                         "1",
                                         "2",
                                         "4",
                                         "1.5",
                                         "5000000000",
                                         "9223372036854775807",
                                         "9223372036854775808",
                                         "18446744073709551616",
                                         R"("")",
                                         R"("a\"b")",
                                         R"("denial")",
                                         R"("outcome")",
                                         R"("opened")",
                                         R"("interrupted")",
                                         R"("attested")",
                                         R"("fact")",
                                         R"("limit")",
                                         R"("completed")",
                                         "[]",
                                         "{}",
                                         "[1]",
                                         "[[]]",
                                         R"(["a"])",
                                         R"({"a":1})",
                                         R"([{"name":"x","rows":-1}])",
                                         R"([{"name":"x"},{"name":"y","rows":2}])",
                                         R"([{"kind":"k","count":5000000000,"where":"tool"}])",
                                         R"([{"policy":{"uid":"p"}},5])"};
  static constexpr std::array kMembers = {R"("x":1,)",
                                          R"("count":3000000000,)",
                                          R"("total_tokens":77,)",
                                          R"("total_tokens":"no",)",
                                          R"("log_name":"l",)",
                                          R"("dictionary":"d",)",
                                          R"("type_id":1,)",
                                          R"("reason":"limit",)",
                                          R"("tools":["a","b"],)",
                                          R"("sources":9,)",
                                          R"("data":[{"name":"n","rows":3}],)",
                                          R"("\u0061pi":{"operation":"o"},)",
                                          R"("status_detail":"aborted",)",
                                          " "};
  static constexpr std::string_view kBytes = "\"\\{}[],:0-.eEtn \x01\x80";
  const std::vector<std::size_t> names = colons(record);
  if (names.empty()) return;
  const std::size_t colon = names[any_below(random, names.size())];
  switch (any_below(random, 5)) {
    case 0:
    case 1:
      record.replace(colon + 1, value_end(record, colon + 1) - colon - 1, kValues[any_below(random, kValues.size())]);
      break;
    case 2: {  // a name becomes another's
      const std::size_t other = names[any_below(random, names.size())];
      const std::size_t from = record.rfind('"', other - 2);
      const std::size_t to = record.rfind('"', colon - 2);
      if (from == std::string::npos || to == std::string::npos) return;
      const std::string name = record.substr(from, other - from);
      record.replace(to, colon - to, name);
      break;
    }
    case 3: {
      std::vector<std::size_t> objects;
      for (std::size_t i = 0; i < record.size(); ++i) {
        if (record[i] == '{') objects.push_back(i);
      }
      if (objects.empty()) return;
      record.insert(objects[any_below(random, objects.size())] + 1, kMembers[any_below(random, kMembers.size())]);
      break;
    }
    default:
      record[any_below(random, record.size())] = kBytes[any_below(random, kBytes.size())];
      break;
  }
}

TEST(RecordReading, GivesWhatLookUpsInTheTreeGive) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Random random(seed);
  LookedUp looked_up;
  ActivityReader reader;
  InteractionReader of_texts;
  InteractionReader of_activities;
  std::size_t read = 0;
  std::size_t refused = 0;
  const auto compare = [&](const std::string& record) {
    const auto activity = reader.read(as_bytes(record));
    ASSERT_EQ(activity ? in_words(**activity) : std::string(kRefused), looked_up.in_words(record)) << record;
    ++(activity ? read : refused);
    if (activity) {
      ASSERT_EQ(in_words(of_activities.read(**activity, 7)), in_words(of_texts.read(record, 7))) << record;
    }
  };
  std::size_t made = 0;
  simulation::Simulation days(
      {.seed = 5, .people = 60, .days = 2, .attacks = {"bulk_data", "injection_then_outbound"}});
  days.run([&](const simulation::SimulatedRecord& each) {
    if (each.activity.stage == record::Stage::kFact || ++made > 3000 || ::testing::Test::HasFatalFailure()) return;
    const std::string record = simulation::record_json(each.activity);
    compare(record);
    for (int i = 0; i < 8 && !::testing::Test::HasFatalFailure(); ++i) {
      std::string changed = record;
      for (std::size_t changes = 1 + any_below(random, 3); changes > 0; --changes) change(random, changed);
      compare(changed);
    }
  });
  EXPECT_GT(read, 10'000U);
  EXPECT_GT(refused, 5'000U);
}

TEST(RecordReading, SaysWhichMemberIsWrongFirst) {
  ActivityReader reader;
  const auto message = [&](std::string_view record) {
    const auto read = reader.read(as_bytes(record));
    return read ? std::string("read") : read.error().message();
  };
  const auto wrong = [](const std::string& member) {
    return "record: `" + member + "` has not the form that it must have";
  };
  const std::string ours = R"("unmapped":{"redoubt":{"tools":1,"format":1,"data":1,"stage":"outcome"}})";
  EXPECT_EQ(message(R"({"api":1,"time":1,"actor":[],)" + ours + "}"), "a record of a class that is not known");
  EXPECT_EQ(message(R"({"class_uid":6003,"api":1,"unmapped":[]})"), "a record without `unmapped.redoubt`");
  EXPECT_EQ(message(R"({"class_uid":6003,"api":1,"unmapped":{"redoubt":{"stage":"outcome"}}})"),
            wrong("unmapped.redoubt.format"));
  EXPECT_EQ(message(R"({"class_uid":6003,"api":1,"unmapped":{"redoubt":{"format":2}}})"), "a record of a later format");
  EXPECT_EQ(message(R"({"class_uid":6003,"api":1,"unmapped":{"redoubt":{"format":1}}})"),
            "a record of a stage that is not known");
  EXPECT_EQ(message(R"({"actor":{"user":{"uid":1}},"api":1,"class_uid":6003,)" + ours + "}"), wrong("actor"));
  EXPECT_EQ(message(R"({"class_uid":6003,)" + ours + "}"), wrong("time"));
  EXPECT_EQ(message(R"({"class_uid":6003,"time":1,)" + ours + "}"), wrong("unmapped.redoubt.tools"));
}

TEST(RecordReading, HasItemsOfEveryJsonThatIsNoFact) {
  ActivityReader reader;
  EXPECT_EQ(reader.items(), nullptr);
  EXPECT_FALSE(reader.read(as_bytes(std::string_view(R"({"a":1})"))));
  ASSERT_NE(reader.items(), nullptr);
  EXPECT_EQ(reader.items()->size(), 2U);
  EXPECT_FALSE(reader.read(as_bytes(std::string_view(R"({"a":1,"a":2})"))));
  EXPECT_EQ(reader.items(), nullptr);
}

}  // namespace
}  // namespace redoubt::behaviour
