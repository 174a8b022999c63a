// Key material: wiped when it goes, locked in memory, neither copied nor printed.
//
// Bytes live in OpenSSL's secure heap (locked pages between guard pages, left out of core dumps), which
// `init_secure_heap` sets up once a process; without it they live on the ordinary heap and are still wiped.
#pragma once

#include <cstddef>
#include <utility>

#include "base/bytes.h"
#include "base/result.h"

namespace redoubt::crypto {

// Sets up the secure heap. Call once, before threads. False when the system refuses to lock the pages (RLIMIT_MEMLOCK);
// secrets then stay in memory that can be swapped out, which the caller should say.
//
// `connections`: TLS connections there may be at once, of any side. OpenSSL keeps a handshake's own keys in this heap
// for as long as the connection lives (a server's 32 bytes, a client's about 100; there is room for 128). A full secure
// heap stops the program, so strangers must not be able to fill it.
bool init_secure_heap(std::size_t connections = 0);

class Secret {
 public:
  Secret() = default;
  // `size` zero bytes.
  explicit Secret(std::size_t size);
  // A copy of `bytes`; the caller wipes its own with `wipe`.
  static Secret copy_of(ByteView bytes);
  // `size` bytes from the private random generator (SP 800-90A, through OpenSSL).
  static Secret random(std::size_t size);

  Secret(Secret&& other) noexcept : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  Secret& operator=(Secret&& other) noexcept;
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret();

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  // The bytes themselves, valid while this object lives.
  ByteView reveal() const { return {data_, size_}; }
  MutableByteView reveal_mutable() { return {data_, size_}; }

 private:
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

// Overwrites with zeros in a way that the compiler keeps.
void wipe(MutableByteView bytes);

// True when equal. Time depends on the lengths only, not on the bytes.
bool equal_constant_time(ByteView a, ByteView b);

// Fills with random bytes (public ones: salts, nonces, identifiers). Any thread. Stops the program if the generator
// fails.
void random_bytes(MutableByteView out);

}  // namespace redoubt::crypto
