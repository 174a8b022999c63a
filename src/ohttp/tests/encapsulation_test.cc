// Chunked oblivious requests and responses.
#include "ohttp/encapsulation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "crypto/tests/vector_file.h"
#include "ohttp/binary_http.h"

namespace redoubt::ohttp {
namespace {

using crypto::X25519KeyPair;

class EncapsulationTest : public ::testing::Test {
 protected:
  SealedRequest seal(ByteView content) {
    auto sealed = seal_request(configuration_, content);
    EXPECT_TRUE(sealed);
    return *std::move(sealed);
  }
  OpenedRequest open(ByteView message) {
    auto opened = open_request(pair_, message);
    EXPECT_TRUE(opened);
    return *std::move(opened);
  }
  // A response of these pieces and an end.
  static Bytes answer(ResponseSealer& sealer, const std::vector<std::string>& pieces, std::string_view last = {}) {
    Bytes out = to_bytes(sealer.begin());
    for (const std::string& each : pieces) sealer.add(out, as_bytes(each));
    sealer.end(out, as_bytes(last));
    return out;
  }

  const X25519KeyPair pair_ = X25519KeyPair::generate();
  const KeyConfiguration configuration_{.id = 3, .public_key = pair_.public_key};
};

TEST(Encapsulation, AgreesWithAnotherImplementation) {
  for (crypto::VectorCase& vector : crypto::read_vectors("../../ohttp/testdata/chunked_go.txt")) {
    const auto pair = X25519KeyPair::from_private(vector.bytes("recipient_private"));
    ASSERT_TRUE(pair);
    const Bytes message = vector.bytes("request");
    const auto head = read_request_head(message);
    ASSERT_TRUE(head);
    EXPECT_EQ(Bytes{std::byte{head->key_id}}, vector.bytes("key_id"));
    auto opened = open_request_with_nonce_for_test(*pair, message, vector.array<32>("response_nonce"));
    ASSERT_TRUE(opened) << opened.error().message();
    EXPECT_EQ(opened->content, vector.bytes("content"));
    const auto request = read_request(opened->content);
    ASSERT_TRUE(request) << request.error().message();
    EXPECT_EQ(request->path, "/v1/chat/completions");
    EXPECT_EQ(request->content, R"({"model":"m"})");
    Bytes response = to_bytes(opened->response.begin());
    opened->response.add(response, as_bytes("first piece"));
    opened->response.add(response, as_bytes("second piece"));
    opened->response.end(response, as_bytes("end"));
    EXPECT_EQ(response, vector.bytes("response"));
  }
}

TEST_F(EncapsulationTest, CarriesContentOfAnySizeInPiecesOfAnySize) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, kMaxChunk - 1, kMaxChunk, kMaxChunk + 1, 3 * kMaxChunk, std::size_t{100'000}}) {
    const std::string content(size, 'q');
    SealedRequest sealed = seal(as_bytes(content));
    OpenedRequest opened = open(sealed.message);
    EXPECT_EQ(as_chars(opened.content), content) << size;
    std::vector<std::string> pieces;
    std::string all;
    for (std::size_t i = 0; i < 5; ++i) {
      pieces.emplace_back(random() % (2 * kMaxChunk), static_cast<char>('a' + i));
      all += pieces.back();
    }
    const Bytes response = answer(opened.response, pieces, "last");
    std::string got;
    for (ByteView rest = response; !rest.empty();) {
      const ByteView piece = rest.first(std::min<std::size_t>(rest.size(), 1 + random() % 20'000));
      const auto fed = sealed.response.feed(piece);
      ASSERT_TRUE(fed) << fed.error().message();
      got += as_chars(*fed);
      rest = rest.subspan(piece.size());
    }
    const auto end = sealed.response.end();
    ASSERT_TRUE(end) << end.error().message();
    got += as_chars(*end);
    EXPECT_EQ(got, all + "last");
  }
}

TEST_F(EncapsulationTest, NoticesAResponseCutAnywhere) {
  for (std::size_t size = 0;; ++size) {
    SealedRequest sealed = seal(as_bytes("q"));
    OpenedRequest opened = open(sealed.message);
    const Bytes response = answer(opened.response, {"one", "two"}, "end");
    if (size == response.size()) break;
    const auto fed = sealed.response.feed(ByteView(response).first(size));
    EXPECT_FALSE(fed && sealed.response.end()) << size;
  }
}

TEST_F(EncapsulationTest, NoticesAnyChangedByte) {
  const Bytes message = seal(as_bytes("a request of some bytes")).message;
  // The first byte, the key's name, is bound, too.
  for (std::size_t i = 0; i < message.size(); ++i) {
    Bytes changed = message;
    changed[i] ^= std::byte{1};
    EXPECT_FALSE(open_request(pair_, changed)) << i;
  }
  for (std::size_t size = 0; size < message.size(); ++size) {
    EXPECT_FALSE(open_request(pair_, ByteView(message).first(size))) << size;
  }
  Bytes longer = message;
  longer.push_back(std::byte{0});
  EXPECT_FALSE(open_request(pair_, longer));
}

TEST_F(EncapsulationTest, RefusesChunksSwappedLeftOutAndTakenForTheLast) {
  const std::string content(kMaxChunk * 2 + 1, 'x');
  const Bytes message = seal(as_bytes(content)).message;
  const std::size_t head = 7 + 32;
  const std::size_t chunk = 4 + kMaxChunk + 16;  // its length takes four bytes
  const auto part = [&](std::size_t from, std::size_t size) { return ByteView(message).subspan(from, size); };
  Bytes swapped = to_bytes(part(0, head));
  append(swapped, part(head + chunk, chunk));
  append(swapped, part(head, chunk));
  append(swapped, part(head + 2 * chunk, message.size() - head - 2 * chunk));
  EXPECT_EQ(open_request(pair_, swapped).error().code(), Errc::kVerifyFailed);
  Bytes shorter = to_bytes(part(0, head + chunk));
  append(shorter, part(head + 2 * chunk, message.size() - head - 2 * chunk));
  EXPECT_EQ(open_request(pair_, shorter).error().code(), Errc::kVerifyFailed);
  Bytes early = to_bytes(part(0, head));
  early.push_back(std::byte{0});
  append(early, part(head + 4, chunk - 4));
  EXPECT_EQ(open_request(pair_, early).error().code(), Errc::kVerifyFailed);
  EXPECT_EQ(open_request(pair_, part(0, head + chunk)).error().code(), Errc::kMalformed) << "no final chunk";
}

TEST_F(EncapsulationTest, IsForItsKeyItsRequestAndItsDirectionOnly) {
  SealedRequest sealed = seal(as_bytes("q"));
  EXPECT_FALSE(open_request(X25519KeyPair::generate(), sealed.message)) << "another key";
  OpenedRequest opened = open(sealed.message);
  const Bytes response = answer(opened.response, {"one"});
  EXPECT_FALSE(open_request(pair_, response)) << "a response sent back as a request";
  SealedRequest other = seal(as_bytes("q"));
  const auto crossed = other.response.feed(response);
  EXPECT_FALSE(crossed) << "another request's response";
  const auto reflected = sealed.response.feed(sealed.message);
  EXPECT_FALSE(reflected && sealed.response.end()) << "the request sent back as its response";
}

TEST_F(EncapsulationTest, AnErrorIsFinal) {
  SealedRequest sealed = seal(as_bytes("q"));
  OpenedRequest opened = open(sealed.message);
  const Bytes response = answer(opened.response, {"one"});
  Bytes changed = response;
  changed[40] ^= std::byte{1};
  EXPECT_FALSE(sealed.response.feed(changed));
  EXPECT_FALSE(sealed.response.feed(response));
  EXPECT_FALSE(sealed.response.end());
}

TEST_F(EncapsulationTest, BoundsChunks) {
  SealedRequest sealed = seal(as_bytes("q"));
  Bytes nonce(kResponseNonceSize);
  ASSERT_TRUE(sealed.response.feed(nonce));
  EXPECT_EQ(sealed.response.feed(Bytes{std::byte{0x80}, std::byte{0}, std::byte{0x40}, std::byte{0x11}}).error().code(),
            Errc::kMalformed);
  SealedRequest endless = seal(as_bytes("q"));
  ASSERT_TRUE(endless.response.feed(Bytes(kResponseNonceSize + 1)));  // the final chunk begins
  EXPECT_EQ(endless.response.feed(Bytes(kMaxChunk + 17)).error().code(), Errc::kMalformed);
}

TEST(Encapsulation, RefusesAKeyOfSmallOrder) {
  EXPECT_FALSE(seal_request({.id = 1, .public_key = {}}, as_bytes("q")));
}

}  // namespace
}  // namespace redoubt::ohttp
