// Which requests the server refuses by itself, over a real socket.
#include <cstdio>

#include "net/tests/loopback.h"

namespace redoubt::net::testing {
namespace {

class RequestRules : public ::testing::Test {
 protected:
  static ServerLimits limits() {
    ServerLimits out;
    out.max_head_bytes = 2048;
    out.max_headers = 8;
    out.max_body_bytes = 1000;
    return out;
  }
  // The server answers `status` and `code` without asking the handler, and closes; whether the request comes whole or
  // byte by byte.
  void expect_refused(const std::string& request, int status, const std::string& code) {
    const std::uint64_t before = server.stats().exchanges;
    for (const bool split : {false, true}) {
      SCOPED_TRACE(split ? "byte by byte" : "whole");
      Peer peer = server.connect();
      const int on = 1;
      ::setsockopt(peer.fd(), IPPROTO_TCP, 1 /* TCP_NODELAY */, &on, sizeof on);
      if (split) {
        for (const char c : request) {
          if (!peer.send({&c, 1})) break;
        }
      } else {
        peer.send(request);
      }
      const std::string reply = peer.take_message();
      EXPECT_EQ(reply.substr(0, 13), "HTTP/1.1 " + std::to_string(status) + " ");
      EXPECT_NE(reply.find("\r\nConnection: close\r\n"), std::string::npos) << reply;
      EXPECT_NE(reply.find("\r\nContent-Type: text/x-refusal\r\n"), std::string::npos) << reply;
      EXPECT_TRUE(reply.ends_with("\r\n\r\n" + code)) << reply;
      EXPECT_EQ(peer.take_to_end(), "");
      EXPECT_FALSE(peer.timed_out);
      const std::vector<std::string> told = server.take_told();
      ASSERT_EQ(told.size(), 1u);
      EXPECT_TRUE(told[0].starts_with(std::to_string(status) + "|" + code + "|127.0.0.1|")) << told[0];
    }
    EXPECT_EQ(server.stats().exchanges, before);
  }
  std::string accepted(const std::string& request) {
    Peer peer = server.connect();
    peer.send(request);
    const std::string reply = peer.take_message();
    EXPECT_EQ(reply.substr(0, 12), "HTTP/1.1 200") << reply;
    const std::size_t body = reply.find("\r\n\r\n");
    return body == std::string::npos ? "" : reply.substr(body + 4);
  }

  TestServer server{echo, limits()};
};

TEST_F(RequestRules, AcceptsAnOrdinaryRequest) {
  EXPECT_EQ(accepted("POST /v1/a%20b?q=1&r HTTP/1.1\r\nHost: h:80\r\nContent-Length: 3\r\n\r\nabc"),
            "POST|/v1/a%20b|q=1&r|abc");
}
TEST_F(RequestRules, AcceptsHostThatIsAnIpv6Address) {
  EXPECT_EQ(accepted("GET / HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n"), "GET|/||");
}
TEST_F(RequestRules, AcceptsObsTextInAValue) {
  EXPECT_EQ(accepted("GET / HTTP/1.1\r\nHost: h\r\nX: \xc3\xa9\r\n\r\n"), "GET|/||");
}
TEST_F(RequestRules, AcceptsUnknownMethodsAsOther) {
  EXPECT_EQ(accepted("BREW /pot HTTP/1.1\r\nHost: h\r\n\r\n"), "OTHER|/pot||");
}
TEST_F(RequestRules, RefusesContentLengthWithTransferEncoding) {
  expect_refused("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", 400,
                 "ambiguous_framing");
  expect_refused("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n", 400,
                 "ambiguous_framing");
}
TEST_F(RequestRules, RefusesDifferingContentLengths) {
  expect_refused("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n", 400,
                 "ambiguous_framing");
}
TEST_F(RequestRules, RefusesRepeatedEqualContentLengths) {
  expect_refused("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\n", 400,
                 "ambiguous_framing");
  expect_refused("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3, 3\r\n\r\n", 400, "ambiguous_framing");
}
TEST_F(RequestRules, RefusesContentLengthThatIsNotDigits) {
  for (const char* length : {"+3", "-3", "0x3", "3 3", "", "3.0", "99999999999999999999"}) {
    expect_refused("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::string(length) + "\r\n\r\n", 400,
                   "ambiguous_framing");
  }
}
TEST_F(RequestRules, RefusesTransferCodingsOtherThanChunked) {
  for (const char* coding :
       {"gzip, chunked", "gzip", "chunked, chunked", "identity", "chunked;a=b", "\"chunked\"", "xchunked"}) {
    expect_refused("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: " + std::string(coding) + "\r\n\r\n", 400,
                   "ambiguous_framing");
  }
  expect_refused("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 400,
                 "ambiguous_framing");
}
TEST_F(RequestRules, RefusesTransferEncodingInHttp10) {
  expect_refused("POST / HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n", 400, "ambiguous_framing");
}
TEST_F(RequestRules, RefusesObsoleteLineFolding) {
  expect_refused("GET / HTTP/1.1\r\nHost: h\r\nX: a\r\n b\r\n\r\n", 400, "malformed_request");
  expect_refused("GET / HTTP/1.1\r\nHost: h\r\nX: a\r\n\tb\r\n\r\n", 400, "malformed_request");
}
TEST_F(RequestRules, RefusesBareLineFeeds) {
  expect_refused("GET / HTTP/1.1\nHost: h\n\n", 400, "malformed_request");
  expect_refused("GET / HTTP/1.1\r\nHost: h\nX: y\r\n\r\n", 400, "malformed_request");
  expect_refused("GET / HTTP/1.1\r\nHost: h\r\n\n", 400, "malformed_request");
}
TEST_F(RequestRules, RefusesBareCarriageReturns) {
  expect_refused("GET / HTTP/1.1\r\nHost: h\r\nX: a\rb\r\n\r\n", 400, "malformed_request");
}
TEST_F(RequestRules, RefusesEmptyLinesBeforeTheRequest) {
  expect_refused("\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", 400, "malformed_request");
}
TEST_F(RequestRules, RefusesControlCharactersInValues) {
  for (const char c : {'\0', '\x01', '\x0b', '\x1f', '\x7f'}) {
    expect_refused("GET / HTTP/1.1\r\nHost: h\r\nX: a" + std::string(1, c) + "b\r\n\r\n", 400, "malformed_request");
  }
}
TEST_F(RequestRules, RefusesWhiteSpaceBeforeTheColon) {
  expect_refused("GET / HTTP/1.1\r\nHost : h\r\n\r\n", 400, "malformed_request");
  expect_refused("GET / HTTP/1.1\r\nHost: h\r\nContent-Length : 3\r\n\r\n", 400, "malformed_request");
  expect_refused("GET / HTTP/1.1\r\nHost: h\r\nX\t: 3\r\n\r\n", 400, "malformed_request");
}
TEST_F(RequestRules, RefusesFieldNamesThatAreNoTokens) {
  for (const char* name : {"", "a b", "a(b", "\xc3\xa9", "a/b", "a@b"}) {
    expect_refused("GET / HTTP/1.1\r\nHost: h\r\n" + std::string(name) + ": x\r\n\r\n", 400, "malformed_request");
  }
  expect_refused("GET / HTTP/1.1\r\nHost: h\r\nno-colon\r\n\r\n", 400, "malformed_request");
}
TEST_F(RequestRules, RefusesAMissingHost) {
  expect_refused("GET / HTTP/1.1\r\nX: y\r\n\r\n", 400, "invalid_host");
}
TEST_F(RequestRules, RefusesARepeatedHost) {
  expect_refused("GET / HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n", 400, "invalid_host");
}
TEST_F(RequestRules, RefusesAnInvalidHost) {
  for (const char* host : {"", "a b", "u@h", "h:", "h:99999", "h:1x", "h/x", "[::1", "[x]", "[::1]x", "a,b", "h:0"}) {
    expect_refused("GET / HTTP/1.1\r\nHost: " + std::string(host) + "\r\n\r\n", 400, "invalid_host");
  }
}
TEST_F(RequestRules, AcceptsAbsoluteFormWhoseAuthorityIsHost) {
  EXPECT_EQ(accepted("GET http://H:80/a?b HTTP/1.1\r\nHost: h:80\r\n\r\n"), "GET|/a|b|");
  EXPECT_EQ(accepted("GET http://h HTTP/1.1\r\nHost: h\r\n\r\n"), "GET|/||");
}
TEST_F(RequestRules, RefusesAbsoluteFormWithAnotherAuthority) {
  expect_refused("GET http://other/a HTTP/1.1\r\nHost: h\r\n\r\n", 400, "invalid_target");
  expect_refused("GET http://h:81/a HTTP/1.1\r\nHost: h\r\n\r\n", 400, "invalid_target");
  expect_refused("GET http://h@other/a HTTP/1.1\r\nHost: h\r\n\r\n", 400, "invalid_target");
  expect_refused("GET ftp://h/a HTTP/1.1\r\nHost: h\r\n\r\n", 400, "invalid_target");
}
TEST_F(RequestRules, AcceptsAsteriskForOptions) {
  EXPECT_EQ(accepted("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n"), "OPTIONS|*||");
}
TEST_F(RequestRules, RefusesAsteriskForOtherMethods) {
  expect_refused("GET * HTTP/1.1\r\nHost: h\r\n\r\n", 400, "invalid_target");
}
TEST_F(RequestRules, RefusesPathsThatDoNotBeginWithASlash) {
  expect_refused("GET a HTTP/1.1\r\nHost: h\r\n\r\n", 400, "invalid_target");
  expect_refused("GET ?a HTTP/1.1\r\nHost: h\r\n\r\n", 400, "invalid_target");
}
TEST_F(RequestRules, RefusesSpacesControlsAndNonAsciiInTheTarget) {
  expect_refused("GET /a b HTTP/1.1\r\nHost: h\r\n\r\n", 400, "malformed_request");
  expect_refused("GET /a\tb HTTP/1.1\r\nHost: h\r\n\r\n", 400, "invalid_target");
  expect_refused("GET /a\x01 HTTP/1.1\r\nHost: h\r\n\r\n", 400, "malformed_request");
  expect_refused("GET /\xc3\xa9 HTTP/1.1\r\nHost: h\r\n\r\n", 400, "invalid_target");
  expect_refused("GET /a#b HTTP/1.1\r\nHost: h\r\n\r\n", 400, "invalid_target");
  expect_refused("GET  / HTTP/1.1\r\nHost: h\r\n\r\n", 400, "invalid_target");
}
TEST_F(RequestRules, RefusesConnect) {
  expect_refused("CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n", 501, "connect_not_supported");
}
TEST_F(RequestRules, IgnoresUpgrade) {
  EXPECT_EQ(accepted("GET / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"), "GET|/||");
}
TEST_F(RequestRules, RefusesOtherVersions) {
  for (const char* version : {"HTTP/2.0", "HTTP/1.2", "HTTP/0.9", "HTTP/9.9"}) {
    expect_refused("GET / " + std::string(version) + "\r\nHost: h\r\n\r\n", 505, "version_not_supported");
  }
}
TEST_F(RequestRules, RefusesThingsThatAreNoVersion) {
  for (const char* version : {"HTTP/1", "http/1.1", "HTTP/1.1 ", "HTTP/11.1", "", "HTTPS/1.1"}) {
    expect_refused("GET / " + std::string(version) + "\r\nHost: h\r\n\r\n", 400, "malformed_request");
  }
}
TEST_F(RequestRules, RefusesAHeadAboveTheLimit) {
  expect_refused("GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(3000, 'x') + "\r\n\r\n", 431, "head_too_large");
  expect_refused("GET /" + std::string(3000, 'x') + " HTTP/1.1\r\nHost: h\r\n\r\n", 431, "head_too_large");
}
TEST_F(RequestRules, AcceptsAHeadOfExactlyTheLimitAndNotOneByteMore) {
  const std::string front = "GET / HTTP/1.1\r\nHost: h\r\nX: ";
  const std::string fill(2048 - front.size() - 4, 'x');
  EXPECT_EQ(accepted(front + fill + "\r\n\r\n"), "GET|/||");
  expect_refused(front + fill + "x\r\n\r\n", 431, "head_too_large");
}
TEST_F(RequestRules, RefusesTooManyFields) {
  std::string request = "GET / HTTP/1.1\r\nHost: h\r\n";
  for (int i = 0; i < 7; ++i) request += "X: y\r\n";
  EXPECT_EQ(accepted(request + "\r\n"), "GET|/||");
  expect_refused(request + "X: y\r\n\r\n", 431, "too_many_headers");
}
TEST_F(RequestRules, RefusesAStatedBodyAboveTheLimit) {
  expect_refused("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1001\r\n\r\n", 413, "body_too_large");
}
TEST_F(RequestRules, AnswersAChunkedBodyAboveTheLimitWhenTheHandlerDoesNot) {
  Peer peer = server.connect();
  peer.send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n" + std::string(1001, 'x') +
            "\r\n0\r\n\r\n");
  EXPECT_EQ(peer.take_to_end().substr(0, 13), "HTTP/1.1 413 ");
}
TEST_F(RequestRules, AnswersABrokenChunkedBodyWhenTheHandlerDoesNot) {
  for (const char* body : {"3\nabc\r\n0\r\n\r\n", "3\r\nabcd\r\n0\r\n\r\n", "x\r\n\r\n", "-1\r\n\r\n",
                           "3 \r\nabc\r\n0\r\n\r\n", "0\r\nA : b\r\n\r\n"}) {
    Peer peer = server.connect();
    peer.send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + std::string(body));
    const std::string reply = peer.take_to_end();
    EXPECT_EQ(reply.substr(0, 13), "HTTP/1.1 400 ") << body;
    EXPECT_NE(reply.find("malformed_body"), std::string::npos) << body;
  }
}
TEST_F(RequestRules, RefusesUnknownExpectations) {
  expect_refused("POST / HTTP/1.1\r\nHost: h\r\nExpect: miracles\r\nContent-Length: 3\r\n\r\n", 417,
                 "unknown_expectation");
}
TEST_F(RequestRules, AcceptsHttp10WithoutHostAndCloses) {
  Peer peer = server.connect();
  peer.send("GET /a HTTP/1.0\r\n\r\n");
  const std::string reply = peer.take_to_end();
  EXPECT_EQ(reply.substr(0, 15), "HTTP/1.1 200 OK");
  EXPECT_NE(reply.find("Connection: close\r\n"), std::string::npos);
  EXPECT_TRUE(reply.ends_with("GET|/a||"));
}
TEST_F(RequestRules, KeepsHttp10AliveWhenAsked) {
  Peer peer = server.connect();
  for (int i = 0; i < 2; ++i) {
    peer.send("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    EXPECT_NE(peer.take_message().find("Connection: keep-alive\r\n"), std::string::npos);
  }
}
TEST_F(RequestRules, RefusesBinaryNonsense) {
  expect_refused(std::string("\x16\x03\x01\x00\x0a\r\n\r\n", 9), 400, "malformed_request");
}

}  // namespace
}  // namespace redoubt::net::testing
