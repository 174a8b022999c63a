// How the server keeps, times, drains and closes connections.
#include <sys/resource.h>

#include <atomic>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <fstream>

#include "net/tests/loopback.h"

namespace redoubt::net::testing {
namespace {

using Timer = boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                                boost::asio::wait_traits<std::chrono::steady_clock>, Executor>;

ServerLimits short_limits() {
  ServerLimits limits;
  limits.head_timeout = 200ms;
  limits.body_timeout = 200ms;
  limits.idle_timeout = 300ms;
  limits.write_timeout = 300ms;
  return limits;
}
constexpr const char* kGet = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";

std::string body_of(const std::string& reply) {
  return reply.substr(reply.find("\r\n\r\n") + 4);
}

TEST(HttpServer, KeepsAConnectionForSeveralRequests) {
  TestServer server(echo);
  Peer peer = server.connect();
  for (int i = 0; i < 100; ++i) {
    peer.send(kGet);
    ASSERT_EQ(body_of(peer.take_message()), "GET|/a||");
  }
  EXPECT_EQ(server.stats().connections_accepted, 1u);
  EXPECT_EQ(server.stats().exchanges, 100u);
}

TEST(HttpServer, AnswersPipelinedRequestsInOrder) {
  TestServer server(echo);
  Peer peer = server.connect();
  std::string requests;
  for (int i = 0; i < 200; ++i) {
    const std::string n = std::to_string(i);
    requests += "GET /" + n + " HTTP/1.1\r\nHost: h\r\n\r\n";
    requests += "POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(n.size()) + "\r\n\r\n" + n;
    requests += "POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + std::to_string(n.size()) +
                "\r\n" + n + "\r\n0\r\n\r\n";
  }
  std::thread sender([&] { peer.send(requests); });
  for (int i = 0; i < 200; ++i) {
    const std::string n = std::to_string(i);
    ASSERT_EQ(body_of(peer.take_message()), "GET|/" + n + "||");
    ASSERT_EQ(body_of(peer.take_message()), "POST|/p||" + n);
    ASSERT_EQ(body_of(peer.take_message()), "POST|/c||" + n);
  }
  sender.join();
}

TEST(HttpServer, GivesTheHandlerHeadersAndPeer) {
  std::string seen;
  int count = 0;
  TestServer server([&](Exchange& exchange) -> Task<> {
    seen = std::string(exchange.request().header("x-thing", &count)) + "|" + std::string(exchange.peer_address());
    const HeaderField extra[] = {{"X-Reply", "yes"}};
    static_cast<void>(co_await exchange.reply({204, "", extra}, ""));
  });
  Peer peer = server.connect();
  peer.send("GET / HTTP/1.1\r\nHost: h\r\nX-Thing:  one \r\nx-THING: two\r\n\r\n");
  const std::string reply = peer.take_until("\r\n\r\n");
  EXPECT_EQ(seen, "one|127.0.0.1");
  EXPECT_EQ(count, 2);
  EXPECT_EQ(reply.substr(0, 25), "HTTP/1.1 204 No Content\r\n");
  EXPECT_NE(reply.find("\r\nDate: "), std::string::npos);
  EXPECT_NE(reply.find("\r\nX-Reply: yes\r\n"), std::string::npos);
  EXPECT_EQ(reply.find("Content-Length"), std::string::npos);
}

TEST(HttpServer, AnswersHeadWithoutABody) {
  TestServer server(echo);
  Peer peer = server.connect();
  peer.send("HEAD /a HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_NE(peer.take_until("\r\n\r\n").find("Content-Length: 9\r\n"), std::string::npos);
  peer.send(kGet);
  EXPECT_EQ(body_of(peer.take_message()), "GET|/a||");
}

TEST(HttpServer, RefusesReplyHeadersThatWouldSplitTheReply) {
  int refused = 0;
  TestServer server([&](Exchange& exchange) -> Task<> {
    const HeaderField bad[] = {{"X", "a\r\nSet-Cookie: b"}};
    const HeaderField name[] = {{"X y", "a"}};
    const HeaderField own[] = {{"content-length", "1"}};
    for (const std::span<const HeaderField> headers : {std::span(bad), std::span(name), std::span(own)}) {
      const auto sent = co_await exchange.reply({200, "text/plain", headers}, "x");
      refused += !sent && sent.error().code() == Errc::kInvalidArgument ? 1 : 0;
    }
    static_cast<void>(co_await exchange.reply({200, "text/plain", {}}, "fine"));
  });
  Peer peer = server.connect();
  peer.send(kGet);
  EXPECT_EQ(body_of(peer.take_message()), "fine");
  EXPECT_EQ(refused, 3);
}

TEST(HttpServer, ReadsBodiesOfEverySizeInPieces) {
  ServerLimits limits;
  TestServer server(
      [](Exchange& exchange) -> Task<> {
        auto body = co_await exchange.read_body();
        if (body) static_cast<void>(co_await exchange.reply({200, "text/plain", {}}, *body));
      },
      limits);
  Peer peer = server.connect();
  for (const std::size_t size : {1u, 4000u, 4096u, 65536u, 70000u, 1000000u, 4u * 1024 * 1024, 10u}) {
    std::string body(size, 'x');
    for (std::size_t i = 0; i < size; ++i) body[i] = static_cast<char>('a' + i * 7 % 26);
    std::thread sender([&] {
      peer.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n" + body);
    });
    const std::string reply = peer.take_message();
    sender.join();
    ASSERT_EQ(body_of(reply), body) << size;
  }
}

TEST(HttpServer, RefusesBodiesThatTogetherWouldBeMoreThanItHolds) {
  ServerLimits limits;
  limits.max_held_bytes = 320 * 1024;
  std::atomic<bool> held = false;
  std::atomic<bool> go = false;
  TestServer server(
      [&](Exchange& exchange) -> Task<> {
        const auto body = co_await exchange.read_body();
        if (!body) co_return;
        held = true;
        Timer timer(co_await boost::asio::this_coro::executor);
        while (!go) {
          timer.expires_after(5ms);
          static_cast<void>(co_await timer.async_wait(use_task));
        }
        static_cast<void>(co_await exchange.reply({200, "text/plain", {}}, std::to_string(body->size())));
      },
      limits);
  const std::string body(200 * 1024, 'x');
  const std::string head = "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 204800\r\n\r\n";
  Peer first = server.connect();
  first.send(head + body);
  while (!held) std::this_thread::sleep_for(1ms);
  for (const bool chunked : {false, true}) {
    Peer second = server.connect();
    const std::string size = "32000";  // in hexadecimal, 200 KiB
    second.send(chunked ? "POST /b HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + size + "\r\n" + body
                        : head + body);
    EXPECT_EQ(second.take_until("\r\n").substr(9, 3), "503");
  }
  go = true;
  EXPECT_EQ(body_of(first.take_message()), "204800");
  Peer third = server.connect();
  third.send(head + body);
  EXPECT_EQ(body_of(third.take_message()), "204800");
}

TEST(HttpServer, DecodesChunksAndDropsExtensionsAndTrailers) {
  TestServer server(echo);
  Peer peer = server.connect();
  const std::string request =
      "POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: Chunked\r\n\r\n"
      "3;name=value\r\nabc\r\n00A;x=\"y z\"\r\n0123456789\r\n0;last\r\nX-Trailer: t\r\nY: u\r\n\r\n";
  for (const std::size_t piece : {request.size(), std::size_t{1}, std::size_t{7}}) {
    for (std::size_t at = 0; at < request.size(); at += piece) peer.send(request.substr(at, piece));
    EXPECT_EQ(body_of(peer.take_message()), "POST|/c||abc0123456789") << piece;
  }
}

TEST(HttpServer, Sends100ContinueWhenTheHandlerReads) {
  TestServer server(echo);
  Peer peer = server.connect();
  peer.send("POST /e HTTP/1.1\r\nHost: h\r\nExpect: 100-Continue\r\nContent-Length: 3\r\n\r\n");
  EXPECT_EQ(peer.take_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  peer.send("abc");
  EXPECT_EQ(body_of(peer.take_message()), "POST|/e||abc");
}

TEST(HttpServer, SendsNo100ContinueAndClosesWhenTheHandlerDoesNotRead) {
  TestServer server(
      [](Exchange& exchange) -> Task<> { static_cast<void>(co_await exchange.reply({403, "text/plain", {}}, "no")); });
  Peer peer = server.connect();
  peer.send("POST /e HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
  const std::string reply = peer.take_to_end();
  EXPECT_EQ(reply.substr(0, 13), "HTTP/1.1 403 ");
  EXPECT_NE(reply.find("Connection: close"), std::string::npos);
}

TEST(HttpServer, SkipsASmallUnreadBodyAndGoesOn) {
  TestServer server([](Exchange& exchange) -> Task<> {
    static_cast<void>(co_await exchange.reply({200, "text/plain", {}}, exchange.request().path));
  });
  Peer peer = server.connect();
  const std::string body(50000, 'x');
  peer.send("POST /1 HTTP/1.1\r\nHost: h\r\nContent-Length: 50000\r\n\r\n" + body +
            "GET /2 HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(body_of(peer.take_message()), "/1");
  EXPECT_EQ(body_of(peer.take_message()), "/2");
}

TEST(HttpServer, ClosesAfterALargeUnreadBodyAndTheReplyArrives) {
  TestServer server([](Exchange& exchange) -> Task<> {
    static_cast<void>(co_await exchange.reply({200, "text/plain", {}}, "seen"));
  });
  Peer peer = server.connect();
  peer.send("POST /1 HTTP/1.1\r\nHost: h\r\nContent-Length: 200000\r\n\r\n" + std::string(200000, 'x'));
  const std::string reply = peer.take_to_end();
  EXPECT_EQ(body_of(reply), "seen");
  EXPECT_NE(reply.find("Connection: close"), std::string::npos);
}

TEST(HttpServer, StreamsInChunks) {
  TestServer server([](Exchange& exchange) -> Task<> {
    if (!co_await exchange.start_stream({200, "text/event-stream", {}})) co_return;
    for (const char* piece : {"one", "", "seventeen letters"}) {
      if (!co_await exchange.write(piece)) co_return;
    }
    static_cast<void>(co_await exchange.finish());
  });
  Peer peer = server.connect();
  for (int i = 0; i < 2; ++i) {
    peer.send(kGet);
    EXPECT_NE(peer.take_until("\r\n\r\n").find("Transfer-Encoding: chunked\r\n"), std::string::npos);
    EXPECT_EQ(peer.take_until("\r\n0\r\n\r\n"), "3\r\none\r\n11\r\nseventeen letters\r\n0\r\n\r\n");
  }
}

TEST(HttpServer, StreamsToHttp10UntilTheConnectionEnds) {
  TestServer server([](Exchange& exchange) -> Task<> {
    static_cast<void>(co_await exchange.start_stream({200, "text/plain", {}}));
    static_cast<void>(co_await exchange.write("body"));
    static_cast<void>(co_await exchange.finish());
  });
  Peer peer = server.connect();
  peer.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  const std::string reply = peer.take_to_end();
  EXPECT_EQ(reply.find("Transfer-Encoding"), std::string::npos);
  EXPECT_EQ(body_of(reply), "body");
}

TEST(HttpServer, AbortLeavesOutTheEndMark) {
  TestServer server([](Exchange& exchange) -> Task<> {
    static_cast<void>(co_await exchange.start_stream({200, "text/plain", {}}));
    static_cast<void>(co_await exchange.write("part"));
    exchange.abort();
  });
  Peer peer = server.connect();
  peer.send(kGet);
  EXPECT_TRUE(peer.take_to_end().ends_with("4\r\npart\r\n"));
}

TEST(HttpServer, AbortResetsAStreamThatEndsWithTheConnection) {
  TestServer server([](Exchange& exchange) -> Task<> {
    static_cast<void>(co_await exchange.start_stream({200, "text/plain", {}}));
    exchange.abort();
  });
  Peer peer = server.connect();
  peer.send("GET / HTTP/1.0\r\n\r\n");
  peer.take_to_end();
  EXPECT_TRUE(peer.was_reset);
}

TEST(HttpServer, Answers500WhenTheHandlerDoesNot) {
  TestServer server([](Exchange&) -> Task<> { co_return; });
  Peer peer = server.connect();
  peer.send(kGet);
  EXPECT_EQ(peer.take_to_end().substr(0, 13), "HTTP/1.1 500 ");
}

TEST(HttpServer, Answers500WhenTheHandlerThrows) {
  TestServer server([](Exchange&) -> Task<> {
    throw std::runtime_error("by the test");
    co_return;
  });
  Peer peer = server.connect();
  peer.send(kGet);
  EXPECT_EQ(peer.take_to_end().substr(0, 13), "HTTP/1.1 500 ");
}

TEST(HttpServer, Answers408ToASlowHeadAndCloses) {
  TestServer server(echo, short_limits());
  Peer peer = server.connect();
  const auto start = std::chrono::steady_clock::now();
  for (const char c : std::string_view(kGet).substr(0, 20)) {
    if (!peer.send({&c, 1})) break;
    std::this_thread::sleep_for(30ms);  // progress does not extend the time for the head
  }
  const std::string reply = peer.take_to_end();
  EXPECT_EQ(reply.substr(0, 13), "HTTP/1.1 408 ");
  EXPECT_LT(std::chrono::steady_clock::now() - start, 2s);
}

TEST(HttpServer, ClosesAnIdleConnectionWithoutAWord) {
  TestServer server(echo, short_limits());
  Peer fresh = server.connect();
  Peer used = server.connect();
  used.send(kGet);
  EXPECT_EQ(body_of(used.take_message()), "GET|/a||");
  EXPECT_EQ(fresh.take_to_end(), "");
  EXPECT_EQ(used.take_to_end(), "");
  EXPECT_FALSE(fresh.timed_out || used.timed_out);
  EXPECT_TRUE(server.wait_for_open(0));
}

TEST(HttpServer, TellsTheHandlerOfASlowBodyAndAnswers408) {
  for (const char* framing : {"Content-Length: 10", "Transfer-Encoding: chunked"}) {
    Errc code{};
    TestServer server(
        [&](Exchange& exchange) -> Task<> {
          auto body = co_await exchange.read_body();
          if (!body) code = body.error().code();
        },
        short_limits());
    Peer peer = server.connect();
    peer.send("POST / HTTP/1.1\r\nHost: h\r\n" + std::string(framing) + "\r\n\r\n2\r\n");
    EXPECT_EQ(peer.take_to_end().substr(0, 13), "HTTP/1.1 408 ");
    EXPECT_EQ(code, Errc::kDeadlineExceeded);
  }
}

TEST(HttpServer, TellsTheHandlerThatThePeerLeftDuringTheBody) {
  std::promise<Errc> code;
  TestServer server([&](Exchange& exchange) -> Task<> {
    auto body = co_await exchange.read_body();
    code.set_value(body ? Errc::kInvalidArgument : body.error().code());
  });
  Peer peer = server.connect();
  peer.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc");
  peer.reset();
  EXPECT_EQ(code.get_future().get(), Errc::kUnavailable);
  EXPECT_TRUE(server.wait_for_open(0));
}

TEST(HttpServer, GivesUpOnASlowReader) {
  std::promise<Errc> code;
  TestServer server(
      [&](Exchange& exchange) -> Task<> {
        const std::string big(16 * 1024 * 1024, 'x');
        auto sent = co_await exchange.reply({200, "text/plain", {}}, big);
        code.set_value(sent ? Errc::kInvalidArgument : sent.error().code());
      },
      short_limits());
  Peer peer = server.connect(4096);
  peer.send(kGet);
  EXPECT_EQ(code.get_future().get(), Errc::kDeadlineExceeded);
  EXPECT_TRUE(server.wait_for_open(0));
}

TEST(HttpServer, GivesUpOnAReaderThatTakesSips) {
  std::promise<Errc> code;
  TestServer server(
      [&](Exchange& exchange) -> Task<> {
        const std::string big(16 * 1024 * 1024, 'x');
        auto sent = co_await exchange.reply({200, "text/plain", {}}, big);
        code.set_value(sent ? Errc::kInvalidArgument : sent.error().code());
      },
      short_limits());
  Peer peer = server.connect(4096);
  peer.send(kGet);
  auto ended = code.get_future();
  // Each sip comes well within the time limit, and all of them together are less than progress.
  while (ended.wait_for(50ms) != std::future_status::ready) static_cast<void>(peer.take(256));
  EXPECT_EQ(ended.get(), Errc::kDeadlineExceeded);
}

TEST(HttpServer, SaysOfASilentHandlerThatItAnswered500ByItself) {
  TestServer server([](Exchange&) -> Task<> { co_return; });
  Peer peer = server.connect();
  peer.send("GET /a?b HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(peer.take_message().substr(0, 13), "HTTP/1.1 500 ");
  EXPECT_EQ(server.take_told(), std::vector<std::string>{"500|internal_error|127.0.0.1|/a"});
}

TEST(HttpServer, NamesThePathOfARefusedRequestWhoseHeadCouldBeRead) {
  ServerLimits limits;
  limits.max_body_bytes = 10;
  TestServer server(echo, limits);
  Peer peer = server.connect();
  peer.send("POST /ledger/open HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\n");
  EXPECT_EQ(peer.take_message().substr(0, 13), "HTTP/1.1 413 ");
  EXPECT_EQ(server.take_told(), std::vector<std::string>{"413|body_too_large|127.0.0.1|/ledger/open"});
}

TEST(HttpServer, DoesNotCallAConnectionThatSaidNothingARefusal) {
  TestServer server(echo, short_limits());
  {
    Peer closes = server.connect();
    Peer resets = server.connect();
    resets.reset();
  }
  Peer idles = server.connect();
  EXPECT_EQ(idles.take_to_end(), "");
  EXPECT_TRUE(server.wait_for_open(0));
  EXPECT_TRUE(server.take_told().empty());
}

TEST(HttpServer, SaysWhyInPlainTextUnlessTheHandlerHasAForm) {
  struct Plain final : ExchangeHandler {
    Task<> handle(Exchange&) override { co_return; }
  } handler;
  const RefusalReply reply = handler.refused("192.0.2.1", "/", {400, "code", "the message"});
  EXPECT_EQ(reply.content_type, "text/plain; charset=utf-8");
  EXPECT_EQ(reply.body, "the message\n");
}

TEST(HttpServer, WaitsForAReaderThatMakesProgress) {
  const std::string big(8 * 1024 * 1024, 'x');
  TestServer server(
      [&](Exchange& exchange) -> Task<> {
        static_cast<void>(co_await exchange.start_stream({200, "text/plain", {}}));
        for (int i = 0; i < 8; ++i) {
          if (!co_await exchange.write(std::string_view(big).substr(0, 1024 * 1024))) co_return;
        }
        static_cast<void>(co_await exchange.finish());
      },
      short_limits());
  Peer peer = server.connect(65536);
  peer.send(kGet);
  std::this_thread::sleep_for(100ms);
  const std::string reply = peer.take_until("\r\n0\r\n\r\n");
  EXPECT_GT(reply.size(), big.size());
}

TEST(HttpServer, DrainLetsAnExchangeFinishAndThenCompletes) {
  std::promise<void> entered;
  TestServer* self = nullptr;
  TestServer server([&](Exchange& exchange) -> Task<> {
    entered.set_value();
    Timer timer(self->loop.io.get_executor());
    timer.expires_after(300ms);
    static_cast<void>(co_await timer.async_wait(use_task));
    static_cast<void>(co_await exchange.reply({200, "text/plain", {}}, "late"));
  });
  self = &server;
  Peer idle = server.connect();
  Peer peer = server.connect();
  peer.send(kGet);
  entered.get_future().get();
  auto drained = server.start_drain(5s);
  EXPECT_EQ(idle.take_to_end(), "");
  EXPECT_EQ(drained.wait_for(50ms), std::future_status::timeout);
  const std::string reply = peer.take_to_end();
  EXPECT_EQ(body_of(reply), "late");
  EXPECT_NE(reply.find("Connection: close"), std::string::npos);
  EXPECT_EQ(drained.wait_for(2s), std::future_status::ready);
  EXPECT_EQ(server.stats().connections_open, 0u);
}

TEST(HttpServer, DrainClosesWhatDoesNotFinishInTime) {
  std::promise<void> entered;
  TestServer server([&](Exchange& exchange) -> Task<> {
    entered.set_value();
    static_cast<void>(co_await exchange.read_body());
  });
  Peer peer = server.connect();
  peer.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n");
  entered.get_future().get();
  auto drained = server.start_drain(100ms);
  EXPECT_EQ(drained.wait_for(2s), std::future_status::ready);
  EXPECT_EQ(peer.take_to_end(), "");
}

TEST(HttpServer, PausesAcceptingAtItsLimitOfConnections) {
  ServerLimits limits;
  limits.max_connections = 2;
  TestServer server(echo, limits);
  {
    Peer first = server.connect();
    Peer second = server.connect();
    Peer third = server.connect();
    EXPECT_TRUE(server.wait_for_open(2));
    third.send(kGet);
    std::this_thread::sleep_for(200ms);
    EXPECT_EQ(server.stats().connections_accepted, 2u);
    first.reset();
    EXPECT_EQ(body_of(third.take_message()), "GET|/a||");
  }
  EXPECT_TRUE(server.wait_for_open(0));
}

TEST(HttpServer, SurvivesRunningOutOfDescriptors) {
  TestServer server(echo);
  rlimit old{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &old), 0);
  Peer peer = server.connect();
  peer.send(kGet);
  EXPECT_EQ(body_of(peer.take_message()), "GET|/a||");
  Peer late(UniqueFd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)));
  const rlimit none{3, old.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(server.port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::connect(late.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  late.send(kGet);
  timespec before{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
  std::this_thread::sleep_for(300ms);
  timespec after{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
  const double cpu =
      static_cast<double>(after.tv_sec - before.tv_sec) + static_cast<double>(after.tv_nsec - before.tv_nsec) / 1e9;
  EXPECT_LT(cpu, 0.15);  // it does not spin
  EXPECT_EQ(server.stats().connections_accepted, 1u);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &old), 0);
  EXPECT_EQ(body_of(late.take_message()), "GET|/a||");
}

TEST(BindTcp, SaysWhatIsWrongWithAnAddress) {
  for (const char* address :
       {"", "localhost:80", "127.0.0.1", "127.0.0.1:x", "127.0.0.1:70000", "::1:80", "[127.0.0.1]:80"}) {
    auto fd = bind_tcp(address);
    ASSERT_FALSE(fd) << address;
    EXPECT_EQ(fd.error().code(), Errc::kInvalidArgument) << address;
  }
  auto elsewhere = bind_tcp("192.0.2.1:0");
  ASSERT_FALSE(elsewhere);
  EXPECT_EQ(elsewhere.error().code(), Errc::kInvalidArgument);
}

TEST(ListenAddress, TellsWhatCanBeReachedFromElsewhere) {
  struct Case {
    const char* address;
    const char* host;
    bool loopback;
    bool unspecified;
  };
  for (const Case& c :
       {Case{"127.0.0.1:8080", "127.0.0.1", true, false}, Case{"127.9.9.9:8080", "127.9.9.9", true, false},
        Case{"[::1]:8080", "::1", true, false}, Case{"0.0.0.0:8080", "0.0.0.0", false, true},
        Case{"[::]:8080", "::", false, true}, Case{"192.0.2.7:8080", "192.0.2.7", false, false},
        Case{"[2001:db8::1]:8080", "2001:db8::1", false, false}}) {
    const auto parsed = parse_listen_address(c.address);
    ASSERT_TRUE(parsed) << c.address;
    EXPECT_EQ(parsed->host, c.host);
    EXPECT_EQ(parsed->port, 8080);
    EXPECT_EQ(parsed->loopback, c.loopback) << c.address;
    EXPECT_EQ(parsed->unspecified, c.unspecified) << c.address;
  }
}

TEST(BindTcp, SharesAPortBetweenListeners) {
  auto first = bind_tcp("127.0.0.1:0");
  ASSERT_TRUE(first);
  const std::uint16_t port = bound_port(first->get());
  EXPECT_NE(port, 0);
  EXPECT_TRUE(bind_tcp("127.0.0.1:" + std::to_string(port)));
}

}  // namespace
}  // namespace redoubt::net::testing
