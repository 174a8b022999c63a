#include "tpm/measurement_log.h"

#include <gtest/gtest.h>

#include "crypto/sha256.h"

namespace redoubt::tpm {
namespace {

Measurement event(unsigned pcr, std::string name, std::size_t size = 32) {
  return {.pcr = pcr, .name = std::move(name), .value = Bytes(size, std::byte{7})};
}

MeasurementLog sample() {
  MeasurementLog log;
  EXPECT_TRUE(log.add(event(14, "redoubt.program")));
  EXPECT_TRUE(log.add(event(14, "redoubt.policy", 0)));
  EXPECT_TRUE(log.add(event(8, "x", MeasurementLog::kMaxValue)));
  return log;
}

TEST(MeasurementLog, ReplaysByTheDefinitionOfARegister) {
  MeasurementLog log;
  EXPECT_TRUE(log.replay().empty());
  const Measurement one = event(9, "name", 3);
  ASSERT_TRUE(log.add(one) && log.add(one));
  // taggedEventID, size, the name, a zero, the value.
  const std::string_view data("RDBT\x08\0\0\0name\0\x07\x07\x07", 16);
  const auto digest = crypto::sha256(as_bytes(data));
  EXPECT_EQ(*MeasurementLog::digest_of(one), digest);
  const auto first = crypto::sha256({crypto::Sha256Digest{}, digest});
  EXPECT_EQ(log.replay(), (PcrValues{{9, crypto::sha256({first, digest})}}));
}

TEST(MeasurementLog, IsReadAsItWasWritten) {
  const Bytes bytes = sample().encode();
  const auto read = MeasurementLog::decode(bytes);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->encode(), bytes);
  EXPECT_EQ(read->replay(), sample().replay());
  ASSERT_EQ(read->measurements().size(), 3U);
  EXPECT_EQ(read->measurements()[1].name, "redoubt.policy");
}

TEST(MeasurementLog, RefusesWhatAnyChangeMakesOfIt) {
  MeasurementLog log;
  ASSERT_TRUE(log.add(event(14, "redoubt.program", 8)));
  const Bytes bytes = log.encode();
  const std::size_t header = MeasurementLog().encode().size();
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      Bytes altered = bytes;
      altered[at] ^= static_cast<std::byte>(1U << bit);
      const auto read = MeasurementLog::decode(altered);
      // Which register it was is nowhere but in its number: the register itself tells.
      const bool other_register = at == header && read && read->replay() != log.replay();
      EXPECT_TRUE(!read || other_register) << "byte " << at << " bit " << bit;
    }
  }
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(MeasurementLog::decode(ByteView(bytes).first(size)).has_value(), size == header) << size;
  }
}

TEST(MeasurementLog, RefusesMeasurementsOutsideTheLimits) {
  MeasurementLog log;
  const auto refused = [&](Measurement measurement) {
    const auto added = log.add(std::move(measurement));
    return !added && added.error().code() == Errc::kInvalidArgument;
  };
  for (const unsigned pcr : {0U, 7U, 16U, 23U, 24U}) EXPECT_TRUE(refused(event(pcr, "name"))) << pcr;
  EXPECT_TRUE(refused(event(14, "")));
  EXPECT_TRUE(refused(event(14, "two words")));
  EXPECT_TRUE(refused(event(14, std::string("a\0b", 3))));
  EXPECT_TRUE(refused(event(14, std::string(MeasurementLog::kMaxName + 1, 'a'))));
  EXPECT_TRUE(refused(event(14, "name", MeasurementLog::kMaxValue + 1)));
  EXPECT_TRUE(log.add(event(15, std::string(MeasurementLog::kMaxName, 'a'), MeasurementLog::kMaxValue)));
}

TEST(MeasurementLog, IsBounded) {
  MeasurementLog log;
  const std::string name(MeasurementLog::kMaxName, 'a');
  for (std::size_t i = 0; i < MeasurementLog::kMaxEvents; ++i) {
    ASSERT_TRUE(log.add(event(14, name, MeasurementLog::kMaxValue)));
  }
  EXPECT_EQ(log.add(event(14, name)).error().code(), Errc::kResourceExhausted);
  Bytes bytes = log.encode();
  EXPECT_TRUE(MeasurementLog::decode(bytes)) << "the longest log that there is, is read";
  bytes.resize(MeasurementLog::kMaxBytes + 1);
  EXPECT_EQ(MeasurementLog::decode(bytes).error().code(), Errc::kTooLarge);
  MeasurementLog small;
  ASSERT_TRUE(small.add(event(14, "a", 0)));
  const Bytes one = small.encode();
  const ByteView again = ByteView(one).subspan(MeasurementLog().encode().size());
  Bytes many = MeasurementLog().encode();
  for (std::size_t i = 0; i <= MeasurementLog::kMaxEvents; ++i) append(many, again);
  EXPECT_EQ(MeasurementLog::decode(many).error().code(), Errc::kTooLarge);
}

}  // namespace
}  // namespace redoubt::tpm
