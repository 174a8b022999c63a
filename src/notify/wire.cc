#include "notify/wire.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "encoding/json_reader.h"
#include "encoding/json_writer.h"
#include "notify/message.h"

namespace redoubt::notify {
namespace {

using encoding::JsonWriter;
using simdjson::dom::array;
using simdjson::dom::object;

constexpr std::array<std::string_view, 3> kWords = {"ready", "attempt", "gone"};
constexpr unsigned kNumberMax = 1'000'000;

Error malformed(std::string_view member) {
  return {Errc::kMalformed, "a message's `" + std::string(member) + "` is missing or of another form"};
}

bool is_id(std::string_view text) {
  return text.size() == 16 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// Takes members one by one; what is left at the end is one too many.
class Members {
 public:
  explicit Members(const object& of) : of_(of) {}

  std::string text(std::string_view name) {
    std::string_view out;
    take(name, of_[name].get(out) == simdjson::SUCCESS);
    return std::string(out);
  }
  template <class T, class Parse>
  T named(std::string_view name, Parse parse) {
    const std::optional<T> out = parse(text(name));
    if (!out) fail(name);
    return out.value_or(T{});
  }
  std::int64_t number(std::string_view name) {
    std::int64_t out = 0;
    take(name, of_[name].get(out) == simdjson::SUCCESS);
    return out;
  }
  bool flag(std::string_view name) {
    bool out = false;
    take(name, of_[name].get(out) == simdjson::SUCCESS);
    return out;
  }
  array list(std::string_view name, std::size_t most) {
    array out;
    const bool is_list = of_[name].get(out) == simdjson::SUCCESS;
    take(name, is_list);
    if (is_list && out.size() > most) fail(name);
    return failed_ ? array() : out;
  }
  object inner(std::string_view name) {
    object out;
    take(name, of_[name].get(out) == simdjson::SUCCESS);
    return out;
  }
  void fail(std::string_view name) {
    if (!failed_) failed_ = malformed(name);
  }
  Result<> done() const {
    if (failed_) return *failed_;
    if (taken_ != of_.size()) return Error(Errc::kMalformed, "a message has other members than it must have");
    return {};
  }
  bool good() const { return !failed_; }

 private:
  void take(std::string_view name, bool good) {
    ++taken_;
    if (!good) fail(name);
  }

  const object& of_;
  std::size_t taken_ = 0;
  std::optional<Error> failed_;
};

Result<Notice> read_notice(const object& of) {
  Members members(of);
  Notice out;
  out.id = members.text("id");
  if (!is_id(out.id)) members.fail("id");
  out.incident = members.text("incident");
  if (!out.incident.empty() && !is_id(out.incident)) members.fail("incident");
  out.kind = members.named<NoticeKind>("kind", parse_notice_kind);
  out.severity = members.named<Severity>("severity", parse_severity);
  out.tenant = members.text("tenant");
  out.title = members.text("title");
  out.text = members.text("text");
  out.link = members.text("link");
  out.exercise = members.flag("exercise");
  out.time = {members.number("time")};
  // Of a time that a calendar has: the years 1970 to 9999.
  if (out.time.value < 0 || out.time.value > 253'402'300'799'999) members.fail("time");
  const array details = members.list("details", kDetailsMax);
  if (members.good()) {
    for (const auto each : details) {
      array pair;
      std::string_view name;
      std::string_view value;
      if (each.get(pair) != simdjson::SUCCESS || pair.size() != 2 || pair.at(0).get(name) != simdjson::SUCCESS ||
          pair.at(1).get(value) != simdjson::SUCCESS) {
        return malformed("details");
      }
      out.details.emplace_back(name, value);
    }
  }
  if (auto done = members.done(); !done) return done.error();
  return out;
}

Result<object> parse(encoding::JsonReader& reader, std::string_view message) {
  auto root = reader.parse(message);
  if (!root) return root.error();
  object out;
  if (root->get(out) != simdjson::SUCCESS) return Error(Errc::kMalformed, "a message is no object");
  return out;
}

constexpr encoding::JsonLimits kLimits{.max_bytes = kWireMessageMax, .max_depth = 5};

}  // namespace

Result<std::string> write_order(const Order& order) {
  const Notice& notice = order.notice;
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  json.key("notice");
  json.begin_object();
  json.member("id", notice.id);
  json.member("incident", notice.incident);
  json.member("kind", to_string(notice.kind));
  json.member("severity", to_string(notice.severity));
  json.member("tenant", notice.tenant);
  json.member("title", notice.title);
  json.member("text", notice.text);
  json.member("link", notice.link);
  json.member("exercise", notice.exercise);
  json.member("time", notice.time.value);
  json.key("details");
  json.begin_array();
  for (const auto& [name, value] : notice.details) {
    json.begin_array();
    json.value(name);
    json.value(value);
    json.end_array();
  }
  json.end_array();
  json.end_object();
  json.key("endpoints");
  json.begin_array();
  for (const std::string& each : order.endpoints) json.value(each);
  json.end_array();
  json.end_object();
  if (out.size() > kWireMessageMax) return Error(Errc::kTooLarge, "the notice is too large to be handed over");
  return out;
}

std::string write_word(const Word& word) {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  json.member("word", kWords.at(static_cast<std::size_t>(word.kind)));
  if (word.kind == Word::Kind::kAttempt) {
    json.member("notice", word.notice);
    json.member("endpoint", word.endpoint);
    json.member("attempt", std::uint64_t{word.number});
    json.member("outcome", to_string(word.outcome));
  }
  if (word.kind != Word::Kind::kReady) {
    std::string why(cut_text(word.why, kWordWhyMax));
    std::replace_if(why.begin(), why.end(), [](char c) { return c >= 0 && c < ' '; }, ' ');
    json.member("why", why);
  }
  json.end_object();
  return out;
}

Result<Order> read_order(std::string_view message) {
  encoding::JsonReader reader(kLimits);
  const auto root = parse(reader, message);
  if (!root) return root.error();
  Members members(*root);
  Order out;
  const object inner = members.inner("notice");
  const array endpoints = members.list("endpoints", kEndpointsMax);
  if (auto done = members.done(); !done) return done.error();
  auto notice = read_notice(inner);
  if (!notice) return notice.error();
  out.notice = *std::move(notice);
  for (const auto each : endpoints) {
    std::string_view name;
    if (each.get(name) != simdjson::SUCCESS || !is_endpoint_name(name)) return malformed("endpoints");
    out.endpoints.emplace_back(name);
  }
  return out;
}

Result<Word> read_word(std::string_view message) {
  encoding::JsonReader reader(kLimits);
  const auto root = parse(reader, message);
  if (!root) return root.error();
  Members members(*root);
  Word out;
  const auto kind = std::find(kWords.begin(), kWords.end(), members.text("word"));
  if (kind == kWords.end()) return malformed("word");
  out.kind = static_cast<Word::Kind>(kind - kWords.begin());
  if (out.kind == Word::Kind::kAttempt) {
    out.notice = members.text("notice");
    if (!is_id(out.notice)) members.fail("notice");
    out.endpoint = members.text("endpoint");
    if (!is_endpoint_name(out.endpoint)) members.fail("endpoint");
    const std::int64_t number = members.number("attempt");
    if (number < 0 || number > kNumberMax) members.fail("attempt");
    out.number = static_cast<unsigned>(number);
    out.outcome = members.named<Outcome>("outcome", parse_outcome);
  }
  if (out.kind != Word::Kind::kReady) {
    out.why = members.text("why");
    const bool one_line = std::none_of(out.why.begin(), out.why.end(), [](char c) { return c >= 0 && c < ' '; });
    if (!one_line || out.why.size() > kWordWhyMax) members.fail("why");
  }
  if (auto done = members.done(); !done) return done.error();
  return out;
}

}  // namespace redoubt::notify
