#include "behaviour/feature_seal.h"

#include <gtest/gtest.h>

#include "encoding/base64.h"
#include "tests/support/fault_file_system.h"

namespace redoubt::behaviour {
namespace {

using testing_support::FaultFileSystem;

constexpr std::string_view kFolder = "/features";

Features features_of_number(std::uint64_t number) {
  return {.address_prefix = number, .request_size = 700, .sketch = number * 3, .fingerprint = number * 7, .words = 12};
}

std::array<std::byte, 17> context_of(std::uint64_t number) {
  std::array<std::byte, 17> context{};
  store_le(MutableByteView(context), number);
  return context;
}

// An entry as the ledger has it.
struct Entry {
  std::array<std::byte, 17> context{};
  Bytes sealed;
  std::string record;
};

class FeatureSeal : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(sealing_.renew({1'000})); }

  Entry seal(std::uint64_t number) {
    Entry entry{.context = context_of(number)};
    const auto sealed = sealer_.seal(entry.context, features_of_number(number));
    entry.sealed = to_bytes(sealed.bytes);
    entry.record =
        R"({"unmapped":{"redoubt":{"commitments":{"features":")" + encoding::hex(sealed.commitment) + "\"}}}}";
    return entry;
  }
  Result<Features> open(const Entry& entry) {
    FeatureOpener opener(fs_, std::string(kFolder));
    return opener.open(entry.context, entry.sealed, as_bytes(entry.record));
  }
  Errc refusal(const Entry& entry) {
    const auto opened = open(entry);
    EXPECT_FALSE(opened);
    return opened ? Errc::kUnsupported : opened.error().code();
  }
  void next_key() {
    now_ += FeatureSealing::kKeyLifeMs;
    ASSERT_TRUE(sealing_.renew({now_}));
  }
  Result<> erase(const Entry& gone, std::span<const Entry* const> all) {
    auto erasure = FeatureErasure::begin(fs_, std::string(kFolder), *feature_key_number(gone.sealed));
    if (!erasure) return erasure.error();
    for (const Entry* each : all) {
      if (each == &gone) continue;
      if (auto done = erasure->keep(each->context, each->sealed); !done) return done;
    }
    return erasure->finish();
  }

  FaultFileSystem fs_;
  std::int64_t now_ = 1'000;
  FeatureSealing sealing_{fs_, std::string(kFolder)};
  FeatureSealer sealer_{sealing_};
};

TEST_F(FeatureSeal, WhatWasSealedOpens) {
  const Entry entry = seal(7);
  EXPECT_LE(entry.sealed.size(), kSealedFeaturesMax);
  const auto opened = open(entry);
  ASSERT_TRUE(opened) << opened.error().message();
  EXPECT_EQ(*opened, features_of_number(7));
}

TEST_F(FeatureSeal, TheLargestFit) {
  Features all = features_of_number(UINT64_MAX);
  all.claimed = 1;
  all.latency_ms = 1;
  all.tensor = TensorSummary{};
  EXPECT_LE(sealer_.seal(context_of(1), all).bytes.size(), kSealedFeaturesMax);
}

TEST_F(FeatureSeal, TheSameTwiceLooksDifferent) {
  const Entry one = seal(7);
  const Entry other = seal(7);
  EXPECT_NE(one.sealed, other.sealed);
  EXPECT_NE(one.record, other.record) << "whoever has the records alone must not see what is alike";
}

TEST_F(FeatureSeal, OfAnotherEntryOrAlteredDoNotOpen) {
  const Entry entry = seal(7);
  Entry moved = entry;
  moved.context = context_of(8);
  EXPECT_EQ(refusal(moved), Errc::kVerifyFailed);
  for (std::size_t at = 4; at < entry.sealed.size(); ++at) {
    Entry altered = entry;
    altered.sealed[at] ^= std::byte{1};
    EXPECT_EQ(refusal(altered), Errc::kVerifyFailed) << at;
  }
  for (std::size_t size = 0; size < entry.sealed.size(); ++size) {
    Entry cut = entry;
    cut.sealed.resize(size);
    const Errc code = refusal(cut);
    EXPECT_TRUE(code == Errc::kMalformed || code == Errc::kVerifyFailed) << size;
  }
  Entry extended = entry;
  extended.sealed.resize(kSealedFeaturesMax + 1);
  EXPECT_EQ(refusal(extended), Errc::kMalformed);
}

TEST_F(FeatureSeal, MustBeWhatTheRecordCommitsTo) {
  Entry entry = seal(7);
  entry.record = seal(7).record;
  EXPECT_EQ(refusal(entry), Errc::kVerifyFailed);
  // Nor may a text in the record pass for it.
  Entry quoted = seal(7);
  std::string escaped;
  for (const char c : quoted.record) (escaped += c == '"' ? "\\" : "") += c;
  quoted.record = R"({"model":")" + escaped + "\"}";
  EXPECT_EQ(refusal(quoted), Errc::kVerifyFailed);
}

TEST_F(FeatureSeal, KeysChangeByTheHourAndOldOnesStillOpen) {
  const Entry before = seal(1);
  ASSERT_TRUE(sealing_.renew({now_ + FeatureSealing::kKeyLifeMs - 1}));
  EXPECT_EQ(*feature_key_number(seal(2).sealed), *feature_key_number(before.sealed));
  next_key();
  const Entry after = seal(3);
  EXPECT_EQ(*feature_key_number(after.sealed), *feature_key_number(before.sealed) + 1);
  EXPECT_TRUE(open(before));
  EXPECT_TRUE(open(after));
  // A clock that was set back must not keep a key for longer.
  ASSERT_TRUE(sealing_.renew({0}));
  EXPECT_EQ(*feature_key_number(seal(4).sealed), *feature_key_number(after.sealed) + 1);
}

TEST_F(FeatureSeal, FeaturesCanBeComparedOverARestart) {
  const Entry before = seal(1);
  FeatureSealing again(fs_, std::string(kFolder));
  FeatureSealer sealer(again);
  EXPECT_EQ(sealer.key(), nullptr) << "nothing is sealed before there is a key";
  ASSERT_TRUE(again.renew({2'000}));
  ASSERT_NE(sealer.key(), nullptr);
  EXPECT_EQ(sealer.key()->credential("k1"), sealer_.key()->credential("k1"));
  const auto sealed = sealer.seal(context_of(1), features_of_number(1));
  EXPECT_EQ(*feature_key_number(sealed.bytes), *feature_key_number(before.sealed) + 1)
      << "a start has a key of its own";
}

TEST_F(FeatureSeal, AnErasureTakesOneAndLeavesTheOthers) {
  const Entry kept = seal(1);
  const Entry gone = seal(2);
  next_key();
  const Entry other = seal(3);
  const Entry* const all[] = {&kept, &gone, &other};
  ASSERT_TRUE(erase(gone, all));
  EXPECT_EQ(refusal(gone), Errc::kNotFound);
  const auto opened = open(kept);
  ASSERT_TRUE(opened) << opened.error().message();
  EXPECT_EQ(*opened, features_of_number(1));
  EXPECT_TRUE(open(other)) << "it has another key";
  // Nothing of the key is left: neither file opens it.
  EXPECT_FALSE(read_file(fs_, std::string(kFolder) + "/0000000001.key", 100));
  const auto left = read_file(fs_, std::string(kFolder) + "/0000000001.kept", 10'000);
  ASSERT_TRUE(left);
  EXPECT_EQ(as_chars(*left).find(as_chars(gone.context)), std::string_view::npos);

  // And once more, of what was kept.
  ASSERT_TRUE(erase(kept, all));
  EXPECT_EQ(refusal(kept), Errc::kNotFound);
  EXPECT_EQ(erase(kept, all).error().code(), Errc::kNotFound) << "nothing is left of that key";
}

TEST_F(FeatureSeal, NothingIsErasedUnderTheKeyInUse) {
  const Entry entry = seal(1);
  const Entry* const all[] = {&entry};
  EXPECT_EQ(erase(entry, all).error().code(), Errc::kConflict);
  EXPECT_TRUE(open(entry));
}

TEST_F(FeatureSeal, AKeyBesideWhatItLeftIsNotUsed) {
  const Entry kept = seal(1);
  const Entry gone = seal(2);
  const auto key = read_file(fs_, std::string(kFolder) + "/0000000001.key", 100);
  ASSERT_TRUE(key);
  next_key();
  const Entry* const all[] = {&kept, &gone};
  ASSERT_TRUE(erase(gone, all));
  // As after a crash before it was destroyed.
  ASSERT_TRUE(write_file_atomically(fs_, std::string(kFolder) + "/0000000001.key", *key));
  EXPECT_EQ(refusal(gone), Errc::kNotFound);
  EXPECT_TRUE(open(kept));
}

TEST_F(FeatureSeal, DamagedFilesAreNoErasure) {
  const Entry kept = seal(1);
  const Entry gone = seal(2);
  next_key();
  const Entry* const all[] = {&kept, &gone};
  ASSERT_TRUE(erase(gone, all));
  const std::string path = std::string(kFolder) + "/0000000001.kept";
  const auto left = read_file(fs_, path, 10'000);
  ASSERT_TRUE(left);
  for (std::size_t at = 0; at < left->size(); ++at) {
    Bytes altered = *left;
    altered[at] ^= std::byte{1};
    ASSERT_TRUE(write_file_atomically(fs_, path, altered));
    const Errc code = refusal(kept);
    EXPECT_TRUE(code == Errc::kCorrupt || code == Errc::kUnsupported) << at;
  }
  for (std::size_t size = 0; size < left->size(); ++size) {
    ASSERT_TRUE(write_file_atomically(fs_, path, ByteView(*left).first(size)));
    EXPECT_EQ(refusal(kept), Errc::kCorrupt) << size;
  }
  ASSERT_TRUE(write_file_atomically(fs_, path, *left));
  EXPECT_TRUE(open(kept));
}

TEST_F(FeatureSeal, WithoutTheFolderEverythingCountsAsErased) {
  const Entry entry = seal(1);
  for (const char* folder : {"/elsewhere", ""}) {
    FeatureOpener opener(fs_, folder);
    const auto opened = opener.open(entry.context, entry.sealed, as_bytes(entry.record));
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code(), Errc::kNotFound);
  }
}

TEST_F(FeatureSeal, ADamagedSecretSealsNothing) {
  ASSERT_TRUE(write_file_atomically(fs_, std::string(kFolder) + "/secret", as_bytes("RFSE")));
  FeatureSealing sealing(fs_, std::string(kFolder));
  const FeatureSealer sealer(sealing);
  const auto done = sealing.renew({1'000});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code(), Errc::kCorrupt);
  EXPECT_EQ(sealer.key(), nullptr);
  EXPECT_TRUE(sealing.renew({1'000 + FeatureSealing::kRetryMs - 1})) << "it is not tried all the time";
  EXPECT_FALSE(sealing.renew({1'000 + FeatureSealing::kRetryMs}));
}

}  // namespace
}  // namespace redoubt::behaviour
