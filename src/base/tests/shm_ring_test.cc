#include "base/shm_ring.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <random>
#include <string>
#include <thread>

namespace redoubt {
namespace {

constexpr std::size_t kCapacity = 1 << 16;

struct Pair {
  RingProducer producer;
  RingConsumer consumer;
};

Pair make_pair_of_ends(std::size_t capacity = kCapacity) {
  auto ring = SharedRing::create(capacity);
  EXPECT_TRUE(ring);
  auto other = SharedRing::attach(UniqueFd(::dup(ring->fd())));
  EXPECT_TRUE(other);
  return {RingProducer(*std::move(ring)), RingConsumer(*std::move(other))};
}

void put(RingProducer& producer, std::uint32_t type, std::string_view text) {
  auto space = producer.begin(type, text.size());
  ASSERT_TRUE(space);
  std::memcpy(space->data(), text.data(), text.size());
  producer.commit();
}

std::string get(RingConsumer& consumer, std::uint32_t expected_type) {
  auto message = consumer.peek(kCapacity);
  EXPECT_TRUE(message && *message);
  EXPECT_EQ((*message)->type, expected_type);
  std::string text((*message)->size, '\0');
  consumer.take({reinterpret_cast<std::byte*>(text.data()), text.size()});
  return text;
}

TEST(SharedRing, RefusesCapacityThatIsNotAPowerOfTwo) {
  EXPECT_FALSE(SharedRing::create(3 * 4096));
  EXPECT_FALSE(SharedRing::create(64));
}

TEST(SharedRing, RefusesMemoryThatCanStillShrink) {
  UniqueFd fd(::memfd_create("unsealed", MFD_CLOEXEC));
  ASSERT_EQ(::ftruncate(fd.get(), 4096 + kCapacity), 0);
  auto ring = SharedRing::attach(std::move(fd));
  ASSERT_FALSE(ring);
  EXPECT_EQ(ring.error().code(), Errc::kCorrupt);
}

TEST(SharedRing, CannotBeShrunkByEitherSide) {
  auto ring = SharedRing::create(kCapacity);
  ASSERT_TRUE(ring);
  EXPECT_NE(::ftruncate(ring->fd(), 4096), 0);
}

TEST(SharedRing, ShowsNothingBeforePublish) {
  auto [producer, consumer] = make_pair_of_ends();
  put(producer, 7, "hello");
  auto message = consumer.peek(kCapacity);
  ASSERT_TRUE(message);
  EXPECT_FALSE(*message);
  producer.publish();
  EXPECT_EQ(get(consumer, 7), "hello");
}

TEST(SharedRing, RefusesAMessageWhenFullAndAcceptsItAfterRelease) {
  auto [producer, consumer] = make_pair_of_ends();
  const std::string big(kCapacity / 2, 'x');
  put(producer, 1, big);
  EXPECT_FALSE(producer.begin(1, big.size()));
  producer.publish();
  EXPECT_EQ(get(consumer, 1), big);
  EXPECT_FALSE(producer.begin(1, big.size())) << "taken is not yet released";
  consumer.release();
  EXPECT_TRUE(producer.begin(1, big.size()));
}

TEST(SharedRing, MessageAcrossTheEndIsWhole) {
  auto [producer, consumer] = make_pair_of_ends();
  for (int round = 0; round < 50; ++round) {
    const std::string text(5000 + static_cast<std::size_t>(round), static_cast<char>('a' + round % 26));
    put(producer, static_cast<std::uint32_t>(round), text);
    producer.publish();
    EXPECT_EQ(get(consumer, static_cast<std::uint32_t>(round)), text);
    consumer.release();
  }
}

TEST(SharedRing, AsksForAWakeUpOnlyWhileTheConsumerSleeps) {
  auto [producer, consumer] = make_pair_of_ends();
  put(producer, 1, "a");
  EXPECT_FALSE(producer.publish());
  EXPECT_FALSE(consumer.prepare_sleep()) << "there is something to read";
  get(consumer, 1);
  EXPECT_TRUE(consumer.prepare_sleep());
  put(producer, 1, "b");
  EXPECT_TRUE(producer.publish());
  consumer.wake();
  put(producer, 1, "c");
  EXPECT_FALSE(producer.publish());
}

// What a hostile producer can write: the consumer must notice, whatever it is.
class HostileRing : public ::testing::Test {
 protected:
  void SetUp() override {
    auto ring = SharedRing::create(kCapacity);
    ASSERT_TRUE(ring);
    const auto size = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)) + kCapacity;
    void* raw = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd(), 0);
    ASSERT_NE(raw, MAP_FAILED);
    control_ = static_cast<std::byte*>(raw);
    data_ = control_ + ::sysconf(_SC_PAGESIZE);
    consumer_.emplace(*std::move(ring));
  }
  void set_tail(std::uint64_t tail) { std::memcpy(control_, &tail, sizeof tail); }
  void set_header(std::uint32_t size) { std::memcpy(data_, &size, sizeof size); }
  bool corrupt() {
    auto message = consumer_->peek(1000);
    return !message && message.error().code() == Errc::kCorrupt;
  }

  std::byte* control_ = nullptr;
  std::byte* data_ = nullptr;
  std::optional<RingConsumer> consumer_;
};

TEST_F(HostileRing, TailBeyondCapacityIsCorrupt) {
  set_tail(kCapacity + 8);
  EXPECT_TRUE(corrupt());
}
TEST_F(HostileRing, UnalignedTailIsCorrupt) {
  set_tail(9);
  EXPECT_TRUE(corrupt());
}
TEST_F(HostileRing, LengthBeyondTailIsCorrupt) {
  set_tail(16);
  set_header(9);
  EXPECT_TRUE(corrupt());
}
TEST_F(HostileRing, LengthAboveTheLimitIsCorrupt) {
  set_tail(kCapacity);
  set_header(1001);
  EXPECT_TRUE(corrupt());
}
TEST_F(HostileRing, LargestLengthIsCorrupt) {
  set_tail(kCapacity);
  set_header(0xffffffff);
  EXPECT_TRUE(corrupt());
}
TEST_F(HostileRing, TailThatRunsBackwardsIsCorrupt) {
  set_tail(16);
  set_header(8);
  ASSERT_TRUE(consumer_->peek(1000));
  std::array<std::byte, 8> out;
  consumer_->take(out);
  set_tail(8);
  EXPECT_TRUE(corrupt());
}

TEST(SharedRing, TwoThreadsPassEveryMessageInOrder) {
  Pair ends = make_pair_of_ends();
  RingProducer& producer = ends.producer;
  RingConsumer& consumer = ends.consumer;
  constexpr std::uint32_t kMessages = 200'000;
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::thread writer([&producer, seed] {
    std::mt19937 random(seed);
    for (std::uint32_t i = 0; i < kMessages;) {
      auto space = producer.begin(i, 4 + random() % 300);
      if (!space) {
        producer.publish();
        std::this_thread::yield();
        continue;
      }
      std::memcpy(space->data(), &i, 4);
      producer.commit();
      if (++i % 3 == 0) producer.publish();
    }
    producer.publish();
  });
  std::vector<std::byte> buffer;
  std::uint32_t next = 0;
  while (next < kMessages) {
    auto message = consumer.peek(1000);
    ASSERT_TRUE(message);
    if (!*message) {
      std::this_thread::yield();
      continue;
    }
    buffer.resize((*message)->size);
    consumer.take(buffer);
    consumer.release();
    std::uint32_t value = 0;
    std::memcpy(&value, buffer.data(), 4);
    ASSERT_EQ(value, next);
    ASSERT_EQ((*message)->type, next);
    ++next;
  }
  writer.join();
}

}  // namespace
}  // namespace redoubt
