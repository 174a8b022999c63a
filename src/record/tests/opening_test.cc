#include "record/opening.h"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <string>

#include "record/exchange_record.h"

namespace redoubt::record {
namespace {

Salt salt_of(unsigned char c) {
  Salt salt;
  salt.fill(static_cast<std::byte>(c));
  return salt;
}

std::string encode(std::span<const OpeningValue> values) {
  std::string out;
  const Result<> done = encode_opening(out, values);
  EXPECT_TRUE(done) << done.error().message();
  return out;
}

// One present value, one left out.
std::string example() {
  OpeningValue absent{kCompletionField, salt_of(2), {}, 5'000'000'000, false};
  const std::array values = {OpeningValue::of(kPromptField, salt_of(1), "hi"), absent};
  return encode(values);
}

Errc decode_error(std::string_view bytes) {
  const Result<Opening> opening = decode_opening(as_bytes(bytes));
  EXPECT_FALSE(opening);
  return opening ? Errc::kUnsupported : opening.error().code();
}

TEST(OpeningCodec, HasTheDocumentedBytes) {
  std::string expected;
  expected += std::string("\x01\x02", 2);
  expected += std::string("\x06prompt\x01", 8) + std::string(32, '\x01') + std::string("\x02\0\0\0\0\0\0\0hi", 10);
  expected += std::string(
                  "\x0a"
                  "completion",
                  11) +
              std::string(1, '\0') + std::string(32, '\x02');
  expected += std::string("\x00\xf2\x05\x2a\x01\0\0\0", 8);  // 5,000,000,000
  EXPECT_EQ(example(), expected);
}

TEST(OpeningCodec, RoundTrips) {
  const std::string bytes = example();
  const Result<Opening> opening = decode_opening(as_bytes(bytes));
  ASSERT_TRUE(opening) << opening.error().message();
  ASSERT_EQ(opening->values.size(), 2U);
  const OpeningValue* prompt = opening->find(kPromptField);
  ASSERT_NE(prompt, nullptr);
  EXPECT_EQ(prompt->value, "hi");
  EXPECT_EQ(prompt->salt, salt_of(1));
  EXPECT_TRUE(prompt->value_present);
  const OpeningValue* completion = opening->find(kCompletionField);
  ASSERT_NE(completion, nullptr);
  EXPECT_FALSE(completion->value_present);
  EXPECT_EQ(completion->value_size, 5'000'000'000U);
  EXPECT_EQ(completion->salt, salt_of(2));
  EXPECT_EQ(opening->find("other"), nullptr);
  EXPECT_EQ(encode(opening->values), bytes);
}

TEST(OpeningCodec, RoundTripsRandomOpenings) {
  const auto seed = std::random_device{}();
  std::mt19937 random(seed);
  SCOPED_TRACE("seed " + std::to_string(seed));
  for (int round = 0; round < 200; ++round) {
    const std::size_t count = random() % (kOpeningFieldsMax + 1);
    std::vector<std::string> texts(2 * count);
    std::vector<OpeningValue> values;
    for (std::size_t i = 0; i < count; ++i) {
      texts[2 * i] = "f" + std::to_string(i) + std::string(random() % 60, 'x');
      texts[2 * i + 1].resize(random() % 500);
      for (char& c : texts[2 * i + 1]) c = static_cast<char>(random());
      values.push_back(OpeningValue::of(texts[2 * i], random_salt(), texts[2 * i + 1]));
      if (random() % 4 == 0) {
        values.back().value = {};
        values.back().value_present = false;
      }
    }
    const std::string bytes = encode(values);
    EXPECT_EQ(bytes.size(), encoded_opening_size(values));
    const Result<Opening> opening = decode_opening(as_bytes(bytes));
    ASSERT_TRUE(opening) << opening.error().message();
    ASSERT_EQ(opening->values.size(), count);
    for (std::size_t i = 0; i < count; ++i) EXPECT_EQ(opening->values[i].value, values[i].value);
    EXPECT_EQ(encode(opening->values), bytes);
  }
}

TEST(OpeningCodec, EmptyOpeningIsTwoBytes) {
  EXPECT_EQ(encode({}), std::string("\x01\x00", 2));
  EXPECT_TRUE(decode_opening(as_bytes(std::string_view("\x01\x00", 2))));
}

TEST(OpeningCodec, EncodingAppends) {
  std::string out = "before";
  ASSERT_TRUE(encode_opening(out, {}));
  EXPECT_EQ(out, std::string("before\x01\x00", 8));
}

TEST(OpeningCodec, RefusesEveryTruncation) {
  const std::string bytes = example();
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(decode_error(std::string_view(bytes).substr(0, size)), Errc::kMalformed) << size;
  }
}

TEST(OpeningCodec, RefusesBytesAfterTheEnd) {
  EXPECT_EQ(decode_error(example() + std::string(1, '\0')), Errc::kMalformed);
}

TEST(OpeningCodec, RefusesAnotherVersion) {
  std::string bytes = example();
  bytes[0] = 2;
  EXPECT_EQ(decode_error(bytes), Errc::kUnsupported);
}

TEST(OpeningCodec, RefusesUnknownFlags) {
  std::string bytes = example();
  bytes[2 + 7] = 3;
  EXPECT_EQ(decode_error(bytes), Errc::kMalformed);
}

TEST(OpeningCodec, RefusesABadFieldName) {
  std::string bytes = example();
  bytes[3] = 'P';
  EXPECT_EQ(decode_error(bytes), Errc::kMalformed);
  std::string empty_name = encode(std::array{OpeningValue::of("a", salt_of(1), "")});
  empty_name.erase(3, 1);
  empty_name[2] = 0;
  EXPECT_EQ(decode_error(empty_name), Errc::kMalformed);
}

TEST(OpeningCodec, RefusesAFieldNameAbove64Bytes) {
  std::string bytes = encode(std::array{OpeningValue::of("a", salt_of(1), "")});
  bytes[2] = 65;
  bytes.insert(3, 64, 'a');
  EXPECT_EQ(decode_error(bytes), Errc::kMalformed);
}

TEST(OpeningCodec, RefusesARepeatedField) {
  const std::string one = encode(std::array{OpeningValue::of("a", salt_of(1), "")});
  std::string two = one + one.substr(2);
  two[1] = 2;
  EXPECT_EQ(decode_error(two), Errc::kMalformed);
}

TEST(OpeningCodec, RefusesASizeThatReachesPastTheEnd) {
  std::string bytes = encode(std::array{OpeningValue::of("a", salt_of(1), "xyz")});
  const std::size_t size_at = bytes.size() - 3 - 8;
  bytes[size_at] = 4;
  EXPECT_EQ(decode_error(bytes), Errc::kMalformed);
  for (std::size_t i = 0; i < 8; ++i) bytes[size_at + i] = '\xff';
  EXPECT_EQ(decode_error(bytes), Errc::kMalformed);
}

TEST(OpeningCodec, RefusesMoreThan16Fields) {
  EXPECT_EQ(decode_error(std::string_view("\x01\x11", 2)), Errc::kTooLarge);
  std::vector<std::string> names;
  for (int i = 0; i < 17; ++i) names.push_back("f" + std::to_string(i));
  std::vector<OpeningValue> values;
  for (const std::string& name : names) values.push_back(OpeningValue::of(name, salt_of(1), ""));
  std::string out;
  EXPECT_EQ(encode_opening(out, values).error().code(), Errc::kInvalidArgument);
  EXPECT_TRUE(out.empty());
}

TEST(OpeningCodec, RefusesMoreThan2MiB) {
  EXPECT_EQ(decode_error(std::string(kOpeningSizeMax + 1, '\x01')), Errc::kTooLarge);
  const std::string value(kOpeningSizeMax, 'x');
  std::string out;
  EXPECT_EQ(encode_opening(out, std::array{OpeningValue::of("a", salt_of(1), value)}).error().code(), Errc::kTooLarge);
  EXPECT_TRUE(out.empty());
}

TEST(OpeningCodec, RefusesToEncodeContradictions) {
  std::string out;
  OpeningValue value = OpeningValue::of("a", salt_of(1), "xyz");
  value.value_size = 4;
  EXPECT_EQ(encode_opening(out, std::array{value}).error().code(), Errc::kInvalidArgument);
  value.value_present = false;
  EXPECT_EQ(encode_opening(out, std::array{value}).error().code(), Errc::kInvalidArgument);
  value = OpeningValue::of("Bad Name", salt_of(1), "");
  EXPECT_EQ(encode_opening(out, std::array{value}).error().code(), Errc::kInvalidArgument);
  value = OpeningValue::of("a", salt_of(1), "");
  EXPECT_EQ(encode_opening(out, std::array{value, value}).error().code(), Errc::kInvalidArgument);
  EXPECT_TRUE(out.empty());
}

TEST(OpeningFit, LeavesOutTheLargestValuesFirst) {
  const std::string large(1000, 'l');
  const std::string small(100, 's');
  std::array values = {OpeningValue::of("small", salt_of(1), small), OpeningValue::of("large", salt_of(2), large)};
  const std::size_t full = encoded_opening_size(values);

  ASSERT_TRUE(fit_opening(values, full));
  EXPECT_TRUE(values[1].value_present);
  ASSERT_TRUE(fit_opening(values, full - 1));
  EXPECT_TRUE(values[0].value_present);
  EXPECT_FALSE(values[1].value_present);
  EXPECT_EQ(values[1].value_size, 1000U);
  EXPECT_EQ(values[1].salt, salt_of(2));
  EXPECT_EQ(encode(values).size(), full - 1000);
}

TEST(OpeningFit, SaysWhenNothingMoreCanBeLeftOut) {
  std::array values = {OpeningValue::of("a", salt_of(1), "value")};
  EXPECT_EQ(fit_opening(values, 20).error().code(), Errc::kTooLarge);
  EXPECT_FALSE(values[0].value_present);
}

// ---- against a record ----

class CheckOpening : public testing::Test {
 protected:
  void SetUp() override {
    ExchangeFacts facts;
    facts.exchange_uid = "00112233445566778899aabbccddeeff";
    facts.method = "POST";
    facts.path = "/v1/chat/completions";
    facts.model = "m";
    facts.caller_address = commit(address_salt_, kCallerAddressField, as_bytes("192.0.2.7"));
    const std::array commitments = {FieldCommitment{kPromptField, commit(prompt_salt_, kPromptField, as_bytes("hi"))}};
    append_admission(record_, facts, commitments);
  }

  Opening good() const {
    return {{OpeningValue::of(kPromptField, prompt_salt_, "hi"),
             OpeningValue::of(kCallerAddressField, address_salt_, "192.0.2.7")}};
  }

  void expect_refused(const Opening& opening, const std::string& field) const {
    const Result<> checked = check_opening(opening, as_bytes(record_));
    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().code(), Errc::kVerifyFailed);
    EXPECT_NE(checked.error().message().find("`" + field + "`"), std::string::npos) << checked.error().message();
  }

  const Salt prompt_salt_ = salt_of(7);
  const Salt address_salt_ = salt_of(8);
  std::string record_;
};

TEST_F(CheckOpening, AcceptsWhatTheRecordCommitsTo) {
  const Result<> checked = check_opening(good(), as_bytes(record_));
  EXPECT_TRUE(checked) << checked.error().message();
}

TEST_F(CheckOpening, AcceptsAfterTheCodec) {
  const std::string bytes = encode(good().values);
  const Result<Opening> decoded = decode_opening(as_bytes(bytes));
  ASSERT_TRUE(decoded);
  EXPECT_TRUE(check_opening(*decoded, as_bytes(record_)));
}

TEST_F(CheckOpening, AcceptsPartOfTheFields) {
  Opening part = good();
  part.values.pop_back();
  EXPECT_TRUE(check_opening(part, as_bytes(record_)));
  EXPECT_TRUE(check_opening({}, as_bytes(record_)));
}

TEST_F(CheckOpening, AcceptsAValueLeftOut) {
  Opening opening = good();
  ASSERT_TRUE(fit_opening(opening.values, 116));
  EXPECT_FALSE(opening.values[1].value_present);
  EXPECT_TRUE(check_opening(opening, as_bytes(record_)));
}

TEST_F(CheckOpening, RefusesAnAlteredValue) {
  Opening opening = good();
  opening.values[0].value = "ho";
  expect_refused(opening, "prompt");
}

TEST_F(CheckOpening, RefusesAShortenedOrExtendedValue) {
  Opening opening = good();
  opening.values[0].value = "h";
  opening.values[0].value_size = 1;
  expect_refused(opening, "prompt");
  opening.values[0].value = "hi!";
  opening.values[0].value_size = 3;
  expect_refused(opening, "prompt");
}

TEST_F(CheckOpening, RefusesASizeThatIsNotTheValues) {
  Opening opening = good();
  opening.values[0].value_size = 3;
  expect_refused(opening, "prompt");
}

TEST_F(CheckOpening, RefusesAnotherSalt) {
  Opening opening = good();
  opening.values[1].salt[0] ^= std::byte{1};
  expect_refused(opening, "caller_address");
}

TEST_F(CheckOpening, RefusesSwappedFields) {
  Opening opening = good();
  std::swap(opening.values[0].field, opening.values[1].field);
  expect_refused(opening, "caller_address");
}

TEST_F(CheckOpening, RefusesAFieldThatTheRecordDoesNotCommitTo) {
  Opening opening = good();
  opening.values.push_back(OpeningValue::of(kCompletionField, salt_of(9), "x"));
  expect_refused(opening, "completion");
  opening.values.back().value_present = false;
  expect_refused(opening, "completion");
}

TEST_F(CheckOpening, RefusesAFieldTwice) {
  Opening opening = good();
  opening.values.push_back(opening.values[0]);
  expect_refused(opening, "prompt");
}

TEST_F(CheckOpening, RefusesAnotherRecord) {
  std::string other;
  append_admission(other, {}, {});
  const Result<> checked = check_opening(good(), as_bytes(other));
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().code(), Errc::kVerifyFailed);
}

TEST_F(CheckOpening, RefusesWhatIsNoRecord) {
  EXPECT_EQ(check_opening(good(), as_bytes("")).error().code(), Errc::kMalformed);
  EXPECT_EQ(check_opening(good(), as_bytes("[]")).error().code(), Errc::kMalformed);
  EXPECT_EQ(check_opening(good(), as_bytes("{")).error().code(), Errc::kMalformed);
  EXPECT_EQ(check_opening(good(), as_bytes("{}")).error().code(), Errc::kVerifyFailed);
  EXPECT_EQ(check_opening(good(), as_bytes(R"({"unmapped":{"redoubt":{"commitments":[1]}}})")).error().code(),
            Errc::kVerifyFailed);
  EXPECT_EQ(check_opening(good(), as_bytes(std::string(kRecordSizeMax + 1, ' '))).error().code(), Errc::kTooLarge);
}

TEST_F(CheckOpening, SaysNothingOfTheValue) {
  Opening opening = good();
  opening.values[0].value = "s3cret";
  opening.values[0].value_size = 6;
  const Result<> checked = check_opening(opening, as_bytes(record_));
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().message().find("s3cret"), std::string::npos);
}

}  // namespace
}  // namespace redoubt::record
