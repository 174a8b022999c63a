// Finds places where rules may match, and matches there.
//
// INVARIANT: what is found at a place depends on nothing but the text from kReachLeft bytes and a little more before it
// to so many after it as its rule says it needs; never on where a chunk ended.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "inspect/internal/compiled.h"

namespace redoubt::inspect::internal {

// A match that overlaps have not been resolved for. Offsets are of the whole folded text.
struct Candidate {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  std::uint16_t rule = 0;
  float confidence = 0;
  std::string_view context;
  Encoding decoded[kMaxDecodings] = {};
  bool placed = false;  // `span` is set: of what is not in the folded text
  Span span;
};

// A place that needs more text than others: until a blank, or as far as its rule says.
struct Waiting {
  enum class What : std::uint8_t { kRule, kEmail, kUri, kBase64, kEscapes };
  std::uint64_t place = 0;  // what it waits for comes after this
  std::uint64_t begin = 0;  // no match of it begins before
  What what = What::kRule;
  std::uint16_t rule = 0;
  std::size_t width = 0;   // looks at so many bytes after `place` at most
  std::uint64_t seen = 0;  // up to here there is no end of the word
};

// A part of a text, or all of it.
struct TextWindow {
  std::string_view text;
  std::uint64_t base = 0;  // offset of its first byte
  bool last = false;       // the text ends where it ends

  std::uint64_t end() const { return base + text.size(); }
};

class Finder {
 public:
  Finder(const Rules::Compiled& rules, std::unique_ptr<LiteralScratch> scratch);
  ~Finder();

  void reset();
  // Matches at the places in [from, to), offsets of the whole. Precondition: the window reaches from kEncodedWidth
  // before `from`, or from the start, to `reach` behind `to`, or to the end.
  Result<> find(const TextWindow& window, std::uint64_t from, std::uint64_t to, std::vector<Candidate>& out);
  // Matches at those waiting places that need wait no longer.
  Result<> settle(const TextWindow& window, std::vector<Candidate>& out);
  // Where the first place is that still waits, or rather where its match could begin; `none` when none does.
  std::uint64_t first_waiting(std::uint64_t none) const;

 private:
  struct Level;  // one for each depth of decoding

  Result<> find_at(Level& level, const TextWindow& window, std::uint64_t from, std::uint64_t to,
                   std::vector<Candidate>& out);
  Result<> settle_at(Level& level, const TextWindow& window, std::vector<Candidate>& out);
  Result<> find_literals(Level& level, const TextWindow& window, std::size_t from, std::size_t to,
                         std::vector<Candidate>& out);
  void find_shapes(Level& level, const TextWindow& window, std::size_t from, std::size_t to,
                   std::vector<Candidate>& out);
  void match_shapes(Level& level, const TextWindow& window, std::size_t begin, std::vector<Candidate>& out);
  void find_signs(Level& level, const TextWindow& window, std::size_t from, std::size_t to,
                  std::vector<Candidate>& out);
  void find_colons(Level& level, const TextWindow& window, std::size_t at, std::vector<Candidate>& out);
  void find_words(Level& level, const TextWindow& window, std::size_t from, std::size_t to);
  Result<> find_user_patterns(Level& level, const TextWindow& window, std::size_t from, std::size_t to,
                              std::vector<Candidate>& out);
  Result<> find_spaced(Level& level, const TextWindow& window, std::size_t from, std::size_t to,
                       std::vector<Candidate>& out);
  void find_repetition(Level& level, const TextWindow& window, std::size_t from, std::size_t to,
                       std::vector<Candidate>& out);
  void find_gibberish(Level& level, const TextWindow& window, std::size_t from, std::size_t to,
                      std::vector<Candidate>& out);
  void match_literal(Level& level, const TextWindow& window, std::size_t begin, std::uint16_t rule, std::size_t size,
                     std::vector<Candidate>& out);
  void match_pattern(Level& level, const TextWindow& window, std::size_t begin, std::size_t end, std::uint16_t rule,
                     std::vector<Candidate>& out);
  void match_around(Level& level, const TextWindow& window, std::size_t at, std::uint16_t rule, std::size_t size,
                    std::vector<Candidate>& out);
  void match_email(Level& level, const TextWindow& window, std::size_t at, std::vector<Candidate>& out);
  void match_uri(Level& level, const TextWindow& window, std::size_t at, std::size_t end, std::vector<Candidate>& out);
  void match_domain(Level& level, const TextWindow& window, std::size_t begin, std::uint16_t rule,
                    std::vector<Candidate>& out);
  Result<> decode_base64(Level& level, const TextWindow& window, std::size_t begin, std::size_t end,
                         std::vector<Candidate>& out);
  Result<> decode_escapes(Level& level, const TextWindow& window, std::size_t at, std::size_t end,
                          std::vector<Candidate>& out);
  Result<> decode_spaced(Level& level, const TextWindow& window, std::size_t begin, std::size_t end,
                         std::vector<Candidate>& out);
  Result<> find_decoded(Level& level, std::uint64_t base, std::string_view decoded,
                        const std::vector<std::uint32_t>& places, Encoding encoding, std::vector<Candidate>& out);
  void add(Level& level, const TextWindow& window, std::size_t begin, std::size_t end, std::uint16_t rule,
           std::vector<Candidate>& out);
  void wait(Level& level, const TextWindow& window, Waiting waiting);

  const Rules::Compiled& rules_;
  std::unique_ptr<LiteralScratch> scratch_;
  std::vector<std::unique_ptr<Level>> levels_;
};

}  // namespace redoubt::inspect::internal
