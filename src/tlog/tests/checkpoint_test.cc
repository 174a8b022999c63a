#include "tlog/checkpoint.h"

#include <gtest/gtest.h>

#include "tlog/tests/support.h"

namespace redoubt::tlog {
namespace {

using test::make_signer;

const std::string kRoot = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";

Checkpoint example() {
  return {"example.com/log", {123}, empty_root(), {}};
}

TEST(Checkpoint, HasOneLineForEachPart) {
  EXPECT_EQ(*format_checkpoint(example()), "example.com/log\n123\n" + kRoot + "\n");
  Checkpoint extended = example();
  extended.extensions = {"one", "and two"};
  EXPECT_EQ(*format_checkpoint(extended), "example.com/log\n123\n" + kRoot + "\none\nand two\n");
}

TEST(Checkpoint, ReadsBackWhatItWrites) {
  for (const std::uint64_t size : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{10}, kMaxTreeSize.value}) {
    for (const auto& extensions : {std::vector<std::string>{}, std::vector<std::string>{"x", " y "}}) {
      const Checkpoint checkpoint{"rekor.example - 2605736670972794746", {size}, test::leaf("x"), extensions};
      const auto parsed = parse_checkpoint(*format_checkpoint(checkpoint));
      ASSERT_TRUE(parsed) << parsed.error().message();
      EXPECT_EQ(*parsed, checkpoint);
    }
  }
}

TEST(Checkpoint, RefusesEveryOtherForm) {
  for (const std::string& text : {
           std::string(),
           std::string("\n"),
           std::string("o\n1\n"),
           "o\n1\n" + kRoot,
           "o\n" + kRoot + "\n",
           "\n1\n" + kRoot + "\n",
           "o\n\n" + kRoot + "\n",
           "o\n01\n" + kRoot + "\n",
           "o\n00\n" + kRoot + "\n",
           "o\n+1\n" + kRoot + "\n",
           "o\n-1\n" + kRoot + "\n",
           "o\n 1\n" + kRoot + "\n",
           "o\n1 \n" + kRoot + "\n",
           "o\n0x1\n" + kRoot + "\n",
           "o\n1e3\n" + kRoot + "\n",
           "o\n9223372036854775808\n" + kRoot + "\n",
           "o\n18446744073709551616\n" + kRoot + "\n",
           "o\n99999999999999999999999999\n" + kRoot + "\n",
           "o\n1\n" + kRoot.substr(1) + "\n",
           "o\n1\n" + kRoot.substr(0, 43) + "\n",
           "o\n1\n" + kRoot + "=\n",
           "o\n1\nAA" + kRoot.substr(2, 41) + "A\n",
           std::string("o\n1\nAAAA\n"),
           "o\n1\n" + kRoot.substr(0, 42) + "V=\n",  // unused bits set
           "o\n1\n" + kRoot + "\n\n",
           "o\n1\n" + kRoot + "\nx\n\n",
           "o\n1\n" + kRoot + "\n\nx\n",
           "o\n1\n" + kRoot + "\nx",
           "o\r\n1\r\n" + kRoot + "\r\n",
           "o\t\n1\n" + kRoot + "\n",
           "o\xff\n1\n" + kRoot + "\n",
       }) {
    const auto parsed = parse_checkpoint(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code(), Errc::kMalformed) << text;
  }
  EXPECT_EQ(parse_checkpoint(std::string(kMaxNoteSize + 1, 'x')).error().code(), Errc::kTooLarge);
}

TEST(Checkpoint, IsNotWrittenWithLinesThatCouldNotBeRead) {
  for (const std::string& line : {std::string(), std::string("a\nb"), std::string("a\tb"), std::string("\xff")}) {
    Checkpoint checkpoint = example();
    checkpoint.origin = line;
    EXPECT_EQ(format_checkpoint(checkpoint).error().code(), Errc::kInvalidArgument);
    checkpoint = example();
    checkpoint.extensions = {"fine", line};
    EXPECT_EQ(format_checkpoint(checkpoint).error().code(), Errc::kInvalidArgument);
  }
  Checkpoint checkpoint = example();
  checkpoint.size = {kMaxTreeSize.value + 1};
  EXPECT_EQ(format_checkpoint(checkpoint).error().code(), Errc::kInvalidArgument);
}

TEST(Checkpoint, OpensWithTheKeyThatSigned) {
  const NoteSigner signer = make_signer("example.com/log");
  const auto note = sign_checkpoint(example(), signer);
  ASSERT_TRUE(note);
  const auto opened = open_checkpoint(*note, {&signer.verifier_key(), 1});
  ASSERT_TRUE(opened) << opened.error().message();
  EXPECT_EQ(*opened, example());
}

TEST(Checkpoint, RejectsSignatureFromUnknownKey) {
  const NoteSigner signer = make_signer("example.com/log", 1);
  const NoteSigner other = make_signer("example.com/log", 2);
  const std::string note = *sign_checkpoint(example(), signer);
  EXPECT_EQ(open_checkpoint(note, {&other.verifier_key(), 1}).error().code(), Errc::kVerifyFailed);
  EXPECT_EQ(open_checkpoint(note, {}).error().code(), Errc::kVerifyFailed);
}

TEST(Checkpoint, RejectsAnotherOrigin) {
  const NoteSigner signer = make_signer("key.example");
  const std::string note = *sign_checkpoint(example(), signer);
  const std::span<const VerifierKey> keys(&signer.verifier_key(), 1);
  EXPECT_EQ(open_checkpoint(note, keys).error().code(), Errc::kVerifyFailed);
  EXPECT_EQ(open_checkpoint(note, keys, "example.com/lo").error().code(), Errc::kVerifyFailed);
  EXPECT_TRUE(open_checkpoint(note, keys, "example.com/log"));
  EXPECT_EQ(open_checkpoint_of_any_origin(note, keys)->origin, "example.com/log");
}

TEST(Checkpoint, OriginMustBeTheNameOfAKeyThatSignedNotOfAnother) {
  const NoteSigner log = make_signer("example.com/log", 1);
  const NoteSigner stranger = make_signer("stranger.example", 2);
  const std::vector<VerifierKey> keys{log.verifier_key(), stranger.verifier_key()};
  EXPECT_FALSE(open_checkpoint(*sign_checkpoint(example(), stranger), keys));
  EXPECT_TRUE(open_checkpoint(*sign_checkpoint(example(), log), keys));
}

TEST(Checkpoint, RejectsASignedNoteThatIsNone) {
  const NoteSigner signer = make_signer("example.com/log");
  const std::span<const VerifierKey> keys(&signer.verifier_key(), 1);
  EXPECT_EQ(open_checkpoint(*sign_note("example.com/log\n7\n", signer), keys).error().code(), Errc::kMalformed);
}

TEST(Checkpoint, IsNotOpenedWithTheKeyOfAWitness) {
  const NoteSigner log = make_signer("example.com/log", 1);
  const Cosigner witness = test::make_cosigner("example.com/log", 1);
  const std::string text = *format_checkpoint(example());
  const std::string note = *sign_note(text, log) + *witness.signature_line(text, 1'700'000'000);
  ASSERT_TRUE(open_checkpoint(note, {&log.verifier_key(), 1}));
  const std::vector<VerifierKey> both{log.verifier_key(), witness.verifier_key()};
  for (const std::span<const VerifierKey> keys : {std::span(both), std::span(both).last(1)}) {
    EXPECT_EQ(open_checkpoint(note, keys).error().code(), Errc::kInvalidArgument);
    EXPECT_EQ(open_checkpoint(note, keys, "example.com/log").error().code(), Errc::kInvalidArgument);
    EXPECT_EQ(open_checkpoint_of_any_origin(note, keys).error().code(), Errc::kInvalidArgument);
  }
  EXPECT_EQ(open_checkpoint(note, std::span(both).last(1)).error().message(),
            "the key of `example.com/log` is a witness's, not a log's: of type Ed25519 cosignature (0x04)");
  const VerifierKey unverifiable = test::make_ml_dsa_key("example.com/log");
  EXPECT_EQ(open_checkpoint(note, {&unverifiable, 1}).error().code(), Errc::kUnsupported);
}

}  // namespace
}  // namespace redoubt::tlog
