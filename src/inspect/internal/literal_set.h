// Where any of many literals stands in a text; by Hyperscan, or Vectorscan.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

struct hs_database;
struct hs_scratch;

namespace redoubt::inspect::internal {

struct Literal {
  std::string text;
  bool ignore_case = false;
  bool starts_word = false;  // not right after a letter or digit
};

// Memory that one thread matches with.
class LiteralScratch {
 public:
  explicit LiteralScratch(hs_scratch* scratch) : scratch_(scratch) {}
  ~LiteralScratch();
  LiteralScratch(const LiteralScratch&) = delete;
  LiteralScratch& operator=(const LiteralScratch&) = delete;
  hs_scratch* get() const { return scratch_; }

 private:
  hs_scratch* scratch_;
};

struct LiteralHit {
  std::uint32_t begin;    // in the text that was searched
  std::uint32_t literal;  // its number
};

// Immutable; any thread, each with its own scratch.
class LiteralSet {
 public:
  // Errors: kInvalidArgument for an empty literal; kResourceExhausted.
  static Result<std::unique_ptr<LiteralSet>> compile(std::vector<Literal> literals);
  ~LiteralSet();
  LiteralSet(const LiteralSet&) = delete;
  LiteralSet& operator=(const LiteralSet&) = delete;

  Result<std::unique_ptr<LiteralScratch>> make_scratch() const;
  // Appends the places that begin in [from, to), in the order of their ends. `text` is less than 4 GiB. Errors:
  // kResourceExhausted.
  Result<> find(std::string_view text, std::size_t from, std::size_t to, const LiteralScratch& scratch,
                std::vector<LiteralHit>& hits) const;

  const Literal& literal(std::uint32_t number) const { return literals_[number]; }
  std::size_t longest() const { return longest_; }

 private:
  LiteralSet() = default;

  std::vector<Literal> literals_;
  std::size_t longest_ = 0;
  hs_database* database_ = nullptr;
};

// The longest match of a pattern in bytes, as Hyperscan understands it; kUnsupported when it has none, or is not
// understood.
Result<std::size_t> pattern_width(const std::string& pattern, bool ignore_case);

}  // namespace redoubt::inspect::internal
