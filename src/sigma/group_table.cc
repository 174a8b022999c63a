#include "sigma/internal/group_table.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace redoubt::sigma::internal {

std::size_t Group::bytes() const {
  std::size_t out = sizeof(Group) + 12;
  if (size() > 0) out += std::bit_ceil(size()) * sizeof(Entry);
  if (distinct) out += ValueIndex::bytes(size());
  if (ranked) out += RankIndex::bytes(size());
  for (const Chain& chain : chains) out += sizeof(Chain) + chain.ids.size() * sizeof(std::uint64_t);
  return out;
}

Group* GroupTable::find(const Hash128& key) {
  if (count_ == 0) return nullptr;
  for (std::size_t at = home(key); buckets_[at].place != kNone; at = (at + 1) & mask_) {
    if (buckets_[at].tag != tag(key)) continue;
    Group& group = groups_[buckets_[at].place];
    if (group.key == key) return &group;
  }
  return nullptr;
}

void GroupTable::grow() {
  const std::size_t size = buckets_.empty() ? 16 : buckets_.size() * 2;
  std::vector<Bucket> old(size);
  std::swap(old, buckets_);
  mask_ = size - 1;
  for (const Bucket& bucket : old) {
    if (bucket.place == kNone) continue;
    std::size_t at = home(groups_[bucket.place].key);
    while (buckets_[at].place != kNone) at = (at + 1) & mask_;
    buckets_[at] = bucket;
  }
}

Group& GroupTable::insert(const Hash128& key) {
  if ((count_ + 1) * 3 > buckets_.size() * 2) grow();
  std::uint32_t place = 0;
  if (free_.empty()) {
    place = static_cast<std::uint32_t>(groups_.size());
    groups_.emplace_back();
    links_.emplace_back();
  } else {
    place = free_.back();
    free_.pop_back();
  }
  std::size_t at = home(key);
  while (buckets_[at].place != kNone) at = (at + 1) & mask_;
  buckets_[at] = {place, tag(key)};
  Group& group = groups_[place];
  group.key = key;
  append(once_, place);
  ++count_;
  bytes_ += group.bytes();
  return group;
}

void GroupTable::touch(Group& group) {
  const std::uint32_t place = place_of(group);
  remove(group.again ? again_ : once_, place);
  group.again = true;
  append(again_, place);
}

void GroupTable::append(List& list, std::uint32_t place) {
  links_[place] = {list.last, kNone};
  (list.last == kNone ? list.first : links_[list.last].next) = place;
  list.last = place;
  ++list.size;
}

void GroupTable::remove(List& list, std::uint32_t place) {
  const Links own = links_[place];
  (own.previous == kNone ? list.first : links_[own.previous].next) = own.next;
  (own.next == kNone ? list.last : links_[own.next].previous) = own.previous;
  --list.size;
}

void GroupTable::erase(std::uint32_t place) {
  Group& group = groups_[place];
  bytes_ -= group.bytes();
  remove(group.again ? again_ : once_, place);
  std::size_t hole = home(group.key);
  while (buckets_[hole].place != place) hole = (hole + 1) & mask_;
  // What comes after moves up, where its own home lets it.
  for (std::size_t at = (hole + 1) & mask_; buckets_[at].place != kNone; at = (at + 1) & mask_) {
    const std::size_t wanted = home(groups_[buckets_[at].place].key);
    if (((at - wanted) & mask_) < ((at - hole) & mask_)) continue;
    buckets_[hole] = buckets_[at];
    hole = at;
  }
  buckets_[hole] = {};
  group = Group();
  free_.push_back(place);
  --count_;
}

std::size_t GroupTable::expire(std::int64_t horizon_ms, std::size_t most) {
  std::size_t done = 0;
  for (List* const list : {&once_, &again_}) {
    while (done < most && list->first != kNone && groups_[list->first].newest_ms < horizon_ms) {
      erase(list->first);
      ++done;
    }
  }
  return done;
}

// Those that were seen once go first, but they keep an eighth: else nobody new would ever be seen twice.
std::uint32_t GroupTable::candidate() const {
  if (again_.first == kNone) return once_.first;
  if (once_.first == kNone) return again_.first;
  return once_.size * 8 >= count_ ? once_.first : again_.first;
}

bool GroupTable::evict(std::int64_t horizon_ms) {
  const std::uint32_t place = candidate();
  const bool over = groups_[place].newest_ms < horizon_ms;
  erase(place);
  return over;
}

}  // namespace redoubt::sigma::internal
