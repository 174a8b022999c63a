// The index-driven matcher against one that asks every question of every rule; the correlator against one that keeps
// all events.
#include <algorithm>
#include <functional>
#include <map>
#include <random>
#include <set>

#include "src/sigma/tests/support.h"

namespace redoubt::sigma {
namespace {

using Random = std::mt19937_64;

std::size_t below(Random& random, std::size_t bound) {
  return static_cast<std::size_t>(random() % bound);
}

const std::vector<std::string> kFields = {"A", "B", "C", "D"};

// Values of events and rules, few enough that they meet.
std::string some_text(Random& random) {
  static const std::vector<std::string> kPieces = {"a", "B", "ab", "x.", "Ä", "-", "1", "2", "", "zz"};
  std::string out;
  for (std::size_t i = below(random, 4); i-- > 0;) out += kPieces[below(random, kPieces.size())];
  return out;
}

struct Scalar {
  enum class Kind { kNull, kBoolean, kNumber, kText } kind = Kind::kNull;
  std::string text;  // as Sigma compares it
  double number = 0;
};
using NaiveEvent = std::map<std::string, std::vector<Scalar>>;

std::string lower(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text.substr(i).starts_with("Ä")) {
      out += "ä";
      ++i;
    } else {
      out += static_cast<char>(std::tolower(static_cast<unsigned char>(text[i])));
    }
  }
  return out;
}

// By recursion, characters of more than one byte as one.
bool glob(std::string_view pattern, std::string_view text) {
  if (pattern.empty()) return text.empty();
  if (pattern[0] == '*') return glob(pattern.substr(1), text) || (!text.empty() && glob(pattern, text.substr(1)));
  if (text.empty()) return false;
  if (pattern[0] == '?') {
    std::size_t size = 1;
    while (size < text.size() && (static_cast<unsigned char>(text[size]) & 0xc0U) == 0x80) ++size;
    return glob(pattern.substr(1), text.substr(size));
  }
  return pattern[0] == text[0] && glob(pattern.substr(1), text.substr(1));
}

// One item of a map: its YAML, and what it means.
struct NaiveItem {
  std::string yaml;
  std::function<bool(const NaiveEvent&)> holds;
};

const std::vector<Scalar>& values_of(const NaiveEvent& event, const std::string& field) {
  static const std::vector<Scalar> kNone;
  const auto found = event.find(field);
  return found == event.end() ? kNone : found->second;
}

NaiveItem random_item(Random& random) {
  const std::string field = kFields[below(random, kFields.size())];
  const auto any = [field](std::function<bool(const Scalar&)> holds) {
    return [field, holds](const NaiveEvent& event) {
      const auto& values = values_of(event, field);
      return std::any_of(values.begin(), values.end(), holds);
    };
  };
  switch (below(random, 8)) {
    case 0: {
      const bool exists = below(random, 2) == 0;
      return {field + "|exists: " + (exists ? "true" : "false"),
              [=](const NaiveEvent& event) { return event.contains(field) == exists; }};
    }
    case 1:
      return {field + ": null", [field](const NaiveEvent& event) {
                const auto& values = values_of(event, field);
                return values.empty() || std::any_of(values.begin(), values.end(), [](const Scalar& value) {
                         return value.kind == Scalar::Kind::kNull;
                       });
              }};
    case 2: {
      const int number = static_cast<int>(below(random, 4));
      return {field + ": " + std::to_string(number), any([number](const Scalar& value) {
                return value.kind == Scalar::Kind::kNumber
                           ? value.number == number
                           : value.kind != Scalar::Kind::kNull && value.text == std::to_string(number);
              })};
    }
    case 3: {
      const int number = static_cast<int>(below(random, 4));
      const bool less = below(random, 2) == 0;
      return {
          field + (less ? "|lt: " : "|gte: ") + std::to_string(number), any([=](const Scalar& value) {
            double own = value.number;
            if (value.kind == Scalar::Kind::kText) {
              const std::size_t sign = value.text.starts_with('-') ? 1 : 0;
              if (value.text.size() == sign || value.text.find_first_not_of("0123456789", sign) != std::string::npos)
                return false;
              own = std::stod(value.text);
            } else if (value.kind != Scalar::Kind::kNumber) {
              return false;
            }
            return less ? own < number : own >= number;
          })};
    }
    default: {
      // Text with perhaps wildcards, perhaps a place, case, several values, `all` or `neq`.
      static const std::vector<std::string> kPlaces = {"", "", "contains", "startswith", "endswith"};
      const std::string place = kPlaces[below(random, kPlaces.size())];
      const bool cased = below(random, 4) == 0;
      const std::size_t count = 1 + below(random, 3);
      const std::size_t link = below(random, 6);
      const bool all = link == 0 && count > 1;
      const bool neq = link == 1;
      std::vector<std::string> patterns;
      std::string yaml = field + (place.empty() ? "" : "|" + place) + (cased ? "|cased" : "") + (all ? "|all" : "") +
                         (neq ? "|neq" : "") + ": [";
      for (std::size_t i = 0; i < count; ++i) {
        std::string pattern = some_text(random);
        if (below(random, 3) == 0)
          pattern.insert(below(random, 2) == 0 ? 0 : pattern.size(), below(random, 2) == 0 ? "*" : "?");
        if (below(random, 5) == 0) pattern = some_text(random) + "*" + pattern;
        if (pattern.empty() && !place.empty()) pattern = "a";
        yaml += std::string(i == 0 ? "" : ", ") + "'" + pattern + "'";
        if (place == "contains" || place == "endswith") pattern = "*" + pattern;
        if (place == "contains" || place == "startswith") pattern += "*";
        patterns.push_back(pattern);
      }
      return {yaml + "]", [=](const NaiveEvent& event) {
                const auto one = [&](const std::string& pattern) {
                  const auto& values = values_of(event, field);
                  return std::any_of(values.begin(), values.end(), [&](const Scalar& value) {
                    if (value.kind == Scalar::Kind::kNull) return false;
                    return cased ? glob(pattern, value.text) : glob(lower(pattern), lower(value.text));
                  });
                };
                if (all) return std::all_of(patterns.begin(), patterns.end(), one);
                return std::any_of(patterns.begin(), patterns.end(), one) != neq;
              }};
    }
  }
}

struct NaiveRule {
  std::string yaml;
  std::function<bool(const NaiveEvent&)> holds;
};

NaiveRule random_rule(Random& random, std::size_t number) {
  NaiveRule out;
  out.yaml = "title: r" + std::to_string(number) + "\nlogsource: {category: c}\ndetection:\n";
  std::vector<std::function<bool(const NaiveEvent&)>> selections;
  const std::size_t count = 1 + below(random, 3);
  for (std::size_t i = 0; i < count; ++i) {
    out.yaml += "    s" + std::to_string(i) + ":\n";
    std::set<std::string> keys;
    std::vector<NaiveItem> items;
    for (std::size_t left = 1 + below(random, 3); left-- > 0;) {
      NaiveItem item = random_item(random);
      if (keys.insert(item.yaml.substr(0, item.yaml.find(':'))).second) items.push_back(std::move(item));
    }
    const bool list = below(random, 4) == 0;
    for (const NaiveItem& item : items) out.yaml += std::string(list ? "        - " : "        ") + item.yaml + "\n";
    selections.push_back([items, list](const NaiveEvent& event) {
      const auto holds = [&](const NaiveItem& item) { return item.holds(event); };
      return list ? std::any_of(items.begin(), items.end(), holds) : std::all_of(items.begin(), items.end(), holds);
    });
  }
  // `[not] s0 (and|or) [not] s1 …`, with `and` before `or`.
  std::string condition;
  std::vector<std::vector<std::pair<std::size_t, bool>>> terms(1);
  for (std::size_t i = 0; i < count; ++i) {
    const bool negated = below(random, 3) == 0;
    if (i > 0) {
      const bool conjunction = below(random, 2) == 0;
      condition += conjunction ? " and " : " or ";
      if (!conjunction) terms.emplace_back();
    }
    condition += (negated ? "not s" : "s") + std::to_string(i);
    terms.back().push_back({i, negated});
  }
  out.yaml += "    condition: " + condition + "\n";
  out.holds = [selections, terms](const NaiveEvent& event) {
    return std::any_of(terms.begin(), terms.end(), [&](const auto& term) {
      return std::all_of(term.begin(), term.end(),
                         [&](const auto& factor) { return selections[factor.first](event) != factor.second; });
    });
  };
  return out;
}

struct RandomEvent {
  NaiveEvent event;
  std::string json;
};

RandomEvent random_event(Random& random) {
  RandomEvent out;
  out.json = "{";
  const auto scalar = [&](std::vector<Scalar>& values) -> std::string {
    switch (below(random, 6)) {
      case 0:
        values.push_back({Scalar::Kind::kNull, "", 0});
        return "null";
      case 1: {
        const bool flag = below(random, 2) == 0;
        values.push_back({Scalar::Kind::kBoolean, flag ? "true" : "false", 0});
        return values.back().text;
      }
      case 2: {
        const auto number = static_cast<double>(below(random, 4));
        values.push_back({Scalar::Kind::kNumber, std::to_string(static_cast<int>(number)), number});
        return values.back().text;
      }
      default:
        values.push_back({Scalar::Kind::kText, some_text(random), 0});
        return "\"" + values.back().text + "\"";
    }
  };
  for (const std::string& field : kFields) {
    if (below(random, 4) == 0) continue;
    auto& values = out.event[field];
    out.json += std::string(out.json.size() > 1 ? "," : "") + "\"" + field + "\":";
    if (below(random, 4) == 0) {
      out.json += "[";
      for (std::size_t left = below(random, 4); left-- > 0;) out.json += scalar(values) + (left > 0 ? "," : "");
      out.json += "]";
    } else {
      out.json += scalar(values);
    }
  }
  out.json += "}";
  return out;
}

TEST(Property, MatchesAsEveryRuleAskedAlone) {
  const std::uint64_t seed = std::random_device{}();
  Random random(seed);
  for (int round = 0; round < 60; ++round) {
    std::vector<NaiveRule> naive;
    std::string text;
    for (std::size_t i = 0; i < 30; ++i) {
      naive.push_back(random_rule(random, i));
      text += "---\n" + naive.back().yaml;
    }
    const auto rules = compile(text);
    ASSERT_TRUE(rules) << "seed " << seed << ": " << rules.error().message() << "\n" << text;
    EventReader reader(*rules);
    Matcher matcher(*rules);
    for (int i = 0; i < 200; ++i) {
      const RandomEvent event = random_event(random);
      const auto read = reader.read(event.json);
      ASSERT_TRUE(read) << event.json;
      const auto matched = matcher.match(**read);
      const std::set<RuleIndex> found(matched.begin(), matched.end());
      ASSERT_TRUE(std::is_sorted(matched.begin(), matched.end()));
      for (RuleIndex rule = 0; rule < naive.size(); ++rule) {
        ASSERT_EQ(found.contains(rule), naive[rule].holds(event.event)) << "seed " << seed << "\n"
                                                                        << event.json << "\n"
                                                                        << naive[rule].yaml;
      }
    }
  }
}

struct Past {
  std::int64_t time_ms;
  std::string kind;
  std::string user;
  int number;
};

// Whether the condition holds for the window that ends with the group's newest event.
bool holds_naively(const std::string& type, const std::vector<Past>& all, const Past& now, std::int64_t timespan_ms) {
  std::int64_t newest = now.time_ms;
  for (const Past& past : all) {
    if (past.user == now.user) newest = std::max(newest, past.time_ms);
  }
  std::vector<Past> window;
  for (const Past& past : all) {
    if (past.user == now.user && past.time_ms >= newest - timespan_ms) window.push_back(past);
  }
  std::set<int> numbers;
  std::set<std::string> kinds;
  double sum = 0;
  for (const Past& past : window) {
    numbers.insert(past.number);
    kinds.insert(past.kind);
    sum += past.number;
  }
  if (type == "event_count") return window.size() >= 4;
  if (type == "value_count") return numbers.size() >= 3;
  if (type == "value_sum") return sum > 10;
  if (type == "value_avg") return sum / static_cast<double>(window.size()) > 4;
  if (type == "temporal") return kinds.size() == 2;
  // In the order in which they came, as all come in order.
  for (std::size_t i = 0; i < window.size(); ++i) {
    for (std::size_t j = i + 1; j < window.size(); ++j) {
      if (window[i].kind == "a" && window[j].kind == "b") return true;
    }
  }
  return false;
}

TEST(Property, CorrelatesAsOneThatKeepsAllEvents) {
  const std::uint64_t seed = std::random_device{}();
  Random random(seed);
  for (const std::string type :
       {"event_count", "value_count", "value_sum", "value_avg", "temporal", "temporal_ordered"}) {
    std::string condition;
    if (type == "event_count") condition = "condition: {gte: 4}";
    if (type == "value_count") condition = "condition: {field: n, gte: 3}";
    if (type == "value_sum") condition = "condition: {field: n, gt: 10}";
    if (type == "value_avg") condition = "condition: {field: n, gt: 4}";
    const RuleSet rules = rules_of(
        "title: A\nname: a\nlogsource: {category: c}\ndetection: {s: {kind: a}, condition: s}\n---\n"
        "title: B\nname: b\nlogsource: {category: c}\ndetection: {s: {kind: b}, condition: s}\n---\n"
        "title: c\ncorrelation:\n    type: " +
        type + "\n    rules: [a, b]\n    group-by: [user]\n    timespan: 20s\n    " + condition + "\n");
    const bool in_order = type == "temporal_ordered";
    for (int round = 0; round < 20; ++round) {
      Correlator correlator(rules);
      EventReader reader(rules);
      Matcher matcher(rules);
      std::vector<Past> all;
      std::map<std::string, std::pair<bool, std::int64_t>> fired;  // holding, last
      std::int64_t clock = 0;
      std::uint64_t id = 0;
      for (int i = 0; i < 400; ++i) {
        clock += static_cast<std::int64_t>(below(random, 4)) * 500;
        Past now{clock, below(random, 3) == 0 ? "b" : "a", "u" + std::to_string(below(random, 3)),
                 static_cast<int>(below(random, 7))};
        // Up to a timespan behind the newest of all groups: later ones may find their group forgotten.
        if (!in_order && below(random, 8) == 0) now.time_ms -= static_cast<std::int64_t>(below(random, 21)) * 1000;
        const std::string json =
            "{\"kind\":\"" + now.kind + "\",\"user\":\"" + now.user + "\",\"n\":" + std::to_string(now.number) + "}";
        const auto event = reader.read(json);
        const auto firings = correlator.add({now.time_ms, id++}, **event, matcher.match(**event));
        std::int64_t newest = now.time_ms;
        bool known = false;
        for (const Past& past : all) {
          if (past.user != now.user) continue;
          newest = std::max(newest, past.time_ms);
          known = true;
        }
        bool expected = false;
        if (!known || now.time_ms >= newest - 20'000) {
          all.push_back(now);
          auto& [holding, last] = fired[now.user];
          const bool holds = holds_naively(type, all, now, 20'000);
          expected = holds && (!holding || newest - last >= 20'000);
          if (expected) last = newest;
          holding = holds;
        }
        ASSERT_EQ(!firings.empty(), expected) << "seed " << seed << " " << type << " event " << i;
        // Saved and restored at any time, it goes on as it would have.
        if (below(random, 50) == 0) {
          const std::string state = correlator.save();
          Correlator next(rules);
          ASSERT_TRUE(next.restore(state));
          ASSERT_EQ(next.save(), state);
          correlator = std::move(next);
        }
      }
    }
  }
}

}  // namespace
}  // namespace redoubt::sigma
