#include "policy/internal/uid_table.h"

#include <algorithm>
#include <bit>
#include <tuple>

namespace redoubt::policy::internal {
namespace {

bool is_before(const HashedUid& a, const HashedUid& b) {
  if (a.hash != b.hash) return a.hash < b.hash;
  return a.uid != b.uid && *a.uid < *b.uid;
}

bool is_same(const HashedUid& a, const HashedUid& b) {
  return a.hash == b.hash && (a.uid == b.uid || *a.uid == *b.uid);
}

bool is(const HashedUid& a, std::uint64_t hash, std::string_view type, std::string_view id) {
  return a.hash == hash && a.uid->id == id && a.uid->type == type;
}

}  // namespace

UidTable::UidTable(std::vector<HashedUid> uids) : uids_(std::move(uids)) {
  std::sort(uids_.begin(), uids_.end(), is_before);
  uids_.erase(std::unique(uids_.begin(), uids_.end(), is_same), uids_.end());
  const unsigned bits = std::max(1U, static_cast<unsigned>(std::bit_width(uids_.size())));
  shift_ = 64 - bits;
  starts_.resize((std::size_t{1} << bits) + 1);
  for (const HashedUid& uid : uids_) ++starts_[(uid.hash >> shift_) + 1];
  for (std::size_t i = 1; i < starts_.size(); ++i) starts_[i] += starts_[i - 1];
}

std::uint32_t UidTable::find(std::uint64_t hash, std::string_view type, std::string_view id) const {
  constexpr std::ptrdiff_t kFew = 8;
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
