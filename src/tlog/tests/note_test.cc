#include "tlog/note.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <type_traits>

#include "tlog/tests/support.h"

namespace redoubt::tlog {
namespace {

using test::make_signer;

const std::string kDash = "\xe2\x80\x94 ";

// C2SP signed-note's example has this form; key and note are ours.
TEST(Note, IsVerifiedByTheKeyThatSigned) {
  const NoteSigner signer = make_signer("example.com/log");
  const auto note = sign_note("a\n\nb\n", signer);
  ASSERT_TRUE(note);
  EXPECT_TRUE(note->starts_with("a\n\nb\n\n" + kDash + "example.com/log "));
  const auto verified = verify_note(*note, {&signer.verifier_key(), 1});
  ASSERT_TRUE(verified) << verified.error().message();
  EXPECT_EQ(verified->note.text, "a\n\nb\n");
  EXPECT_EQ(verified->verified, std::vector<std::size_t>{0});
  EXPECT_EQ(verified->unknown_signatures, 0U);
}

TEST(Note, TextsThatAreNotPlainLinesAreNotSigned) {
  const NoteSigner signer = make_signer("n");
  for (const std::string_view text :
       {std::string_view(""), std::string_view("no newline"), std::string_view("tab\t\n"), std::string_view("cr\r\n"),
        std::string_view("nul\0\n", 5), std::string_view("\xff\n"), std::string_view("esc\x1b[0m\n")}) {
    EXPECT_EQ(sign_note(text, signer).error().code(), Errc::kInvalidArgument) << text;
  }
  EXPECT_EQ(sign_note(std::string(kMaxNoteSize - 1, 'x') + '\n', signer).error().code(), Errc::kTooLarge);
}

TEST(Note, IsRefusedAfterAnyChangeOfAByte) {
  const NoteSigner signer = make_signer("example.com/log");
  const std::string note = *sign_note("some text\nof two lines\n", signer);
  for (std::size_t i = 0; i < note.size(); ++i) {
    for (const char flip : {'\x01', '\x20', '\x40'}) {
      std::string changed = note;
      changed[i] = static_cast<char>(changed[i] ^ flip);
      EXPECT_FALSE(verify_note(changed, {&signer.verifier_key(), 1})) << i;
    }
    EXPECT_FALSE(verify_note(note.substr(0, i), {&signer.verifier_key(), 1})) << i;
  }
  EXPECT_FALSE(verify_note(note + "\n", {&signer.verifier_key(), 1}));
  EXPECT_FALSE(verify_note("\n" + note, {&signer.verifier_key(), 1}));
  EXPECT_FALSE(verify_note(note + "x", {&signer.verifier_key(), 1}));
}

TEST(Note, IgnoresUnknownKeysEvenOfAKnownName) {
  const NoteSigner signer = make_signer("example.com/log", 1);
  const NoteSigner same_name = make_signer("example.com/log", 2);
  const NoteSigner other = make_signer("example.com/other", 3);
  const std::string text = "text\n";
  const std::string note = text + "\n" + same_name.signature_line(text) + other.signature_line("another text\n") +
                           signer.signature_line(text);
  const auto verified = verify_note(note, {&signer.verifier_key(), 1});
  ASSERT_TRUE(verified) << verified.error().message();
  EXPECT_EQ(verified->unknown_signatures, 2U);
  const std::vector<VerifierKey> keys{other.verifier_key(), same_name.verifier_key(), signer.verifier_key()};
  EXPECT_EQ(verify_note(note, std::span(keys).subspan(1))->verified, (std::vector<std::size_t>{0, 1}));
  // The line of `other` is over another text; known, it refuses the note.
  EXPECT_EQ(verify_note(note, keys).error().code(), Errc::kVerifyFailed);
}

TEST(Note, NeedsASignatureOfAKnownKey) {
  const NoteSigner signer = make_signer("a", 1);
  const NoteSigner other = make_signer("b", 2);
  const std::string note = *sign_note("text\n", other);
  EXPECT_EQ(verify_note(note, {&signer.verifier_key(), 1}).error().code(), Errc::kVerifyFailed);
  EXPECT_EQ(verify_note(note, {}).error().code(), Errc::kVerifyFailed);
}

TEST(Note, NamesAKeyOnceThatSignedTwice) {
  const NoteSigner signer = make_signer("a");
  const std::string text = "text\n";
  const std::string line = signer.signature_line(text);
  EXPECT_EQ(verify_note(text + "\n" + line + line, {&signer.verifier_key(), 1})->verified.size(), 1U);
  // A second line that does not hold is not hidden behind the first.
  const std::string bad = signer.signature_line("another\n");
  EXPECT_FALSE(verify_note(text + "\n" + line + bad, {&signer.verifier_key(), 1}));
}

TEST(Note, RefusesMalformedForms) {
  const NoteSigner signer = make_signer("name");
  const std::string text = "text\n";
  const std::string line = signer.signature_line(text);
  ASSERT_TRUE(parse_note(text + "\n" + line));
  const std::string b64 = line.substr(line.rfind(' ') + 1);
  for (const std::string& note : {std::string(),
                                  std::string("\n"),
                                  std::string("\n\n"),
                                  text,
                                  text + "\n",
                                  text + line,
                                  "text\n\r\n" + line,
                                  text + "\n" + line + "\n",
                                  text + "\n\n" + line + "x\n",
                                  text + "\n" + line.substr(0, line.size() - 1),
                                  text + "\n- name " + b64,
                                  text + "\n\xe2\x80\x93 name " + b64,
                                  text + "\n\xe2\x80\x94name " + b64,
                                  text + "\n" + kDash + " name " + b64,
                                  text + "\n" + kDash + "name  " + b64,
                                  text + "\n" + kDash + b64,
                                  text + "\n" + kDash + "na+me " + b64,
                                  text + "\n" + kDash + "na\xc2\xa0me " + b64,
                                  text + "\n" + kDash + "na\xe3\x80\x80me " + b64,
                                  text + "\n" + kDash + "name \n",
                                  text + "\n" + kDash + "name AAAAAA==\n",
                                  text + "\n" + kDash + "name !" + b64,
                                  text + "\n" + kDash + "name " + b64.substr(0, b64.size() - 2) + "\n",
                                  "te\txt\n\n" + line,
                                  "te\x7f\xffxt\n\n" + line,
                                  text + "\n" + line + "x" + line}) {
    const auto parsed = parse_note(note);
    ASSERT_FALSE(parsed) << note;
    EXPECT_EQ(parsed.error().code(), Errc::kMalformed) << note;
  }
}

TEST(Note, TakesUpToAHundredSignaturesAndOneMebibyte) {
  const std::string text = "text\n";
  const std::string line = make_signer("name").signature_line(text);
  std::string note = text + "\n";
  for (std::size_t i = 0; i < kMaxNoteSignatures; ++i) note += line;
  EXPECT_EQ(parse_note(note)->signatures.size(), kMaxNoteSignatures);
  EXPECT_EQ(parse_note(note + line).error().code(), Errc::kTooLarge);
  const std::string large = std::string(kMaxNoteSize - line.size() - 2, 'x') + "\n\n" + line;
  ASSERT_EQ(large.size(), kMaxNoteSize);
  EXPECT_TRUE(parse_note(large));
  EXPECT_EQ(parse_note("x" + large).error().code(), Errc::kTooLarge);
}

TEST(Note, RefusesTwoDifferentKeysOfOneNameAndId) {
  // Ids have 32 bits, so some two of a few hundred thousand keys share one.
  std::map<KeyId, std::uint32_t> numbers;
  const auto key_of = [](std::uint32_t number) {
    crypto::Ed25519PublicKey key{};
    store_le(MutableByteView(key), number);
    return *VerifierKey::ed25519("a", key);
  };
  std::optional<std::vector<VerifierKey>> pair;
  for (std::uint32_t number = 0; !pair && number < 1'000'000; ++number) {
    const auto [known, added] = numbers.emplace(key_of(number).id(), number);
    if (!added) pair = {key_of(known->second), key_of(number)};
  }
  ASSERT_TRUE(pair);
  const NoteSigner signer = make_signer("b");
  pair->push_back(signer.verifier_key());
  const std::string note = *sign_note("text\n", signer);
  EXPECT_EQ(verify_note(note, *pair).error().code(), Errc::kInvalidArgument);
  EXPECT_TRUE(verify_note(note, std::span(*pair).subspan(1)));
}

TEST(Note, TakesTheSameKeyGivenTwice) {
  const NoteSigner signer = make_signer("a", 1);
  const std::vector<VerifierKey> twice{signer.verifier_key(), signer.verifier_key()};
  EXPECT_EQ(verify_note(*sign_note("text\n", signer), twice)->verified.size(), 2U);
}

TEST(KeyName, HasNoSpacePlusOrControlCharacter) {
  EXPECT_TRUE(is_valid_key_name("example.com/log"));
  EXPECT_TRUE(is_valid_key_name("caf\xc3\xa9"));
  EXPECT_TRUE(is_valid_key_name(std::string(kMaxKeyNameSize, 'x')));
  for (const std::string_view name :
       {std::string_view(""), std::string_view("a b"), std::string_view("a+b"), std::string_view("a\nb"),
        std::string_view("a\tb"), std::string_view("a\xc2\x85"), std::string_view("\xe1\x9a\x80"),
        std::string_view("\xe2\x80\x8a"), std::string_view("\xe2\x80\xa8"), std::string_view("\xe2\x81\x9f"),
        std::string_view("\xff"), std::string_view("a\0b", 3)}) {
    EXPECT_FALSE(is_valid_key_name(name)) << name;
    EXPECT_FALSE(VerifierKey::ed25519(std::string(name), {})) << name;
  }
  EXPECT_FALSE(is_valid_key_name(std::string(kMaxKeyNameSize + 1, 'x')));
}

TEST(VerifierKey, ReadsBackWhatItWrites) {
  for (int seed = 0; seed < 100; ++seed) {  // some with `+` in their base64
    const VerifierKey key = make_signer("example.com/log", static_cast<std::uint8_t>(seed)).verifier_key();
    const auto parsed = VerifierKey::parse(key.format());
    ASSERT_TRUE(parsed) << key.format();
    EXPECT_EQ(*parsed, key);
  }
}

TEST(VerifierKey, IsRefusedInOtherForms) {
  const std::string good = make_signer("n", 5).verifier_key().format();
  ASSERT_TRUE(VerifierKey::parse(good));
  const std::string id = good.substr(2, 8);
  const std::string b64 = good.substr(11);
  std::string upper = id;
  for (char& c : upper) c = static_cast<char>(std::toupper(c));
  ASSERT_NE(upper, id);
  for (const std::string& vkey :
       {std::string(), std::string("n"), "n+" + id, "n+" + id + "+", "+" + id + "+" + b64, "m+" + id + "+" + b64,
        "n+" + upper + "+" + b64, "n+0" + id + "+" + b64, "n+" + id.substr(1) + "+" + b64, "n++" + b64,
        "n+00000000+" + b64, good + "=", good + "\n", " " + good, good.substr(0, good.size() - 1),
        "n+" + id + "+AQ==", "n n+" + id + "+" + b64}) {
    const auto parsed = VerifierKey::parse(vkey);
    ASSERT_FALSE(parsed) << vkey;
    EXPECT_EQ(parsed.error().code(), Errc::kMalformed) << vkey;
  }
  EXPECT_EQ(VerifierKey::parse(std::string(5000, 'x')).error().code(), Errc::kTooLarge);
}

TEST(VerifierKey, OfACosignerHasTheTypeAndIdOfTheStandard) {
  // The key of a mirror of somebody else's making: type 0x04.
  const std::string vkey = "mirror.example.org+3fb148ef+BAAjjch9GyYz0sJsJx7ALhbdAtz2ov0unbzSl1vMp94O";
  const auto parsed = VerifierKey::parse(vkey);
  ASSERT_TRUE(parsed) << parsed.error().message();
  EXPECT_EQ(parsed->type(), SignatureType::kEd25519Cosignature);
  EXPECT_EQ(parsed->id().value, 0x3fb148efU);
  EXPECT_TRUE(parsed->is_cosigner());
  EXPECT_TRUE(parsed->can_verify());
  EXPECT_EQ(parsed->format(), vkey);
  crypto::Ed25519PublicKey public_key;
  std::copy(parsed->public_key().begin(), parsed->public_key().end(), public_key.begin());
  EXPECT_EQ(*VerifierKey::ed25519_cosigner("mirror.example.org", public_key), *parsed);
  // The same public key is another key, with another id, as a log's.
  const VerifierKey log_key = *VerifierKey::ed25519("mirror.example.org", public_key);
  EXPECT_NE(log_key, *parsed);
  EXPECT_NE(log_key.id(), parsed->id());
  EXPECT_FALSE(log_key.is_cosigner());
}

TEST(VerifierKey, OfMlDsa44IsReadButCannotVerifyHere) {
  const VerifierKey key = test::make_ml_dsa_key("w.example");  // its id computed apart from the library
  EXPECT_EQ(key.type(), SignatureType::kMlDsa44Cosignature);
  EXPECT_TRUE(key.is_cosigner());
  EXPECT_FALSE(key.can_verify());
  EXPECT_EQ(key.public_key().size(), 1312U);
  EXPECT_EQ(*VerifierKey::parse(key.format()), key);
  for (const std::size_t size : {std::size_t{0}, std::size_t{32}, std::size_t{1311}, std::size_t{1313}}) {
    Bytes material{std::byte{0x06}};
    material.resize(1 + size, std::byte{1});
    EXPECT_EQ(VerifierKey::parse("w.example+00000000+" + encoding::base64(material)).error().code(), Errc::kMalformed);
  }
}

TEST(Note, ReportsKnownKeysThatItCannotCheckAndNeverCountsThem) {
  const NoteSigner signer = make_signer("example.com/log");
  const VerifierKey unverifiable = test::make_ml_dsa_key("w.example");
  const std::vector<VerifierKey> keys{unverifiable, signer.verifier_key()};
  const std::string text = "text\n";
  const std::string line = test::ml_dsa_line(unverifiable, 1'700'000'000);

  const auto both = verify_note(*sign_note(text, signer) + line + line, keys);
  ASSERT_TRUE(both) << both.error().message();
  EXPECT_EQ(both->verified, std::vector<std::size_t>{1});
  EXPECT_EQ(both->not_checked, std::vector<std::size_t>{0});
  EXPECT_EQ(both->unknown_signatures, 0U);

  const auto alone = verify_note(text + "\n" + line, keys);
  ASSERT_FALSE(alone);
  EXPECT_EQ(alone.error().code(), Errc::kVerifyFailed);
  EXPECT_EQ(alone.error().message(), "the note is signed only by keys that this build cannot verify");

  // What can be told without verifying is.
  for (const std::string& wrong : {test::ml_dsa_line(unverifiable, 1, kMlDsa44SignatureSize - 1),
                                   test::ml_dsa_line(unverifiable, 1, kMlDsa44SignatureSize + 1),
                                   test::ml_dsa_line(unverifiable, std::uint64_t{1} << 63)}) {
    EXPECT_EQ(verify_note(*sign_note(text, signer) + wrong, keys).error().code(), Errc::kVerifyFailed);
  }
}

TEST(VerifierKey, OfATypeThatIsNotReadIsToldApart) {
  for (const std::uint8_t type : {0x00, 0x02, 0x03, 0x05, 0x07, 0xfa, 0xff}) {
    Bytes material{std::byte{type}};
    material.resize(33);
    const auto parsed = VerifierKey::parse("n+00000000+" + encoding::base64(material));
    ASSERT_FALSE(parsed);
    EXPECT_EQ(parsed.error().code(), Errc::kUnsupported) << int{type};
  }
}

TEST(NoteSigner, CannotBeCopied) {
  static_assert(!std::is_copy_constructible_v<NoteSigner>);
  static_assert(!std::is_copy_assignable_v<NoteSigner>);
  EXPECT_FALSE(NoteSigner::create("a b", crypto::Ed25519PrivateKey::generate()));
}

}  // namespace
}  // namespace redoubt::tlog
