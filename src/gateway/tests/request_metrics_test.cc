#include "gateway/request_metrics.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <functional>
#include <string>
#include <vector>

namespace redoubt::gateway {
namespace {

using net::HeaderField;

class SettableClock final : public Clock {
 public:
  UnixMillis now() const override { return {0}; }
  std::chrono::steady_clock::time_point steady() const override { return std::chrono::steady_clock::time_point(time); }
  std::chrono::milliseconds time{1000};
};

class Peer final : public net::Exchange {
 public:
  explicit Peer(std::string path) : path_(std::move(path)) { head_.path = path_; }
  const net::RequestHead& request() const override { return head_; }
  std::string_view peer_address() const override { return "192.0.2.1"; }
  const net::ChannelBinding& channel_binding() const override { return binding_; }
  net::Task<Result<std::string_view>> read_body() override { co_return std::string_view("12345"); }
  net::Task<Result<>> reply(const net::ReplyHead&, std::string_view) override { co_return Result<>(); }
  net::Task<Result<>> start_stream(const net::ReplyHead&) override { co_return Result<>(); }
  net::Task<Result<>> write(std::string_view) override { co_return Result<>(); }
  net::Task<Result<>> finish() override { co_return Result<>(); }
  void abort() override { aborted = true; }
  bool aborted = false;

 private:
  const std::string path_;
  net::RequestHead head_;
  net::ChannelBinding binding_;
};

class RequestMetricsTest : public ::testing::Test {
 protected:
  using Handler = std::function<net::Task<>(net::Exchange&)>;

  void serve(std::string path, const Handler& handler) {
    boost::asio::io_context io;
    Peer peer(std::move(path));
    bool ended = false;
    boost::asio::co_spawn(io, metered(peer, handler, ended), boost::asio::detached);
    io.run();
    EXPECT_TRUE(ended);
  }
  net::Task<> metered(Peer& peer, const Handler& handler, bool& ended) {
    {
      MeteredExchange exchange(metrics_, peer, clock_);
      EXPECT_EQ(metrics_.in_flight, 1U);
      co_await handler(exchange);
    }
    ended = true;
  }
  std::uint64_t count(Route route, DecisionSaid decision, std::size_t code) const {
    return metrics_.requests[static_cast<std::size_t>(route)][static_cast<std::size_t>(decision)][code];
  }
  std::uint64_t total() const {
    std::uint64_t out = 0;
    for (const auto& route : metrics_.requests) {
      for (const auto& decision : route) {
        for (const std::uint64_t code : decision) out += code;
      }
    }
    return out;
  }

  SettableClock clock_;
  RequestMetrics metrics_;
};

TEST(RequestRoutes, FollowFromThePath) {
  EXPECT_EQ(route_of("/v1/chat/completions"), Route::kChat);
  EXPECT_EQ(route_of("/v1/models"), Route::kModels);
  EXPECT_EQ(route_of("/ledger/checkpoint"), Route::kLedger);
  EXPECT_EQ(route_of("/ledger/t/clinic/checkpoint"), Route::kLedger);
  EXPECT_EQ(route_of("/healthz"), Route::kHealth);
  EXPECT_EQ(route_of("/readyz"), Route::kHealth);
  EXPECT_EQ(route_of("/metrics"), Route::kMetrics);
  for (const std::string_view other : {"", "/", "/metrics/", "/ledger", "/v1/chat"}) {
    EXPECT_EQ(route_of(other), Route::kOther) << other;
  }
}

TEST_F(RequestMetricsTest, AReplyIsCountedBeforeItGoesOutAndItsTimeAtTheEnd) {
  serve("/v1/chat/completions", [this](net::Exchange& exchange) -> net::Task<> {
    EXPECT_TRUE(co_await exchange.read_body());
    const HeaderField fields[] = {{"Redoubt-Decision", "permit"}};
    EXPECT_TRUE(co_await exchange.reply({.status = 200, .content_type = "a/b", .headers = fields}, "seven77"));
    EXPECT_EQ(count(Route::kChat, DecisionSaid::kPermit, 2), 1U);
    clock_.time += std::chrono::milliseconds(30);
  });
  EXPECT_EQ(total(), 1U);
  EXPECT_EQ(metrics_.in_flight, 0U);
  EXPECT_EQ(metrics_.request_body_bytes, 5U);
  EXPECT_EQ(metrics_.reply_body_bytes, 7U);
  const auto& duration = metrics_.duration[static_cast<std::size_t>(Route::kChat)];
  EXPECT_EQ(duration.total(), 1U);
  EXPECT_EQ(duration.sum, 30'000'000U);
}

TEST_F(RequestMetricsTest, AStreamIsCountedOnce) {
  serve("/v1/chat/completions", [](net::Exchange& exchange) -> net::Task<> {
    const HeaderField fields[] = {{"Redoubt-Decision", "permit"}};
    EXPECT_TRUE(co_await exchange.start_stream({.status = 200, .content_type = "a/b", .headers = fields}));
    EXPECT_TRUE(co_await exchange.write("abc"));
    EXPECT_TRUE(co_await exchange.write("de"));
    EXPECT_TRUE(co_await exchange.finish());
  });
  EXPECT_EQ(count(Route::kChat, DecisionSaid::kPermit, 2), 1U);
  EXPECT_EQ(total(), 1U);
  EXPECT_EQ(metrics_.reply_body_bytes, 5U);
}

TEST_F(RequestMetricsTest, DenialsAndRepliesWithoutADecisionAreToldApart) {
  serve("/v1/models", [](net::Exchange& exchange) -> net::Task<> {
    const HeaderField fields[] = {{"Redoubt-Decision", "deny"}};
    EXPECT_TRUE(co_await exchange.reply({.status = 403, .content_type = "a/b", .headers = fields}, {}));
  });
  serve("/ledger/checkpoint", [](net::Exchange& exchange) -> net::Task<> {
    EXPECT_TRUE(co_await exchange.reply({.status = 503, .content_type = "a/b", .headers = {}}, {}));
  });
  EXPECT_EQ(count(Route::kModels, DecisionSaid::kDeny, 4), 1U);
  EXPECT_EQ(count(Route::kLedger, DecisionSaid::kNone, 5), 1U);
  EXPECT_EQ(total(), 2U);
}

TEST_F(RequestMetricsTest, AnExchangeWithoutAReplyIsCountedAsThat) {
  serve("/v1/models", [](net::Exchange& exchange) -> net::Task<> {
    exchange.abort();
    co_return;
  });
  EXPECT_EQ(count(Route::kModels, DecisionSaid::kNone, 0), 1U);
  EXPECT_EQ(total(), 1U);
}

TEST_F(RequestMetricsTest, CoresAddUp) {
  metrics_.count(Route::kChat, DecisionSaid::kDeny, 403);
  metrics_.in_flight = 2;
  metrics_.upstream_duration.observe(std::uint64_t{5});
  RequestMetrics other = metrics_;
  other.count(Route::kOther, DecisionSaid::kNone, 999);  // no status that is one
  metrics_.add(other);
  EXPECT_EQ(count(Route::kChat, DecisionSaid::kDeny, 4), 2U);
  EXPECT_EQ(count(Route::kOther, DecisionSaid::kNone, 0), 1U);
  EXPECT_EQ(metrics_.in_flight, 4U);
  EXPECT_EQ(metrics_.upstream_duration.sum, 10U);
}

}  // namespace
}  // namespace redoubt::gateway
