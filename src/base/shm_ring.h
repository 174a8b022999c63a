// A bounded ring of messages in shared memory, from one producer to one consumer in another process, neither trusting
// the other.
//
// The producer writes messages in place and publishes several at once; the consumer copies each message out before it
// looks at it, reads every header exactly once, and bounds head, tail and lengths against its own copy of the position.
// The memory is a sealed memfd, so neither side can shrink it under the other. The data is mapped twice in a row, so a
// message never wraps.
//
//   auto ring = SharedRing::create(4 << 20);          // in the launcher; the descriptor is inherited
//   RingProducer producer(*SharedRing::attach(fd));
//   if (auto space = producer.begin(kType, size)) { fill(*space); producer.commit(); }
//   if (producer.publish()) wake_the_consumer();       // an eventfd of the caller's
//
// Sleeping: the consumer sets its flag, looks again, then blocks; the producer stores the tail, then reads the flag;
// both sequentially consistent, so no wake-up is lost. Each end is used by one thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>

#include "base/bytes.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace redoubt {

// The mapping. Movable, not copyable.
class SharedRing {
 public:
  // `capacity_bytes`: a power of two, at least a page. Errors: kInvalidArgument, kIo.
  static Result<SharedRing> create(std::size_t capacity_bytes);
  // Maps a descriptor made by create(), which it takes over. kCorrupt when its size is not one that create() gives or
  // it is not sealed.
  static Result<SharedRing> attach(UniqueFd fd);

  SharedRing(SharedRing&& other) noexcept;
  SharedRing& operator=(SharedRing&& other) noexcept;
  ~SharedRing();

  int fd() const { return fd_.get(); }
  std::size_t capacity() const { return capacity_; }

 private:
  friend class RingProducer;
  friend class RingConsumer;
  struct Control;

  SharedRing() = default;
  static Result<SharedRing> map(UniqueFd fd, std::size_t capacity);

  UniqueFd fd_;
  std::size_t capacity_ = 0;
  Control* control_ = nullptr;  // one page
  std::byte* data_ = nullptr;   // capacity_ bytes, mapped twice
};

class RingProducer {
 public:
  explicit RingProducer(SharedRing ring);

  // Ring bytes that a message with `payload_size` bytes takes.
  static std::size_t footprint(std::size_t payload_size);

  // Room for further messages, in ring bytes, as far as the consumer is known to have read.
  std::size_t free_bytes();

  // Space for a payload of exactly `size` bytes, or nothing while the ring is too full. Follow with commit().
  std::optional<MutableByteView> begin(std::uint32_t type, std::size_t size);
  void commit();

  // Makes all committed messages visible. True when the consumer sleeps and must be woken.
  bool publish();

 private:
  SharedRing ring_;
  std::uint64_t tail_ = 0;  // ours; the shared copy is written, never read
  std::uint64_t published_ = 0;
  std::uint64_t head_ = 0;  // as last read from the consumer, checked
  std::size_t pending_footprint_ = 0;
};

struct RingMessage {
  std::uint32_t type = 0;
  std::uint32_t size = 0;
};

class RingConsumer {
 public:
  explicit RingConsumer(SharedRing ring);

  // The header of the next message, or nothing when the ring is empty. kCorrupt when the producer broke the rules
  // (positions or lengths out of bounds); the ring is then of no more use. Payloads above `max_payload` are corrupt.
  Result<std::optional<RingMessage>> peek(std::size_t max_payload);

  // Copies the payload of the message that peek() returned and goes past it. `first` takes its beginning, `rest` what
  // remains; together they have its size exactly.
  void take(MutableByteView first, MutableByteView rest = {});
  // The same, and overwrites the shared copy with zeros: for messages that carry a key.
  void take_secret(MutableByteView out);

  // Tells the producer what was taken.
  void release();

  // Before blocking: true when the ring is still empty and the flag is set; false when there is something to read.
  bool prepare_sleep();
  void wake();  // after blocking: clears the flag

 private:
  SharedRing ring_;
  std::uint64_t head_ = 0;  // ours
  std::uint64_t tail_ = 0;  // as last read from the producer, checked
  RingMessage current_;
};

}  // namespace redoubt
