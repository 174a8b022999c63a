// Limits, and what responses to incidents hold back, on the request path: a pipeline between callers in memory and a
// model server on a socket.
#include <gtest/gtest.h>

#include <boost/asio/basic_waitable_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>

#include "behaviour/feature_seal.h"
#include "behaviour/features.h"
#include "gateway/pipeline.h"
#include "gateway/tests/access_support.h"
#include "gateway/tests/fake_exchange.h"
#include "gateway/tests/fake_hold_desk.h"
#include "gateway/tests/live_ledger.h"
#include "limits/tests/support.h"
#include "net/http_server.h"

namespace redoubt::gateway::test {
namespace {

using limits::Limit;
using limits::Limits;
using limits::Period;
using limits::Quantity;
using limits::SubjectType;
using record::Stage;
using Timer = boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                                boost::asio::wait_traits<std::chrono::steady_clock>, net::Executor>;

std::string event(std::string_view text) {
  return R"(data: {"choices":[{"index":0,"delta":{"content":")" + std::string(text) + "\"}}]}\n\n";
}

// Answers as it is told.
class ModelServer final : public net::ExchangeHandler {
 public:
  net::Task<> handle(net::Exchange& exchange) override {
    ++requests;
    const auto body = co_await exchange.read_body();
    if (!body || body->find(R"("stream":true)") == std::string_view::npos) {
      if (before) co_await before(0);
      static_cast<void>(co_await exchange.reply({.status = status, .content_type = "application/json"}, answer));
      co_return;
    }
    static_cast<void>(co_await exchange.start_stream({.content_type = "text/event-stream"}));
    for (std::size_t i = 0; i < events.size(); ++i) {
      if (before) co_await before(i);
      if (!co_await exchange.write(events[i])) co_return;
    }
    static_cast<void>(co_await exchange.write("data: [DONE]\n\n"));
    static_cast<void>(co_await exchange.finish());
  }

  int requests = 0;
  int status = 200;
  std::string answer = R"({"choices":[{"message":{"content":"hello"}}],)"
                       R"("usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}})";
  std::vector<std::string> events;
  std::function<net::Task<>(std::size_t event)> before;
};

class LimitsTest : public ::testing::Test {
 protected:
  LimitsTest() {
    auto listener = net::bind_tcp("127.0.0.1:0");
    EXPECT_TRUE(listener);
    const std::uint16_t port = net::bound_port(listener->get());
    server_.emplace(live_.io, live_.sweep, *std::move(listener), net::ServerLimits{}, model_server_);
    EXPECT_TRUE(server_->start());
    client_.emplace(live_.io, live_.sweep, *net::UpstreamUrl::parse("http://127.0.0.1:" + std::to_string(port)),
                    net::ClientLimits{});
    caller_ = known_.add("caller");
    use_meters(64);
  }
  ~LimitsTest() override {
    pipeline_.reset();
    client_->cut_off();
    live_.run(drain());
  }

  void use_meters(std::size_t capacity) {
    pipeline_.reset();
    meters_.emplace(limits::kTestKey, capacity);
    pipeline_.emplace(*live_.recorder, denials_, *client_, routes_, entities_, *meters_, holds_, upstream_settings_,
                      commit_, false);
  }
  void in_force(const std::vector<Limit>& limits, std::string_view prices = {}) {
    const auto parsed = prices.empty() ? limits::Prices() : limits::Prices::parse(prices, "prices.toml");
    ASSERT_TRUE(parsed) << parsed.error().message();
    pipeline_->set_access(make_access(known_, kDefaultPolicies, kKnownSince, Limits::of(limits), *parsed));
  }
  void serve(FakeExchange& exchange) { EXPECT_TRUE(live_.run(handle(exchange))); }

  FakeExchange chat(std::string_view more = {}) const {
    return FakeExchange(net::Method::kPost, "/v1/chat/completions", {caller_},
                        R"({"model":"m","messages":[])" + std::string(more) + "}");
  }
  FakeExchange stream() const { return chat(R"(,"stream":true)"); }
  // As the model server's body is estimated.
  static std::uint64_t prompt_tokens(std::size_t body_bytes) { return limits::estimate_tokens(body_bytes); }
  std::uint64_t stream_prompt_tokens() const {
    return prompt_tokens(std::string_view(R"({"model":"m","messages":[],"stream":true})").size());
  }

  static std::string field(const FakeExchange& exchange, std::string_view name) {
    const std::string mark = "\n" + std::string(name) + ": ";
    const std::string all = "\n" + exchange.headers;
    const std::size_t at = all.find(mark);
    if (at == std::string::npos) return {};
    return all.substr(at + mark.size(), all.find('\n', at + 1) - at - mark.size());
  }
  // Waits, within the model server, until the caller has this.
  net::Task<> until_sent(const FakeExchange& exchange, std::string_view text) {
    Timer timer(live_.io);
    while (exchange.sent.find(text) == std::string::npos) {
      timer.expires_after(std::chrono::milliseconds(1));
      co_await timer.async_wait(net::use_task);
    }
  }

  // Waits, within the model server and with what the core does meanwhile, until the caller has the end of its stream.
  net::Task<> until_finished(const FakeExchange& exchange) {
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    Timer timer(live_.io);
    while (!exchange.finished && std::chrono::steady_clock::now() < give_up) {
      timer.expires_after(std::chrono::milliseconds(5));
      co_await timer.async_wait(net::use_task);
      pipeline_->tick(std::chrono::steady_clock::now());
    }
    EXPECT_TRUE(exchange.finished);
  }

  LiveLedger live_;
  Known known_;
  std::string caller_;
  ModelServer model_server_;
  FakeHoldDesk holds_;
  std::optional<limits::Meters> meters_;
  std::optional<Pipeline> pipeline_;

 private:
  net::Task<bool> handle(FakeExchange& exchange) {
    co_await pipeline_->handle(exchange);
    co_return true;
  }
  net::Task<bool> drain() {
    co_await server_->drain(std::chrono::milliseconds(0));
    co_return true;
  }

  const UpstreamSettings upstream_settings_{};
  const CommitSettings commit_;
  LedgerFiles files_{live_.fs, LiveLedger::kDirectory};
  DenialCounter denials_{*live_.recorder, 1};
  identity::EntityCache entities_{&policy_schema()};
  LedgerRoutes routes_{live_.io, *live_.recorder, denials_, files_, entities_, commit_};
  std::optional<net::HttpServer> server_;
  std::optional<net::HttpClient> client_;
};

Limit each_principal(Quantity quantity, std::uint64_t amount, Period period = Period::kDay) {
  return window(SubjectType::kPrincipal, "*", quantity, period, amount);
}

TEST_F(LimitsTest, ARequestBeyondALimitIsRefusedInTheFormOfTheApiAndOnRecord) {
  in_force({each_principal(Quantity::kRequests, 1)});
  FakeExchange first = chat();
  serve(first);
  EXPECT_EQ(first.status, 200);
  EXPECT_EQ(field(first, "x-ratelimit-limit-requests"), "1");
  EXPECT_EQ(field(first, "x-ratelimit-remaining-requests"), "0");
  EXPECT_EQ(field(first, "RateLimit-Policy"), R"("principal-requests-day";q=1;w=86400)");
  EXPECT_TRUE(field(first, "RateLimit").starts_with(R"("principal-requests-day";r=0;t=)"));
  EXPECT_EQ(field(first, "Retry-After"), "");

  FakeExchange second = chat();
  serve(second);
  EXPECT_EQ(second.status, 429);
  EXPECT_NE(
      second.sent.find(R"("message":"the limit of requests per day for this principal is reached; try again in )"),
      std::string::npos)
      << second.sent;
  EXPECT_NE(second.sent.find(R"("type":"rate_limit_error","param":null,"code":"rate_limit_exceeded")"),
            std::string::npos)
      << second.sent;
  const std::string wait = field(second, "Retry-After");
  EXPECT_FALSE(wait.empty());
  EXPECT_EQ(field(second, "RateLimit"), R"("principal-requests-day";r=0;t=)" + wait);
  EXPECT_EQ(field(second, "Redoubt-Decision"), "deny");
  EXPECT_NE(field(second, "Redoubt-Receipt"), "");
  EXPECT_EQ(model_server_.requests, 1);
  EXPECT_EQ(pipeline_->metrics().limited[static_cast<std::size_t>(Quantity::kRequests)], 1u);

  const auto entries = live_.entries();
  ASSERT_EQ(entries.size(), 3u);
  EXPECT_EQ(entries[2].stage(), Stage::kDenial);
  EXPECT_TRUE(entries[2].says(R"("reason":"limit")"));
  EXPECT_TRUE(entries[2].says(
      R"("authorizations":[{"decision":"deny","policy":{"name":"limits","uid":"principal.each.requests.day"}}])"))
      << entries[2].record;
}

TEST_F(LimitsTest, WithoutALimitNothingIsSaidOfThem) {
  in_force({});
  FakeExchange exchange = chat();
  serve(exchange);
  EXPECT_EQ(exchange.status, 200);
  EXPECT_EQ(exchange.headers.find("atelimit"), std::string::npos);
  EXPECT_EQ(exchange.headers.find("RateLimit"), std::string::npos);
}

TEST_F(LimitsTest, ListingModelsIsARequestAndCostsNothingElse) {
  in_force({each_principal(Quantity::kRequests, 2), each_principal(Quantity::kTokens, 1000),
            each_principal(Quantity::kMoney, 1)});
  for (const int status : {200, 200, 429}) {
    FakeExchange exchange(net::Method::kGet, "/v1/models", {caller_});
    serve(exchange);
    EXPECT_EQ(exchange.status, status) << exchange.sent;
    EXPECT_EQ(field(exchange, "x-ratelimit-remaining-tokens"), "1000");
  }
}

TEST_F(LimitsTest, OfSeveralLimitsTheOneToWaitForLongestIsNamed) {
  in_force({window(SubjectType::kKey, "*", Quantity::kRequests, Period::kHour, 1),
            window(SubjectType::kGroup, "callers", Quantity::kRequests, Period::kMonth, 1),
            window(SubjectType::kModel, "m", Quantity::kRequests, Period::kDay, 1)});
  FakeExchange first = chat();
  serve(first);
  EXPECT_EQ(first.status, 200);
  EXPECT_TRUE(field(first, "RateLimit").starts_with(R"("key-requests-hour";r=0;t=)"));
  EXPECT_EQ(field(first, "RateLimit").find("group"), std::string::npos) << "how much others use is theirs";
  FakeExchange second = chat();
  serve(second);
  EXPECT_EQ(second.status, 429);
  EXPECT_NE(second.sent.find("requests per month for this group"), std::string::npos) << second.sent;
  EXPECT_NE(second.sent.find(R"("type":"insufficient_quota","param":null,"code":"insufficient_quota")"),
            std::string::npos);
  EXPECT_TRUE(live_.entries().back().says(R"("uid":"group.callers.requests.month")"));
}

TEST_F(LimitsTest, AGroupAboveAGroupCountsToo) {
  known_.apply(identity::propose_group({.id = "everybody"}));
  known_.apply(identity::propose_group({.id = "ward", .parents = {"everybody"}}));
  const identity::Principal caller = *known_.identities().principal("caller");
  identity::Principal wanted = caller;
  wanted.groups.emplace_back("ward");
  known_.apply(identity::propose_change(caller, wanted));
  in_force({window(SubjectType::kGroup, "everybody", Quantity::kRequests, Period::kDay, 1)});
  FakeExchange first = chat();
  serve(first);
  FakeExchange second = chat();
  serve(second);
  EXPECT_EQ(first.status, 200);
  EXPECT_EQ(second.status, 429);
}

TEST_F(LimitsTest, TokensAreThoseThatTheModelServerSays) {
  in_force({each_principal(Quantity::kTokens, 100)});
  FakeExchange exchange = chat(R"(,"max_tokens":40)");
  serve(exchange);
  EXPECT_EQ(exchange.status, 200);
  EXPECT_EQ(field(exchange, "x-ratelimit-limit-tokens"), "100");
  EXPECT_EQ(field(exchange, "x-ratelimit-remaining-tokens"), "95");
}

TEST_F(LimitsTest, TokensThatTheModelServerDoesNotSayAreEstimated) {
  in_force({each_principal(Quantity::kTokens, 100)});
  model_server_.answer = R"({"choices":[{"message":{"role":"AI","content":"ten  bytes"}}]})";
  FakeExchange exchange = chat();
  serve(exchange);
  EXPECT_EQ(exchange.status, 200);
  const std::uint64_t used = prompt_tokens(std::string_view(R"({"model":"m","messages":[]})").size()) + 3;
  EXPECT_EQ(field(exchange, "x-ratelimit-remaining-tokens"), std::to_string(100 - used));
}

TEST_F(LimitsTest, WhatIsAskedForBeyondALimitIsRefusedBeforeItLeaves) {
  in_force({each_principal(Quantity::kTokens, 100)});
  FakeExchange exchange = chat(R"(,"max_completion_tokens":50,"n":2)");
  serve(exchange);
  EXPECT_EQ(exchange.status, 429);
  EXPECT_NE(exchange.sent.find("the limit of tokens per day for this principal is less than this needs"),
            std::string::npos)
      << exchange.sent;
  EXPECT_EQ(field(exchange, "Retry-After"), "");
  EXPECT_EQ(field(exchange, "x-ratelimit-remaining-tokens"), "100");
  EXPECT_EQ(model_server_.requests, 0);
}

TEST_F(LimitsTest, WhatTheModelServerRefusesCostsTheRequestAlone) {
  in_force({each_principal(Quantity::kTokens, 100), each_principal(Quantity::kRequests, 5)});
  model_server_.status = 500;
  model_server_.answer = R"({"error":{"message":"broken"}})";
  FakeExchange exchange = chat(R"(,"max_tokens":40)");
  serve(exchange);
  EXPECT_EQ(exchange.status, 500);
  EXPECT_EQ(field(exchange, "x-ratelimit-remaining-tokens"), "100");
  EXPECT_EQ(field(exchange, "x-ratelimit-remaining-requests"), "4");
}

constexpr std::string_view kPrices =
    "currency = \"EUR\"\n[[model]]\nname = \"m\"\ninput = \"500000\"\noutput = \"1000000\"\n";

TEST_F(LimitsTest, MoneyIsCountedByThePrices) {
  in_force({each_principal(Quantity::kMoney, 20'000'000)}, kPrices);  // 3.5 for the prompt by estimate, then 1.5 + 2
  for (const int status : {200, 200, 200, 200, 200, 429}) {
    FakeExchange exchange = chat();
    serve(exchange);
    EXPECT_EQ(exchange.status, status) << exchange.sent;
    if (status == 429) {
      EXPECT_NE(exchange.sent.find(R"("code":"insufficient_quota")"), std::string::npos);
    }
  }
}

TEST_F(LimitsTest, WhatHasNoPriceCannotBeUsedWhereMoneyIsLimited) {
  in_force({each_principal(Quantity::kMoney, 1'000'000)},
           "currency = \"EUR\"\n[[model]]\nname = \"other\"\ninput = "
           "\"1\"\noutput = \"1\"\n");
  FakeExchange exchange = chat();
  serve(exchange);
  EXPECT_EQ(exchange.status, 429);
  EXPECT_EQ(model_server_.requests, 0);
}

TEST_F(LimitsTest, AnAnswerOfMoreBytesThanAreLeftIsWithheld) {
  in_force({each_principal(Quantity::kBytesOut, model_server_.answer.size() * 3 / 2),
            each_principal(Quantity::kTokens, 100)});
  FakeExchange first = chat();
  serve(first);
  EXPECT_EQ(first.status, 200);
  FakeExchange second = chat();
  serve(second);
  EXPECT_EQ(second.status, 429);
  EXPECT_EQ(second.sent.find("hello"), std::string::npos);
  EXPECT_EQ(field(second, "Redoubt-Decision"), "deny");
  EXPECT_NE(field(second, "Retry-After"), "");
  EXPECT_EQ(field(second, "x-ratelimit-remaining-tokens"), "90") << "they are used";
  const ReadEntry outcome = live_.entries().back();
  EXPECT_EQ(outcome.stage(), Stage::kOutcome);
  EXPECT_TRUE(outcome.says(R"("status_detail":"limit_reached")"));
  EXPECT_TRUE(outcome.says(R"("policy":{"name":"limits","uid":"principal.each.bytes_out.day"})"));
}

TEST_F(LimitsTest, WithoutAMeterToCountInNothingIsPermitted) {
  use_meters(1);
  in_force(
      {window(SubjectType::kKey, "*", Quantity::kRequests, Period::kDay, 5), each_principal(Quantity::kRequests, 5)});
  FakeExchange exchange = chat();
  serve(exchange);
  EXPECT_EQ(exchange.status, 503);
  EXPECT_NE(exchange.sent.find(R"("type":"api_error","param":null,"code":"limits_unavailable")"), std::string::npos);
  EXPECT_EQ(pipeline_->metrics().limited[limits::kQuantities], 1u);
  EXPECT_TRUE(live_.entries().back().says(R"("reason":"unavailable")"));
}

// ---- streams

class LimitedStream : public LimitsTest {
 protected:
  // What ends a stream that is cut off: a receipt, an error, and no end mark.
  static void expect_cut(const FakeExchange& exchange, std::string_view passed, std::string_view type,
                         std::string_view code) {
    ASSERT_TRUE(exchange.sent.starts_with(passed)) << exchange.sent;
    const std::string rest = exchange.sent.substr(passed.size());
    EXPECT_TRUE(rest.starts_with(": redoubt-receipt origin=")) << rest;
    EXPECT_NE(rest.find("\n\ndata: {\"error\":{\"message\":\""), std::string::npos) << rest;
    EXPECT_TRUE(rest.ends_with("\"type\":\"" + std::string(type) + "\",\"param\":null,\"code\":\"" + std::string(code) +
                               "\"}}\n\n"))
        << rest;
    EXPECT_EQ(exchange.sent.find("[DONE]"), std::string::npos);
    EXPECT_TRUE(exchange.finished);
  }
  ReadEntry outcome() {
    auto entries = live_.entries();
    EXPECT_EQ(entries.back().stage(), Stage::kOutcome);
    return std::move(entries.back());
  }
};

TEST_F(LimitedStream, EndsAtALimitOfTokensWithAnErrorAndOnRecord) {
  in_force({each_principal(Quantity::kTokens, stream_prompt_tokens() + 4)});
  model_server_.events = {event("8 bytes."), event("8 bytes:"), event("8 bytes!"), event("more")};
  FakeExchange exchange = stream();
  serve(exchange);
  EXPECT_EQ(exchange.status, 200);
  EXPECT_EQ(field(exchange, "x-ratelimit-remaining-tokens"), "4");
  const std::string passed = model_server_.events[0] + model_server_.events[1];
  expect_cut(exchange, passed, "rate_limit_error", "rate_limit_exceeded");
  EXPECT_EQ(pipeline_->metrics().limited[static_cast<std::size_t>(Quantity::kTokens)], 1u);
  const ReadEntry ended = outcome();
  EXPECT_TRUE(ended.says(R"("status_detail":"limit_reached")"));
  EXPECT_TRUE(ended.says(R"("error":"rate_limit_exceeded")"));
  EXPECT_TRUE(ended.says(R"("code":200,"body_length":)" + std::to_string(passed.size()) + "}"));
  EXPECT_TRUE(ended.says(R"("policy":{"name":"limits","uid":"principal.each.tokens.day"})"));
}

TEST_F(LimitedStream, EndsAtALimitOfBytesBetweenTwoEventsOfOnePiece) {
  const std::string one = event("text");
  in_force({each_principal(Quantity::kBytesOut, one.size() * 5 / 2)});
  model_server_.events = {one + one + one + one};
  FakeExchange exchange = stream();
  serve(exchange);
  expect_cut(exchange, one + one, "rate_limit_error", "rate_limit_exceeded");
  FakeExchange next = chat();
  serve(next);
  EXPECT_EQ(next.status, 429) << "what is left is less than the next answer";
}

TEST_F(LimitedStream, ThatEndsByItselfIsSettledByTheModelServersCount) {
  in_force({each_principal(Quantity::kTokens, 100)});
  model_server_.events = {event("hello"),
                          "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":20,\"completion_tokens\":"
                          "30,\"total_tokens\":50}}\n\n"};
  FakeExchange exchange = stream();
  serve(exchange);
  EXPECT_TRUE(exchange.sent.ends_with("data: [DONE]\n\n"));
  FakeExchange next(net::Method::kGet, "/v1/models", {caller_});
  serve(next);
  EXPECT_EQ(field(next, "x-ratelimit-remaining-tokens"), "50");
}

TEST_F(LimitedStream, IsHeldToALimitThatIsLoweredWhileItFlows) {
  in_force({each_principal(Quantity::kTokens, 1'000'000)});
  FakeExchange exchange = stream();
  model_server_.events = {event("first"), event("second"), event("third")};
  model_server_.before = [&](std::size_t next) -> net::Task<> {
    if (next != 2) co_return;
    co_await until_sent(exchange, "second");
    in_force({each_principal(Quantity::kTokens, stream_prompt_tokens() + 4)});  // as much as it has had
  };
  serve(exchange);
  expect_cut(exchange, event("first") + event("second"), "rate_limit_error", "rate_limit_exceeded");
}

TEST_F(LimitedStream, GoesOnWhenSomethingElseChanges) {
  in_force({each_principal(Quantity::kTokens, 1'000'000)});
  FakeExchange exchange = stream();
  model_server_.events = {event("first"), event("second")};
  model_server_.before = [&](std::size_t next) -> net::Task<> {
    if (next == 0) co_return;
    co_await until_sent(exchange, "first");
    known_.add_key({.principal = "caller"});
    in_force({each_principal(Quantity::kTokens, 999'999)});
  };
  serve(exchange);
  EXPECT_TRUE(exchange.sent.ends_with("data: [DONE]\n\n")) << exchange.sent;
}

TEST_F(LimitedStream, EndsWhenItsKeyIsRevoked) {
  in_force({});
  FakeExchange exchange = stream();
  model_server_.events = {event("first"), event("second")};
  model_server_.before = [&](std::size_t next) -> net::Task<> {
    if (next == 0) co_return;
    co_await until_sent(exchange, "first");
    const identity::Identities& now = known_.identities();
    const auto caller = make_access(known_)->find(caller_, kKnownSince);
    known_.apply(identity::propose_revocation(*now.key(caller->key->id)));
    in_force({});
  };
  serve(exchange);
  expect_cut(exchange, event("first"), "invalid_request_error", "invalid_api_key");
  const ReadEntry ended = outcome();
  EXPECT_TRUE(ended.says(R"("status_detail":"release_denied")"));
  EXPECT_TRUE(ended.says(R"("error":"invalid_api_key")"));
}

TEST_F(LimitedStream, EndsWhenItsKeyIsRevokedAlsoWhileTheModelServerIsSilent) {
  in_force({});
  FakeExchange exchange = stream();
  bool waited = false;
  model_server_.events = {event("first"), event("second")};
  model_server_.before = [&](std::size_t next) -> net::Task<> {
    if (next == 0) co_return;
    co_await until_sent(exchange, "first");
    const auto caller = make_access(known_)->find(caller_, kKnownSince);
    known_.apply(identity::propose_revocation(*known_.identities().key(caller->key->id)));
    in_force({});
    co_await until_finished(exchange);
    waited = true;
  };
  serve(exchange);
  live_.pump_until([&] { return waited; });  // it looks at the exchange
  expect_cut(exchange, event("first"), "invalid_request_error", "invalid_api_key");
  EXPECT_TRUE(outcome().says(R"("error":"invalid_api_key")"));
}

TEST_F(LimitedStream, EndsWhenItsKeyExpiresAlsoWhileTheModelServerIsSilent) {
  const UnixMillis end{SystemClock().now().value + 200};
  caller_ = known_.add_key({.principal = "caller", .expires = end});
  in_force({});
  FakeExchange exchange = stream();
  bool waited = false;
  model_server_.events = {event("first"), event("second")};
  model_server_.before = [&](std::size_t next) -> net::Task<> {
    if (next == 0) co_return;
    co_await until_sent(exchange, "first");
    EXPECT_LT(SystemClock().now().value, end.value) << "this machine is too slow for the test";
    co_await until_finished(exchange);
    waited = true;
  };
  serve(exchange);
  live_.pump_until([&] { return waited; });  // it looks at the exchange
  EXPECT_GE(SystemClock().now().value, end.value);
  expect_cut(exchange, event("first"), "invalid_request_error", "invalid_api_key");
}

TEST_F(LimitedStream, GoesOnWhileNothingIsCertain) {
  in_force({});
  FakeExchange exchange = stream();
  model_server_.events = {event("first"), event("second")};
  model_server_.before = [&](std::size_t next) -> net::Task<> {
    if (next == 0) co_return;
    co_await until_sent(exchange, "first");
    pipeline_->set_access(nullptr);
    pipeline_->tick(std::chrono::steady_clock::now());
  };
  serve(exchange);
  EXPECT_TRUE(exchange.sent.ends_with("data: [DONE]\n\n")) << exchange.sent;
}

TEST_F(LimitedStream, EndsWhenItsPrincipalIsDisabled) {
  in_force({});
  FakeExchange exchange = stream();
  model_server_.events = {event("first"), event("second")};
  model_server_.before = [&](std::size_t next) -> net::Task<> {
    if (next == 0) co_return;
    co_await until_sent(exchange, "first");
    known_.apply(identity::propose_enabled(*known_.identities().principal("caller"), false));
    in_force({});
  };
  serve(exchange);
  expect_cut(exchange, event("first"), "invalid_request_error", "invalid_api_key");
}

// ----------------------------------------------------------------------------------------- responses to incidents

class HeldBack : public LimitedStream {
 protected:
  incident::Response response(incident::Effect effect, const std::string& target) {
    return {.id = "0123456789abcdef",
            .action = {.effect = effect, .target = *incident::parse_target(target)},
            .until = {SystemClock().now().value + 3'600'000}};
  }
  // Of the caller, for an hour, from so many milliseconds from now.
  incident::Response begun(incident::Effect effect, std::int64_t in_ms) {
    incident::Response out = response(effect, "principal/caller");
    out.action.for_ms = 3'600'000;
    out.until.value += in_ms;
    return out;
  }
  void hold(const incident::Response& response) {
    incident::Restrictions held;
    held.add(response);
    pipeline_->set_access(make_access(known_, kDefaultPolicies, kKnownSince, {}, {}, held));
  }
  void expect_refused(FakeExchange exchange, std::string_view code) {
    serve(exchange);
    EXPECT_EQ(exchange.status, 403);
    EXPECT_NE(exchange.sent.find(code), std::string::npos) << exchange.sent;
    EXPECT_EQ(model_server_.requests, 0);
    const ReadEntry denial = live_.entries().back();
    EXPECT_EQ(denial.stage(), Stage::kDenial);
    EXPECT_TRUE(denial.says(R"("policy":{"name":"response","uid":"0123456789abcdef")"));
  }
};

TEST_F(HeldBack, WhoIsSuspendedGetsNothingWhateverPoliciesSay) {
  hold(response(incident::Effect::kSuspend, "principal/caller"));
  expect_refused(chat(), "suspended");
}

TEST_F(HeldBack, NeitherDoesAKey) {
  const auto caller = make_access(known_)->find(caller_, kKnownSince);
  hold(response(incident::Effect::kSuspend, "key/" + caller->key->id));
  expect_refused(chat(), "suspended");
}

TEST_F(HeldBack, AModelThatIsBlockedIsNotInvoked) {
  hold(response(incident::Effect::kBlock, "model/m"));
  expect_refused(chat(), "suspended");
}

TEST_F(HeldBack, AToolThatIsBlockedIsNotOffered) {
  hold(response(incident::Effect::kBlock, "tool/mail.send"));
  expect_refused(chat(R"(,"tools":[{"type":"function","function":{"name":"mail.send"}}])"), "suspended");
}

TEST_F(HeldBack, OthersAreNotTouched) {
  hold(response(incident::Effect::kSuspend, "principal/somebody-else"));
  FakeExchange exchange = chat();
  serve(exchange);
  EXPECT_EQ(exchange.status, 200);
}

TEST_F(HeldBack, WhoMustProveThemselvesAnewDoesNotPassYet) {
  hold(response(incident::Effect::kStepUp, "principal/caller"));
  expect_refused(chat(), "step_up_required");
}

TEST_F(HeldBack, WhoAuthenticatesSinceSessionsWereRevokedPasses) {
  hold(begun(incident::Effect::kRevokeSessions, -1));
  FakeExchange exchange = chat();
  serve(exchange);
  EXPECT_EQ(exchange.status, 200);
}

TEST_F(HeldBack, NobodyElseDoes) {
  hold(begun(incident::Effect::kRevokeSessions, 60'000));
  expect_refused(chat(), "session_revoked");
}

TEST_F(HeldBack, InQuarantineARequestPassesOnceSomebodyHasReleasedIt) {
  hold(response(incident::Effect::kQuarantine, "principal/caller"));
  FakeExchange first = chat();
  serve(first);
  EXPECT_EQ(first.status, 403);
  EXPECT_NE(first.sent.find("held_for_review"), std::string::npos) << first.sent;
  ASSERT_EQ(holds_.placed.size(), 1u);
  EXPECT_EQ(holds_.placed[0].kind, "inspection.request");
  EXPECT_EQ(holds_.placed[0].reason, "in quarantine by the response 0123456789abcdef");
  const std::string id = holds_.held.begin()->first;
  holds_.decide(id, HoldAnswer::kReleased);
  FakeExchange again = chat();
  again.add_field("Redoubt-Hold", id);
  serve(again);
  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(model_server_.requests, 1);
}

TEST_F(HeldBack, WhichModelsThereAreIsNobodysToReview) {
  hold(response(incident::Effect::kQuarantine, "principal/caller"));
  expect_refused(FakeExchange(net::Method::kGet, "/v1/models", {caller_}), "quarantined");
}

TEST_F(HeldBack, ANetworkIsBlockedByTheNameThatSignalsHave) {
  behaviour::FeatureSealing sealing(live_.fs, "/features");
  ASSERT_TRUE(sealing.renew(SystemClock().now()));
  live_.recorder->seal_features(sealing);
  const auto prefix = live_.recorder->feature_key()->address_prefix("192.0.2.99");  // of the caller's network
  ASSERT_TRUE(prefix);
  hold(response(incident::Effect::kBlock, "network/" + behaviour::network_name(*prefix)));
  expect_refused(chat(), "suspended");
}

TEST_F(HeldBack, NeitherIsTheLedgerRead) {
  hold(response(incident::Effect::kSuspend, "principal/caller"));
  expect_refused(FakeExchange(net::Method::kGet, "/ledger/receipt/0", {caller_}), "in answer to an incident");
}

TEST_F(HeldBack, AnAnswerStaysWhenItsCallerWasSuspendedMeanwhile) {
  in_force({});
  FakeExchange exchange = chat();
  model_server_.before = [&](std::size_t) -> net::Task<> {
    hold(response(incident::Effect::kSuspend, "principal/caller"));
    co_return;
  };
  serve(exchange);
  EXPECT_EQ(exchange.status, 403);
  EXPECT_NE(exchange.sent.find("suspended"), std::string::npos) << exchange.sent;
  EXPECT_TRUE(outcome().says(R"("policy":{"name":"response","uid":"0123456789abcdef")"));
}

TEST_F(HeldBack, AnAnswerStaysWhenItsSessionWasRevokedMeanwhile) {
  in_force({});
  FakeExchange exchange = chat();
  model_server_.before = [&](std::size_t) -> net::Task<> {
    hold(begun(incident::Effect::kRevokeSessions, 0));
    co_return;
  };
  serve(exchange);
  EXPECT_EQ(exchange.status, 403);
  EXPECT_NE(exchange.sent.find("session_revoked"), std::string::npos) << exchange.sent;
}

TEST_F(HeldBack, AnInspectionStopsWhatPoliciesWouldLetPass) {
  incident::Response inspect = response(incident::Effect::kInspect, "principal/caller");
  inspect.action.families = "personal";
  hold(inspect);
  FakeExchange mail(net::Method::kPost, "/v1/chat/completions", {caller_},
                    R"({"model":"m","messages":[{"role":"user","content":"write to ann.lee@example.org"}]})");
  serve(mail);
  EXPECT_EQ(mail.status, 403);
  EXPECT_NE(mail.sent.find("content_blocked"), std::string::npos) << mail.sent;
  FakeExchange plain = chat();
  serve(plain);
  EXPECT_EQ(plain.status, 200);
}

TEST_F(HeldBack, AResponseWhoseTimeIsOverHoldsNothing) {
  incident::Response over = response(incident::Effect::kSuspend, "principal/caller");
  over.until = {SystemClock().now().value};
  hold(over);
  FakeExchange exchange = chat();
  serve(exchange);
  EXPECT_EQ(exchange.status, 200);
}

TEST_F(HeldBack, AStreamEndsWhenItsCallerIsSuspendedAlsoWhileTheModelServerIsSilent) {
  in_force({});
  FakeExchange exchange = stream();
  bool waited = false;
  model_server_.events = {event("first"), event("second")};
  model_server_.before = [&](std::size_t next) -> net::Task<> {
    if (next == 0) co_return;
    co_await until_sent(exchange, "first");
    hold(response(incident::Effect::kSuspend, "principal/caller"));
    co_await until_finished(exchange);
    waited = true;
  };
  serve(exchange);
  live_.pump_until([&] { return waited; });  // it looks at the exchange
  expect_cut(exchange, event("first"), "permission_error", "suspended");
  EXPECT_TRUE(outcome().says(R"("error":"suspended")"));
  EXPECT_TRUE(outcome().says(R"("policy":{"name":"response","uid":"0123456789abcdef")"));
}

}  // namespace
}  // namespace redoubt::gateway::test
