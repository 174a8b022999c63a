#include "attest/snp_certificate_table.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "attest/internal/wire_reader.h"
#include "attest/internal/zero.h"
#include "attest/sev_snp_report.h"

namespace redoubt::attest {

namespace {

using Guid = std::array<std::uint8_t, 16>;

constexpr std::size_t kEntrySize = 24;
// 63da758d-e664-4564-adc5-f4b93be8accd
constexpr Guid kVcek{0x63, 0xda, 0x75, 0x8d, 0xe6, 0x64, 0x45, 0x64, 0xad, 0xc5, 0xf4, 0xb9, 0x3b, 0xe8, 0xac, 0xcd};
// a8074bc2-a25a-483e-aae6-39c045a0b8a1
constexpr Guid kVlek{0xa8, 0x07, 0x4b, 0xc2, 0xa2, 0x5a, 0x48, 0x3e, 0xaa, 0xe6, 0x39, 0xc0, 0x45, 0xa0, 0xb8, 0xa1};
// 4ab7b379-bbac-4fe4-a02f-05aef327c782
constexpr Guid kAsk{0x4a, 0xb7, 0xb3, 0x79, 0xbb, 0xac, 0x4f, 0xe4, 0xa0, 0x2f, 0x05, 0xae, 0xf3, 0x27, 0xc7, 0x82};
// 92f81bc3-5811-4d3d-97ff-d19f88dc67ea
constexpr Guid kCrl{0x92, 0xf8, 0x1b, 0xc3, 0x58, 0x11, 0x4d, 0x3d, 0x97, 0xff, 0xd1, 0x9f, 0x88, 0xdc, 0x67, 0xea};

bool is(ByteView guid, const Guid& known) {
  return std::ranges::equal(guid, known, [](std::byte a, std::uint8_t b) { return std::to_integer<int>(a) == b; });
}

Error malformed(std::string_view what) {
  return {Errc::kMalformed, "the host's certificate table " + std::string(what)};
}

std::optional<ByteView>* place(SnpCertificateTable& table, ByteView guid) {
  if (is(guid, kVcek)) return &table.vcek;
  if (is(guid, kVlek)) return &table.vlek;
  if (is(guid, kAsk)) return &table.ask;
  if (is(guid, kCrl)) return &table.crl;
  return nullptr;
}

}  // namespace

Result<SnpCertificateTable> parse_snp_certificate_table(ByteView bytes) {
  SnpCertificateTable out;
  if (bytes.empty()) return out;
  if (bytes.size() > SnpCertificateTable::kMaxBytes) {
    return Error(Errc::kTooLarge, "the host's certificate table is larger than 256 KiB");
  }
  // Where the list of entries ends, behind the one of zeros.
  std::size_t count = 0;
  while (true) {
    if (count > SnpCertificateTable::kMaxEntries) {
      return Error(Errc::kTooLarge, "the host's certificate table has more than 32 entries");
    }
    if (bytes.size() < (count + 1) * kEntrySize) return malformed("has no end");
    if (is_zero(bytes.subspan(count * kEntrySize, kEntrySize))) break;
    ++count;
  }
  const std::size_t begin = (count + 1) * kEntrySize;
  for (std::size_t i = 0; i < count; ++i) {
    WireReader entry(bytes.subspan(i * kEntrySize, kEntrySize));
    const ByteView guid = entry.bytes(16);
    const std::size_t offset = entry.le<std::uint32_t>();
    const std::size_t length = entry.le<std::uint32_t>();
    if (offset < begin || offset > bytes.size() || length > bytes.size() - offset) {
      return malformed("has an entry that reaches outside");
    }
    std::optional<ByteView>* const to = place(out, guid);
    if (to == nullptr) continue;
    if (*to) return malformed("has an entry twice");
    *to = bytes.subspan(offset, length);
  }
  return out;
}

Result<ProducedEvidence> snp_evidence(ByteView report, ByteView table) {
  const auto read = parse_snp_report(report);
  if (!read) return read.error().in("the machine's report");
  const auto certificates = parse_snp_certificate_table(table);
  if (!certificates) return certificates.error();
  ProducedEvidence out{.kind = Kind::kSevSnp, .files = {}};
  const auto add = [&](Role role, const std::optional<ByteView>& bytes) {
    if (bytes && !bytes->empty()) out.files.push_back({role, to_bytes(*bytes)});
  };
  add(Role::kReport, report.first(SnpReport::kSize));
  add(Role::kVek, read->signing_key == SnpSigningKey::kVlek ? certificates->vlek : certificates->vcek);
  add(Role::kChain, certificates->ask);
  add(Role::kCrl, certificates->crl);
  return out;
}

}  // namespace redoubt::attest
