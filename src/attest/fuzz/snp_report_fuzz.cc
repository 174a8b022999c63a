// Any bytes as a report of SEV-SNP: what is read is a report only by its reserved bytes, and says what its bytes say.
#include <algorithm>
#include <cstdint>

#include "attest/sev_snp_report.h"
#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace redoubt;
  using namespace redoubt::attest;
  const ByteView bytes(reinterpret_cast<const std::byte*>(data), size);
  const auto report = parse_snp_report(bytes);
  if (!report) return 0;
  REDOUBT_CHECK(size >= SnpReport::kSize && report->version >= 2 && report->version <= 5);
  REDOUBT_CHECK(std::ranges::equal(report->report_data, bytes.subspan(0x50, 64)));
  REDOUBT_CHECK(std::ranges::equal(report->chip_id, bytes.subspan(0x1a0, 64)));
  // A changed byte after the signature is never read as the same report.
  Bytes other = to_bytes(bytes);
  other[SnpReport::kSize - 1] = std::byte{1};
  REDOUBT_CHECK(!parse_snp_report(other));
  return 0;
}
