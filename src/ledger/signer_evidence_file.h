// The file in which a ledger says where evidence over its key is (docs/formats/signer-evidence.md): the entry's index
// in the system log, and the entry.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace redoubt::ledger {

struct SignerEvidenceFile {
  std::uint64_t index = 0;
  Bytes record;

  friend bool operator==(const SignerEvidenceFile&, const SignerEvidenceFile&) = default;
};

// A line with the index in decimal, a line with the record in base64.
std::string format_signer_evidence(const SignerEvidenceFile& file);
// kMalformed for every other text, kTooLarge above kMaxSignerEvidenceBytes (reader.h).
Result<SignerEvidenceFile> parse_signer_evidence(std::string_view text);

}  // namespace redoubt::ledger
