// The messages of the exchange for evidence. The first byte says which: `q` a question, `k` a sealed key's answer, else
// an answer. What is read is written and read again, the same; and with nobody trusted no answer is accepted, of either
// end.
#include <cstdint>
#include <variant>

#include "attest/evidence_message.h"
#include "attest/peer_verifier.h"
#include "attest/sealed_key.h"
#include "attest/verify_answer.h"
#include "base/check.h"

namespace redoubt::attest {
namespace {

void read_question(std::string_view text) {
  const auto request = read_evidence_request(text);
  if (!request) return;
  const auto again = read_evidence_request(write_evidence_request(*request));
  REDOUBT_CHECK(again.has_value() && *again == *request);
}

void read_any_answer(std::string_view text) {
  const auto read = read_answer(text);
  if (!read) return;
  if (const auto* const answer = std::get_if<EvidenceAnswer>(&*read)) {
    const auto written = write_evidence_answer(*answer);
    if (!written) {
      REDOUBT_CHECK(written.error().code() == Errc::kTooLarge);
      return;
    }
    const auto again = read_answer(*written);
    REDOUBT_CHECK(again.has_value());
    REDOUBT_CHECK(evidence_digest(std::get<EvidenceAnswer>(*again)) == evidence_digest(*answer));
  } else {
    const auto& proof = std::get<LeaseProof>(*read);
    REDOUBT_CHECK(read_answer(write_lease_proof(proof, Sender::kServer)).has_value());
  }
  static const auto policy = parse_appraisal_policy(R"({"parts":{"cpu":{"kind":"sev-snp","reference":"none"}}})");
  Verifier verifier(Trust::kNobody);
  const Expectation expectation{.channel = {}, .bundle = {}, .at = UnixMillis(1'750'000'000'000), .files = {}};
  REDOUBT_CHECK(!verify_answer(verifier, text, expectation, *policy, {}).has_value());
  for (const Sender sender : {Sender::kServer, Sender::kClient}) {
    PeerTerms terms;
    terms.policies.push_back(*policy);
    PeerVerifier peers(terms, sender, Trust::kNobody);
    const auto question = peers.ask({}, {}, expectation.at);
    REDOUBT_CHECK(!peers.judge(question, text, expectation.at).has_value());
  }
}

void read_any_key_answer(std::string_view text) {
  const auto read = read_sealed_key_answer(text);
  if (!read) return;
  const auto written = write_sealed_key_answer(*read);
  if (!written) {
    REDOUBT_CHECK(written.error().code() == Errc::kTooLarge);
    return;
  }
  const auto again = read_sealed_key_answer(*written);
  REDOUBT_CHECK(again.has_value() && again->key == read->key);
  static const auto policy = parse_appraisal_policy(R"({"parts":{"cpu":{"kind":"sev-snp","reference":"none"}}})");
  Verifier verifier(Trust::kNobody);
  const SealedKeyExpectation expectation{.nonce = {}, .bundle = {}, .at = UnixMillis(1'750'000'000'000), .files = {}};
  REDOUBT_CHECK(!verify_sealed_key(verifier, text, expectation, *policy, {}).has_value());
}

}  // namespace
}  // namespace redoubt::attest

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] == 'q') {
    redoubt::attest::read_question(rest);
  } else if (data[0] == 'k') {
    redoubt::attest::read_any_key_answer(rest);
  } else {
    redoubt::attest::read_any_answer(rest);
  }
  return 0;
}
