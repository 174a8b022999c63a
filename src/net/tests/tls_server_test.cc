// What callers meet who speak TLS to the server, well or badly.
#include "net/tls_server.h"

#include <openssl/crypto.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <sys/ioctl.h>

#include <boost/asio/steady_timer.hpp>
#include <csignal>
#include <memory>
#include <vector>

#include "crypto/certificate.h"
#include "crypto/sha256.h"
#include "net/internal/tls_session.h"
#include "net/tests/loopback.h"

namespace redoubt::net::testing {
namespace {

template <auto Free>
struct Freer {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};

constexpr const char* kGet = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";

std::string body_of(const std::string& reply) {
  return reply.substr(reply.find("\r\n\r\n") + 4);
}

// A caller that trusts one authority.
class Caller {
 public:
  Caller(Peer peer, const std::string& ca_pem, const char* name = "localhost", int max_version = 0)
      : peer_(std::move(peer)), context_(SSL_CTX_new(TLS_client_method())) {
    BIO* bio = BIO_new_mem_buf(ca_pem.data(), static_cast<int>(ca_pem.size()));
    X509* anchor = PEM_read_bio_X509(bio, nullptr, nullptr, nullptr);
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context_.get()), anchor);
    X509_free(anchor);
    BIO_free(bio);
    SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_max_proto_version(context_.get(), max_version);
    ssl_.reset(SSL_new(context_.get()));
    SSL_ctrl(ssl_.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, const_cast<char*>(name));
    SSL_set_fd(ssl_.get(), peer_.fd());
  }
  bool connect() { return SSL_connect(ssl_.get()) == 1; }
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const int n = SSL_write(ssl_.get(), bytes.data(), static_cast<int>(std::min<std::size_t>(bytes.size(), 1 << 20)));
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }
  bool receive() {
    char buffer[16384];
    const int n = SSL_read(ssl_.get(), buffer, sizeof buffer);
    if (n <= 0) {
      was_closed = SSL_get_error(ssl_.get(), n) == SSL_ERROR_ZERO_RETURN;
      return false;
    }
    received_.append(buffer, static_cast<std::size_t>(n));
    return true;
  }
  std::string take(std::size_t size) {
    while (received_.size() < size && receive()) {
    }
    std::string out = received_.substr(0, size);
    received_.erase(0, out.size());
    return out;
  }
  std::string take_until(std::string_view mark) {
    std::size_t at = 0;
    while ((at = received_.find(mark)) == std::string::npos) {
      if (!receive()) return std::exchange(received_, {});
    }
    return take(at + mark.size());
  }
  std::string take_message() {
    std::string head = take_until("\r\n\r\n");
    const std::size_t at = head.find("Content-Length: ");
    if (at != std::string::npos) head += take(std::stoul(head.substr(at + 16)));
    return head;
  }
  std::string take_to_end() {
    while (receive()) {
    }
    return std::exchange(received_, {});
  }
  std::string get() {
    send(kGet);
    return body_of(take_message());
  }
  Bytes certificate() const {
    X509* peer = SSL_get0_peer_certificate(ssl_.get());
    unsigned char* der = nullptr;
    const int size = i2d_X509(peer, &der);
    Bytes out(reinterpret_cast<std::byte*>(der), reinterpret_cast<std::byte*>(der) + size);
    OPENSSL_free(der);
    return out;
  }
  Peer& raw() { return peer_; }
  SSL* ssl() { return ssl_.get(); }

  bool was_closed = false;  // by close_notify, when receive() has failed

 private:
  Peer peer_;
  std::unique_ptr<SSL_CTX, Freer<SSL_CTX_free>> context_;
  std::unique_ptr<SSL, Freer<SSL_free>> ssl_;
  std::string received_;
};

class TlsServer : public ::testing::Test {
 protected:
  // OpenSSL's own socket writes of the callers here raise SIGPIPE when the server has closed.
  TlsServer() { ::signal(SIGPIPE, SIG_IGN); }
  ~TlsServer() override { ::signal(SIGPIPE, SIG_DFL); }

  std::shared_ptr<const TlsServerContext> make_context() {
    const auto key = crypto::P256PrivateKey::generate();
    const std::vector<std::string> names{"localhost"};
    const auto der = authority_.issue(key.public_key(), names, SystemClock().now(), std::chrono::hours(1));
    auto context = TlsServerContext::create(*crypto::certificate_to_pem(*der), key.pem());
    EXPECT_TRUE(context) << (context ? "" : context.error().message());
    return *context;
  }
  Caller call(const TestServer& server, const char* name = "localhost", int max_version = 0) {
    return Caller(server.connect(), ca_pem_, name, max_version);
  }
  static ServerLimits short_limits() {
    ServerLimits limits;
    limits.handshake_timeout = 200ms;
    limits.head_timeout = 200ms;
    limits.body_timeout = 200ms;
    limits.idle_timeout = 300ms;
    limits.write_timeout = 300ms;
    return limits;
  }

  crypto::P256PrivateKey ca_key_ = crypto::P256PrivateKey::generate();
  const std::string ca_pem_ = crypto::CertificateAuthority::make_certificate(ca_key_, "test", SystemClock().now());
  const crypto::CertificateAuthority authority_ =
      *crypto::CertificateAuthority::create(*crypto::P256PrivateKey::from_scalar(ca_key_.scalar().reveal()), ca_pem_);
};

TEST_F(TlsServer, SpeaksTls13AndKeepsTheConnection) {
  TestServer server(echo, {}, make_context());
  Caller caller = call(server);
  ASSERT_TRUE(caller.connect());
  EXPECT_EQ(SSL_version(caller.ssl()), TLS1_3_VERSION);
  for (int i = 0; i < 100; ++i) ASSERT_EQ(caller.get(), "GET|/a||");
  EXPECT_EQ(server.stats().connections_accepted, 1u);
}

TEST_F(TlsServer, RefusesTls12) {
  TestServer server(echo, {}, make_context());
  EXPECT_FALSE(call(server, "localhost", TLS1_2_VERSION).connect());
  EXPECT_TRUE(server.wait_for_open(0));
  EXPECT_EQ(server.stats().handshakes_failed, 1u);
  EXPECT_EQ(server.stats().exchanges, 0u);
}

TEST_F(TlsServer, TakesAnyServerName) {
  TestServer server(echo, {}, make_context());
  Caller caller = call(server, "somebody.else.example");
  ASSERT_TRUE(caller.connect());
  EXPECT_EQ(caller.get(), "GET|/a||");
}

TEST_F(TlsServer, ChoosesHttp11AndRefusesCallersThatSpeakSomethingElse) {
  TestServer server(echo, {}, make_context());
  const auto offer = [&](std::string_view protocols, std::string& chosen) {
    Caller caller = call(server);
    SSL_set_alpn_protos(caller.ssl(), reinterpret_cast<const unsigned char*>(protocols.data()),
                        static_cast<unsigned>(protocols.size()));
    if (!caller.connect()) return false;
    const unsigned char* name = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(caller.ssl(), &name, &size);
    chosen.assign(reinterpret_cast<const char*>(name), size);
    return caller.get() == "GET|/a||";
  };
  std::string chosen;
  EXPECT_TRUE(offer(std::string_view("\x02h2\x08http/1.1", 12), chosen));
  EXPECT_EQ(chosen, "http/1.1");
  EXPECT_FALSE(offer(std::string_view("\x02h2", 3), chosen));
}

TEST_F(TlsServer, TellsTheHandlerTheExporterOfRfc9266) {
  std::vector<std::string> seen;
  TestServer server(
      [&](Exchange& exchange) -> Task<> {
        seen.push_back(exchange.channel_binding().exporter);
        static_cast<void>(co_await exchange.reply({200, "text/plain", {}}, "x"));
      },
      {}, make_context());
  for (int i = 0; i < 2; ++i) {
    Caller caller = call(server);
    ASSERT_TRUE(caller.connect());
    EXPECT_EQ(caller.get(), "x");
    std::string ours(32, '\0');
    ASSERT_EQ(
        SSL_export_keying_material(caller.ssl(), reinterpret_cast<unsigned char*>(ours.data()), 32,
                                   "EXPORTER-Channel-Binding", 24, reinterpret_cast<const unsigned char*>(""), 0, 1),
        1);
    EXPECT_EQ(seen.at(static_cast<std::size_t>(i)), ours);
  }
  EXPECT_NE(seen[0], seen[1]);
}

TEST_F(TlsServer, TellsWhenAConnectionHasEnded) {
  std::string seen;
  TestServer server(
      [&](Exchange& exchange) -> Task<> {
        seen = exchange.channel_binding().exporter;
        static_cast<void>(co_await exchange.reply({200, "text/plain", {}}, "x"));
      },
      {}, make_context());
  {
    Caller caller = call(server);
    ASSERT_TRUE(caller.connect());
    EXPECT_EQ(caller.get(), "x");
    EXPECT_TRUE(server.closed().empty());
  }
  server.drain(5s);
  EXPECT_EQ(server.closed(), std::vector<std::string>{seen});
}

TEST_F(TlsServer, TellsTheHandlerWhichKeyTheCallerWasShown) {
  std::string seen;
  TestServer server(
      [&](Exchange& exchange) -> Task<> {
        seen = exchange.channel_binding().server_key;
        static_cast<void>(co_await exchange.reply({200, "text/plain", {}}, "x"));
      },
      {}, make_context());
  Caller caller = call(server);
  ASSERT_TRUE(caller.connect());
  EXPECT_EQ(caller.get(), "x");
  unsigned char* der = nullptr;
  X509* shown = SSL_get1_peer_certificate(caller.ssl());
  const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(shown), &der);
  ASSERT_GT(size, 0);
  const auto digest = crypto::sha256({reinterpret_cast<const std::byte*>(der), static_cast<std::size_t>(size)});
  OPENSSL_free(der);
  X509_free(shown);
  EXPECT_EQ(seen, as_chars(digest));
}

TEST_F(TlsServer, PlainHttpHasNoExporter) {
  std::string seen = "unset";
  TestServer server([&](Exchange& exchange) -> Task<> {
    seen = exchange.channel_binding().exporter;
    static_cast<void>(co_await exchange.reply({200, "text/plain", {}}, "x"));
  });
  Peer peer = server.connect();
  peer.send(kGet);
  peer.take_message();
  EXPECT_EQ(seen, "");
}

TEST_F(TlsServer, GivesNoTicketsToResumeWith) {
  TestServer server(echo, {}, make_context());
  Caller caller = call(server);
  ASSERT_TRUE(caller.connect());
  for (int i = 0; i < 3; ++i) EXPECT_EQ(caller.get(), "GET|/a||");
  EXPECT_EQ(SSL_SESSION_is_resumable(SSL_get0_session(caller.ssl())), 0);
}

TEST_F(TlsServer, Answers400ToPlainHttpAndCloses) {
  TestServer server(echo, {}, make_context());
  for (const char* request : {kGet, "POST /v1 HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"}) {
    Peer peer = server.connect();
    peer.send(request);
    const std::string reply = peer.take_to_end();
    EXPECT_EQ(reply.substr(0, 13), "HTTP/1.1 400 ");
    EXPECT_NE(reply.find("Connection: close"), std::string::npos);
    EXPECT_NE(reply.find("tls_required"), std::string::npos);
    EXPECT_FALSE(peer.timed_out);
  }
  EXPECT_EQ(server.stats().exchanges, 0u);
}

TEST_F(TlsServer, ClosesOnWhatIsNoHandshake) {
  TestServer server(echo, {}, make_context());
  std::string record("\x16\x03\x01\xff\xff", 5);  // longer than a record may be
  std::string hello("\x16\x03\x01\x00\x10\x01\x00\x00\x0c", 9);
  hello += std::string(12, '\xee');
  for (const std::string& bytes :
       {std::string("\x00\x00\x00\x00\x00", 5), std::string(5000, 'x'), record, hello,
        std::string("SSH-2.0-OpenSSH\r\n"), std::string("\x15\x03\x03\x00\x02\x02\x28", 7)}) {
    Peer peer = server.connect();
    peer.send(bytes);
    peer.take_to_end();
    EXPECT_FALSE(peer.timed_out) << bytes;
  }
  EXPECT_TRUE(server.wait_for_open(0));
  EXPECT_EQ(server.stats().handshakes_failed, 6u);
  EXPECT_EQ(server.stats().exchanges, 0u);
}

TEST_F(TlsServer, EndsHandshakesThatStopOrCrawl) {
  TestServer server(echo, short_limits(), make_context());
  Peer silent = server.connect();
  Peer half = server.connect();
  half.send(std::string("\x16\x03\x01\x00\xc8\x01\x00\x00\xc4\x03\x03", 11));
  Peer slow = server.connect();
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < 100; ++i) {
    const char* hello = "\x16\x03\x01\x00\xc8\x01\x00\x00\xc4\x03\x03";
    if (!slow.send({hello + i % 11, 1})) break;
    std::this_thread::sleep_for(30ms);
    if (server.stats().connections_open == 0) break;
  }
  EXPECT_LT(std::chrono::steady_clock::now() - start, 2s);
  silent.take_to_end();
  half.take_to_end();
  EXPECT_FALSE(silent.timed_out || half.timed_out);
  EXPECT_TRUE(server.wait_for_open(0));
  EXPECT_EQ(server.stats().handshakes_failed, 3u);
}

TEST_F(TlsServer, SurvivesCallersThatLeaveInTheHandshake) {
  TestServer server(echo, {}, make_context());
  for (int i = 0; i < 20; ++i) {
    Peer peer = server.connect();
    peer.send(std::string("\x16\x03\x01\x00\xc8\x01", 6));
    if (i % 2 == 0) peer.reset();
  }
  EXPECT_TRUE(server.wait_for_open(0));
  EXPECT_EQ(server.stats().handshakes_failed, 20u);
  Caller caller = call(server);
  ASSERT_TRUE(caller.connect());
  EXPECT_EQ(caller.get(), "GET|/a||");
}

TEST_F(TlsServer, CountsHandshakesAmongItsConnections) {
  ServerLimits limits;
  limits.max_connections = 1;
  TestServer server(echo, limits, make_context());
  Peer first = server.connect();
  EXPECT_TRUE(server.wait_for_open(1));
  Caller second = call(server);
  std::thread leave([&] {
    std::this_thread::sleep_for(200ms);
    EXPECT_EQ(server.stats().connections_accepted, 1u);
    first.reset();
  });
  EXPECT_TRUE(second.connect());
  leave.join();
}

TEST_F(TlsServer, CarriesLargeBodiesBothWays) {
  TestServer server(
      [](Exchange& exchange) -> Task<> {
        auto body = co_await exchange.read_body();
        if (body) static_cast<void>(co_await exchange.reply({200, "text/plain", {}}, *body));
      },
      {}, make_context());
  Caller caller = call(server);
  ASSERT_TRUE(caller.connect());
  for (const std::size_t size : {1u, 4000u, 16384u, 70000u, 4u * 1024 * 1024}) {
    std::string body(size, 'x');
    for (std::size_t i = 0; i < size; ++i) body[i] = static_cast<char>('a' + i * 7 % 26);
    // First all of the request, then the reply: the server reads a whole body before it answers.
    ASSERT_TRUE(
        caller.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n" + body));
    ASSERT_EQ(body_of(caller.take_message()), body) << size;
    char line[16];
    std::snprintf(line, sizeof line, "%zx\r\n", size);
    ASSERT_TRUE(caller.send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + std::string(line) +
                            body + "\r\n0\r\n\r\n"));
    ASSERT_EQ(body_of(caller.take_message()), body) << size;
  }
}

TEST_F(TlsServer, AnswersPipelinedRequestsInOrder) {
  TestServer server(echo, {}, make_context());
  Caller caller = call(server);
  ASSERT_TRUE(caller.connect());
  std::string requests;
  for (int i = 0; i < 200; ++i) {
    const std::string n = std::to_string(i);
    requests += "GET /" + n + " HTTP/1.1\r\nHost: h\r\n\r\n";
    requests += "POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(n.size()) + "\r\n\r\n" + n;
  }
  ASSERT_TRUE(caller.send(requests));
  for (int i = 0; i < 200; ++i) {
    const std::string n = std::to_string(i);
    ASSERT_EQ(body_of(caller.take_message()), "GET|/" + n + "||");
    ASSERT_EQ(body_of(caller.take_message()), "POST|/p||" + n);
  }
}

TEST_F(TlsServer, StreamsToAReaderThatIsSlowerThanItself) {
  TestServer server(
      [](Exchange& exchange) -> Task<> {
        const std::string piece(100'000, 's');
        static_cast<void>(co_await exchange.start_stream({200, "text/plain", {}}));
        for (int i = 0; i < 100; ++i) {
          if (!co_await exchange.write(piece)) co_return;
        }
        static_cast<void>(co_await exchange.finish());
      },
      {}, make_context());
  Caller caller = call(server);
  ASSERT_TRUE(caller.connect());
  caller.send(kGet);
  std::this_thread::sleep_for(100ms);
  const std::string reply = caller.take_until("\r\n0\r\n\r\n");
  const std::string body = body_of(reply);
  EXPECT_EQ(std::count(body.begin(), body.end(), 's'), 10'000'000);
  EXPECT_TRUE(reply.ends_with("\r\n0\r\n\r\n"));
}

TEST_F(TlsServer, GivesUpOnASlowReader) {
  std::promise<Errc> code;
  TestServer server(
      [&](Exchange& exchange) -> Task<> {
        const std::string big(32 * 1024 * 1024, 'x');
        auto sent = co_await exchange.reply({200, "text/plain", {}}, big);
        code.set_value(sent ? Errc::kInvalidArgument : sent.error().code());
      },
      short_limits(), make_context());
  Caller caller = call(server);
  ASSERT_TRUE(caller.connect());
  caller.send(kGet);
  EXPECT_EQ(code.get_future().get(), Errc::kDeadlineExceeded);
  EXPECT_TRUE(server.wait_for_open(0));
}

TEST_F(TlsServer, SaysCloseNotifyAfterAWholeReplyAndNotAfterACutOne) {
  for (const bool whole : {true, false}) {
    for (const char* version : {"1.1", "1.0"}) {
      TestServer server(
          [&](Exchange& exchange) -> Task<> {
            static_cast<void>(co_await exchange.start_stream({200, "text/plain", {}}));
            static_cast<void>(co_await exchange.write("part"));
            if (whole) {
              static_cast<void>(co_await exchange.finish());
            } else {
              exchange.abort();
            }
          },
          {}, make_context());
      Caller caller = call(server);
      ASSERT_TRUE(caller.connect());
      caller.send("GET / HTTP/" + std::string(version) + "\r\nHost: h\r\nConnection: close\r\n\r\n");
      const std::string reply = caller.take_to_end();
      EXPECT_NE(reply.find("HTTP/1.1 200 "), std::string::npos);
      EXPECT_EQ(caller.was_closed, whole) << version;
    }
  }
}

TEST_F(TlsServer, TellsTheHandlerThatABodyWasCut) {
  for (const bool orderly : {true, false}) {
    std::promise<Errc> code;
    TestServer server(
        [&](Exchange& exchange) -> Task<> {
          auto body = co_await exchange.read_body();
          code.set_value(body ? Errc::kInvalidArgument : body.error().code());
        },
        {}, make_context());
    Caller caller = call(server);
    ASSERT_TRUE(caller.connect());
    caller.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc");
    if (orderly) SSL_shutdown(caller.ssl());
    caller.raw().end_sending();
    EXPECT_EQ(code.get_future().get(), Errc::kUnavailable);
    EXPECT_TRUE(server.wait_for_open(0));
  }
}

TEST_F(TlsServer, AnswersACallerThatHasSaidItsLastWord) {
  TestServer server(echo, {}, make_context());
  Caller caller = call(server);
  ASSERT_TRUE(caller.connect());
  caller.send(kGet);
  SSL_shutdown(caller.ssl());  // its own direction only (RFC 8446 §6.1)
  EXPECT_EQ(body_of(caller.take_message()), "GET|/a||");
  caller.take_to_end();
  EXPECT_TRUE(caller.was_closed);
}

TEST_F(TlsServer, Answers408AndTellsSlowBodiesApart) {
  TestServer server(echo, short_limits(), make_context());
  Caller head = call(server);
  ASSERT_TRUE(head.connect());
  head.send("GET /a HT");
  EXPECT_EQ(head.take_to_end().substr(0, 13), "HTTP/1.1 408 ");
  Caller body = call(server);
  ASSERT_TRUE(body.connect());
  body.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc");
  EXPECT_EQ(body.take_to_end().substr(0, 13), "HTTP/1.1 408 ");
  EXPECT_TRUE(body.was_closed);
}

TEST_F(TlsServer, EndsAnIdleConnectionWithCloseNotify) {
  TestServer server(echo, short_limits(), make_context());
  Caller caller = call(server);
  ASSERT_TRUE(caller.connect());
  EXPECT_EQ(caller.get(), "GET|/a||");
  EXPECT_EQ(caller.take_to_end(), "");
  EXPECT_TRUE(caller.was_closed);
  EXPECT_TRUE(server.wait_for_open(0));
}

TEST_F(TlsServer, DrainEndsIdleConnectionsAndHandshakesAndLetsExchangesFinish) {
  std::promise<void> entered;
  TestServer* self = nullptr;
  TestServer server(
      [&](Exchange& exchange) -> Task<> {
        if (exchange.request().path == "/idle") {
          static_cast<void>(co_await exchange.reply({200, "text/plain", {}}, "x"));
          co_return;
        }
        entered.set_value();
        boost::asio::steady_timer timer(self->loop.io, 300ms);
        static_cast<void>(co_await timer.async_wait(use_task));
        static_cast<void>(co_await exchange.reply({200, "text/plain", {}}, "late"));
      },
      {}, make_context());
  self = &server;
  Caller idle = call(server);
  ASSERT_TRUE(idle.connect());
  idle.send("GET /idle HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(body_of(idle.take_message()), "x");
  Peer shaking = server.connect();
  shaking.send(std::string("\x16\x03\x01", 3));
  Caller busy = call(server);
  ASSERT_TRUE(busy.connect());
  busy.send(kGet);
  entered.get_future().get();
  auto drained = server.start_drain(5s);
  EXPECT_EQ(idle.take_to_end(), "");
  EXPECT_TRUE(idle.was_closed);
  shaking.take_to_end();
  EXPECT_FALSE(shaking.timed_out);
  EXPECT_EQ(body_of(busy.take_to_end()), "late");
  EXPECT_TRUE(busy.was_closed);
  EXPECT_EQ(drained.wait_for(2s), std::future_status::ready);
}

TEST_F(TlsServer, DrainCutsWhatDoesNotFinishWithoutCloseNotify) {
  std::promise<void> entered;
  TestServer server(
      [&](Exchange& exchange) -> Task<> {
        static_cast<void>(co_await exchange.start_stream({200, "text/plain", {}}));
        static_cast<void>(co_await exchange.write("part"));
        entered.set_value();
        static_cast<void>(co_await exchange.read_body());
        boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, 400ms);
        static_cast<void>(co_await timer.async_wait(use_task));
        // The socket's number may be another connection's by now.
        EXPECT_FALSE(co_await exchange.write("more"));
      },
      {}, make_context());
  Caller caller = call(server);
  ASSERT_TRUE(caller.connect());
  caller.send("GET / HTTP/1.0\r\n\r\n");
  entered.get_future().get();
  auto drained = server.start_drain(100ms);
  EXPECT_TRUE(caller.take_to_end().ends_with("part"));
  EXPECT_FALSE(caller.was_closed);
  EXPECT_EQ(drained.wait_for(2s), std::future_status::ready);
}

TEST_F(TlsServer, NewConnectionsSeeTheNewCertificateAndOldOnesGoOn) {
  TestServer server(echo, {}, make_context());
  Caller old = call(server);
  ASSERT_TRUE(old.connect());
  EXPECT_EQ(old.get(), "GET|/a||");
  server.set_tls(make_context());
  EXPECT_EQ(old.get(), "GET|/a||");
  Caller fresh = call(server);
  ASSERT_TRUE(fresh.connect());
  EXPECT_EQ(fresh.get(), "GET|/a||");
  EXPECT_NE(fresh.certificate(), old.certificate());
}

TEST_F(TlsServer, WithoutACertificateConnectionsAreClosedAsTheyCome) {
  TestServer server(echo, {}, make_context());
  Caller old = call(server);
  ASSERT_TRUE(old.connect());
  server.set_tls(nullptr);
  EXPECT_FALSE(call(server).connect());
  Peer plain = server.connect();
  plain.send(kGet);
  EXPECT_EQ(plain.take_to_end(), "");
  EXPECT_EQ(old.get(), "GET|/a||");
  server.set_tls(make_context());
  EXPECT_TRUE(call(server).connect());
}

TEST_F(TlsServer, FollowsKeyUpdates) {
  TestServer server(echo, {}, make_context());
  Caller caller = call(server);
  ASSERT_TRUE(caller.connect());
  for (int i = 0; i < 5; ++i) {
    ASSERT_EQ(SSL_key_update(caller.ssl(), SSL_KEY_UPDATE_REQUESTED), 1);
    EXPECT_EQ(caller.get(), "GET|/a||");
  }
}

TEST_F(TlsServer, AReadEndsThoughThePeerChangesKeysWithoutEnd) {
  const auto context = make_context();
  auto listener = bind_tcp("127.0.0.1:0");
  ASSERT_TRUE(listener);
  const int roomy = 4 * 1024 * 1024;
  ::setsockopt(listener->get(), SOL_SOCKET, SO_RCVBUF, &roomy, sizeof roomy);
  ASSERT_EQ(::listen(listener->get(), 1), 0);
  Caller caller(Peer::connect(bound_port(listener->get())), ca_pem_);
  const UniqueFd fd(::accept4(listener->get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  const auto session = context->accept(fd.get());
  std::thread shaking([&] { EXPECT_TRUE(caller.connect()); });
  internal::TlsIo state = internal::TlsIo::kWantRead;
  while (state == internal::TlsIo::kWantRead) {
    pollfd ready{fd.get(), POLLIN, 0};
    ::poll(&ready, 1, 5000);
    state = session->handshake();
  }
  shaking.join();
  ASSERT_EQ(state, internal::TlsIo::kDone);

  // Twice the budget in changes of keys, then one byte.
  BIO* updates = BIO_new(BIO_s_mem());
  SSL_set0_wbio(caller.ssl(), updates);
  char* data = nullptr;
  while (BIO_get_mem_data(updates, &data) < 2 * static_cast<long>(internal::TlsSession::kReadBudgetBytes)) {
    ASSERT_EQ(SSL_key_update(caller.ssl(), SSL_KEY_UPDATE_NOT_REQUESTED), 1);
    ASSERT_EQ(SSL_do_handshake(caller.ssl()), 1);
  }
  ASSERT_EQ(SSL_write(caller.ssl(), "x", 1), 1);
  const auto size = static_cast<std::size_t>(BIO_get_mem_data(updates, &data));
  ASSERT_TRUE(caller.raw().send({data, size}));
  int there = 0;
  for (int i = 0; i < 500 && static_cast<std::size_t>(there) < size; ++i) {
    std::this_thread::sleep_for(10ms);
    ASSERT_EQ(::ioctl(fd.get(), FIONREAD, &there), 0);
  }
  ASSERT_EQ(static_cast<std::size_t>(there), size);

  char byte = 0;
  std::size_t received = 0;
  int calls = 1;
  while (session->read(&byte, 1, received) == internal::TlsIo::kWantRead && calls < 10) ++calls;
  EXPECT_EQ(byte, 'x');
  EXPECT_EQ(calls, 3);
}

TEST_F(TlsServer, AlteredRecordsEndTheConnection) {
  TestServer server(echo, {}, make_context());
  Caller caller = call(server);
  ASSERT_TRUE(caller.connect());
  EXPECT_EQ(caller.get(), "GET|/a||");
  caller.raw().send(std::string("\x17\x03\x03\x00\x20", 5) + std::string(32, 'x'));
  caller.take_to_end();
  EXPECT_FALSE(caller.was_closed);
  EXPECT_TRUE(server.wait_for_open(0));
  EXPECT_EQ(server.stats().exchanges, 1u);
}

// crypto::init_secure_heap() makes room for 128 bytes a connection, and who fills that heap ends the program.
TEST_F(TlsServer, AnOpenConnectionHoldsLittleOfTheSecureHeap) {
  constexpr std::size_t kConnections = 100;
  crypto::init_secure_heap(2 * kConnections);
  ASSERT_EQ(CRYPTO_secure_malloc_initialized(), 1);
  TestServer server(echo, {}, make_context());
  const std::size_t before = CRYPTO_secure_used();
  std::vector<Caller> callers;
  for (std::size_t i = 0; i < kConnections; ++i) {
    callers.push_back(call(server));
    ASSERT_TRUE(callers.back().connect());
  }
  EXPECT_EQ(callers.front().get(), "GET|/a||");
  EXPECT_EQ(callers.back().get(), "GET|/a||");
  EXPECT_LE(CRYPTO_secure_used() - before, 2 * kConnections * 128);  // both ends are in this process
}

// --- what a context is made of

TEST_F(TlsServer, ContextNeedsAPair) {
  const auto key = crypto::P256PrivateKey::generate();
  const std::vector<std::string> names{"localhost"};
  const UnixMillis now = SystemClock().now();
  const auto pem = crypto::certificate_to_pem(*authority_.issue(key.public_key(), names, now, std::chrono::hours(1)));
  const auto refused = [](std::string_view chain, const crypto::Secret& secret, const char* why) {
    const auto context = TlsServerContext::create(chain, secret);
    ASSERT_FALSE(context) << why;
    EXPECT_EQ(context.error().code(), Errc::kInvalidArgument);
    EXPECT_NE(context.error().message().find(why), std::string::npos) << context.error().message();
  };
  const auto text = [](std::string_view bytes) { return crypto::Secret::copy_of(as_bytes(bytes)); };
  refused("", key.pem(), "certificate cannot be used");
  refused("nonsense", key.pem(), "certificate cannot be used");
  refused(pem->substr(0, pem->size() / 2), key.pem(), "certificate cannot be used");
  refused(*pem + "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n", key.pem(), "chain");
  refused(*pem, text(""), "private key cannot be read");
  refused(*pem, text("nonsense"), "private key cannot be read");
  refused(*pem, crypto::P256PrivateKey::generate().pem(), "not that of the certificate");
  std::string long_chain = *pem;
  for (int i = 0; i < 8; ++i) long_chain += ca_pem_;
  refused(long_chain, key.pem(), "more than 8");
  const auto context = TlsServerContext::create(*pem + ca_pem_, key.pem());
  ASSERT_TRUE(context) << context.error().message();
  EXPECT_EQ((*context)->not_after().value / 1000, now.value / 1000 + 3600 + (now.value % 1000 != 0 ? 1 : 0));
}

TEST_F(TlsServer, ContextTakesAnRsaPairAndNoEncryptedKey) {
  EVP_PKEY* rsa = EVP_RSA_gen(2048);
  X509* certificate = X509_new();
  X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
  X509_set_pubkey(certificate, rsa);
  X509_sign(certificate, rsa, EVP_sha256());
  const auto pem = [](auto write) {
    BIO* bio = BIO_new(BIO_s_mem());
    write(bio);
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    std::string out(data, static_cast<std::size_t>(size));
    BIO_free(bio);
    return out;
  };
  const std::string chain = pem([&](BIO* bio) { PEM_write_bio_X509(bio, certificate); });
  const std::string key =
      pem([&](BIO* bio) { PEM_write_bio_PrivateKey(bio, rsa, nullptr, nullptr, 0, nullptr, nullptr); });
  const std::string encrypted = pem([&](BIO* bio) {
    PEM_write_bio_PrivateKey(bio, rsa, EVP_aes_128_cbc(), reinterpret_cast<const unsigned char*>("pw"), 2, nullptr,
                             nullptr);
  });
  EXPECT_TRUE(TlsServerContext::create(chain, crypto::Secret::copy_of(as_bytes(key))));
  EXPECT_FALSE(TlsServerContext::create(chain, crypto::Secret::copy_of(as_bytes(encrypted))));
  X509_free(certificate);
  EVP_PKEY_free(rsa);
}

}  // namespace
}  // namespace redoubt::net::testing
