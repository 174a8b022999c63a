#include "attest/internal/nvidia_report.h"

#include <algorithm>
#include <bitset>

#include "crypto/der.h"
#include "encoding/base64.h"

namespace redoubt::attest {

namespace {

using crypto::DerElement;
using crypto::DerReader;

// DSP0274 1.1: the request asks, with version 1.1, for all measurements (0xff) with a signature (bit 0).
constexpr std::array kRequest{std::byte{0x11}, std::byte{0xe0}, std::byte{0x01}, std::byte{0xff}};
constexpr std::array kResponse{std::byte{0x11}, std::byte{0x60}};
constexpr std::size_t kNonceSize = 32;
constexpr std::byte kDmtf{1};  // MeasurementSpecification: the DMTF's own form of a measurement

// Types of opaque fields.
constexpr std::uint16_t kDriverVersion = 3;
constexpr std::uint16_t kVbiosVersion = 6;
constexpr std::uint16_t kVideoDecoder = 11;
constexpr std::uint16_t kBoardId = 14;
constexpr std::uint16_t kChipSku = 15;
constexpr std::uint16_t kProject = 17;
constexpr std::uint16_t kProjectSku = 18;
constexpr std::uint16_t kFwid = 20;
constexpr std::byte kEnabled{0xaa};
constexpr std::byte kDisabled{0x55};

Error fault(std::string_view what) {
  return {Errc::kMalformed, "the report " + std::string(what)};
}

// Bytes that are taken from the front; once it asked for more than there is, it is bad and gives nothing.
class Taker {
 public:
  explicit Taker(ByteView bytes) : left_(bytes) {}

  ByteView take(std::size_t size) {
    if (size > left_.size()) {
      good_ = false;
      left_ = {};
      return {};
    }
    const ByteView out = left_.first(size);
    left_ = left_.subspan(size);
    return out;
  }
  std::size_t number(std::size_t size) {
    std::size_t out = 0;
    const ByteView bytes = take(size);
    for (std::size_t i = 0; i < bytes.size(); ++i) out |= static_cast<std::size_t>(bytes[i]) << (8 * i);
    return out;
  }
  bool empty() const { return left_.empty(); }
  bool good() const { return good_; }

 private:
  ByteView left_;
  bool good_ = true;
};

// Text is padded with zeros, one at least; the text itself is printable ASCII.
std::optional<std::string_view> read_text(ByteView field) {
  std::string_view text = as_chars(field);
  text = text.substr(0, text.find('\0'));
  const bool printable = std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; });
  const bool padded = std::ranges::all_of(field.subspan(text.size()), [](std::byte b) { return b == std::byte{0}; });
  if (text.empty() || !printable || !padded || text.size() == field.size()) return std::nullopt;
  return text;
}

// Eight bytes: four that are the version's first parts, backwards, and the one that is the last part.
std::optional<std::string> read_vbios_version(ByteView field) {
  if (field.size() != 8) return std::nullopt;
  std::string out;
  for (const std::size_t i : {3U, 2U, 1U, 0U, 4U}) {
    if (!out.empty()) out += '.';
    encoding::append_hex(out, field.subspan(i, 1));
  }
  return out;
}

bool read_field(std::size_t type, ByteView field, NvidiaReport& out) {
  const auto text = [&](std::string_view& to) {
    const auto read = read_text(field);
    to = read.value_or("");
    return read.has_value();
  };
  switch (type) {
    case kDriverVersion:
      return text(out.driver_version);
    case kChipSku:
      return text(out.chip_sku);
    case kProject:
      return text(out.project);
    case kProjectSku:
      return text(out.project_sku);
    case kVbiosVersion:
      out.vbios_version = read_vbios_version(field).value_or("");
      return !out.vbios_version.empty();
    case kBoardId:
      out.board_id = field;
      return field.size() == 4;
    case kFwid:
      out.fwid = field;
      return field.size() == NvidiaReport::kDigestSize;
    case kVideoDecoder:
      if (field.size() != 1 || (field[0] != kEnabled && field[0] != kDisabled)) return false;
      out.video_decoder_enabled = field[0] == kEnabled;
      return true;
    default:
      return true;
  }
}

Result<> read_opaque(ByteView bytes, NvidiaReport& out) {
  Taker taker(bytes);
  std::bitset<65536> seen;
  while (!taker.empty()) {
    const std::size_t type = taker.number(2);
    const std::size_t size = taker.number(2);
    const ByteView field = taker.take(size);
    if (!taker.good()) return fault("has opaque data that is cut short");
    if (seen[type]) return fault("has an opaque field twice: type " + std::to_string(type));
    seen.set(type);
    if (!read_field(type, field, out))
      return fault("has an opaque field of a wrong form: type " + std::to_string(type));
  }
  if (out.driver_version.empty() || out.vbios_version.empty()) return fault("does not name driver and VBIOS");
  return {};
}

Result<> read_measurements(ByteView record, std::size_t count, NvidiaReport& out) {
  Taker taker(record);
  for (std::size_t i = 0; i < count; ++i) {
    const auto index = static_cast<std::uint8_t>(taker.number(1));
    const ByteView form = taker.take(1);
    Taker block(taker.take(taker.number(2)));
    block.take(1);  // what kind of thing was measured: the index says it, too
    const ByteView value = block.take(block.number(2));
    if (!taker.good() || !block.good() || !block.empty()) return fault("has measurements that are cut short");
    if (form[0] != kDmtf || value.size() != NvidiaReport::kDigestSize) {
      return fault("has a measurement that is no SHA-384 digest in the DMTF's form");
    }
    if (index == 0 || (!out.measurements.empty() && index <= out.measurements.back().index)) {
      return fault("has measurements out of order");
    }
    out.measurements.push_back({index, value});
  }
  if (!taker.empty()) return fault("has bytes between its measurements");
  return {};
}

// DER (X.690 §8.1) as deep as these extensions are.
constexpr int kMaxDerDepth = 8;
constexpr std::uint8_t kConstructed = 0x20;
// SEQUENCE { OBJECT IDENTIFIER id-sha384, OCTET STRING of 48 bytes }, without its own head: what a FWID is.
constexpr std::array kSha384Fwid{std::byte{0x06}, std::byte{0x09}, std::byte{0x60}, std::byte{0x86}, std::byte{0x48},
                                 std::byte{0x01}, std::byte{0x65}, std::byte{0x03}, std::byte{0x04}, std::byte{0x02},
                                 std::byte{0x02}, std::byte{0x04}, std::byte{0x30}};

using FirmwareDigests = std::vector<std::array<std::byte, NvidiaReport::kDigestSize>>;

void collect_fwids(ByteView der, int depth, FirmwareDigests& out) {
  DerReader reader(der);
  while (!reader.at_end() && depth < kMaxDerDepth) {
    const auto element = reader.next();
    if (!element) return;
    const ByteView value = element->value;
    if (element->tag == DerElement::kSequence && value.size() == kSha384Fwid.size() + NvidiaReport::kDigestSize &&
        std::ranges::equal(value.first(kSha384Fwid.size()), kSha384Fwid)) {
      std::array<std::byte, NvidiaReport::kDigestSize> digest{};
      std::ranges::copy(value.subspan(kSha384Fwid.size()), digest.begin());
      if (digest != std::array<std::byte, NvidiaReport::kDigestSize>{}) out.push_back(digest);
    } else if ((element->tag & kConstructed) != 0) {
      collect_fwids(value, depth + 1, out);
    }
  }
}

}  // namespace

Result<NvidiaReport> read_nvidia_report(ByteView bytes) {
  NvidiaReport out;
  Taker taker(bytes);
  const ByteView request = taker.take(kRequest.size());
  out.nonce = taker.take(kNonceSize);
  taker.take(1);  // the slot of the certificate chain
  const ByteView response = taker.take(kResponse.size());
  taker.take(2);  // parameters that are reserved when all measurements are asked for, and the slot
  const std::size_t count = taker.number(1);
  const ByteView record = taker.take(taker.number(3));
  taker.take(kNonceSize);  // the device's own
  const ByteView opaque = taker.take(taker.number(2));
  out.signature = taker.take(NvidiaReport::kSignatureSize);
  if (!taker.good()) return fault("is cut short");
  if (!std::ranges::equal(request, kRequest) || !std::ranges::equal(response, kResponse)) {
    return fault("is no SPDM 1.1 request for all measurements, signed, with its response");
  }
  out.signed_part = bytes.first(static_cast<std::size_t>(out.signature.data() - bytes.data()));
  out.size = out.signed_part.size() + out.signature.size();
  if (const auto read = read_measurements(record, count, out); !read) return read.error();
  if (const auto read = read_opaque(opaque, out); !read) return read.error();
  return out;
}

FirmwareDigests firmware_digests(const crypto::Certificate& device) {
  FirmwareDigests out;
  for (const char* oid : {"2.23.133.5.4.1", "2.23.133.5.4.1.1"}) {
    if (const auto extension = device.extension(oid)) collect_fwids(*extension, 0, out);
  }
  return out;
}

}  // namespace redoubt::attest
