// Which bundle is in force, read from a ledger's files alone; and what of it a gateway can have measured.
#include "ledger/activation.h"

#include "encoding/base64.h"
#include "ledger/tests/keeper_fixture.h"
#include "record/fact_record.h"

namespace redoubt::ledger::test {
namespace {

crypto::Sha256Digest bundle(std::uint8_t n) {
  crypto::Sha256Digest out;
  out.fill(std::byte{n});
  return out;
}

struct Act {
  std::uint8_t bundle;
  std::uint64_t expects;
  std::string kind = {};
  std::string object = "bundle";
  std::string body = {};
};

std::string fact(const Act& act) {
  record::Fact out;
  out.uid = std::string(32, 'a');
  out.time = {1'700'000'000'000};
  out.kind = !act.kind.empty() ? act.kind : act.expects == 0 ? "bundle.begin" : "bundle.activate";
  out.object = act.object;
  out.expects = act.expects;
  out.body = !act.body.empty() ? act.body : R"({"digest":"sha256:)" + encoding::hex(bundle(act.bundle)) + R"("})";
  out.actor.principal = "redoubt";
  std::string text;
  const auto done =
      record::append_fact(text, out, {.log_origin = "example.org/log", .tenant = {}, .product_version = "0"});
  EXPECT_TRUE(done) << done.error().message();
  return text;
}

TEST(ReadActivation, TakesWhatBringsABundleIntoForceAndNothingElse) {
  const auto read = [](const Act& act) { return read_activation(as_bytes(fact(act)), 7); };
  EXPECT_EQ(read({.bundle = 3, .expects = 0}), (Activation{.bundle = bundle(3), .fact = 7, .version = 1}));
  EXPECT_EQ(read({.bundle = 4, .expects = 1}), (Activation{.bundle = bundle(4), .fact = 7, .version = 2}));
  EXPECT_FALSE(read({.bundle = 3, .expects = 0, .kind = "bundle.activate"})) << "the first begins";
  EXPECT_FALSE(read({.bundle = 3, .expects = 1, .kind = "bundle.begin"}));
  EXPECT_FALSE(read({.bundle = 3, .expects = 1, .kind = "identity.key.issue"}));
  EXPECT_FALSE(read({.bundle = 3, .expects = 1, .object = "key/k1"}));
  const std::string digits = encoding::hex(bundle(3));
  for (const std::string& body :
       {std::string("{}"), R"({"digest":"sha256:)" + digits.substr(2) + R"("})", R"({"digest":")" + digits + R"("})",
        R"({"digest":"sha256:)" + digits + R"(","more":1})", std::string(R"({"digest":5})")}) {
    EXPECT_FALSE(read({.bundle = 3, .expects = 1, .body = body})) << body;
  }
  const std::string good = fact({.bundle = 3, .expects = 1});
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(read_activation(as_bytes(good).first(size), 0)) << size;
  }
  EXPECT_FALSE(read_activation(as_bytes("{}"), 0));
}

class LastActivationTest : public ::testing::Test {
 protected:
  static constexpr const char* kDirectory = "/ledger";
  static void SetUpTestSuite() { log::set_level(log::Level::kError); }
  static void TearDownTestSuite() { log::set_level(log::Level::kInfo); }

  void open() {
    LedgerOptions options = small_segments();
    options.tenants = {"clinic"};
    options.single_thread_for_test = true;
    ledger_ = *Ledger::open(fs_, kDirectory, signer_, clock_, options);
  }
  // Its index in the system log.
  std::uint64_t add(const Act& act) { return append(kSystemLog, EntryKind::kFact, fact(act)); }
  std::uint64_t append(LogNumber log, EntryKind kind, const std::string& leaf) {
    const auto index =
        ledger_->add({.kind = kind, .log = log, .exchange = exchange_id(++entries_)}, as_bytes(leaf), {});
    EXPECT_TRUE(index && ledger_->commit());
    return index->value;
  }
  void publish() { EXPECT_TRUE(ledger_->publish(kSystemLog) && ledger_->publish(1)); }
  // What is in force: its first byte; nothing when none is.
  std::optional<unsigned> last(const std::optional<KnownActivation>& known = {}) {
    const auto found = last_activation(fs_, kDirectory, known);
    EXPECT_TRUE(found) << found.error().message();
    if (!found || !*found) return std::nullopt;
    return std::to_integer<unsigned>((*found)->bundle[0]);
  }

  FaultFileSystem fs_;
  FakeClock clock_;
  const tlog::NoteSigner signer_ = make_signer();
  std::unique_ptr<Ledger> ledger_;
  std::uint64_t entries_ = 0;
};

TEST_F(LastActivationTest, IsTheLastThatFollowsTheOneBefore) {
  EXPECT_EQ(last(), std::nullopt) << "no ledger";
  open();
  EXPECT_EQ(last(), std::nullopt) << "an empty one";
  append(kSystemLog, EntryKind::kStandalone, fact({.bundle = 9, .expects = 0}));
  append(1, EntryKind::kFact, fact({.bundle = 9, .expects = 0}));
  EXPECT_EQ(last(), std::nullopt) << "no fact of the system log";
  add({.bundle = 1, .expects = 0});
  EXPECT_EQ(last(), 1U) << "though no checkpoint covers it";
  publish();
  EXPECT_EQ(last(), 1U);
  add({.bundle = 5, .expects = 4});
  add({.bundle = 5, .expects = 0});
  add({.bundle = 1, .expects = 1});
  EXPECT_EQ(last(), 1U) << "those change nothing";
  add({.bundle = 2, .expects = 1});
  publish();
  add({.bundle = 3, .expects = 2});
  EXPECT_EQ(last(), 3U) << "one lies on either side of the checkpoint";
}

TEST_F(LastActivationTest, IsFoundAcrossSegmentsAndFromWhatIsKnown) {
  open();
  const std::string filler(8000, 'x');
  std::uint64_t fact_at = 0;
  for (std::uint8_t n = 0; n < 6; ++n) {
    fact_at = add({.bundle = n, .expects = n});
    for (int i = 0; i < 7; ++i) append(i % 2 == 0 ? kSystemLog : 1, EntryKind::kStandalone, filler);
    EXPECT_EQ(last(), n);
    if (n % 2 == 0) publish();
    EXPECT_EQ(last(), n);
    EXPECT_EQ(last(KnownActivation{bundle(n), fact_at}), n);
  }
  publish();
  EXPECT_EQ(last(KnownActivation{bundle(5), fact_at}), 5U);
  for (const KnownActivation& other : {KnownActivation{bundle(4), fact_at}, KnownActivation{bundle(5), fact_at + 1},
                                       KnownActivation{bundle(5), 1000}}) {
    const auto found = last_activation(fs_, kDirectory, other);
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code(), Errc::kVerifyFailed) << "a ledger that was put back";
  }
}

// Measures at once; on the keeper's thread.
class FakeMeasurer final : public Attester {
 public:
  void begin(ByteView) override { made_ = Bytes(); }
  void begin_measuring(const Activation& activation) override {
    measured.push_back(activation);
    made_ = next ? Result<Bytes>(Bytes()) : Result<Bytes>(next.error());
  }
  std::optional<Result<Bytes>> take() override { return std::exchange(made_, std::nullopt); }

  Result<> next;
  std::vector<Activation> measured;

 private:
  std::optional<Result<Bytes>> made_;
};

class KeeperMeasures : public KeeperTest {
 protected:
  KeeperMeasures() { options_.attester = &measurer_; }
  ~KeeperMeasures() override { [[maybe_unused]] const auto ended = stop(); }

  std::uint64_t append_fact(Core& core, const Act& act) {
    Waiter waiter;
    EXPECT_TRUE(core.client->submit_fact({.exchange = exchange_id(1)}, fact(act), {}, &waiter));
    EXPECT_TRUE(core.pump_until([&] { return waiter.result.has_value(); }));
    clock_.steady_ms += 1000;
    const std::uint64_t index = (*waiter.result)->index.value;
    EXPECT_TRUE(core.pump_until([&] { return core.client->published() > index; }));
    return index;
  }
  // Why not; empty when it was measured.
  std::string measure(Core& core, std::uint64_t index, std::uint8_t n, bool later = true) {
    if (later) clock_.steady_ms += 1000;
    Opened waiter;
    EXPECT_TRUE(core.client->submit_measure({index}, bundle(n), &waiter));
    EXPECT_TRUE(core.pump_until([&] { return waiter.result.has_value(); }));
    core.client->abandon(&waiter);
    return *waiter.result ? "" : waiter.result->error().message();
  }
  FakeMeasurer measurer_;
};

TEST_F(KeeperMeasures, WhatAFactHasBroughtIntoForce) {
  Core& core = start();
  const std::uint64_t first = append_fact(core, {.bundle = 1, .expects = 0});
  EXPECT_EQ(measure(core, first, 1), "");
  const std::uint64_t second = append_fact(core, {.bundle = 2, .expects = 1});
  EXPECT_EQ(measure(core, second, 2), "");
  EXPECT_TRUE(stop());
  EXPECT_EQ(measurer_.measured, (std::vector<Activation>{{bundle(1), first, 1}, {bundle(2), second, 2}}));
}

TEST_F(KeeperMeasures, NothingThatIsNotOnRecordAndNotTooOften) {
  Core& core = start();
  const std::uint64_t first = append_fact(core, {.bundle = 1, .expects = 0});
  const Appended other =
      append(core, {.kind = EntryKind::kStandalone, .exchange = exchange_id(2)}, fact({.bundle = 2, .expects = 1}));
  clock_.steady_ms += 1000;
  ASSERT_TRUE(core.pump_until([&] { return core.client->published() > other.index.value; }));
  EXPECT_NE(measure(core, first, 2).find("does not bring this bundle into force"), std::string::npos);
  EXPECT_NE(measure(core, other.index.value, 2).find("does not bring this bundle into force"), std::string::npos);
  EXPECT_NE(measure(core, 1000, 1).find("no such record"), std::string::npos);
  EXPECT_EQ(measure(core, first, 1), "");
  EXPECT_NE(measure(core, first, 1, false).find("just now"), std::string::npos);
  measurer_.next = Error(Errc::kUnavailable, "the TPM is locked");
  EXPECT_EQ(measure(core, first, 1), "the TPM is locked");
  EXPECT_TRUE(stop());
  EXPECT_EQ(measurer_.measured.size(), 2U);
}

TEST_F(KeeperMeasures, NothingWithoutAnAttester) {
  options_.attester = nullptr;
  Core& core = start();
  EXPECT_NE(measure(core, 0, 1).find("nothing that measures"), std::string::npos);
}

}  // namespace
}  // namespace redoubt::ledger::test
