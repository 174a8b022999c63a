#include "policy/internal/uid_table.h"

#include <algorithm>
#include <bit>
#include <tuple>
#include <utility>

namespace redoubt::policy::internal {
namespace {

bool is_before(const HashedUid& a, const HashedUid& b) {
  return a.hash != b.hash ? a.hash < b.hash : *a.uid < *b.uid;
}

bool is_same(const HashedUid& a, const HashedUid& b) {
  return a.hash == b.hash && a.uid->id == b.uid->id && a.uid->type == b.uid->type;
}

bool is(const HashedUid& a, std::uint64_t hash, std::string_view type, std::string_view id) {
  return a.hash == hash && a.uid->id == id && a.uid->type == type;
}

}  // namespace

// Sorted by their highest bits, which takes one pass, and then the few that have these in common.
UidTable::UidTable(std::span<const HashedUid> uids, std::vector<std::uint32_t>* numbers) {
  const std::size_t slots = std::bit_ceil(std::max<std::size_t>(uids.size(), 2));
  shift_ = 64 - static_cast<unsigned>(std::countr_zero(slots));
  starts_.resize(slots + 1);
  for (const HashedUid& uid : uids) ++starts_[(uid.hash >> shift_) + 1];
  for (std::size_t i = 1; i < starts_.size(); ++i) starts_[i] += starts_[i - 1];
  std::vector<std::uint32_t> order(uids.size());
  for (std::uint32_t i = 0; i < uids.size(); ++i) order[starts_[uids[i].hash >> shift_]++] = i;

  // Now each start is where its UIDs end in `order`; it becomes where they begin in the table, without repetition.
  uids_.reserve(uids.size());
  if (numbers != nullptr) numbers->resize(uids.size());
  auto at = order.begin();
  for (std::uint32_t& start : starts_) {
    const auto end = order.begin() + std::exchange(start, static_cast<std::uint32_t>(uids_.size()));
    if (end - at > 1) {
      std::sort(at, end, [&](std::uint32_t a, std::uint32_t b) { return is_before(uids[a], uids[b]); });
    }
    for (; at != end; ++at) {
      if (uids_.size() == start || !is_same(uids_.back(), uids[*at])) uids_.push_back(uids[*at]);
      if (numbers != nullptr) (*numbers)[*at] = static_cast<std::uint32_t>(uids_.size() - 1);
    }
  }
}

std::uint32_t UidTable::find(std::uint64_t hash, std::string_view type, std::string_view id) const {
  constexpr std::ptrdiff_t kFew = 8;
  if (uids_.empty()) return kNone;
  const std::uint64_t start = hash >> shift_;
  const HashedUid* at = uids_.data() + starts_[start];
  const HashedUid* const end = uids_.data() + starts_[start + 1];
  if (end - at > kFew) {
    at = std::lower_bound(at, end, std::tie(hash, type, id), [](const HashedUid& a, const auto& b) {
      return std::tuple<std::uint64_t, std::string_view, std::string_view>(a.hash, a.uid->type, a.uid->id) < b;
    });
    return at != end && is(*at, hash, type, id) ? static_cast<std::uint32_t>(at - uids_.data()) : kNone;
  }
  for (; at != end; ++at) {
    if (is(*at, hash, type, id)) return static_cast<std::uint32_t>(at - uids_.data());
  }
  return kNone;
}

}  // namespace redoubt::policy::internal
