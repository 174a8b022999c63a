// What the keeper's program answers on an errand, and what is no answer.
#include "ledger/errand.h"

#include <gtest/gtest.h>

#include <string>

#include "crypto/ed25519.h"

namespace redoubt::ledger {
namespace {

tlog::VerifierKey key_of(const std::string& name) {
  return *tlog::VerifierKey::ed25519(name, crypto::Ed25519PrivateKey::generate().public_key());
}

TEST(ErrandAnswer, IsReadAsItWasWritten) {
  for (const ErrandLines& lines : {ErrandLines{}, ErrandLines{"one"}, ErrandLines{"one", "", "two words"}}) {
    const auto read = parse_errand_answer(format_errand_answer(lines));
    ASSERT_TRUE(read);
    ASSERT_TRUE(*read);
    EXPECT_EQ(**read, lines);
  }
}

TEST(ErrandAnswer, TellsWhyItFailedInOneLine) {
  const std::string said = format_errand_answer(Error(Errc::kVerifyFailed, "not\nthe key"));
  EXPECT_EQ(said, "failed 7 not the key\n");
  const auto read = parse_errand_answer(said);
  ASSERT_TRUE(read);
  ASSERT_FALSE(*read);
  EXPECT_EQ(read->error().code(), Errc::kVerifyFailed);
  EXPECT_EQ(read->error().message(), "not the key");
}

TEST(ErrandAnswer, IsNoneWhenCutShortOrOfAnotherForm) {
  for (const std::string text : {"", "ok", "okay\n", " ok\n", "ok\none", "\n", "failed\n", "failed 7 why",
                                 "failed 7 why\nmore\n", "failed why\n", "failed 7\n", "failed  why\n",
                                 "failed 16 why\n", "failed 256 why\n", "failed -1 why\n", "failed 7x why\n"}) {
    EXPECT_FALSE(parse_errand_answer(text)) << "`" << text << "`";
  }
}

TEST(ErrandAnswer, IsNoneAboveItsBound) {
  std::string text = "ok\n" + std::string(kErrandAnswerBytesMax - 4, 'a') + "\n";
  EXPECT_TRUE(parse_errand_answer(text));
  text.insert(3, "a");
  EXPECT_FALSE(parse_errand_answer(text));
}

// As many logs as a ledger can have, of names as long as `redoubt init` takes them.
TEST(ErrandAnswer, HasRoomForAllLogs) {
  const std::string origin(200, 'o');
  const auto key = key_of(origin + "/t/" + std::string(64, 't'));
  ChangedSigner changed{.resumed = false, .logs = {}};
  for (int i = 0; i < 1001; ++i) changed.logs.push_back({.from = key, .to = key, .size = ~std::uint64_t{0}});
  EXPECT_TRUE(parse_errand_answer(format_errand_answer(changed.lines())));
}

TEST(ErrandLines, OfNewKeysAreOnesSignerAndDictionary) {
  NewKeeperKeys keys{.signer = key_of("log"), .dictionary = {}};
  keys.dictionary[0] = std::byte{1};
  const auto lines = keys.lines();
  ASSERT_TRUE(NewKeeperKeys::parse(lines));
  EXPECT_EQ(*NewKeeperKeys::parse(lines), keys);
  for (const ErrandLines& other :
       {ErrandLines{}, ErrandLines{lines[0]}, ErrandLines{lines[0], "AAAA"}, ErrandLines{lines[0], "?"},
        ErrandLines{"log", lines[1]}, ErrandLines{lines[1], lines[0]}, ErrandLines{lines[0], lines[1], ""}}) {
    EXPECT_FALSE(NewKeeperKeys::parse(other));
  }
}

TEST(ErrandLines, OfTheNextSignerAreOneKeyALog) {
  const NextSigner next{.keys = {key_of("log"), key_of("log/t/ward")}};
  ASSERT_TRUE(NextSigner::parse(next.lines()));
  EXPECT_EQ(*NextSigner::parse(next.lines()), next);
  EXPECT_FALSE(NextSigner::parse({}));
  EXPECT_FALSE(NextSigner::parse({next.keys[0].format(), ""}));
}

TEST(ErrandLines, OfAChangedSignerAreBothKeysAndTheSizeOfEachLog) {
  const std::string from = key_of("log").format();
  const std::string to = key_of("log").format();
  const ErrandLines lines{"resumed", from + " " + to + " 18446744073709551615"};
  const auto changed = ChangedSigner::parse(lines);
  ASSERT_TRUE(changed);
  EXPECT_TRUE(changed->resumed);
  EXPECT_EQ(changed->logs[0].size, ~std::uint64_t{0});
  EXPECT_EQ(changed->lines(), lines);
  EXPECT_FALSE(ChangedSigner::parse({"begun", from + " " + to + " 1"})->resumed);
  for (const std::string& log : {std::string(), from, from + " " + to, from + " " + to + " ", from + " " + to + " -1",
                                 from + " " + to + " 18446744073709551616", from + " " + to + " 1 2", from + " log 1",
                                 from + "  " + to + " 1"}) {
    EXPECT_FALSE(ChangedSigner::parse({"begun", log})) << "`" << log << "`";
  }
  EXPECT_FALSE(ChangedSigner::parse({"begun"}));
  EXPECT_FALSE(ChangedSigner::parse({}));
  EXPECT_FALSE(ChangedSigner::parse({"done", lines[1]}));
}

TEST(ErrandLines, OfARevokedSignerAreItsKeyAndTheSize) {
  const RevokedSigner revoked{.key = key_of("log"), .at = 7};
  ASSERT_TRUE(RevokedSigner::parse(revoked.lines()));
  EXPECT_EQ(*RevokedSigner::parse(revoked.lines()), revoked);
  const std::string key = revoked.key.format();
  for (const ErrandLines& other : {ErrandLines{}, ErrandLines{key}, ErrandLines{key, ""}, ErrandLines{key, "7 "},
                                   ErrandLines{"log", "7"}, ErrandLines{key, "7", ""}}) {
    EXPECT_FALSE(RevokedSigner::parse(other));
  }
}

}  // namespace
}  // namespace redoubt::ledger
