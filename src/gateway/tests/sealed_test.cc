// Requests that are sealed to a key of the gateway: the route, its keys, and what it remembers.
#include "gateway/sealed_route.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <optional>
#include <string>

#include "attest/lease.h"
#include "attest/sealed_key.h"
#include "gateway/tests/access_support.h"
#include "gateway/tests/fake_exchange.h"
#include "gateway/tests/live_ledger.h"
#include "ohttp/binary_http.h"
#include "ohttp/encapsulation.h"
#include "ohttp/http_date.h"

namespace redoubt::gateway::test {
namespace {

using namespace std::chrono_literals;
using Answer = SeenRequests::Answer;

crypto::X25519PublicKey encapsulated(int n) {
  crypto::X25519PublicKey out{};
  store_be<std::uint32_t>(MutableByteView(out).first(4), static_cast<std::uint32_t>(n));
  return out;
}

constexpr UnixMillis kNow{1'800'000'030'000};
UnixMillis after(std::int64_t ms) {
  return {kNow.value + ms};
}

TEST(SeenRequests, AreServedOnceWithinTheirTime) {
  SeenRequests seen;
  EXPECT_EQ(seen.remember(encapsulated(1), kNow, kNow), Answer::kNew);
  EXPECT_EQ(seen.remember(encapsulated(1), kNow, kNow), Answer::kSeen);
  EXPECT_EQ(seen.remember(encapsulated(2), kNow, kNow), Answer::kNew);
  constexpr std::int64_t kWindow = SeenRequests::kWindowMs;
  EXPECT_EQ(seen.remember(encapsulated(1), kNow, after(kWindow)), Answer::kSeen);
  EXPECT_EQ(seen.remember(encapsulated(1), kNow, after(kWindow + 1)), Answer::kOutside);
  EXPECT_EQ(seen.remember(encapsulated(3), after(3 * kWindow), after(kWindow)), Answer::kOutside) << "of the future";
  EXPECT_EQ(seen.remember(encapsulated(3), after(2 * kWindow), after(kWindow)), Answer::kNew);
  EXPECT_EQ(seen.remember(encapsulated(3), after(2 * kWindow), after(3 * kWindow)), Answer::kSeen);
}

TEST(SeenRequests, DoNotComeAgainWhenTheClockIsSetBack) {
  SeenRequests seen;
  EXPECT_EQ(seen.remember(encapsulated(1), kNow, kNow), Answer::kNew);
  EXPECT_EQ(seen.remember(encapsulated(2), after(600'000), after(600'000)), Answer::kNew);
  EXPECT_EQ(seen.remember(encapsulated(1), kNow, kNow), Answer::kOutside);
  EXPECT_FALSE(seen.in_time(kNow, kNow));
}

TEST(SeenRequests, GiveNothingUpForSomethingNewer) {
  SeenRequests seen(100);
  for (int i = 0; i < 100; ++i) ASSERT_EQ(seen.remember(encapsulated(i), after(i * 500), kNow), Answer::kNew);
  EXPECT_EQ(seen.remember(encapsulated(100), kNow, kNow), Answer::kFull);
  for (int i = 0; i < 100; ++i) ASSERT_EQ(seen.remember(encapsulated(i), after(i * 500), kNow), Answer::kSeen);
  EXPECT_EQ(seen.remember(encapsulated(100), after(300'000), after(300'000)), Answer::kNew) << "their time is over";
}

TEST(SealingKeys, OverlapAndEnd) {
  const auto start = std::chrono::steady_clock::now();
  SealingKeys keys(start);
  const auto first = keys.current(start)->configuration;
  EXPECT_EQ(keys.current(start + 59min)->configuration, first);
  const auto second = keys.current(start + 60min)->configuration;
  EXPECT_NE(second, first);
  EXPECT_NE(second.id, first.id);
  ASSERT_NE(keys.find(first.id, start + 119min), nullptr);
  EXPECT_EQ(keys.find(first.id, start + 119min)->configuration, first);
  EXPECT_EQ(keys.find(first.id, start + 120min), nullptr);
  EXPECT_NE(keys.find(second.id, start + 120min), nullptr);
  EXPECT_EQ(keys.find(static_cast<std::uint8_t>(first.id - 1), start + 120min), nullptr);
  // A night without a request.
  const auto last = keys.current(start + 120min)->configuration;
  keys.tick(start + 600min);
  EXPECT_EQ(keys.find(last.id, start + 600min), nullptr);
}

class SealedRouteTest : public ::testing::Test {
 protected:
  SealedRouteTest() { caller_ = known_.add("caller"); }

  // A request inside, of this date.
  Bytes inside(std::string path = "/v1/chat/completions", std::optional<std::string> date = std::nullopt,
               std::optional<std::string> authorization = std::nullopt) {
    const std::string now = ohttp::format_http_date(live_.clock.now());
    const std::string when = date.value_or(now);
    const std::string who = authorization.value_or(caller_);
    ohttp::BinaryRequest request{.method = "POST",
                                 .scheme = "https",
                                 .authority = "gateway.example",
                                 .path = path,
                                 .fields = {{"authorization", who}},
                                 .content = "{\"secret\":1}",
                                 .joined = {}};
    if (!when.empty()) request.fields.push_back({"date", when});
    return ohttp::write_request(request);
  }
  ohttp::SealedRequest seal(ByteView content) {
    const auto key = bodies_.keys.current(std::chrono::steady_clock::now());
    auto out = ohttp::seal_request(key->configuration, content);
    EXPECT_TRUE(out);
    return *std::move(out);
  }

  FakeExchange post(ByteView message, std::string_view type = ohttp::kRequestType,
                    net::Method method = net::Method::kPost) {
    FakeExchange exchange(method, std::string(kSealedPath), {}, std::string(as_chars(message)));
    exchange.add_field("Content-Type", type);
    answered_ = live_.run(handle(exchange));
    return exchange;
  }
  net::Task<int> handle(FakeExchange& exchange) {
    const auto access = make_access(known_, kDefaultPolicies);
    const SealedRoute::Serve serve = [this](net::Exchange& inner) { return serve_(inner); };
    co_return co_await route_.handle(exchange, access.get(), serve);
  }
  net::Task<> answer_whole(net::Exchange& inner) {
    ++served_;
    const auto body = co_await inner.read_body();
    seen_ = std::string(net::to_string(inner.request().method)) + " " + std::string(inner.request().path) + "?" +
            std::string(inner.request().query) + " " + std::string(*body);
    const net::HeaderField fields[] = {{"Redoubt-Receipt", "r"}};
    [[maybe_unused]] const auto sent =
        co_await inner.reply({.status = 201, .content_type = "application/json", .headers = fields}, "the answer");
  }
  net::Task<> answer_in_pieces(net::Exchange& inner, bool to_the_end) {
    [[maybe_unused]] auto sent = co_await inner.start_stream({.content_type = "text/event-stream", .headers = {}});
    sent = co_await inner.write("one ");
    sent = co_await inner.write("two");
    if (!to_the_end) co_return inner.abort();
    sent = co_await inner.finish();
  }

  struct Opened {
    int status = 0;
    std::string fields;
    std::string content;
    bool whole = false;
  };
  static Opened open(ohttp::ResponseOpener& opener, const FakeExchange& exchange) {
    EXPECT_EQ(exchange.status, 200) << exchange.sent;
    EXPECT_EQ(exchange.content_type, ohttp::kResponseType);
    ohttp::ResponseReader reader;
    const auto fed = opener.feed(as_bytes(exchange.sent));
    EXPECT_TRUE(fed && reader.feed(*fed));
    const auto end = opener.end();
    EXPECT_TRUE(!end || reader.feed(*end));
    Opened out{.status = 0, .fields = {}, .content = reader.take_content(), .whole = end && reader.ended()};
    if (reader.head() == nullptr) return out;
    out.status = reader.head()->status;
    for (const auto& [name, value] : reader.head()->fields) out.fields += name + ": " + value + "\n";
    return out;
  }
  // What is answered, sealed, to a request with this inside.
  Opened ask(ByteView content) {
    auto sealed = seal(content);
    const FakeExchange exchange = post(sealed.message);
    return open(sealed.response, exchange);
  }

  LiveLedger live_;
  Known known_;
  std::string caller_;
  EvidenceDesk desk_{live_.sweep, *live_.client};
  DenialCounter denials_{*live_.recorder, 1};
  SealedBodies bodies_{.keys = SealingKeys(std::chrono::steady_clock::now()), .seen = SeenRequests()};
  SealedRoute route_{desk_, denials_, bodies_, *live_.recorder};
  std::function<net::Task<>(net::Exchange&)> serve_ = [this](net::Exchange& inner) { return answer_whole(inner); };
  int served_ = 0;
  int answered_ = 0;
  std::string seen_;
};

TEST_F(SealedRouteTest, ServesWhatIsInsideAndSealsTheAnswer) {
  auto sealed = seal(inside("/v1/chat/completions?a=b"));
  const FakeExchange exchange = post(sealed.message);
  EXPECT_EQ(answered_, 0);
  EXPECT_EQ(seen_, "POST /v1/chat/completions?a=b {\"secret\":1}");
  EXPECT_EQ(exchange.sent.find("the answer"), std::string::npos);
  EXPECT_EQ(exchange.headers.find("Receipt"), std::string::npos) << "fields are inside, too";
  const Opened opened = open(sealed.response, exchange);
  EXPECT_TRUE(opened.whole);
  EXPECT_EQ(opened.status, 201);
  EXPECT_EQ(opened.content, "the answer");
  EXPECT_EQ(opened.fields, "content-type: application/json\nredoubt-receipt: r\n");
}

TEST_F(SealedRouteTest, SealsAStreamPieceByPieceAndShowsWhereItWasCut) {
  for (const bool to_the_end : {true, false}) {
    serve_ = [this, to_the_end](net::Exchange& inner) { return answer_in_pieces(inner, to_the_end); };
    auto sealed = seal(inside());
    const FakeExchange exchange = post(sealed.message);
    EXPECT_EQ(exchange.finished, to_the_end);
    EXPECT_EQ(exchange.aborted, !to_the_end);
    const Opened opened = open(sealed.response, exchange);
    EXPECT_EQ(opened.content, "one two");
    EXPECT_EQ(opened.whole, to_the_end);
  }
}

TEST_F(SealedRouteTest, ServesNothingTwice) {
  const auto sealed = seal(inside());
  EXPECT_EQ(post(sealed.message).status, 200);
  EXPECT_EQ(served_, 1);
  const FakeExchange again = post(sealed.message);
  EXPECT_EQ(answered_, 409);
  EXPECT_EQ(served_, 1);
  EXPECT_EQ(again.status, 200) << "the refusal is sealed";
  denials_.flush();
  bool recorded = false;
  for (const ReadEntry& entry : live_.entries()) recorded = recorded || entry.says(R"("error":"replayed")");
  EXPECT_TRUE(recorded);
}

TEST_F(SealedRouteTest, SealsTheRefusalOfAReplay) {
  auto sealed = seal(inside());
  post(sealed.message);
  const FakeExchange again = post(sealed.message);
  const Opened opened = open(sealed.response, again);
  EXPECT_EQ(opened.status, 409);
  EXPECT_NE(opened.content.find("served before"), std::string::npos) << opened.content;
}

TEST_F(SealedRouteTest, RemembersNothingOfStrangers) {
  const auto sealed = seal(inside("/v1/chat/completions", std::nullopt, "Bearer nobody"));
  post(sealed.message);
  post(sealed.message);
  EXPECT_EQ(served_, 2) << "and each time the pipeline refuses them";
}

TEST_F(SealedRouteTest, DemandsADateOfNow) {
  const std::string old = ohttp::format_http_date({live_.clock.now().value - 10 * 60 * 1000});
  const std::string early = ohttp::format_http_date({live_.clock.now().value + 10 * 60 * 1000});
  for (const std::string& date : {std::string(), std::string("yesterday"), old, early}) {
    const Opened opened = ask(inside("/v1/chat/completions", date));
    EXPECT_EQ(opened.status, 400) << date;
    EXPECT_NE(opened.content.find("http-problem-types#date"), std::string::npos) << opened.content;
    EXPECT_NE(opened.fields.find("date: "), std::string::npos) << opened.fields;
  }
  EXPECT_EQ(served_, 0);
}

TEST_F(SealedRouteTest, IsForTheApiAlone) {
  for (const std::string& path : {std::string(kSealedPath), std::string("/metrics"), std::string("/ledger/checkpoint"),
                                  std::string(attest::kSealedKeyPath)}) {
    EXPECT_EQ(ask(inside(path)).status, 404) << path;
  }
  EXPECT_EQ(served_, 0);
}

TEST_F(SealedRouteTest, TellsInTheClearWhatDoesNotOpen) {
  const auto expect_refused = [&](ByteView message, int status, std::string_view says) {
    const FakeExchange exchange = post(message);
    EXPECT_EQ(exchange.status, status) << says;
    EXPECT_EQ(exchange.content_type, "application/problem+json");
    EXPECT_NE(exchange.sent.find(says), std::string::npos) << exchange.sent;
    EXPECT_EQ(served_, 0);
  };
  const Bytes content = inside();
  const Bytes good = seal(content).message;
  const auto stranger = crypto::X25519KeyPair::generate();
  const auto id = bodies_.keys.current(std::chrono::steady_clock::now())->configuration.id;
  expect_refused(ohttp::seal_request({.id = id, .public_key = stranger.public_key}, content)->message, 400,
                 "http-problem-types#ohttp-key");
  Bytes unknown = good;
  unknown[0] ^= std::byte{0x80};
  expect_refused(unknown, 400, "http-problem-types#ohttp-key");
  Bytes suite = good;
  suite[6] = std::byte{1};
  expect_refused(suite, 400, "suite");
  expect_refused(ByteView(good).first(30), 400, "cut");
  expect_refused(ByteView(good).first(good.size() - 1), 400, "http-problem-types#ohttp-key");
  // A key that has ended.
  const auto old = std::chrono::steady_clock::now() - 121min;
  SealedBodies aged{.keys = SealingKeys(old), .seen = SeenRequests()};
  const auto ended = aged.keys.current(old)->configuration;
  SealedRoute route(desk_, denials_, aged, *live_.recorder);
  FakeExchange late(net::Method::kPost, std::string(kSealedPath), {},
                    std::string(as_chars(ohttp::seal_request(ended, content)->message)));
  late.add_field("Content-Type", ohttp::kRequestType);
  const SealedRoute::Serve serve = serve_;
  EXPECT_EQ(live_.run(route.handle(late, nullptr, serve)), 400);
  EXPECT_NE(late.sent.find("http-problem-types#ohttp-key"), std::string::npos);
}

TEST_F(SealedRouteTest, RefusesAResponseReflectedAndOtherForms) {
  auto sealed = seal(inside());
  const FakeExchange exchange = post(sealed.message);
  ASSERT_EQ(served_, 1);
  EXPECT_EQ(post(as_bytes(exchange.sent)).status, 400) << "a response sent back";
  EXPECT_EQ(post(sealed.message, "application/json").status, 415);
  EXPECT_EQ(post(sealed.message, "message/ohttp-req").status, 415);
  EXPECT_EQ(post({}, ohttp::kRequestType, net::Method::kPut).status, 405);
  EXPECT_EQ(ask(as_bytes("no message of HTTP")).status, 400) << "sealed";
  EXPECT_EQ(served_, 1);
}

TEST_F(SealedRouteTest, ShowsItsKey) {
  const FakeExchange exchange = post({}, "", net::Method::kGet);
  EXPECT_EQ(exchange.status, 200);
  EXPECT_EQ(exchange.content_type, ohttp::kKeysType);
  const auto current = bodies_.keys.current(std::chrono::steady_clock::now())->configuration;
  EXPECT_EQ(exchange.sent, as_chars(ohttp::encode_list(current)));
}

class SealedKeyRouteTest : public SealedRouteTest {
 protected:
  FakeExchange ask_key(std::string body, net::Method method = net::Method::kPost) {
    FakeExchange exchange(method, std::string(attest::kSealedKeyPath), {}, std::move(body));
    const auto access = make_access(known_, kDefaultPolicies);
    EXPECT_TRUE(live_.run(route_.handle_key(exchange, access.get())));
    return exchange;
  }
  static attest::EvidenceRequest question() {
    attest::EvidenceRequest out;
    out.nonce.fill(std::byte{7});
    return out;
  }
};

TEST_F(SealedKeyRouteTest, VouchesForTheKeyThatItShows) {
  live_.make_evidence = [](ByteView statement) -> Result<Bytes> {
    auto place = attest::batch_of(statement);
    if (!place) return place.error();
    attest::EvidenceAnswer answer{
        .sender = attest::Sender::kServer, .vouched = {}, .place = *place, .parts = {}, .statement = {}};
    answer.parts.push_back(
        {.name = "machine",
         .evidence = {.kind = attest::Kind::kSevSnp,
                      .files = {{attest::Role::kReport, to_bytes(attest::quoted_for_batch(*place))}}}});
    const auto text = attest::write_evidence_answer(answer);
    if (!text) return text.error();
    return to_bytes(as_bytes(*text));
  };
  const FakeExchange exchange = ask_key(attest::write_evidence_request(question()));
  ASSERT_EQ(exchange.status, 200) << exchange.sent;
  const auto answer = attest::read_sealed_key_answer(exchange.sent);
  ASSERT_TRUE(answer) << answer.error().message();
  const auto current = bodies_.keys.current(std::chrono::steady_clock::now())->configuration;
  EXPECT_EQ(answer->key, ohttp::encode(current));
  const auto quoted =
      attest::quoted_for(attest::sealed_key_binding(answer->key, question().nonce, answer->evidence.vouched.bundle),
                         answer->evidence.place);
  ASSERT_TRUE(quoted) << quoted.error().message();
  EXPECT_EQ(answer->evidence.parts.at(0).evidence.files.at(0).bytes, to_bytes(*quoted));
}

TEST_F(SealedKeyRouteTest, RefusesOtherQuestions) {
  attest::EvidenceRequest other = question();
  other.sender = attest::Sender::kClient;
  EXPECT_EQ(ask_key(attest::write_evidence_request(other)).status, 400);
  attest::EvidenceRequest leased = question();
  leased.key = attest::AskerKey::generate().public_key();
  leased.lease.emplace();
  EXPECT_EQ(ask_key(attest::write_evidence_request(leased)).status, 400);
  EXPECT_EQ(ask_key("{}").status, 400);
  EXPECT_EQ(ask_key("", net::Method::kGet).status, 405);
  EXPECT_EQ(ask_key(attest::write_evidence_request(question())).status, 501) << "nothing attests";
  FakeExchange nobody(net::Method::kPost, std::string(attest::kSealedKeyPath), {},
                      attest::write_evidence_request(question()));
  EXPECT_TRUE(live_.run(route_.handle_key(nobody, nullptr)));
  EXPECT_EQ(nobody.status, 503);
  FakeExchange elsewhere(net::Method::kPost, "/v1/models", {}, {});
  EXPECT_FALSE(live_.run(route_.handle_key(elsewhere, nullptr)));
}

}  // namespace
}  // namespace redoubt::gateway::test
