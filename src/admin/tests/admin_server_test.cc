// The listeners, over sockets.
#include "admin/admin_server.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_future.hpp>
#include <filesystem>
#include <thread>

#include "admin/tests/support/admin_world.h"
#include "net/tests/loopback.h"

namespace redoubt::admin::test {
namespace {

using namespace std::chrono_literals;
using net::testing::Peer;

class Server : public AdminTest {
 protected:
  Server() {
    auto tcp = net::bind_tcp("127.0.0.1:0");
    auto local = net::bind_unix(path);
    EXPECT_TRUE(tcp && local);
    port = net::bound_port(tcp->get());
    server = std::make_unique<AdminServer>(
        world.io, sweep, *world.api, *world.engine,
        AdminServer::Listeners{.tcp = *std::move(tcp), .local = *std::move(local), .local_path = path});
    EXPECT_TRUE(server->start());
    sweep.start();
    // The ledger answers on the same thread.
    sweep.on_tick([this] { world.ledger.deliver(); });
    world.io.restart();
    thread = std::thread([this] { world.io.run(); });
  }
  ~Server() override {
    if (!drained) drain();
    boost::asio::post(world.io, [this] { sweep.stop(); });
    thread.join();
    server.reset();
  }
  void drain() {
    boost::asio::co_spawn(world.io, server->drain(2s), boost::asio::use_future).get();
    drained = true;
  }
  Peer local() const {
    UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    EXPECT_EQ(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    return Peer(std::move(fd));
  }
  std::string request(const std::string& line, const std::string& who) const {
    return line + " HTTP/1.1\r\nHost: local\r\n" +
           (who.empty() ? "" : "Authorization: Bearer " + world.secrets.at(who) + "\r\n") + "\r\n";
  }

  std::string path = world.folder / "admin.sock";
  std::uint16_t port = 0;
  net::DeadlineSweep sweep{world.io};
  std::unique_ptr<AdminServer> server;
  std::thread thread;
  bool drained = false;
};

TEST_F(Server, AnswersOnBothListeners) {
  Peer remote = Peer::connect(port);
  Peer here = local();
  for (Peer* peer : {&remote, &here}) {
    peer->send(request("GET /admin/v1/state", "carol"));
    EXPECT_TRUE(peer->take_message().starts_with("HTTP/1.1 200"));
  }
}

TEST_F(Server, AsksForCredentialsAlsoOnThisMachine) {
  Peer here = local();
  here.send(request("GET /admin/v1/state", ""));
  EXPECT_TRUE(here.take_message().starts_with("HTTP/1.1 401"));
}

TEST_F(Server, ShowsNoBodyForHead) {
  Peer peer = Peer::connect(port);
  peer.send(request("HEAD /admin/v1/state", "carol"));
  const std::string head = peer.take_until("\r\n\r\n");
  EXPECT_TRUE(head.starts_with("HTTP/1.1 200")) << head;
  peer.send(request("GET /admin/v1/health", ""));
  EXPECT_TRUE(peer.take_message().ends_with(R"({"status":"ok"})"));
}

TEST_F(Server, RefusesWhatItCannotReadAsAProblem) {
  Peer peer = Peer::connect(port);
  peer.send("GET /admin/v1/state HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n");
  const std::string reply = peer.take_message();
  EXPECT_NE(reply.find("application/problem+json"), std::string::npos) << reply;
  EXPECT_NE(reply.find("urn:redoubt:problem:malformed-request"), std::string::npos) << reply;
}

TEST_F(Server, DrainsWithStreamsAndRefusedCallersWaiting) {
  Peer stream = Peer::connect(port);
  stream.send(request("GET /admin/v1/changes", "carol"));
  EXPECT_NE(stream.take_until(": watchChanges").find("text/event-stream"), std::string::npos);
  std::vector<Peer> strangers;
  for (int i = 0; i < 10; ++i) {
    strangers.push_back(local());
    strangers.back().send(request("GET /admin/v1/state", ""));
  }
  for (int i = 0; i < 3; ++i)
    EXPECT_TRUE(strangers[static_cast<std::size_t>(i)].take_message().starts_with("HTTP/1.1 401"));
  drain();
  EXPECT_TRUE(stream.take_to_end().ends_with("0\r\n\r\n")) << "the stream ended properly";
  EXPECT_FALSE(std::filesystem::exists(path));
}

}  // namespace
}  // namespace redoubt::admin::test
