// Text as rules see it: folded, with the way back to the text as it came.
//
// Folding goes code point by code point and depends on nothing around, so that it never matters how a text is cut:
// compatibility decomposition (Unicode NFKD, UAX 15) without combining marks; decimal digits of every script as ASCII;
// look-alikes of Latin letters as those (fold_tables.cc); every blank as a space. What is invisible is dropped: up to
// kMaxDropped in a row, then a blank stands for all of them. Language tags (U+E0020…), which can spell out a text that
// nobody sees, fold to the ASCII that they stand for.
//
// A byte that belongs to no valid UTF-8 (RFC 3629) folds to itself where it is not ASCII, and thereby separates words;
// it counts as one code point.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace redoubt::inspect::internal {

inline constexpr int kMaxDropped = 4;

// What each code point folds to. Immutable; any thread.
class FoldTable {
 public:
  FoldTable();

  struct Fold {
    char bytes[15];
    std::uint8_t size;  // kDrop: invisible
  };
  static constexpr std::uint8_t kDrop = 0xff;

  Fold of(char32_t point) const;

 private:
  std::vector<Fold> below_;  // of the first code points; the others are folded when they come
};

// A row of invisible characters, as it was in the text.
struct InvisibleRun {
  std::uint64_t folded = 0;  // where it would be in the folded text
  std::uint64_t begin_bytes = 0, end_bytes = 0, begin_points = 0, end_points = 0;
  std::uint32_t count = 0;
  std::uint32_t tags = 0;        // U+E0000…E007F
  std::uint32_t overrides = 0;   // U+202D, U+202E, U+2066, U+2067
  std::uint32_t selectors = 0;   // variation selectors
  std::uint32_t separators = 0;  // of no use between letters: U+200B, U+2060, U+FEFF
  char32_t before = 0;           // the code point that it follows
  char32_t after = 0;            // and the one that follows it; 0 at the end of the text, or where the run was cut
};

// Grows at the end, is forgotten from the front. One thread at a time.
class FoldedText {
 public:
  explicit FoldedText(const FoldTable& table) : table_(table) { reset(); }

  // Runs that ended are appended to `runs`. `last`: no more will come.
  void append(std::string_view chunk, bool last, std::vector<InvisibleRun>& runs);
  void reset();

  // What is still held, and the offset of its first byte in the folded text.
  std::string_view view() const { return text_; }
  std::uint64_t base() const { return base_; }
  std::uint64_t end() const { return base_ + text_.size(); }
  // Forgets what lies before `folded`.
  void drop_before(std::uint64_t folded);

  // From folded offsets to those of the original. `begin_of` is where the code point starts that gave this byte (at
  // end(): where the next one would); `end_of` where the one ends that gave the byte before. Preconditions: not
  // forgotten.
  struct Place {
    std::uint64_t bytes = 0;
    std::uint64_t points = 0;
  };
  Place begin_of(std::uint64_t folded) const;
  Place end_of(std::uint64_t folded) const;
  // Where an invisible run is that has not ended; end() of the original when there is none.
  std::uint64_t settled_bytes() const;
  std::uint64_t original_bytes() const { return place_.bytes; }

 private:
  // From `folded` on; `even`: one byte and one code point for each, until the next mark.
  struct Mark {
    std::uint64_t folded;
    std::uint64_t bytes;
    std::uint64_t points;
    bool even;
  };

  void append_ascii(std::string_view text);
  void append_point(char32_t point, std::size_t size, std::vector<InvisibleRun>& runs);
  void append_raw(std::string_view folded, std::size_t size);
  void note_invisible(char32_t point, std::size_t size, std::vector<InvisibleRun>& runs);
  void end_run(char32_t after, std::vector<InvisibleRun>& runs);
  const Mark& mark_of(std::uint64_t folded) const;

  const FoldTable& table_;
  std::string text_;
  std::uint64_t base_ = 0;
  Place place_;  // of the original: how much was read
  std::vector<Mark> marks_;
  std::string begun_;  // the start of a code point that is not complete
  InvisibleRun run_;
  int dropped_ = 0;  // in a row, until now
  char32_t previous_ = 0;
};

}  // namespace redoubt::inspect::internal
