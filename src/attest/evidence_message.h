// The exchange in which one end of a TLS connection asks the other for evidence, as it stands on the wire:
// docs/formats/attestation-exchange.md. JSON; each file of the evidence is a record of a conceptual message wrapper
// (CMW, RFC 9999: type, value, indicator), each part of the attester a collection of them.
//
// Reading proves nothing: verify_answer.h does.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "attest/binding_batch.h"
#include "attest/channel_binding.h"
#include "attest/lease.h"
#include "attest/producer.h"
#include "base/result.h"

namespace redoubt::attest {

// Another version is another protocol: there is nothing to agree on, and nothing to be talked down to.
inline constexpr std::string_view kExchangeProtocol = "redoubt-attestation-1";

struct EvidenceRequest {
  static constexpr std::size_t kMaxBytes = 4096;

  ChannelNonce nonce{};
  Sender sender = Sender::kServer;  // whose evidence is asked for
  std::vector<Kind> kinds;          // that the asker can judge, each once; empty: any
  // AskerKey::public_key(): whom a LeaseProof is made to. Without it none can be.
  std::optional<crypto::X25519PublicKey> key;
  // The evidence of a lease that the asker holds; the answer may then be a LeaseProof. Only beside `key`.
  std::optional<crypto::Sha256Digest> lease;

  friend bool operator==(const EvidenceRequest&, const EvidenceRequest&) = default;
};

std::string write_evidence_request(const EvidenceRequest& request);
// kTooLarge above EvidenceRequest::kMaxBytes; kMalformed for another form, a member that is unknown, another protocol.
Result<EvidenceRequest> read_evidence_request(std::string_view text);

// Evidence of every part, and where the asker's binding stands in what it is over.
struct EvidenceAnswer {
  static constexpr std::size_t kMaxBytes = 1024 * 1024;
  static constexpr std::size_t kMaxParts = 16;

  struct Part {
    std::string name;  // 1 to 64 of a-z, 0-9, `_` and `-`; not `statement`
    ProducedEvidence evidence;
  };

  Sender sender = Sender::kServer;
  Vouched vouched;
  BatchPlace place;
  std::vector<Part> parts;
  // As CompositeEvidence has it: a JSON object whose `nonce` is, in hexadecimal, what the batch's quote is over.
  std::optional<Bytes> statement;
};

// kTooLarge above EvidenceAnswer::kMaxBytes and kMaxParts; kInvalidArgument for a name that is none or stands twice, a
// part without files, and a file of the role kRoot.
Result<std::string> write_evidence_answer(const EvidenceAnswer& answer);

// An answer: evidence, or the proof that a lease asked for goes on. kTooLarge and kMalformed as above; a file of the
// role kRoot is malformed, for whom to trust is not the attester's to say.
using Answer = std::variant<EvidenceAnswer, LeaseProof>;
Result<Answer> read_answer(std::string_view text);
std::string write_lease_proof(const LeaseProof& proof, Sender sender);

// Names evidence: SHA-256 over its parts, files and statement, the same for all that share a batch. Both ends make it
// of the answer; a lease holds it.
crypto::Sha256Digest evidence_digest(const EvidenceAnswer& answer);

// What producers are asked to carry: the quoted bytes of the batch, or the digest of the statement that has them.
Bytes part_nonce(const ReportData& quoted, const std::optional<Bytes>& statement);

}  // namespace redoubt::attest
