// The limits of what a record holds, and what keeps to them. Inside this module only.
#pragma once

#include <algorithm>
#include <limits>

#include "record/exchange_record.h"

namespace redoubt::record {

inline constexpr std::size_t kUidSizeMax = 64;

// OCSF's `integer_t` is a signed integer of no stated width; consumers commonly store 32 bits.
inline constexpr std::uint64_t kIntegerMax = std::numeric_limits<std::int32_t>::max();

// One escaped byte is at most six (`\u0000`); three for U+FFFD. The sum of what text a record can hold, where it is
// written twice counted twice, plus its own constant text, keeps the promise of kRecordSizeMax.
inline constexpr std::size_t kTextMax =
    kModelSizeMax + kPathSizeMax + kReasonSizeMax + 10 * kNameSizeMax + 14 * kLabelSizeMax + 4 * kUidSizeMax;
inline constexpr std::size_t kWhereSizeMax = 32;
inline constexpr std::size_t kTierSizeMax = 32;
static_assert(2 * kTierSizeMax + kLabelSizeMax <= kNameSizeMax, "a peer's evidence is counted as one name");
inline constexpr std::size_t kMatchSizeMax =
    76 + 2 * kLabelSizeMax + kWhereSizeMax;  // plain words, which are never escaped
inline constexpr std::size_t kNamesSizeMax = kNamesMax * (kToolNameSizeMax + 30);  // likewise, with rows
inline constexpr std::size_t kConstantMax =
    4096 + kCommitmentsMax * (kFieldNameSizeMax + 64 + 6) + kMatchesMax * kMatchSizeMax + 2 * kNamesSizeMax;
static_assert(6 * kTextMax + kConstantMax <= kRecordSizeMax);

// Shortens views to their limits and remembers whether anything was lost.
class Cutter {
 public:
  void cut(std::string_view& text, std::size_t max) {
    if (text.size() <= max) return;
    // Not inside a character: at most three continuation bytes are given up.
    std::size_t end = max;
    for (int i = 0; i < 3 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80; ++i) --end;
    if ((static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) end = max;  // not UTF-8 anyway
    text = text.substr(0, end);
    any_ = true;
  }
  void cut(RecordSource& source) {
    cut(source.log_origin, kNameSizeMax);
    cut(source.tenant, kLabelSizeMax);
    cut(source.product_version, kLabelSizeMax);
  }
  void cut(std::span<const MatchCount>& matches) {
    const auto is_long = [](const MatchCount& each) {
      return each.kind.size() > kLabelSizeMax || each.action.size() > kLabelSizeMax ||
             each.where.size() > kWhereSizeMax;
    };
    any_ = any_ || matches.size() > kMatchesMax;
    matches = matches.first(std::min(matches.size(), kMatchesMax));
    any_ = any_ || std::any_of(matches.begin(), matches.end(), is_long);
  }
  void cut(Names& names) {
    any_ = any_ || names.size() > kNamesMax;
    names = names.first(std::min(names.size(), kNamesMax));
    any_ = any_ || std::any_of(names.begin(), names.end(),
                               [](const std::string& each) { return each.size() > kToolNameSizeMax; });
  }
  bool any() const { return any_; }

 private:
  bool any_ = false;
};

}  // namespace redoubt::record
