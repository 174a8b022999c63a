// A machine with a TPM of nobody's, which quotes whatever it is asked to: what a keeper is to the rest of a server. For
// tests only.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "attest/binding_batch.h"
#include "attest/evidence_message.h"
#include "attest/tests/support/tpm_maker.h"
#include "crypto/tests/support/test_authority.h"
#include "encoding/base64.h"

namespace redoubt::attest::testing {

class TpmMachine {
 public:
  // As the pin of a relying party has it.
  crypto::Sha256Digest key() const { return ak_.public_key().spki_sha256(); }

  // As a keeper answers to a batch (BindingBatch::statement()).
  Result<Bytes> attest(ByteView statement) const {
    const auto batch = batch_of(statement);
    if (!batch) return batch.error();
    const ReportData quoted = quoted_for_batch(*batch);
    EvidenceAnswer answer{
        .sender = Sender::kServer, .vouched = {}, .place = *batch, .parts = {}, .statement = software(quoted)};
    const std::map<unsigned, Bytes> pcrs{{12, Bytes(32, std::byte{0x12})}};
    const Bytes nonce = part_nonce(quoted, answer.statement);
    const Bytes signed_bytes = make_attest({.nonce = std::string(as_chars(nonce)),
                                            .selections = {{0x000b, {std::byte{0}, std::byte{0x10}, std::byte{0}}}},
                                            .digested = pcrs});
    answer.parts.push_back({.name = "tpm",
                            .evidence = {.kind = Kind::kTpm,
                                         .files = {{Role::kAk, make_public(ak_.public_key())},
                                                   {Role::kAttest, signed_bytes},
                                                   {Role::kSignature, make_signature(ak_, signed_bytes)},
                                                   {Role::kPcrs, to_bytes(as_bytes(make_pcr_json(pcrs)))}}}});
    auto text = write_evidence_answer(answer);
    if (!text) return text.error();
    return to_bytes(as_bytes(*text));
  }

  // As a server answers on one connection, in its own name or another end's.
  std::string answer(const Channel& channel, const Vouched& vouched) const {
    const ReportData binding = channel_binding(channel, vouched);
    const auto batch = BindingBatch::make(std::vector<ReportData>{binding});
    const auto made = attest(batch->statement());
    const auto read = read_answer(as_chars(*made));
    auto out = std::get<EvidenceAnswer>(*read);
    out.sender = channel.sender;
    out.vouched = vouched;
    out.place = batch->place(0);
    return *write_evidence_answer(out);
  }

 private:
  static Bytes software(const ReportData& quoted) {
    return to_bytes(as_bytes(R"({"nonce":")" + encoding::hex(quoted) + "\"}"));
  }

  const crypto::TestAuthority ak_{"AK"};
};

}  // namespace redoubt::attest::testing
