#include "sigma/matcher.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>

#include "base/check.h"
#include "sigma/internal/compiled.h"
#include "sigma/internal/fold.h"

namespace redoubt::sigma {
namespace {

using internal::Atom;
using internal::CompiledRules;
using internal::Expr;
using internal::kAnywhere;
using internal::Node;
using internal::SlotIndex;

enum Truth : std::uint8_t { kUnknown, kNo, kYes };

bool is_integer(std::string_view number) {
  return number.find_first_of(".eE") == std::string_view::npos;
}

std::optional<double> number_of(const Value& value) {
  if (value.kind == Value::Kind::kNumber) return value.number;
  if (value.kind != Value::Kind::kText) return std::nullopt;
  double number = 0;
  const char* const end = value.text.data() + value.text.size();
  const auto [stop, error] = std::from_chars(value.text.data(), end, number);
  if (value.text.empty() || stop != end || error != std::errc() || !std::isfinite(number)) return std::nullopt;
  return number;
}

bool comes_from(const Logsource& asked, const Logsource& source) {
  const auto fits = [](const std::string& want, const std::string& have) { return want.empty() || want == have; };
  return fits(asked.category, source.category) && fits(asked.product, source.product) &&
         fits(asked.service, source.service);
}

bool compares(internal::ReferenceQuestion::How how, std::string_view text, std::string_view other) {
  using How = internal::ReferenceQuestion::How;
  if (how == How::kEquals) return text == other;
  if (other.empty()) return false;
  if (how == How::kStartsWith) return text.starts_with(other);
  if (how == How::kEndsWith) return text.ends_with(other);
  return text.find(other) != std::string_view::npos;
}

}  // namespace

class Matcher::Engine {
 public:
  Engine(const RuleSet& rules, PredicateAnswers* answers)
      : keep_(rules), rules_(internal::compiled(rules)), answers_(answers) {
    REDOUBT_CHECK(answers != nullptr || rules_.predicates.empty());
    initial_.resize(rules_.atoms.size());
    for (std::size_t id = 0; id < initial_.size(); ++id) {
      const Atom& atom = rules_.atoms[id];
      initial_[id] = !atom.indexed() ? kUnknown : atom.kind == Atom::Kind::kNull ? kYes : kNo;
    }
    truth_ = initial_;
    sources_.resize(rules_.logsources.size());
    candidates_.resize((rules_.detections.size() + 63) / 64);
    always_ = candidates_;
    for (const std::uint32_t place : rules_.guards.always) always_[place / 64] |= std::uint64_t{1} << (place % 64);
    by_logsource_ = always_;
    for (const std::uint32_t place : rules_.guards.by_logsource)
      by_logsource_[place / 64] |= std::uint64_t{1} << (place % 64);
  }

  std::span<const RuleIndex> match(const Event& event) {
    event_ = &event;
    if (!initial_.empty()) std::memcpy(truth_.data(), initial_.data(), initial_.size());
    std::fill(sources_.begin(), sources_.end(), kUnknown);
    candidates_ = event.everywhere() || event.logsource() != nullptr ? by_logsource_ : always_;
    for (const FieldSlot slot : event.present()) {
      const std::uint32_t place = rules_.index_of_slot[slot];
      if (place != 0xffffffff) look_up(rules_.slot_indexes[place], slot);
    }
    if (rules_.anywhere_index) {
      each_value([&](const Value& value) { look_up(rules_.slot_indexes[*rules_.anywhere_index], value); });
    }
    out_.clear();
    for (std::size_t word = 0; word < candidates_.size(); ++word) {
      for (std::uint64_t bits = candidates_[word]; bits != 0; bits &= bits - 1) {
        const auto& detection = rules_.detections[word * 64 + static_cast<std::size_t>(std::countr_zero(bits))];
        if (holds(detection.root)) out_.push_back(detection.rule);
      }
    }
    return out_;
  }

 private:
  void found(std::uint32_t atom) {
    if (truth_[atom] == kYes) return;
    truth_[atom] = kYes;
    for (const std::uint32_t place : rules_.guards.by_atom[atom])
      candidates_[place / 64] |= std::uint64_t{1} << (place % 64);
  }

  void look_up(const SlotIndex& index, FieldSlot slot) {
    if (index.exists) found(*index.exists);
    bool some = false;
    bool null = false;
    for (const Value& value : event_->values(slot)) {
      if (value.kind == Value::Kind::kNull) {
        null = true;
      } else {
        some = true;
        look_up(index, value);
      }
    }
    if (some && index.present) found(*index.present);
    if (some && !null && index.null) truth_[*index.null] = kNo;
  }

  void look_up(const SlotIndex& index, const Value& value) {
    if (value.kind == Value::Kind::kNull) return;
    if (!index.literals.empty()) {
      folded_.clear();
      internal::append_folded(folded_, value.text);
      index.literals.find(folded_, [&](std::uint32_t atom) { found(atom); });
    }
    if (!index.networks.empty()) look_up_network(index, value.text);
    if (index.thresholds()) look_up_thresholds(index, value);
    if (value.kind != Value::Kind::kNumber || index.numbers.empty()) return;
    auto entry = std::lower_bound(index.numbers.begin(), index.numbers.end(), value.number,
                                  [](const internal::NumberEntry& e, double number) { return e.number < number; });
    for (; entry != index.numbers.end() && entry->number == value.number; ++entry) {
      // Of two integers the text has already decided, exactly.
      if (!entry->integer || !is_integer(value.text)) found(entry->atom);
    }
  }

  void look_up_network(const SlotIndex& index, std::string_view text) {
    const auto address = internal::parse_address(text);
    if (!address) return;
    for (const std::uint32_t atom : index.networks) {
      if (rules_.networks[rules_.atoms[atom].data].contains(*address)) found(atom);
    }
  }

  void look_up_thresholds(const SlotIndex& index, const Value& value) {
    const auto number = number_of(value);
    if (!number) return;
    const auto each = [&](const std::vector<internal::NumberEntry>& entries, auto&& holds) {
      for (const internal::NumberEntry& entry : entries) {
        if (!holds(*number, entry.number)) break;
        found(entry.atom);
      }
    };
    each(index.below, [](double own, double bound) { return own < bound; });
    each(index.at_most, [](double own, double bound) { return own <= bound; });
    each(index.above, [](double own, double bound) { return own > bound; });
    each(index.at_least, [](double own, double bound) { return own >= bound; });
  }

  template <class Take>
  void each_value(Take&& take) const {
    for (const FieldSlot slot : event_->present()) {
      for (const Value& value : event_->values(slot)) take(value);
    }
    for (const Value& value : event_->unnamed()) take(value);
  }

  // Whether it holds for one of the values of the field, null left out.
  template <class Holds>
  bool any_value(FieldSlot slot, Holds&& holds) const {
    if (slot != kAnywhere) {
      for (const Value& value : event_->values(slot)) {
        if (value.kind != Value::Kind::kNull && holds(value)) return true;
      }
      return false;
    }
    bool any = false;
    each_value([&](const Value& value) { any = any || (value.kind != Value::Kind::kNull && holds(value)); });
    return any;
  }

  // By recursion: as deep as conditions and filters are, which is bounded.
  bool holds(std::uint32_t place) {
    const Node& node = rules_.nodes[place];
    const std::uint32_t* const children = rules_.children.data() + node.first;
    switch (node.op) {
      case Expr::Op::kFalse:
        return false;
      case Expr::Op::kTrue:
        return true;
      case Expr::Op::kAtom:
        if (truth_[node.value] == kUnknown) truth_[node.value] = ask(rules_.atoms[node.value]) ? kYes : kNo;
        return truth_[node.value] == kYes;
      case Expr::Op::kNot:
        return !holds(children[0]);
      case Expr::Op::kAnd:
        for (std::uint32_t i = 0; i < node.count; ++i) {
          if (!holds(children[i])) return false;
        }
        return true;
      case Expr::Op::kOr:
        for (std::uint32_t i = 0; i < node.count; ++i) {
          if (holds(children[i])) return true;
        }
        return false;
      case Expr::Op::kAtLeast: {
        std::uint32_t missing = node.value;
        for (std::uint32_t i = 0; i < node.count && missing > 0 && node.count - i >= missing; ++i) {
          if (holds(children[i])) --missing;
        }
        return missing == 0;
      }
      case Expr::Op::kLogsource:
        if (sources_[node.value] == kUnknown) sources_[node.value] = from(rules_.logsources[node.value]) ? kYes : kNo;
        return sources_[node.value] == kYes;
    }
    return false;
  }

  bool from(const internal::LogsourceQuestion& question) {
    if (event_->everywhere()) return true;
    if (event_->logsource() != nullptr) return comes_from(question.asked, *event_->logsource());
    return holds(question.root);
  }

  bool ask(const Atom& atom) {
    switch (atom.kind) {
      case Atom::Kind::kGlob: {
        const internal::Glob& glob = rules_.globs[atom.data];
        return any_value(atom.slot, [&](const Value& value) {
          if (glob.cased()) return glob.matches(value.text);
          folded_.clear();
          internal::append_folded(folded_, value.text);
          return glob.matches(folded_);
        });
      }
      case Atom::Kind::kRegex: {
        const re2::RE2& regex = *rules_.regexes[atom.data];
        return any_value(atom.slot, [&](const Value& value) {
          return re2::RE2::PartialMatch(re2::StringPiece(value.text.data(), value.text.size()), regex);
        });
      }
      case Atom::Kind::kTime: {
        const internal::TimeQuestion& question = rules_.times[atom.data];
        return any_value(atom.slot, [&](const Value& value) {
          const auto part = internal::extract(question.unit, value);
          return part && internal::holds(question.comparison, *part, question.number);
        });
      }
      case Atom::Kind::kReference:
        return ask_reference(atom.slot, rules_.references[atom.data]);
      case Atom::Kind::kPredicate:
        return answers_->holds(atom.data, *event_);
      default:
        return false;
    }
  }

  bool ask_reference(FieldSlot slot, const internal::ReferenceQuestion& question) {
    std::size_t count = 0;
    for (const Value& value : event_->values(question.other)) {
      if (value.kind == Value::Kind::kNull) continue;
      if (others_.size() <= count) others_.emplace_back();
      others_[count].clear();
      put(others_[count++], value.text, question.cased);
    }
    return any_value(slot, [&](const Value& value) {
      folded_.clear();
      put(folded_, value.text, question.cased);
      return std::any_of(others_.begin(), others_.begin() + static_cast<std::ptrdiff_t>(count),
                         [&](const std::string& other) { return compares(question.how, folded_, other); });
    });
  }

  static void put(std::string& out, std::string_view text, bool cased) {
    if (cased) {
      out.append(text);
    } else {
      internal::append_folded(out, text);
    }
  }

  RuleSet keep_;
  const CompiledRules& rules_;
  PredicateAnswers* answers_;
  const Event* event_ = nullptr;
  std::vector<std::uint8_t> initial_;  // of each atom, before an event is looked at
  std::vector<std::uint8_t> truth_;
  std::vector<std::uint8_t> sources_;  // of each log source's question
  std::vector<std::uint64_t> always_;  // detections, as bits
  std::vector<std::uint64_t> by_logsource_;
  std::vector<std::uint64_t> candidates_;
  std::vector<RuleIndex> out_;
  std::vector<std::string> others_;
  std::string folded_;
};

Matcher::Matcher(const RuleSet& rules, PredicateAnswers* answers) : engine_(std::make_unique<Engine>(rules, answers)) {}
Matcher::Matcher(Matcher&&) noexcept = default;
Matcher& Matcher::operator=(Matcher&&) noexcept = default;
Matcher::~Matcher() = default;

std::span<const RuleIndex> Matcher::match(const Event& event) {
  return engine_->match(event);
}

}  // namespace redoubt::sigma
