// How the client frames requests, reads responses, and keeps connections.
#include <dirent.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "net/connection_guard.h"
#include "net/tests/upstream.h"

namespace redoubt::net::testing {
namespace {

constexpr const char* kOk = "HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nContent-Length: 4\r\n\r\nfine";

std::size_t open_descriptors() {
  std::size_t count = 0;
  DIR* folder = ::opendir("/proc/self/fd");
  while (::readdir(folder) != nullptr) ++count;
  ::closedir(folder);
  return count;
}

// No test may leave a descriptor open.
class HttpClientTest : public ::testing::Test {
 protected:
  HttpClientTest() : descriptors_(open_descriptors()) {}
  ~HttpClientTest() override { EXPECT_EQ(open_descriptors(), descriptors_); }

  // The answer to a request whose response is these bytes, followed by the connection's end.
  static Answer answer_to(const std::string& response, Method method = Method::kGet, ClientLimits limits = {}) {
    Upstream upstream([&](Upstream& self) {
      Peer peer = self.accept();
      peer.take_until("\r\n\r\n");
      peer.send(response);
      peer.end_sending();
      peer.take_to_end();
    });
    TestClient client(upstream.port, std::move(limits));
    return method == Method::kHead ? client.head() : client.get();
  }

 private:
  std::size_t descriptors_;
};

TEST_F(HttpClientTest, SendsAWellFormedRequest) {
  std::string seen;
  Upstream upstream([&](Upstream& self) {
    Peer peer = self.accept();
    seen = peer.take_message();
    peer.send(kOk);
    peer.take_to_end();
  });
  const std::string host = "127.0.0.1:" + std::to_string(upstream.port);
  {
    TestClient client("http://" + host + "/base/");
    const Answer answer = client.post("hello", "/v1/x?y=1");
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.type, "a/b");
    EXPECT_EQ(answer.body, "fine");
    EXPECT_TRUE(answer.complete);
  }
  EXPECT_EQ(seen, "POST /base/v1/x?y=1 HTTP/1.1\r\nHost: " + host + "\r\nX-Test: 1\r\nContent-Length: 5\r\n\r\nhello");
}

TEST_F(HttpClientTest, ReusesAConnectionForEachKindOfFraming) {
  int connections = 0;
  Upstream upstream([&](Upstream& self) {
    Peer peer = self.accept();
    ++connections;
    for (const char* response :
         {kOk, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4;e=1\r\nfine\r\n0\r\nT: x\r\n\r\n",
          "HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n",
          "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", kOk}) {
      peer.take_until("\r\n\r\n");
      peer.send(response);
    }
    EXPECT_EQ(peer.take_to_end(), "");
    EXPECT_FALSE(self.is_called(0ms));
  });
  TestClient client(upstream.port);
  EXPECT_EQ(client.get().body, "fine");
  EXPECT_EQ(client.get().body, "fine");
  EXPECT_EQ(client.get().status, 204);
  EXPECT_EQ(client.get().status, 304);
  EXPECT_EQ(client.get().body, "");
  EXPECT_EQ(client.get().body, "fine");
  client.loop().call([&] { client.client().close_idle(); });
  EXPECT_EQ(connections, 1);
}

// Asks `/what` of each connection, and says yes to the answer `good`: or to any of four letters, as which it knows the
// peer then.
class WordGuard final : public ConnectionGuard {
 public:
  Task<Result<std::shared_ptr<const AdmittedPeer>>> admit(GuardedConnection& connection) override {
    EXPECT_EQ(connection.channel_binding().exporter, "") << "without TLS there is none";
    ++asked;
    auto reply = co_await connection.exchange(Method::kPost, "/what", "{}", 8);
    if (!reply) co_return reply.error();
    const bool is_word = any_word ? reply->body.size() == 4 : reply->body == "good";
    if (reply->status != 200 || !is_word) co_return Error(Errc::kVerifyFailed, "it is something else");
    co_return std::make_shared<const Word>(*this, reply->body);
  }
  int asked = 0;
  bool any_word = false;
  bool is_current = true;

 private:
  class Word final : public AdmittedPeer {
   public:
    Word(const WordGuard& guard, std::string word) : guard_(guard), word_(std::move(word)) {}
    bool is_same_as(const AdmittedPeer& other) const override { return static_cast<const Word&>(other).word_ == word_; }
    bool is_current() const override { return guard_.is_current; }

   private:
    const WordGuard& guard_;
    const std::string word_;
  };
};

TEST_F(HttpClientTest, SendsNothingBeforeAConnectionIsAdmitted) {
  std::vector<std::string> seen;
  Upstream upstream([&](Upstream& self) {
    Peer peer = self.accept();
    for (const char* response : {"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood", kOk, kOk}) {
      seen.push_back(peer.take_message());
      peer.send(response);
    }
    peer.take_to_end();
  });
  WordGuard guard;
  {
    TestClient client(upstream.port);
    client.loop().call([&] { client.client().guard(guard); });
    EXPECT_EQ(client.get().body, "fine");
    EXPECT_EQ(client.post("hello").body, "fine");
  }
  EXPECT_EQ(guard.asked, 1);
  ASSERT_EQ(seen.size(), 3U);
  EXPECT_TRUE(seen[0].starts_with("POST /what HTTP/1.1\r\n")) << seen[0];
  EXPECT_TRUE(seen[0].ends_with("\r\n\r\n{}")) << seen[0];
  EXPECT_TRUE(seen[1].starts_with("GET ")) << seen[1];
  EXPECT_TRUE(seen[2].starts_with("POST ")) << seen[2];
}

// Whatever is wrong with its answer, a connection gets no request: not this one, nor the next.
TEST_F(HttpClientTest, NeverUsesAConnectionThatIsNotAdmitted) {
  const std::pair<const char*, Errc> cases[] = {
      {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nbad", Errc::kVerifyFailed},
      {"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngood", Errc::kVerifyFailed},
      {"HTTP/1.1 204 No Content\r\n\r\n", Errc::kVerifyFailed},
      {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ngood good", Errc::kTooLarge},
      {"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 4\r\n\r\ngood", Errc::kUnavailable},
      {"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngoodness", Errc::kUnavailable},
      {"nonsense", Errc::kMalformed},
  };
  for (const auto& [response, expected] : cases) {
    constexpr int kTries = 2;
    std::string seen;
    Upstream upstream([&](Upstream& self) {
      for (int i = 0; i < kTries; ++i) {
        Peer peer = self.accept();
        seen += peer.take_message();
        peer.send(std::string(response) + (std::string_view(response) == "nonsense" ? "\r\n\r\n" : ""));
        seen += peer.take_to_end();
      }
    });
    WordGuard guard;
    {
      TestClient client(upstream.port);
      client.loop().call([&] { client.client().guard(guard); });
      for (int i = 0; i < kTries; ++i) EXPECT_EQ(client.post("secret").error, expected) << response;
    }
    EXPECT_EQ(guard.asked, kTries) << response;
    EXPECT_EQ(seen.find("secret"), std::string::npos) << seen;
  }
}

constexpr const char* kGoodWord = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood";

// A request on a connection that was reserved for it, after `meanwhile`.
Task<Answer> send_reserved(HttpClient& client, std::function<void()> meanwhile) {
  Answer out;
  auto reserved = co_await client.reserve();
  if (!reserved) {
    out.error = reserved.error().code();
    co_return out;
  }
  EXPECT_NE((*reserved)->peer(), nullptr);
  meanwhile();
  const ClientRequest request{.method = Method::kPost, .path = "/x", .headers = {}, .body = "secret"};
  auto response = co_await client.send(request, *std::move(reserved));
  if (!response) {
    out.error = response.error().code();
    co_return out;
  }
  out.status = (*response)->status();
  const auto piece = co_await (*response)->read_some();
  if (piece) out.body = *piece;
  co_return out;
}

Task<bool> can_reserve(HttpClient& client) {
  const auto reserved = co_await client.reserve();
  co_return reserved.has_value();
}

TEST_F(HttpClientTest, SendsOnTheConnectionThatItReserved) {
  Upstream upstream([&](Upstream& self) {
    Peer peer = self.accept();
    for (const char* response : {kGoodWord, kOk, kOk}) {
      peer.take_message();
      peer.send(response);
    }
    peer.take_to_end();
  });
  WordGuard guard;
  {
    TestClient client(upstream.port);
    client.loop().call([&] { client.client().guard(guard); });
    // Given back unused, it is there for the next.
    EXPECT_TRUE(client.loop().await(can_reserve(client.client())));
    for (int i = 0; i < 2; ++i) {
      EXPECT_EQ(client.loop().await(send_reserved(client.client(), [] {})).body, "fine");
    }
  }
  EXPECT_EQ(guard.asked, 1);
}

TEST_F(HttpClientTest, SendsNothingToAnotherPeerThanTheOneReserved) {
  for (const bool is_same : {true, false}) {
    std::string seen;
    std::atomic<bool> closed = false;
    Upstream upstream([&](Upstream& self) {
      {
        Peer peer = self.accept();
        peer.take_message();
        peer.send(kGoodWord);
      }
      closed = true;
      Peer peer = self.accept();
      peer.take_message();
      peer.send(is_same ? kGoodWord : "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
      if (is_same) {
        peer.take_message();
        peer.send(kOk);
      }
      seen = peer.take_to_end();
    });
    WordGuard guard;
    guard.any_word = true;
    {
      TestClient client(upstream.port);
      client.loop().call([&] { client.client().guard(guard); });
      const auto answer = client.loop().await(send_reserved(client.client(), [&] {
        while (!closed) std::this_thread::yield();
      }));
      EXPECT_EQ(answer.status, is_same ? 200 : 0);
      EXPECT_EQ(answer.error, is_same ? Errc{} : Errc::kVerifyFailed);
    }
    EXPECT_EQ(seen.find("secret"), std::string::npos) << seen;
    EXPECT_EQ(guard.asked, 2);
  }
}

TEST_F(HttpClientTest, AsksAgainWhenAPeerIsNotCurrentAnyMore) {
  Upstream upstream([&](Upstream& self) {
    for (int i = 0; i < 2; ++i) {
      Peer peer = self.accept();
      for (const char* response : {kGoodWord, kOk}) {
        peer.take_message();
        peer.send(response);
      }
      peer.take_to_end();
    }
  });
  WordGuard guard;
  {
    TestClient client(upstream.port);
    client.loop().call([&] { client.client().guard(guard); });
    EXPECT_EQ(client.post("hello").body, "fine");
    client.loop().call([&] { guard.is_current = false; });
    EXPECT_EQ(client.post("hello").body, "fine");
  }
  EXPECT_EQ(guard.asked, 2);
}

TEST_F(HttpClientTest, ReadsNoBodyAfterHead) {
  const Answer answer = answer_to("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n", Method::kHead);
  EXPECT_EQ(answer.status, 200);
  EXPECT_TRUE(answer.complete);
}

TEST_F(HttpClientTest, ReadsABodyThatEndsWithTheConnection) {
  const Answer answer = answer_to("HTTP/1.1 200 OK\r\n\r\nuntil the end");
  EXPECT_EQ(answer.body, "until the end");
  EXPECT_TRUE(answer.complete);
}

TEST_F(HttpClientTest, PassesOverInterimResponses) {
  const Answer answer =
      answer_to(std::string("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n") + kOk);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "fine");
}

TEST_F(HttpClientTest, RefusesInterimResponsesWithoutEnd) {
  std::string response;
  for (int i = 0; i < 20; ++i) response += "HTTP/1.1 100 Continue\r\n\r\n";
  EXPECT_EQ(answer_to(response + kOk).error, Errc::kMalformed);
}

TEST_F(HttpClientTest, RefusesASwitchOfProtocols) {
  EXPECT_EQ(answer_to("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n").error, Errc::kMalformed);
}

TEST_F(HttpClientTest, TellsACutBodyFromAWholeOne) {
  Answer answer = answer_to("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort");
  EXPECT_EQ(answer.error, Errc::kUnavailable);
  EXPECT_EQ(answer.body, "short");
  answer = answer_to("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n");
  EXPECT_EQ(answer.error, Errc::kUnavailable);
  EXPECT_EQ(answer.body, "short");
}

TEST_F(HttpClientTest, TellsAnEarlyEndOfTheHead) {
  EXPECT_EQ(answer_to("HTTP/1.1 200 OK\r\nContent-").error, Errc::kUnavailable);
  EXPECT_EQ(answer_to("").error, Errc::kUnavailable);
}

TEST_F(HttpClientTest, RefusesNonsense) {
  for (const char* response :
       {"SSH-2.0-x\r\n\r\n", "HTTP/1.1 20 OK\r\n\r\n", "HTTP/1.1 099 No\r\n\r\n", "HTTP/3.0 200 OK\r\n\r\n", "\r\n\r\n",
        "HTTP/1.1 200 OK\nContent-Length: 0\n\n", "HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "HTTP/1.1 200 OK\r\nX : a\r\n\r\n"}) {
    EXPECT_EQ(answer_to(response).error, Errc::kMalformed) << response;
  }
  const Answer answer = answer_to("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.error, Errc::kMalformed);
}

TEST_F(HttpClientTest, RefusesAHeadAboveTheLimit) {
  ClientLimits limits;
  limits.max_head_bytes = 1000;
  EXPECT_EQ(answer_to("HTTP/1.1 200 OK\r\nX: " + std::string(2000, 'x') + "\r\n\r\n", Method::kGet, limits).error,
            Errc::kTooLarge);
  limits.max_head_bytes = 20000;
  EXPECT_EQ(answer_to("HTTP/1.1 200 OK\r\nX: " + std::string(18000, 'x') + "\r\nContent-Length: 0\r\n\r\n",
                      Method::kGet, limits)
                .status,
            200);
  std::string many = "HTTP/1.1 200 OK\r\n";
  for (int i = 0; i < 200; ++i) many += "X: y\r\n";
  EXPECT_EQ(answer_to(many + "\r\n").error, Errc::kTooLarge);
}

TEST_F(HttpClientTest, ReadsALargeBodyInPieces) {
  std::string body(3'000'000, 'x');
  for (std::size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>('a' + i * 11 % 26);
  EXPECT_EQ(answer_to("HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n" + body).body, body);
  std::string chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (std::size_t at = 0; at < body.size(); at += 4096) {
    const std::string piece = body.substr(at, 4096);
    char size[16];
    std::snprintf(size, sizeof size, "%zx\r\n", piece.size());
    chunked += size + piece + "\r\n";
  }
  EXPECT_EQ(answer_to(chunked + "0\r\n\r\n").body, body);
}

TEST_F(HttpClientTest, SendsALargeBodyToASlowReader) {
  const std::string body(5'000'000, 'b');
  std::size_t seen = 0;
  Upstream upstream([&](Upstream& self) {
    Peer peer = self.accept();
    std::this_thread::sleep_for(100ms);
    seen = peer.take_message().size();
    peer.send(kOk);
    peer.take_to_end();
  });
  {
    TestClient client(upstream.port);
    EXPECT_EQ(client.post(body).status, 200);
  }
  EXPECT_GT(seen, body.size());
}

TEST_F(HttpClientTest, DiscardsAKeptConnectionThatTheUpstreamClosed) {
  for (const bool post : {false, true}) {
    Upstream upstream([&](Upstream& self) {
      {
        Peer peer = self.accept();
        peer.take_until("\r\n\r\n");
        peer.send(kOk);
      }
      Peer peer = self.accept();
      peer.take_until("\r\n\r\n");
      peer.send(kOk);
      peer.take_to_end();
    });
    TestClient client(upstream.port);
    EXPECT_EQ(client.get().status, 200);
    std::this_thread::sleep_for(50ms);
    EXPECT_EQ((post ? client.post("x") : client.get()).status, 200);
  }
}

TEST_F(HttpClientTest, DiscardsAKeptConnectionThatHasUnexpectedBytes) {
  Upstream upstream([&](Upstream& self) {
    Peer first = self.accept();
    first.take_until("\r\n\r\n");
    first.send(kOk);
    std::this_thread::sleep_for(20ms);
    first.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison");
    Peer second = self.accept();
    second.take_until("\r\n\r\n");
    second.send(kOk);
    first.take_to_end();
    second.take_to_end();
  });
  TestClient client(upstream.port);
  EXPECT_EQ(client.get().body, "fine");
  std::this_thread::sleep_for(100ms);
  EXPECT_EQ(client.get().body, "fine");
}

TEST_F(HttpClientTest, RepeatsASafeRequestWhenAKeptConnectionCloses) {
  Upstream upstream([&](Upstream& self) {
    {
      Peer peer = self.accept();
      peer.take_until("\r\n\r\n");
      peer.send(kOk);
      peer.take_until("\r\n\r\n");  // takes the second request, and closes without an answer
    }
    Peer peer = self.accept();
    peer.take_until("\r\n\r\n");
    peer.send(kOk);
    peer.take_to_end();
  });
  TestClient client(upstream.port);
  EXPECT_EQ(client.get().status, 200);
  EXPECT_EQ(client.get().status, 200);
}

TEST_F(HttpClientTest, NeverRepeatsAPostThatMayHaveArrived) {
  bool called_again = true;
  Upstream upstream([&](Upstream& self) {
    {
      Peer peer = self.accept();
      peer.take_message();
      peer.send(kOk);
      peer.take_message();
    }
    called_again = self.is_called(300ms);
  });
  {
    TestClient client(upstream.port);
    EXPECT_EQ(client.post("1").status, 200);
    EXPECT_EQ(client.post("2").error, Errc::kUnavailable);
    std::this_thread::sleep_for(400ms);
  }
  EXPECT_FALSE(called_again);
}

TEST_F(HttpClientTest, NeverRepeatsOnAFreshConnection) {
  bool called_again = true;
  Upstream upstream([&](Upstream& self) {
    {
      Peer peer = self.accept();
      peer.take_message();
    }
    called_again = self.is_called(300ms);
  });
  {
    TestClient client(upstream.port);
    EXPECT_EQ(client.get().error, Errc::kUnavailable);
    std::this_thread::sleep_for(400ms);
  }
  EXPECT_FALSE(called_again);
}

TEST_F(HttpClientTest, ClosesAConnectionWhoseResponseIsNotReadToItsEnd) {
  Upstream upstream([&](Upstream& self) {
    Peer peer = self.accept();
    peer.take_until("\r\n\r\n");
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
    EXPECT_EQ(peer.take_to_end(), "");
    EXPECT_FALSE(peer.timed_out);
  });
  TestClient client(upstream.port);
  const int status = client.loop().await([](HttpClient& http) -> Task<int> {
    const ClientRequest request{Method::kGet, "/", {}, {}};
    auto response = co_await http.send(request);
    if (!response) co_return 0;
    auto piece = co_await (*response)->read_some();
    co_return piece && *piece == "half" ? (*response)->status() : 0;
  }(client.client()));
  EXPECT_EQ(status, 200);
}

TEST_F(HttpClientTest, HonoursConnectionClose) {
  Upstream upstream([&](Upstream& self) {
    Peer first = self.accept();
    first.take_until("\r\n\r\n");
    first.send("HTTP/1.1 200 OK\r\nConnection: x, Close\r\nContent-Length: 0\r\n\r\n");
    EXPECT_EQ(first.take_to_end(), "");
    EXPECT_FALSE(first.timed_out);
  });
  TestClient client(upstream.port);
  EXPECT_EQ(client.get().status, 200);
}

TEST_F(HttpClientTest, GivesUpOnAHeadThatDoesNotCome) {
  Upstream upstream([](Upstream& self) {
    Peer peer = self.accept();
    peer.take_to_end();
  });
  ClientLimits limits;
  limits.head_timeout = 150ms;
  TestClient client(upstream.port, limits);
  EXPECT_EQ(client.get().error, Errc::kDeadlineExceeded);
}

TEST_F(HttpClientTest, GivesUpOnABodyThatStops) {
  Upstream upstream([](Upstream& self) {
    Peer peer = self.accept();
    peer.take_until("\r\n\r\n");
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
    peer.take_to_end();
  });
  ClientLimits limits;
  limits.idle_timeout = 150ms;
  TestClient client(upstream.port, limits);
  const Answer answer = client.get();
  EXPECT_EQ(answer.body, "half");
  EXPECT_EQ(answer.error, Errc::kDeadlineExceeded);
}

TEST_F(HttpClientTest, GivesUpOnABodyThatTricklesForEver) {
  Upstream upstream([](Upstream& self) {
    Peer peer = self.accept();
    peer.take_until("\r\n\r\n");
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
    while (peer.send("x")) std::this_thread::sleep_for(20ms);
  });
  ClientLimits limits;
  limits.reply_timeout = 200ms;  // a piece comes well within the idle time
  TestClient client(upstream.port, limits);
  const Answer answer = client.get();
  EXPECT_EQ(answer.error, Errc::kDeadlineExceeded);
  EXPECT_LT(answer.body.size(), 100u);
}

// Takes the first piece of a response and leaves the rest to the client.
Task<std::string> first_piece(HttpClient& client) {
  const ClientRequest request{Method::kGet, "/", {}, {}};
  auto response = co_await client.send(request);
  if (!response) co_return "no response";
  auto piece = co_await (*response)->read_some();
  std::string out(piece ? *piece : std::string_view("no piece"));
  client.finish(*std::move(response));
  co_return out;
}

TEST_F(HttpClientTest, UsesAConnectionAgainWhoseRestItHasReadByItself) {
  std::promise<void> taken;
  std::promise<void> sent;
  Upstream upstream([&](Upstream& self) {
    Peer peer = self.accept();
    peer.take_until("\r\n\r\n");
    peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n");
    taken.get_future().wait();
    peer.send("4\r\nrest\r\n0\r\n\r\n");
    sent.set_value();
    EXPECT_NE(peer.take_until("\r\n\r\n"), "");  // the second request, on this connection
    peer.send(kOk);
    peer.take_to_end();
  });
  TestClient client(upstream.port);
  EXPECT_EQ(client.loop().await(first_piece(client.client())), "half");
  taken.set_value();
  sent.get_future().wait();
  std::this_thread::sleep_for(100ms);
  EXPECT_EQ(client.get().body, "fine");
}

TEST_F(HttpClientTest, ClosesAConnectionWhoseRestIsLongOrDoesNotCome) {
  for (const bool is_long : {true, false}) {
    Upstream upstream([&](Upstream& self) {
      Peer peer = self.accept();
      peer.take_until("\r\n\r\n");
      peer.send("HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\nhalf");
      while (is_long && peer.send(std::string(65536, 'x'))) {
      }
      peer.take_to_end();
      EXPECT_FALSE(peer.timed_out);
    });
    TestClient client(upstream.port);
    EXPECT_EQ(client.loop().await(first_piece(client.client())).substr(0, 4), "half");
  }
}

TEST_F(HttpClientTest, ClosesRestsWithTheIdleConnections) {
  Upstream upstream([&](Upstream& self) {
    Peer peer = self.accept();
    peer.take_until("\r\n\r\n");
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
    const auto start = std::chrono::steady_clock::now();
    peer.take_to_end();
    EXPECT_LT(std::chrono::steady_clock::now() - start, HttpClient::kRestTime);
  });
  TestClient client(upstream.port);
  EXPECT_EQ(client.loop().await(first_piece(client.client())), "half");
  client.loop().call([&] { client.client().close_idle(); });
}

TEST_F(HttpClientTest, GivesUpOnAnUpstreamThatDoesNotRead) {
  Upstream upstream([](Upstream& self) {
    Peer peer = self.accept();
    std::this_thread::sleep_for(600ms);
  });
  ClientLimits limits;
  limits.idle_timeout = 150ms;
  TestClient client(upstream.port, limits);
  EXPECT_EQ(client.post(std::string(50'000'000, 'x')).error, Errc::kDeadlineExceeded);
}

TEST_F(HttpClientTest, SaysThatNobodyListens) {
  std::uint16_t port = 0;
  {
    auto fd = bind_tcp("127.0.0.1:0");
    ASSERT_TRUE(fd);
    port = bound_port(fd->get());
  }
  TestClient client(port);
  const Answer answer = client.get();
  EXPECT_EQ(answer.error, Errc::kUnavailable);
  EXPECT_NE(answer.message.find("refused"), std::string::npos) << answer.message;
}

TEST_F(HttpClientTest, ReportsAnAnswerGivenBeforeTheWholeRequest) {
  Upstream upstream([](Upstream& self) {
    Peer peer = self.accept();
    peer.take_until("\r\n\r\n");
    peer.send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig");
    peer.end_sending();
    peer.take_to_end();
  });
  TestClient client(upstream.port);
  EXPECT_EQ(client.post(std::string(300'000, 'x')).status, 413);
}

TEST_F(HttpClientTest, RefusesRequestsThatWouldBeSplit) {
  TestClient client(std::uint16_t{9});
  for (const char* path : {"", "x", "/a b", "/a\r\nX: y", "/\xc3\xa9", "/a#b"}) {
    EXPECT_EQ(client.get(path).error, Errc::kInvalidArgument) << path;
  }
  const Answer answer = client.loop().await([](HttpClient& http) -> Task<Answer> {
    Answer out;
    const HeaderField bad[] = {{"X", "a\r\nY: b"}};
    const ClientRequest request{Method::kGet, "/", bad, {}};
    auto response = co_await http.send(request);
    if (!response) out.error = response.error().code();
    co_return out;
  }(client.client()));
  EXPECT_EQ(answer.error, Errc::kInvalidArgument);
}

TEST_F(HttpClientTest, ServesManyAtOnceAndKeepsNoMoreThanItsBound) {
  TestServer server(echo);
  ClientLimits limits;
  limits.max_idle_connections = 4;
  TestClient client(server.port, limits);
  std::vector<std::future<Answer>> answers;
  std::promise<void> started;
  // All in one turn of the loop, so that none can take the connection of one that has finished.
  boost::asio::post(client.loop().io, [&] {
    for (int i = 0; i < 50; ++i) {
      answers.push_back(boost::asio::co_spawn(
          client.loop().io, ask(client.client(), Method::kPost, "/n", std::to_string(i)), boost::asio::use_future));
    }
    started.set_value();
  });
  started.get_future().wait();
  for (int i = 0; i < 50; ++i)
    EXPECT_EQ(answers[static_cast<std::size_t>(i)].get().body, "POST|/n||" + std::to_string(i));
  EXPECT_TRUE(server.wait_for_open(4));
}

}  // namespace
}  // namespace redoubt::net::testing
