#include "sigma/internal/entry_list.h"

#include <algorithm>
#include <bit>

namespace redoubt::sigma::internal {
namespace {

constexpr std::size_t kLeastCapacity = 4;

}  // namespace

void EntryList::clear() {
  entries_.reset();
  start_ = end_ = capacity_ = gone_ = 0;
}

void EntryList::drop_front(std::size_t count) {
  if (gone_ > 0)
    gone_ -= static_cast<std::uint32_t>(
        std::count_if(begin(), begin() + count, [](const Entry& entry) { return entry.count == 0; }));
  start_ += static_cast<std::uint32_t>(count);
  if (start_ == end_) start_ = end_ = 0;
}

void EntryList::move_to(std::size_t capacity) {
  auto moved = std::make_unique<Entry[]>(capacity);
  std::copy(begin(), end(), moved.get());
  entries_ = std::move(moved);
  end_ -= start_;
  start_ = 0;
  capacity_ = static_cast<std::uint32_t>(capacity);
}

// At the end. What was dropped from the front is used again when it is as much as what is there, so that each entry is
// moved about once.
void EntryList::make_room() {
  if (end_ < capacity_) return;
  const std::size_t here = end_ - start_;
  if (here >= start_) {
    move_to(std::max<std::size_t>(kLeastCapacity, std::bit_ceil(here + 1) * (start_ > 0 ? 2 : 1)));
  } else if (capacity_ > 8 * kLeastCapacity && here * 8 < capacity_) {
    move_to(std::bit_ceil(here + 1) * 2);
  } else {
    std::copy(begin(), end(), entries_.get());
    end_ -= start_;
    start_ = 0;
  }
}

void EntryList::insert(Entry* before, const Entry& entry) {
  const auto place = static_cast<std::size_t>(before - begin());
  make_room();
  std::copy_backward(begin() + place, end(), end() + 1);
  begin()[place] = entry;
  ++end_;
}

void EntryList::erase(Entry* at) {
  std::copy(at + 1, end(), at);
  if (--end_ == start_) start_ = end_ = 0;
}

void EntryList::assign(const std::vector<Entry>& entries) {
  clear();
  if (entries.empty()) return;
  move_to(std::bit_ceil(entries.size()));
  std::copy(entries.begin(), entries.end(), entries_.get());
  end_ = static_cast<std::uint32_t>(entries.size());
}

void EntryList::leave(Entry* at) {
  at->count = 0;
  ++gone_;
}

void EntryList::drop_gone() {
  if (gone_ == 0) return;
  Entry* const rest = std::remove_if(begin(), end(), [](const Entry& entry) { return entry.count == 0; });
  end_ = start_ + static_cast<std::uint32_t>(rest - begin());
  gone_ = 0;
}

std::size_t ValueIndex::bytes(std::size_t entries) {
  return entries < kLeast ? 0 : sizeof(ValueIndex) + std::bit_ceil(entries) * 4 * sizeof(Cell);
}

ValueIndex::ValueIndex(EntryList& entries) {
  entries.drop_gone();
  cells_.resize(std::bit_ceil(std::max(entries.size(), kLeast)) * 4);
  mask_ = cells_.size() - 1;
  std::uint32_t number = 0;
  for (const Entry& entry : entries) put(entry.value, number++);
}

std::size_t ValueIndex::cell_of(std::uint64_t value) const {
  std::size_t at = home(value);
  while (cells_[at].number != kNone && cells_[at].value != value) at = (at + 1) & mask_;
  return at;
}

void ValueIndex::put(std::uint64_t value, std::uint32_t number) {
  Cell& cell = cells_[cell_of(value)];
  if (cell.number == kNone) ++used_;
  cell = {value, number};
}

Entry* ValueIndex::find(EntryList& entries, std::uint64_t value) const {
  const Cell& cell = cells_[cell_of(value)];
  return cell.number == kNone ? nullptr : entries.begin() + (cell.number - dropped_);
}

bool ValueIndex::add(const EntryList& entries) {
  const auto number = dropped_ + static_cast<std::uint32_t>(entries.end() - entries.begin()) - 1;
  if ((used_ + 1) * 2 > cells_.size() || number == kNone) return false;
  put(entries.end()[-1].value, number);
  return true;
}

void ValueIndex::remove(const EntryList& entries, const Entry& entry) {
  std::size_t hole = cell_of(entry.value);
  if (cells_[hole].number != dropped_ + static_cast<std::uint32_t>(&entry - entries.begin())) return;
  // What comes after moves up, where its own home lets it.
  for (std::size_t at = (hole + 1) & mask_; cells_[at].number != kNone; at = (at + 1) & mask_) {
    if (((at - home(cells_[at].value)) & mask_) < ((at - hole) & mask_)) continue;
    cells_[hole] = cells_[at];
    hole = at;
  }
  cells_[hole].number = kNone;
  --used_;
}

void ValueIndex::drop_front(const EntryList& entries, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    if (entries.begin()[i].count > 0) remove(entries, entries.begin()[i]);
  }
  dropped_ += static_cast<std::uint32_t>(count);
}

}  // namespace redoubt::sigma::internal
