#include "sigma/rule_tests.h"

#include <algorithm>
#include <set>

#include "encoding/json_reader.h"
#include "sigma/correlator.h"
#include "sigma/event_reader.h"
#include "sigma/internal/message.h"
#include "sigma/internal/time_text.h"
#include "sigma/matcher.h"

namespace redoubt::sigma {
namespace {

namespace dom = simdjson::dom;

constexpr std::size_t kMaxBytes = std::size_t{4} << 20;
constexpr std::size_t kMaxCases = 1000;
constexpr std::size_t kMaxEvents = 10'000;
constexpr std::size_t kMaxRepeated = 100'000;
constexpr std::int64_t kStartMs = 1'767'225'600'000;  // 2026-01-01T00:00:00Z
constexpr std::int64_t kStepMs = 1000;

class CaseReader {
 public:
  CaseReader(std::size_t place, std::size_t& events) : place_(place), events_(events) {}

  Result<RuleTest> read(const dom::element& item) {
    dom::object object;
    if (item.get_object().get(object)) return fail("is not an object");
    out_.name = std::string(encoding::string_member(object, "name"));
    if (out_.name.empty()) return fail("has no `name`");
    bool events = false;
    bool matches = false;
    for (const dom::key_value_pair member : object) {
      const std::string_view name = member.key;
      Result<> done;
      if (name == "name") continue;
      if (name == "events" || name == "records") {
        if (events) return fail("has `events` and `records`");
        events = true;
        out_.records = name == "records";
        done = read_events(member.value);
      } else if (name == "matches") {
        matches = true;
        if (member.value.get_bool().get(out_.matches)) return fail("has `matches` that is not true or false");
      } else if (name == "rule") {
        std::string_view rule;
        if (member.value.get_string().get(rule)) return fail("has `rule` that is not text");
        out_.rule = std::string(rule);
      } else if (name == "repeat") {
        std::uint64_t repeat = 0;
        if (member.value.get_uint64().get(repeat) || repeat == 0 || repeat > kMaxRepeated)
          return fail("has `repeat` that is not a number from 1");
        out_.repeat = repeat;
      } else if (name == "fires_at") {
        done = read_places(member.value);
      } else if (name == "predicates") {
        done = read_predicates(member.value);
      } else {
        return fail("has the unknown member " + internal::in_backticks(name));
      }
      if (!done) return done.error();
    }
    if (!events || !matches) return fail("needs `events` or `records`, and `matches`");
    if (out_.repeat * out_.events.size() > kMaxRepeated)
      return fail("has more than " + std::to_string(kMaxRepeated) + " events in all");
    if (out_.repeat > 1 && timed_) return fail("repeats events that have a `time`");
    if (out_.fires_at && out_.matches == out_.fires_at->empty())
      return fail("has `fires_at` and `matches` that differ");
    return std::move(out_);
  }

 private:
  Error fail(const std::string& why) const {
    return {Errc::kMalformed, "the case " + std::to_string(place_) +
                                  (out_.name.empty() ? std::string() : " (" + internal::in_backticks(out_.name) + ")") +
                                  " " + why};
  }

  Result<> read_events(const dom::element& item) {
    dom::array list;
    if (item.get_array().get(list) || list.size() == 0) return fail("has no list of events");
    for (const dom::element one : list) {
      dom::object event;
      if (one.get_object().get(event)) return fail("has an event that is not an object");
      if (++events_ > kMaxEvents) return fail("is where the file has too many events");
      if (!out_.records && event["time"].error() == simdjson::SUCCESS) timed_ = true;
      out_.events.push_back(simdjson::minify(one));
    }
    return {};
  }

  Result<> read_places(const dom::element& item) {
    dom::array list;
    if (item.get_array().get(list)) return fail("has `fires_at` that is not a list");
    out_.fires_at.emplace();
    for (const dom::element one : list) {
      std::uint64_t place = 0;
      const bool good =
          one.get_uint64().get(place) == simdjson::SUCCESS && (out_.fires_at->empty() || out_.fires_at->back() < place);
      if (!good) return fail("has `fires_at` that are not ascending numbers from 0");
      out_.fires_at->push_back(place);
    }
    return {};
  }

  Result<> read_predicates(const dom::element& item) {
    dom::object answers;
    if (item.get_object().get(answers)) return fail("has `predicates` that is not an object");
    for (const dom::key_value_pair answer : answers) {
      bool value = false;
      if (answer.value.get_bool().get(value)) return fail("has a predicate that is not true or false");
      out_.predicates.emplace(std::string(answer.key), value);
    }
    return {};
  }

  std::size_t place_;
  std::size_t& events_;
  bool timed_ = false;
  RuleTest out_;
};

class CaseAnswers final : public PredicateAnswers {
 public:
  CaseAnswers(const RuleSet& rules, const RuleTest& test) : rules_(rules), test_(test) {}
  bool holds(std::size_t use, const Event&) override {
    const std::string& text = rules_.predicate_uses()[use].text;
    const auto answer = test_.predicates.find(text);
    if (answer != test_.predicates.end()) return answer->second;
    missing = text;
    return false;
  }
  std::string missing;

 private:
  const RuleSet& rules_;
  const RuleTest& test_;
};

// What an event in fields' names says beside them.
struct Beside {
  std::optional<std::int64_t> time_ms;
  std::optional<Logsource> logsource;
};

Result<Beside> beside(encoding::JsonReader& reader, std::string_view json) {
  const auto root = reader.parse(json);
  if (!root) return root.error();
  Beside out;
  if (dom::element time; (*root)["time"].get(time) == simdjson::SUCCESS) {
    std::string_view text;
    std::int64_t number = 0;
    if (time.get_string().get(text) == simdjson::SUCCESS) {
      out.time_ms = internal::parse_rfc3339_ms(text);
    } else if (time.get_int64().get(number) == simdjson::SUCCESS) {
      out.time_ms = number;
    }
    if (!out.time_ms) return Error(Errc::kMalformed, "`time` is neither text of RFC 3339 nor milliseconds");
  }
  if (dom::object source; (*root)["logsource"].get_object().get(source) == simdjson::SUCCESS) {
    out.logsource = Logsource{std::string(encoding::string_member(source, "category")),
                              std::string(encoding::string_member(source, "product")),
                              std::string(encoding::string_member(source, "service"))};
  }
  return out;
}

class TestRun {
 public:
  TestRun(const RuleSet& rules, std::string_view file, const RuleTest& test)
      : rules_(rules),
        file_(file),
        test_(test),
        answers_(rules, test),
        reader_(rules, test.records ? EventReader::Form::kRecord : EventReader::Form::kFields),
        matcher_(rules, &answers_),
        correlator_(rules) {}

  RuleTestResult run() {
    RuleTestResult out;
    out.name = test_.name;
    out.matches = test_.matches;
    if (test_.rule) {
      only_ = rules_.find(*test_.rule);
      if (!only_) {
        out.problem = "there is no rule " + internal::in_backticks(*test_.rule);
        return out;
      }
    }
    for (std::size_t round = 0; round < test_.repeat && out.problem.empty(); ++round) {
      for (const std::string& json : test_.events) {
        const auto fired = one(json);
        if (!fired) {
          out.problem = "the event " + std::to_string(count_) + ": " + fired.error().message();
          break;
        }
        if (*fired) out.fired_at.push_back(count_);
        ++count_;
      }
    }
    if (out.problem.empty() && !answers_.missing.empty())
      out.problem = "the case does not say what " + internal::in_backticks(answers_.missing) + " is";
    out.passed = out.problem.empty() && test_.matches == !out.fired_at.empty() &&
                 (!test_.fires_at || *test_.fires_at == out.fired_at);
    return out;
  }

 private:
  bool wanted(RuleIndex rule) const {
    if (only_) return rule == *only_;
    const RuleInfo& info = rules_.rules()[rule];
    return info.file == file_ && info.reports;
  }

  Result<bool> one(const std::string& json) {
    const auto event = reader_.read(json);
    if (!event) return event.error();
    std::int64_t time_ms = count_ == 0 ? kStartMs : time_ms_ + kStepMs;
    Beside extra;
    if (test_.records) {
      time_ms = (*event)->time_ms().value_or(time_ms);
    } else {
      auto found = beside(json_, json);
      if (!found) return found.error();
      extra = *std::move(found);
      time_ms = extra.time_ms.value_or(time_ms);
      (*event)->set_everywhere(!extra.logsource);
      if (extra.logsource) (*event)->set_logsource(&*extra.logsource);
    }
    time_ms_ = time_ms;
    const auto matched = matcher_.match(**event);
    bool fired = std::any_of(matched.begin(), matched.end(), [&](RuleIndex rule) { return wanted(rule); });
    for (const Firing& firing : correlator_.add({time_ms, count_}, **event, matched)) fired |= wanted(firing.rule);
    return fired;
  }

  const RuleSet& rules_;
  std::string_view file_;
  const RuleTest& test_;
  CaseAnswers answers_;
  EventReader reader_;
  Matcher matcher_;
  Correlator correlator_;
  encoding::JsonReader json_;
  std::optional<RuleIndex> only_;
  std::size_t count_ = 0;
  std::int64_t time_ms_ = 0;
};

}  // namespace

Result<std::vector<RuleTest>> parse_rule_tests(std::string_view json) {
  encoding::JsonReader reader({.max_bytes = kMaxBytes, .max_depth = 64});
  const auto root = reader.parse(json);
  if (!root) return root.error();
  dom::array list;
  if (root->get_array().get(list)) return Error(Errc::kMalformed, "tests are a list of cases");
  if (list.size() > kMaxCases) return Error(Errc::kTooLarge, "more than " + std::to_string(kMaxCases) + " cases");
  std::vector<RuleTest> out;
  std::set<std::string> names;
  std::size_t events = 0;
  for (const dom::element item : list) {
    auto test = CaseReader(out.size(), events).read(item);
    if (!test) return test.error();
    if (!names.insert(test->name).second)
      return Error(Errc::kAlreadyExists, "two cases are named " + internal::in_backticks(test->name));
    out.push_back(*std::move(test));
  }
  return out;
}

RuleTestResult run_rule_test(const RuleSet& rules, std::string_view file, const RuleTest& test) {
  return TestRun(rules, file, test).run();
}

}  // namespace redoubt::sigma
