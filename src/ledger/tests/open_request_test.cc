#include "ledger/open_request.h"

#include <gtest/gtest.h>

namespace redoubt::ledger {
namespace {

constexpr std::string_view kOrigin = "example.org/log";
constexpr UnixMillis kNow{1'700'000'000'000};

class OpenRequestTest : public ::testing::Test {
 protected:
  OpenRequest sign(std::string_view reason = "audit 2026-11", UnixMillis time = kNow) const {
    auto request = sign_open_request(opener_, kOrigin, {42}, time, reader_.public_key, reason);
    EXPECT_TRUE(request) << request.error().message();
    return *request;
  }
  Result<> check(const OpenRequest& request, std::string_view origin = kOrigin, UnixMillis now = kNow) const {
    const crypto::Ed25519PublicKey openers[] = {crypto::Ed25519PrivateKey::generate().public_key(),
                                                opener_.public_key()};
    return check_open_request(request, origin, openers, now);
  }
  void expect_denied(const OpenRequest& request) const {
    const auto checked = check(request);
    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().code(), Errc::kPermissionDenied);
  }

  const crypto::Ed25519PrivateKey opener_ = crypto::Ed25519PrivateKey::generate();
  const crypto::X25519KeyPair reader_ = crypto::X25519KeyPair::generate();
};

TEST_F(OpenRequestTest, HoldsForItsLogAndOpener) {
  EXPECT_TRUE(check(sign()));
  EXPECT_EQ(sign().index.value, 42U);
  EXPECT_EQ(sign().reason, "audit 2026-11");
}

TEST_F(OpenRequestTest, AnyAlteredFieldIsDenied) {
  const OpenRequest good = sign();
  OpenRequest bad = good;
  bad.index.value = 43;
  expect_denied(bad);
  bad = good;
  bad.time.value += 1;
  expect_denied(bad);
  bad = good;
  bad.reader = crypto::X25519KeyPair::generate().public_key;  // whoever passes the request on wants the answer
  expect_denied(bad);
  bad = good;
  bad.reason = "audit 2026-12";
  expect_denied(bad);
  for (std::size_t i = 0; i < good.signature.size(); ++i) {
    bad = good;
    bad.signature[i] ^= std::byte{1};
    expect_denied(bad);
  }
}

TEST_F(OpenRequestTest, AnUnknownOpenerIsDenied) {
  const auto stranger = crypto::Ed25519PrivateKey::generate();
  expect_denied(*sign_open_request(stranger, kOrigin, {42}, kNow, reader_.public_key, "because"));
  OpenRequest borrowed = sign();
  borrowed.opener = stranger.public_key();
  expect_denied(borrowed);
  EXPECT_FALSE(check_open_request(sign(), kOrigin, {}, kNow));
}

TEST_F(OpenRequestTest, AnotherLogsRequestIsDenied) {
  EXPECT_EQ(check(sign(), "example.org/other").error().code(), Errc::kPermissionDenied);
}

TEST_F(OpenRequestTest, IsDeniedWhenItsTimeIsTooFarFromNow) {
  EXPECT_TRUE(check(sign("late", {kNow.value - kOpenRequestMaxSkewMs})));
  EXPECT_TRUE(check(sign("early", {kNow.value + kOpenRequestMaxSkewMs})));
  expect_denied(sign("late", {kNow.value - kOpenRequestMaxSkewMs - 1}));
  expect_denied(sign("early", {kNow.value + kOpenRequestMaxSkewMs + 1}));
  expect_denied(sign("at the beginning of time", {INT64_MIN}));
  expect_denied(sign("at its end", {INT64_MAX}));
}

TEST_F(OpenRequestTest, NeedsAReasonOfOneTo256BytesWithoutControlCharacters) {
  for (const std::string& reason :
       {std::string(), std::string(257, 'r'), std::string("two\nlines"), std::string("nul\0", 4),
        std::string("del\x7f"), std::string("\xff not UTF-8"), std::string("\xc0\x8a overlong newline")}) {
    const auto signed_request = sign_open_request(opener_, kOrigin, {1}, kNow, reader_.public_key, reason);
    ASSERT_FALSE(signed_request);
    EXPECT_EQ(signed_request.error().code(), Errc::kInvalidArgument);
    OpenRequest request = sign();
    request.reason = reason;
    EXPECT_EQ(check(request).error().code(), Errc::kMalformed);
    EXPECT_EQ(decode_open_request(encode_open_request(request)).error().code(), Errc::kMalformed);
  }
  EXPECT_TRUE(check(sign(std::string(256, 'r'))));
  EXPECT_TRUE(check(sign("r")));
  EXPECT_TRUE(check(sign("r\xc3\xa9vision")));
}

TEST_F(OpenRequestTest, BinaryFormReadsBack) {
  const OpenRequest request = sign();
  const Bytes bytes = encode_open_request(request);
  EXPECT_EQ(bytes.size(), OpenRequest::kFixedSize + request.reason.size());
  const auto decoded = decode_open_request(bytes);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->index, request.index);
  EXPECT_EQ(decoded->time, request.time);
  EXPECT_EQ(decoded->reader, request.reader);
  EXPECT_EQ(decoded->opener, request.opener);
  EXPECT_EQ(decoded->signature, request.signature);
  EXPECT_EQ(decoded->reason, request.reason);
  EXPECT_TRUE(check(*decoded));
}

TEST_F(OpenRequestTest, EveryAlteredByteOfTheBinaryFormIsDenied) {
  const Bytes good = encode_open_request(sign());
  for (std::size_t i = 0; i < good.size(); ++i) {
    Bytes bad = good;
    bad[i] ^= std::byte{1};
    const auto decoded = decode_open_request(bad);
    if (decoded) {
      EXPECT_FALSE(check(*decoded)) << i;
    }
  }
}

TEST_F(OpenRequestTest, BinaryFormOfAnotherLengthIsMalformed) {
  const Bytes good = encode_open_request(sign("r"));
  for (std::size_t size = 0; size <= OpenRequest::kFixedSize; ++size) {
    EXPECT_EQ(decode_open_request(ByteView(good).first(size)).error().code(), Errc::kMalformed) << size;
  }
  EXPECT_FALSE(decode_open_request(Bytes(OpenRequest::kFixedSize + kMaxReasonBytes + 1, std::byte{'a'})));
}

TEST_F(OpenRequestTest, AnswerOpensForItsReaderAndRequestOnly) {
  const OpenRequest request = sign();
  const Bytes opening = to_bytes(as_bytes("the values"));
  const auto sealed = seal_opened(request, opening);
  ASSERT_TRUE(sealed);
  const auto opened = open_opened(request, reader_, *sealed);
  ASSERT_TRUE(opened) << opened.error().message();
  EXPECT_EQ(*opened, opening);

  EXPECT_EQ(open_opened(request, crypto::X25519KeyPair::generate(), *sealed).error().code(), Errc::kVerifyFailed);
  EXPECT_EQ(open_opened(sign("another request"), reader_, *sealed).error().code(), Errc::kVerifyFailed);
  for (std::size_t i = 0; i < sealed->size(); i += 3) {
    Bytes bad = *sealed;
    bad[i] ^= std::byte{1};
    EXPECT_FALSE(open_opened(request, reader_, bad)) << i;
  }
  for (std::size_t size = 0; size < sealed->size(); ++size) {
    EXPECT_FALSE(open_opened(request, reader_, ByteView(*sealed).first(size))) << size;
  }
}

TEST_F(OpenRequestTest, NothingIsSealedToAKeyOfSmallOrder) {
  OpenRequest request = sign();
  request.reader = {};
  EXPECT_EQ(seal_opened(request, as_bytes("the values")).error().code(), Errc::kVerifyFailed);
}

}  // namespace
}  // namespace redoubt::ledger
