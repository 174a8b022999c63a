// Logs made here, against replays made by hand. Genuine logs are among the cases of shared data.
#include "attest/internal/event_log.h"

#include <gtest/gtest.h>

#include "attest/tests/support/wire.h"
#include "encoding/base64.h"

namespace redoubt::attest {
namespace {

using crypto::HashAlgorithm;
using testing::Wire;

constexpr std::uint32_t kSeparatorType = 4;
constexpr std::uint32_t kActionType = 0x80000007;
constexpr std::uint32_t kIplType = 13;
constexpr std::string_view kNothing("\0\0\0\0", 4);

Wire legacy_event(std::uint32_t pcr, std::uint32_t type, ByteView digest, std::string_view data) {
  Wire out;
  out.le(pcr).le(type).raw(digest).le(static_cast<std::uint32_t>(data.size())).raw(data);
  return out;
}
Wire legacy_event(std::uint32_t pcr, std::uint32_t type, std::string_view data) {
  return legacy_event(pcr, type, crypto::digest(HashAlgorithm::kSha1, as_bytes(data)).view(), data);
}

struct AgileLog {
  std::vector<std::pair<std::uint16_t, HashAlgorithm>> banks{{0x04, HashAlgorithm::kSha1},
                                                             {0x0b, HashAlgorithm::kSha256}};
  Wire wire;

  AgileLog& begin(std::string_view vendor = "") {
    Wire data;
    data.raw(std::string_view("Spec ID Event03", 16)).le(std::uint32_t{0}).raw(std::string_view("\0\2\0\2", 4));
    data.le(static_cast<std::uint32_t>(banks.size()));
    for (const auto& [id, hash] : banks) data.le(id).le(static_cast<std::uint16_t>(crypto::digest_size(hash)));
    data.le(static_cast<std::uint8_t>(vendor.size())).raw(vendor);
    wire.le(std::uint32_t{0}).le(std::uint32_t{3}).zeros(20);
    wire.le(static_cast<std::uint32_t>(data.bytes.size())).raw(data.bytes);
    return *this;
  }
  // Measures `measured`, logs `data`.
  AgileLog& add(std::uint32_t index, std::uint32_t type, std::string_view data, std::string_view measured) {
    wire.le(index).le(type).le(static_cast<std::uint32_t>(banks.size()));
    for (const auto& [id, hash] : banks) wire.le(id).raw(crypto::digest(hash, as_bytes(measured)).view());
    wire.le(static_cast<std::uint32_t>(data.size())).raw(data);
    return *this;
  }
  AgileLog& add(std::uint32_t index, std::uint32_t type, std::string_view data) { return add(index, type, data, data); }
};

std::string extended(HashAlgorithm bank, unsigned char first_last_byte, std::initializer_list<std::string_view> data) {
  Bytes value(crypto::digest_size(bank));
  value.back() = static_cast<std::byte>(first_last_byte);
  for (const std::string_view each : data) {
    value = to_bytes(crypto::digest(bank, {value, crypto::digest(bank, as_bytes(each)).view()}).view());
  }
  return encoding::hex(value);
}

std::string register_of(const Result<LogReplay>& replay, unsigned index) {
  if (!replay) return replay.error().message();
  const auto found = replay->registers.find(index);
  return found == replay->registers.end() ? "none" : encoding::hex(found->second.view());
}

TEST(EventLog, ReplaysEachBankOfACryptoAgileLog) {
  AgileLog log;
  log.begin("vendor").add(4, kIplType, "grub", "the loader").add(4, kSeparatorType, kNothing).add(9, kIplType, "a");
  const auto best = replay_tcg_log(log.wire.bytes);
  EXPECT_EQ(register_of(best, 4), extended(HashAlgorithm::kSha256, 0, {"the loader", kNothing}));
  EXPECT_EQ(register_of(best, 9), extended(HashAlgorithm::kSha256, 0, {"a"}));
  EXPECT_EQ(register_of(best, 0), "none");
  EXPECT_EQ(best->events, 3U);
  EXPECT_TRUE(best->flags.empty());
  EXPECT_TRUE(best->contradictions.empty());
  const auto sha1 = replay_tcg_log(log.wire.bytes, HashAlgorithm::kSha1);
  EXPECT_EQ(register_of(sha1, 4), extended(HashAlgorithm::kSha1, 0, {"the loader", kNothing}));
  const auto absent = replay_tcg_log(log.wire.bytes, HashAlgorithm::kSha384);
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.error().code(), Errc::kNotFound);
}

TEST(EventLog, ReplaysALegacyLog) {
  const Wire log = legacy_event(7, kIplType, "data").raw(legacy_event(7, kSeparatorType, kNothing).bytes);
  const auto replay = replay_tcg_log(log.bytes);
  ASSERT_TRUE(replay) << replay.error().message();
  EXPECT_EQ(replay->bank, HashAlgorithm::kSha1);
  EXPECT_EQ(register_of(replay, 7), extended(HashAlgorithm::kSha1, 0, {"data", kNothing}));
  EXPECT_FALSE(replay_tcg_log(log.bytes, HashAlgorithm::kSha256));
}

TEST(EventLog, NeverExtendsWhatSaysThatItDoesNot) {
  Wire log = legacy_event(0xffffffff, 3, "not an action at all");
  log.raw(legacy_event(1, kIplType, "data").bytes);
  const auto replay = replay_tcg_log(log.bytes);
  ASSERT_TRUE(replay) << replay.error().message();
  EXPECT_EQ(replay->registers.size(), 1U);
  AgileLog agile;
  agile.begin().add(0, 3, "SP800-155 Event and more");
  EXPECT_TRUE(replay_tcg_log(agile.wire.bytes)->registers.empty());
}

TEST(EventLog, BeginsPcr0WithTheStartupLocality) {
  for (const unsigned char locality : {0, 3, 4}) {
    AgileLog log;
    log.begin().add(0, 3, std::string("StartupLocality") + '\0' + static_cast<char>(locality));
    log.add(0, kIplType, "a").add(1, kIplType, "a");
    const auto replay = replay_tcg_log(log.wire.bytes);
    EXPECT_EQ(register_of(replay, 0), extended(HashAlgorithm::kSha256, locality, {"a"}));
    EXPECT_EQ(register_of(replay, 1), extended(HashAlgorithm::kSha256, 0, {"a"}));
  }
}

TEST(EventLog, RefusesAStartupLocalityThatCannotBe) {
  const std::string three = std::string("StartupLocality") + '\0' + '\3';
  AgileLog late;
  late.begin().add(0, kIplType, "a").add(0, 3, three);
  AgileLog twice;
  twice.begin().add(0, 3, three).add(0, 3, three);
  AgileLog two;
  two.begin().add(0, 3, std::string("StartupLocality") + '\0' + '\2');
  AgileLog longer;
  longer.begin().add(0, 3, three + "x");
  for (const AgileLog& each : {late, twice, two, longer}) EXPECT_FALSE(replay_tcg_log(each.wire.bytes));
}

TEST(EventLog, FlagsASecondSeparatorAndAnErrorThatOneTells) {
  AgileLog log;
  log.begin().add(7, kSeparatorType, kNothing).add(7, kSeparatorType, kNothing);
  log.add(5, kSeparatorType, "what went wrong", std::string_view("\1\0\0\0", 4));
  const auto replay = replay_tcg_log(log.wire.bytes);
  ASSERT_TRUE(replay) << replay.error().message();
  EXPECT_EQ(replay->flags, (std::vector<std::string>{"PCR 7 has more than one separator",
                                                     "PCR 5 has a separator that tells of an error"}));
  EXPECT_TRUE(replay->contradictions.empty());
}

TEST(EventLog, TellsDigestsThatAreNotOfTheDataThatTheyMustBeOf) {
  for (const std::uint32_t type : {kSeparatorType, kActionType, std::uint32_t{5}, std::uint32_t{8}}) {
    AgileLog log;
    log.begin().add(4, type, "Calling EFI Application", "something else");
    const auto replay = replay_tcg_log(log.wire.bytes);
    ASSERT_TRUE(replay) << replay.error().message();
    EXPECT_EQ(replay->contradictions.size(), 1U) << type;
  }
  AgileLog many;
  many.begin();
  for (int i = 0; i < 40; ++i) many.add(4, kActionType, "a", "b");
  EXPECT_EQ(replay_tcg_log(many.wire.bytes)->contradictions.size(), 16U);
}

TEST(EventLog, RefusesEveryCutOfALog) {
  AgileLog log;
  log.begin("vendor").add(4, kIplType, "grub", "the loader");
  const std::size_t first = AgileLog().begin("vendor").wire.bytes.size();
  for (std::size_t size = 0; size < log.wire.bytes.size(); ++size) {
    const bool good = replay_tcg_log(ByteView(log.wire.bytes).first(size)).has_value();
    EXPECT_EQ(good, size == first) << size;
  }
}

TEST(EventLog, RefusesWhatIsNotInItsForm) {
  const auto refused = [](const Wire& log) {
    const auto replay = replay_tcg_log(log.bytes);
    return !replay && replay.error().code() == Errc::kMalformed;
  };
  AgileLog log;
  log.begin();
  Wire one_digest = log.wire;
  one_digest.le(std::uint32_t{4}).le(kIplType).le(std::uint32_t{1}).le(std::uint16_t{4}).zeros(20).le(std::uint32_t{0});
  EXPECT_TRUE(refused(one_digest));
  Wire same_twice = log.wire;
  same_twice.le(std::uint32_t{4}).le(kIplType).le(std::uint32_t{2});
  same_twice.le(std::uint16_t{4}).zeros(20).le(std::uint16_t{4}).zeros(20).le(std::uint32_t{0});
  EXPECT_TRUE(refused(same_twice));
  Wire foreign = log.wire;
  foreign.le(std::uint32_t{4}).le(kIplType).le(std::uint32_t{2});
  foreign.le(std::uint16_t{4}).zeros(20).le(std::uint16_t{0xc}).zeros(48).le(std::uint32_t{0});
  EXPECT_TRUE(refused(foreign));
  AgileLog above;
  EXPECT_TRUE(refused(above.begin().add(24, kIplType, "a").wire));
  AgileLog no_banks;
  no_banks.banks.clear();
  EXPECT_TRUE(refused(no_banks.begin().wire));
  AgileLog twice;
  twice.banks.push_back(twice.banks.front());
  EXPECT_TRUE(refused(twice.begin().wire));
  AgileLog odd_size;
  odd_size.banks = {{0x0b, HashAlgorithm::kSha1}};
  EXPECT_TRUE(refused(odd_size.begin().wire));
  Wire padded = log.wire;
  EXPECT_TRUE(refused(padded.zeros(64)));
}

TEST(EventLog, RefusesMoreEventsThanItReads) {
  Wire log;
  const Wire one = legacy_event(0xffffffff, 3, "");
  for (std::size_t i = 0; i <= LogReplay::kMaxEvents; ++i) log.raw(one.bytes);
  const auto replay = replay_tcg_log(log.bytes);
  ASSERT_FALSE(replay);
  EXPECT_EQ(replay.error().code(), Errc::kTooLarge);
}

AgileLog cc_log() {
  AgileLog out;
  out.banks = {{0x0c, HashAlgorithm::kSha384}};
  return out.begin();
}

TEST(EventLog, ReplaysACcLogToRtmrsWithOrWithoutPadding) {
  AgileLog log = cc_log().add(1, kIplType, "a").add(3, kIplType, "b").add(0, 3, "no action");
  for (const auto& padding : {Bytes{}, Bytes(100), Bytes(100, std::byte{0xff})}) {
    Wire padded = log.wire;
    const auto replay = replay_cc_log(padded.raw(padding).bytes);
    EXPECT_EQ(register_of(replay, 0), extended(HashAlgorithm::kSha384, 0, {"a"}));
    EXPECT_EQ(register_of(replay, 1), std::string(96, '0'));
    EXPECT_EQ(register_of(replay, 2), extended(HashAlgorithm::kSha384, 0, {"b"}));
    EXPECT_EQ(register_of(replay, 3), std::string(96, '0'));
    EXPECT_EQ(replay->registers.size(), 4U);
  }
}

TEST(EventLog, RefusesACcLogThatIsNotOne) {
  for (const std::uint32_t index : {0U, 5U, 0xffffffffU}) {
    EXPECT_FALSE(replay_cc_log(cc_log().add(index, kIplType, "a").wire.bytes)) << index;
  }
  Wire mixed = cc_log().wire;
  EXPECT_FALSE(replay_cc_log(mixed.zeros(60).raw("x").bytes));
  EXPECT_FALSE(replay_cc_log(legacy_event(1, kIplType, "a").bytes));
  EXPECT_FALSE(replay_cc_log(AgileLog().begin().wire.bytes));  // no SHA-384
  EXPECT_FALSE(replay_cc_log({}));
}

}  // namespace
}  // namespace redoubt::attest
