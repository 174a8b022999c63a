// Numbers for entity UIDs: what policies name, and what a store holds, each in a table of its own. A UID is hashed once
// a request and then looked up in both.
//
// Whoever chooses UIDs so that their hashes collide gains nothing: equal hashes are told apart by binary search.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

#include "policy/name.h"

namespace redoubt::policy::internal {

// Not for tables that outlive the process, and no protection by itself (see above).
inline std::uint64_t mix_hash(std::uint64_t a, std::uint64_t b) {
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

inline std::uint64_t hash_text(std::string_view text) {
  constexpr std::uint64_t kFirst = 0x9e3779b97f4a7c15;   // of the golden ratio
  constexpr std::uint64_t kSecond = 0xbb67ae8584caa73b;  // of the square root of three
  const auto load = [](const char* from, std::size_t size) {
    std::uint64_t word = 0;
    std::memcpy(&word, from, size);
    return word;
  };
  const char* at = text.data();
  std::size_t left = text.size();
  std::uint64_t hash = kFirst;
  for (; left > 16; at += 16, left -= 16) hash = mix_hash(load(at, 8) ^ kSecond, load(at + 8, 8) ^ hash);
  // What is left is read as two words, which overlap where it is short.
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  if (left >= 8) {
    low = load(at, 8);
    high = load(at + left - 8, 8);
  } else if (left >= 4) {
    low = load(at, 4);
    high = load(at + left - 4, 4);
  } else if (left > 0) {
    low = static_cast<std::uint64_t>(static_cast<unsigned char>(at[0])) << 16 |
          static_cast<std::uint64_t>(static_cast<unsigned char>(at[left / 2])) << 8 |
          static_cast<unsigned char>(at[left - 1]);
  }
  return mix_hash(mix_hash(low ^ kSecond, high ^ hash), text.size() ^ kFirst);
}

inline std::uint64_t hash_uid(std::string_view type, std::string_view id) {
  return mix_hash(hash_text(type) ^ 0xa54ff53a5f1d36f1, hash_text(id));
}

struct HashedUid {
  std::uint64_t hash = 0;
  const EntityUid* uid = nullptr;
};
inline HashedUid hashed(const EntityUid& uid) {
  return {hash_uid(uid.type, uid.id), &uid};
}

// The UIDs it is made of, numbered from zero in the order of hash, type and id. Immutable; the UIDs outlive it.
class UidTable {
 public:
  static constexpr std::uint32_t kNone = 0xffffffff;

  UidTable() = default;
  // In any order, repeated or not; fewer than kNone. `numbers`, when it is not null, becomes the number of each of
  // them.
  explicit UidTable(std::span<const HashedUid> uids, std::vector<std::uint32_t>* numbers = nullptr);

  std::size_t size() const { return uids_.size(); }
  const HashedUid& operator[](std::uint32_t number) const { return uids_[number]; }
  std::uint32_t find(std::uint64_t hash, std::string_view type, std::string_view id) const;
  std::uint32_t find(const HashedUid& key) const { return find(key.hash, key.uid->type, key.uid->id); }

 private:
  std::vector<HashedUid> uids_;
  // Where the UIDs begin whose hash has the index as its highest bits; one more at the end.
  std::vector<std::uint32_t> starts_;
  unsigned shift_ = 63;
};

}  // namespace redoubt::policy::internal
