// The server over loopback, as a client sees it.
#include "standin/server.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <thread>

#include "base/unique_fd.h"

namespace redoubt::standin {
namespace {

class Running {
 public:
  explicit Running(Options options) : stop_(::eventfd(0, EFD_CLOEXEC)) {
    auto server = Server::create("127.0.0.1:0", std::move(options));
    if (!server) throw std::runtime_error(server.error().message());
    server_ = *std::move(server);
    thread_ = std::thread([this] { EXPECT_TRUE(server_->run(stop_.get())); });
  }
  ~Running() {
    const std::uint64_t one = 1;
    EXPECT_EQ(::write(stop_.get(), &one, sizeof(one)), 8);
    thread_.join();
  }
  std::uint16_t port() const {
    const std::string& url = server_->url();
    return static_cast<std::uint16_t>(std::stoi(url.substr(url.rfind(':') + 1)));
  }

 private:
  UniqueFd stop_;
  std::unique_ptr<Server> server_;
  std::thread thread_;
};

class Client {
 public:
  explicit Client(const Running& server) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const timeval limit{10, 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(server.port());
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) {
      throw std::runtime_error("connect");
    }
  }
  void send(std::string_view bytes) {
    ASSERT_EQ(::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
  }
  void end_sending() { ::shutdown(fd_.get(), SHUT_WR); }
  // Until the peer closes, resets (`was_reset`), or what was read contains `end`.
  std::string read_until(std::string_view end = "") {
    std::string all;
    std::vector<char> buffer(65536);
    while (end.empty() || all.find(end) == std::string::npos) {
      const ssize_t count = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
      if (count < 0) error_ = errno;
      if (count <= 0) break;
      all.append(buffer.data(), static_cast<std::size_t>(count));
    }
    return all;
  }
  int error() const { return error_; }  // errno that ended the last read; 0 for an orderly end

 private:
  UniqueFd fd_;
  int error_ = 0;
};

std::string post(std::string_view body, std::string_view more_fields = "", std::string_view version = "1.1") {
  return "POST /v1/chat/completions HTTP/" + std::string(version) +
         "\r\nHost: x\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + std::string(more_fields) + "\r\n" +
         std::string(body);
}
constexpr std::string_view kWhole = R"({"model":"standin","messages":[{"role":"user","content":"hello"}]})";
constexpr std::string_view kStream =
    R"({"model":"standin","stream":true,"messages":[{"role":"user","content":"hello"}]})";
constexpr std::string_view kClose = "Connection: close\r\n";

std::size_t count_of(std::string_view text, std::string_view part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

TEST(StandinServer, SaysWhatItIs) {
  Running server({});
  Client client(server);
  client.send(post(kWhole, kClose));
  const std::string reply = client.read_until();
  EXPECT_TRUE(reply.starts_with("HTTP/1.1 200 OK\r\nServer: redoubt-standin\r\n")) << reply;
  EXPECT_NE(reply.find(R"("object":"chat.completion")"), std::string::npos);
}

TEST(StandinServer, AnswersPipelinedRequestsInOrder) {
  Running server({});
  Client client(server);
  std::string requests;
  for (int i = 0; i < 200; ++i) requests += i % 2 == 0 ? post(kWhole) : post(kStream);
  requests += "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
  client.send(requests);
  const std::string replies = client.read_until();
  EXPECT_EQ(count_of(replies, "HTTP/1.1 200 OK"), 201u);
  EXPECT_EQ(count_of(replies, "[DONE]"), 100u);
  EXPECT_TRUE(replies.ends_with("\r\n\r\nok\n"));
}

TEST(StandinServer, ReadsARequestThatArrivesByteByByte) {
  Running server({});
  Client client(server);
  for (char c : post(kWhole, kClose)) client.send({&c, 1});
  EXPECT_EQ(count_of(client.read_until(), "HTTP/1.1 200"), 1u);
}

TEST(StandinServer, AnswersAfterThePeerEndedItsSide) {
  Options options;
  options.delay = std::chrono::milliseconds(20);
  Running server(options);
  Client client(server);
  client.send(post(kStream));
  client.end_sending();
  EXPECT_EQ(count_of(client.read_until(), "[DONE]"), 1u);
}

TEST(StandinServer, StreamsWithoutChunksToHttp10) {
  Running server({});
  Client client(server);
  client.send(post(kStream, "", "1.0"));
  const std::string reply = client.read_until();
  EXPECT_EQ(reply.find("Transfer-Encoding"), std::string::npos);
  EXPECT_TRUE(reply.ends_with("data: [DONE]\n\n"));
}

TEST(StandinServer, InvitesABodyThatWaitsForContinue) {
  Running server({});
  Client client(server);
  const std::string request = post(kWhole, "Expect: 100-continue\r\nConnection: close\r\n");
  const std::size_t head = request.size() - kWhole.size();
  client.send(request.substr(0, head));
  EXPECT_EQ(client.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send(request.substr(head));
  EXPECT_TRUE(client.read_until().starts_with("HTTP/1.1 200 OK\r\n"));
}

TEST(StandinServer, SendsLongAnswersWhole) {
  Options options;
  options.shape.size = 3'000'000;
  Running server(options);
  Client whole(server);
  whole.send(post(kWhole, kClose));
  EXPECT_GT(whole.read_until().size(), 3'000'000u);
  Client stream(server);
  stream.send(post(kStream, kClose));
  EXPECT_TRUE(stream.read_until().ends_with("data: [DONE]\n\n\r\n0\r\n\r\n"));
}

TEST(StandinServer, DelaysTheFirstByteAndEachToken) {
  Options options;
  options.delay = std::chrono::milliseconds(60);
  options.token_delay = std::chrono::milliseconds(10);
  options.shape.tokens = 5;
  Running server(options);
  Client client(server);
  const auto begin = std::chrono::steady_clock::now();
  client.send(post(kStream, kClose));
  EXPECT_TRUE(client.read_until("\r\n").starts_with("HTTP/1.1 200 OK"));
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(60));
  client.read_until();
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(110));
}

TEST(StandinServer, RefusesWithTheStatusThatFits) {
  Running server({});
  const auto status = [&](const std::string& request) {
    Client client(server);
    client.send(request);
    client.end_sending();
    return client.read_until().substr(9, 3);
  };
  EXPECT_EQ(status(post("{")), "400");
  EXPECT_EQ(status(post(R"({"model":"gpt","messages":[{"role":"user","content":"x"}]})")), "404");
  EXPECT_EQ(status("GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n"), "404");
  EXPECT_EQ(status("GET /v1/chat/completions HTTP/1.1\r\nHost: x\r\n\r\n"), "405");
  EXPECT_EQ(status("POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"), "411");
  EXPECT_EQ(status("\x01nonsense"), "400");
}

TEST(StandinServer, CountsWhatItHasSeen) {
  Running server({});
  Client client(server);
  client.send(post(kWhole, "Authorization: Bearer secret\r\n") + post(kWhole) +
              "GET /standin/counts HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(client.read_until().ends_with(R"({"connections":1,"requests":3,"chat":2,"with_credentials":1})"));
}

TEST(StandinServer, FailsOnDemand) {
  Options options;
  options.fail_status = 503;
  Running server(options);
  Client client(server);
  client.send(post(kWhole, kClose));
  EXPECT_TRUE(client.read_until().starts_with("HTTP/1.1 503 Service Unavailable\r\n"));
}

TEST(StandinServer, ResetsAStreamOnDemand) {
  Options options;
  options.reset_after_chunks = 4;
  Running server(options);
  Client client(server);
  client.send(post(kStream));
  const std::string reply = client.read_until();
  EXPECT_EQ(client.error(), ECONNRESET);
  EXPECT_EQ(count_of(reply, "data: "), 4u);
  EXPECT_EQ(reply.find("[DONE]"), std::string::npos);
}

TEST(StandinServer, CutsAWholeReplyOnDemand) {
  Options options;
  options.close_after_chunks = 0;
  Running server(options);
  Client client(server);
  client.send(post(kWhole));
  const std::string reply = client.read_until();
  EXPECT_EQ(client.error(), 0);
  const std::size_t length = std::stoul(reply.substr(reply.find("Content-Length: ") + 16));
  EXPECT_LT(reply.size() - reply.find("\r\n\r\n") - 4, length);
}

TEST(StandinServer, TalksNonsenseOnDemand) {
  Options options;
  options.nonsense = true;
  Running server(options);
  Client client(server);
  client.send(post(kWhole));
  EXPECT_FALSE(client.read_until().starts_with("HTTP/"));
}

TEST(StandinServer, HangsOnDemand) {
  Options options;
  options.hang = true;
  Running server(options);
  Client client(server);
  client.send(post(kWhole));
  client.end_sending();
  EXPECT_EQ(client.read_until(), "");
}

TEST(StandinServer, RefusesAddressesThatAreNotNumeric) {
  for (const char* address : {"localhost:0", "127.0.0.1", "127.0.0.1:x", "127.0.0.1:70000", "[::1:0", ""}) {
    const auto server = Server::create(address, {});
    ASSERT_FALSE(server) << address;
    EXPECT_EQ(server.error().code(), Errc::kInvalidArgument) << address;
  }
}

}  // namespace
}  // namespace redoubt::standin
