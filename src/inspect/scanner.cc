#include "inspect/scanner.h"

#include <algorithm>
#include <compare>

#include "inspect/internal/chars.h"
#include "inspect/internal/finder.h"

namespace redoubt::inspect {

using internal::Candidate;
using internal::FoldedText;
using internal::InvisibleRun;
using internal::kNoRule;
using internal::TextWindow;

namespace {

// A chunk is read in pieces of this size, so that memory does not grow with it.
constexpr std::size_t kPieceBytes = 16384;
// Text that was decided is kept as long as matches to its right may look at it.
constexpr std::size_t kKeptBytes = 2 * internal::kReachLeft;
// And dropped when there is so much of it, since dropping moves what is left.
constexpr std::size_t kDropBytes = 16384;

}  // namespace

struct StreamScanner::State {
  State(std::shared_ptr<const Rules> the_rules, std::unique_ptr<internal::LiteralScratch> scratch)
      : rules(std::move(the_rules)),
        compiled(rules->compiled()),
        text(compiled.fold),
        finder(compiled, std::move(scratch)) {}

  Result<> take(std::string_view piece, bool last, std::vector<Match>& matches);
  Result<> step(bool last, std::vector<Match>& matches);
  void note_invisible();
  void report(std::uint64_t certain, std::vector<Match>& matches);
  void begin();

  const std::shared_ptr<const Rules> rules;
  const Rules::Compiled& compiled;
  FoldedText text;
  internal::Finder finder;
  std::vector<InvisibleRun> runs;
  std::vector<Candidate> found;       // by the last step
  std::vector<Candidate> candidates;  // that are not forgotten, in the order of reporting
  std::size_t reported = 0;           // so many of them were
  std::uint64_t searched = 0;         // places before this offset of the folded text are done
  std::uint64_t decided = 0;          // in bytes of the original
  bool finished = false;
  bool failed = false;
  std::vector<std::unique_ptr<Tagger::Reading>> readings;
};

namespace {

// The earlier, the longer, the one whose rule comes first; of one rule the less decoded, the more confident. So there
// is one order, in whatever order they were found.
bool comes_before(const Candidate& a, const Candidate& b) {
  if (a.begin != b.begin) return a.begin < b.begin;
  if (a.end != b.end) return a.end > b.end;
  if (a.rule != b.rule) return a.rule < b.rule;
  const auto decoding = std::lexicographical_compare_three_way(std::begin(a.decoded), std::end(a.decoded),
                                                               std::begin(b.decoded), std::end(b.decoded));
  if (decoding != 0) return decoding < 0;
  if (a.confidence != b.confidence) return a.confidence > b.confidence;
  return a.context < b.context;
}

bool outranks(const Candidate& a, const Candidate& b) {
  if (a.confidence != b.confidence) return a.confidence > b.confidence;
  if (a.end - a.begin != b.end - b.begin) return a.end - a.begin > b.end - b.begin;
  return a.rule < b.rule;
}

bool nested(const Candidate& a, const Candidate& b) {
  return (a.begin <= b.begin && b.end <= a.end) || (b.begin <= a.begin && a.end <= b.end);
}

}  // namespace

void StreamScanner::State::begin() {
  text.reset();
  finder.reset();
  runs.clear();
  found.clear();
  candidates.clear();
  reported = 0;
  searched = 0;
  decided = 0;
  finished = false;
  failed = false;
  readings.clear();
  for (const auto& tagger : compiled.taggers) readings.push_back(tagger->begin());
}

Result<> StreamScanner::State::take(std::string_view piece, bool last, std::vector<Match>& matches) {
  for (const auto& reading : readings) {
    if (auto done = reading->feed(piece); !done) return done;
  }
  text.append(piece, last, runs);
  note_invisible();
  return step(last, matches);
}

// Invisible characters that do something, or that are too many to do anything (UTS 55, §3; Unicode 23.9, tags).
void StreamScanner::State::note_invisible() {
  if (compiled.invisible == kNoRule) return runs.clear();
  const internal::Rule& rule = compiled.rules[compiled.invisible];
  for (const InvisibleRun& run : runs) {
    const auto in_word = [](char32_t point) { return point < 0x80 && internal::is_alnum(static_cast<char>(point)); };
    const bool flag = run.before == 0x1f3f4 && run.tags == run.count;  // emoji of regions (UTS 51, annex C)
    const bool splits_word = in_word(run.before) && in_word(run.after) && run.separators > 0;
    float confidence = 0;
    if (run.count >= 4) confidence = 0.7F;
    if (splits_word) confidence = 0.75F;
    if (run.overrides > 0) confidence = 0.8F;
    if (run.selectors >= 2) confidence = 0.9F;
    if (run.tags > 0 && !flag) confidence = 0.95F;
    if (confidence < compiled.min_confidence) continue;
    found.push_back({.begin = run.folded,
                     .end = std::max(run.folded, text.end() < run.folded ? run.folded : run.folded + run.tags),
                     .rule = static_cast<std::uint16_t>(compiled.invisible),
                     .confidence = std::min(confidence, rule.near),
                     .placed = true,
                     .span = {run.begin_bytes, run.end_bytes, run.begin_points, run.end_points}});
  }
  runs.clear();
}

Result<> StreamScanner::State::step(bool last, std::vector<Match>& matches) {
  const TextWindow window{.text = text.view(), .base = text.base(), .last = last};
  std::uint64_t until = text.end();
  if (!last) until = std::max<std::uint64_t>(searched, until > compiled.reach ? until - compiled.reach : 0);
  if (until > searched) {
    if (auto done = finder.find(window, searched, until, found); !done) return done;
    searched = until;
  }
  if (auto done = finder.settle(window, found); !done) return done;
  if (!found.empty()) {
    candidates.insert(candidates.end(), found.begin(), found.end());
    std::sort(candidates.begin() + static_cast<std::ptrdiff_t>(reported), candidates.end(), comes_before);
    found.clear();
  }
  // No match that is still to come begins before this.
  std::uint64_t certain = searched;
  if (!last) {
    certain = certain > internal::kReachLeft ? certain - internal::kReachLeft : 0;
    certain = finder.first_waiting(certain);
  }
  if (!candidates.empty()) report(last ? text.end() + 1 : certain, matches);
  std::uint64_t open = certain;
  if (reported < candidates.size()) open = std::min(open, candidates[reported].begin);
  // Invisible characters before `open` may be a match that is not reported yet, so that what comes before them ends
  // what is decided; where `open` is in the middle of what one code point folds to, that code point is undecided too.
  const std::uint64_t bytes = std::min({text.begin_of(open).bytes, text.end_of(open).bytes, text.settled_bytes()});
  decided = std::max(decided, last ? text.original_bytes() : bytes);
  // Candidates that nothing unreported can overlap, and text that nothing looks at any more.
  if (reported > 0) {
    std::size_t gone = 0;
    while (gone < reported && candidates[gone].end <= open) ++gone;
    candidates.erase(candidates.begin(), candidates.begin() + static_cast<std::ptrdiff_t>(gone));
    reported -= gone;
  }
  const std::uint64_t kept = open > kKeptBytes ? open - kKeptBytes : 0;
  if (kept > text.base() + kDropBytes) text.drop_before(kept);
  return {};
}

// Candidates in order, as long as all is known that could overlap them: what ends before `certain`.
void StreamScanner::State::report(std::uint64_t certain, std::vector<Match>& matches) {
  std::size_t low = 0;  // none before it reaches as far as the one that is looked at
  for (; reported < candidates.size(); ++reported) {
    const Candidate& one = candidates[reported];
    if (one.end > certain || one.begin >= certain) break;
    while (low < reported && candidates[low].end < one.begin) ++low;
    const internal::Rule& rule = compiled.rules[one.rule];
    // Those that may overlap it: begun before, and kept for that; or after, but before its end.
    bool loses = false;
    for (std::size_t i = low; i < candidates.size() && !loses; ++i) {
      const Candidate& other = candidates[i];
      if (other.begin > one.end || (other.begin == one.end && one.begin != one.end)) break;
      if (i == reported || !nested(one, other)) continue;
      const internal::Rule& others = compiled.rules[other.rule];
      const bool attack = rule.info.family == Family::kAttack || others.info.family == Family::kAttack;
      if (attack && rule.info.kind != others.info.kind) continue;
      const bool same = other.begin == one.begin && other.end == one.end && other.rule == one.rule;
      loses = same ? i < reported : outranks(other, one);
    }
    if (loses) continue;
    Match match{.kind = rule.info.kind, .family = rule.info.family, .span = one.span, .confidence = one.confidence};
    if (!one.placed) {
      const auto begin = text.begin_of(one.begin);
      const auto end = text.end_of(one.end);
      match.span = {begin.bytes, end.bytes, begin.points, end.points};
    }
    match.why = {.rule = rule.info.name, .check = rule.check_name, .context = one.context};
    std::copy(std::begin(one.decoded), std::end(one.decoded), std::begin(match.why.decoded));
    matches.push_back(match);
  }
}

StreamScanner::StreamScanner(std::unique_ptr<State> state) : state_(std::move(state)) {}
StreamScanner::~StreamScanner() = default;

Result<std::unique_ptr<StreamScanner>> StreamScanner::create(std::shared_ptr<const Rules> rules) {
  auto scratch = rules->compiled().literals->make_scratch();
  if (!scratch) return scratch.error();
  auto state = std::make_unique<State>(std::move(rules), *std::move(scratch));
  state->begin();
  return std::unique_ptr<StreamScanner>(new StreamScanner(std::move(state)));
}

Result<> StreamScanner::feed(std::string_view chunk, std::vector<Match>& matches) {
  if (state_->failed) return Error(Errc::kResourceExhausted, "the scanner has failed before");
  if (state_->finished) return Error(Errc::kInvalidArgument, "the text has ended");
  while (!chunk.empty()) {
    const std::string_view piece = chunk.substr(0, kPieceBytes);
    chunk.remove_prefix(piece.size());
    if (auto done = state_->take(piece, false, matches); !done) {
      state_->failed = true;
      return done;
    }
  }
  return {};
}

Result<> StreamScanner::finish(std::vector<Match>& matches) {
  if (state_->failed) return Error(Errc::kResourceExhausted, "the scanner has failed before");
  if (state_->finished) return Error(Errc::kInvalidArgument, "the text has ended");
  state_->finished = true;
  auto done = state_->take({}, true, matches);
  for (const auto& reading : state_->readings) {
    const std::size_t had = matches.size();
    if (done) done = reading->finish(matches);
    for (std::size_t i = had; i < matches.size(); ++i) matches[i].flag_only = true;
  }
  state_->failed = !done;
  return done;
}

void StreamScanner::reset() {
  state_->begin();
}

std::uint64_t StreamScanner::decided_bytes() const {
  return state_->decided;
}

const Rules& StreamScanner::rules() const {
  return *state_->rules;
}

Result<std::unique_ptr<Scanner>> Scanner::create(std::shared_ptr<const Rules> rules) {
  auto stream = StreamScanner::create(std::move(rules));
  if (!stream) return stream.error();
  return std::unique_ptr<Scanner>(new Scanner(*std::move(stream)));
}

Result<> Scanner::scan(std::string_view text, std::vector<Match>& matches) {
  const std::size_t had = matches.size();
  StreamScanner& stream = *stream_;
  stream.reset();
  // Nothing of the text stays, whatever becomes of the scan: it may be long before there is another.
  struct Forget {
    StreamScanner& stream;
    ~Forget() { stream.reset(); }
  } const forget{stream};
  // A text that is one piece is read in one step.
  if (text.size() <= kPieceBytes && stream.state_->readings.empty()) {
    stream.state_->finished = true;
    return stream.state_->take(text, true, matches);
  }
  if (auto done = stream.feed(text, matches); !done) return done;
  if (auto done = stream.finish(matches); !done) return done;
  for (std::size_t i = had; i < matches.size(); ++i) matches[i].flag_only = false;
  return {};
}

}  // namespace redoubt::inspect
