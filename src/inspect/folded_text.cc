#include "inspect/internal/folded_text.h"

#ifdef __SSE4_1__
#include <smmintrin.h>
#endif

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/check.h"
#include "inspect/internal/utf8.h"

namespace redoubt::inspect::internal {
namespace {

constexpr std::uint32_t kLongestRun = 64;

// How many of the bytes at the start are ASCII and not zero.
std::size_t ascii_prefix(std::string_view text) {
  std::size_t i = 0;
#ifdef __SSE4_1__
  // As signed numbers, these are above zero; then so is the least of them.
  for (; i + 64 <= text.size(); i += 64) {
    __m128i bytes[4];
    std::memcpy(bytes, text.data() + i, sizeof bytes);
    const __m128i least = _mm_min_epi8(_mm_min_epi8(bytes[0], bytes[1]), _mm_min_epi8(bytes[2], bytes[3]));
    if (_mm_movemask_epi8(_mm_cmpgt_epi8(least, _mm_setzero_si128())) != 0xffff) break;
  }
  for (; i + 16 <= text.size(); i += 16) {
    __m128i bytes;
    std::memcpy(&bytes, text.data() + i, sizeof bytes);
    const auto plain = static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpgt_epi8(bytes, _mm_setzero_si128())));
    if (plain != 0xffff) return i + static_cast<std::size_t>(std::countr_one(plain));
  }
#endif
  while (i < text.size() && static_cast<signed char>(text[i]) > 0) ++i;
  return i;
}

bool is_tag(char32_t point) {
  return point >= 0xe0000 && point <= 0xe007f;
}

}  // namespace

void FoldedText::reset() {
  // What a text leaves behind is not to be read by the next.
  std::fill(text_.begin(), text_.end(), '\0');
  text_.clear();
  base_ = 0;
  place_ = {};
  marks_.assign(1, Mark{.folded = 0, .bytes = 0, .points = 0, .even = true});
  begun_.clear();
  run_ = {};
  dropped_ = 0;
  previous_ = 0;
}

void FoldedText::append(std::string_view chunk, bool last, std::vector<InvisibleRun>& runs) {
  std::string joined;
  if (!begun_.empty()) {
    joined = begun_ + std::string(chunk);
    begun_.clear();
    chunk = joined;
  }
  while (!chunk.empty()) {
    if (const std::size_t size = ascii_prefix(chunk); size > 0) {
      end_run(static_cast<unsigned char>(chunk.front()), runs);
      append_ascii(chunk.substr(0, size));
      chunk.remove_prefix(size);
      continue;
    }
    if (chunk.front() == '\0') {
      append_point(0, 1, runs);
      chunk.remove_prefix(1);
      continue;
    }
    const Utf8Point decoded = utf8_point(chunk);
    if (!decoded.complete && !last) {
      begun_ = chunk;
      break;
    }
    if (decoded.valid) {
      append_point(decoded.point, decoded.size, runs);
    } else {
      end_run(0xfffd, runs);
      append_raw(chunk.substr(0, 1), 1);
      previous_ = 0xfffd;
    }
    chunk.remove_prefix(decoded.size);
  }
  if (last) end_run(0, runs);
}

void FoldedText::append_ascii(std::string_view text) {
  if (!marks_.back().even) {
    marks_.push_back({.folded = end(), .bytes = place_.bytes, .points = place_.points, .even = true});
  }
  text_ += text;
  place_.bytes += text.size();
  place_.points += text.size();
  previous_ = static_cast<unsigned char>(text.back());
  dropped_ = 0;
}

void FoldedText::append_raw(std::string_view folded, std::size_t size) {
  marks_.push_back({.folded = end(), .bytes = place_.bytes, .points = place_.points, .even = false});
  text_ += folded;
  place_.bytes += size;
  place_.points += 1;
  // So that `end_of` has where it ends, before anything else comes.
  marks_.push_back({.folded = end(), .bytes = place_.bytes, .points = place_.points, .even = true});
}

void FoldedText::append_point(char32_t point, std::size_t size, std::vector<InvisibleRun>& runs) {
  const FoldTable::Fold fold = table_.of(point);
  const bool invisible = fold.size == FoldTable::kDrop;
  if (invisible || is_tag(point)) {
    note_invisible(point, size, runs);
  } else {
    end_run(point, runs);
    previous_ = point;
  }
  if (!invisible) {
    if (fold.size > 0) {
      dropped_ = 0;
      append_raw({fold.bytes, fold.size}, size);
      return;
    }
  } else if (++dropped_ == kMaxDropped + 1) {
    append_raw(" ", size);
    return;
  }
  place_.bytes += size;
  place_.points += 1;
  const Mark mark{.folded = end(), .bytes = place_.bytes, .points = place_.points, .even = true};
  // What begins here begins after what was dropped. What ends here has its own mark before this one.
  if (marks_.back().folded == mark.folded && marks_.size() > 1 && marks_[marks_.size() - 2].folded == mark.folded) {
    marks_.back() = mark;
  } else {
    marks_.push_back(mark);
  }
}

void FoldedText::note_invisible(char32_t point, std::size_t size, std::vector<InvisibleRun>& runs) {
  if (run_.count == kLongestRun) end_run(0, runs);
  if (run_.count == 0) {
    run_ = {.folded = end(), .begin_bytes = place_.bytes, .begin_points = place_.points, .before = previous_};
  }
  ++run_.count;
  run_.end_bytes = place_.bytes + size;
  run_.end_points = place_.points + 1;
  if (is_tag(point)) ++run_.tags;
  if (point == 0x202d || point == 0x202e || point == 0x2066 || point == 0x2067) ++run_.overrides;
  if ((point >= 0xfe00 && point <= 0xfe0f) || (point >= 0xe0100 && point <= 0xe01ef)) ++run_.selectors;
  if (point == 0x200b || point == 0x2060 || point == 0xfeff) ++run_.separators;
}

void FoldedText::end_run(char32_t after, std::vector<InvisibleRun>& runs) {
  if (run_.count == 0) return;
  run_.after = after;
  runs.push_back(run_);
  run_ = {};
}

const FoldedText::Mark& FoldedText::mark_of(std::uint64_t folded) const {
  auto next = std::ranges::upper_bound(marks_, folded, {}, &Mark::folded);
  REDOUBT_CHECK(next != marks_.begin());
  return *(next - 1);
}

FoldedText::Place FoldedText::begin_of(std::uint64_t folded) const {
  const Mark& mark = mark_of(folded);
  const std::uint64_t steps = mark.even ? folded - mark.folded : 0;
  return {mark.bytes + steps, mark.points + steps};
}

FoldedText::Place FoldedText::end_of(std::uint64_t folded) const {
  if (folded == 0) return {};
  // The piece that the byte before is in; when it is uneven, it ends where the next one begins.
  const auto next = std::ranges::upper_bound(marks_, folded - 1, {}, &Mark::folded);
  REDOUBT_CHECK(next != marks_.begin());
  const Mark& mark = *(next - 1);
  if (mark.even) return {mark.bytes + (folded - mark.folded), mark.points + (folded - mark.folded)};
  REDOUBT_CHECK(next != marks_.end());
  return {next->bytes, next->points};
}

std::uint64_t FoldedText::settled_bytes() const {
  return run_.count > 0 ? run_.begin_bytes : place_.bytes;
}

void FoldedText::drop_before(std::uint64_t folded) {
  if (folded <= base_) return;
  REDOUBT_CHECK(folded <= end());
  text_.erase(0, folded - base_);
  base_ = folded;
  // One byte before is still asked for, by `end_of`.
  const auto keep = std::ranges::upper_bound(marks_, folded == 0 ? 0 : folded - 1, {}, &Mark::folded);
  if (keep - marks_.begin() > 1) marks_.erase(marks_.begin(), keep - 1);
}

}  // namespace redoubt::inspect::internal
