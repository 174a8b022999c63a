// A server of the administrative interface for the tests beside it: real projections, state and sockets, and a ledger
// in memory. Says where it listens and with which keys, as one line of JSON, and ends with its standard input.
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_future.hpp>
#include <iostream>
#include <thread>

#include "admin/admin_server.h"
#include "admin/tests/support/admin_world.h"
#include "encoding/json_writer.h"

namespace {

using namespace redoubt;

std::string greeting(std::uint16_t port, const admin::test::AdminWorld& world) {
  std::string out;
  encoding::JsonWriter json(out);
  json.begin_object();
  json.member("url", "http://127.0.0.1:" + std::to_string(port));
  json.member("vkey", world.proofs.verifier_key());  // of the log
  json.key("keys");
  json.begin_object();
  for (const auto& [principal, key] : world.secrets) json.member(principal, key);
  json.end_object();
  json.end_object();
  return out;
}

void wait_for_end_of_input() {
  char byte = 0;
  while (::read(STDIN_FILENO, &byte, 1) > 0) {
  }
}

}  // namespace

int main() {
  admin::test::AdminWorld world;
  world.raise("00000000000000a1");
  world.raise("00000000000000a2");
  // Entries are durable at once, and answered in turn.
  world.ledger.after_append = [&world] { boost::asio::post(world.io, [&world] { world.ledger.deliver(); }); };
  auto listener = net::bind_tcp("127.0.0.1:0");
  if (!listener) {
    std::cerr << listener.error().message() << '\n';
    return 3;
  }
  const std::uint16_t port = net::bound_port(listener->get());
  net::DeadlineSweep sweep(world.io);
  admin::AdminServer server(world.io, sweep, *world.api, *world.engine,
                            {.tcp = *std::move(listener), .local = {}, .local_path = {}});
  if (auto started = server.start(); !started) {
    std::cerr << started.error().message() << '\n';
    return 3;
  }
  sweep.start();
  std::cout << greeting(port, world) << std::endl;
  world.io.restart();
  std::thread thread([&world] { world.io.run(); });
  wait_for_end_of_input();
  boost::asio::co_spawn(world.io, server.drain(std::chrono::seconds(2)), boost::asio::use_future).get();
  boost::asio::post(world.io, [&sweep] { sweep.stop(); });
  thread.join();
  return 0;
}
