// The server behind a Unix domain socket: what callers on this machine meet.
#include <sys/stat.h>
#include <sys/un.h>

#include <filesystem>
#include <fstream>

#include "net/local_url.h"
#include "net/tests/loopback.h"

namespace redoubt::net::testing {
namespace {

class Folder {
 public:
  Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "redoubt-unix-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

Peer connect_to(const std::string& path) {
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  EXPECT_EQ(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  return Peer(std::move(fd));
}

class PeerTeller final : public ExchangeHandler {
 public:
  Task<> handle(Exchange& exchange) override {
    const std::string text = std::string(exchange.peer_address()) + std::string(exchange.request().path);
    [[maybe_unused]] const auto sent = co_await exchange.reply({200, "text/plain", {}}, text);
  }
};

TEST(UnixListener, ServesAndCallsItsPeersLocal) {
  const Folder folder;
  Loop loop;
  PeerTeller handler;
  auto listener = bind_unix(folder.file("s"));
  ASSERT_TRUE(listener) << listener.error().message();
  auto server = std::make_unique<HttpServer>(loop.io, loop.sweep, *std::move(listener), ServerLimits{}, handler);
  ASSERT_TRUE(loop.call([&] { return server->start().has_value(); }));
  Peer peer = connect_to(folder.file("s"));
  for (const char* path : {"/a", "/b"}) {  // the connection is kept
    peer.send("GET " + std::string(path) + " HTTP/1.1\r\nHost: local\r\n\r\n");
    const std::string reply = peer.take_message();
    EXPECT_TRUE(reply.starts_with("HTTP/1.1 200")) << reply;
    EXPECT_TRUE(reply.ends_with("local" + std::string(path))) << reply;
  }
  loop.await(server->drain(500ms));
  EXPECT_FALSE(peer.receive());
  loop.call([&] { server.reset(); });
}

TEST(UnixListener, IsReachedByTheClientByItsPath) {
  const Folder folder;
  Loop loop;
  PeerTeller handler;
  auto listener = bind_unix(folder.file("s"));
  ASSERT_TRUE(listener) << listener.error().message();
  auto server = std::make_unique<HttpServer>(loop.io, loop.sweep, *std::move(listener), ServerLimits{}, handler);
  ASSERT_TRUE(loop.call([&] { return server->start().has_value(); }));
  auto client = std::make_unique<HttpClient>(loop.io, loop.sweep, local_url(folder.file("s")), ClientLimits{});
  std::string body;
  const auto ask = [&]() -> Task<> {
    auto response = co_await client->send({.method = Method::kGet, .path = "/a", .headers = {}, .body = {}});
    EXPECT_TRUE(response) << response.error().message();
    if (!response) co_return;
    const auto piece = co_await (*response)->read_some();
    if (piece) body = *piece;
  };
  loop.await(ask());
  EXPECT_EQ(body, "local/a");
  loop.await(server->drain(500ms));
  loop.call([&] {
    client.reset();
    server.reset();
  });
}

TEST(UnixListener, NobodyThereIsUnavailable) {
  const Folder folder;
  ASSERT_TRUE(bind_unix(folder.file("left")));  // closed at once; the name stays
  for (const char* name : {"left", "never"}) {
    Loop loop;
    auto client = std::make_unique<HttpClient>(loop.io, loop.sweep, local_url(folder.file(name)), ClientLimits{});
    Errc code{};
    const auto ask = [&]() -> Task<> {
      const auto response = co_await client->send({.method = Method::kGet, .path = "/", .headers = {}, .body = {}});
      if (!response) code = response.error().code();
    };
    loop.await(ask());
    EXPECT_EQ(code, Errc::kUnavailable) << name;
    loop.call([&] { client.reset(); });
  }
}

TEST(UnixListener, HasTheModeItWasGiven) {
  const Folder folder;
  for (const unsigned mode : {0660U, 0600U}) {
    const auto listener = bind_unix(folder.file(std::to_string(mode)), mode);
    ASSERT_TRUE(listener) << listener.error().message();
    struct stat status{};
    ASSERT_EQ(::stat(folder.file(std::to_string(mode)).c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, mode);
  }
}

TEST(UnixListener, ReplacesASocketThatWasLeftBehind) {
  const Folder folder;
  ASSERT_TRUE(bind_unix(folder.file("s")));  // closed at once; the name stays
  ASSERT_TRUE(std::filesystem::exists(folder.file("s")));
  const auto again = bind_unix(folder.file("s"));
  EXPECT_TRUE(again) << again.error().message();
}

TEST(UnixListener, DoesNotTakeASocketFromWhoeverListensOnIt) {
  const Folder folder;
  const auto first = bind_unix(folder.file("s"));
  ASSERT_TRUE(first);
  ASSERT_EQ(::listen(first->get(), 1), 0);
  const auto second = bind_unix(folder.file("s"));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code(), Errc::kUnavailable);
}

TEST(UnixListener, LeavesOtherFilesAlone) {
  const Folder folder;
  std::ofstream(folder.file("precious")) << "x";
  std::filesystem::create_symlink(folder.file("elsewhere"), folder.file("link"));
  for (const char* name : {"precious", "link"}) {
    const auto listener = bind_unix(folder.file(name));
    ASSERT_FALSE(listener);
    EXPECT_EQ(listener.error().code(), Errc::kAlreadyExists);
  }
  EXPECT_EQ(std::filesystem::file_size(folder.file("precious")), 1U);
}

TEST(UnixListener, RefusesPathsThatAreEmptyTooLongOrHoldNul) {
  for (const std::string& path : {std::string(), std::string(108, 'a'), std::string("/tmp/a\0b", 8)}) {
    const auto listener = bind_unix(path);
    ASSERT_FALSE(listener);
    EXPECT_EQ(listener.error().code(), Errc::kInvalidArgument);
  }
}

}  // namespace
}  // namespace redoubt::net::testing
