// Upstreams that show evidence in the forms of others: the guard on their connections, and what policies and records
// get.
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>

#include "attest/tests/support/key_worlds.h"
#include "gateway/tests/access_support.h"
#include "gateway/upstream_guard.h"

namespace redoubt::gateway::test {
namespace {

using attest::DstackWorld;
using attest::EvidenceForm;
using attest::TinfoilWorld;

class SetClock final : public Clock {
 public:
  UnixMillis now() const override { return time; }
  std::chrono::steady_clock::time_point steady() const override { return {}; }
  UnixMillis time = attest::SnpWorld::kNow;
};

// A connection to a server that has shown `certificate` and answers with `reply`.
class ShownConnection final : public net::GuardedConnection {
 public:
  ShownConnection(const Bytes& certificate, Reply reply)
      : certificate_(as_chars(certificate)), reply_(std::move(reply)) {}

  const net::ChannelBinding& channel_binding() const override { return binding; }
  const std::string& server_certificate() const override { return certificate_; }
  net::Task<Result<Reply>> exchange(net::Method method, std::string_view path, std::string_view body,
                                    std::size_t limit) override {
    EXPECT_EQ(method, net::Method::kGet);
    EXPECT_TRUE(body.empty());
    asked.emplace_back(path);
    on_exchange();
    if (reply_.body.size() > limit) co_return Error(Errc::kTooLarge, "too much");
    co_return reply_;
  }

  net::ChannelBinding binding{
      .exporter = std::string(32, 'e'), .server_key = std::string(32, 'k'), .peer_certificate = {}};
  std::vector<std::string> asked;
  std::function<void()> on_exchange = [] {};

 private:
  const std::string certificate_;
  const Reply reply_;
};

template <class T>
net::Task<> keep_result(net::Task<T> task, std::optional<T>& out) {
  out.emplace(co_await std::move(task));
}

// Anchors that nobody vouches for can be pinned by a policy, and stand in evidence and collateral.
std::string policy_text(std::string_view kind, const crypto::TestAuthority& root) {
  return R"({"parts":{"cpu":{"kind":")" + std::string(kind) + R"(","policy":{"pinned_root":")" +
         encoding::hex(crypto::sha256(root.certificate())) + R"("}}}})";
}

std::string collateral_text(attest::Kind kind, attest::Role role, std::string_view bytes) {
  attest::CollateralBundle out;
  EXPECT_TRUE(out.add({kind, role, {}, to_bytes(as_bytes(bytes))}));
  return out.format();
}

class KeyBoundUpstreamTest : public testing::Test {
 protected:
  using Admitted = Result<std::shared_ptr<const net::AdmittedPeer>>;

  // What is in force: with one policy, `attestation/model.json`.
  std::shared_ptr<const Access> access(const std::string& policy, const std::string& references,
                                       const std::string& collateral) {
    const AttestationFiles::File files[] = {{"attestation/model.json", policy},
                                            {AttestationFiles::kReferences, references},
                                            {AttestationFiles::kCollateral, collateral}};
    auto loaded = AttestationFiles::load(files);
    EXPECT_TRUE(loaded) << loaded.error().message();
    return make_access(known_, kDefaultPolicies, kKnownSince, {}, {}, {}, *std::move(loaded));
  }
  std::shared_ptr<const Access> tinfoil_access(char digit = '2') {
    return access(policy_text("sev-snp", tinfoil_.snp.ark),
                  R"({"references":[{"name":"image","kind":"sev-snp","claims":{"measurement":")" +
                      std::string(96, digit) + R"("}}]})",
                  collateral_text(attest::Kind::kSevSnp, attest::Role::kVek,
                                  tinfoil_.snp.vek.pem() + tinfoil_.snp.ask.pem() + tinfoil_.snp.ark.pem()));
  }
  UpstreamGuard guard(EvidenceForm form) {
    return UpstreamGuard({.policy = "attestation/model.json", .pins = {}, .bundles = {}, .form = form}, clock_);
  }
  static Admitted admit(UpstreamGuard& guard, ShownConnection& to) {
    boost::asio::io_context io;
    std::optional<Admitted> out;
    boost::asio::co_spawn(io, keep_result(guard.admit(to), out), [](std::exception_ptr error) {
      if (error) std::rethrow_exception(error);
    });
    io.run();
    return *std::move(out);
  }
  static std::string refusal(UpstreamGuard& guard, ShownConnection& to) {
    const auto admitted = admit(guard, to);
    if (admitted) return "admitted";
    EXPECT_EQ(admitted.error().code(), Errc::kVerifyFailed);
    return admitted.error().message();
  }

  Known known_;
  SetClock clock_;
  TinfoilWorld tinfoil_;
};

TEST_F(KeyBoundUpstreamTest, IsAdmittedInTheFormOfTinfoil) {
  UpstreamGuard guard = this->guard(EvidenceForm::kTinfoil);
  guard.use(tinfoil_access());
  ShownConnection to(tinfoil_.tls.certificate(), {.status = 200, .body = tinfoil_.document()});
  const auto admitted = admit(guard, to);
  ASSERT_TRUE(admitted) << admitted.error().message();
  EXPECT_EQ(to.asked, std::vector<std::string>{"/.well-known/tinfoil-attestation"});
  const auto& peer = static_cast<const AttestedUpstream&>(**admitted).peer();
  const record::PeerEvidence told = evidence_of(peer);
  EXPECT_EQ(told.tier, "cpu-tee-key");
  EXPECT_EQ(told.measurer, "platform");
  EXPECT_EQ(told.identity, "tinfoil:sev-snp:" + std::string(96, '2'));
  EXPECT_EQ(guard.counts().verified, 1U);
  EXPECT_TRUE((*admitted)->is_current());
  clock_.time.value += 60 * 60 * 1000 + 1;
  EXPECT_FALSE((*admitted)->is_current()) << "an hour";
}

TEST_F(KeyBoundUpstreamTest, IsAdmittedInTheFormOfDstack) {
  const DstackWorld dstack;
  UpstreamGuard guard = this->guard(EvidenceForm::kDstack);
  const attest::ReferenceValue pins = dstack.key_terms().references.all().front();
  std::string claims;
  encoding::JsonWriter out(claims);
  attest::write_claim(out, attest::Claim(pins.claims));
  guard.use(access(policy_text("tdx", dstack.tdx->root),
                   R"({"references":[{"name":"app","kind":"tdx","claims":)" + claims + "}]}",
                   collateral_text(attest::Kind::kTdx, attest::Role::kCollateral, dstack.tdx->collateral())));
  ShownConnection to(dstack.tls.certificate(), {.status = 500, .body = {}});
  const auto admitted = admit(guard, to);
  ASSERT_TRUE(admitted) << admitted.error().message();
  EXPECT_TRUE(to.asked.empty()) << "all is in the certificate";
  const auto& peer = static_cast<const AttestedUpstream&>(**admitted).peer();
  EXPECT_EQ(evidence_of(peer).tier, "cpu-tee-key");
  EXPECT_TRUE(evidence_of(peer).identity.starts_with("dstack:a1a1"));
}

TEST_F(KeyBoundUpstreamTest, IsRefusedWithAnothersEvidence) {
  UpstreamGuard guard = this->guard(EvidenceForm::kTinfoil);
  guard.use(tinfoil_access());
  const crypto::TestAuthority his("model.example", {.is_authority = false});
  ShownConnection relayed(his.certificate(), {.status = 200, .body = tinfoil_.document()});
  EXPECT_EQ(refusal(guard, relayed), "the evidence is over another TLS key than this connection's");
  EXPECT_EQ(guard.counts().refused, 1U);
}

TEST_F(KeyBoundUpstreamTest, IsRefusedWithoutEvidence) {
  UpstreamGuard guard = this->guard(EvidenceForm::kTinfoil);
  guard.use(tinfoil_access());
  ShownConnection none(tinfoil_.tls.certificate(), {.status = 404, .body = "a secret of the upstream"});
  EXPECT_EQ(refusal(guard, none), "asked for evidence, the upstream answers with status 404");
  ShownConnection long_one(tinfoil_.tls.certificate(), {.status = 200, .body = std::string(70'000, ' ')});
  EXPECT_EQ(refusal(guard, long_one), "too much");
  ShownConnection old_tls(tinfoil_.tls.certificate(), {.status = 200, .body = tinfoil_.document()});
  old_tls.binding = {};
  EXPECT_EQ(refusal(guard, old_tls), "the connection is not of TLS 1.3");
  ShownConnection odd({}, {.status = 200, .body = tinfoil_.document()});
  EXPECT_EQ(refusal(guard, odd), "the upstream's certificate cannot be read");
}

TEST_F(KeyBoundUpstreamTest, IsRefusedWhileNothingInForceAcceptsIt) {
  UpstreamGuard guard = this->guard(EvidenceForm::kTinfoil);
  ShownConnection to(tinfoil_.tls.certificate(), {.status = 200, .body = tinfoil_.document()});
  EXPECT_EQ(refusal(guard, to), "nothing in force says whose evidence is accepted");
  guard.use(access(policy_text("sev-snp", tinfoil_.snp.ark), R"({"references":[]})", R"({"items":[]})"));
  EXPECT_EQ(refusal(guard, to), "nothing in force says whose evidence is accepted") << "nothing is pinned";
  guard.use(tinfoil_access('3'));
  EXPECT_EQ(refusal(guard, to), "`cpu` covers no reference value");
  guard.use(tinfoil_access());
  to.on_exchange = [&] { guard.use(nullptr); };
  EXPECT_EQ(refusal(guard, to), "what is accepted has changed meanwhile");
}

TEST_F(KeyBoundUpstreamTest, IsNotWhatIsBoundToItsChannel) {
  attest::KnownPeer peer{.tier = attest::Tier::kCpuTee, .identity = "sev-snp:22", .bundle = {}, .until = {}};
  attest::KnownPeer by_key = peer;
  by_key.bound_to = attest::BoundTo::kKey;
  EXPECT_FALSE(peer.is_same_as(by_key));
  EXPECT_EQ(evidence_of(peer).tier, "cpu-tee");
  EXPECT_EQ(evidence_of(by_key).tier, "cpu-tee-key");
}

TEST_F(KeyBoundUpstreamTest, NeedsFilesThatFit) {
  const std::string policy = policy_text("sev-snp", tinfoil_.snp.ark);
  const AttestationFiles::File file{"attestation/model.json", policy};
  const auto loaded = AttestationFiles::load({&file, 1});
  ASSERT_TRUE(loaded);
  const auto refused = [&](AcceptedPeer accepted) {
    const auto done = (*loaded)->check(accepted);
    return done ? std::string() : done.error().message();
  };
  EXPECT_EQ(refused({.policy = "attestation/model.json", .pins = {}, .bundles = {}}), "");
  EXPECT_NE(refused({.policy = "attestation/model.json", .pins = {}, .bundles = {}, .form = EvidenceForm::kTinfoil})
                .find("no reference value pins"),
            std::string::npos);
  EXPECT_NE(refused({.policy = "attestation/model.json", .pins = {}, .bundles = {}, .form = EvidenceForm::kDstack})
                .find("never of that kind"),
            std::string::npos);
  EXPECT_NE(refused({.policy = "attestation/none.json", .pins = {}, .bundles = {}, .form = EvidenceForm::kDstack})
                .find("no appraisal policy"),
            std::string::npos);
  const AttestationFiles::File broken{AttestationFiles::kCollateral, "{}"};
  EXPECT_FALSE(AttestationFiles::load({&broken, 1}));
}

}  // namespace
}  // namespace redoubt::gateway::test
