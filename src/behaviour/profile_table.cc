#include "behaviour/internal/profile_table.h"

#include <algorithm>

#include "base/check.h"

namespace redoubt::behaviour {

namespace {

constexpr std::size_t kNameMax = 256;

}  // namespace

bool Profile::valid() const {
  const auto all_valid = [](const auto& parts) {
    return std::all_of(parts.begin(), parts.end(), [](const auto& part) { return part.valid(); });
  };
  const bool recents = burst.valid() && denied.valid() && denied_new.valid() && withheld.valid() && variants.valid() &&
                       recent_texts.valid() && boundary.valid() && large_reads.valid();
  const bool peaks = is_amount(hour_burst) && is_amount(hour_large) && is_amount(hour_withheld) &&
                     is_amount(peak_burst) && is_amount(peak_large) && is_amount(peak_withheld) &&
                     is_amount(text_day_peak) && variant_share >= 0 && variant_share <= 1 && is_amount(rows_usual);
  return all_valid(metrics) && all_valid(ramps) && recents && peaks && rhythm.valid() && day_things.valid() &&
         day_texts.valid() && day_members.valid() && day_resources.valid() && day_denied.valid() &&
         next_noted < kNoted && next_sketch < kSketches && kind <= 4 && suspended <= 1 && boundary_mix <= 3 &&
         reserved_word == 0 && rising < (1U << kRampCount) && reserved == std::array<std::uint8_t, 4>{} &&
         std::all_of(
             noted.begin(), noted.end(),
             [](const NotedEntry& entry) { return entry.note() <= Note::kInjection && (entry.packed >> 63) == 0; });
}

ProfileTable::ProfileTable(std::uint32_t capacity, const HashKey& key)
    : capacity_(std::max<std::uint32_t>(capacity, 1)), key_(key), slots_(64, kNone) {}

std::uint32_t* ProfileTable::slot_of(std::string_view name, std::uint64_t hash) {
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t i = hash & mask;; i = (i + 1) & mask) {
    const std::uint32_t at = slots_[i];
    if (at == kNone) return nullptr;
    if (entries_[at]->hash == hash && entries_[at]->name == name) return &slots_[i];
  }
}

void ProfileTable::insert_slot(std::uint32_t at) {
  const std::size_t mask = slots_.size() - 1;
  std::size_t i = entries_[at]->hash & mask;
  while (slots_[i] != kNone) i = (i + 1) & mask;
  slots_[i] = at;
}

void ProfileTable::grow() {
  slots_.assign(slots_.size() * 2, kNone);
  for (std::uint32_t at = 0; at < entries_.size(); ++at) {
    if (entries_[at]) insert_slot(at);
  }
}

ProfileTable::Entry* ProfileTable::find(std::string_view name) {
  const std::uint32_t* slot = slot_of(name, keyed_hash(key_, name));
  return slot == nullptr ? nullptr : entries_[*slot].get();
}

ProfileTable::Entry* ProfileTable::use(std::string_view name, std::int64_t now_ms) {
  name = name.substr(0, kNameMax);
  const std::uint32_t* slot = slot_of(name, keyed_hash(key_, name));
  std::uint32_t at = kNone;
  if (slot != nullptr) {
    at = *slot;
    unlink(at);
  } else {
    if (used_ == capacity_ && !make_room(now_ms)) return nullptr;
    at = add(name);
  }
  link_last(at);
  return entries_[at].get();
}

std::uint32_t ProfileTable::add(std::string_view name) {
  std::uint32_t at = 0;
  if (vacant_.empty()) {
    at = static_cast<std::uint32_t>(entries_.size());
    entries_.emplace_back();
  } else {
    at = vacant_.back();
    vacant_.pop_back();
  }
  entries_[at] = std::make_unique<Entry>();
  entries_[at]->name = name;
  entries_[at]->hash = keyed_hash(key_, name);
  ++used_;
  if (used_ * 2 > slots_.size()) {
    grow();
  } else {
    insert_slot(at);
  }
  return at;
}

void ProfileTable::keep(Entry& entry) {
  const bool kept = entry.profile.suspended != 0 || entry.profile.suspicious_until_ms > entry.profile.last_ms;
  if (kept == entry.kept) return;
  const std::uint32_t at = *slot_of(entry.name, entry.hash);
  unlink(at);
  entry.kept = kept;
  link_last(at);
}

void ProfileTable::forget(std::string_view name) {
  const std::uint32_t* slot = slot_of(name, keyed_hash(key_, name));
  if (slot != nullptr) remove(*slot);
}

bool ProfileTable::make_room(std::int64_t now_ms) {
  if (free_.first != kNone) {
    remove(free_.first);
    ++evicted_;
    return true;
  }
  // Of those who were kept, at most a few are looked at each time: what is kept for good goes to the end of the line.
  for (int i = 0; i < 8; ++i) {
    const std::uint32_t at = kept_.first;
    REDOUBT_CHECK(at != kNone);
    const Profile& profile = entries_[at]->profile;
    if (profile.suspended == 0 && profile.suspicious_until_ms <= now_ms) {
      remove(at);
      ++evicted_;
      return true;
    }
    unlink(at);
    link_last(at);
  }
  return false;
}

void ProfileTable::unlink(std::uint32_t at) {
  Entry& entry = *entries_[at];
  List& list = list_of(entry);
  (entry.previous == kNone ? list.first : entries_[entry.previous]->next) = entry.next;
  (entry.next == kNone ? list.last : entries_[entry.next]->previous) = entry.previous;
  entry.previous = entry.next = kNone;
}

void ProfileTable::link_last(std::uint32_t at) {
  Entry& entry = *entries_[at];
  List& list = list_of(entry);
  entry.previous = list.last;
  entry.next = kNone;
  (list.last == kNone ? list.first : entries_[list.last]->next) = at;
  list.last = at;
}

void ProfileTable::remove(std::uint32_t at) {
  unlink(at);
  // Open addressing without tombstones: what follows in the same run moves up where it may.
  const std::size_t mask = slots_.size() - 1;
  std::size_t hole = entries_[at]->hash & mask;
  while (slots_[hole] != at) hole = (hole + 1) & mask;
  for (std::size_t i = (hole + 1) & mask; slots_[i] != kNone; i = (i + 1) & mask) {
    const std::size_t home = entries_[slots_[i]]->hash & mask;
    if (((i - home) & mask) >= ((i - hole) & mask)) {
      slots_[hole] = slots_[i];
      hole = i;
    }
  }
  slots_[hole] = kNone;
  entries_[at].reset();
  vacant_.push_back(at);
  --used_;
}

std::size_t ProfileTable::memory_bytes() const {
  std::size_t out = slots_.capacity() * sizeof(std::uint32_t) + entries_.capacity() * sizeof(entries_[0]) +
                    vacant_.capacity() * sizeof(std::uint32_t) + used_ * (sizeof(Entry) + 16);
  for (const auto& entry : entries_) {
    if (!entry) continue;
    if (entry->name.capacity() > 15) out += entry->name.capacity() + 17;
    if (entry->tenant.capacity() > 15) out += entry->tenant.capacity() + 17;
  }
  return out;
}

void ProfileTable::save_list(ArchiveWriter& out, const List& list) const {
  std::uint32_t count = 0;
  for (std::uint32_t at = list.first; at != kNone; at = entries_[at]->next) ++count;
  out.put(count);
  for (std::uint32_t at = list.first; at != kNone; at = entries_[at]->next) {
    const Entry& entry = *entries_[at];
    out.text(entry.name);
    out.text(entry.tenant);
    out.put(entry.profile);
  }
}

void ProfileTable::save(ArchiveWriter& out) const {
  out.put(evicted_);
  save_list(out, free_);
  save_list(out, kept_);
}

bool ProfileTable::restore(ArchiveReader& in) {
  if (!in.get(evicted_)) return false;
  for (const bool kept : {false, true}) {
    std::uint32_t count = 0;
    if (!in.get(count) || count > capacity_ - used_ || in.left() / sizeof(Profile) < count) return false;
    std::string name;
    std::string tenant;
    for (std::uint32_t i = 0; i < count; ++i) {
      Profile profile;
      if (!in.text(name, kNameMax) || !in.text(tenant, kNameMax) || !in.get(profile) || !profile.valid()) return false;
      if (slot_of(name, keyed_hash(key_, name)) != nullptr) return false;
      const std::uint32_t at = add(name);
      entries_[at]->profile = profile;
      entries_[at]->tenant = tenant;
      entries_[at]->kept = kept;
      link_last(at);
    }
  }
  return true;
}

}  // namespace redoubt::behaviour
