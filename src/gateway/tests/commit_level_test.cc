// What a reply waits for, from the request to the ledger and back: a pipeline between a caller in memory and an
// upstream on a socket.
#include <gtest/gtest.h>

#include <boost/asio/post.hpp>
#include <memory>
#include <optional>

#include "gateway/commit_settings.h"
#include "gateway/pipeline.h"
#include "gateway/tests/access_support.h"
#include "gateway/tests/fake_exchange.h"
#include "gateway/tests/fake_hold_desk.h"
#include "gateway/tests/live_ledger.h"
#include "net/http_server.h"

namespace redoubt::gateway::test {
namespace {

using ledger::CommitLevel;
using record::Stage;
using namespace std::chrono_literals;

constexpr std::string_view kAnswer = R"({"choices":[{"message":{"content":"hello"}}]})";
constexpr std::string_view kEvent = "data: {\"choices\":[{\"delta\":{\"content\":\"hello\"}}]}\n\n";

class Upstream final : public net::ExchangeHandler {
 public:
  net::Task<> handle(net::Exchange& exchange) override {
    ++requests;
    auto body = co_await exchange.read_body();
    if (!body || body->find(R"("stream":true)") == std::string_view::npos) {
      static_cast<void>(co_await exchange.reply({.content_type = "application/json"}, kAnswer));
      co_return;
    }
    static_cast<void>(co_await exchange.start_stream({.content_type = "text/event-stream"}));
    static_cast<void>(co_await exchange.write(kEvent));
    static_cast<void>(co_await exchange.write("data: [DONE]\n\n"));
    static_cast<void>(co_await exchange.finish());
  }
  int requests = 0;
};

// Permits everything, at this level.
std::string policies_at(std::string_view level) {
  return "@commit(\"" + std::string(level) + "\") permit (principal, action, resource);";
}

class CommitLevelTest : public ::testing::Test {
 protected:
  explicit CommitLevelTest(std::chrono::milliseconds publish_interval = 250ms) : live_(20s, publish_interval) {
    auto listener = net::bind_tcp("127.0.0.1:0");
    EXPECT_TRUE(listener);
    const std::uint16_t port = net::bound_port(listener->get());
    server_.emplace(live_.io, live_.sweep, *std::move(listener), net::ServerLimits{}, upstream_);
    EXPECT_TRUE(server_->start());
    client_.emplace(live_.io, live_.sweep, *net::UpstreamUrl::parse("http://127.0.0.1:" + std::to_string(port)),
                    net::ClientLimits{});
    caller_ = known_.add("caller", "callers", {}, {"m"});
    auditor_ = known_.add("auditor", "auditors");
  }
  ~CommitLevelTest() override {
    pipeline_.reset();
    client_->cut_off();
    live_.run(drain());
  }

  void serve(FakeExchange& exchange, std::string_view policies = kDefaultPolicies, bool has_quorum = false) {
    pipeline_.emplace(*live_.recorder, denials_, *client_, routes_, entities_, meters_, holds_, upstream_settings_,
                      commit_, has_quorum);
    pipeline_->set_access(make_access(known_, policies));
    EXPECT_TRUE(live_.run(handle(exchange)));
  }
  FakeExchange chat(bool stream = false, std::string_view model = "m") const {
    return FakeExchange(
        net::Method::kPost, "/v1/chat/completions", {caller_},
        R"({"model":")" + std::string(model) + R"(","messages":[])" + (stream ? R"(,"stream":true})" : "}"));
  }
  // Of the record whose receipt is the reply's.
  static std::uint64_t index_of(const std::string& text) {
    const std::size_t at = text.rfind(", index=");
    EXPECT_NE(at, std::string::npos) << text;
    return std::stoull(text.substr(at + 8));
  }
  bool covered(CommitLevel level, std::uint64_t index) const {
    return live_.client->covers({.level = level, .index = {index}});
  }

  // The reply of an exchange was withheld, and the ledger says so after what it was to be.
  void expect_withheld_record(int status) {
    const auto entries = live_.entries();
    ASSERT_GE(entries.size(), 3u);
    const ReadEntry& admission = entries[entries.size() - 3];
    const ReadEntry& outcome = entries[entries.size() - 2];
    const ReadEntry& withheld = entries.back();
    EXPECT_EQ(admission.stage(), Stage::kAdmission);
    EXPECT_EQ(outcome.stage(), Stage::kOutcome);
    EXPECT_EQ(withheld.stage(), Stage::kDenial);
    EXPECT_EQ(withheld.header.exchange, admission.header.exchange);
    EXPECT_EQ(record::summarize(as_bytes(withheld.record))->exchange_uid,
              record::summarize(as_bytes(outcome.record))->exchange_uid);
    EXPECT_TRUE(withheld.says(R"("reason":"unavailable")"));
    EXPECT_TRUE(withheld.says(R"("error":"commit_level_not_reached")"));
    EXPECT_EQ(withheld.says(R"("code":503)"), status == 503);
    // It was permitted; what kept the reply back was no policy.
    EXPECT_FALSE(withheld.says("authorizations"));
  }

  LiveLedger live_;
  Known known_;
  std::string caller_;
  std::string auditor_;
  CommitSettings commit_;
  Upstream upstream_;

 private:
  net::Task<bool> handle(FakeExchange& exchange) {
    co_await pipeline_->handle(exchange);
    co_return true;
  }
  net::Task<bool> drain() {
    co_await server_->drain(0ms);
    co_return true;
  }

  FakeHoldDesk holds_;
  const UpstreamSettings upstream_settings_{};
  LedgerFiles files_{live_.fs, LiveLedger::kDirectory};
  DenialCounter denials_{*live_.recorder, 1};
  identity::EntityCache entities_{&policy_schema()};
  limits::Meters meters_{{1, 2}, 16};
  LedgerRoutes routes_{live_.io, *live_.recorder, denials_, files_, entities_, commit_};
  std::optional<net::HttpServer> server_;
  std::optional<net::HttpClient> client_;
  std::optional<Pipeline> pipeline_;
};

// A keeper that published once and will not again while the test runs; nobody waits for long.
class LevelOutOfReach : public CommitLevelTest {
 protected:
  LevelOutOfReach() : CommitLevelTest(1h) {
    commit_.timeout = 100ms;
    EXPECT_TRUE(live_.run(live_.deny({.operation = "first"}, {}, "192.0.2.1")));
    live_.pump_until([&] { return live_.client->published() == 1; });
  }
};

TEST_F(CommitLevelTest, AWholeReplyAtPublishedComesWhenACheckpointCoversItsOutcome) {
  ASSERT_TRUE(commit_.set("chat.completions", CommitLevel::kPublished));
  FakeExchange exchange = chat();
  serve(exchange);
  EXPECT_EQ(exchange.status, 200);
  EXPECT_EQ(exchange.sent, kAnswer);
  EXPECT_NE(exchange.headers.find("Redoubt-Commit: published\n"), std::string::npos) << exchange.headers;
  EXPECT_TRUE(covered(CommitLevel::kPublished, index_of(exchange.headers)));
  EXPECT_EQ(live_.entries().size(), 2u);
}

TEST_F(CommitLevelTest, AStreamAtPublishedGetsItsEndMarkWhenACheckpointCoversItsOutcome) {
  commit_.set_default(CommitLevel::kPublished);
  FakeExchange exchange = chat(true);
  serve(exchange);
  EXPECT_TRUE(exchange.finished);
  EXPECT_TRUE(exchange.sent.ends_with("data: [DONE]\n\n"));
  const std::uint64_t outcome = index_of(exchange.sent);
  EXPECT_GT(outcome, index_of(exchange.headers));
  EXPECT_TRUE(covered(CommitLevel::kPublished, outcome));
}

TEST_F(CommitLevelTest, ReadingEntriesAtPublishedWaitsToo) {
  ASSERT_TRUE(commit_.set("ledger.entries", CommitLevel::kPublished));
  FakeExchange first = chat();
  serve(first);
  live_.pump_until([&] { return live_.client->published() == 2; });
  FakeExchange exchange(net::Method::kGet, "/ledger/tile/entries/000.p/2", {auditor_});
  serve(exchange);
  EXPECT_EQ(exchange.status, 200);
  EXPECT_NE(exchange.headers.find("Redoubt-Commit: published\n"), std::string::npos) << exchange.headers;
  EXPECT_TRUE(covered(CommitLevel::kPublished, index_of(exchange.headers)));
}

TEST_F(LevelOutOfReach, ADurableReplyWaitsForNoCheckpoint) {
  FakeExchange exchange = chat();
  serve(exchange);
  EXPECT_EQ(exchange.status, 200);
  EXPECT_NE(exchange.headers.find("Redoubt-Commit: durable\n"), std::string::npos) << exchange.headers;
  EXPECT_FALSE(covered(CommitLevel::kPublished, index_of(exchange.headers)));
  EXPECT_EQ(live_.entries().size(), 3u);
}

TEST_F(LevelOutOfReach, AWholeReplyIsWithheldWithItsReceiptAndThatIsRecorded) {
  ASSERT_TRUE(commit_.set("chat.completions", CommitLevel::kPublished));
  FakeExchange exchange = chat();
  serve(exchange);
  EXPECT_EQ(exchange.status, 503);
  EXPECT_NE(exchange.sent.find("commit_level_not_reached"), std::string::npos);
  EXPECT_EQ(exchange.sent.find("hello"), std::string::npos);
  EXPECT_NE(exchange.headers.find("Retry-After: 1\n"), std::string::npos);
  EXPECT_NE(exchange.headers.find("Redoubt-Commit: durable\n"), std::string::npos);
  EXPECT_EQ(index_of(exchange.headers), 2u);  // the outcome's
  EXPECT_EQ(upstream_.requests, 1);
  expect_withheld_record(503);
}

TEST_F(LevelOutOfReach, AStreamEndsWithoutItsEndMarkAndThatIsRecorded) {
  ASSERT_TRUE(commit_.set("chat.completions", CommitLevel::kPublished));
  FakeExchange exchange = chat(true);
  serve(exchange);
  EXPECT_EQ(exchange.sent, kEvent);
  EXPECT_TRUE(exchange.aborted);
  EXPECT_FALSE(exchange.finished);
  expect_withheld_record(0);
}

TEST_F(LevelOutOfReach, EntriesAreWithheldAndThatIsRecorded) {
  ASSERT_TRUE(commit_.set("ledger.entries", CommitLevel::kPublished));
  FakeExchange exchange(net::Method::kGet, "/ledger/tile/entries/000.p/1", {auditor_});
  serve(exchange);
  EXPECT_EQ(exchange.status, 503);
  EXPECT_EQ(exchange.content_type, "application/problem+json");
  expect_withheld_record(503);
}

TEST_F(LevelOutOfReach, OtherRoutesDoNotWait) {
  ASSERT_TRUE(commit_.set("chat.completions", CommitLevel::kPublished));
  FakeExchange exchange(net::Method::kGet, "/v1/models", {caller_});
  serve(exchange);
  EXPECT_EQ(exchange.status, 200);
}

TEST_F(LevelOutOfReach, ADenialWaitsUntilItIsDurableOnly) {
  commit_.set_default(CommitLevel::kPublished);
  FakeExchange exchange = chat(false, "another");
  serve(exchange);
  EXPECT_EQ(exchange.status, 403);
  EXPECT_NE(exchange.headers.find("Redoubt-Commit: durable\n"), std::string::npos) << exchange.headers;
  EXPECT_FALSE(covered(CommitLevel::kPublished, index_of(exchange.headers)));
}

TEST_F(LevelOutOfReach, APolicyRaisesTheLevelOfTheRoute) {
  FakeExchange exchange = chat();
  serve(exchange, policies_at("published"));
  EXPECT_EQ(exchange.status, 503);
  expect_withheld_record(503);
}

TEST_F(LevelOutOfReach, APolicyDoesNotLowerTheLevelOfTheRoute) {
  ASSERT_TRUE(commit_.set("chat.completions", CommitLevel::kPublished));
  FakeExchange exchange = chat();
  serve(exchange, policies_at("durable"));
  EXPECT_EQ(exchange.status, 503);
  expect_withheld_record(503);
}

TEST_F(CommitLevelTest, WhatAPolicyWantsCosignedIsDeniedBeforeItLeavesWhenThereAreNoWitnesses) {
  FakeExchange exchange = chat();
  serve(exchange, policies_at("cosigned"));
  EXPECT_EQ(exchange.status, 503);
  EXPECT_EQ(upstream_.requests, 0);
  const auto entries = live_.entries();
  ASSERT_EQ(entries.size(), 1u);
  EXPECT_EQ(entries[0].stage(), Stage::kDenial);
  EXPECT_TRUE(entries[0].says("commit_level_not_reached"));
}

TEST_F(CommitLevelTest, WhatIsToBeCosignedIsWithheldWhenWitnessesDoNotAnswer) {
  ASSERT_TRUE(commit_.set("chat.completions", CommitLevel::kCosigned));
  commit_.timeout = 1s;  // published by then
  FakeExchange exchange = chat();
  serve(exchange, kDefaultPolicies, true);
  EXPECT_EQ(exchange.status, 503);
  EXPECT_TRUE(covered(CommitLevel::kPublished, index_of(exchange.headers)));
  expect_withheld_record(503);
}

net::Task<Result<>> reach_while_it_stops(LiveLedger& live, Admission& admission, tlog::LeafIndex outcome) {
  boost::asio::post(live.io, [&live] { live.client->stop("the keeper is gone"); });
  co_return co_await admission.reach(CommitLevel::kPublished, outcome, 20s, 503);
}

TEST_F(LevelOutOfReach, TheLedgersEndEndsTheWait) {
  auto admission = live_.run(live_.admit({.operation = "chat.completions"}, "p", "192.0.2.7"));
  ASSERT_TRUE(admission);
  auto outcome = live_.run(admission->close({.http_status = 200}, nullptr));
  ASSERT_TRUE(outcome);
  const auto reached = live_.run_unanswered(reach_while_it_stops(live_, *admission, outcome->index));
  ASSERT_FALSE(reached);
  EXPECT_EQ(reached.error().code(), Errc::kUnavailable);
}

TEST(CommitSettings, RoutesOverrideTheDefault) {
  CommitSettings settings;
  EXPECT_EQ(settings.level("chat.completions"), CommitLevel::kDurable);
  settings.set_default(CommitLevel::kPublished);
  EXPECT_TRUE(settings.set("models.list", CommitLevel::kDurable));
  EXPECT_FALSE(settings.set("chat", CommitLevel::kDurable));
  EXPECT_FALSE(settings.set("", CommitLevel::kDurable));
  EXPECT_EQ(settings.level("chat.completions"), CommitLevel::kPublished);
  EXPECT_EQ(settings.level("ledger.entries"), CommitLevel::kPublished);
  EXPECT_EQ(settings.level("models.list"), CommitLevel::kDurable);
}

TEST(CommitSettings, CosignedNeedsAQuorum) {
  CommitSettings settings;
  settings.set_default(CommitLevel::kPublished);
  EXPECT_TRUE(settings.check(false));
  ASSERT_TRUE(settings.set("chat.completions", CommitLevel::kCosigned));
  const auto refused = settings.check(false);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message().find("chat.completions"), std::string::npos);
  EXPECT_TRUE(settings.check(true));
}

}  // namespace
}  // namespace redoubt::gateway::test
