#include "sigma/matcher.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <utility>

#include "base/check.h"
#include "sigma/internal/compiled.h"
#include "sigma/internal/folded_text.h"

namespace redoubt::sigma {
namespace {

using internal::Atom;
using internal::CompiledRules;
using internal::kAnywhere;
using internal::Place;
using internal::SlotIndex;
using internal::Step;

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

// Which of many, as bits, with a bit for each word that is not zero: setting one and going through all cost by how many
// are set.
class Marks {
 public:
  explicit Marks(std::size_t size) : words_((size + 63) / 64), used_((words_.size() + 63) / 64) {}
  void set(std::size_t place) { join(place / 64, bit(place)); }
  void join(std::size_t word, std::uint64_t bits) {
    words_[word] |= bits;
    used_[word / 64] |= bit(word);
  }
  // Calls `take(place)` for each that is set, ascending, and leaves none set.
  template <class Take>
  void drain(Take&& take) {
    for (std::size_t high = 0; high < used_.size(); ++high) {
      for (std::uint64_t words = std::exchange(used_[high], 0); words != 0; words &= words - 1) {
        const std::size_t word = high * 64 + static_cast<std::size_t>(std::countr_zero(words));
        for (std::uint64_t bits = std::exchange(words_[word], 0); bits != 0; bits &= bits - 1)
          take(word * 64 + static_cast<std::size_t>(std::countr_zero(bits)));
      }
    }
  }

 private:
  static std::uint64_t bit(std::size_t place) { return std::uint64_t{1} << (place % 64); }
  std::vector<std::uint64_t> words_;
  std::vector<std::uint64_t> used_;
};

// The same set again and again: a word and its bits.
using MarkedWords = std::vector<std::pair<std::uint32_t, std::uint64_t>>;

MarkedWords marked_words(std::vector<std::uint32_t> places) {
  std::sort(places.begin(), places.end());
  MarkedWords out;
  for (const std::uint32_t place : places) {
    if (out.empty() || out.back().first != place / 64) out.push_back({place / 64, 0});
    out.back().second |= std::uint64_t{1} << (place % 64);
  }
  return out;
}

}  // namespace

class Matcher::Engine {
 public:
  Engine(const RuleSet& rules, PredicateAnswers* answers)
      : keep_(rules),
        rules_(internal::compiled(rules)),
        answers_(answers),
        initial_(rules_.atoms.size()),
        truth_(rules_.atoms.size()),
        sources_(rules_.logsources.size()),
        candidates_(rules_.detections.size()) {
    REDOUBT_CHECK(answers != nullptr || rules_.predicates.empty());
    for (std::size_t id = 0; id < truth_.size(); ++id) truth_[id] = initial_[id] = initial(rules_.atoms[id]);
    always_ = marked_words(rules_.guards.always);
    std::vector<std::uint32_t> both = rules_.guards.always;
    both.insert(both.end(), rules_.guards.by_logsource.begin(), rules_.guards.by_logsource.end());
    by_logsource_ = marked_words(std::move(both));
  }

  std::span<const RuleIndex> match(const Event& event) {
    event_ = &event;
    // What the last event has changed.
    for (const std::uint32_t atom : changed_) truth_[atom] = initial_[atom];
    changed_.clear();
    std::fill(sources_.begin(), sources_.end(), kUnknown);
    const bool told = event.everywhere() || event.logsource() != nullptr;
    for (const auto& [word, bits] : told ? by_logsource_ : always_) candidates_.join(word, bits);
    for (const FieldSlot slot : event.present()) {
      const std::uint32_t place = rules_.index_of_slot[slot];
      if (place != 0xffffffff) look_up(rules_.slot_indexes[place], slot);
    }
    if (rules_.anywhere_index) {
      each_value([&](const Value& value) { look_up(rules_.slot_indexes[*rules_.anywhere_index], value); });
    }
    out_.clear();
    candidates_.drain([&](std::size_t place) {
      const internal::DetectionRule& detection = rules_.detections[place];
      if (holds(detection.root)) out_.push_back(detection.rule);
    });
    return out_;
  }

 private:
  static Truth initial(const Atom& atom) {
    return !atom.indexed() ? kUnknown : atom.kind == Atom::Kind::kNull ? kYes : kNo;
  }

  void set(std::uint32_t atom, Truth truth) {
    truth_[atom] = truth;
    changed_.push_back(atom);
  }

  void found(std::uint32_t atom) {
    if (truth_[atom] == kYes) return;
    set(atom, kYes);
    const std::uint32_t* const places = rules_.guards.by_atom.data();
    for (std::uint32_t i = rules_.guards.first[atom], end = rules_.guards.first[atom + 1]; i < end; ++i)
      candidates_.set(places[i]);
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
    if (some && !null && index.null) set(*index.null, kNo);
  }

  void look_up(const SlotIndex& index, const Value& value) {
    if (value.kind == Value::Kind::kNull) return;
    const std::uint8_t kinds = index.kinds;
    if ((kinds & SlotIndex::kLiterals) != 0)
      index.literals.find(folded_.fold(value.text), [&](std::uint32_t atom) { found(atom); });
    if ((kinds & SlotIndex::kNetworks) != 0) {
      if (const auto address = internal::parse_address(value.text))
        index.networks.find(*address, [&](std::uint32_t atom) { found(atom); });
    }
    if ((kinds & SlotIndex::kThresholds) != 0) look_up_thresholds(index, value);
    if ((kinds & SlotIndex::kNumbers) == 0 || value.kind != Value::Kind::kNumber) return;
    auto entry = std::lower_bound(index.numbers.begin(), index.numbers.end(), value.number,
                                  [](const internal::NumberEntry& e, double number) { return e.number < number; });
    for (; entry != index.numbers.end() && entry->number == value.number; ++entry) {
      // Of two integers the text has already decided, exactly.
      if (!entry->integer || !is_integer(value.text)) found(entry->atom);
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

  // A step is never met twice. By recursion only for counts and log sources: as deep as conditions and filters are,
  // which is bounded.
  bool holds(Place place) {
    while (place < internal::kFails) {
      const Step& step = rules_.steps[place];
      place = answer(step) ? step.yes : step.no;
    }
    return place == internal::kHolds;
  }

  bool answer(const Step& step) {
    if (step.op == Step::Op::kAtom) {
      if (truth_[step.value] == kUnknown) set(step.value, ask(rules_.atoms[step.value]) ? kYes : kNo);
      return truth_[step.value] == kYes;
    }
    if (step.op == Step::Op::kLogsource) {
      if (sources_[step.value] == kUnknown) sources_[step.value] = from(rules_.logsources[step.value]) ? kYes : kNo;
      return sources_[step.value] == kYes;
    }
    const internal::CountQuestion& question = rules_.counts[step.value];
    std::size_t missing = question.least;
    for (std::size_t i = 0; i < question.parts.size() && missing > 0 && question.parts.size() - i >= missing; ++i) {
      if (holds(question.parts[i])) --missing;
    }
    return missing == 0;
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
          return glob.matches(glob.cased() ? value.text : folded_.fold(value.text));
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
      others_[count++] = question.cased ? value.text : folded_.fold(value.text);
    }
    return any_value(slot, [&](const Value& value) {
      const std::string_view text = question.cased ? value.text : folded_.fold(value.text);
      return std::any_of(others_.begin(), others_.begin() + static_cast<std::ptrdiff_t>(count),
                         [&](const std::string& other) { return compares(question.how, text, other); });
    });
  }

  RuleSet keep_;
  const CompiledRules& rules_;
  PredicateAnswers* answers_;
  const Event* event_ = nullptr;
  std::vector<Truth> initial_;          // of each atom, before anything is known of an event
  std::vector<Truth> truth_;            // of each atom
  std::vector<std::uint32_t> changed_;  // atoms, perhaps twice
  std::vector<Truth> sources_;          // of each log source's question
  Marks candidates_;                    // detections to look at
  MarkedWords always_;
  MarkedWords by_logsource_;  // always, when the caller says where the event comes from
  std::vector<RuleIndex> out_;
  std::vector<std::string> others_;
  internal::FoldedText folded_;
};

Matcher::Matcher(const RuleSet& rules, PredicateAnswers* answers) : engine_(std::make_unique<Engine>(rules, answers)) {}
Matcher::Matcher(Matcher&&) noexcept = default;
Matcher& Matcher::operator=(Matcher&&) noexcept = default;
Matcher::~Matcher() = default;

std::span<const RuleIndex> Matcher::match(const Event& event) {
  return engine_->match(event);
}

}  // namespace redoubt::sigma
