#include "base/shm_ring.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <cstring>
#include <new>

#include "base/check.h"

namespace redoubt {
namespace {

constexpr std::size_t kHeaderSize = 8;  // u32 payload size, u32 type
constexpr std::size_t kAlignment = 8;
constexpr int kSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;

std::size_t page_size() {
  return static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace

// Positions count bytes since the ring was made and never wrap in practice (2^64). Each on its own cache line.
struct SharedRing::Control {
  alignas(64) std::atomic<std::uint64_t> tail{0};      // written by the producer
  alignas(64) std::atomic<std::uint64_t> head{0};      // written by the consumer
  alignas(64) std::atomic<std::uint32_t> sleeping{0};  // written by the consumer
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free && std::atomic<std::uint32_t>::is_always_lock_free);

Result<SharedRing> SharedRing::create(std::size_t capacity_bytes) {
  if (!std::has_single_bit(capacity_bytes) || capacity_bytes < page_size()) {
    return Error(Errc::kInvalidArgument, "a ring's capacity is a power of two, at least one page");
  }
  UniqueFd fd(::memfd_create("redoubt-ring", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd.valid()) return errno_error("cannot make shared memory", errno);
  if (::ftruncate(fd.get(), static_cast<off_t>(page_size() + capacity_bytes)) != 0) {
    return errno_error("cannot size shared memory", errno);
  }
  if (::fcntl(fd.get(), F_ADD_SEALS, kSeals) != 0) return errno_error("cannot seal shared memory", errno);
  auto ring = map(std::move(fd), capacity_bytes);
  if (ring) new (ring->control_) Control();
  return ring;
}

Result<SharedRing> SharedRing::attach(UniqueFd fd) {
  struct stat info{};
  if (::fstat(fd.get(), &info) != 0) return errno_error("cannot examine shared memory", errno);
  const auto size = static_cast<std::size_t>(info.st_size);
  if (size < 2 * page_size() || !std::has_single_bit(size - page_size())) {
    return Error(Errc::kCorrupt, "shared memory does not have a ring's size");
  }
  if ((::fcntl(fd.get(), F_GET_SEALS) & kSeals) != kSeals) {
    return Error(Errc::kCorrupt, "shared memory of a ring must be sealed");
  }
  return map(std::move(fd), size - page_size());
}

Result<SharedRing> SharedRing::map(UniqueFd fd, std::size_t capacity) {
  const std::size_t page = page_size();
  // One reservation, so that the three mappings lie side by side.
  void* base = ::mmap(nullptr, page + 2 * capacity, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (base == MAP_FAILED) return errno_error("cannot reserve address space for a ring", errno);
  auto* bytes = static_cast<std::byte*>(base);
  const int protection = PROT_READ | PROT_WRITE;
  const bool mapped = ::mmap(bytes, page + capacity, protection, MAP_SHARED | MAP_FIXED, fd.get(), 0) != MAP_FAILED &&
                      ::mmap(bytes + page + capacity, capacity, protection, MAP_SHARED | MAP_FIXED, fd.get(),
                             static_cast<off_t>(page)) != MAP_FAILED;
  if (!mapped) {
    const int error = errno;
    ::munmap(base, page + 2 * capacity);
    return errno_error("cannot map a ring", error);
  }
  SharedRing ring;
  ring.fd_ = std::move(fd);
  ring.capacity_ = capacity;
  ring.control_ = reinterpret_cast<Control*>(bytes);
  ring.data_ = bytes + page;
  return ring;
}

SharedRing::SharedRing(SharedRing&& other) noexcept
    : fd_(std::move(other.fd_)),
      capacity_(std::exchange(other.capacity_, 0)),
      control_(std::exchange(other.control_, nullptr)),
      data_(std::exchange(other.data_, nullptr)) {}

SharedRing& SharedRing::operator=(SharedRing&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(capacity_, other.capacity_);
  std::swap(control_, other.control_);
  std::swap(data_, other.data_);
  return *this;
}

SharedRing::~SharedRing() {
  if (control_ != nullptr) ::munmap(control_, page_size() + 2 * capacity_);
}

RingProducer::RingProducer(SharedRing ring) : ring_(std::move(ring)) {}

std::size_t RingProducer::footprint(std::size_t payload_size) {
  return (kHeaderSize + payload_size + kAlignment - 1) / kAlignment * kAlignment;
}

std::size_t RingProducer::free_bytes() {
  const std::uint64_t head = ring_.control_->head.load(std::memory_order_acquire);
  // A head that runs backwards or past what was written is the consumer's fault; believing only progress keeps us safe.
  if (head > head_ && head <= published_) head_ = head;
  return ring_.capacity_ - static_cast<std::size_t>(tail_ - head_);
}

std::optional<MutableByteView> RingProducer::begin(std::uint32_t type, std::size_t size) {
  REDOUBT_CHECK(pending_footprint_ == 0);
  const std::size_t need = footprint(size);
  if (need > ring_.capacity_ - static_cast<std::size_t>(tail_ - head_) && need > free_bytes()) return std::nullopt;
  std::byte* at = ring_.data_ + (tail_ & (ring_.capacity_ - 1));
  const std::uint32_t header[2] = {static_cast<std::uint32_t>(size), type};
  std::memcpy(at, header, kHeaderSize);
  pending_footprint_ = need;
  return MutableByteView(at + kHeaderSize, size);
}

void RingProducer::commit() {
  REDOUBT_CHECK(pending_footprint_ != 0);
  tail_ += pending_footprint_;
  pending_footprint_ = 0;
}

bool RingProducer::publish() {
  if (published_ == tail_) return false;
  published_ = tail_;
  ring_.control_->tail.store(tail_, std::memory_order_seq_cst);
  return ring_.control_->sleeping.load(std::memory_order_seq_cst) != 0;
}

RingConsumer::RingConsumer(SharedRing ring) : ring_(std::move(ring)) {}

Result<std::optional<RingMessage>> RingConsumer::peek(std::size_t max_payload) {
  if (head_ == tail_) {
    const std::uint64_t tail = ring_.control_->tail.load(std::memory_order_acquire);
    if (tail == head_) return std::optional<RingMessage>();
    if (tail < head_ || tail - head_ > ring_.capacity_ || tail % kAlignment != 0) {
      return Error(Errc::kCorrupt, "a ring's tail is out of bounds");
    }
    tail_ = tail;
  }
  // The header is read once, into memory of ours; the producer may change its copy meanwhile.
  std::uint32_t header[2];
  std::memcpy(header, ring_.data_ + (head_ & (ring_.capacity_ - 1)), kHeaderSize);
  std::atomic_signal_fence(std::memory_order_seq_cst);
  current_ = {.type = header[1], .size = header[0]};
  if (current_.size > max_payload || RingProducer::footprint(current_.size) > tail_ - head_) {
    return Error(Errc::kCorrupt, "a message in a ring is longer than it may be");
  }
  return std::optional<RingMessage>(current_);
}

void RingConsumer::take(MutableByteView first, MutableByteView rest) {
  REDOUBT_CHECK(first.size() + rest.size() == current_.size && head_ != tail_);
  const std::byte* payload = ring_.data_ + (head_ & (ring_.capacity_ - 1)) + kHeaderSize;
  if (!first.empty()) std::memcpy(first.data(), payload, first.size());
  if (!rest.empty()) std::memcpy(rest.data(), payload + first.size(), rest.size());
  head_ += RingProducer::footprint(current_.size);
}

void RingConsumer::take_secret(MutableByteView out) {
  std::byte* payload = ring_.data_ + (head_ & (ring_.capacity_ - 1)) + kHeaderSize;
  take(out);
  ::explicit_bzero(payload, out.size());
}

void RingConsumer::release() {
  ring_.control_->head.store(head_, std::memory_order_release);
}

bool RingConsumer::prepare_sleep() {
  ring_.control_->sleeping.store(1, std::memory_order_seq_cst);
  if (ring_.control_->tail.load(std::memory_order_seq_cst) == head_) return true;
  wake();
  return false;
}

void RingConsumer::wake() {
  ring_.control_->sleeping.store(0, std::memory_order_relaxed);
}

}  // namespace redoubt
