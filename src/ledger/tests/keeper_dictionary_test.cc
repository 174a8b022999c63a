// Dictionaries that the keeper keys for the gateway, and what it records of that.
#include "keys/dictionary_opener.h"
#include "keys/keyed_records.h"
#include "ledger/tests/keeper_fixture.h"

namespace redoubt::ledger::test {
namespace {

using Operation = FaultFileSystem::Operation;
using Effect = FaultFileSystem::Effect;

std::vector<std::string> numbers(std::size_t count) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < count; ++i) out.push_back(std::to_string(10'000'000 + i));
  return out;
}

class KeeperDictionary : public KeeperTest {
 protected:
  Core& start_with_key() {
    dictionaries_.emplace(crypto::X25519KeyPair::generate());
    return start();
  }
  keys::SealedDictionary sealed(std::vector<std::string> records = {"10203040"}) {
    const auto text = keys::seal_dictionary(dictionaries_->public_key(), "patients", std::move(records));
    return *keys::SealedDictionary::parse("patients", *text);
  }
  Result<Bytes> ask(Core& core, const keys::DictionaryPart& part) {
    Opened waiter;
    EXPECT_TRUE(core.client->submit_key_dictionary(part, &waiter));
    EXPECT_TRUE(core.pump_until([&] { return waiter.result.has_value(); }));
    core.client->abandon(&waiter);
    return waiter.result ? *waiter.result : Error(Errc::kDeadlineExceeded, "no answer");
  }
  Errc refusal(Core& core, const keys::DictionaryPart& part) {
    const auto answer = ask(core, part);
    EXPECT_FALSE(answer);
    return answer ? Errc::kCancelled : answer.error().code();
  }
};

TEST_F(KeeperDictionary, IsKeyedAndThatIsRecordedFirst) {
  Core& core = start_with_key();
  const auto answer = ask(core, sealed({"10203040", "ann lee"}).parts.front());
  ASSERT_TRUE(answer) << answer.error().message();
  keys::KeyedRecords::Builder builder(2);
  ASSERT_TRUE(builder.add(*answer));
  const auto records = builder.finish();
  ASSERT_TRUE(records);
  EXPECT_TRUE(records->contains("ann lee"));
  EXPECT_FALSE(records->contains("ann"));
  // By the time of the answer the record of it was durable.
  fs_.inject({.effect = Effect::kFail, .operation = Operation::kAnyChange, .path_part = "", .nth = 1});
  [[maybe_unused]] const auto ended = stop();
  restart_process();
  fs_.lose_power_and_all_unsynced();
  make_keeper();
  ASSERT_TRUE(ledger_->publish());
  ASSERT_EQ(ledger_->committed().value, 1U);
  const auto entry = ledger_->reader().read_entry({0});
  ASSERT_TRUE(entry);
  const std::string_view record = as_chars(entry->leaf);
  EXPECT_EQ(entry->header.kind, EntryKind::kStandalone);
  EXPECT_NE(record.find(R"("dictionary":"patients","records":2)"), std::string_view::npos) << record;
  EXPECT_EQ(record.find("ann"), std::string_view::npos);
}

TEST_F(KeeperDictionary, OfManyPartsIsRecordedOnce) {
  Core& core = start_with_key();
  const keys::SealedDictionary dictionary = sealed(numbers(10'000));
  ASSERT_EQ(dictionary.parts.size(), 3U);
  keys::KeyedRecords::Builder builder(dictionary.records());
  for (const keys::DictionaryPart& part : dictionary.parts) {
    const auto answer = ask(core, part);
    ASSERT_TRUE(answer) << answer.error().message();
    ASSERT_TRUE(builder.add(*answer)) << "under one key";
  }
  EXPECT_TRUE(builder.finish()->contains("10009999"));
  ASSERT_TRUE(stop());
  EXPECT_EQ(ledger_->committed().value, 1U);
}

TEST_F(KeeperDictionary, NoPartIsKeyedOutOfTurn) {
  Core& core = start_with_key();
  const keys::SealedDictionary dictionary = sealed(numbers(10'000));
  const auto& parts = dictionary.parts;
  EXPECT_EQ(refusal(core, parts[1]), Errc::kInvalidArgument) << "none is on record yet";
  ASSERT_TRUE(ask(core, parts[0]));
  EXPECT_EQ(refusal(core, parts[2]), Errc::kInvalidArgument);
  ASSERT_TRUE(ask(core, parts[1]));
  EXPECT_EQ(refusal(core, parts[1]), Errc::kInvalidArgument) << "once";
  ASSERT_TRUE(ask(core, sealed().parts.front()));
  EXPECT_EQ(refusal(core, parts[2]), Errc::kInvalidArgument) << "another one was asked for meanwhile";
  ASSERT_TRUE(stop());
  EXPECT_EQ(ledger_->committed().value, 2U);
}

TEST_F(KeeperDictionary, ManyAtOnceLeaveRoomForAppends) {
  Core& core = start_with_key();
  const keys::SealedDictionary dictionary = sealed(numbers(keys::kDictionaryPartRecordsMax));
  std::vector<Opened> waiters(100);
  for (Opened& waiter : waiters) {
    ASSERT_TRUE(core.client->submit_key_dictionary(dictionary.parts.front(), &waiter));
  }
  ASSERT_TRUE(core.pump_until(
      [&] { return std::ranges::all_of(waiters, [](const Opened& waiter) { return waiter.result.has_value(); }); }));
  EXPECT_TRUE(*waiters.front().result) << waiters.front().result->error().message();
  for (const Opened& waiter : waiters) {
    EXPECT_TRUE(*waiter.result || waiter.result->error().code() == Errc::kResourceExhausted);
  }
  append(core, {}, "record", "values");
}

TEST_F(KeeperDictionary, OfAnotherKeyOrNameOrAlteredIsRefusedAndNothingIsRecorded) {
  Core& core = start_with_key();
  keys::DictionaryPart part = sealed().parts.front();
  part.name = "others";
  EXPECT_EQ(refusal(core, part), Errc::kVerifyFailed);
  part = sealed().parts.front();
  part.sealed.back() ^= std::byte{1};
  EXPECT_EQ(refusal(core, part), Errc::kVerifyFailed);
  const auto text = keys::seal_dictionary(crypto::X25519KeyPair::generate().public_key, "patients", {"10203040"});
  EXPECT_EQ(refusal(core, keys::SealedDictionary::parse("patients", *text)->parts.front()), Errc::kVerifyFailed);
  ASSERT_TRUE(stop());
  EXPECT_EQ(ledger_->committed().value, 0U);
}

TEST_F(KeeperDictionary, OfAnEarlierLifeHasOtherTagsInTheNext) {
  const auto key = crypto::X25519KeyPair::generate();
  const auto again = [&] { return *crypto::X25519KeyPair::from_private(key.private_key.reveal()); };
  dictionaries_.emplace(again());
  const keys::DictionaryPart part = sealed().parts.front();
  const auto before = ask(start(), part);
  ASSERT_TRUE(stop());
  restart_process();
  dictionaries_.emplace(again());
  const auto after = ask(start(), part);
  ASSERT_TRUE(before && after);
  EXPECT_NE(*before, *after);
}

TEST_F(KeeperDictionary, AKeeperWithoutAKeyRefuses) {
  dictionaries_.emplace(crypto::X25519KeyPair::generate());
  const keys::DictionaryPart part = sealed().parts.front();
  dictionaries_.reset();
  EXPECT_EQ(refusal(start(), part), Errc::kUnsupported);
}

TEST_F(KeeperDictionary, OnAFullDiskNoneIsKeyed) {
  fs_.set_free_bytes(options_.free_space_reserve - 1);
  dictionaries_.emplace(crypto::X25519KeyPair::generate());
  EXPECT_EQ(refusal(start(), sealed().parts.front()), Errc::kResourceExhausted);
}

}  // namespace
}  // namespace redoubt::ledger::test
