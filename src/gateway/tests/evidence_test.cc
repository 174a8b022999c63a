// Evidence for callers: the desk over a real keeper, and the route over the desk.
#include <boost/asio/co_spawn.hpp>
#include <mutex>

#include "attest/channel_binding.h"
#include "attest/lease.h"
#include "encoding/base64.h"
#include "gateway/evidence_desk.h"
#include "gateway/evidence_route.h"
#include "gateway/tests/access_support.h"
#include "gateway/tests/fake_exchange.h"
#include "gateway/tests/live_ledger.h"
#include "gateway/tier_watch.h"

namespace redoubt::gateway::test {
namespace {

using attest::EvidenceAnswer;
using attest::ReportData;

ReportData binding(std::uint8_t n) {
  ReportData out;
  out.fill(std::byte{n});
  return out;
}

// A machine whose report is what it was asked to carry. Held back until `release`.
class EvidenceTest : public testing::Test {
 protected:
  void attest_so() {
    live_.make_evidence = [this](ByteView statement) -> Result<Bytes> {
      const std::lock_guard held(gate_);
      ++quotes_;
      auto place = attest::batch_of(statement);
      if (!place) return place.error();
      EvidenceAnswer answer{
          .sender = attest::Sender::kServer, .vouched = {}, .place = *place, .parts = {}, .statement = {}};
      answer.parts.push_back(
          {.name = "machine",
           .evidence = {.kind = attest::Kind::kSevSnp,
                        .files = {{attest::Role::kReport, to_bytes(attest::quoted_for_batch(*place))}}}});
      auto text = attest::write_evidence_answer(answer);
      if (!text) return text.error();
      return to_bytes(as_bytes(*text));
    };
  }
  // Whether the report in the evidence is over this binding.
  static void expect_over(const EvidenceAnswer& evidence, const attest::BatchPlace& place, const ReportData& binding) {
    const auto quoted = attest::quoted_for(binding, place);
    ASSERT_TRUE(quoted) << quoted.error().message();
    EXPECT_EQ(evidence.parts.at(0).evidence.files.at(0).bytes, to_bytes(*quoted));
  }

  LiveLedger live_;
  EvidenceDesk desk_{live_.sweep, *live_.client};
  std::mutex gate_;
  int quotes_ = 0;
};

TEST_F(EvidenceTest, IsSharedByAllWhoComeWhileTheOneBeforeIsMade) {
  attest_so();
  constexpr std::size_t kCallers = 1000;
  std::vector<std::optional<Result<EvidenceDesk::Attested>>> told(kCallers);
  std::size_t count = 0;
  const auto ask = [&](std::size_t i) {
    desk_.attest(binding(static_cast<std::uint8_t>(i)), [&, i](Result<EvidenceDesk::Attested> attested) {
      told[i] = std::move(attested);
      ++count;
    });
  };
  gate_.lock();
  for (std::size_t i = 0; i < kCallers; ++i) ask(i);
  gate_.unlock();
  live_.pump_until([&] { return count == kCallers; });
  for (std::size_t i = 0; i < kCallers; ++i) {
    ASSERT_TRUE(*told[i]) << i;
    expect_over(*(*told[i])->evidence, (*told[i])->place, binding(static_cast<std::uint8_t>(i)));
  }
  EXPECT_EQ(quotes_, 9) << "one for the first, then of 128 each";
  EXPECT_EQ(desk_.quotes(), 9U);
}

// A crowd whose members come one by one, faster than the machine needs for a quote: without a rest there would be one
// for each few.
TEST_F(EvidenceTest, IsSharedByACrowdThatComesOneByOne) {
  attest_so();
  constexpr std::size_t kCallers = 200;
  std::size_t asked = 0;
  std::size_t told = 0;
  const auto ask = [&] {
    ++asked;
    desk_.attest(binding(1), [&](const Result<EvidenceDesk::Attested>& attested) {
      EXPECT_TRUE(attested);
      ++told;
    });
  };
  ask();
  ask();
  ask();
  live_.pump_until([&] {
    if (asked < kCallers && told >= 3) ask();
    return told == kCallers;
  });
  EXPECT_LE(desk_.quotes(), 8U);
}

TEST_F(EvidenceTest, IsMadeAtOnceForWhoComesAlone) {
  attest_so();
  const auto began = std::chrono::steady_clock::now();
  for (std::uint64_t i = 1; i <= 20; ++i) {
    bool told = false;
    desk_.attest(binding(1), [&](const Result<EvidenceDesk::Attested>& attested) { told = attested.has_value(); });
    live_.pump_until([&] { return told; });
    EXPECT_EQ(desk_.quotes(), i);
  }
  EXPECT_LT(std::chrono::steady_clock::now() - began, 20 * EvidenceDesk::kRestEach);
}

TEST_F(EvidenceTest, IsRefusedToWhoeverIsTooMany) {
  attest_so();
  std::size_t answered = 0;
  std::size_t refused = 0;
  gate_.lock();
  for (std::size_t i = 0; i < EvidenceDesk::kWaitingMax + 2; ++i) {
    desk_.attest(binding(1), [&](const Result<EvidenceDesk::Attested>& attested) {
      ++answered;
      EXPECT_TRUE(attested || attested.error().code() == Errc::kResourceExhausted);
      refused += attested ? 0 : 1;
    });
  }
  EXPECT_EQ(refused, 1U);
  gate_.unlock();
  live_.pump_until([&] { return answered == EvidenceDesk::kWaitingMax + 2; });
  EXPECT_EQ(refused, 1U);
}

TEST_F(EvidenceTest, ThatCannotBeMadeIsNobodysAndTheNextIsMade) {
  std::optional<Errc> told;
  const auto ask = [&] {
    told.reset();
    desk_.attest(binding(1), [&](const Result<EvidenceDesk::Attested>& attested) {
      told = attested ? std::optional<Errc>() : attested.error().code();
      if (attested) told = Errc::kConflict;  // stands for none
    });
    live_.pump_until([&] { return told.has_value(); });
    return *told;
  };
  EXPECT_EQ(ask(), Errc::kUnsupported);
  live_.make_evidence = [](ByteView) -> Result<Bytes> { return Error(Errc::kUnavailable, "the TPM is locked"); };
  EXPECT_EQ(ask(), Errc::kUnavailable);
  live_.make_evidence = [](ByteView) -> Result<Bytes> { return to_bytes(as_bytes("{}")); };
  EXPECT_EQ(ask(), Errc::kCorrupt);
  attest_so();
  const auto good = live_.make_evidence;
  // Of another batch than was asked for.
  live_.make_evidence = [&](ByteView statement) {
    Bytes other = to_bytes(statement);
    other[0] ^= std::byte{1};
    return good(other);
  };
  EXPECT_EQ(ask(), Errc::kCorrupt);
  live_.make_evidence = good;
  EXPECT_EQ(ask(), Errc::kConflict);
}

TEST_F(EvidenceTest, EndsForAllWhenTheKeeperGoes) {
  attest_so();
  gate_.lock();
  std::vector<Errc> told;
  for (int i = 0; i < 3; ++i) {
    desk_.attest(binding(1), [&](const Result<EvidenceDesk::Attested>& attested) {
      ASSERT_FALSE(attested);
      told.push_back(attested.error().code());
    });
  }
  live_.client->stop("the keeper is gone");
  gate_.unlock();
  EXPECT_EQ(told, std::vector<Errc>(3, Errc::kUnavailable));
}

class EvidenceRouteTest : public EvidenceTest {
 protected:
  EvidenceRouteTest() { attest_so(); }
  static net::ChannelBinding tls() {
    return {.exporter = std::string(32, 'e'), .server_key = std::string(32, 'k'), .peer_certificate = {}};
  }
  FakeExchange ask(std::string body, net::ChannelBinding binding = tls(), net::Method method = net::Method::kPost) {
    FakeExchange exchange(method, std::string(kEvidencePath), {}, std::move(body));
    exchange.set_channel(std::move(binding));
    const auto access = make_access(known_, kDefaultPolicies);
    EXPECT_TRUE(live_.run(route_.handle(exchange, access.get())));
    return exchange;
  }
  static attest::EvidenceRequest request() {
    attest::EvidenceRequest out;
    out.nonce.fill(std::byte{7});
    return out;
  }
  attest::Channel channel() const {
    attest::Channel out{.exporter = {}, .sender = attest::Sender::kServer, .leaf = {}, .nonce = request().nonce};
    out.exporter.fill(std::byte{'e'});
    out.leaf.fill(std::byte{'k'});
    return out;
  }

  Known known_;
  SystemClock clock_;
  const attest::LeaseKey lease_key_ = attest::LeaseKey::generate();
  DenialCounter denials_{*live_.recorder, 1};
  EvidenceRoute route_{desk_, denials_, lease_key_, clock_};
};

TEST_F(EvidenceRouteTest, BindsEvidenceToTheConnectionThatItIsAskedOn) {
  const FakeExchange exchange = ask(attest::write_evidence_request(request()));
  ASSERT_EQ(exchange.status, 200) << exchange.sent;
  EXPECT_NE(exchange.headers.find("Cache-Control: no-store"), std::string::npos);
  const auto answer = attest::read_answer(exchange.sent);
  ASSERT_TRUE(answer) << answer.error().message();
  const auto& evidence = std::get<EvidenceAnswer>(*answer);
  EXPECT_EQ(evidence.vouched.lease_key, lease_key_.public_key());
  expect_over(evidence, evidence.place, attest::channel_binding(channel(), evidence.vouched));
  attest::Channel other = channel();
  other.exporter.fill(std::byte{'f'});
  const auto elsewhere = attest::quoted_for(attest::channel_binding(other, evidence.vouched), evidence.place);
  EXPECT_FALSE(elsewhere) << "on another connection";
}

TEST_F(EvidenceRouteTest, SaysThatALeaseGoesOnWithoutAQuote) {
  const attest::AskerKey asker = attest::AskerKey::generate();
  attest::EvidenceRequest asked = request();
  asked.key = asker.public_key();
  asked.lease.emplace();
  asked.lease->fill(std::byte{9});
  const FakeExchange exchange = ask(attest::write_evidence_request(asked));
  const auto answer = attest::read_answer(exchange.sent);
  ASSERT_TRUE(answer) << exchange.sent;
  const auto* proof = std::get_if<attest::LeaseProof>(&*answer);
  ASSERT_NE(proof, nullptr) << exchange.sent;
  const UnixMillis now = clock_.now();
  const attest::Lease lease{.key = lease_key_.public_key(),
                            .sender = attest::Sender::kServer,
                            .leaf = channel().leaf,
                            .evidence = *asked.lease,
                            .bundle = proof->bundle,
                            .verified_at = {now.value - 1000},
                            .valid_until = {}};
  const auto held =
      attest::check_lease(lease, *asker.share(lease.key), *proof, channel(), {.bundle = proof->bundle, .at = now});
  EXPECT_TRUE(held) << held.error().message();
  EXPECT_EQ(quotes_, 0);
}

TEST_F(EvidenceRouteTest, RefusesWhatItCannotBind) {
  const std::string good = attest::write_evidence_request(request());
  EXPECT_EQ(ask(good, {}).status, 400) << "plain HTTP";
  EXPECT_EQ(ask(good, tls(), net::Method::kGet).status, 405);
  EXPECT_EQ(ask("{}").status, 400);
  EXPECT_EQ(ask(std::string(attest::EvidenceRequest::kMaxBytes + 1, ' ')).status, 413);
  attest::EvidenceRequest reflected = request();
  reflected.sender = attest::Sender::kClient;
  EXPECT_EQ(ask(attest::write_evidence_request(reflected)).status, 400);
  attest::EvidenceRequest of_low_order = request();
  of_low_order.key.emplace();
  of_low_order.lease.emplace();
  EXPECT_EQ(ask(attest::write_evidence_request(of_low_order)).status, 400) << "no secret with such a key";
  attest::EvidenceRequest of_another_kind = request();
  of_another_kind.kinds = {attest::Kind::kTdx};
  EXPECT_EQ(ask(attest::write_evidence_request(of_another_kind)).status, 406);
  FakeExchange nobody(net::Method::kPost, std::string(kEvidencePath), {}, good);
  nobody.set_channel(tls());
  EXPECT_TRUE(live_.run(route_.handle(nobody, nullptr)));
  EXPECT_EQ(nobody.status, 503) << "nothing is in force";
  FakeExchange other(net::Method::kPost, "/.well-known/other", {}, good);
  EXPECT_FALSE(live_.run(route_.handle(other, nullptr)));
}

TEST_F(EvidenceRouteTest, SaysWhetherItIsWorthAskingAgain) {
  const std::string good = attest::write_evidence_request(request());
  live_.make_evidence = [](ByteView) -> Result<Bytes> { return Error(Errc::kUnavailable, "locked in /dev/tpm0"); };
  const FakeExchange now = ask(good);
  EXPECT_EQ(now.status, 503);
  EXPECT_NE(now.headers.find("Retry-After"), std::string::npos);
  EXPECT_EQ(now.sent.find("tpm0"), std::string::npos) << now.sent;
  live_.make_evidence = nullptr;
  EXPECT_EQ(ask(good).status, 501);
}

// Evidence of a TPM whose log says that this bundle was measured; nobody judges it here.
EvidenceAnswer measured_answer(const attest::BatchPlace& place, std::uint8_t bundle) {
  Bytes data = to_bytes(as_bytes(std::string_view("RDBT\x27\0\0\0bundle\0", 15)));
  append(data, Bytes(32, std::byte{bundle}));
  Bytes log = Bytes(32);
  log[4] = std::byte{3};  // EV_NO_ACTION
  const std::string_view spec("Spec ID Event03\0\0\0\0\0\0\2\0\2\1\0\0\0\x0b\0\x20\0\0", 33);
  log[28] = static_cast<std::byte>(spec.size());
  append(log, as_bytes(spec));
  for (const int number : {15, 6, 1}) {
    append(log, Bytes{static_cast<std::byte>(number), {}, {}, {}});
  }
  append(log, Bytes{std::byte{0x0b}, {}});
  append(log, crypto::sha256(data));
  append(log, Bytes{static_cast<std::byte>(data.size()), {}, {}, {}});
  append(log, data);
  const std::string json = R"({"Static":{"TPMVersion":2},"AK":{"Public":"AA==","CreateData":"AA==",)"
                           R"("CreateAttestation":"AA==","CreateSignature":"AA=="},"Quote":{"Nonce":"AA==","Alg":11,)"
                           R"("Quote":"AA==","Signature":"AA=="},"Log":{"PCRs":[],"PCRAlg":11,"Raw":")" +
                           encoding::base64(log) + "\"}}";
  EvidenceAnswer out{.sender = attest::Sender::kServer, .vouched = {}, .place = place, .parts = {}, .statement = {}};
  out.parts.push_back(
      {.name = "tpm",
       .evidence = {.kind = attest::Kind::kTpm, .files = {{attest::Role::kEvidence, to_bytes(as_bytes(json))}}}});
  return out;
}

TEST_F(EvidenceRouteTest, GivesNoneThatContradictsTheBundleInForce) {
  live_.make_evidence = [](ByteView statement) -> Result<Bytes> {
    const auto place = attest::batch_of(statement);
    if (!place) return place.error();
    auto text = attest::write_evidence_answer(measured_answer(*place, 0x62));
    if (!text) return text.error();
    return to_bytes(as_bytes(*text));
  };
  std::optional<Result<EvidenceDesk::Attested>> told;
  desk_.attest(binding(1), [&](Result<EvidenceDesk::Attested> attested) { told = std::move(attested); });
  live_.pump_until([&] { return told.has_value(); });
  ASSERT_TRUE(*told) << told->error().message();
  crypto::Sha256Digest measured;
  measured.fill(std::byte{0x62});
  EXPECT_EQ((*told)->bundle, measured);
  const FakeExchange exchange = ask(attest::write_evidence_request(request()));
  EXPECT_EQ(exchange.status, 503) << "another is in force";
  EXPECT_NE(exchange.sent.find("is being measured"), std::string::npos) << exchange.sent;
}

TEST_F(EvidenceTest, IsJudgedByTheServerItselfAgainAndAgain) {
  attest::AppraisalPolicy policy = attest::pinned_tpm_policy({}, false);
  TierWatch watch(desk_, live_.clock, policy);
  EXPECT_EQ(watch.problem(), "its own evidence was not judged yet");
  const auto judged = [&](std::string_view expected) {
    live_.pump_until([&] {
      watch.tick();
      return watch.problem().find(expected) != std::string::npos;
    });
    EXPECT_NE(watch.problem().find(expected), std::string::npos) << watch.problem();
  };
  judged("there is no evidence: nothing attests");
  attest_so();
  judged("`tpm` is missing");  // and what it has beside is passed over by who pins a key
}

}  // namespace
}  // namespace redoubt::gateway::test
