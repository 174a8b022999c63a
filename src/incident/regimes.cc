#include "incident/regimes.h"

#include <algorithm>
#include <charconv>

#include "crypto/sha256.h"
#include "encoding/base64.h"
#include "encoding/yaml_reader.h"

namespace redoubt::incident {
namespace {

using encoding::YamlNode;

constexpr std::size_t kTableTextMax = 300;
constexpr std::string_view kTableName = "regulatory-clocks";
constexpr std::string_view kStepPrefix = "step ";
constexpr std::chrono::minutes kOffsetMax{14 * 60};

// Reads the one document. The first thing that is wrong is kept, with its line.
class TableReader {
 public:
  explicit TableReader(std::string_view file) : file_(file) {}

  RegimeTable read(const YamlNode& root) {
    RegimeTable out;
    bool named = false;
    bool dated = false;
    members(root, "the table", [&](const std::string& name, const YamlNode& value) {
      if (name == "table") {
        named = text(value, name) == kTableName;
      } else if (name == "as_of") {
        out.as_of = date(value, name);
        dated = true;
      } else if (name == "utc_offset") {
        out.calendar.utc_offset = offset(value);
      } else if (name == "holidays") {
        holidays(value, out.calendar.holidays);
      } else if (name == "regimes") {
        regimes(value, out.regimes);
      } else {
        unknown(name, value, "the table has `table`, `as_of`, `utc_offset`, `holidays` and `regimes`");
      }
    });
    if (!named) fail(root.line, "`table` is `" + std::string(kTableName) + "`");
    if (!dated) fail(root.line, "the table says `as_of` which day it was compared with the laws");
    return out;
  }

  void fail(std::size_t line, std::string_view why, Errc code = Errc::kInvalidArgument) {
    if (error_) return;
    error_ = Error(code, std::string(file_) + ":" + std::to_string(line) + ": " + std::string(why));
  }
  const std::optional<Error>& error() const { return error_; }

 private:
  template <class Take>
  void members(const YamlNode& node, std::string_view what, Take&& take) {
    if (!node.is_map()) {
      return fail(node.line, std::string(what) + " is a map, not " + std::string(kind_name(node.kind)));
    }
    for (const auto& [name, value] : node.members) take(name, value);
  }
  void unknown(const std::string& name, const YamlNode& node, std::string_view known) {
    fail(node.line, "`" + name.substr(0, 64) + "` is not known: " + std::string(known));
  }
  std::string text(const YamlNode& node, std::string_view name) {
    const bool line = node.is_text() && !node.text.empty() && node.text.size() <= kTableTextMax &&
                      std::none_of(node.text.begin(), node.text.end(), [](char c) { return c >= 0 && c < ' '; });
    if (!line) fail(node.line, "`" + std::string(name) + "` is one line of text");
    return node.text;
  }
  std::string id(const YamlNode& node) {
    std::string out = text(node, "id");
    if (!is_regime_id(out)) fail(node.line, "an `id` has 1 to 64 of a-z 0-9 _");
    return out;
  }
  std::chrono::sys_days date(const YamlNode& node, std::string_view name) {
    const auto out = parse_date(text(node, name));
    if (!out) fail(node.line, "`" + std::string(name) + "` is a day: `2026-01-31`");
    return out.value_or(std::chrono::sys_days{});
  }
  std::optional<Period> period(const YamlNode& node, std::string_view name) {
    auto out = parse_period(text(node, name));
    if (!out) fail(node.line, "`" + std::string(name) + "` is a term: `72 hours`, `15 days`, `1 month`");
    return out;
  }
  // `+01:00`.
  std::chrono::minutes offset(const YamlNode& node) {
    const std::string said = text(node, "utc_offset");
    const auto digits = [&](std::size_t at) {
      int out = -1;
      const char* const end = said.data() + at + 2;
      const auto [stopped, error] = std::from_chars(said.data() + at, end, out);
      return error == std::errc() && stopped == end ? out : -1;
    };
    const bool formed = said.size() == 6 && (said[0] == '+' || said[0] == '-') && said[3] == ':';
    const int hours = formed ? digits(1) : -1;
    const int minutes = formed ? digits(4) : -1;
    const std::chrono::minutes out{hours * 60 + minutes};
    if (hours < 0 || minutes < 0 || minutes > 59 || out > kOffsetMax) {
      fail(node.line, "`utc_offset` is `+01:00` or the like, 14 hours at most");
    }
    return said.starts_with('-') ? -out : out;
  }
  void holidays(const YamlNode& node, std::set<std::chrono::sys_days>& out) {
    if (!node.is_list() || node.items.size() > kHolidaysMax) {
      return fail(node.line, "`holidays` is a list of at most " + std::to_string(kHolidaysMax) + " days");
    }
    for (const YamlNode& item : node.items) out.insert(date(item, "holidays"));
  }

  void regimes(const YamlNode& node, std::vector<Regime>& out) {
    if (!node.is_list() || node.items.empty() || node.items.size() > kRegimesMax) {
      return fail(node.line, "`regimes` is a list of 1 to " + std::to_string(kRegimesMax));
    }
    for (const YamlNode& item : node.items) {
      Regime regime = read_regime(item);
      const bool twice = std::any_of(out.begin(), out.end(), [&](const Regime& other) {
        return other.id == regime.id && (!other.applies_until || regime.applies_from < *other.applies_until) &&
               (!regime.applies_until || other.applies_from < *regime.applies_until);
      });
      if (twice) fail(item.line, "there is another regime `" + regime.id + "` for the same time");
      out.push_back(std::move(regime));
    }
  }
  Regime read_regime(const YamlNode& node) {
    Regime out;
    bool dated = false;
    bool counted = false;
    members(node, "a regime", [&](const std::string& name, const YamlNode& value) {
      if (name == "id") {
        out.id = id(value);
      } else if (name == "title") {
        out.title = text(value, name);
      } else if (name == "law") {
        out.law = text(value, name);
      } else if (name == "when") {
        out.when = text(value, name);
      } else if (name == "applies_from") {
        out.applies_from = date(value, name);
        dated = true;
      } else if (name == "applies_until") {
        out.applies_until = date(value, name);
      } else if (name == "counting") {
        const auto counting = parse_counting(text(value, name));
        if (!counting) fail(value.line, "`counting` is `eu_1182_71` or `calendar`");
        out.counting = counting.value_or(Counting::kCalendar);
        counted = true;
      } else if (name == "steps") {
        steps(value, out);
      } else {
        unknown(name, value,
                "a regime has `id`, `title`, `law`, `when`, `applies_from`, `applies_until`, `counting` and `steps`");
      }
    });
    if (out.id.empty() || out.title.empty() || out.law.empty() || out.when.empty() || !dated || !counted) {
      fail(node.line, "a regime has at least `id`, `title`, `law`, `when`, `applies_from`, `counting` and `steps`");
    }
    if (out.steps.empty()) fail(node.line, "a regime has `steps`");
    if (out.applies_until && *out.applies_until <= out.applies_from)
      fail(node.line, "the regime ends before it begins");
    return out;
  }
  void steps(const YamlNode& node, Regime& regime) {
    if (!node.is_list() || node.items.empty() || node.items.size() > kRegimeStepsMax) {
      return fail(node.line, "`steps` is a list of 1 to " + std::to_string(kRegimeStepsMax));
    }
    for (const YamlNode& item : node.items) {
      Regime::Step step = read_step(item);
      if (regime.find(step.id) != nullptr) fail(item.line, "there is another step `" + step.id + "`");
      if (step.from == Regime::From::kStep && regime.find(step.after) == nullptr) {
        fail(item.line, "there is no step `" + step.after + "` before it");
      }
      regime.steps.push_back(std::move(step));
    }
  }
  Regime::Step read_step(const YamlNode& node) {
    Regime::Step out;
    bool from = false;
    members(node, "a step", [&](const std::string& name, const YamlNode& value) {
      if (name == "id") {
        out.id = id(value);
      } else if (name == "to") {
        out.to = text(value, name);
      } else if (name == "article") {
        out.article = text(value, name);
      } else if (name == "within") {
        out.within = period(value, name);
      } else if (name == "no_later") {
        out.no_later = period(value, name);
      } else if (name == "from") {
        origin(value, out);
        from = true;
      } else {
        unknown(name, value, "a step has `id`, `to`, `article`, `within`, `from` and `no_later`");
      }
    });
    if (out.id.empty() || out.to.empty() || out.article.empty() || !from) {
      fail(node.line, "a step has at least `id`, `to`, `article` and `from`");
    }
    if (out.no_later && (out.from != Regime::From::kDecision || !out.within)) {
      fail(node.line, "`no_later` is of a step with a term `from: decision`");
    }
    return out;
  }
  void origin(const YamlNode& node, Regime::Step& out) {
    const std::string said = text(node, "from");
    if (said == "awareness") {
      out.from = Regime::From::kAwareness;
    } else if (said == "decision") {
      out.from = Regime::From::kDecision;
    } else if (said == "year_of_awareness") {
      out.from = Regime::From::kYearOfAwareness;
    } else if (said.starts_with(kStepPrefix)) {
      out.from = Regime::From::kStep;
      out.after = said.substr(kStepPrefix.size());
    } else {
      fail(node.line, "`from` is `awareness`, `decision`, `year_of_awareness` or `step ID`");
    }
  }

  std::string_view file_;
  std::optional<Error> error_;
};

}  // namespace

const Regime::Step* Regime::find(std::string_view step) const {
  const auto found = std::find_if(steps.begin(), steps.end(), [&](const Step& each) { return each.id == step; });
  return found == steps.end() ? nullptr : &*found;
}

bool Regime::applies(std::chrono::sys_days date) const {
  return date >= applies_from && (!applies_until || date < *applies_until);
}

const Regime* RegimeTable::find(std::string_view id, UnixMillis moment) const {
  const std::chrono::sys_days date = date_of(moment, calendar);
  const auto found = std::find_if(regimes.begin(), regimes.end(),
                                  [&](const Regime& each) { return each.id == id && each.applies(date); });
  return found == regimes.end() ? nullptr : &*found;
}

bool is_regime_id(std::string_view text) {
  return !text.empty() && text.size() <= kRegimeIdMax &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string_view::npos;
}

Result<RegimeTable> read_regimes(std::string_view file, std::string_view yaml) {
  std::vector<YamlNode> documents;
  encoding::YamlProblem problem;
  TableReader reader(file);
  const encoding::YamlLimits limits{
      .max_bytes = kRegimesFileMax, .max_documents = 1, .max_nodes = 10'000, .max_depth = 8};
  if (!encoding::read_yaml(yaml, documents, problem, limits)) {
    reader.fail(problem.line, problem.message, problem.code);
    return *reader.error();
  }
  if (documents.empty()) {
    reader.fail(1, "there is no table");
    return *reader.error();
  }
  RegimeTable out = reader.read(documents.front());
  if (reader.error()) return *reader.error();
  if (out.regimes.empty()) {
    reader.fail(documents.front().line, "the table has `regimes`");
    return *reader.error();
  }
  encoding::append_hex(out.digest, crypto::sha256(as_bytes(yaml)));
  return out;
}

}  // namespace redoubt::incident
