#include "crypto/internal/revoked_serials.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "crypto/der.h"

namespace redoubt::crypto::internal {

namespace {

constexpr std::uint8_t kUtcTime = 0x17;
constexpr std::uint8_t kGeneralizedTime = 0x18;
constexpr std::uint8_t kExtensions = 0xa0;  // [0], explicit

bool is_time(const std::optional<DerElement>& element) {
  return element && (element->tag == kUtcTime || element->tag == kGeneralizedTime);
}

const std::byte* end_of(const DerElement& element) {
  return element.value.data() + element.value.size();
}

bool is_less(ByteView a, ByteView b) {
  return std::ranges::lexicographical_compare(a, b);
}

// Shortest form (X.690 §8.3.2).
bool is_integer(ByteView value) {
  if (value.size() < 2) return !value.empty();
  const bool negative = (value[1] & std::byte{0x80}) != std::byte{0};
  return value[0] != (negative ? std::byte{0xff} : std::byte{0});
}

// SEQUENCE OF SEQUENCE {number, OCTET STRING}, of which the only one is a reasonCode (§5.3.1) that is not
// removeFromCRL.
bool is_reason_for_good(ByteView extensions) {
  constexpr std::array kReasonCode{std::byte{0x55}, std::byte{0x1d}, std::byte{0x15}};  // 2.5.29.21
  constexpr auto kRemoveFromCrl = std::byte{8};
  DerReader list(extensions);
  const auto extension = list.next(DerElement::kSequence);
  if (!extension || !list.at_end()) return false;
  DerReader members(*extension);
  const auto number = members.next(DerElement::kObjectIdentifier);
  const auto value = members.next(DerElement::kOctetString);
  if (!number || !value || !members.at_end() || !std::ranges::equal(*number, kReasonCode)) return false;
  DerReader content(*value);
  const auto reason = content.next(DerElement::kEnumerated);
  return reason && content.at_end() && reason->size() == 1 && reason->front() < std::byte{11} &&
         reason->front() != kRemoveFromCrl;
}

std::optional<ByteView> read_entry(ByteView entry) {
  DerReader members(entry);
  const auto serial = members.next(DerElement::kInteger);
  if (!serial || !is_integer(*serial) || !is_time(members.next())) return std::nullopt;
  if (members.at_end()) return serial;
  const auto extensions = members.next(DerElement::kSequence);
  if (!extensions || !members.at_end() || !is_reason_for_good(*extensions)) return std::nullopt;
  return serial;
}

}  // namespace

std::optional<RevokedSerials> RevokedSerials::read(ByteView body) {
  DerReader members(body);
  auto member = members.next();
  if (member && member->tag == DerElement::kInteger) member = members.next();  // version
  if (!member || member->tag != DerElement::kSequence) return std::nullopt;    // signature
  if (!members.next(DerElement::kSequence)) return std::nullopt;               // issuer
  member = members.next();
  if (!is_time(member)) return std::nullopt;  // thisUpdate
  RevokedSerials out;
  const std::byte* end = end_of(*member);
  if (members.at_end()) return out;
  member = members.next();
  if (is_time(member)) {  // nextUpdate
    end = end_of(*member);
    if (members.at_end()) return out;
    member = members.next();
  }
  if (!member) return std::nullopt;
  if (member->tag == DerElement::kSequence) {
    DerReader entries(member->value);
    while (!entries.at_end()) {
      const auto entry = entries.next(DerElement::kSequence);
      const auto serial = entry ? read_entry(*entry) : std::nullopt;
      if (!serial) return std::nullopt;
      out.serials_.push_back(*serial);
    }
    std::ranges::sort(out.serials_, is_less);
    out.entries_ = ByteView(end, end_of(*member));
    if (members.at_end()) return out;
    member = members.next();
  }
  if (!member || member->tag != kExtensions || !members.at_end()) return std::nullopt;
  return out;
}

bool RevokedSerials::contains(ByteView serial) const {
  return std::ranges::binary_search(serials_, serial, is_less);
}

}  // namespace redoubt::crypto::internal
