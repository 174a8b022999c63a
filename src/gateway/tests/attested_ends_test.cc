// Two servers that ask each other what they are, and those who stand between them: the upstream's guard of the one
// against the routes of the other, each over a keeper of its own.
#include <gtest/gtest.h>

#include "attest/tests/support/tpm_machine.h"
#include "gateway/attested_channel.h"
#include "gateway/caller_evidence.h"
#include "gateway/evidence_desk.h"
#include "gateway/evidence_route.h"
#include "gateway/tests/access_support.h"
#include "gateway/tests/fake_exchange.h"
#include "gateway/tests/live_ledger.h"
#include "gateway/upstream_guard.h"

namespace redoubt::gateway::test {
namespace {

using attest::testing::TpmMachine;

net::ChannelBinding line(char exporter, char key = 'k') {
  return {.exporter = std::string(32, exporter), .server_key = std::string(32, key), .peer_certificate = {}};
}

AcceptedPeer pinned(const TpmMachine& machine) {
  return {.policy = {}, .pins = {machine.key()}, .bundles = {}};
}

// One server: its machine, and what it answers others.
class Server {
 public:
  explicit Server(AcceptedPeer accepted) : callers(std::move(accepted), denials, clock) {
    live.make_evidence = [this](ByteView statement) { return machine.attest(statement); };
  }

  TpmMachine machine;
  LiveLedger live;
  SystemClock clock;
  EvidenceDesk desk{live.sweep, *live.client};
  attest::LeaseKey lease_key = attest::LeaseKey::generate();
  DenialCounter denials{*live.recorder, 1};
  EvidenceRoute route{desk, denials, lease_key, clock};
  CallerEvidence callers;
};

// A connection from this end to a server, which sees it as `theirs`. What passes can be changed on the way.
class Line final : public net::GuardedConnection {
 public:
  Line(Server& server, std::shared_ptr<const Access> access, net::ChannelBinding ours, net::ChannelBinding theirs)
      : server_(server), access_(std::move(access)), ours_(std::move(ours)), theirs_(std::move(theirs)) {}

  const net::ChannelBinding& channel_binding() const override { return ours_; }
  const std::string& server_certificate() const override { return certificate_; }
  net::Task<Result<Reply>> exchange(net::Method method, std::string_view path, std::string_view body,
                                    std::size_t limit) override {
    FakeExchange exchange(method, std::string(path), {}, std::string(body));
    exchange.set_channel(theirs_);
    ++exchanges;
    // Its own loop, as its own process.
    const bool is_taken = server_.live.run(server_.callers.handle(exchange)) ||
                          server_.live.run(server_.route.handle(exchange, access_.get()));
    if (!is_taken) exchange.status = 404;
    Reply out{.status = exchange.status, .body = exchange.sent};
    on_reply(path, out);
    if (out.body.size() > limit) co_return Error(Errc::kTooLarge, "too much");
    co_return out;
  }

  std::function<void(std::string_view path, Reply& reply)> on_reply = [](std::string_view, Reply&) {};
  int exchanges = 0;

 private:
  Server& server_;
  const std::shared_ptr<const Access> access_;
  const net::ChannelBinding ours_;
  const net::ChannelBinding theirs_;
  const std::string certificate_;
};

class AttestedEndsTest : public testing::Test {
 protected:
  std::shared_ptr<const Access> access(std::span<const AttestationFiles::File> files = {}) {
    auto loaded = AttestationFiles::load(files);
    EXPECT_TRUE(loaded) << loaded.error().message();
    return make_access(known_, kDefaultPolicies, kKnownSince, {}, {}, {}, *std::move(loaded));
  }
  // From us to it: our guard, its routes.
  Result<std::shared_ptr<const net::AdmittedPeer>> admit(UpstreamGuard& guard, Line& to) {
    return us_.live.run(guard.admit(to));
  }
  Line line_to_it(char exporter) { return {it_, in_force_, line(exporter), line(exporter)}; }
  static const attest::KnownPeer& known(const Result<std::shared_ptr<const net::AdmittedPeer>>& admitted) {
    return static_cast<const AttestedUpstream&>(**admitted).peer();
  }
  void SetUp() override {
    guard_.use(in_force_);
    it_.callers.use(in_force_);
    us_.callers.use(in_force_);
  }

  Known known_;
  std::shared_ptr<const Access> in_force_ = access();
  TpmMachine nobody_;
  Server us_{pinned(nobody_)};
  Server it_{pinned(us_.machine)};
  UpstreamGuard guard_{pinned(it_.machine), us_.clock};
};

TEST_F(AttestedEndsTest, AdmitByEvidenceThenByALease) {
  Line first = line_to_it('1');
  const auto admitted = admit(guard_, first);
  ASSERT_TRUE(admitted) << admitted.error().message();
  EXPECT_EQ(known(admitted).identity, "tpm:" + encoding::hex(it_.machine.key()));
  EXPECT_EQ(evidence_of(known(admitted)).tier, "software-tpm");
  Line second = line_to_it('2');
  const auto again = admit(guard_, second);
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_TRUE(known(again).by_lease);
  EXPECT_TRUE((*again)->is_same_as(**admitted));
  EXPECT_TRUE((*again)->is_current());
  EXPECT_EQ(it_.desk.quotes(), 1U);
  EXPECT_EQ(guard_.counts().verified, 1U);
  EXPECT_EQ(guard_.counts().continued, 1U);
}

TEST_F(AttestedEndsTest, AskForEvidenceOnTheSameConnectionWhenALeaseDoesNotHold) {
  Line first = line_to_it('1');
  ASSERT_TRUE(admit(guard_, first));
  it_.lease_key = attest::LeaseKey::generate();  // another life of it
  Line second = line_to_it('2');
  const auto again = admit(guard_, second);
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_FALSE(known(again).by_lease);
  EXPECT_EQ(second.exchanges, 2);
}

TEST_F(AttestedEndsTest, RefuseWhatIsRelayed) {
  // Whoever stands between has a machine that is accepted as well, and ends both connections.
  Server his(pinned(nobody_));
  AcceptedPeer both = pinned(it_.machine);
  both.pins.push_back(his.machine.key());
  UpstreamGuard guard(both, us_.clock);
  guard.use(in_force_);
  for (Server* end : {&it_, &his}) {
    Line through(*end, in_force_, line('1', 'm'), line('2'));
    EXPECT_EQ(admit(guard, through).error().code(), Errc::kVerifyFailed);
    Line with_its_key(*end, in_force_, line('1'), line('2'));
    EXPECT_EQ(admit(guard, with_its_key).error().code(), Errc::kVerifyFailed);
  }
  EXPECT_EQ(guard.counts().refused, 4U);
}

TEST_F(AttestedEndsTest, RefuseADowngradeToLess) {
  const std::pair<int, std::string> answers[] = {{404, "{}"}, {501, ""}, {200, ""}, {200, "{}"}, {302, ""}};
  for (const auto& [status, body] : answers) {
    Line without = line_to_it('1');
    without.on_reply = [&, status = status, &body = body](std::string_view, net::GuardedConnection::Reply& reply) {
      reply = {.status = status, .body = body};
    };
    const auto refused = admit(guard_, without);
    ASSERT_FALSE(refused) << status;
    EXPECT_EQ(refused.error().code(), Errc::kVerifyFailed);
  }
  Line plain(it_, in_force_, {}, {});
  EXPECT_EQ(admit(guard_, plain).error().code(), Errc::kVerifyFailed) << "no TLS, or one without an exporter";
}

TEST_F(AttestedEndsTest, SayNothingOfTheUpstreamsOwnWords) {
  Line rude = line_to_it('1');
  rude.on_reply = [](std::string_view, net::GuardedConnection::Reply& reply) {
    reply = {.status = 500, .body = R"({"detail":"a secret of the upstream"})"};
  };
  EXPECT_EQ(admit(guard_, rude).error().message(), "asked for evidence, the upstream answers with status 500");
}

TEST_F(AttestedEndsTest, AreNotCurrentAnyMoreWhenWhatIsAcceptedChanges) {
  Line first = line_to_it('1');
  const auto admitted = admit(guard_, first);
  ASSERT_TRUE(admitted);
  guard_.use(access());
  EXPECT_TRUE((*admitted)->is_current()) << "the same files";
  const AttestationFiles::File added{"attestation/other.json", R"({"parts":{"cpu":{"kind":"tdx"}}})"};
  guard_.use(access({&added, 1}));
  EXPECT_FALSE((*admitted)->is_current());
  guard_.use(nullptr);
  Line second = line_to_it('2');
  EXPECT_EQ(admit(guard_, second).error().message(), "nothing in force says whose evidence is accepted");
}

TEST_F(AttestedEndsTest, ProveBothEndsOfOneConnection) {
  guard_.show_own({.desk = us_.desk, .lease_key = us_.lease_key});
  Line first = line_to_it('1');
  const auto admitted = admit(guard_, first);
  ASSERT_TRUE(admitted) << admitted.error().message();
  const auto caller = it_.callers.find(line('1'));
  ASSERT_NE(caller, nullptr);
  EXPECT_EQ(caller->identity, "tpm:" + encoding::hex(us_.machine.key()));
  EXPECT_EQ(it_.callers.find(line('2')), nullptr) << "another connection";
  EXPECT_EQ(us_.desk.quotes(), 1U);
  Line second = line_to_it('2');
  ASSERT_TRUE(admit(guard_, second));
  ASSERT_NE(it_.callers.find(line('2')), nullptr);
  EXPECT_TRUE(it_.callers.find(line('2'))->by_lease);
  EXPECT_EQ(us_.desk.quotes(), 1U) << "a lease goes on";
  it_.callers.forget(line('1'));
  EXPECT_EQ(it_.callers.find(line('1')), nullptr) << "it has ended";
}

TEST_F(AttestedEndsTest, ShowEvidenceAgainWhenTheUpstreamKnowsNoLease) {
  guard_.show_own({.desk = us_.desk, .lease_key = us_.lease_key});
  Line first = line_to_it('1');
  ASSERT_TRUE(admit(guard_, first));
  // Another core of it, or another life: nothing is remembered there.
  const AttestationFiles::File added{"attestation/other.json", R"({"parts":{"cpu":{"kind":"tdx"}}})"};
  it_.callers.use(access({&added, 1}));
  EXPECT_EQ(it_.callers.find(line('1')), nullptr) << "accepted by what is not in force any more";
  Line second = line_to_it('2');
  ASSERT_TRUE(admit(guard_, second));
  EXPECT_FALSE(it_.callers.find(line('2'))->by_lease);
  EXPECT_EQ(us_.desk.quotes(), 2U);
}

TEST_F(AttestedEndsTest, RefuseACallerThatIsNotAccepted) {
  Server stranger(pinned(nobody_));
  guard_.show_own({.desk = stranger.desk, .lease_key = stranger.lease_key});
  Line to = line_to_it('1');
  // Its keeper works on a loop of its own.
  const auto refused = stranger.live.run(guard_.admit(to));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message(), "the upstream does not accept our evidence: it answers with status 403");
  EXPECT_EQ(it_.callers.find(line('1')), nullptr);
}

TEST_F(AttestedEndsTest, RefuseAnUpstreamThatDoesNotAskWhatItShould) {
  guard_.show_own({.desk = us_.desk, .lease_key = us_.lease_key});
  const std::string as_server = attest::write_evidence_request({.sender = attest::Sender::kServer});
  const std::pair<int, std::string> answers[] = {{404, "{}"}, {200, "{}"}, {200, as_server}};
  for (const auto& [status, body] : answers) {
    Line old = line_to_it('1');
    old.on_reply = [&, status = status, &body = body](std::string_view path, net::GuardedConnection::Reply& reply) {
      if (path == kCallerEvidencePath) reply = {.status = status, .body = body};
    };
    EXPECT_EQ(admit(guard_, old).error().code(), Errc::kVerifyFailed) << body;
  }
  EXPECT_EQ(us_.desk.quotes(), 0U) << "and nothing of ours was shown";
}

// The upstream's own evidence, taken on this very connection, as if it were its caller's; and a caller's of another
// one.
TEST_F(AttestedEndsTest, RefuseACallersAnswerThatIsReflectedOrRelayed) {
  const auto post = [&](const net::ChannelBinding& on, net::Method method, std::string body) {
    FakeExchange exchange(method, std::string(kCallerEvidencePath), {}, std::move(body));
    exchange.set_channel(on);
    EXPECT_TRUE(it_.live.run(it_.callers.handle(exchange)));
    return exchange;
  };
  const attest::Vouched vouched = vouched_for(us_.lease_key, in_force_.get());
  const auto answer_for = [&](attest::Sender sender, const net::ChannelBinding& on, std::string_view question) {
    const auto request = attest::read_evidence_request(question);
    EXPECT_TRUE(request);
    return us_.machine.answer(*channel_of(on, sender, request->nonce), vouched);
  };
  const std::string question = post(line('1'), net::Method::kGet, {}).sent;
  EXPECT_EQ(post(line('1'), net::Method::kPost, answer_for(attest::Sender::kServer, line('1'), question)).status, 403);
  const std::string next = post(line('1'), net::Method::kGet, {}).sent;
  EXPECT_EQ(post(line('1'), net::Method::kPost, answer_for(attest::Sender::kClient, line('2'), next)).status, 403);
  const std::string last = post(line('1'), net::Method::kGet, {}).sent;
  const std::string good = answer_for(attest::Sender::kClient, line('1'), last);
  EXPECT_EQ(post(line('2'), net::Method::kPost, good).status, 403) << "that connection was asked nothing";
  EXPECT_EQ(post(line('1'), net::Method::kPost, good).status, 200);
  EXPECT_EQ(post(line('1'), net::Method::kPost, good).status, 403) << "a question is answered once";
  EXPECT_EQ(post(line('1'), net::Method::kGet, {}).status, 403) << "and a connection asked so often, and no more";
  EXPECT_NE(it_.callers.find(line('1')), nullptr);
  EXPECT_EQ(post({}, net::Method::kGet, {}).status, 400) << "plain HTTP";
  EXPECT_EQ(post(line('3'), net::Method::kDelete, {}).status, 405);
}

TEST(AttestationFiles, TakesPoliciesByTheirNames) {
  const AttestationFiles::File files[] = {{"attestation/model-server.json", R"({"parts":{"cpu":{"kind":"tdx"}}})"},
                                          {"attestation/appraisal.json", R"({"parts":{"cpu":{"kind":"tdx"}}})"}};
  const auto loaded = AttestationFiles::load(files);
  ASSERT_TRUE(loaded) << loaded.error().message();
  const auto terms = (*loaded)->terms_for({.policy = "attestation/model-server.json", .pins = {}, .bundles = {}});
  ASSERT_TRUE(terms) << terms.error().message();
  EXPECT_EQ(terms->policies.size(), 1U);
  EXPECT_EQ((*loaded)->terms_for({.policy = "attestation/other.json", .pins = {}, .bundles = {}}).error().code(),
            Errc::kNotFound);
  EXPECT_NE((*loaded)->digest(), (*AttestationFiles::load({}))->digest());
}

TEST(AttestationFiles, RefusesOtherFiles) {
  for (const char* name :
       {"attestation/Other.json", "attestation/.json", "attestation/a/b.json", "attestation/x.toml"}) {
    const AttestationFiles::File file{name, R"({"parts":{"cpu":{"kind":"tdx"}}})"};
    EXPECT_FALSE(AttestationFiles::load({&file, 1})) << name;
  }
  const AttestationFiles::File broken{"attestation/a.json", "{}"};
  EXPECT_FALSE(AttestationFiles::load({&broken, 1}));
}

}  // namespace
}  // namespace redoubt::gateway::test
