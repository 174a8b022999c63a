#include "gateway/ledger_routes.h"

#include <gtest/gtest.h>

#include <map>

#include "crypto/ed25519.h"
#include "crypto/hpke.h"
#include "encoding/base64.h"
#include "encoding/json_reader.h"
#include "gateway/tests/access_support.h"
#include "gateway/tests/fake_exchange.h"
#include "gateway/tests/live_ledger.h"
#include "ledger/open_request.h"
#include "tlog/proof_file.h"

namespace redoubt::gateway::test {
namespace {

class LedgerRoutesTest : public ::testing::Test {
 protected:
  LedgerRoutesTest() {
    caller_ = known_.add("caller");
    auditor_ = known_.add("auditor", "auditors");
    clinic_caller_ = known_.add("nurse", "callers", "clinic");
    clinic_auditor_ = known_.add("clinic-auditor", "auditors", "clinic");
    stray_auditor_ = known_.add("stray-auditor", "auditors", "gone");
    access_ = make_access(known_);
  }

  // What `/metrics` answers.
  int metrics_status(std::vector<std::string> authorizations, net::Method method = net::Method::kGet) {
    FakeExchange exchange(method, "/metrics", std::move(authorizations));
    EXPECT_TRUE(handle(exchange));
    return exchange.status;
  }

  // Whether the path is one of the ledger's.
  bool handle(FakeExchange& exchange) { return live_.run(routes_.handle(exchange, access_.get())); }

  void expect_problem(FakeExchange& exchange, int status) {
    EXPECT_TRUE(handle(exchange));
    EXPECT_EQ(exchange.status, status);
    EXPECT_EQ(exchange.content_type, "application/problem+json");
    encoding::JsonReader reader;
    const auto root = reader.parse(exchange.sent);
    ASSERT_TRUE(root) << exchange.sent;
    std::int64_t stated = 0;
    EXPECT_EQ((*root)["status"].get(stated), simdjson::SUCCESS);
    EXPECT_EQ(stated, status);
    EXPECT_TRUE((*root)["title"].is_string());
    EXPECT_TRUE((*root)["detail"].is_string());
  }
  void expect_problem(net::Method method, std::string path, std::vector<std::string> authorizations, int status) {
    SCOPED_TRACE(path);
    FakeExchange exchange(method, std::move(path), std::move(authorizations));
    expect_problem(exchange, status);
  }

  LiveLedger live_;
  Known known_;
  std::shared_ptr<const Access> access_;
  std::string caller_;
  std::string auditor_;
  std::string clinic_caller_;
  std::string clinic_auditor_;
  std::string stray_auditor_;  // of a tenant that is not configured
  LedgerFiles files_{live_.fs, LiveLedger::kDirectory};
  DenialCounter denials_{*live_.recorder, 1};
  CommitSettings commit_;
  identity::EntityCache entities_{&policy_schema()};
  LedgerRoutes routes_{live_.io, *live_.recorder, denials_, files_, entities_, commit_};
};

TEST_F(LedgerRoutesTest, ReceiptsNeedAKeyAndEntriesAnAuditors) {
  using enum net::Method;
  expect_problem(kGet, "/ledger/receipt/0", {}, 401);
  expect_problem(kGet, "/ledger/receipt/0", {caller_ + "x"}, 401);
  expect_problem(kGet, "/ledger/tile/entries/000.p/1", {}, 401);
  expect_problem(kGet, "/ledger/tile/entries/000.p/1", {caller_}, 403);
  FakeExchange exchange(kGet, "/ledger/receipt/0");
  ASSERT_TRUE(handle(exchange));
  EXPECT_EQ(exchange.headers, "WWW-Authenticate: Bearer\n");
}

TEST_F(LedgerRoutesTest, TwoAuthorizationFieldsProveNothing) {
  expect_problem(net::Method::kGet, "/ledger/receipt/0", {caller_, caller_}, 401);
  expect_problem(net::Method::kGet, "/ledger/tile/entries/000.p/1", {auditor_, "Bearer x"}, 401);
}

TEST_F(LedgerRoutesTest, OtherMethodsAreRefused) {
  using enum net::Method;
  expect_problem(kPost, "/ledger/checkpoint", {}, 405);
  expect_problem(kDelete, "/ledger/tile/0/000", {auditor_}, 405);
  expect_problem(kGet, "/ledger/open", {}, 405);
}

TEST_F(LedgerRoutesTest, WhatIsNoIndexIsRefused) {
  for (const char* index : {"", "x", "-1", "+1", "01", "1 ", "1/", "0x1", "18446744073709551616"}) {
    expect_problem(net::Method::kGet, std::string("/ledger/receipt/") + index, {caller_}, 400);
  }
}

TEST_F(LedgerRoutesTest, AReceiptOfNoRecordIsRefusedAfterAWhile) {
  expect_problem(net::Method::kGet, "/ledger/receipt/17", {caller_}, 503);
}

TEST_F(LedgerRoutesTest, PathsOfNoResourceAreNotFound) {
  using enum net::Method;
  for (const char* path : {"/ledger/tile/0/../../wrap.key", "/ledger/tile/0/0", "/ledger/tile/",
                           "/ledger/tile//entries/000", "/ledger/tile/0/x001/000"}) {
    expect_problem(kGet, path, {auditor_}, 404);
  }
  for (const char* path : {"/ledger/", "/ledger/wrap.key", "/ledger/checkpoint/", "/ledger/opening"}) {
    expect_problem(kGet, path, {auditor_}, 404);
  }
  for (const char* path : {"/ledger", "/", "/v1/models", "/Ledger/checkpoint"}) {
    FakeExchange exchange(kGet, path, {auditor_});
    EXPECT_FALSE(handle(exchange)) << path;
    EXPECT_EQ(exchange.status, 0);
  }
}

TEST_F(LedgerRoutesTest, ReceiptsCheckpointsAndTilesAreServedOnceTheyArePublished) {
  using enum net::Method;
  auto receipt = live_.run(live_.deny({.operation = "test"}, {}, "192.0.2.7"));
  ASSERT_TRUE(receipt);
  FakeExchange proof(kGet, "/ledger/receipt/0", {auditor_});  // waits for the checkpoint
  ASSERT_TRUE(handle(proof));
  EXPECT_EQ(proof.status, 200) << proof.sent;
  EXPECT_EQ(proof.headers, "Redoubt-Freshness: single signer, freshness unproven\n");
  const auto parsed = tlog::parse_proof_file(proof.sent);
  ASSERT_TRUE(parsed) << parsed.error().message();
  EXPECT_EQ(parsed->index, receipt->index);

  FakeExchange checkpoint(kGet, "/ledger/checkpoint");  // public
  ASSERT_TRUE(handle(checkpoint));
  EXPECT_EQ(checkpoint.status, 200);
  EXPECT_TRUE(checkpoint.sent.starts_with("example.org/log\n1\n"));
  EXPECT_EQ(checkpoint.headers, "Cache-Control: no-cache\n");

  FakeExchange tile(kGet, "/ledger/tile/0/000.p/1");  // public: hashes only
  ASSERT_TRUE(handle(tile));
  EXPECT_EQ(tile.status, 200);
  EXPECT_EQ(tile.sent, as_chars(receipt->leaf_hash));

  FakeExchange entries(kGet, "/ledger/tile/entries/000.p/1", {auditor_});
  ASSERT_TRUE(handle(entries));
  EXPECT_EQ(entries.status, 200);
  EXPECT_EQ(tlog::leaf_hash(as_bytes(entries.sent).subspan(2)), receipt->leaf_hash);
}

TEST_F(LedgerRoutesTest, ReadingEntriesIsAnExchangeInTheLedger) {
  ASSERT_TRUE(live_.run(live_.deny({.operation = "test"}, {}, "192.0.2.7")));
  live_.pump_until([&] { return live_.client->published() == 1; });
  FakeExchange exchange(net::Method::kGet, "/ledger/tile/entries/000.p/1", {auditor_});
  ASSERT_TRUE(handle(exchange));
  ASSERT_EQ(exchange.status, 200);
  EXPECT_NE(exchange.headers.find("Redoubt-Receipt: origin=\"example.org/log\", index=2, "), std::string::npos);
  FakeExchange beyond(net::Method::kGet, "/ledger/tile/entries/001", {auditor_});
  ASSERT_TRUE(handle(beyond));
  EXPECT_EQ(beyond.status, 404);
  const auto entries = live_.entries();
  ASSERT_EQ(entries.size(), 5u);
  for (const std::size_t i : {1u, 3u}) {
    EXPECT_EQ(entries[i].stage(), record::Stage::kAdmission);
    EXPECT_EQ(entries[i + 1].stage(), record::Stage::kOutcome);
    EXPECT_TRUE(entries[i].says(R"("uid":"auditor")"));
    EXPECT_TRUE(entries[i].says("ledger.entries"));
  }
  EXPECT_TRUE(entries[3].says("/ledger/tile/entries/001"));
  EXPECT_TRUE(entries[4].says("not_found"));
}

TEST_F(LedgerRoutesTest, StrangersAreCountedAndKnownPrincipalsRecordedOneByOne) {
  using enum net::Method;
  for (int i = 0; i < 3; ++i) expect_problem(kGet, "/ledger/receipt/0", {}, 401);
  expect_problem(kPost, "/ledger/open", {}, 401);
  expect_problem(kPost, "/ledger/checkpoint", {}, 405);
  for (int i = 0; i < 2; ++i) expect_problem(kGet, "/ledger/tile/entries/000.p/1", {caller_}, 403);
  expect_problem(kPost, "/ledger/open", {caller_}, 403);
  expect_problem(kGet, "/ledger/receipt/x", {caller_}, 400);
  denials_.flush();
  std::map<std::string, std::uint64_t> counted;
  int by_name = 0;
  for (const ReadEntry& entry : live_.entries()) {
    EXPECT_EQ(entry.stage(), record::Stage::kDenial);
    encoding::JsonReader reader;
    const auto root = *reader.parse(entry.record);
    std::string_view code;
    EXPECT_EQ(root.at_pointer("/api/response/error").get(code), simdjson::SUCCESS);
    std::uint64_t count = 1;
    if (root["count"].get(count) != simdjson::SUCCESS) count = 1;
    counted[std::string(code)] += count;
    by_name += entry.says(R"("uid":"caller")") ? 1 : 0;
  }
  const std::map<std::string, std::uint64_t> expected{
      {"invalid_api_key", 4}, {"method_not_allowed", 1}, {"permission_denied", 3}, {"invalid_request", 1}};
  EXPECT_EQ(counted, expected);
  EXPECT_EQ(by_name, 4);
}

TEST_F(LedgerRoutesTest, WhatIsNoOpenRequestIsRefusedAndRecorded) {
  for (const char* body : {"", "{}", "[]", R"({"request":7})", R"({"request":"!"})", R"({"request":"AAAA"})"}) {
    SCOPED_TRACE(body);
    FakeExchange exchange(net::Method::kPost, "/ledger/open", {auditor_}, body);
    expect_problem(exchange, 400);
  }
  FakeExchange large(net::Method::kPost, "/ledger/open", {auditor_}, std::string(5000, ' '));
  expect_problem(large, 413);
  const auto entries = live_.entries();
  EXPECT_EQ(entries.size(), 7u);
  EXPECT_TRUE(entries.back().says("request_too_large"));
}

TEST_F(LedgerRoutesTest, WhatTheKeeperRefusesToOpenIsRecorded) {
  auto stranger = *crypto::Ed25519PrivateKey::from_seed(Bytes(32, std::byte{9}));
  const auto reader = crypto::X25519KeyPair::generate();
  auto request =
      ledger::sign_open_request(stranger, LiveLedger::kOrigin, {0}, live_.clock.now(), reader.public_key, "curiosity");
  ASSERT_TRUE(request);
  const std::string body = R"({"request":")" + encoding::base64(ledger::encode_open_request(*request)) + R"("})";
  FakeExchange exchange(net::Method::kPost, "/ledger/open", {auditor_}, body);
  expect_problem(exchange, 403);
  const auto entries = live_.entries();
  ASSERT_EQ(entries.size(), 1u);
  EXPECT_EQ(entries[0].stage(), record::Stage::kDenial);
  EXPECT_TRUE(entries[0].says("opening_refused"));
  EXPECT_TRUE(entries[0].says(R"("uid":"auditor")"));
}

TEST_F(LedgerRoutesTest, NotReadyWhileTheDiskIsNearlyFull) {
  live_.fs.set_free_bytes(1024 * 1024);  // the keeper looks once a second
  live_.pump_until([&] { return live_.client->full(); });
  FakeExchange full(net::Method::kGet, "/readyz");
  ASSERT_TRUE(handle(full));
  EXPECT_EQ(full.status, 503);
  EXPECT_EQ(full.sent, "not ready: the ledger's disk is nearly full\n");
  FakeExchange alive(net::Method::kGet, "/healthz");
  ASSERT_TRUE(handle(alive));
  EXPECT_EQ(alive.status, 200);
  live_.fs.set_free_bytes(std::uint64_t{1} << 40);
  live_.pump_until([&] { return !live_.client->full(); });
  FakeExchange ready(net::Method::kGet, "/readyz");
  ASSERT_TRUE(handle(ready));
  EXPECT_EQ(ready.status, 200);
}

TEST_F(LedgerRoutesTest, WhatIsToBeKnownThoughItIsReadyIsSaid) {
  live_.pump_until([&] { return live_.client->ready(); });
  std::string_view remark = "but nobody is told";
  routes_.on_ready([&] { return remark; });
  FakeExchange ready(net::Method::kGet, "/readyz");
  ASSERT_TRUE(handle(ready));
  EXPECT_EQ(ready.status, 200);
  EXPECT_EQ(ready.sent, "ok\nbut nobody is told\n");
  FakeExchange alive(net::Method::kGet, "/healthz");
  ASSERT_TRUE(handle(alive));
  EXPECT_EQ(alive.sent, "ok\n");
  remark = {};
  FakeExchange again(net::Method::kGet, "/readyz");
  ASSERT_TRUE(handle(again));
  EXPECT_EQ(again.sent, "ok\n");
}

TEST_F(LedgerRoutesTest, ATenantReadsItsOwnLogAndNobodyElseDoes) {
  using enum net::Method;
  auto receipt = live_.run(live_.deny({.operation = "test"}, {}, "192.0.2.7", "clinic"));
  ASSERT_TRUE(receipt);
  EXPECT_EQ(receipt->origin, "example.org/log/t/clinic");
  EXPECT_EQ(receipt->index.value, 0U);
  FakeExchange proof(kGet, "/ledger/t/clinic/receipt/0", {clinic_caller_});
  ASSERT_TRUE(handle(proof));
  EXPECT_EQ(proof.status, 200) << proof.sent;
  EXPECT_NE(proof.sent.find("\nexample.org/log/t/clinic\n1\n"), std::string::npos) << proof.sent;
  for (const char* path : {"checkpoint", "tile/0/000.p/1"}) {
    FakeExchange hashes(kGet, std::string("/ledger/t/clinic/") + path, {clinic_caller_});
    ASSERT_TRUE(handle(hashes));
    EXPECT_EQ(hashes.status, 200) << path;
  }
  FakeExchange entries(kGet, "/ledger/t/clinic/tile/entries/000.p/1", {clinic_auditor_});
  ASSERT_TRUE(handle(entries));
  EXPECT_EQ(entries.status, 200);
  EXPECT_NE(entries.headers.find("origin=\"example.org/log/t/clinic\", index=2, "), std::string::npos);
  expect_problem(kGet, "/ledger/t/clinic/tile/entries/000.p/1", {clinic_caller_}, 403);
  for (const char* path : {"checkpoint", "tile/0/000.p/1", "tile/entries/000.p/1", "receipt/0"}) {
    expect_problem(kGet, std::string("/ledger/t/clinic/") + path, {auditor_}, 404);
    expect_problem(kGet, std::string("/ledger/t/clinic/") + path, {}, 401);
  }
  for (const char* path : {"tile/entries/000.p/1", "receipt/0"}) {
    expect_problem(kGet, std::string("/ledger/") + path, {clinic_auditor_}, 404);
    expect_problem(kGet, std::string("/ledger/t/ward/") + path, {clinic_auditor_}, 404);
  }
}

TEST_F(LedgerRoutesTest, ATenantThatThereIsNotLooksLikeOneThatIsNotOnes) {
  using enum net::Method;
  ASSERT_TRUE(live_.run(live_.deny({.operation = "test"}, {}, "192.0.2.7", "clinic")));
  for (const char* path : {"checkpoint", "tile/0/000.p/1", "tile/entries/000.p/1", "receipt/0"}) {
    for (const std::string& key : {std::string(), caller_, auditor_}) {
      const std::vector<std::string> keys = key.empty() ? std::vector<std::string>() : std::vector<std::string>{key};
      FakeExchange there(kGet, std::string("/ledger/t/clinic/") + path, keys);
      FakeExchange not_there(kGet, std::string("/ledger/t/nobody/") + path, keys);
      ASSERT_TRUE(handle(there));
      ASSERT_TRUE(handle(not_there));
      EXPECT_EQ(there.status, not_there.status) << path;
      EXPECT_EQ(there.sent, not_there.sent) << path;
    }
  }
}

TEST_F(LedgerRoutesTest, HashesOfATenantArePublicOnlyWhereThatIsConfigured) {
  using enum net::Method;
  ASSERT_TRUE(live_.run(live_.deny({.operation = "test"}, {}, "192.0.2.7", "ward")));
  live_.pump_until([&] { return live_.client->published(live_.logs.find("ward")->number) == 1; });
  FakeExchange checkpoint(kGet, "/ledger/t/ward/checkpoint");
  ASSERT_TRUE(handle(checkpoint));
  EXPECT_EQ(checkpoint.status, 200);
  expect_problem(kGet, "/ledger/t/ward/tile/entries/000.p/1", {}, 401);
  expect_problem(kGet, "/ledger/t/clinic/checkpoint", {}, 401);
  FakeExchange system(kGet, "/ledger/t/system/checkpoint");
  ASSERT_TRUE(handle(system));
  // Public; whether the refusals above are published yet is a matter of time.
  EXPECT_TRUE(system.status == 200 || system.status == 404) << system.status;
}

TEST_F(LedgerRoutesTest, WhatATenantIsRefusedIsRecordedInItsOwnLog) {
  expect_problem(net::Method::kGet, "/ledger/receipt/0", {clinic_caller_}, 404);
  const auto in_clinic = live_.entries("clinic");
  ASSERT_EQ(in_clinic.size(), 1U);
  EXPECT_TRUE(in_clinic[0].says("unknown_log"));
  EXPECT_TRUE(live_.entries().empty());
}

TEST_F(LedgerRoutesTest, WhoBelongsToATenantThatIsNotConfiguredIsNobody) {
  using enum net::Method;
  expect_problem(kGet, "/ledger/tile/entries/000.p/1", {stray_auditor_}, 401);
  expect_problem(kGet, "/ledger/t/gone/tile/entries/000.p/1", {stray_auditor_}, 401);
  EXPECT_EQ(metrics_status({stray_auditor_}), 401);
}

TEST_F(LedgerRoutesTest, ReadyOnlyWhileTheLedgerWorks) {
  FakeExchange ready(net::Method::kGet, "/readyz");
  ASSERT_TRUE(handle(ready));
  EXPECT_EQ(ready.status, 200);
  live_.client->stop("the keeper is gone");
  FakeExchange not_ready(net::Method::kGet, "/readyz");
  ASSERT_TRUE(handle(not_ready));
  EXPECT_EQ(not_ready.status, 503);
  EXPECT_EQ(not_ready.sent, "not ready: the ledger stopped\n");
  FakeExchange alive(net::Method::kGet, "/healthz");
  ASSERT_TRUE(handle(alive));
  EXPECT_EQ(alive.status, 200);
}

TEST_F(LedgerRoutesTest, MetricsAreForAuditorsOfNoTenant) {
  int scrapes = 0;
  routes_.on_scrape([&scrapes]() -> net::Task<Result<std::string>> {
    ++scrapes;
    co_return std::string("# text\n");
  });
  FakeExchange answered(net::Method::kGet, "/metrics", {auditor_});
  EXPECT_TRUE(handle(answered));
  EXPECT_EQ(answered.status, 200);
  EXPECT_EQ(answered.content_type, "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_EQ(answered.sent, "# text\n");
  EXPECT_EQ(metrics_status({}), 401);
  EXPECT_EQ(metrics_status({auditor_ + "x"}), 401);
  EXPECT_EQ(metrics_status({auditor_, auditor_}), 401);
  EXPECT_EQ(metrics_status({auditor_}, net::Method::kPost), 405);
  EXPECT_EQ(metrics_status({caller_}), 403);
  EXPECT_EQ(metrics_status({clinic_caller_}), 403);
  EXPECT_EQ(metrics_status({clinic_auditor_}), 403);
  EXPECT_EQ(scrapes, 1);
  // The refusal of one whom we know is a record in its own log; what was answered is none.
  const auto in_clinic = live_.entries("clinic");
  ASSERT_EQ(in_clinic.size(), 2U);
  EXPECT_TRUE(in_clinic[1].says("clinic-auditor"));
  EXPECT_EQ(in_clinic[1].stage(), record::Stage::kDenial);
  const auto in_system = live_.entries();
  ASSERT_FALSE(in_system.empty());
  for (const auto& entry : in_system) EXPECT_EQ(entry.stage(), record::Stage::kDenial);
  EXPECT_TRUE(in_system.back().says("\"caller\""));
}

TEST_F(LedgerRoutesTest, MetricsThatCannotBeCollectedAre503) {
  expect_problem(net::Method::kGet, "/metrics", {auditor_}, 503);
  routes_.on_scrape([]() -> net::Task<Result<std::string>> { co_return Error(Errc::kDeadlineExceeded, "late"); });
  expect_problem(net::Method::kGet, "/metrics", {auditor_}, 503);
}

}  // namespace
}  // namespace redoubt::gateway::test
