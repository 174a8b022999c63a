#include "notify/curl_transport.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <string>
#include <thread>

#include "base/unique_fd.h"

namespace redoubt::notify::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// A double of a receiver: takes one connection, and answers byte by byte.
class ReceiverDouble {
 public:
  ReceiverDouble(std::string answer, milliseconds between) {
    listening_ = UniqueFd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(listening_.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(listening_.get(), 4), 0);
    EXPECT_EQ(::getsockname(listening_.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this, answer = std::move(answer), between] { serve(answer, between); });
  }
  ~ReceiverDouble() {
    stop_ = true;
    thread_.join();
  }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/"; }

 private:
  void serve(const std::string& answer, milliseconds between) {
    pollfd wait{.fd = listening_.get(), .events = POLLIN, .revents = 0};
    while (!stop_ && ::poll(&wait, 1, 10) == 0) continue;
    if (stop_) return;
    const UniqueFd connection(::accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    std::array<char, 4096> request{};
    static_cast<void>(::recv(connection.get(), request.data(), request.size(), 0));
    const std::size_t step = between.count() == 0 ? answer.size() : 1;
    for (std::size_t at = 0; at < answer.size() && !stop_; at += step) {
      if (::send(connection.get(), answer.data() + at, std::min(step, answer.size() - at), MSG_NOSIGNAL) < 0) return;
      std::this_thread::sleep_for(between);
    }
    while (!stop_ && answer.empty()) std::this_thread::sleep_for(milliseconds(2));
  }

  UniqueFd listening_;
  std::uint16_t port_ = 0;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

class CurlTransportTest : public testing::Test {
 protected:
  void SetUp() override {
    auto made = CurlTransport::create({.connect = milliseconds(500), .whole = milliseconds(700)});
    ASSERT_TRUE(made) << made.error().message();
    transport = *std::move(made);
    message.headers = {{"Content-Type", "application/json"}};
    message.body = "{}";
  }
  Answer send(const std::string& url) {
    message.url = url;
    return transport->send(endpoint, message, stop);
  }
  Answer answered(const std::string& answer, milliseconds between = milliseconds(0)) {
    const ReceiverDouble receiver(answer, between);
    return send(receiver.url());
  }

  std::unique_ptr<CurlTransport> transport;
  Endpoint endpoint{.name = "e",
                    .type = EndpointType::kWebhook,
                    .url = "https://e.example/",
                    .allow_private = true,
                    .allow_plain = true};
  Message message;
  std::atomic<bool> stop{false};
};

TEST_F(CurlTransportTest, WhatIsTakenIsDelivered) {
  EXPECT_TRUE(answered("HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n").delivered);
}

TEST_F(CurlTransportTest, RefusalsSayWhetherToComeAgain) {
  const Answer busy = answered("HTTP/1.1 429 Too Many\r\nRetry-After: 30\r\nContent-Length: 0\r\n\r\n");
  EXPECT_FALSE(busy.delivered);
  EXPECT_TRUE(busy.again);
  EXPECT_EQ(busy.after, seconds(30));
  const Answer wrong = answered("HTTP/1.1 400 Bad\r\nContent-Length: 12\r\n\r\nsecret words");
  EXPECT_FALSE(wrong.again);
  EXPECT_EQ(wrong.why, "the endpoint answers 400");
  EXPECT_TRUE(answered("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n").again);
}

TEST_F(CurlTransportTest, RedirectsLeadNowhere) {
  const ReceiverDouble other("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", milliseconds(0));
  const Answer sent = answered("HTTP/1.1 302 Found\r\nLocation: " + other.url() + "\r\nContent-Length: 0\r\n\r\n");
  EXPECT_FALSE(sent.delivered);
  EXPECT_FALSE(sent.again);
}

TEST_F(CurlTransportTest, WhoeverHangsOrDripsOrFloodsIsLeft) {
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_TRUE(answered("").again) << "it says nothing";
  EXPECT_TRUE(answered("HTTP/1.1 200 OK\r\nX: " + std::string(1000, 'x'), milliseconds(20)).again) << "it drips";
  EXPECT_LT(std::chrono::steady_clock::now() - begin, seconds(4));
  const Answer flood = answered("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + std::string(1'000'000, 'x'));
  EXPECT_EQ(flood.why, "the answer is too long");
}

TEST_F(CurlTransportTest, WhoeverIsNotThereIsTriedAgain) {
  EXPECT_TRUE(send("http://127.0.0.1:1/").again);
}

TEST_F(CurlTransportTest, StopsSoonWhenItIsTold) {
  const ReceiverDouble silent("", milliseconds(0));
  auto patient = CurlTransport::create({.connect = seconds(5), .whole = seconds(15)});
  ASSERT_TRUE(patient);
  std::thread later([this] {
    std::this_thread::sleep_for(milliseconds(100));
    stop = true;
  });
  message.url = silent.url();
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_FALSE((*patient)->send(endpoint, message, stop).delivered);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, seconds(5));
  later.join();
}

// Server-side request forgery by name or by number: the address decides, when the connection is made.
TEST_F(CurlTransportTest, NothingPrivateIsReachedUnlessItMayBe) {
  endpoint.allow_private = false;
  const ReceiverDouble receiver("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", milliseconds(0));
  for (const std::string& url : {receiver.url(), std::string("http://localhost:9/"), std::string("http://[::1]:9/"),
                                 std::string("http://0x7f000001:9/"), std::string("http://10.0.0.1:9/")}) {
    const Answer sent = send(url);
    EXPECT_FALSE(sent.delivered);
    EXPECT_FALSE(sent.again) << url;
    EXPECT_EQ(sent.why, "the endpoint's name leads to an address where none may be") << url;
  }
  endpoint.allow_private = true;
  EXPECT_FALSE(send("http://169.254.169.254/latest/meta-data/").again) << "where clouds keep credentials, never";
  EXPECT_FALSE(send("http://[::ffff:169.254.169.254]/").again);
  EXPECT_FALSE(send("file:///etc/passwd").delivered);
  EXPECT_FALSE(send("gopher://127.0.0.1:25/").delivered);
}

TEST(Addresses, ArePublicOrNot) {
  const auto is_public = [](const char* text) {
    std::array<std::byte, 16> bytes{};
    const bool six = std::string_view(text).find(':') != std::string_view::npos;
    EXPECT_EQ(::inet_pton(six ? AF_INET6 : AF_INET, text, bytes.data()), 1) << text;
    return is_public_address(ByteView(bytes).first(six ? 16 : 4));
  };
  for (const char* const yes : {"1.1.1.1", "8.8.8.8", "172.15.0.1", "172.32.0.1", "100.63.0.1", "192.0.3.1",
                                "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"}) {
    EXPECT_TRUE(is_public(yes)) << yes;
  }
  for (const char* const no : {"0.0.0.0",
                               "10.1.2.3",
                               "127.0.0.1",
                               "100.64.0.1",
                               "169.254.1.1",
                               "172.16.0.1",
                               "192.168.1.1",
                               "192.0.2.1",
                               "198.18.0.1",
                               "198.51.100.1",
                               "203.0.113.1",
                               "224.0.0.1",
                               "255.255.255.255",
                               "::",
                               "::1",
                               "fe80::1",
                               "fc00::1",
                               "ff02::1",
                               "2001:db8::1",
                               "2002:7f00:1::",
                               "2001::1",
                               "::ffff:10.0.0.1",
                               "::ffff:127.0.0.1",
                               "64:ff9b::169.254.169.254",
                               "::127.0.0.1"}) {
    EXPECT_FALSE(is_public(no)) << no;
  }
}

}  // namespace
}  // namespace redoubt::notify::test
