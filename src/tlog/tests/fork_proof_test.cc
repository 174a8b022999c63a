#include "tlog/fork_proof.h"

#include <gtest/gtest.h>

#include "tlog/proof.h"
#include "tlog/tests/support.h"

namespace redoubt::tlog {
namespace {

using test::make_signer;

const std::string kOrigin = "example.com/log";

// A log of `size` entries whose entry `changed` is another one than everybody else's.
test::MemoryLog make_log(std::uint64_t size, std::uint64_t changed = ~std::uint64_t{0}) {
  test::MemoryLog log;
  for (std::uint64_t i = 0; i < size; ++i) log.append((i == changed ? "other " : "entry ") + std::to_string(i));
  return log;
}

class ForkProofTest : public ::testing::Test {
 protected:
  std::string sign(const test::MemoryLog& log, const std::string& origin = kOrigin) const {
    return *sign_checkpoint({origin, log.size(), log.frontier().root(), {}}, signer_);
  }
  std::span<const VerifierKey> keys() const { return {&signer_.verifier_key(), 1}; }
  Result<std::optional<ForkProof>> find(test::MemoryLog& first, test::MemoryLog& second) const {
    return find_fork(sign(first), sign(second), keys(), second);
  }
  // A fork at size 5, seen in the log of 12.
  ForkProof example() const {
    auto first = make_log(5, 2);
    auto second = make_log(12);
    return **find(first, second);
  }
  Errc refusal(const ForkProof& proof) const {
    const auto verified = verify_fork_proof(proof, keys());
    return verified ? Errc{} : verified.error().code();
  }

  NoteSigner signer_ = make_signer(kOrigin);
};

TEST_F(ForkProofTest, IsFoundForEveryPairOfSizesTo40AndEveryChangedEntry) {
  for (std::uint64_t to = 1; to <= 40; ++to) {
    auto second = make_log(to);
    for (std::uint64_t from = 1; from <= to; ++from) {
      for (const std::uint64_t changed : {std::uint64_t{0}, from / 2, from - 1}) {
        SCOPED_TRACE(std::to_string(from) + " of " + std::to_string(to) + ", entry " + std::to_string(changed));
        auto first = make_log(from, changed);
        const auto found = find(first, second);
        ASSERT_TRUE(found) << found.error().message();
        ASSERT_TRUE(*found);
        const auto text = format_fork_proof(**found);
        ASSERT_TRUE(text);
        const auto verified = verify_fork_proof(*text, keys());
        ASSERT_TRUE(verified) << verified.error().message();
        EXPECT_EQ(verified->first.root, first.frontier().root());
        EXPECT_EQ(verified->second.root, second.frontier().root());
        EXPECT_EQ(verified->first_root_in_second, *tree_root(second, {from}));
      }
    }
  }
}

TEST_F(ForkProofTest, IsNotFoundWhereTheSecondTreeBeginsWithTheFirst) {
  for (std::uint64_t to = 0; to <= 40; ++to) {
    auto second = make_log(to);
    for (std::uint64_t from = 0; from <= to; ++from) {
      auto first = make_log(from);
      const auto found = find(first, second);
      ASSERT_TRUE(found) << found.error().message();
      EXPECT_FALSE(*found) << from << " of " << to;
    }
  }
}

TEST_F(ForkProofTest, FindingNeedsTheTilesOfTheLargerTree) {
  auto small = make_log(5, 2);
  auto large = make_log(12);
  EXPECT_EQ(find_fork(sign(large), sign(small), keys(), small).error().code(), Errc::kInvalidArgument);
  auto others = make_log(12, 11);
  EXPECT_EQ(find_fork(sign(small), sign(large), keys(), others).error().code(), Errc::kVerifyFailed);
  EXPECT_EQ(find_fork(sign(small), sign(large), keys(), small).error().code(), Errc::kNotFound);
}

TEST_F(ForkProofTest, ACheckpointOfTheEmptyTreeContradictsNoLargerOne) {
  auto large = make_log(12);
  const std::string false_root = *sign_checkpoint({kOrigin, {0}, test::leaf("x"), {}}, signer_);
  EXPECT_EQ(find_fork(false_root, sign(large), keys(), large).error().code(), Errc::kVerifyFailed);
  EXPECT_EQ(refusal({{}, false_root, sign(large)}), Errc::kVerifyFailed);
  EXPECT_EQ(refusal({{test::leaf("x")}, false_root, sign(large)}), Errc::kVerifyFailed);
  // But another one of the empty tree: two roots of one size.
  EXPECT_TRUE(verify_fork_proof(ForkProof{{}, false_root, sign(make_log(0))}, keys()));
}

TEST_F(ForkProofTest, OfOneSizeIsSelfEvident) {
  const std::string one = sign(make_log(5));
  const std::string other = sign(make_log(5, 4));
  EXPECT_TRUE(verify_fork_proof(ForkProof{{}, one, other}, keys()));
  EXPECT_TRUE(verify_fork_proof(ForkProof{{}, other, one}, keys()));
  EXPECT_EQ(refusal({{test::leaf("x")}, one, other}), Errc::kVerifyFailed);
}

TEST_F(ForkProofTest, DoesNotHoldForCheckpointsThatAgree) {
  EXPECT_EQ(refusal({{}, sign(make_log(5)), sign(make_log(5))}), Errc::kVerifyFailed);
  const std::string extended = *sign_checkpoint({kOrigin, {5}, make_log(5).frontier().root(), {"extension"}}, signer_);
  EXPECT_EQ(refusal({{}, sign(make_log(5)), extended}), Errc::kVerifyFailed);
  ForkProof honest = example();
  honest.first = sign(make_log(5));
  EXPECT_EQ(refusal(honest), Errc::kVerifyFailed);
}

TEST_F(ForkProofTest, DoesNotHoldWhenThePathIsNotTheSecondTrees) {
  ForkProof empty = example();
  empty.path.clear();
  EXPECT_EQ(refusal(empty), Errc::kVerifyFailed);
  ForkProof shortened = example();
  shortened.path.pop_back();
  EXPECT_EQ(refusal(shortened), Errc::kVerifyFailed);
  ForkProof extended = example();
  extended.path.push_back(test::leaf("x"));
  EXPECT_EQ(refusal(extended), Errc::kVerifyFailed);
  for (std::size_t i = 0; i < example().path.size(); ++i) {
    ForkProof altered = example();
    altered.path[i][0] ^= std::byte{1};
    EXPECT_EQ(refusal(altered), Errc::kVerifyFailed) << i;
    ForkProof without = example();
    without.path.erase(without.path.begin() + static_cast<std::ptrdiff_t>(i));
    EXPECT_EQ(refusal(without), Errc::kVerifyFailed) << i;
  }
}

// Where the old size is a power of two an ordinary proof leaves out the old root, and would lead anywhere.
TEST_F(ForkProofTest, AnHonestLogCannotBeAccusedWithThePathOfAnother) {
  auto honest = make_log(12);
  auto other = make_log(12, 2);
  for (std::uint64_t from = 1; from < 12; ++from) {
    SCOPED_TRACE(from);
    auto first = make_log(from);
    auto foreign_first = make_log(from, 2);
    ForkProof proof{{}, sign(first), sign(honest)};
    proof.path = *consistency_proof(other, {from}, {12});
    EXPECT_EQ(refusal(proof), Errc::kVerifyFailed);
    proof.path.insert(proof.path.begin(), foreign_first.frontier().root());
    EXPECT_EQ(refusal(proof), Errc::kVerifyFailed);
    proof.path = *consistency_proof(honest, {from}, {12});
    EXPECT_EQ(refusal(proof), Errc::kVerifyFailed);
    proof.path.insert(proof.path.begin(), foreign_first.frontier().root());
    EXPECT_EQ(refusal(proof), Errc::kVerifyFailed);
  }
}

TEST_F(ForkProofTest, DoesNotHoldWhenTheFirstCheckpointIsTheLarger) {
  ForkProof swapped = example();
  std::swap(swapped.first, swapped.second);
  EXPECT_EQ(refusal(swapped), Errc::kVerifyFailed);
}

TEST_F(ForkProofTest, BothCheckpointsAreOfOneLog) {
  ForkProof proof = example();
  proof.first = sign(make_log(5, 2), "example.com/other");
  EXPECT_EQ(refusal(proof), Errc::kVerifyFailed);
  auto second = make_log(12);
  EXPECT_EQ(find_fork(proof.first, proof.second, keys(), second).error().code(), Errc::kVerifyFailed);
}

TEST_F(ForkProofTest, BothCheckpointsAreSignedByKeysOfTheLog) {
  const NoteSigner stranger = make_signer(kOrigin, 9);
  EXPECT_FALSE(verify_fork_proof(example(), {&stranger.verifier_key(), 1}));
  ForkProof proof = example();
  proof.first = *sign_checkpoint({kOrigin, {5}, test::leaf("x"), {}}, stranger);
  EXPECT_EQ(refusal(proof), Errc::kVerifyFailed);
  // Unless it is a key of the log's, too: after a rotation.
  const VerifierKey both[] = {signer_.verifier_key(), stranger.verifier_key()};
  EXPECT_TRUE(verify_fork_proof(proof, both));
}

TEST_F(ForkProofTest, ReadsBackWhatItWrites) {
  const ForkProof same_size{{}, sign(make_log(5)), sign(make_log(5, 4))};
  for (const ForkProof& proof : {example(), same_size}) {
    const auto text = format_fork_proof(proof);
    ASSERT_TRUE(text);
    EXPECT_TRUE(text->starts_with("redoubt/fork-proof@v1\n"));
    const auto parsed = parse_fork_proof(*text);
    ASSERT_TRUE(parsed) << parsed.error().message();
    EXPECT_EQ(*parsed, proof);
  }
}

TEST_F(ForkProofTest, DoesNotHoldAfterAnyChangeOfAByte) {
  const std::string text = *format_fork_proof(example());
  ASSERT_TRUE(verify_fork_proof(text, keys()));
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string changed = text;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_FALSE(verify_fork_proof(changed, keys())) << i;
    EXPECT_FALSE(verify_fork_proof(text.substr(0, i), keys())) << i;
  }
}

TEST_F(ForkProofTest, RefusesOtherForms) {
  const std::string first = "redoubt/fork-proof@v1\n";
  const std::string hash = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n";
  const std::string a = sign(make_log(5));
  const std::string b = sign(make_log(5, 4));
  ASSERT_TRUE(parse_fork_proof(first + hash + "\n" + a + "\n" + b));
  for (const std::string& text :
       {std::string(), first, first + "\n", first + hash, first + "\n" + a, first + "\n" + a + "\n",
        first + a + "\n" + b, "\n" + first + "\n" + a + "\n" + b, "redoubt/fork-proof@v2\n\n" + a + "\n" + b,
        "redoubt/fork-proof@v1\r\n\n" + a + "\n" + b, first + "AAAA\n\n" + a + "\n" + b,
        first + hash.substr(1) + "\n" + a + "\n" + b}) {
    const auto parsed = parse_fork_proof(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code(), Errc::kMalformed) << text;
  }
  // The second checkpoint is all that follows the first, and must be one.
  ASSERT_TRUE(verify_fork_proof(first + "\n" + a + "\n" + b, keys()));
  for (const std::string& text :
       {first + "\n" + a + b, first + "\n" + a + "\n\n" + b, first + "\n" + a + "\n" + b + "\n",
        first + "\n" + a + "\n" + b + "\n" + b, first + "\n\n" + a + "\n" + b}) {
    EXPECT_FALSE(verify_fork_proof(text, keys())) << text;
  }
}

TEST_F(ForkProofTest, HasLimits) {
  const std::string first = "redoubt/fork-proof@v1\n";
  const std::string notes = "\n" + sign(make_log(5)) + "\n" + sign(make_log(5, 4));
  std::string hashes;
  for (std::size_t i = 0; i < kMaxForkPathHashes; ++i) hashes += "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n";
  EXPECT_TRUE(parse_fork_proof(first + hashes + notes));
  EXPECT_EQ(parse_fork_proof(first + hashes + hashes.substr(0, 45) + notes).error().code(), Errc::kTooLarge);
  EXPECT_EQ(parse_fork_proof(std::string(kMaxForkProofSize + 1, 'x')).error().code(), Errc::kTooLarge);
  const std::string wordy = "o\n\n" + std::string(kMaxNoteSize, 'x') + "\n";
  EXPECT_EQ(parse_fork_proof(first + "\n" + wordy + notes.substr(0, notes.size() / 2)).error().code(), Errc::kTooLarge);

  ForkProof wrong = example();
  wrong.path.resize(kMaxForkPathHashes + 1);
  EXPECT_EQ(format_fork_proof(wrong).error().code(), Errc::kInvalidArgument);
  wrong = example();
  wrong.second = "no note";
  EXPECT_EQ(format_fork_proof(wrong).error().code(), Errc::kInvalidArgument);
  wrong = example();
  wrong.first = *sign_note("no checkpoint\n\nbut a note\n", signer_);
  EXPECT_EQ(format_fork_proof(wrong).error().code(), Errc::kInvalidArgument);
}

TEST(ForkProofExample, InTheDocumentOfTheFormatHolds) {
  const std::string document = test::read_text(REDOUBT_SOURCE_DIR "/docs/formats/fork-proof.md");
  const std::size_t begin = document.find("```\nredoubt/fork-proof@v1\n") + 4;
  const std::size_t key_begin = document.find("verifier key `") + 14;
  ASSERT_TRUE(begin > 4 && key_begin > 14);
  const auto key = VerifierKey::parse(document.substr(key_begin, document.find('`', key_begin) - key_begin));
  ASSERT_TRUE(key) << key.error().message();
  const auto fork = verify_fork_proof(document.substr(begin, document.find("```", begin) - begin), {&*key, 1});
  ASSERT_TRUE(fork) << fork.error().message();
  EXPECT_EQ(fork->first.size, TreeSize{5});
  EXPECT_EQ(fork->second.size, TreeSize{9});
}

TEST(ConsistencyRoots, AreThoseOfBothTreesOrNone) {
  auto log = make_log(40);
  for (std::uint64_t to = 2; to <= 40; ++to) {
    for (std::uint64_t from = 1; from < to; ++from) {
      std::vector<Hash> path = *consistency_proof(log, {from}, {to});
      if (std::has_single_bit(from)) path.insert(path.begin(), *tree_root(log, {from}));
      const auto roots = consistency_roots({from}, {to}, path);
      ASSERT_TRUE(roots) << roots.error().message();
      EXPECT_EQ(roots->old_root, *tree_root(log, {from}));
      EXPECT_EQ(roots->new_root, *tree_root(log, {to}));
      path.push_back(test::leaf("x"));
      EXPECT_EQ(consistency_roots({from}, {to}, path).error().code(), Errc::kVerifyFailed);
      path.resize(path.size() - 2);
      EXPECT_EQ(consistency_roots({from}, {to}, path).error().code(), Errc::kVerifyFailed);
    }
  }
  EXPECT_EQ(consistency_roots({0}, {1}, std::vector<Hash>(1)).error().code(), Errc::kInvalidArgument);
  EXPECT_EQ(consistency_roots({1}, {1}, std::vector<Hash>(1)).error().code(), Errc::kInvalidArgument);
  EXPECT_EQ(consistency_roots({2}, {1}, std::vector<Hash>(1)).error().code(), Errc::kInvalidArgument);
}

// The longest path that a tree may need.
TEST(ConsistencyRoots, OfTheLargestTreeNeed64Hashes) {
  EXPECT_TRUE(consistency_roots({1}, kMaxTreeSize, std::vector<Hash>(kMaxForkPathHashes)));
  EXPECT_TRUE(consistency_roots({3}, kMaxTreeSize, std::vector<Hash>(kMaxForkPathHashes)));
}

}  // namespace
}  // namespace redoubt::tlog
