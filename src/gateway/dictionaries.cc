#include "gateway/dictionaries.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace redoubt::gateway {

SealedDictionaries::SealedDictionaries(std::vector<keys::SealedDictionary> sealed) {
  for (keys::SealedDictionary& one : sealed) {
    auto entry = std::make_unique<Entry>();
    entry->name = one.name();
    entry->sealed = std::move(one);
    entries_.push_back(std::move(entry));
  }
}

SealedDictionaries::~SealedDictionaries() = default;

Result<bool> SealedDictionaries::contains(std::string_view dictionary, std::string_view record) const {
  const auto entry =
      std::ranges::find(entries_, dictionary, [](const auto& each) -> std::string_view { return each->name; });
  const keys::KeyedRecords* const records = entry == entries_.end() ? nullptr : (*entry)->open.load();
  if (records == nullptr) {
    return Error(Errc::kUnavailable, "the dictionary `" + std::string(dictionary) + "` has not been opened");
  }
  return records->contains(record);
}

bool SealedDictionaries::are_open() const {
  return std::ranges::all_of(entries_, [](const auto& entry) { return entry->open.load() != nullptr; });
}

SealedDictionaries::Entry* SealedDictionaries::first_closed() const {
  const auto found = std::ranges::find_if(entries_, [](const auto& entry) { return entry->records == nullptr; });
  return found == entries_.end() ? nullptr : found->get();
}

const keys::SealedDictionary* SealedDictionaries::closed() const {
  const Entry* const entry = first_closed();
  return entry == nullptr ? nullptr : &entry->sealed;
}

void SealedDictionaries::open(keys::KeyedRecords records) {
  Entry* const entry = first_closed();
  REDOUBT_CHECK(entry != nullptr);
  entry->records = std::make_unique<const keys::KeyedRecords>(std::move(records));
  entry->open = entry->records.get();
  entry->sealed.parts.clear();
  entry->sealed.parts.shrink_to_fit();
}

}  // namespace redoubt::gateway
