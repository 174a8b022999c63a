// Bytes received and not yet used: grows on demand, shrinks when asked, never zero-fills.
#pragma once

#include <string.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <string_view>

#include "base/check.h"

namespace redoubt::net::internal {

class ByteBuffer {
 public:
  std::string_view view() const { return {data_.get() + begin_, end_ - begin_}; }
  bool empty() const { return begin_ == end_; }
  std::size_t size() const { return end_ - begin_; }
  std::size_t capacity() const { return capacity_; }

  // Space after the content. Filling it is told to commit().
  char* space() { return data_.get() + end_; }
  std::size_t space_size() const { return capacity_ - end_; }
  void commit(std::size_t size) {
    REDOUBT_CHECK(size <= space_size());
    end_ += size;
    used_ = std::max(used_, end_);
  }
  void consume(std::size_t size) {
    REDOUBT_CHECK(size <= this->size());
    begin_ += size;
    if (begin_ == end_) begin_ = end_ = 0;
  }
  void clear() { begin_ = end_ = 0; }
  // Overwrites all that was content and is no more. Views of it become invalid.
  void wipe_consumed() {
    if (begin_ > 0) ::explicit_bzero(data_.get(), begin_);
    if (used_ > end_) ::explicit_bzero(data_.get() + end_, used_ - end_);
    used_ = end_;
  }

  // Moves the content to the front and makes the whole capacity at least `capacity`. Views become invalid.
  void reserve(std::size_t capacity) {
    if (capacity > capacity_) {
      resize(capacity);
    } else if (begin_ > 0) {
      std::memmove(data_.get(), data_.get() + begin_, size());
      end_ -= begin_;
      begin_ = 0;
    }
  }
  // Gives memory back down to `capacity`, when the content allows it. Views become invalid.
  void shrink(std::size_t capacity) {
    if (capacity_ > capacity && size() <= capacity) resize(capacity);
  }
  void release() {
    data_.reset();
    capacity_ = begin_ = end_ = used_ = 0;
  }
  void append(std::string_view bytes) {
    if (bytes.empty()) return;
    if (space_size() < bytes.size()) {
      const std::size_t needed = size() + bytes.size();
      reserve(needed > capacity_ ? std::max(needed, 2 * capacity_) : needed);
    }
    std::memcpy(space(), bytes.data(), bytes.size());
    commit(bytes.size());
  }

 private:
  void resize(std::size_t capacity) {
    const std::size_t kept = size();
    auto fresh = std::make_unique_for_overwrite<char[]>(capacity);
    if (kept > 0) std::memcpy(fresh.get(), data_.get() + begin_, kept);
    data_ = std::move(fresh);
    capacity_ = capacity;
    begin_ = 0;
    end_ = used_ = kept;
  }

  std::unique_ptr<char[]> data_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::size_t used_ = 0;  // no byte from here on was ever content, or it was wiped
};

}  // namespace redoubt::net::internal
