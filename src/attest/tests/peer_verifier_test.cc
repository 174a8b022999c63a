// A relying party that meets a peer again and again; and those who stand between them, or were there before.
#include "attest/peer_verifier.h"

#include <gtest/gtest.h>

#include "attest/tests/support/tpm_machine.h"

namespace redoubt::attest {
namespace {

using testing::TpmMachine;

constexpr std::int64_t kMinuteMs = 60'000;

template <std::size_t N>
std::array<std::byte, N> filled(int value) {
  std::array<std::byte, N> out;
  out.fill(static_cast<std::byte>(value));
  return out;
}

// One life of a program on a machine: its lease key is made at its start.
struct Program {
  explicit Program(const TpmMachine& on, int bundle_byte = 0x62) : machine(&on) {
    vouched = {.lease_key = key.public_key(), .bundle = filled<32>(bundle_byte)};
  }

  // To a question on the connection `channel` as this end sees it.
  std::string answer(std::string_view question, Channel channel) const {
    const auto request = read_evidence_request(question);
    EXPECT_TRUE(request);
    channel.nonce = request->nonce;
    if (!request->lease) return machine->answer(channel, vouched);
    return prove(channel, *request->key, *request->lease);
  }
  std::string prove(const Channel& channel, const crypto::X25519PublicKey& asker, const crypto::Sha256Digest& evidence,
                    std::int64_t term_ms = kMinuteMs, UnixMillis now = {1'000'000}) const {
    const auto proof = key.prove(channel, asker, evidence, *vouched.bundle, {now.value + term_ms});
    EXPECT_TRUE(proof);
    return write_lease_proof(*proof, channel.sender);
  }
  // The same, for a question as this end sees it.
  std::string prove(const PeerVerifier::Question& question, const crypto::Sha256Digest& evidence,
                    std::int64_t term_ms = kMinuteMs, UnixMillis now = {1'000'000}) const {
    return prove(question.channel, *read_evidence_request(question.body)->key, evidence, term_ms, now);
  }

  const TpmMachine* machine;
  LeaseKey key = LeaseKey::generate();
  Vouched vouched;
};

class PeerVerifierTest : public ::testing::Test {
 protected:
  PeerTerms terms(const TpmMachine& accepted) const {
    PeerTerms out;
    out.policies.push_back(pinned_tpm_policy(accepted.key(), false));
    return out;
  }
  static Channel connection(int number, Sender sender = Sender::kServer) {
    return {.exporter = filled<32>(number),
            .sender = sender,
            .leaf = sender == Sender::kServer ? filled<32>(0x1e) : crypto::Sha256Digest{},
            .nonce = {}};
  }
  PeerVerifier::Question ask(PeerVerifier& verifier, const Channel& channel) const {
    return verifier.ask(channel.exporter, channel.leaf, now_);
  }
  // A new connection to `program`, from question to judgement.
  Result<KnownPeer> meet(PeerVerifier& verifier, const Program& program, int number) const {
    const Channel channel = connection(number);
    const auto question = ask(verifier, channel);
    return verifier.judge(question, program.answer(question.body, channel), now_);
  }

  TpmMachine machine_;
  UnixMillis now_{1'000'000};
  PeerVerifier verifier_{terms(machine_), Sender::kServer, Trust::kNobody};
  Program server_{machine_};
};

TEST_F(PeerVerifierTest, TakesEvidenceOnceAndALeaseAfterIt) {
  const auto first = meet(verifier_, server_, 1);
  ASSERT_TRUE(first) << first.error().message();
  EXPECT_FALSE(first->by_lease);
  EXPECT_EQ(first->tier, Tier::kSoftwareTpm);
  EXPECT_EQ(first->measurer, Measurer::kSelf);
  EXPECT_EQ(first->identity, "tpm:" + encoding::hex(machine_.key()));
  EXPECT_EQ(first->bundle, server_.vouched.bundle);
  const auto second = meet(verifier_, server_, 2);
  ASSERT_TRUE(second) << second.error().message();
  EXPECT_TRUE(second->by_lease);
  EXPECT_TRUE(second->is_same_as(*first));
  EXPECT_EQ(second->until.value, now_.value + verifier_.terms().connection_ms);
}

// Whoever stands between has an enclave of his own, and it is accepted as well: the answer is still not of this end.
TEST_F(PeerVerifierTest, RefusesEvidenceThatIsRelayed) {
  const TpmMachine his;
  PeerTerms both = terms(machine_);
  both.policies.push_back(pinned_tpm_policy(his.key(), false));
  PeerVerifier verifier(both, Sender::kServer, Trust::kNobody);
  Program relay(his);
  const Channel to_us = connection(1);
  const Channel to_server = connection(2);
  for (const Program* attester : {&server_, &relay}) {
    const auto question = ask(verifier, to_us);
    const auto judged = verifier.judge(question, attester->answer(question.body, to_server), now_);
    ASSERT_FALSE(judged);
    EXPECT_EQ(judged.error().code(), Errc::kVerifyFailed);
  }
  // For himself he may answer: then it is him that is known, and nobody else.
  const auto question = ask(verifier, to_us);
  const auto judged = verifier.judge(question, relay.answer(question.body, to_us), now_);
  ASSERT_TRUE(judged) << judged.error().message();
  EXPECT_EQ(judged->identity, "tpm:" + encoding::hex(his.key()));
}

// The asker's own evidence as a client, on the same connection, sent back as the server's.
TEST_F(PeerVerifierTest, RefusesItsOwnEvidenceReflected) {
  const auto question = ask(verifier_, connection(1));
  Channel own = connection(1, Sender::kClient);
  own.nonce = question.channel.nonce;
  const std::string as_client = machine_.answer(own, server_.vouched);
  EXPECT_EQ(verifier_.judge(question, as_client, now_).error().message(), "the evidence is of the other end");
  std::string relabelled = as_client;
  relabelled.replace(relabelled.find("\"client\""), 8, "\"server\"");
  EXPECT_FALSE(verifier_.judge(question, relabelled, now_));
}

TEST_F(PeerVerifierTest, RefusesAReplay) {
  const Channel channel = connection(1);
  const auto before = ask(verifier_, channel);
  const std::string recorded = server_.answer(before.body, channel);
  const auto again = ask(verifier_, channel);
  EXPECT_FALSE(verifier_.judge(again, recorded, now_)) << "an older question's";
  const auto elsewhere = ask(verifier_, connection(2));
  EXPECT_FALSE(verifier_.judge(elsewhere, recorded, now_)) << "another connection's";
  EXPECT_TRUE(verifier_.judge(before, recorded, now_));
}

TEST_F(PeerVerifierTest, RefusesALeaseOnAnotherConnectionOrUnasked) {
  ASSERT_TRUE(meet(verifier_, server_, 1));
  const auto question = ask(verifier_, connection(2));
  ASSERT_TRUE(question.lease);
  EXPECT_FALSE(verifier_.judge(question, server_.answer(question.body, connection(3)), now_));
  // It is forgotten with that: the next question is for evidence, and a proof is no answer to it.
  const auto next = ask(verifier_, connection(4));
  EXPECT_FALSE(next.lease);
  const auto unasked = verifier_.judge(next, server_.prove(next, *question.lease), now_);
  ASSERT_FALSE(unasked);
  EXPECT_EQ(unasked.error().message(), "the lease does not hold: it was not asked for");
}

TEST_F(PeerVerifierTest, RefusesAStaleLease) {
  ASSERT_TRUE(meet(verifier_, server_, 1));
  const auto question = ask(verifier_, connection(2));
  ASSERT_TRUE(question.lease);
  const std::string proof = server_.prove(question, *question.lease, 24 * 60 * kMinuteMs);
  now_.value += verifier_.terms().lease_ms + 1;
  EXPECT_FALSE(verifier_.judge(question, proof, now_)) << "by the asker's own limit";
  const auto evidence = meet(verifier_, server_, 3);
  ASSERT_TRUE(evidence) << evidence.error().message();
  EXPECT_FALSE(evidence->by_lease);
  const auto late = ask(verifier_, connection(4));
  const std::string short_lived = server_.prove(late, *late.lease, -1, now_);
  EXPECT_FALSE(verifier_.judge(late, short_lived, now_)) << "by the program's own term";
}

TEST_F(PeerVerifierTest, AsksForEvidenceWhenALeaseIsOver) {
  ASSERT_TRUE(meet(verifier_, server_, 1));
  EXPECT_TRUE(ask(verifier_, connection(2)).lease);
  now_.value += verifier_.terms().lease_ms + 1;
  EXPECT_FALSE(ask(verifier_, connection(2)).lease);
  now_.value -= verifier_.terms().lease_ms + 2;
  EXPECT_FALSE(ask(verifier_, connection(2)).lease) << "before it was made";
}

// Another start of the program has another key; another bundle in force is another program to who decides.
TEST_F(PeerVerifierTest, RefusesALeaseOfAnotherLifeOrBundle) {
  for (const bool is_restarted : {true, false}) {
    PeerVerifier verifier(terms(machine_), Sender::kServer, Trust::kNobody);
    Program before(machine_);
    ASSERT_TRUE(meet(verifier, before, 1));
    Program now(machine_, is_restarted ? 0x62 : 0x63);
    if (!is_restarted) {
      now.key = std::move(before.key);
      now.vouched.lease_key = now.key.public_key();
    }
    EXPECT_FALSE(meet(verifier, now, 2)) << is_restarted;
    EXPECT_TRUE(meet(verifier, now, 3)) << "by evidence";
  }
}

TEST_F(PeerVerifierTest, RefusesABundleThatNobodyApproved) {
  PeerTerms strict = terms(machine_);
  strict.bundles = {filled<32>(0x62)};
  PeerVerifier verifier(strict, Sender::kServer, Trust::kNobody);
  EXPECT_TRUE(meet(verifier, server_, 1));
  const Program changed(machine_, 0x63);
  EXPECT_FALSE(meet(verifier, changed, 2)) << "by the lease of the one before";
  const auto refused = meet(verifier, changed, 3);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message(), "the bundle that is in force there is none of those that are accepted");
  Program silent(machine_);
  silent.vouched.bundle.reset();
  EXPECT_FALSE(meet(verifier, silent, 4)) << "it names none";
}

TEST_F(PeerVerifierTest, RefusesWhomNobodyNames) {
  const TpmMachine stranger;
  const auto refused = meet(verifier_, Program(stranger), 1);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message().find("the attestation key is not the pinned one"), std::string::npos);
  PeerVerifier of_nobody({}, Sender::kServer);
  EXPECT_FALSE(meet(of_nobody, server_, 1)) << "without a policy nothing is accepted";
}

TEST_F(PeerVerifierTest, RefusesOtherFormsAndOlderProtocols) {
  const Channel channel = connection(1);
  const auto question = ask(verifier_, channel);
  const std::string good = server_.answer(question.body, channel);
  std::string older = good;
  older.replace(older.find(kExchangeProtocol), kExchangeProtocol.size(), "redoubt-attestation-0");
  for (const std::string& text : {std::string(), std::string("{}"), older, good.substr(0, good.size() - 1)}) {
    EXPECT_FALSE(verifier_.judge(question, text, now_)) << text.substr(0, 40);
  }
  EXPECT_TRUE(verifier_.judge(question, good, now_));
}

// Which client comes nobody knows before: each may go on with its own lease, and with no other's.
TEST_F(PeerVerifierTest, KnowsManyClientsByTheirLeases) {
  PeerVerifier verifier(terms(machine_), Sender::kClient, Trust::kNobody);
  std::vector<crypto::Sha256Digest> shown;
  std::vector<Program> clients;
  clients.reserve(3);
  for (int i = 0; i < 3; ++i) {
    clients.emplace_back(machine_);
    const Channel channel = connection(i, Sender::kClient);
    const auto question = ask(verifier, channel);
    EXPECT_FALSE(question.lease);
    const std::string answer = clients.back().answer(question.body, channel);
    const auto judged = verifier.judge(question, answer, now_);
    ASSERT_TRUE(judged) << judged.error().message();
    shown.push_back(evidence_digest(std::get<EvidenceAnswer>(*read_answer(answer))));
  }
  const auto prove = [&](std::size_t client, std::size_t evidence) {
    const auto question = ask(verifier, connection(9, Sender::kClient));
    return verifier.judge(question, clients[client].prove(question, shown[evidence]), now_);
  };
  EXPECT_TRUE(prove(0, 0));
  EXPECT_FALSE(prove(1, 0)) << "another's lease";
  EXPECT_TRUE(prove(0, 0)) << "which is no harm to him";
  EXPECT_TRUE(prove(2, 2));
  now_.value += verifier.terms().lease_ms + 1;
  EXPECT_FALSE(prove(2, 2)) << "stale";
}

TEST_F(PeerVerifierTest, ForgetsTheOldestClientBeyondItsLimit) {
  PeerVerifier verifier(terms(machine_), Sender::kClient, Trust::kNobody);
  const Program client(machine_);
  std::optional<crypto::Sha256Digest> first;
  for (std::size_t i = 0; i <= PeerVerifier::kLeasesMax; ++i) {
    const Channel channel = connection(static_cast<int>(i), Sender::kClient);
    const auto question = ask(verifier, channel);
    const std::string answer = client.answer(question.body, channel);
    ASSERT_TRUE(verifier.judge(question, answer, now_));
    if (!first) first = evidence_digest(std::get<EvidenceAnswer>(*read_answer(answer)));
  }
  const auto question = ask(verifier, connection(1, Sender::kClient));
  EXPECT_EQ(verifier.judge(question, client.prove(question, *first), now_).error().message(),
            "the lease does not hold: nothing of it is known here");
}

}  // namespace
}  // namespace redoubt::attest
