// The index-driven matcher against one that asks every question of every rule; the correlator against one that keeps
// all events.
#include <algorithm>
#include <cctype>
#include <functional>
#include <map>
#include <random>
#include <set>

#include "src/sigma/tests/support.h"

namespace redoubt::sigma {
namespace {

const std::vector<std::string> kFields = {"A", "B", "C", "D"};

// Values of events and rules, few enough that they meet.
std::string some_text(Random& random) {
  static const std::vector<std::string> kPieces = {"a", "B", "ab", "x.", "Ä", "-", "1", "2", "", "zz"};
  std::string out;
  for (std::size_t i = below(random, 4); i-- > 0;) out += kPieces[below(random, kPieces.size())];
  return out;
}

// Longer ones, that have much in common.
std::string some_word(Random& random) {
  static const std::vector<std::string> kWords = {"payments", "payment-service", "Service", "service-desk",
                                                  "reservist"};
  return kWords[below(random, kWords.size())];
}

std::string some_address(Random& random) {
  static const std::vector<std::string> kAddresses = {"10.1.2.3", "10.1.2.4", "10.1.9.9", "10.2.0.1", "11.0.0.1"};
  return kAddresses[below(random, kAddresses.size())];
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
  switch (below(random, 11)) {
    case 8: {
      // Networks, of which some hold others.
      static const std::vector<std::pair<std::string, std::string>> kNetworks = {
          {"10.0.0.0/8", "10."}, {"10.1.0.0/16", "10.1."}, {"10.1.2.0/24", "10.1.2."}, {"10.1.2.3/32", "10.1.2.3"}};
      const auto& [network, start] = kNetworks[below(random, kNetworks.size())];
      return {field + "|cidr: " + network, any([start = start](const Scalar& value) {
                return value.kind == Scalar::Kind::kText && value.text.starts_with(start);
              })};
    }
    case 9: {
      // Many literals inside, of many lengths.
      std::string yaml = field + "|contains: [";
      std::vector<std::string> words;
      for (std::size_t i = 1 + below(random, 6); i-- > 0;) {
        words.push_back(some_word(random).substr(below(random, 4)));
        yaml += (words.size() == 1 ? "'" : ", '") + words.back() + "'";
      }
      return {yaml + "]", any([words](const Scalar& value) {
                return value.kind == Scalar::Kind::kText &&
                       std::any_of(words.begin(), words.end(), [&](const std::string& word) {
                         return lower(value.text).find(lower(word)) != std::string::npos;
                       });
              })};
    }
    case 10: {
      const std::string word = some_word(random);
      return {field + "|re: '^" + word + "[0-9]'", any([word](const Scalar& value) {
                return value.kind == Scalar::Kind::kText && value.text.starts_with(word) &&
                       value.text.size() > word.size() &&
                       std::isdigit(static_cast<unsigned char>(value.text[word.size()])) != 0;
              })};
    }
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
  if (below(random, 4) == 0) {
    const std::size_t least = 1 + below(random, count);
    out.yaml += "    condition: " + std::to_string(least) + " of them\n";
    out.holds = [selections, least](const NaiveEvent& event) {
      return static_cast<std::size_t>(std::count_if(selections.begin(), selections.end(),
                                                    [&](const auto& holds) { return holds(event); })) >= least;
    };
    return out;
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
    switch (below(random, 8)) {
      case 6:
        values.push_back({Scalar::Kind::kText, some_address(random), 0});
        return "\"" + values.back().text + "\"";
      case 7:
        values.push_back({Scalar::Kind::kText, some_word(random) + some_text(random) + some_word(random), 0});
        return "\"" + values.back().text + "\"";
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

// So many values at once that they are found by an index, which comes and goes with them.
TEST(Property, CountsManyValuesAsOneThatKeepsAllEvents) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Random random(seed);
  constexpr std::int64_t kTimespan = 20'000;
  const RuleSet rules = rules_of(
      "title: A\nname: a\nlogsource: {category: c}\ndetection: {s: {kind: a}, condition: s}\n---\n"
      "title: c\ncorrelation:\n    type: value_count\n    rules: [a]\n    group-by: []\n    timespan: 20s\n"
      "    condition: {field: n, gte: 1, lt: 300}\n---\n"
      "title: t\nnew_terms: {rules: [a], group-by: [], field: n, timespan: 20s}\n");
  const RuleIndex count_rule = *rules.find("c");
  const RuleIndex terms_rule = *rules.find("t");
  const FieldSlot field = *rules.field("n");
  const RuleIndex matched[] = {*rules.find("a")};
  for (int round = 0; round < 6; ++round) {
    Correlator correlator(rules);
    Event event(rules);
    std::vector<std::pair<std::int64_t, std::size_t>> all;  // time and value
    std::int64_t clock = 0;
    bool holding = false;
    std::int64_t fired = 0;
    std::int64_t seen = 0;   // the newest so far
    std::int64_t first = 0;  // since which it has not been silent
    for (std::uint64_t id = 0; id < 3000; ++id) {
      // At times a pause, so that all is forgotten; at times few values, at times many.
      clock += below(random, 700) == 0 ? 2 * kTimespan : static_cast<std::int64_t>(below(random, 80));
      const std::size_t value = below(random, id / 500 % 2 == 0 ? 400 : 30);
      const bool late = round % 2 == 1 && below(random, 20) == 0;
      const std::int64_t time_ms = clock - (late ? static_cast<std::int64_t>(below(random, kTimespan)) : 0);
      const std::string text = std::to_string(value);
      event.clear();
      event.add(field, Value::of_text(text));
      std::set<std::size_t> before;
      std::set<std::size_t> values{value};
      std::int64_t newest = time_ms;
      for (const auto& [time, old] : all) newest = std::max(newest, time);
      if (time_ms < newest - kTimespan) continue;
      for (const auto& [time, old] : all) {
        if (time < newest - kTimespan) continue;
        before.insert(old);
        values.insert(old);
      }
      if (all.empty() || time_ms - kTimespan > seen) first = time_ms;
      seen = newest;
      all.push_back({time_ms, value});
      const bool holds = values.size() < 300;
      const bool fires = holds && (!holding || newest - fired >= kTimespan);
      if (fires) fired = newest;
      holding = holds;
      bool count_fired = false;
      bool term_fired = false;
      for (const Firing& firing : correlator.add({time_ms, id}, event, matched)) {
        if (firing.rule == count_rule) {
          count_fired = true;
          ASSERT_EQ(firing.measure, static_cast<double>(values.size()));
        }
        term_fired |= firing.rule == terms_rule;
      }
      ASSERT_EQ(count_fired, fires) << "event " << id;
      ASSERT_EQ(term_fired, !before.contains(value) && time_ms >= first) << "event " << id;
      if (below(random, 200) == 0) {
        const std::string state = correlator.save();
        Correlator next(rules);
        ASSERT_TRUE(next.restore(state));
        ASSERT_EQ(next.save(), state);
        if (below(random, 2) == 0) correlator = std::move(next);
      }
    }
  }
}

}  // namespace
}  // namespace redoubt::sigma
