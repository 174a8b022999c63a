// A witness on a port of the loopback network: the real one (tlog/witness.h), or what a test wants it to say.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/basic_waitable_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "crypto/ed25519.h"
#include "encoding/base64.h"
#include "net/http_server.h"
#include "tests/support/fault_file_system.h"
#include "tlog/witness.h"

namespace redoubt::gateway::test {

class WitnessServer final : public net::ExchangeHandler {
 public:
  // What is answered; nothing: no answer, ever.
  using Script = std::function<std::optional<tlog::WitnessReply>(const std::string& path, std::string_view body)>;

  WitnessServer(boost::asio::io_context& io, net::DeadlineSweep& sweep, const std::string& name, int seed,
                const tlog::VerifierKey& log_key, const std::string& origin)
      : io_(io), cosigner_(make_cosigner(name, seed)), key(cosigner_.verifier_key()) {
    EXPECT_TRUE(fs_.make_directory("/state"));
    witness_.emplace(*tlog::Witness::open(fs_, "/state", make_cosigner(name, seed),
                                          {{.origin = origin, .keys = {log_key}}}, clock_));
    auto listener = *net::bind_tcp("127.0.0.1:0");
    url = "http://127.0.0.1:" + std::to_string(net::bound_port(listener.get())) + "/w";
    server_ = std::make_unique<net::HttpServer>(io, sweep, std::move(listener), net::ServerLimits{}, *this);
    EXPECT_TRUE(server_->start());
  }

  // As the witness itself would.
  tlog::WitnessReply answer(const std::string& path, std::string_view body) {
    if (path == "/w/add-checkpoint") return witness_->add_checkpoint(body);
    return witness_->checkpoint(path.substr(3, 64));
  }
  // Before the test begins: what it has cosigned.
  void saw(const std::string& note, std::uint64_t old_size = 0, std::vector<tlog::Hash> proof = {}) {
    const auto body =
        tlog::format_witness_request({.old_size = {old_size}, .proof = std::move(proof), .checkpoint = note});
    const tlog::WitnessReply reply = witness_->add_checkpoint(*body);
    EXPECT_EQ(reply.status, 200) << reply.body;
  }
  std::string cosignature(const std::string& text, std::uint64_t unix_seconds = 1'800'000'000) const {
    return *cosigner_.signature_line(text, unix_seconds);
  }

  net::Task<> handle(net::Exchange& exchange) override {
    const std::string path(exchange.request().path);
    std::string body;
    if (exchange.request().method == net::Method::kPost) {
      const auto read = co_await exchange.read_body();
      if (read) body = *read;
    }
    requests.push_back(path);
    auto reply = script ? script(path, body) : answer(path, body);
    while (!reply && !ending_) {
      Timer timer(io_, std::chrono::milliseconds(5));
      co_await timer.async_wait(net::use_task);
    }
    if (!reply) co_return;
    const net::ReplyHead head{.status = reply->status, .content_type = reply->content_type, .headers = {}};
    [[maybe_unused]] const auto sent = co_await exchange.reply(head, reply->body);
  }
  net::Task<bool> end() {
    ending_ = true;
    co_await server_->drain(std::chrono::milliseconds(0));
    co_return true;
  }

 private:
  using Timer = boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                                  boost::asio::wait_traits<std::chrono::steady_clock>, net::Executor>;
  static tlog::Cosigner make_cosigner(const std::string& name, int seed) {
    return *tlog::Cosigner::create(name,
                                   *crypto::Ed25519PrivateKey::from_seed(Bytes(32, static_cast<std::byte>(seed))));
  }

  boost::asio::io_context& io_;
  tlog::Cosigner cosigner_;
  SystemClock clock_;
  testing_support::FaultFileSystem fs_;
  std::optional<tlog::Witness> witness_;
  std::unique_ptr<net::HttpServer> server_;
  bool ending_ = false;

 public:
  const tlog::VerifierKey key;
  std::string url;
  Script script;
  std::vector<std::string> requests;  // their paths
};

}  // namespace redoubt::gateway::test
