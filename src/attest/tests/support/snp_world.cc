#include "attest/tests/support/snp_world.h"

#include <algorithm>

#include "crypto/der.h"

namespace redoubt::attest {

namespace {

using crypto::DerElement;
using crypto::DerReader;
using crypto::TestAuthority;
using crypto::TestTerms;

constexpr std::string_view kVekExtensions = "1.3.6.1.4.1.3704.1.";

std::array<std::byte, 64> chip_id_of(std::size_t size) {
  std::array<std::byte, 64> out{};
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<std::byte>(i + 1);
  return out;
}

TestTerms vek_terms(const SnpTerms& terms) {
  TestTerms out{.is_authority = false, .key_usage = "", .key = crypto::KeyType::kP384};
  const auto add = [&](const std::string& number, Bytes value) {
    out.extensions.emplace_back(std::string(kVekExtensions) + number, std::move(value));
  };
  const auto svn = [&](std::size_t at) { return der_number(static_cast<std::uint8_t>(terms.reported_tcb[at])); };
  const std::string name = terms.product_name.empty() ? terms.product + "-B0" : terms.product_name;
  add("2", der(DerElement::kIa5String, as_bytes(name)));
  if (terms.product == "Turin") {
    add("3.9", svn(0));
    add("3.1", svn(1));
    add("3.2", svn(2));
    add("3.3", svn(3));
  } else {
    add("3.1", svn(0));
    add("3.2", svn(1));
    for (const char* reserved : {"3.4", "3.5", "3.6", "3.7"}) add(reserved, der_number(0));
    add("3.3", svn(6));
  }
  add("3.8", svn(7));
  if (terms.vlek) {
    add("5", der(DerElement::kIa5String, as_bytes("a provider")));
  } else {
    const auto id = chip_id_of(terms.hardware_id_size);
    const ByteView bare = ByteView(id).first(terms.hardware_id_size);
    add("4", terms.wrapped_id ? der(DerElement::kOctetString, bare) : to_bytes(bare));
  }
  terms.change_vek(out);
  return out;
}

Bytes unsigned_report(const SnpTerms& terms) {
  Bytes out(SnpReport::kSize);
  const MutableByteView bytes = out;
  store_le<std::uint32_t>(bytes, terms.version);
  store_le<std::uint64_t>(bytes.subspan(0x08), SnpGuestPolicy::kReservedOne | SnpGuestPolicy::kSmt);
  store_le<std::uint32_t>(bytes.subspan(0x34), 1U);
  store_le<std::uint32_t>(bytes.subspan(0x48), terms.vlek ? 1U << 2 : 0U);
  std::ranges::fill(bytes.subspan(0x50, 64), std::byte{0x11});
  std::ranges::fill(bytes.subspan(0x90, 48), std::byte{0x22});
  for (const std::size_t tcb : {0x38U, 0x180U, 0x1e0U, 0x1f0U}) {
    std::ranges::copy(terms.reported_tcb, bytes.subspan(tcb).begin());
  }
  if (terms.version >= 3) {
    out[0x188] = std::byte{static_cast<std::uint8_t>(terms.product == "Turin" ? 0x1a : 0x19)};
    out[0x189] = std::byte{static_cast<std::uint8_t>(terms.product == "Genoa" ? 0x11 : 0x01)};
  }
  if (!terms.vlek) std::ranges::copy(chip_id_of(terms.hardware_id_size), bytes.subspan(0x1a0).begin());
  terms.change(out);
  return out;
}

}  // namespace

Bytes raw_signature(ByteView signature, std::size_t size) {
  Bytes out(2 * size);
  DerReader outer(signature);
  DerReader inner(*outer.next(DerElement::kSequence));
  for (const std::size_t at : {std::size_t{0}, size}) {
    ByteView number = *inner.next(DerElement::kInteger);
    if (number.size() > size) number = number.subspan(number.size() - size);
    std::ranges::copy(number, out.begin() + static_cast<std::ptrdiff_t>(at + size - number.size()));
  }
  return out;
}

Bytes der(std::uint8_t tag, ByteView value) {
  Bytes out{std::byte{tag}};
  if (value.size() >= 0x100) {
    out.insert(out.end(), {std::byte{0x82}, static_cast<std::byte>(value.size() >> 8)});
  } else if (value.size() >= 0x80) {
    out.push_back(std::byte{0x81});
  }
  out.push_back(static_cast<std::byte>(value.size() & 0xff));
  append(out, value);
  return out;
}

Bytes der_number(std::uint32_t value) {
  Bytes digits;
  do {
    digits.insert(digits.begin(), static_cast<std::byte>(value & 0xff));
    value >>= 8;
  } while (value != 0);
  if ((digits[0] & std::byte{0x80}) != std::byte{0}) digits.insert(digits.begin(), std::byte{0});
  return der(DerElement::kInteger, digits);
}

SnpWorld::SnpWorld(const SnpTerms& terms)
    : ark("ARK-" + terms.product),
      ask(!terms.ask_name.empty() ? terms.ask_name : (terms.vlek ? "SEV-VLEK-" : "SEV-") + terms.product, ark),
      vek(!terms.vek_name.empty() ? terms.vek_name
          : terms.vlek            ? "SEV-VLEK"
                                  : "SEV-VCEK",
          ask, vek_terms(terms)),
      report(unsigned_report(terms)) {
  const Bytes signature =
      raw_signature(vek.sign(crypto::HashAlgorithm::kSha384, ByteView(report).first(SnpReport::kSignedSize)), 48);
  const auto at = report.begin() + SnpReport::kSignedSize;
  std::ranges::reverse_copy(ByteView(signature).first(48), at);
  std::ranges::reverse_copy(ByteView(signature).subspan(48), at + 72);
}

Verdict SnpWorld::judge(ByteView report, ByteView vek, const std::string& roots, const Policy& policy, ByteView crl) {
  Evidence evidence{.kind = Kind::kSevSnp, .inputs = {}, .at = kNow, .nonce = {}};
  evidence.inputs.set(Role::kReport, report);
  evidence.inputs.set(Role::kVek, vek);
  evidence.inputs.set(Role::kRoot, as_bytes(roots));
  if (!crl.empty()) evidence.inputs.set(Role::kCrl, crl);
  return Verifier(Trust::kNobody).verify(evidence, policy);
}

}  // namespace redoubt::attest
