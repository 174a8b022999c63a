#include "keys/keyed_records.h"

#include <algorithm>
#include <utility>

#include "keys/dictionary_opener.h"

namespace redoubt::keys {

KeyedRecords::KeyedRecords(crypto::Secret key, std::vector<std::uint64_t> tags)
    : key_(std::move(key)), tags_(std::move(tags)) {
  std::ranges::sort(tags_);
}

KeyedRecords KeyedRecords::of(std::span<const std::string> records) {
  crypto::Secret key = crypto::Secret::random(kDictionaryKeySize);
  std::vector<std::uint64_t> tags;
  tags.reserve(records.size());
  for (const std::string& record : records) tags.push_back(dictionary_tag(key, record));
  return {std::move(key), std::move(tags)};
}

bool KeyedRecords::contains(std::string_view record) const {
  return std::ranges::binary_search(tags_, dictionary_tag(key_, record));
}

KeyedRecords::Builder::Builder(std::size_t records) : records_(records) {
  tags_.reserve(records);
}

Result<> KeyedRecords::Builder::add(ByteView answer) {
  const Error corrupt(Errc::kCorrupt, "the keeper's answer makes no sense");
  if (answer.size() <= kDictionaryKeySize || (answer.size() - kDictionaryKeySize) % kDictionaryTagSize != 0) {
    return corrupt;
  }
  const ByteView key = answer.first(kDictionaryKeySize);
  if (key_.empty()) key_ = crypto::Secret::copy_of(key);
  if (!crypto::equal_constant_time(key_.reveal(), key)) return corrupt;
  const ByteView tags = answer.subspan(kDictionaryKeySize);
  if (tags.size() / kDictionaryTagSize > records_ - tags_.size()) return corrupt;
  for (std::size_t at = 0; at < tags.size(); at += kDictionaryTagSize) {
    tags_.push_back(load_le<std::uint64_t>(tags.subspan(at, kDictionaryTagSize)));
  }
  return {};
}

Result<KeyedRecords> KeyedRecords::Builder::finish() {
  if (tags_.size() != records_) return Error(Errc::kCorrupt, "the dictionary is not whole");
  return KeyedRecords(std::move(key_), std::move(tags_));
}

}  // namespace redoubt::keys
