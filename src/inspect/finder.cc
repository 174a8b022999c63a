#include "inspect/internal/finder.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/check.h"
#include "inspect/internal/chars.h"
#include "inspect/internal/finder_level.h"

namespace redoubt::inspect::internal {
namespace {

// The end of a private key in PEM (RFC 7468) that begins at the start of `text`: behind its last line, or where
// something stands that belongs in none. npos: not to be told yet.
std::size_t private_key_end(std::string_view text, bool complete) {
  constexpr std::string_view kBegin = "-----BEGIN ";
  constexpr std::string_view kEnd = "-----END ";
  const auto label_end = text.find("-----", kBegin.size());
  if (label_end == std::string_view::npos || label_end > 64) {
    return text.size() < 80 && !complete ? std::string_view::npos : 0;
  }
  if (text.substr(0, label_end).find("PRIVATE KEY") == std::string_view::npos) return 0;
  std::size_t at = label_end + 5;
  for (; at < std::min(text.size(), kPrivateKeyWidth); ++at) {
    const char c = text[at];
    if (c == '-' && text.substr(at, kEnd.size()) == kEnd) {
      const auto end = text.find("-----", at + kEnd.size());
      if (end != std::string_view::npos && end - at < 64) return end + 5;
      if (text.size() - at < 80 && !complete) return std::string_view::npos;
      return at;
    }
    // Headers of encrypted keys, line ends that are escaped, quotes of source texts.
    const bool belongs = is(c, kBase64) || std::string_view("=:,. \t\r\n\\\"'").find(c) != std::string_view::npos;
    if (!belongs) return at;
  }
  return at == kPrivateKeyWidth || complete ? at : std::string_view::npos;
}

// Whether the place is in the middle of a word.
bool in_word_at(std::string_view text, std::size_t at) {
  return at > 0 && at < text.size() && is_alnum(text[at - 1]) && is_alnum(text[at]);
}

bool ends_with_word(std::string_view text, std::string_view small) {
  return text.size() >= small.size() &&
         std::ranges::equal(text.substr(text.size() - small.size()), small, {}, to_lower);
}

// What is given to such a name is no secret but speaks of one: `secret_name`, `tokenUrl`, `key_sha256`.
bool speaks_of(std::string_view name) {
  constexpr std::string_view kEnds[] = {"name",   "path",   "file",    "url",     "uri",    "type",   "label",
                                        "hint",   "field",  "length",  "size",    "min",    "max",    "count",
                                        "policy", "error",  "message", "holder",  "format", "prefix", "endpoint",
                                        "sha1",   "sha256", "md5",     "checksum"};
  return std::ranges::any_of(kEnds, [&](std::string_view end) { return ends_with_word(name, end); });
}

constexpr std::size_t kLongestShown = 9;

// Keys that everybody may see, by the word before `key`.
bool is_shown(std::string_view before) {
  constexpr std::string_view kWords[] = {"public", "pub", "foreign", "primary", "schema", "partition", "sort", "cache"};
  static_assert(std::ranges::all_of(kWords, [](std::string_view word) { return word.size() <= kLongestShown; }));
  return std::ranges::any_of(kWords, [&](std::string_view word) { return ends_with_word(before, word); });
}

// Whether what ends at `end` is of a name in quotes with `::` in it, as types have: no member is called so.
bool is_qualified(std::string_view text, std::size_t end) {
  constexpr std::size_t kFar = 48;
  bool colons = false;
  for (std::size_t at = end; at > 0 && end - at < kFar; --at) {
    const char c = text[at - 1];
    if (c == '"') return colons;
    if (!is_alnum(c) && c != '_' && c != ':') return false;
    colons = colons || (c == ':' && at > 1 && text[at - 2] == ':');
  }
  return false;
}

// Behind what names something.
constexpr std::array<bool, 256> kNameEnds = [] {
  std::array<bool, 256> out{};
  for (const char c : std::string_view("=:,<>;()!?/\n")) out[static_cast<unsigned char>(c)] = true;
  return out;
}();

// Whether what begins at `begin` is given something: a sign of that follows behind `end`, where the rest of a name,
// quotes and blanks may stand before it. Keys that everybody may see are not meant.
bool is_assigned(std::string_view text, std::size_t begin, std::size_t end) {
  constexpr std::size_t kFar = 72;
  const std::string_view rest = text.substr(end, kFar);
  const auto end_of_name = std::ranges::find_if(rest, [](char c) { return kNameEnds[static_cast<unsigned char>(c)]; });
  const auto sign = static_cast<std::size_t>(end_of_name - rest.begin());
  if (sign == rest.size()) return false;
  const bool given = std::string_view("=:,<>").find(rest[sign]) != std::string_view::npos;
  if (!given && !rest.substr(sign).starts_with("?=")) return false;
  std::string_view name = rest.substr(0, sign);
  while (!name.empty() && !is_alnum(name.back())) name.remove_suffix(1);
  const std::size_t from = begin - std::min(begin, kLongestShown + 1);
  std::string_view before = text.substr(from, begin - from);
  if (!before.empty() && (before.back() == '_' || before.back() == '-')) before.remove_suffix(1);
  // What has an id of its own, but for Vault's `secret_id`, which is one.
  const bool is_id = ends_with_word(name, "id") && !ends_with_word(text.substr(begin, end - begin), "secret");
  return !is_id && !speaks_of(name) && !is_shown(before) && !is_qualified(text, begin);
}

}  // namespace

Finder::Finder(const Rules::Compiled& rules, std::unique_ptr<LiteralScratch> scratch)
    : rules_(rules), scratch_(std::move(scratch)) {
  for (int depth = 0; depth <= kMaxDecodings; ++depth) {
    levels_.push_back(std::make_unique<Level>(rules.fold));
    levels_.back()->depth = depth;
    levels_.back()->user_from.resize(rules.user_patterns.size());
  }
}

Finder::~Finder() = default;

void Finder::reset() {
  levels_.front()->reset();
}

std::uint64_t Finder::first_waiting(std::uint64_t none) const {
  for (const Waiting& waiting : levels_.front()->waiting) none = std::min(none, waiting.begin);
  return none;
}

Result<> Finder::find(const TextWindow& window, std::uint64_t from, std::uint64_t to, std::vector<Candidate>& out) {
  return find_at(*levels_.front(), window, from, to, out);
}

Result<> Finder::settle(const TextWindow& window, std::vector<Candidate>& out) {
  return settle_at(*levels_.front(), window, out);
}

Result<> Finder::find_at(Level& level, const TextWindow& window, std::uint64_t from, std::uint64_t to,
                         std::vector<Candidate>& out) {
  const std::size_t first = from - window.base;
  const std::size_t last = to - window.base;
  level.nearby.forget();
  level.masks.read(window.text, first, last);
  if (auto done = find_literals(level, window, first, last, out); !done) return done;
  find_shapes(level, window, first, last, out);
  find_signs(level, window, first, last, out);
  if (rules_.decode && level.depth < kMaxDecodings) {
    find_words(level, window, first, last);
    if (auto done = find_spaced(level, window, first, last, out); !done) return done;
  }
  if (auto done = find_user_patterns(level, window, first, last, out); !done) return done;
  if (rules_.repetition != kNoRule) find_repetition(level, window, first, last, out);
  if (rules_.gibberish != kNoRule) find_gibberish(level, window, first, last, out);
  return {};
}

Result<> Finder::find_literals(Level& level, const TextWindow& window, std::size_t from, std::size_t to,
                               std::vector<Candidate>& out) {
  level.hits.clear();
  if (auto done = rules_.literals->find(window.text, from, to, *scratch_, level.hits); !done) return done;
  for (const LiteralHit& hit : level.hits) {
    const std::size_t size = rules_.literals->literal(hit.literal).text.size();
    std::optional<bool> assigned;  // the same for all rules of a literal
    for (const std::uint16_t rule : rules_.literal_rules[hit.literal]) {
      if ((rules_.rules[rule].flags & kAssigned) != 0) {
        if (!assigned) assigned = is_assigned(window.text, hit.begin, hit.begin + size);
        if (!*assigned) continue;
      }
      match_literal(level, window, hit.begin, rule, size, out);
    }
  }
  return {};
}

void Finder::match_literal(Level& level, const TextWindow& window, std::size_t begin, std::uint16_t number,
                           std::size_t size, std::vector<Candidate>& out) {
  const Rule& rule = rules_.rules[number];
  switch (rule.matcher) {
    case Matcher::kWord:
      if (begin + size < window.text.size() && is_alnum(window.text[begin + size])) return;
      return add(level, window, begin, begin + size, number, out);
    case Matcher::kUri:
      return wait(level, window,
                  {.place = window.base + begin, .what = Waiting::What::kUri, .rule = number, .width = rule.width});
    case Matcher::kDomain:
      return match_domain(level, window, begin, number, out);
    case Matcher::kPrivateKey:
      return wait(level, window, {.place = window.base + begin, .rule = number, .width = rule.width});
    default:
      break;
  }
  if ((rule.flags & kLong) != 0) {
    // A word that goes on from the left is another word; and there is one place for each word, then, to match at.
    if (begin > 0 && (is(window.text[begin - 1], kBase64) || window.text[begin - 1] == '.')) return;
    return wait(level, window, {.place = window.base + begin, .rule = number, .width = rule.width});
  }
  if ((rule.flags & kInside) != 0) return match_around(level, window, begin, number, size, out);
  // Wide rules wait where their literal stands, rather than have all text held back for them.
  if (rule.width > kSpacedWidth) {
    return wait(level, window, {.place = window.base + begin, .rule = number, .width = rule.width});
  }
  match_pattern(level, window, begin, begin + rule.width, number, out);
}

// The matches that the literal at `at` is in. What is searched depends on `at` alone.
void Finder::match_around(Level& level, const TextWindow& window, std::size_t at, std::uint16_t number,
                          std::size_t size, std::vector<Candidate>& out) {
  const Rule& rule = rules_.rules[number];
  const std::size_t width = rule.width - kInsideTail;
  const std::size_t first = at > width ? at - width : 0;
  const std::size_t end = std::min(window.text.size(), at + size + kInsideTail);
  const re2::StringPiece text(window.text.data() + first, end - first);
  std::size_t from = 0;
  re2::StringPiece match;
  while (from < text.size() && rule.pattern->Match(text, from, text.size(), RE2::UNANCHORED, &match, 1)) {
    const std::size_t begin = first + static_cast<std::size_t>(match.data() - text.data());
    const std::size_t match_end = begin + match.size();
    if (begin > at || match.empty()) return;
    const bool whole =
        !in_word_at(window.text, begin) && ((rule.flags & kOpenEnd) != 0 || !in_word_at(window.text, match_end));
    if (whole && match_end > at && match.size() <= rule.width) {
      return add(level, window, begin, match_end, number, out);
    }
    from = (match_end > at ? begin + 1 : match_end) - first;
  }
}

// `end`: the pattern sees nothing of what is behind it.
void Finder::match_pattern(Level& level, const TextWindow& window, std::size_t begin, std::size_t end,
                           std::uint16_t number, std::vector<Candidate>& out) {
  const Rule& rule = rules_.rules[number];
  const std::string_view text = window.text.substr(begin, std::min(end, window.text.size()) - begin);
  re2::StringPiece groups[2];
  const int wanted = rule.pattern->NumberOfCapturingGroups() > 0 ? 2 : 1;
  if (!rule.pattern->Match({text.data(), text.size()}, 0, text.size(), RE2::ANCHOR_START, groups, wanted)) return;
  const re2::StringPiece& match = wanted == 2 && groups[1].data() != nullptr ? groups[1] : groups[0];
  if (match.empty()) return;
  const std::size_t match_begin = begin + static_cast<std::size_t>(match.data() - text.data());
  const std::size_t match_end = match_begin + match.size();
  if ((rule.flags & kOpenEnd) == 0 && in_word_at(window.text, match_end)) return;
  if (rule.check != nullptr && !rule.check({match.data(), match.size()})) return;
  add(level, window, match_begin, match_end, number, out);
}

void Finder::add(Level& level, const TextWindow& window, std::size_t begin, std::size_t end, std::uint16_t number,
                 std::vector<Candidate>& out) {
  const Rule& rule = rules_.rules[number];
  Candidate candidate{.begin = window.base + begin, .end = window.base + end, .rule = number, .confidence = rule.base};
  if (rule.context != ContextWords::kNoSet) {
    rules_.context.look(window.text, begin, end, level.nearby);
    if (level.nearby.has(rule.context)) {
      candidate.confidence = rule.near;
      candidate.context = level.nearby.word_of(rule.context);
    }
  }
  if (candidate.confidence < rules_.min_confidence) return;
  std::copy(std::begin(level.path), std::end(level.path), std::begin(candidate.decoded));
  out.push_back(candidate);
}

void Finder::wait(Level& level, const TextWindow& window, Waiting waiting) {
  const std::uint64_t left = std::min<std::uint64_t>(kReachLeft, waiting.place);
  switch (waiting.what) {
    case Waiting::What::kEmail:
    case Waiting::What::kUri:
    case Waiting::What::kEscapes:
      waiting.begin = waiting.place - left;
      break;
    default:
      waiting.begin = waiting.place;
      break;
  }
  waiting.seen = std::max(waiting.place, window.base);
  level.waiting.push_back(waiting);
}

Result<> Finder::settle_at(Level& level, const TextWindow& window, std::vector<Candidate>& out) {
  std::size_t kept = 0;
  level.nearby.forget();
  std::sort(level.waiting.begin(), level.waiting.end(),
            [](const Waiting& a, const Waiting& b) { return a.place < b.place; });
  std::uint64_t break_from = 0;  // the last word that was looked through: no break in [break_from, break_at)
  std::uint64_t break_at = 0;
  // Places may be added behind those there are: the next piece of a long word.
  for (std::size_t i = 0; i < level.waiting.size(); ++i) {
    Waiting waiting = level.waiting[i];
    const std::size_t begin = waiting.place - window.base;
    std::size_t end = 0;
    const bool is_key =
        waiting.what == Waiting::What::kRule && rules_.rules[waiting.rule].matcher == Matcher::kPrivateKey;
    bool decided = window.last;
    if (is_key) {
      const std::size_t size = private_key_end(window.text.substr(begin), window.last);
      decided = size != std::string_view::npos &&
                (size == 0 || begin + size + kReachRight <= window.text.size() || window.last);
      end = begin + (decided ? size : 0);
    } else if (waiting.what == Waiting::What::kRule && (rules_.rules[waiting.rule].flags & kLong) == 0) {
      decided = window.last || waiting.place + waiting.width + kReachRight <= window.end();
      end = begin + waiting.width;
    } else {
      // Signs that a place begins with are no end of it: `"`, `<` and the like never do.
      std::uint64_t at = waiting.seen;
      if (at >= break_from && at < break_at) at = break_at;
      const std::uint64_t limit = std::min<std::uint64_t>(window.end(), waiting.place + waiting.width);
      while (at < limit && !is(window.text[at - window.base], kBreak)) ++at;
      if (at > waiting.place && at >= break_at) {
        break_from = waiting.place;
        break_at = at;
      }
      const bool ended = at == waiting.place + waiting.width || at < window.end();
      waiting.seen = at;
      end = at - window.base;
      decided = window.last || (ended && at + kReachRight <= window.end());
    }
    if (!decided) {
      level.waiting[kept++] = waiting;
      continue;
    }
    switch (waiting.what) {
      case Waiting::What::kRule:
        if (is_key) {
          if (end > begin) add(level, window, begin, end, waiting.rule, out);
        } else {
          match_pattern(level, window, begin, end, waiting.rule, out);
        }
        break;
      case Waiting::What::kEmail:
        match_email(level, window, begin, out);
        break;
      case Waiting::What::kUri:
        match_uri(level, window, begin, end, out);
        break;
      case Waiting::What::kBase64:
        if (auto done = decode_base64(level, window, begin, end, out); !done) return done;
        break;
      case Waiting::What::kEscapes:
        if (auto done = decode_escapes(level, window, begin, end, out); !done) return done;
        break;
    }
  }
  level.waiting.resize(kept);
  return {};
}

}  // namespace redoubt::inspect::internal
