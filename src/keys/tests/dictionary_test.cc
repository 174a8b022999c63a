// Dictionaries from the records to their recognition: sealed, opened by the keeper, keyed.
#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <random>

#include "crypto/kdf.h"
#include "keys/dictionary_opener.h"
#include "keys/keyed_records.h"
#include "keys/sealed_dictionary.h"

namespace redoubt::keys {
namespace {

class Dictionary : public testing::Test {
 protected:
  std::string seal(std::vector<std::string> records, std::string_view name = "patients") {
    auto text = seal_dictionary(opener_.public_key(), name, std::move(records));
    return text ? *text : std::string(to_string(text.error().code()));
  }
  static SealedDictionary parsed(std::string_view text, std::string_view name = "patients") {
    auto dictionary = SealedDictionary::parse(name, text);
    EXPECT_TRUE(dictionary) << dictionary.error().message();
    return dictionary ? *std::move(dictionary) : SealedDictionary{};
  }
  static std::string refusal(std::string_view text, std::string_view name = "patients") {
    const auto dictionary = SealedDictionary::parse(name, text);
    return dictionary ? "accepted" : std::string(to_string(dictionary.error().code()));
  }
  Result<KeyedRecords> keyed(const SealedDictionary& dictionary) {
    KeyedRecords::Builder builder(dictionary.records());
    for (const DictionaryPart& part : dictionary.parts) {
      const auto answer = opener_.key(part);
      if (!answer) return answer.error();
      if (auto done = builder.add(*answer); !done) return done.error();
    }
    return builder.finish();
  }
  // What becomes of the part with one thing about it changed.
  Errc opened_as(DictionaryPart part, void (*change)(DictionaryPart&)) {
    change(part);
    const auto answer = opener_.key(part);
    EXPECT_FALSE(answer);
    return answer ? Errc::kCancelled : answer.error().code();
  }

  DictionaryOpener opener_{crypto::X25519KeyPair::generate()};
};

std::vector<std::string> numbers(std::size_t count, std::size_t padding = 0) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < count; ++i) out.push_back(std::to_string(10'000'000 + i) + std::string(padding, 'x'));
  return out;
}

TEST_F(Dictionary, KeyedKnowsItsRecordsAndNoOthers) {
  const auto records = keyed(parsed(seal({"10203040", "ann lee", "10203040"})));
  ASSERT_TRUE(records) << records.error().message();
  EXPECT_EQ(records->size(), 2U);
  EXPECT_TRUE(records->contains("10203040"));
  EXPECT_TRUE(records->contains("ann lee"));
  for (const char* other : {"10203041", "ann  lee", "", "10203040\n"}) EXPECT_FALSE(records->contains(other)) << other;
}

TEST_F(Dictionary, OfManyPartsKnowsEachRecord) {
  const std::uint64_t seed = std::random_device{}();
  std::cout << "seed " << seed << "\n";
  std::mt19937_64 random(seed);
  std::vector<std::string> all;
  for (int i = 0; i < 10'000; ++i) all.push_back(std::string(1 + random() % 60, 'a') + std::to_string(random()));
  const SealedDictionary dictionary = parsed(seal(all));
  EXPECT_GT(dictionary.parts.size(), 2U);
  for (const DictionaryPart& part : dictionary.parts) EXPECT_EQ(part.parts, dictionary.parts.size());
  const auto records = keyed(dictionary);
  ASSERT_TRUE(records) << records.error().message();
  for (const std::string& record : all) {
    ASSERT_TRUE(records->contains(record));
    ASSERT_FALSE(records->contains(record + "0"));
  }
}

TEST_F(Dictionary, StoredSaysNothingOfItsRecords) {
  const std::string a = seal({"10203040"});
  const std::string b = seal({"10203040"});
  EXPECT_TRUE(a.starts_with("redoubt-dictionary-v1 "));
  EXPECT_NE(a, b) << "the same records are sealed anew";
  EXPECT_EQ(a.find("10203040"), std::string::npos);
  EXPECT_EQ(a.size(), seal({"55667788"}).size()) << "records of the same length look the same";
}

// RFC 2104, as any other implementation computes it.
TEST_F(Dictionary, TagsAreTheFirstBytesOfAnHmac) {
  const auto answer = opener_.key(parsed(seal({"10203040"})).parts.front());
  ASSERT_TRUE(answer);
  const ByteView bytes = *answer;
  ASSERT_EQ(bytes.size(), 40U);
  const crypto::Sha256Digest digest = crypto::hmac_sha256(bytes.first(32), {as_bytes(std::string_view("10203040"))});
  EXPECT_TRUE(std::ranges::equal(bytes.last(8), ByteView(digest).first(8)));
}

TEST_F(Dictionary, IsKeyedAnewInEachLifeOfTheKeeperAndForEachSealing) {
  const auto key_pair = crypto::X25519KeyPair::generate();
  const auto pair_again = [&] { return *crypto::X25519KeyPair::from_private(key_pair.private_key.reveal()); };
  const DictionaryOpener one(pair_again());
  const DictionaryOpener other(pair_again());
  const auto text = seal_dictionary(key_pair.public_key, "patients", {"10203040"});
  const auto text2 = seal_dictionary(key_pair.public_key, "patients", {"10203040"});
  ASSERT_TRUE(text && text2);
  const DictionaryPart part = parsed(*text).parts.front();
  const auto tag = [](const Result<Bytes>& answer) { return Bytes(answer->end() - 8, answer->end()); };
  EXPECT_EQ(*one.key(part), *one.key(part));
  EXPECT_NE(tag(one.key(part)), tag(other.key(part)));
  EXPECT_NE(tag(one.key(part)), tag(one.key(parsed(*text2).parts.front())));
}

TEST_F(Dictionary, OpensUnderItsNameForItsKeeperAlone) {
  const std::string text = seal({"10203040"});
  EXPECT_EQ(keyed(parsed(text, "others")).error().code(), Errc::kVerifyFailed);
  const DictionaryOpener other(crypto::X25519KeyPair::generate());
  const DictionaryPart part = parsed(text).parts.front();
  EXPECT_EQ(other.key(part).error().code(), Errc::kVerifyFailed);
  for (std::size_t i = 0; i < part.sealed.size(); ++i) {
    DictionaryPart altered = part;
    altered.sealed[i] ^= std::byte{1};
    EXPECT_EQ(opener_.key(altered).error().code(), Errc::kVerifyFailed) << i;
    altered.sealed.resize(i);
    EXPECT_FALSE(opener_.key(altered)) << i;
  }
}

TEST_F(Dictionary, APartHoldsInItsPlaceOfItsSealingAlone) {
  const SealedDictionary dictionary = parsed(seal(numbers(2 * kDictionaryPartRecordsMax)));
  ASSERT_EQ(dictionary.parts.size(), 2U);
  const DictionaryPart part = dictionary.parts[1];
  EXPECT_EQ(opened_as(part, [](DictionaryPart& p) { p.index = 0; }), Errc::kVerifyFailed);
  EXPECT_EQ(opened_as(part, [](DictionaryPart& p) { ++p.parts; }), Errc::kVerifyFailed);
  EXPECT_EQ(opened_as(part, [](DictionaryPart& p) { --p.records; }), Errc::kVerifyFailed);
  EXPECT_EQ(opened_as(part, [](DictionaryPart& p) { p.id[0] ^= std::byte{1}; }), Errc::kVerifyFailed);
}

TEST_F(Dictionary, WithALineLeftOutDoubledOrMovedIsRefused) {
  const std::string text = seal(numbers(3 * kDictionaryPartRecordsMax));
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at) + 1;
    lines.push_back(text.substr(at, end - at));
    at = end;
  }
  ASSERT_EQ(lines.size(), 4U);
  const auto outcome = [&](const std::string& changed) {
    const auto dictionary = SealedDictionary::parse("patients", changed);
    if (!dictionary) return dictionary.error().code();
    const auto records = keyed(*dictionary);
    return records ? Errc::kCancelled : records.error().code();
  };
  EXPECT_EQ(outcome(lines[0] + lines[1] + lines[2]), Errc::kMalformed);
  EXPECT_EQ(outcome(text + lines[3]), Errc::kVerifyFailed);
  EXPECT_EQ(outcome(lines[0] + lines[2] + lines[1] + lines[3]), Errc::kVerifyFailed);
  EXPECT_EQ(outcome(lines[0] + lines[1] + lines[1] + lines[3]), Errc::kVerifyFailed);
  EXPECT_EQ(outcome(text.substr(0, text.size() - 1)), Errc::kMalformed);
}

TEST_F(Dictionary, WhatIsNoDictionaryIsNotSealed) {
  EXPECT_EQ(seal({}), "invalid_argument");
  EXPECT_EQ(seal({""}), "invalid_argument");
  EXPECT_EQ(seal({"a\nb"}), "invalid_argument");
  EXPECT_EQ(seal({std::string(kDictionaryRecordMax + 1, 'a')}), "invalid_argument");
  for (const char* name : {"", "a b", "../a", ".a", "a\"b"}) EXPECT_EQ(seal({"a"}, name), "invalid_argument") << name;
  EXPECT_EQ(seal({"a"}, std::string(kDictionaryNameMax + 1, 'a')), "invalid_argument");
  EXPECT_EQ(seal(numbers(kDictionaryRecordsMax + 1)), "too_large");
  EXPECT_EQ(seal(numbers(60'000, 240)), "too_large") << "of 15 MB, 20 MB sealed";
}

TEST_F(Dictionary, OfAMillionRecordsIsTakenWhole) {
  const SealedDictionary dictionary = parsed(seal(numbers(kDictionaryRecordsMax)));
  EXPECT_EQ(dictionary.records(), kDictionaryRecordsMax);
  EXPECT_EQ(dictionary.parts.size(), (kDictionaryRecordsMax + 4095) / 4096);
}

TEST_F(Dictionary, TextThatIsNoneIsRefused) {
  const std::string good = seal({"10203040"});
  const std::size_t id = std::string("redoubt-dictionary-v1 ").size();
  ASSERT_EQ(refusal(good), "accepted");
  EXPECT_EQ(refusal(good, "../a"), "malformed");
  std::string text = good;
  text[id] = 'g';
  EXPECT_EQ(refusal(text), "malformed") << "no identifier";
  for (const char* records : {"", "0", "01", "-1", "1x", "4097", "99999999999"}) {
    text = good;
    EXPECT_EQ(refusal(text.replace(id + 33, 1, records)), "malformed") << records;
  }
  text = good;
  EXPECT_EQ(refusal(text.replace(id + 33, 1, "1000001")), "too_large");
  for (const char* bad : {"", "\n", "redoubt-dictionary-v1", "redoubt-dictionary-v1 \n", "redoubt-dictionary-v2 "}) {
    EXPECT_EQ(refusal(bad), "malformed") << bad;
  }
  EXPECT_EQ(refusal(good.substr(0, good.find('\n') + 1)), "malformed") << "no parts";
  EXPECT_EQ(refusal(good.substr(0, good.find('\n') + 1) + "QUFB\n"), "malformed") << "a part too short";
  EXPECT_EQ(refusal(good.substr(0, good.find('\n') + 1) + std::string(90'000, 'A') + "\n"), "malformed");
  EXPECT_EQ(refusal(good + std::string(kSealedDictionaryMax, 'A')), "too_large");
}

TEST_F(Dictionary, APartThatIsNoneIsNotDecoded) {
  const Bytes good = encode_dictionary_part(parsed(seal({"10203040"})).parts.front());
  ASSERT_TRUE(decode_dictionary_part(good));
  // Below 86 bytes no room is left for what is sealed: header (29), name (8), key and tag (48), one byte.
  for (std::size_t size = 0; size < 86; ++size)
    EXPECT_FALSE(decode_dictionary_part(ByteView(good).first(size))) << size;
  const auto with = [&](std::size_t at, std::uint8_t value) {
    Bytes changed = good;
    changed[at] = std::byte{value};
    return decode_dictionary_part(changed).has_value();
  };
  EXPECT_FALSE(with(16, 0)) << "no records";
  EXPECT_FALSE(with(19, 1)) << "16 million records";
  EXPECT_FALSE(with(20, 0)) << "no parts";
  EXPECT_FALSE(with(20, 2)) << "more parts than records";
  EXPECT_FALSE(with(24, 1)) << "a part after the last";
  EXPECT_FALSE(with(28, 0)) << "no name";
  EXPECT_FALSE(with(28, 255)) << "a name that is longer than all";
  EXPECT_FALSE(with(29, ' ')) << "another name";
}

TEST_F(Dictionary, WhatIsSealedMustBeRecords) {
  const auto outcome = [&](std::string_view plain) {
    DictionaryPart part{.name = "patients", .id = {}, .records = 1, .parts = 1, .index = 0, .sealed = {}};
    const auto sealed =
        crypto::hpke_seal(opener_.public_key(), dictionary_info(), dictionary_part_header(part), as_bytes(plain));
    part.sealed = to_bytes(sealed->encapsulated_key);
    append(part.sealed, sealed->ciphertext);
    const auto answer = opener_.key(part);
    return answer ? "keyed" : std::string(to_string(answer.error().code()));
  };
  EXPECT_EQ(outcome("a\n"), "keyed");
  EXPECT_EQ(outcome("a"), "malformed");
  EXPECT_EQ(outcome("\n"), "malformed");
  EXPECT_EQ(outcome("a\n\n"), "malformed");
  EXPECT_EQ(outcome(std::string(kDictionaryRecordMax + 1, 'a') + "\n"), "malformed");
  std::string many;
  for (std::size_t i = 0; i <= kDictionaryPartRecordsMax; ++i) many += "a\n";
  EXPECT_EQ(outcome(many), "malformed");
}

TEST(KeyedRecords, AreThoseOfAllAnswersUnderOneKey) {
  const DictionaryOpener opener(crypto::X25519KeyPair::generate());
  const auto text = seal_dictionary(opener.public_key(), "patients", {"a", "b"});
  const auto answer = opener.key(SealedDictionary::parse("patients", *text)->parts.front());
  ASSERT_TRUE(answer);
  const auto outcome = [](std::size_t records, const std::vector<Bytes>& answers) {
    KeyedRecords::Builder builder(records);
    for (const Bytes& each : answers) {
      if (!builder.add(each)) return "refused";
    }
    return builder.finish() ? "whole" : "not whole";
  };
  Bytes of_another_key = *answer;
  of_another_key[0] ^= std::byte{1};
  EXPECT_STREQ(outcome(2, {*answer}), "whole");
  EXPECT_STREQ(outcome(4, {*answer, *answer}), "whole");
  EXPECT_STREQ(outcome(3, {*answer}), "not whole");
  EXPECT_STREQ(outcome(1, {*answer}), "refused");
  EXPECT_STREQ(outcome(4, {*answer, of_another_key}), "refused");
  for (const std::size_t size : {0, 32, 33, 47}) {
    EXPECT_STREQ(outcome(2, {Bytes(answer->begin(), answer->begin() + static_cast<std::ptrdiff_t>(size))}), "refused");
  }
}

TEST(KeyedRecords, OfPlainOnesKnowThem) {
  const std::vector<std::string> plain = {"10203040", "ann lee"};
  const KeyedRecords records = KeyedRecords::of(plain);
  EXPECT_TRUE(records.contains("ann lee"));
  EXPECT_FALSE(records.contains("ann"));
  EXPECT_FALSE(KeyedRecords::of({}).contains(""));
}

}  // namespace
}  // namespace redoubt::keys
