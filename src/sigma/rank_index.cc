#include "sigma/internal/rank_index.h"

#include <algorithm>
#include <bit>

#include "base/check.h"

namespace redoubt::sigma::internal {
namespace {

constexpr std::uint64_t kSign = std::uint64_t{1} << 63;

// IEEE 754's order of all doubles (totalOrder) as that of integers: negative ones backwards, and before the others.
std::uint64_t key_of(std::uint64_t bits) {
  return (bits & kSign) != 0 ? ~bits : bits | kSign;
}
std::uint64_t bits_of(std::uint64_t key) {
  return (key & kSign) != 0 ? key & ~kSign : ~key;
}

}  // namespace

RankIndex::RankIndex(const EntryList& entries) {
  keys_.reserve(entries.size() + 1);
  for (const Entry& entry : entries) keys_.push_back(key_of(entry.value));
  std::sort(keys_.begin(), keys_.end());
}

void RankIndex::add(std::uint64_t value) {
  const std::uint64_t key = key_of(value);
  keys_.insert(std::upper_bound(keys_.begin(), keys_.end(), key), key);
}

void RankIndex::remove(std::uint64_t value) {
  const std::uint64_t key = key_of(value);
  const auto at = std::lower_bound(keys_.begin(), keys_.end(), key);
  REDOUBT_CHECK(at != keys_.end() && *at == key);
  keys_.erase(at);
}

double RankIndex::at(std::size_t rank) const {
  return std::bit_cast<double>(bits_of(keys_[rank]));
}

}  // namespace redoubt::sigma::internal
