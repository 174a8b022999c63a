#include "standin/http_request.h"

#include <gtest/gtest.h>

#include <string>

namespace redoubt::standin {
namespace {

using State = ParseOutcome::State;

ParseOutcome parse(std::string_view text) {
  return parse_request(text, HttpLimits());
}
int refused(std::string_view text) {
  const ParseOutcome outcome = parse(text);
  return outcome.state == State::kRefused ? outcome.status : 0;
}

constexpr std::string_view kPost =
    "POST /v1/chat/completions?a=b HTTP/1.1\r\nHost: x\r\ncontent-LENGTH: 5\r\nAuthorization: Bearer k\r\n\r\nhello";

TEST(StandinRequest, ReadsMethodPathAndBody) {
  const ParseOutcome outcome = parse(kPost);
  ASSERT_EQ(outcome.state, State::kComplete);
  EXPECT_EQ(outcome.size, kPost.size());
  EXPECT_EQ(outcome.request.method, "POST");
  EXPECT_EQ(outcome.request.path, "/v1/chat/completions");
  EXPECT_EQ(outcome.request.body, "hello");
  EXPECT_TRUE(outcome.request.keep_alive);
  EXPECT_TRUE(outcome.request.has_credentials);
}

TEST(StandinRequest, EveryPrefixIsIncomplete) {
  for (std::size_t size = 0; size < kPost.size(); ++size) {
    EXPECT_EQ(parse(kPost.substr(0, size)).state, State::kIncomplete) << size;
  }
}

TEST(StandinRequest, SaysHowMuchIsMissingOnceTheHeadIsThere) {
  EXPECT_EQ(parse(kPost.substr(0, 20)).size, 0u);
  EXPECT_EQ(parse(kPost.substr(0, kPost.size() - 5)).size, kPost.size());
}

TEST(StandinRequest, TakesOnlyTheFirstOfPipelinedRequests) {
  const std::string two = std::string(kPost) + "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
  EXPECT_EQ(parse(two).size, kPost.size());
}

TEST(StandinRequest, IgnoresAnEmptyLineBeforeTheRequest) {
  EXPECT_EQ(parse("\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n").state, State::kComplete);
}

TEST(StandinRequest, AcceptsAbsoluteForm) {
  EXPECT_EQ(parse("GET http://x/v1/models HTTP/1.1\r\nHost: x\r\n\r\n").request.path, "/v1/models");
  EXPECT_EQ(parse("GET http://x HTTP/1.1\r\nHost: x\r\n\r\n").request.path, "/");
}

TEST(StandinRequest, KeepAliveFollowsVersionAndConnection) {
  EXPECT_FALSE(parse("GET / HTTP/1.1\r\nHost: x\r\nConnection: foo, Close\r\n\r\n").request.keep_alive);
  EXPECT_FALSE(parse("GET / HTTP/1.0\r\n\r\n").request.keep_alive);
  EXPECT_TRUE(parse("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").request.keep_alive);
}

TEST(StandinRequest, ReportsAnExpectation) {
  const ParseOutcome outcome = parse("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(outcome.state, State::kIncomplete);
  EXPECT_TRUE(outcome.expects_continue);
  EXPECT_EQ(refused("POST / HTTP/1.1\r\nHost: x\r\nExpect: wonders\r\n\r\n"), 417);
}

TEST(StandinRequest, RefusesTwoLengths) {
  EXPECT_EQ(refused("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na"), 400);
}

TEST(StandinRequest, RefusesLengthBesideTransferEncoding) {
  EXPECT_EQ(refused("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\na"), 400);
}

TEST(StandinRequest, RefusesLengthsThatAreNotNumbers) {
  for (const char* length : {"", "+1", "-1", "1 1", "0x1", "1,1"}) {
    EXPECT_EQ(refused("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::string(length) + "\r\n\r\n"), 400)
        << length;
  }
}

TEST(StandinRequest, RefusesLengthsAboveTheLimitWithoutOverflow) {
  EXPECT_EQ(refused("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4194305\r\n\r\n"), 413);
  EXPECT_EQ(refused("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 18446744073709551617\r\n\r\n"), 413);
}

TEST(StandinRequest, AsksForALengthInPlaceOfChunks) {
  EXPECT_EQ(refused("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 411);
}

TEST(StandinRequest, RefusesOtherTransferCodings) {
  EXPECT_EQ(refused("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"), 501);
}

TEST(StandinRequest, RefusesMissingOrRepeatedHost) {
  EXPECT_EQ(refused("GET / HTTP/1.1\r\n\r\n"), 400);
  EXPECT_EQ(refused("GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n"), 400);
}

TEST(StandinRequest, RefusesMalformedFields) {
  for (const char* field : {"no colon", "Space : x", ": empty", " folded: x", "X: a\x01z", "X: a\nb", "X: a\rb"}) {
    EXPECT_EQ(refused("GET / HTTP/1.1\r\nHost: x\r\n" + std::string(field) + "\r\n\r\n"), 400) << field;
  }
}

TEST(StandinRequest, RefusesMalformedRequestLines) {
  for (const char* line : {"GET /", "GET  / HTTP/1.1", "GET / HTTP/1.1 ", "G\x01T / HTTP/1.1", "GET x HTTP/1.1",
                           "GET * HTTP/1.1", "GET / http/1.1", "GET /\x80 HTTP/1.1"}) {
    EXPECT_EQ(refused(std::string(line) + "\r\nHost: x\r\n\r\n"), 400) << line;
  }
  EXPECT_EQ(refused("GET / HTTP/2.0\r\nHost: x\r\n\r\n"), 505);
}

TEST(StandinRequest, RefusesWhatDoesNotBeginLikeHttpAtOnce) {
  EXPECT_EQ(refused("\x16\x03\x01"), 400);
}

TEST(StandinRequest, RefusesHeadsAboveTheLimits) {
  EXPECT_EQ(refused("GET / HTTP/1.1\r\nHost: x\r\nX: " + std::string(16 * 1024, 'a') + "\r\n\r\n"), 431);
  EXPECT_EQ(refused("GET / HTTP/1.1\r\nX: " + std::string(16 * 1024, 'a')), 431);
  std::string many = "GET / HTTP/1.1\r\nHost: x\r\n";
  for (int i = 0; i < 64; ++i) many += "a: b\r\n";
  EXPECT_EQ(refused(many + "\r\n"), 431);
}

}  // namespace
}  // namespace redoubt::standin
