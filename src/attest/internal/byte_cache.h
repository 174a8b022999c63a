// What was made of bytes that came before, found again by the very same bytes: nothing is hashed, and nothing is taken
// for equal that is not.
#pragma once

#include <cstring>
#include <list>
#include <map>
#include <utility>

#include "base/bytes.h"

namespace redoubt::attest {

// The `capacity` values that were used last, at least one, each with a copy of its bytes. A look takes as many
// comparisons as capacity has bits, whatever the bytes are. One thread at a time.
template <class Value>
class ByteCache {
 public:
  explicit ByteCache(std::size_t capacity) : capacity_(capacity) {}
  ByteCache(const ByteCache&) = delete;
  ByteCache& operator=(const ByteCache&) = delete;

  // Null when it is not there; valid until the next put().
  const Value* find(ByteView bytes) {
    const auto found = by_bytes_.find(bytes);
    if (found == by_bytes_.end()) return nullptr;
    entries_.splice(entries_.begin(), entries_, found->second);
    return &found->second->value;
  }
  // Precondition: the bytes are not there.
  void put(ByteView bytes, Value value) {
    if (entries_.size() == capacity_) {
      by_bytes_.erase(entries_.back().bytes);
      entries_.pop_back();
    }
    entries_.push_front({to_bytes(bytes), std::move(value)});
    by_bytes_.emplace(entries_.front().bytes, entries_.begin());
  }

 private:
  struct Entry {
    Bytes bytes;
    Value value;
  };
  // Shorter first: most that differ do so in their size.
  struct Before {
    bool operator()(ByteView a, ByteView b) const {
      if (a.size() != b.size()) return a.size() < b.size();
      return !a.empty() && std::memcmp(a.data(), b.data(), a.size()) < 0;
    }
  };

  const std::size_t capacity_;
  std::list<Entry> entries_;                                                  // the last used first
  std::map<ByteView, typename std::list<Entry>::iterator, Before> by_bytes_;  // keys: views of the entries' bytes
};

}  // namespace redoubt::attest
