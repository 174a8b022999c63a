#include "tpm/history_log.h"

#include <gtest/gtest.h>

namespace redoubt::tpm {
namespace {

constexpr NvHandle kHistory = 0x0180'1234;

HistoryEvent happened(std::uint64_t index) {
  return {.digest = crypto::sha256(as_bytes(std::to_string(index))), .index = index};
}

HistoryLog history_of(std::uint64_t events) {
  HistoryLog log(kHistory);
  for (std::uint64_t i = 0; i < events; ++i) EXPECT_TRUE(log.add(happened(2 * i)));
  return log;
}

TEST(HistoryLog, ReplaysToWhatATpmHolds) {
  const auto start = crypto::sha256(Bytes(64));
  EXPECT_EQ(history_of(0).value(), start);
  // The label, the digest, the index.
  Bytes text = to_bytes(as_bytes("redoubt history v1"));
  append(text, happened(0).digest);
  append(text, Bytes(8));
  EXPECT_EQ(history_of(1).value(), crypto::sha256({start, crypto::sha256(text)}));
}

TEST(HistoryLog, IsReadAsItWasWrittenAndNothingElseIs) {
  const Bytes bytes = history_of(3).encode();
  const auto read = HistoryLog::decode(bytes);
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->encode(), bytes);
  EXPECT_EQ(read->handle(), kHistory);
  EXPECT_EQ(read->events(), history_of(3).events());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(HistoryLog::decode(ByteView(bytes).first(size))) << size;
  }
  Bytes longer = bytes;
  longer.push_back(std::byte{0});
  EXPECT_EQ(HistoryLog::decode(longer).error().code(), Errc::kMalformed);
  longer.resize(HistoryLog::kMaxBytes + 1);
  EXPECT_EQ(HistoryLog::decode(longer).error().code(), Errc::kTooLarge);
  // Another beginning, digest or index is another value: the TPM tells.
  for (std::size_t at = 15; at < bytes.size(); ++at) {
    Bytes altered = bytes;
    altered[at] ^= std::byte{1};
    const auto other = HistoryLog::decode(altered);
    EXPECT_TRUE(!other || other->value() != read->value()) << at;
  }
}

TEST(HistoryLog, GoesOneWay) {
  HistoryLog log = history_of(3);
  EXPECT_EQ(log.add(happened(4)).error().code(), Errc::kInvalidArgument) << "the last has this index";
  EXPECT_EQ(log.add(happened(1)).error().code(), Errc::kInvalidArgument);
  EXPECT_TRUE(log.add(happened(5)));
}

TEST(HistoryLog, FoldsWhatIsOldAndKeepsItsValue) {
  HistoryLog log = history_of(HistoryLog::kMaxEvents);
  const auto before = log.value();
  const HistoryEvent next = happened(5000);
  ASSERT_TRUE(log.add(next));
  ASSERT_EQ(log.events().size(), HistoryLog::kMaxEvents);
  EXPECT_EQ(log.events().front(), happened(2)) << "the oldest is folded";
  EXPECT_NE(log.value(), before);
  const auto read = HistoryLog::decode(log.encode());
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->value(), log.value());
}

}  // namespace
}  // namespace redoubt::tpm
