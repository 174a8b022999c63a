#include "tlog/cosignature.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <type_traits>

#include "tlog/tests/support.h"

namespace redoubt::tlog {
namespace {

using test::make_cosigner;
using test::make_signer;

constexpr std::uint64_t kTime = 1'679'315'147;

class CosignatureTest : public ::testing::Test {
 protected:
  std::string cosigned(const std::vector<std::string>& lines) const {
    std::string note = signed_;
    for (const std::string& line : lines) note += line;
    return note;
  }
  std::string line(const Cosigner& witness, std::uint64_t unix_seconds = kTime) const {
    return *witness.signature_line(text_, unix_seconds);
  }
  std::vector<VerifierKey> keys() const { return {first_.verifier_key(), second_.verifier_key()}; }

  NoteSigner log_ = make_signer("example.com/log", 1);
  Cosigner first_ = make_cosigner("w1.example", 2);
  Cosigner second_ = make_cosigner("w2.example", 3);
  std::string text_ = *format_checkpoint({"example.com/log", {123}, empty_root(), {"an extension"}});
  std::string signed_ = *sign_note(text_, log_);
};

TEST_F(CosignatureTest, IsOverHeaderTimeAndTheWholeNoteText) {
  const auto note = parse_note(cosigned({line(first_)}));
  ASSERT_TRUE(note);
  const NoteSignature& signature = note->signatures.at(1);
  EXPECT_EQ(signature.key_name, "w1.example");
  ASSERT_EQ(signature.signature.size(), 72U);
  EXPECT_EQ(load_be<std::uint64_t>(signature.signature), kTime);
  const std::string message = "cosignature/v1\ntime 1679315147\n" + text_;
  crypto::Ed25519PublicKey key;
  std::copy_n(first_.verifier_key().public_key().begin(), key.size(), key.begin());
  EXPECT_TRUE(crypto::ed25519_verify(key, as_bytes(message), ByteView(signature.signature).subspan(8)));
  // The key id is SHA-256(name || 0x0A || 0x04 || key), cut to four bytes.
  Bytes named = to_bytes(as_bytes("w1.example\n\x04"));
  append(named, key);
  EXPECT_EQ(signature.key_id.value, load_be<std::uint32_t>(crypto::sha256(named)));
}

TEST_F(CosignatureTest, SaysWhoCosignedAndWhen) {
  const auto found = check_cosignatures(cosigned({line(second_, kTime + 5), line(first_)}), keys());
  ASSERT_TRUE(found) << found.error().message();
  EXPECT_EQ(found->verified, (std::vector<Cosignature>{{0, kTime, 2}, {1, kTime + 5, 1}}));
  EXPECT_TRUE(found->not_checked.empty());
  EXPECT_EQ(found->other_signatures, 1U);  // the log's
}

TEST_F(CosignatureTest, NobodyHavingCosignedIsNoError) {
  const auto found = check_cosignatures(signed_, keys());
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->verified.empty());
  EXPECT_TRUE(check_cosignatures(signed_, {}));
}

TEST_F(CosignatureTest, LinesOfUnknownKeysAreIgnored) {
  const Cosigner same_name = make_cosigner("w1.example", 9);
  const Cosigner same_key = make_cosigner("w3.example", 2);
  std::string bad = line(same_name);
  bad[bad.size() - 8] ^= 1;
  const auto found = check_cosignatures(cosigned({line(same_name), bad, line(same_key)}), keys());
  ASSERT_TRUE(found) << found.error().message();
  EXPECT_TRUE(found->verified.empty());
  EXPECT_EQ(found->other_signatures, 4U);
}

TEST_F(CosignatureTest, ALineOfAKnownWitnessThatDoesNotHoldMakesTheNoteInvalid) {
  const auto valid = parse_note(cosigned({line(first_), line(second_)}));
  ASSERT_TRUE(valid);
  ASSERT_TRUE(check_cosignatures(*valid, keys()));
  for (std::size_t i = 0; i < 72; ++i) {
    Note changed = *valid;
    changed.signatures[2].signature[i] ^= std::byte{1};
    EXPECT_EQ(check_cosignatures(changed, keys()).error().code(), Errc::kVerifyFailed) << i;
  }
  for (const std::size_t size : {1U, 8U, 64U, 71U, 73U}) {
    Note changed = *valid;
    changed.signatures[1].signature.resize(size);
    EXPECT_EQ(check_cosignatures(changed, keys()).error().code(), Errc::kVerifyFailed) << size;
  }
  Note moved = *valid;
  moved.text = *format_checkpoint({"example.com/log", {124}, empty_root(), {"an extension"}});
  EXPECT_EQ(check_cosignatures(moved, keys()).error().code(), Errc::kVerifyFailed);
  moved.text = *format_checkpoint({"example.com/log", {123}, empty_root(), {}});
  EXPECT_EQ(check_cosignatures(moved, keys()).error().code(), Errc::kVerifyFailed);
}

TEST_F(CosignatureTest, IsNotAPlainSignatureNorTheOtherWayRound) {
  // One private key under one name, as a log's and as a witness's: neither's lines hold for the other.
  const NoteSigner log = make_signer("both.example", 4);
  const Cosigner witness = make_cosigner("both.example", 4);
  const Note plain = *parse_note(*sign_note(text_, log));
  Note disguised = plain;
  disguised.signatures[0].key_id = witness.verifier_key().id();
  EXPECT_EQ(check_cosignatures(disguised, {&witness.verifier_key(), 1}).error().code(), Errc::kVerifyFailed);
  Bytes timed(8);
  store_be(MutableByteView(timed), kTime);
  append(timed, plain.signatures[0].signature);
  disguised.signatures[0].signature = timed;
  EXPECT_EQ(check_cosignatures(disguised, {&witness.verifier_key(), 1}).error().code(), Errc::kVerifyFailed);
}

TEST_F(CosignatureTest, TimeIsFromOneToTheLastSecondOf63Bits) {
  for (const std::uint64_t time : {std::uint64_t{1}, kMaxCosignatureTime}) {
    const auto found = check_cosignatures(cosigned({line(first_, time)}), keys());
    ASSERT_TRUE(found);
    EXPECT_EQ(found->verified.at(0).unix_seconds, time);
  }
  const auto key = crypto::Ed25519PrivateKey::from_seed(Bytes(32, std::byte{2}));
  for (const std::uint64_t time : {std::uint64_t{0}, kMaxCosignatureTime + 1, UINT64_MAX}) {
    EXPECT_EQ(first_.signature_line(text_, time).error().code(), Errc::kInvalidArgument);
    // The same made by somebody who does not care.
    Bytes signature(8);
    store_be(MutableByteView(signature), time);
    append(signature, key->sign(as_bytes("cosignature/v1\ntime " + std::to_string(time) + "\n" + text_)));
    const std::string careless = format_signature_line({"w1.example", first_.verifier_key().id(), signature});
    EXPECT_EQ(check_cosignatures(cosigned({careless}), keys()).error().code(), Errc::kVerifyFailed) << time;
  }
}

TEST_F(CosignatureTest, OfAWitnessThatSignedTwiceTheLatestCounts) {
  for (const auto& lines : {std::vector{line(first_, kTime), line(first_, kTime + 9)},
                            std::vector{line(first_, kTime + 9), line(first_, kTime)}}) {
    const auto found = check_cosignatures(cosigned(lines), keys());
    ASSERT_TRUE(found);
    ASSERT_EQ(found->verified.size(), 1U);
    EXPECT_EQ(found->verified[0].unix_seconds, kTime + 9);
    EXPECT_EQ(format_signature_line(parse_note(cosigned(lines))->signatures[found->verified[0].line]),
              line(first_, kTime + 9));
  }
}

TEST_F(CosignatureTest, OfMlDsa44IsReportedAsNotChecked) {
  std::vector<VerifierKey> witnesses = keys();
  witnesses.push_back(test::make_ml_dsa_key("w4.example"));
  const auto found = check_cosignatures(cosigned({test::ml_dsa_line(witnesses[2], 0), line(second_)}), witnesses);
  ASSERT_TRUE(found) << found.error().message();
  EXPECT_EQ(found->not_checked, std::vector<std::size_t>{2});
  EXPECT_EQ(found->verified, (std::vector<Cosignature>{{1, kTime, 2}}));
  EXPECT_EQ(found->other_signatures, 1U);
}

TEST_F(CosignatureTest, IsNotLookedForWithTheKeyOfALog) {
  std::vector<VerifierKey> witnesses = keys();
  witnesses.push_back(log_.verifier_key());
  const auto refused = check_cosignatures(signed_, witnesses);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Errc::kInvalidArgument);
  EXPECT_EQ(refused.error().message(), "the key of `example.com/log` is not a witness's: of type Ed25519 (0x01)");
}

TEST_F(CosignatureTest, IsOnlyMadeAndReadOnCheckpoints) {
  EXPECT_EQ(first_.signature_line("text\n", kTime).error().code(), Errc::kInvalidArgument);
  EXPECT_EQ(first_.signature_line(signed_, kTime).error().code(), Errc::kInvalidArgument);
  EXPECT_EQ(first_.signature_line("", kTime).error().code(), Errc::kInvalidArgument);
  EXPECT_EQ(check_cosignatures(*sign_note("text\n", log_), keys()).error().code(), Errc::kMalformed);
  EXPECT_EQ(check_cosignatures("", keys()).error().code(), Errc::kMalformed);
}

TEST(Cosigner, CannotBeCopied) {
  static_assert(!std::is_copy_constructible_v<Cosigner>);
  static_assert(!std::is_copy_assignable_v<Cosigner>);
  EXPECT_FALSE(Cosigner::create("a b", crypto::Ed25519PrivateKey::generate()));
  EXPECT_FALSE(Cosigner::create("a+b", crypto::Ed25519PrivateKey::generate()));
}

}  // namespace
}  // namespace redoubt::tlog
