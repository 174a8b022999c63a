#include "attest/sev_snp_report.h"

#include <algorithm>

namespace redoubt::attest {

namespace {

constexpr std::uint32_t kEcdsaP384Sha384 = 1;  // 56860 chapter 10, signing algorithms
// Of a coordinate in the signature: 72 bytes, little-endian, the upper ones zero (appendix, ECDSA P-384 signature).
constexpr std::size_t kFieldSize = 72;

template <std::size_t N>
void copy(ByteView bytes, std::size_t offset, std::array<std::byte, N>& out) {
  std::ranges::copy(bytes.subspan(offset, N), out.begin());
}

std::uint8_t byte_at(ByteView bytes, std::size_t offset) {
  return static_cast<std::uint8_t>(bytes[offset]);
}

bool is_zero(ByteView bytes, std::size_t begin, std::size_t end) {
  return std::ranges::all_of(bytes.subspan(begin, end - begin), [](std::byte each) { return each == std::byte{0}; });
}

Error malformed(const char* what) {
  return {Errc::kMalformed, what};
}

void copy_coordinate(ByteView field, std::array<std::byte, SnpReport::kCoordinateSize>& out) {
  std::ranges::reverse_copy(field.first(SnpReport::kCoordinateSize), out.begin());
}

bool reserved_are_zero(ByteView bytes, std::uint32_t version) {
  return is_zero(bytes, 0x4c, 0x50) && is_zero(bytes, version >= 3 ? 0x18b : 0x188, 0x1a0) &&
         is_zero(bytes, 0x1eb, 0x1ec) && is_zero(bytes, 0x1ef, 0x1f0) &&
         is_zero(bytes, version >= 4 ? 0x208 : 0x1f8, SnpReport::kSignedSize);
}

}  // namespace

std::string_view to_string(SnpSigningKey key) {
  switch (key) {
    case SnpSigningKey::kVcek:
      return "VCEK";
    case SnpSigningKey::kVlek:
      return "VLEK";
    case SnpSigningKey::kNone:
      break;
  }
  return "none";
}

SnpTcb read_snp_tcb(const SnpTcbBytes& bytes, SnpTcbLayout layout) {
  const ByteView view = bytes;
  SnpTcb out;
  out.microcode = byte_at(view, 7);
  if (layout == SnpTcbLayout::kFamily1Ah) {
    out.fmc = byte_at(view, 0);
    out.boot_loader = byte_at(view, 1);
    out.tee = byte_at(view, 2);
    out.snp = byte_at(view, 3);
    out.reserved_are_zero = is_zero(view, 4, 7);
  } else {
    out.boot_loader = byte_at(view, 0);
    out.tee = byte_at(view, 1);
    out.reserved_are_zero = is_zero(view, 2, 6);
    out.snp = byte_at(view, 6);
  }
  return out;
}

Result<SnpReport> parse_snp_report(ByteView bytes) {
  if (bytes.size() < SnpReport::kSize) return malformed("a report has 1184 bytes");
  SnpReport out;
  out.version = load_le<std::uint32_t>(bytes);
  if (out.version < 2 || out.version > 5) return malformed("the version of a report is 2 to 5");
  out.guest_svn = load_le<std::uint32_t>(bytes.subspan(0x04));
  out.policy = load_le<std::uint64_t>(bytes.subspan(0x08));
  if ((out.policy & SnpGuestPolicy::kReservedZero) != 0 || (out.policy & SnpGuestPolicy::kReservedOne) == 0) {
    return malformed("reserved bits of the guest policy are not as they must be");
  }
  copy(bytes, 0x10, out.family_id);
  copy(bytes, 0x20, out.image_id);
  out.vmpl = load_le<std::uint32_t>(bytes.subspan(0x30));
  if (load_le<std::uint32_t>(bytes.subspan(0x34)) != kEcdsaP384Sha384) {
    return malformed("the signature algorithm is not ECDSA over P-384 with SHA-384");
  }
  copy(bytes, 0x38, out.current_tcb);
  out.platform_info = load_le<std::uint64_t>(bytes.subspan(0x40));
  const auto keys = load_le<std::uint32_t>(bytes.subspan(0x48));
  const std::uint32_t signing_key = (keys >> 2) & 7;
  if ((keys >> 5) != 0 || (signing_key > 1 && signing_key != 7)) return malformed("the flags of the keys are unknown");
  out.author_key_enabled = (keys & 1) != 0;
  out.mask_chip_key = (keys & 2) != 0;
  out.signing_key = static_cast<SnpSigningKey>(signing_key);
  copy(bytes, 0x50, out.report_data);
  copy(bytes, 0x90, out.measurement);
  copy(bytes, 0xc0, out.host_data);
  copy(bytes, 0xe0, out.id_key_digest);
  copy(bytes, 0x110, out.author_key_digest);
  copy(bytes, 0x140, out.report_id);
  copy(bytes, 0x160, out.report_id_ma);
  copy(bytes, 0x180, out.reported_tcb);
  if (out.version >= 3) out.cpuid = SnpCpuid{byte_at(bytes, 0x188), byte_at(bytes, 0x189), byte_at(bytes, 0x18a)};
  copy(bytes, 0x1a0, out.chip_id);
  copy(bytes, 0x1e0, out.committed_tcb);
  out.current_version = {byte_at(bytes, 0x1ea), byte_at(bytes, 0x1e9), byte_at(bytes, 0x1e8)};
  out.committed_version = {byte_at(bytes, 0x1ee), byte_at(bytes, 0x1ed), byte_at(bytes, 0x1ec)};
  copy(bytes, 0x1f0, out.launch_tcb);
  if (out.version >= 4) {
    out.launch_mit_vector = load_le<std::uint64_t>(bytes.subspan(0x1f8));
    out.current_mit_vector = load_le<std::uint64_t>(bytes.subspan(0x200));
  }
  if (!reserved_are_zero(bytes, out.version)) return malformed("reserved bytes are not zero");
  const ByteView signature = bytes.subspan(SnpReport::kSignedSize, SnpReport::kSize - SnpReport::kSignedSize);
  copy_coordinate(signature, out.signature_r);
  copy_coordinate(signature.subspan(kFieldSize), out.signature_s);
  if (!is_zero(signature, SnpReport::kCoordinateSize, kFieldSize) ||
      !is_zero(signature, kFieldSize + SnpReport::kCoordinateSize, signature.size())) {
    return malformed("bytes beside the signature are not zero");
  }
  return out;
}

}  // namespace redoubt::attest
