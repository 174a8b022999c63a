#include "inspect/internal/literal_set.h"

#include <hs.h>

#include <algorithm>
#include <climits>

#include "inspect/internal/chars.h"

namespace redoubt::inspect::internal {
namespace {

struct Collector {
  const std::vector<Literal>* literals;
  std::string_view text;  // from the first byte that was searched
  std::size_t offset;     // of that byte
  std::size_t from;
  std::size_t to;
  std::vector<LiteralHit>* hits;
};

int on_match(unsigned id, unsigned long long /*from*/, unsigned long long to, unsigned /*flags*/, void* context) {
  const auto& collector = *static_cast<Collector*>(context);
  const Literal& literal = (*collector.literals)[id];
  const std::size_t begin = collector.offset + static_cast<std::size_t>(to) - literal.text.size();
  if (begin < collector.from || begin >= collector.to) return 0;
  if (literal.starts_word && begin > 0 && is_alnum(collector.text[begin - 1])) return 0;
  collector.hits->push_back({static_cast<std::uint32_t>(begin), id});
  return 0;
}

}  // namespace

LiteralScratch::~LiteralScratch() {
  hs_free_scratch(scratch_);
}

LiteralSet::~LiteralSet() {
  hs_free_database(database_);
}

Result<std::unique_ptr<LiteralSet>> LiteralSet::compile(std::vector<Literal> literals) {
  auto set = std::unique_ptr<LiteralSet>(new LiteralSet);
  set->literals_ = std::move(literals);
  if (set->literals_.empty()) return set;
  std::vector<const char*> texts;
  std::vector<std::size_t> sizes;
  std::vector<unsigned> flags;
  std::vector<unsigned> ids;
  for (const Literal& literal : set->literals_) {
    if (literal.text.empty()) return Error(Errc::kInvalidArgument, "an empty literal");
    texts.push_back(literal.text.data());
    sizes.push_back(literal.text.size());
    flags.push_back(literal.ignore_case ? HS_FLAG_CASELESS : 0);
    ids.push_back(static_cast<unsigned>(ids.size()));
    set->longest_ = std::max(set->longest_, literal.text.size());
  }
  hs_compile_error_t* error = nullptr;
  const auto done =
      hs_compile_lit_multi(texts.data(), flags.data(), ids.data(), sizes.data(), static_cast<unsigned>(ids.size()),
                           HS_MODE_BLOCK, nullptr, &set->database_, &error);
  if (done != HS_SUCCESS) {
    Error out(Errc::kResourceExhausted, error != nullptr ? error->message : "the literals do not compile");
    hs_free_compile_error(error);
    return out;
  }
  return set;
}

Result<std::unique_ptr<LiteralScratch>> LiteralSet::make_scratch() const {
  hs_scratch_t* scratch = nullptr;
  if (database_ != nullptr && hs_alloc_scratch(database_, &scratch) != HS_SUCCESS) {
    return Error(Errc::kResourceExhausted, "no memory to match with");
  }
  return std::make_unique<LiteralScratch>(scratch);
}

Result<> LiteralSet::find(std::string_view text, std::size_t from, std::size_t to, const LiteralScratch& scratch,
                          std::vector<LiteralHit>& hits) const {
  if (database_ == nullptr || from >= to) return {};
  const std::size_t end = std::min(text.size(), to - 1 + longest_);
  Collector collector{&literals_, text, from, from, to, &hits};
  const auto done =
      hs_scan(database_, text.data() + from, static_cast<unsigned>(end - from), 0, scratch.get(), on_match, &collector);
  if (done != HS_SUCCESS) return Error(Errc::kResourceExhausted, "the matcher failed: " + std::to_string(done));
  return {};
}

Result<std::size_t> pattern_width(const std::string& pattern, bool ignore_case) {
  hs_expr_info_t* info = nullptr;
  hs_compile_error_t* error = nullptr;
  const unsigned flags = HS_FLAG_UTF8 | HS_FLAG_ALLOWEMPTY | (ignore_case ? HS_FLAG_CASELESS : 0);
  if (hs_expression_info(pattern.c_str(), flags, &info, &error) != HS_SUCCESS) {
    hs_free_compile_error(error);
    return Error(Errc::kUnsupported, "the width of the pattern cannot be told");
  }
  const unsigned width = info->max_width;
  std::free(info);
  if (width == UINT_MAX) return Error(Errc::kUnsupported, "the pattern has no longest match");
  return std::size_t{width};
}

}  // namespace redoubt::inspect::internal
