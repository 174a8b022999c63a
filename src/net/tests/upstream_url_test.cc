#include <gtest/gtest.h>

#include "net/http_client.h"

namespace redoubt::net {
namespace {

void expect_parts(const char* url, bool tls, const char* host, int port, const char* base_path) {
  auto parsed = UpstreamUrl::parse(url);
  ASSERT_TRUE(parsed) << url << ": " << parsed.error().message();
  EXPECT_EQ(parsed->tls, tls) << url;
  EXPECT_EQ(parsed->host, host) << url;
  EXPECT_EQ(parsed->port, port) << url;
  EXPECT_EQ(parsed->base_path, base_path) << url;
}

TEST(UpstreamUrl, TakesUrlsApart) {
  expect_parts("http://h", false, "h", 80, "");
  expect_parts("HTTPS://Models.Example:8443/base/", true, "models.example", 8443, "/base");
  expect_parts("https://h/", true, "h", 443, "");
  expect_parts("http://[::1]:81/a%20b//", false, "::1", 81, "/a%20b");
  expect_parts("http://127.0.0.1:1", false, "127.0.0.1", 1, "");
}

TEST(UpstreamUrl, HttpToAnotherMachineIsInTheClear) {
  for (const char* url : {"http://models.example", "http://192.0.2.1:8000", "http://[2001:db8::1]", "http://0.0.0.0",
                          "http://localhost.example", "http://127.0.0.1.example", "HTTP://10.0.0.1"}) {
    EXPECT_TRUE(UpstreamUrl::parse(url)->in_the_clear()) << url;
  }
  for (const char* url : {"https://models.example", "https://192.0.2.1", "http://127.0.0.1:8000", "http://127.8.9.1",
                          "http://[::1]:81", "http://localhost", "HTTP://LOCALHOST:1"}) {
    EXPECT_FALSE(UpstreamUrl::parse(url)->in_the_clear()) << url;
  }
}

TEST(UpstreamUrl, RefusesWhatItDoesNotUnderstand) {
  for (const char* url : {"",
                          "h",
                          "//h",
                          "ftp://h",
                          "http:/h",
                          "http://",
                          "http:///a",
                          "http://u@h",
                          "http://u:p@h/",
                          "http://h?q",
                          "http://h/a?q",
                          "http://h/#f",
                          "http://h:",
                          "http://h:0",
                          "http://h:65536",
                          "http://h:8x",
                          "http://[::1",
                          "http://[h]",
                          "http://::1",
                          "http://[fe80::1%25eth0]",
                          "http://h/a b",
                          "http://h/%2",
                          "http://h/%zz",
                          "http://h/\r\nX",
                          "http://h\r\n",
                          "http://\xc3\xa9",
                          "http://h/\\",
                          "http://h,i/",
                          " http://h"}) {
    auto parsed = UpstreamUrl::parse(url);
    ASSERT_FALSE(parsed) << url;
    EXPECT_EQ(parsed.error().code(), Errc::kInvalidArgument);
  }
  EXPECT_FALSE(UpstreamUrl::parse("http://h/" + std::string(3000, 'a')));
}

}  // namespace
}  // namespace redoubt::net
