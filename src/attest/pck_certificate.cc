#include "attest/pck_certificate.h"

#include <algorithm>

#include "crypto/der.h"

namespace redoubt::attest {

namespace {

using crypto::der_small_integer;
using crypto::DerElement;
using crypto::DerReader;

constexpr const char* kSgxExtensions = "1.2.840.113741.1.13.1";
// The same number in DER, before the last arcs of each part.
constexpr std::array<std::uint8_t, 9> kPrefix{0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 0x01, 0x0d, 0x01};

// Last arcs.
enum Part : std::uint8_t { kPpid = 1, kTcb, kPceId, kFmspc, kSgxType, kPlatformInstanceId, kConfiguration };
constexpr std::uint8_t kPceSvn = 17;  // of kTcb; 1 to 16 are the components
constexpr std::uint8_t kCpuSvn = 18;
enum Setting : std::uint8_t { kDynamicPlatform = 1, kCachedKeys, kSmtEnabled };  // of kConfiguration

// Calls `take` with the last arc and the value of each member of a SEQUENCE OF SEQUENCE {number, value}. False when it
// has another form, a member stands twice, or `take` says so.
template <class Take>
bool each_member(ByteView sequence, ByteView prefix, const Take& take) {
  DerReader members(sequence);
  std::uint32_t seen = 0;
  while (!members.at_end()) {
    const auto member = members.next(DerElement::kSequence);
    if (!member) return false;
    DerReader parts(*member);
    const auto number = parts.next(DerElement::kObjectIdentifier);
    const auto value = parts.next();
    if (!number || !value || !parts.at_end()) return false;
    if (number->size() != prefix.size() + 1 || !std::ranges::equal(number->first(prefix.size()), prefix)) return false;
    const auto arc = static_cast<std::uint8_t>(number->back());
    if (arc > 31 || (seen & (1U << arc)) != 0 || !take(arc, *value)) return false;
    seen |= 1U << arc;
  }
  return true;
}

template <std::size_t N>
bool read_bytes(const DerElement& element, std::array<std::byte, N>& out) {
  if (element.tag != DerElement::kOctetString || element.value.size() != N) return false;
  std::ranges::copy(element.value, out.begin());
  return true;
}

bool read_flag(const DerElement& element, std::optional<bool>& out) {
  if (element.tag != DerElement::kBoolean || element.value.size() != 1) return false;
  out = element.value[0] != std::byte{0};
  return true;
}

bool read_tcb(ByteView sequence, PckDetails& out) {
  Bytes prefix = to_bytes(std::as_bytes(std::span(kPrefix)));
  prefix.push_back(std::byte{kTcb});
  unsigned found = 0;
  const bool good = each_member(sequence, prefix, [&](std::uint8_t arc, const DerElement& value) {
    ++found;
    if (arc == kCpuSvn) return read_bytes(value, out.cpu_svn);
    const auto number = value.tag == DerElement::kInteger ? der_small_integer(value.value) : std::nullopt;
    if (!number || arc < 1) return false;
    if (arc == kPceSvn) {
      out.pce_svn = *number;
      return true;
    }
    if (arc > 16 || *number > 255) return false;
    out.component_svns[arc - 1U] = static_cast<std::uint8_t>(*number);
    return true;
  });
  return good && found == kCpuSvn;
}

bool read_configuration(ByteView sequence, PckDetails& out) {
  Bytes prefix = to_bytes(std::as_bytes(std::span(kPrefix)));
  prefix.push_back(std::byte{kConfiguration});
  return each_member(sequence, prefix, [&](std::uint8_t arc, const DerElement& value) {
    if (arc == kDynamicPlatform) return read_flag(value, out.dynamic_platform);
    if (arc == kCachedKeys) return read_flag(value, out.cached_keys);
    return arc == kSmtEnabled && read_flag(value, out.smt_enabled);
  });
}

}  // namespace

Result<PckDetails> read_pck_details(const crypto::Certificate& certificate) {
  const auto extension = certificate.extension(kSgxExtensions);
  if (!extension) return Error(Errc::kMalformed, "the PCK certificate does not have the extensions of SGX");
  PckDetails out;
  DerReader reader(*extension);
  const auto sequence = reader.next(DerElement::kSequence);
  unsigned required = 0;
  const bool good =
      sequence && reader.at_end() &&
      each_member(*sequence, std::as_bytes(std::span(kPrefix)), [&](std::uint8_t arc, const DerElement& value) {
        if (arc >= kPpid && arc <= kSgxType) ++required;
        switch (arc) {
          case kPpid:
            return read_bytes(value, out.ppid);
          case kTcb:
            return value.tag == DerElement::kSequence && read_tcb(value.value, out);
          case kPceId:
            return read_bytes(value, out.pce_id);
          case kFmspc:
            return read_bytes(value, out.fmspc);
          case kSgxType:
            if (value.tag != DerElement::kEnumerated || value.value.size() != 1) return false;
            out.sgx_type = static_cast<std::uint8_t>(value.value[0]);
            return true;
          case kPlatformInstanceId:
            return read_bytes(value, out.platform_instance_id.emplace());
          case kConfiguration:
            return value.tag == DerElement::kSequence && read_configuration(value.value, out);
          default:
            return false;
        }
      });
  if (!good || required != kSgxType) {
    return Error(Errc::kMalformed, "the extensions of SGX in the PCK certificate cannot be read");
  }
  return out;
}

}  // namespace redoubt::attest
