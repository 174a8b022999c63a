// Dictionaries of a bundle, opened by a keeper that runs beside.
#include "gateway/dictionaries.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "gateway/dictionary_desk.h"
#include "gateway/tests/live_ledger.h"

namespace redoubt::gateway {
namespace {

std::vector<std::string> numbers(std::size_t count) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < count; ++i) out.push_back(std::to_string(10'000'000 + i));
  return out;
}

class DictionariesTest : public testing::Test {
 protected:
  keys::SealedDictionary sealed(std::string_view name, std::vector<std::string> records) {
    const auto text = keys::seal_dictionary(live_.dictionaries.public_key(), name, std::move(records));
    EXPECT_TRUE(text);
    return *keys::SealedDictionary::parse(name, *text);
  }
  static std::shared_ptr<SealedDictionaries> made_of(std::vector<keys::SealedDictionary> sealed) {
    return std::make_shared<SealedDictionaries>(std::move(sealed));
  }
  Result<> open(const std::shared_ptr<SealedDictionaries>& dictionaries) {
    std::optional<Result<>> ended;
    desk_.open(dictionaries, [&](const Result<>& done) { ended = done; });
    live_.pump_until([&] { return ended.has_value(); });
    return ended ? *ended : Error(Errc::kDeadlineExceeded, "no answer");
  }
  // Records of dictionaries that were keyed.
  std::size_t recorded() {
    const auto entries = live_.entries();
    return static_cast<std::size_t>(
        std::ranges::count_if(entries, [](const test::ReadEntry& entry) { return entry.says("dictionary.key"); }));
  }

  test::LiveLedger live_;
  DictionaryDesk desk_{*live_.client};
};

TEST_F(DictionariesTest, AreOpenedByTheKeeperAndRecordedOnceEach) {
  const auto dictionaries = made_of({sealed("patients", numbers(10'000)), sealed("staff", {"ann lee"})});
  EXPECT_EQ(dictionaries->contains("patients", "10000000").error().code(), Errc::kUnavailable);
  ASSERT_TRUE(open(dictionaries));
  EXPECT_TRUE(dictionaries->are_open());
  EXPECT_EQ(dictionaries->closed(), nullptr);
  EXPECT_TRUE(*dictionaries->contains("patients", "10009999"));
  EXPECT_FALSE(*dictionaries->contains("patients", "10010000"));
  EXPECT_FALSE(*dictionaries->contains("patients", "ann lee"));
  EXPECT_TRUE(*dictionaries->contains("staff", "ann lee"));
  EXPECT_EQ(dictionaries->contains("others", "ann lee").error().code(), Errc::kUnavailable);
  ASSERT_TRUE(open(dictionaries)) << "there is nothing left to do";
  ASSERT_TRUE(open(nullptr));
  EXPECT_EQ(recorded(), 2U);
}

TEST_F(DictionariesTest, WhoAsksMeanwhileIsToldToo) {
  const auto dictionaries = made_of({sealed("patients", numbers(5'000))});
  int told = 0;
  for (int i = 0; i < 2; ++i) desk_.open(dictionaries, [&](const Result<>& done) { told += done ? 1 : 100; });
  EXPECT_EQ(told, 0);
  live_.pump_until([&] { return told >= 2; });
  EXPECT_EQ(told, 2);
  EXPECT_EQ(recorded(), 1U);
}

TEST_F(DictionariesTest, OfAnotherKeeperIsRefusedAndStaysClosed) {
  const auto text = keys::seal_dictionary(crypto::X25519KeyPair::generate().public_key, "patients", {"10203040"});
  const auto dictionaries = made_of({*keys::SealedDictionary::parse("patients", *text)});
  const auto done = open(dictionaries);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code(), Errc::kVerifyFailed);
  EXPECT_EQ(done.error().message(),
            "dictionaries/patients.sealed: sealed to another keeper's key or under another name, or altered");
  EXPECT_FALSE(may_open_later(done.error()));
  EXPECT_FALSE(dictionaries->contains("patients", "10203040"));
  EXPECT_EQ(recorded(), 0U);
}

TEST_F(DictionariesTest, OfWhichAPartIsDamagedStaysClosedAndTheNextIsOpenedAllTheSame) {
  keys::SealedDictionary damaged = sealed("patients", numbers(10'000));
  damaged.parts[1].sealed.back() ^= std::byte{1};
  const auto bad = made_of({damaged});
  const auto good = made_of({sealed("staff", {"ann lee"})});
  std::optional<Result<>> first;
  std::optional<Result<>> second;
  desk_.open(bad, [&](const Result<>& done) { first = done; });
  desk_.open(good, [&](const Result<>& done) { second = done; });
  live_.pump_until([&] { return second.has_value(); });
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->error().code(), Errc::kVerifyFailed);
  EXPECT_TRUE(*second);
  EXPECT_FALSE(bad->contains("patients", "10000000")) << "not even what the first part has";
  EXPECT_TRUE(*good->contains("staff", "ann lee"));
}

TEST_F(DictionariesTest, WhileTheKeeperIsAwayAreClosed) {
  const auto dictionaries = made_of({sealed("patients", {"10203040"})});
  live_.stop_keeper();
  std::optional<Result<>> ended;
  desk_.open(dictionaries, [&](const Result<>& done) { ended = done; });
  live_.client->stop("the keeper is gone");
  ASSERT_TRUE(ended.has_value());
  EXPECT_EQ(ended->error().code(), Errc::kUnavailable);
  EXPECT_TRUE(may_open_later(ended->error()));
  EXPECT_FALSE(dictionaries->are_open());
  desk_.open(dictionaries, [&](const Result<>& done) { ended = done; });
  EXPECT_EQ(ended->error().message(), "dictionaries/patients.sealed: the keeper is gone");
}

}  // namespace
}  // namespace redoubt::gateway
