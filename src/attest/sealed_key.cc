#include "attest/sealed_key.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "attest/internal/fields.h"
#include "attest/internal/json_members.h"
#include "attest/verify_answer.h"
#include "crypto/digest.h"
#include "encoding/base64.h"
#include "encoding/json_reader.h"
#include "encoding/json_writer.h"

namespace redoubt::attest {

namespace {

constexpr std::string_view kSealedKeyLabel = "redoubt sealed key v1";
constexpr std::size_t kMaxAnswerDepth = 5;

Error bad_key_answer(std::string_view why) {
  return {Errc::kMalformed, "the message: " + std::string(why)};
}

}  // namespace

ReportData sealed_key_binding(ByteView key_configuration, const ChannelNonce& nonce,
                              const std::optional<crypto::Sha256Digest>& bundle) {
  const ByteView digest = bundle ? ByteView(*bundle) : ByteView();
  const Bytes fields = join_fields({as_bytes(kSealedKeyLabel), key_configuration, nonce, digest});
  ReportData out;
  std::ranges::copy(crypto::digest(crypto::HashAlgorithm::kSha512, fields).view(), out.begin());
  return out;
}

Result<std::string> write_sealed_key_answer(const SealedKeyAnswer& answer) {
  if (answer.key.size() > SealedKeyAnswer::kMaxKeyBytes) return Error(Errc::kTooLarge, "the key is too large");
  const auto evidence = write_evidence_answer(answer.evidence);
  if (!evidence) return evidence.error();
  std::string text;
  encoding::JsonWriter out(text);
  out.begin_object();
  out.member("protocol", kSealedKeyProtocol);
  out.member("key", encoding::base64url(answer.key));
  out.end_object();
  text.pop_back();
  return text + ",\"attestation\":" + *evidence + "}";
}

Result<SealedKeyAnswer> read_sealed_key_answer(std::string_view text) {
  encoding::JsonReader reader({.max_bytes = SealedKeyAnswer::kMaxBytes, .max_depth = kMaxAnswerDepth});
  const auto json = reader.parse(text);
  if (!json) return json.error();
  auto members = JsonMembers::of(*json, "the message");
  if (!members) return members.error();
  const auto protocol = members->text("protocol");
  if (!protocol) return protocol.error();
  if (*protocol != kSealedKeyProtocol) return bad_key_answer("it is of another protocol");
  const auto key = members->text("key");
  if (!key) return key.error();
  auto bytes = encoding::base64url_decode(*key);
  if (!bytes) return bad_key_answer("`key` is not in base64url");
  if (bytes->size() > SealedKeyAnswer::kMaxKeyBytes) return Error(Errc::kTooLarge, "the key is too large");
  const auto attestation = members->get("attestation");
  if (!attestation) return bad_key_answer("`attestation` is not there");
  if (auto all = members->check_all_read(); !all) return all.error();
  auto evidence = read_answer(simdjson::minify(*attestation));
  if (!evidence) return evidence.error();
  auto* const answer = std::get_if<EvidenceAnswer>(&*evidence);
  if (answer == nullptr || answer->vouched.lease_key) return bad_key_answer("`attestation` is of a channel");
  return SealedKeyAnswer{.key = *std::move(bytes), .evidence = std::move(*answer)};
}

Result<AttestedKey> verify_sealed_key(Verifier& verifier, std::string_view text,
                                      const SealedKeyExpectation& expectation, const AppraisalPolicy& policy,
                                      const ReferenceValues& references) {
  const auto answer = read_sealed_key_answer(text);
  if (!answer) return answer.error();
  const EvidenceAnswer& evidence = answer->evidence;
  if (evidence.sender != Sender::kServer) return Error(Errc::kVerifyFailed, "the evidence is of the other end");
  if (expectation.bundle && evidence.vouched.bundle != expectation.bundle) {
    return Error(Errc::kVerifyFailed, "the bundle is another");
  }
  const ReportData binding = sealed_key_binding(answer->key, expectation.nonce, evidence.vouched.bundle);
  if (!quoted_for(binding, evidence.place)) {
    return Error(Errc::kVerifyFailed, "the evidence does not vouch for this key, in answer to this question");
  }
  auto appraisal = appraise_answer(verifier, evidence, binding, expectation.at, expectation.files, policy, references);
  if (!appraisal) return appraisal.error();
  const auto measured = check_measured_bundle(*appraisal, evidence.vouched);
  if (!measured) return measured.error();
  return AttestedKey{.appraisal = *std::move(appraisal),
                     .key = answer->key,
                     .bundle = evidence.vouched.bundle,
                     .is_bundle_measured = *measured};
}

}  // namespace redoubt::attest
