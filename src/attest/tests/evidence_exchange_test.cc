// The whole exchange, between a machine that signs and a relying party that asks; and those in between, who lie.
#include <gtest/gtest.h>

#include <functional>

#include "attest/evidence_message.h"
#include "attest/tests/support/fake_guest.h"
#include "attest/verify_answer.h"
#include "crypto/digest.h"
#include "encoding/base64.h"

namespace redoubt::attest {
namespace {

template <std::size_t N>
std::array<std::byte, N> bytes_of(int value) {
  std::array<std::byte, N> out;
  out.fill(static_cast<std::byte>(value));
  return out;
}

constexpr std::string_view kPolicy = R"({"parts":{"cpu":{"kind":"sev-snp"}}})";

// One attested program on one machine.
class Attester {
 public:
  explicit Attester(const SnpWorld& world) {
    guest_.tsm_provider = "sev_guest";
    guest_.machine = snp_machine(world);
    guest_.certificates =
        certificate_table({{kVcekGuid, world.vek.certificate()}, {kAskGuid, world.ask.certificate()}});
    producers_ = find_producers(guest_, {});
  }

  // Answers all channels with one quote.
  std::vector<EvidenceAnswer> answer(const std::vector<Channel>& channels, bool with_statement = false) {
    std::vector<ReportData> bindings;
    for (const Channel& each : channels) bindings.push_back(channel_binding(each, vouched));
    const auto batch = BindingBatch::make(bindings);
    EvidenceAnswer one{
        .sender = channels.front().sender, .vouched = vouched, .place = {}, .parts = {}, .statement = {}};
    if (with_statement) {
      one.statement = to_bytes(as_bytes(R"({"build":"ffee","nonce":")" + encoding::hex(batch->quoted()) + "\"}"));
    }
    one.parts.push_back({"cpu", *producers_.front()->produce(part_nonce(batch->quoted(), one.statement))});
    std::vector<EvidenceAnswer> out(channels.size(), one);
    for (std::size_t i = 0; i < channels.size(); ++i) out[i].place = batch->place(i);
    return out;
  }
  // An answer whose quote is over these bytes.
  EvidenceAnswer answer_over(const Channel& channel, ByteView quoted) {
    EvidenceAnswer out = answer({channel}).front();
    out.parts.front().evidence = *producers_.front()->produce(quoted);
    return out;
  }

  LeaseKey lease_key = LeaseKey::generate();
  Vouched vouched{.lease_key = lease_key.public_key(), .bundle = bytes_of<32>(0x62)};

 private:
  FakeGuest guest_;
  std::vector<std::unique_ptr<Producer>> producers_;
};

class ExchangeTest : public ::testing::Test {
 protected:
  ExchangeTest() {
    ClaimObject claims{{"measurement", ByteView(bytes_of<48>(0x22))}};
    EXPECT_TRUE(references_.add({"image", Kind::kSevSnp, claims}));
    EXPECT_TRUE(references_.add({"build", std::nullopt, {{"build", "ffee"}}}));
  }

  Result<AttestedPeer> verify(std::string_view text, const Channel& channel) {
    const Expectation expectation{.channel = channel,
                                  .bundle = bundle_,
                                  .at = SnpWorld::kNow,
                                  .files = {{Kind::kSevSnp, Role::kRoot, world_.ark.certificate()}}};
    return verify_answer(verifier_, text, expectation, *parse_appraisal_policy(kPolicy), references_);
  }
  Result<AttestedPeer> verify(const EvidenceAnswer& answer, const Channel& channel) {
    const auto text = write_evidence_answer(answer);
    if (!text) return text.error();
    return verify(*text, channel);
  }
  // Why not; empty when it is accepted.
  std::string refusal(const EvidenceAnswer& answer, const Channel& channel) {
    const auto peer = verify(answer, channel);
    return peer ? "" : peer.error().message();
  }

  SnpWorld world_;
  Attester server_{world_};
  Verifier verifier_{Trust::kNobody};
  ReferenceValues references_;
  std::optional<crypto::Sha256Digest> bundle_ = bytes_of<32>(0x62);
  Channel channel_{
      .exporter = bytes_of<32>(1), .sender = Sender::kServer, .leaf = bytes_of<32>(2), .nonce = bytes_of<32>(3)};
};

TEST_F(ExchangeTest, AcceptsThePeerAtTheOtherEnd) {
  const auto peer = verify(server_.answer({channel_}).front(), channel_);
  ASSERT_TRUE(peer) << peer.error().message();
  EXPECT_EQ(peer->appraisal.tier, Tier::kCpuTee);
  EXPECT_EQ(peer->vouched, server_.vouched);
  ASSERT_TRUE(peer->lease);
  EXPECT_EQ(peer->lease->key, server_.lease_key.public_key());
  EXPECT_EQ(peer->lease->leaf, channel_.leaf);
}

TEST_F(ExchangeTest, AnswersManyWithOneQuote) {
  std::vector<Channel> channels;
  for (int i = 0; i < 5; ++i) {
    channels.push_back(channel_);
    channels.back().exporter = bytes_of<32>(10 + i);
  }
  const auto answers = server_.answer(channels);
  for (std::size_t i = 0; i < channels.size(); ++i) {
    EXPECT_EQ(refusal(answers[i], channels[i]), "") << i;
    EXPECT_NE(refusal(answers[i], channels[(i + 1) % channels.size()]), "") << "another's answer";
    EXPECT_EQ(evidence_digest(answers[i]), evidence_digest(answers[0]));
  }
}

TEST_F(ExchangeTest, BindsAStatement) {
  auto answer = server_.answer({channel_}, true).front();
  EXPECT_EQ(refusal(answer, channel_), "");
  std::string forged(as_chars(*answer.statement));
  forged.replace(forged.find("ffee"), 4, "ffff");
  answer.statement = to_bytes(as_bytes(forged));
  EXPECT_NE(refusal(answer, channel_), "");
  answer.statement.reset();
  EXPECT_NE(refusal(answer, channel_), "") << "the statement was taken away";
}

// A man in the middle ends both connections, and owns an enclave that is accepted as well, with its TLS key.
TEST_F(ExchangeTest, RefusesARelayedAnswer) {
  Channel to_client = channel_;
  to_client.leaf = bytes_of<32>(0x4d);
  Channel to_server = channel_;
  to_server.exporter = bytes_of<32>(0x4e);
  EXPECT_NE(refusal(server_.answer({to_server}).front(), to_client), "");
  // Even with the server's own TLS key in hand: the two connections still have two exporters.
  to_client.leaf = channel_.leaf;
  EXPECT_NE(refusal(server_.answer({to_server}).front(), to_client), "");
  // His enclave may answer for itself; that is then whom the client talks to, and its lease is for that key.
  Attester his{world_};
  to_client.leaf = bytes_of<32>(0x4d);
  const auto peer = verify(his.answer({to_client}).front(), to_client);
  ASSERT_TRUE(peer) << peer.error().message();
  EXPECT_NE(peer->lease->key, server_.lease_key.public_key());
}

TEST_F(ExchangeTest, RefusesTheAskersOwnAnswerReflected) {
  Channel own = channel_;
  own.sender = Sender::kClient;
  auto answer = server_.answer({own}).front();
  EXPECT_EQ(refusal(answer, own), "");
  EXPECT_EQ(refusal(answer, channel_), "the evidence is of the other end");
  answer.sender = Sender::kServer;
  EXPECT_NE(refusal(answer, channel_), "") << "under another label";
}

TEST_F(ExchangeTest, RefusesAReplayedAnswer) {
  const auto answer = server_.answer({channel_}).front();
  Channel later = channel_;
  later.nonce = bytes_of<32>(4);
  EXPECT_NE(refusal(answer, later), "") << "on the same connection";
  later.exporter = bytes_of<32>(5);
  EXPECT_NE(refusal(answer, later), "");
}

TEST_F(ExchangeTest, RefusesAnotherVersion) {
  std::string text = *write_evidence_answer(server_.answer({channel_}).front());
  text.replace(text.find(kExchangeProtocol), kExchangeProtocol.size(), "redoubt-attestation-0");
  EXPECT_EQ(verify(text, channel_).error().code(), Errc::kMalformed);
  // A quote over a binding of an older version, which knew no exporter, under today's name.
  const auto older = crypto::digest(crypto::HashAlgorithm::kSha512,
                                    {as_bytes("redoubt attested channel v0"), channel_.leaf, channel_.nonce});
  EXPECT_NE(refusal(server_.answer_over(channel_, older.view()), channel_), "");
  EXPECT_NE(refusal(server_.answer_over(channel_, channel_binding(channel_, server_.vouched)), channel_), "")
      << "over the binding itself rather than a batch";
  EXPECT_NE(refusal(server_.answer_over(channel_, channel_.nonce), channel_), "") << "over the bare nonce";
}

TEST_F(ExchangeTest, RefusesWhatTheEvidenceDoesNotVouchFor) {
  const auto good = server_.answer({channel_}).front();
  auto answer = good;
  answer.vouched.lease_key = LeaseKey::generate().public_key();
  EXPECT_NE(refusal(answer, channel_), "") << "somebody else's lease key";
  answer.vouched.lease_key.reset();
  EXPECT_NE(refusal(answer, channel_), "") << "the lease key was taken away";
  answer = good;
  answer.vouched.bundle = bytes_of<32>(0x63);
  EXPECT_EQ(refusal(answer, channel_), "the bundle is another");
  bundle_ = answer.vouched.bundle;
  EXPECT_NE(refusal(answer, channel_), "") << "the evidence is of an older bundle";
  EXPECT_EQ(refusal(good, channel_), "the bundle is another");
}

TEST_F(ExchangeTest, RefusesTheAnchorsOfAnAnswer) {
  auto answer = server_.answer({channel_}).front();
  answer.parts.front().evidence.files.push_back({Role::kRoot, world_.ark.certificate()});
  EXPECT_EQ(write_evidence_answer(answer).error().code(), Errc::kInvalidArgument);
  std::string text = *write_evidence_answer(server_.answer({channel_}).front());
  for (std::size_t at = 0; (at = text.find("chain", at)) != std::string::npos; ++at) text.replace(at, 5, "root");
  EXPECT_EQ(verify(text, channel_).error().code(), Errc::kMalformed);
}

TEST_F(ExchangeTest, RefusesPartsOfMachinesThatNobodyKnows) {
  const SnpWorld stranger;
  Attester other{stranger};
  EXPECT_NE(refusal(other.answer({channel_}).front(), channel_), "");
  auto answer = server_.answer({channel_}).front();
  answer.parts.front().name = "gpu";
  EXPECT_NE(refusal(answer, channel_), "");
  references_ = {};
  EXPECT_EQ(refusal(server_.answer({channel_}).front(), channel_), "`cpu` covers no reference value");
}

TEST_F(ExchangeTest, RefusesAnyChangeOfTheEvidence) {
  const auto good = server_.answer({channel_}).front();
  for (std::size_t at = 0; at < SnpReport::kSize; at += 97) {
    auto answer = good;
    answer.parts.front().evidence.files.front().bytes[at] ^= std::byte{1};
    EXPECT_NE(refusal(answer, channel_), "") << at;
  }
}

TEST_F(ExchangeTest, ContinuesByALeaseOnANewConnection) {
  const auto answer = server_.answer({channel_}).front();
  const auto peer = verify(answer, channel_);
  ASSERT_TRUE(peer) << peer.error().message();
  Channel next = channel_;
  next.exporter = bytes_of<32>(0x71);
  next.nonce = bytes_of<32>(0x72);
  // What goes over the wire: the question, and the proof.
  const AskerKey asker = AskerKey::generate();
  const auto request = read_evidence_request(write_evidence_request(
      {.nonce = next.nonce, .kinds = {Kind::kSevSnp}, .key = asker.public_key(), .lease = peer->lease->evidence}));
  ASSERT_TRUE(request) << request.error().message();
  EXPECT_EQ(request->lease, evidence_digest(answer));
  const auto made = server_.lease_key.prove(next, *request->key, evidence_digest(answer), *server_.vouched.bundle,
                                            UnixMillis{SnpWorld::kNow.value + 60'000});
  ASSERT_TRUE(made) << made.error().message();
  const std::string text = write_lease_proof(*made, Sender::kServer);
  const auto read = read_answer(text);
  ASSERT_TRUE(read) << read.error().message();
  const auto* const proof = std::get_if<LeaseProof>(&*read);
  ASSERT_NE(proof, nullptr);
  LeaseTerms terms{.bundle = *bundle_, .at = SnpWorld::kNow};
  const auto shared = asker.share(peer->lease->key);
  ASSERT_TRUE(shared) << shared.error().message();
  EXPECT_TRUE(check_lease(*peer->lease, *shared, *proof, next, terms));
  EXPECT_FALSE(check_lease(*peer->lease, *shared, *proof, channel_, terms)) << "relayed to another connection";
  terms.at.value += 60'001;
  EXPECT_FALSE(check_lease(*peer->lease, *shared, *proof, next, terms)) << "stale";
  EXPECT_EQ(verify(text, next).error().code(), Errc::kInvalidArgument) << "a proof of a lease is no evidence";
}

TEST_F(ExchangeTest, OffersNoLeaseWithoutAKeyAndABundle) {
  server_.vouched.lease_key.reset();
  auto peer = verify(server_.answer({channel_}).front(), channel_);
  ASSERT_TRUE(peer) << peer.error().message();
  EXPECT_FALSE(peer->lease);
}

TEST(EvidenceRequest, ReadsBackWhatItWrites) {
  const EvidenceRequest request{.nonce = bytes_of<32>(7),
                                .sender = Sender::kClient,
                                .kinds = {Kind::kTdx, Kind::kNitro},
                                .key = bytes_of<32>(9),
                                .lease = bytes_of<32>(8)};
  EXPECT_EQ(*read_evidence_request(write_evidence_request(request)), request);
  EXPECT_EQ(*read_evidence_request(write_evidence_request({})), EvidenceRequest{});
  EXPECT_EQ(write_evidence_request({}), R"({"protocol":"redoubt-attestation-1","sender":"server",)"
                                        R"("nonce":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"})");
}

TEST(EvidenceRequest, RefusesOtherForms) {
  const std::string good = write_evidence_request({.kinds = {Kind::kTdx}});
  const auto with = [&](std::string_view what, std::string_view instead) {
    std::string text = good;
    return text.replace(text.find(what), what.size(), instead);
  };
  EXPECT_TRUE(read_evidence_request(good));
  for (std::size_t length = 0; length < good.size(); ++length) {
    EXPECT_FALSE(read_evidence_request(std::string_view(good).substr(0, length))) << length;
  }
  EXPECT_FALSE(read_evidence_request(with("attestation-1", "attestation-2")));
  EXPECT_FALSE(read_evidence_request(with("\"server\"", "\"proxy\"")));
  EXPECT_FALSE(read_evidence_request(with("AAAA", "AAA"))) << "a short nonce";
  EXPECT_FALSE(read_evidence_request(with("AAAA\"", "AAA=\"")));
  EXPECT_FALSE(read_evidence_request(with("\"tdx\"", "\"sgx2\"")));
  EXPECT_FALSE(read_evidence_request(with("\"tdx\"", "\"tdx\",\"tdx\"")));
  EXPECT_FALSE(read_evidence_request(with("\"tdx\"", "")));
  EXPECT_FALSE(read_evidence_request(with("}", ",\"more\":1}")));
  EXPECT_FALSE(read_evidence_request(with("}", ",\"sender\":\"client\"}"))) << "twice";
  EXPECT_FALSE(read_evidence_request(write_evidence_request({.lease = bytes_of<32>(8)}))) << "whose lease?";
  EXPECT_EQ(read_evidence_request(std::string(EvidenceRequest::kMaxBytes + 1, ' ')).error().code(), Errc::kTooLarge);
}

TEST_F(ExchangeTest, ReadsOneFormOfAnAnswer) {
  const std::string good = *write_evidence_answer(server_.answer({channel_}, true).front());
  const auto with = [&](std::string_view what, std::string_view instead) {
    std::string text = good;
    EXPECT_NE(text.find(what), std::string::npos) << what;
    return text.replace(text.find(what), what.size(), instead);
  };
  const auto is_read = [](const std::string& text) { return read_answer(text).has_value(); };
  ASSERT_TRUE(is_read(good));
  for (std::size_t length = 0; length < good.size(); length += 7) EXPECT_FALSE(is_read(good.substr(0, length)));
  EXPECT_FALSE(is_read(with("\"path\":[]", "\"path\":[1]")));
  EXPECT_FALSE(is_read(with("\"path\":[]", "\"path\":[\"AAAA\"]")));
  EXPECT_FALSE(is_read(with("\"size\":1", "\"size\":0")));
  EXPECT_FALSE(is_read(with("\"size\":1", "\"size\":129")));
  EXPECT_FALSE(is_read(with("\"index\":0", "\"index\":1")));
  EXPECT_FALSE(is_read(with("\"index\":0", "\"index\":0,\"more\":0")));
  EXPECT_FALSE(is_read(with("urn:uuid:0", "urn:uuid:1"))) << "a collection of another type";
  EXPECT_FALSE(is_read(with("\"cpu\"", "\"CPU\"")));
  EXPECT_FALSE(is_read(with("\"cpu\"", "\"\"")));
  EXPECT_FALSE(is_read(with("sev-snp.report", "tdx.report"))) << "files of two kinds";
  EXPECT_FALSE(is_read(with("sev-snp.report", "sev-snp.vek"))) << "a type that is not the name's";
  EXPECT_FALSE(is_read(with(",4]", ",2]"))) << "evidence as an endorsement";
  EXPECT_FALSE(is_read(with(",4]", ",4,4]")));
  EXPECT_FALSE(is_read(with(",4]", "]")));
  EXPECT_FALSE(is_read(with("application/json", "text/plain")));
  EXPECT_FALSE(is_read(with("\"bundle\":", "\"bundles\":")));
  EXPECT_EQ(read_answer(std::string(EvidenceAnswer::kMaxBytes + 1, ' ')).error().code(), Errc::kTooLarge);
  auto answer = server_.answer({channel_}).front();
  answer.parts.resize(17, answer.parts.front());
  EXPECT_EQ(write_evidence_answer(answer).error().code(), Errc::kTooLarge);
  answer.parts.resize(1);
  answer.parts.front().evidence.files.front().bytes.resize(EvidenceAnswer::kMaxBytes);
  EXPECT_EQ(write_evidence_answer(answer).error().code(), Errc::kTooLarge);
}

TEST(EvidenceDigest, DependsOnEveryFileAndNotOnTheirOrder) {
  EvidenceAnswer answer;
  answer.parts.push_back({"a", {Kind::kTdx, {{Role::kQuote, Bytes(3)}, {Role::kCollateral, Bytes(2)}}}});
  answer.parts.push_back({"b", {Kind::kNitro, {{Role::kDocument, Bytes(3)}}}});
  const auto digest = evidence_digest(answer);
  // By a few lines of Python over hashlib.
  EXPECT_EQ(encoding::hex(digest), "0cd91e9e089c6aa6c6686d0be49653d3613cd6ca691fb6dda911f446fa6b7e8f");
  std::swap(answer.parts[0], answer.parts[1]);
  std::swap(answer.parts[1].evidence.files[0], answer.parts[1].evidence.files[1]);
  EXPECT_EQ(evidence_digest(answer), digest);
  answer.place.index.value = 4;
  EXPECT_EQ(evidence_digest(answer), digest) << "all that share a quote name it alike";
  EvidenceAnswer other = answer;
  other.parts[0].evidence.files[0].bytes.emplace_back();
  EXPECT_NE(evidence_digest(other), digest);
  other = answer;
  other.statement = Bytes{};
  EXPECT_NE(evidence_digest(other), digest);
  other = answer;
  other.parts.pop_back();
  EXPECT_NE(evidence_digest(other), digest);
}

}  // namespace
}  // namespace redoubt::attest
