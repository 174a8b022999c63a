#include "attest/peer_verifier.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "attest/claims.h"
#include "crypto/secret.h"

namespace redoubt::attest {

namespace {

Error refused(const char* why) {
  return {Errc::kVerifyFailed, why};
}

// Where a kind's evidence says what was started, or which key signs; kNvidiaGpu says neither of a peer.
struct IdentityClaim {
  Kind kind;
  const char* claim;
};
constexpr IdentityClaim kIdentityClaims[] = {{Kind::kSevSnp, "measurement"}, {Kind::kTdx, "mrtd"},
                                             {Kind::kSgx, "mrenclave"},      {Kind::kNitro, "pcrs"},
                                             {Kind::kTpm, "ak_sha256"},      {Kind::kAzureVtpm, "ak_sha256"}};

const std::string* identity_text(const ClaimObject& claims, const IdentityClaim& from) {
  const Claim* claim = find_claim(claims, from.claim);
  if (claim != nullptr && claim->object() != nullptr) claim = find_claim(*claim->object(), "0");
  return claim == nullptr ? nullptr : claim->text();
}

std::vector<AppraisalPolicy> bounded(std::vector<AppraisalPolicy> policies) {
  if (policies.size() > PeerTerms::kMaxPolicies) policies.resize(PeerTerms::kMaxPolicies);
  return policies;
}

UnixMillis earlier(UnixMillis time, const std::optional<UnixMillis>& limit) {
  return limit && *limit < time ? *limit : time;
}

}  // namespace

Measurer measurer_of(const Appraisal& appraisal) {
  return appraisal.tier >= Tier::kCpuTee ? Measurer::kPlatform : Measurer::kSelf;
}

std::string identity_of(const Appraisal& appraisal) {
  for (const IdentityClaim& each : kIdentityClaims) {
    for (const PartResult& part : appraisal.parts) {
      if (part.kind != each.kind) continue;
      const std::string* const text = identity_text(part.claims, each);
      if (text != nullptr) return std::string(to_string(each.kind)) + ":" + *text;
    }
  }
  return {};
}

std::string_view tier_word(const KnownPeer& peer) {
  if (peer.bound_to == BoundTo::kChannel) return to_string(peer.tier);
  return peer.tier == Tier::kCpuTee ? "cpu-tee-key" : to_string(Tier::kNone);
}

PeerVerifier::PeerVerifier(PeerTerms terms, Sender sender, Trust trust)
    : terms_([&] {
        terms.policies = bounded(std::move(terms.policies));
        return std::move(terms);
      }()),
      sender_(sender),
      verifier_(trust) {}

PeerVerifier::Question PeerVerifier::ask(const Exporter& exporter, const crypto::Sha256Digest& leaf, UnixMillis at) {
  EvidenceRequest request{.sender = sender_};
  crypto::random_bytes(request.nonce);
  request.key = key_.public_key();
  for (const AppraisalPolicy& policy : terms_.policies) {
    for (const auto& [name, part] : policy.parts) {
      if (std::ranges::count(request.kinds, part.kind) == 0) request.kinds.push_back(part.kind);
    }
  }
  // What is over is not asked for: the answer would be refused, and a quote would have to follow anyway.
  if (sender_ == Sender::kServer && !leases_.empty()) {
    const Lease& lease = leases_.back().lease;
    const bool is_over = at < lease.verified_at || at.value - lease.verified_at.value > terms_.lease_ms ||
                         (lease.valid_until && at > *lease.valid_until) || lease.leaf != leaf;
    if (!is_over) request.lease = lease.evidence;
  }
  return {.channel = {.exporter = exporter, .sender = sender_, .leaf = leaf, .nonce = request.nonce},
          .lease = request.lease,
          .body = write_evidence_request(request)};
}

Result<KnownPeer> PeerVerifier::judge(const Question& question, std::string_view text, UnixMillis at) {
  const auto answer = read_answer(text);
  if (!answer) return answer.error();
  if (const auto* const proof = std::get_if<LeaseProof>(&*answer)) return judge_lease(question, *proof, at);
  return judge_evidence(question.channel, std::get<EvidenceAnswer>(*answer), at);
}

Result<KnownPeer> PeerVerifier::judge_evidence(const Channel& channel, const EvidenceAnswer& answer, UnixMillis at) {
  if (terms_.policies.empty()) return refused("nothing says whose evidence is accepted");
  const Expectation expectation{.channel = channel, .bundle = {}, .at = at, .files = terms_.files};
  auto peer = verify_answer(verifier_, answer, expectation, terms_.policies.front(), terms_.references);
  for (std::size_t i = 1; i < terms_.policies.size() && !peer; ++i) {
    auto next = verify_answer(verifier_, answer, expectation, terms_.policies[i], terms_.references);
    if (next) peer = std::move(next);  // else the first policy's reason stays
  }
  if (!peer) return peer.error();
  const auto& bundle = peer->vouched.bundle;
  if (!terms_.bundles.empty() && (!bundle || std::ranges::count(terms_.bundles, *bundle) == 0)) {
    return refused("the bundle that is in force there is none of those that are accepted");
  }
  KnownPeer out{.tier = peer->appraisal.tier,
                .measurer = measurer_of(peer->appraisal),
                .identity = identity_of(peer->appraisal),
                .bundle = bundle,
                .until = earlier({at.value + terms_.connection_ms}, peer->appraisal.valid_until)};
  if (peer->lease) {
    const std::size_t kept = sender_ == Sender::kServer ? 1 : kLeasesMax;
    while (leases_.size() >= kept) leases_.erase(leases_.begin());
    leases_.push_back({*peer->lease, out});
  }
  last_ = *std::move(peer);
  return out;
}

Result<const crypto::Secret*> PeerVerifier::shared_with(const crypto::X25519PublicKey& lease_key) {
  if (!shared_ || shared_->lease_key != lease_key) {
    auto secret = key_.share(lease_key);
    if (!secret) return secret.error();
    shared_.emplace(Shared{lease_key, *std::move(secret)});
  }
  return &shared_->secret;
}

Result<KnownPeer> PeerVerifier::judge_lease(const Question& question, const LeaseProof& proof, UnixMillis at) {
  // A server continues what it was asked to.
  if (sender_ == Sender::kServer && question.lease != proof.evidence) {
    return refused("the lease does not hold: it was not asked for");
  }
  const auto found =
      std::ranges::find(leases_, proof.evidence, [](const Remembered& each) { return each.lease.evidence; });
  if (found == leases_.end()) return refused("the lease does not hold: nothing of it is known here");
  const LeaseTerms terms{.max_age_ms = terms_.lease_ms, .bundle = found->lease.bundle, .at = at};
  const auto shared = shared_with(found->lease.key);
  const Result<> held =
      shared ? check_lease(found->lease, **shared, proof, question.channel, terms) : Result<>(shared.error());
  if (!held) {
    // A client's is forgotten when it is over alone: any stranger may send a proof that does not hold.
    if (sender_ == Sender::kServer || at.value - found->lease.verified_at.value > terms_.lease_ms) leases_.erase(found);
    return held.error();
  }
  KnownPeer out = found->peer;
  out.until = earlier({at.value + terms_.connection_ms}, found->lease.valid_until);
  out.by_lease = true;
  return out;
}

}  // namespace redoubt::attest
