// The certificates that an SNP guest's host hands it beside a report: "Guest Hypervisor Communication Block
// Standardization" (AMD 56421), SNP Extended Guest Request. The host writes them, so nothing in them is believed.
#pragma once

#include <optional>

#include "attest/producer.h"
#include "base/bytes.h"
#include "base/result.h"

namespace redoubt::attest {

// Views into the bytes that were read.
struct SnpCertificateTable {
  static constexpr std::size_t kMaxEntries = 32;
  static constexpr std::size_t kMaxBytes = 256 * 1024;

  std::optional<ByteView> vcek;
  std::optional<ByteView> vlek;
  std::optional<ByteView> ask;
  std::optional<ByteView> crl;
};

// Entries of a GUID (RFC 4122, as it is written), offset and length (little-endian), ended by one of zeros. Empty bytes
// are an empty table; entries of GUIDs that are not named above are passed over. kTooLarge above the limits; kMalformed
// for a table without an end, an entry that reaches outside or into the list of entries, and a GUID that stands twice.
Result<SnpCertificateTable> parse_snp_certificate_table(ByteView bytes);

// Evidence of a report and the table beside it: the key that the report says signed it, the certificate above, a list.
// kMalformed for a report or table that is none. There may be no VEK.
Result<ProducedEvidence> snp_evidence(ByteView report, ByteView table);

}  // namespace redoubt::attest
