// The section `correlation`, and ours, `new_terms`. Sigma 2.1.0, Correlation Rules: Correlation section.
#include <charconv>
#include <cmath>

#include "sigma/internal/message.h"
#include "sigma/internal/rule_document.h"

namespace redoubt::sigma::internal {
namespace {

constexpr std::size_t kMaxGroupFields = 16;
constexpr double kMostDistinct = 16'383;
constexpr double kMostCounted = 1e15;
constexpr std::int64_t kDayMs = 86'400'000;

struct KindName {
  std::string_view name;
  RuleKind kind;
};
constexpr KindName kKinds[] = {{"event_count", RuleKind::kEventCount},
                               {"value_count", RuleKind::kValueCount},
                               {"temporal", RuleKind::kTemporal},
                               {"temporal_ordered", RuleKind::kTemporalOrdered},
                               {"value_sum", RuleKind::kValueSum},
                               {"value_avg", RuleKind::kValueAvg},
                               {"value_percentile", RuleKind::kValuePercentile}};

struct TermName {
  std::string_view name;
  Comparison comparison;
};
constexpr TermName kTerms[] = {{"gt", Comparison::kGreater}, {"gte", Comparison::kGreaterOrEqual},
                               {"lt", Comparison::kLess},    {"lte", Comparison::kLessOrEqual},
                               {"eq", Comparison::kEqual},   {"neq", Comparison::kNotEqual}};

bool is_temporal(RuleKind kind) {
  return kind == RuleKind::kTemporal || kind == RuleKind::kTemporalOrdered;
}
bool counts(RuleKind kind) {
  return is_temporal(kind) || kind == RuleKind::kEventCount || kind == RuleKind::kValueCount;
}

class BodyReader {
 public:
  BodyReader(const YamlNode& body, bool new_terms, Problems& problems)
      : body_(body), new_terms_(new_terms), problems_(problems) {}

  std::optional<CorrelationBody> read() {
    if (!body_.is_map()) return problems_.add(body_.line, "a correlation is a map");
    if (!kind()) return std::nullopt;
    for (const auto& [name, value] : body_.members) {
      if (!member(name, value)) return std::nullopt;
    }
    const auto needs = [&](std::string_view name) {
      if (body_.find(name) != nullptr) return true;
      problems_.add(body_.line, "a correlation without " + in_backticks(name));
      return false;
    };
    if (!needs("rules") || !needs("group-by") || !needs("timespan")) return std::nullopt;
    if (new_terms_ ? !needs("field") : !is_temporal(out_.kind) && !needs("condition")) return std::nullopt;
    return std::move(out_);
  }

 private:
  bool fail(std::size_t line, std::string message, Errc code = Errc::kMalformed) {
    problems_.add(line, std::move(message), code);
    return false;
  }

  bool kind() {
    if (new_terms_) {
      out_.kind = RuleKind::kNewTerms;
      return true;
    }
    const YamlNode* const node = body_.find("type");
    if (node == nullptr) return fail(body_.line, "a correlation without `type`");
    for (const KindName& one : kKinds) {
      if (node->is_text() && node->text == one.name) {
        out_.kind = one.kind;
        return true;
      }
    }
    return fail(node->line, in_backticks(node->text) + " is no type of a correlation", Errc::kUnsupported);
  }

  bool member(const std::string& name, const YamlNode& value) {
    if (name == "type" && !new_terms_) return true;
    if (name == "rules") return rules(value);
    if (name == "group-by") return group_by(value);
    if (name == "timespan") return timespan(name, value, out_.timespan_ms, 1);
    if (name == "aliases") return aliases(value);
    if (name == "condition" && !new_terms_) return condition(value);
    if (name == "field" && new_terms_) return field(value, true);
    if (name == "learning" && new_terms_) return timespan(name, value, out_.learning_ms, 0);
    if (name == "generate") {
      if (value.kind != YamlNode::Kind::kBoolean) return fail(value.line, "`generate` is true or false");
      out_.generate = value.boolean;
      return true;
    }
    return fail(value.line, "a correlation has no attribute " + in_backticks(name), Errc::kUnsupported);
  }

  bool rules(const YamlNode& value) {
    const auto names = read_texts(value, "rules", problems_);
    if (!names) return false;
    const std::size_t most = out_.kind == RuleKind::kTemporalOrdered ? 16
                             : out_.kind == RuleKind::kTemporal      ? 64
                                                                     : 1024;
    if (names->empty() || names->size() > most)
      return fail(value.line, "`rules` has 1 to " + std::to_string(most) + " rules");
    for (const YamlNode& one : value.items) out_.rules.push_back({one.text, one.line});
    return true;
  }

  bool group_by(const YamlNode& value) {
    auto names = read_texts(value, "group-by", problems_);
    if (!names) return false;
    if (names->size() > kMaxGroupFields)
      return fail(value.line, "`group-by` has at most " + std::to_string(kMaxGroupFields) + " fields", Errc::kTooLarge);
    out_.group_by = std::move(*names);
    return true;
  }

  bool timespan(std::string_view name, const YamlNode& value, std::int64_t& out, std::int64_t least) {
    const auto parsed = value.is_text() ? parse_timespan_ms(value.text) : std::nullopt;
    if (!parsed || *parsed < least)
      return fail(value.line, in_backticks(name) + " is a number with s, m, h or d, as in `90m`, of at most 3650 days");
    out = *parsed;
    return true;
  }

  bool aliases(const YamlNode& value) {
    if (!value.is_map()) return fail(value.line, "`aliases` is a map of maps");
    for (const auto& [name, fields] : value.members) {
      if (!fields.is_map() || fields.members.empty()) return fail(fields.line, "`aliases` is a map of maps");
      CorrelationBody::Alias alias{fields.line, {}};
      for (const auto& [rule, target] : fields.members) {
        if (!target.is_text() || target.text.empty())
          return fail(target.line, "an alias gives the name of a field for each rule");
        alias.fields.emplace(rule, target.text);
      }
      out_.aliases.emplace(name, std::move(alias));
    }
    return true;
  }

  bool field(const YamlNode& value, bool list) {
    if (value.is_text() && !value.text.empty()) {
      out_.fields = {value.text};
      return true;
    }
    if (!list || !value.is_list()) return fail(value.line, "`field` is the name of a field");
    auto names = read_texts(value, "field", problems_);
    if (!names) return false;
    if (names->empty() || names->size() > kMaxGroupFields)
      return fail(value.line, "`field` has 1 to " + std::to_string(kMaxGroupFields) + " names");
    out_.fields = std::move(*names);
    return true;
  }

  bool condition(const YamlNode& value) {
    if (value.is_text())
      return fail(value.line, "conditions over the rules of a correlation are not of Sigma 2.1", Errc::kUnsupported);
    if (!value.is_map()) return fail(value.line, "a correlation's `condition` is a map");
    const bool with_field = !is_temporal(out_.kind) && out_.kind != RuleKind::kEventCount;
    for (const auto& [name, node] : value.members) {
      if (name == "field") {
        if (!with_field) return fail(node.line, "this type of correlation counts events, not values of a `field`");
        if (!field(node, out_.kind == RuleKind::kValueCount)) return false;
      } else if (name == "percentile") {
        if (out_.kind != RuleKind::kValuePercentile || !node.is_number() || node.number < 0 || node.number > 100)
          return fail(node.line, "`percentile` is a number from 0 to 100, of a value_percentile");
        out_.percentile = node.number;
      } else if (!term(name, node)) {
        return false;
      }
    }
    if (out_.condition.empty()) return fail(value.line, "a condition without a comparison such as `gte`");
    if (with_field && out_.fields.empty()) return fail(value.line, "a condition without `field`");
    return true;
  }

  bool term(std::string_view name, const YamlNode& node) {
    const TermName* found = nullptr;
    for (const TermName& one : kTerms) {
      if (one.name == name) found = &one;
    }
    if (found == nullptr)
      return fail(node.line, "a correlation's condition has no " + in_backticks(name), Errc::kUnsupported);
    const bool integer = counts(out_.kind);
    if (!node.is_number() || (integer && node.kind != YamlNode::Kind::kInteger))
      return fail(node.line, in_backticks(name) + (integer ? " takes an integer here" : " takes a number"));
    const double most = out_.kind == RuleKind::kValueCount ? kMostDistinct : kMostCounted;
    if (std::abs(node.number) > most || (integer && node.number < 0))
      return fail(node.line, in_backticks(name) + " is from 0 to " + std::to_string(static_cast<std::int64_t>(most)),
                  Errc::kTooLarge);
    out_.condition.push_back({found->comparison, node.number});
    return true;
  }

  const YamlNode& body_;
  bool new_terms_;
  Problems& problems_;
  CorrelationBody out_;
};

}  // namespace

std::optional<std::int64_t> parse_timespan_ms(std::string_view text) {
  if (text.size() < 2 || text.size() > 10) return std::nullopt;
  std::int64_t unit_ms = 0;
  switch (text.back()) {
    case 's':
      unit_ms = 1000;
      break;
    case 'm':
      unit_ms = 60'000;
      break;
    case 'h':
      unit_ms = 3'600'000;
      break;
    case 'd':
      unit_ms = kDayMs;
      break;
    default:
      return std::nullopt;
  }
  const std::string_view digits = text.substr(0, text.size() - 1);
  if (digits.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
  std::int64_t count = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), count);
  if (count > 3650 * kDayMs / unit_ms) return std::nullopt;
  return count * unit_ms;
}

std::optional<CorrelationBody> read_correlation(const YamlNode& body, bool new_terms, Problems& problems) {
  return BodyReader(body, new_terms, problems).read();
}

}  // namespace redoubt::sigma::internal
