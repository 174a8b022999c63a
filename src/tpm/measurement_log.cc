#include "tpm/measurement_log.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <span>

#include "crypto/sha256.h"
#include "tpm/internal/device.h"
#include "tpm/internal/marshal.h"
#include "tpm/internal/pcr_select.h"

namespace redoubt::tpm {

namespace {

constexpr std::uint32_t kNoAction = 0x03;  // PFP §10.4.1
constexpr std::uint32_t kEventTag = 0x06;
constexpr std::uint16_t kSha256 = 0x000b;

Error malformed(std::string message) {
  return {Errc::kMalformed, "the measurement log " + std::move(message)};
}

Error full() {
  return {Errc::kResourceExhausted, "the measurement log is full"};
}

void append_le(Bytes& out, auto number) {
  std::array<std::byte, sizeof(number)> bytes{};
  store_le(MutableByteView(bytes), number);
  append(out, bytes);
}

// The first event: one bank, SHA-256 (§10.4.5.1, TCG_EfiSpecIdEvent, in a TCG_PCClientPCREvent).
Bytes spec_id_event() {
  Bytes data = to_bytes(as_bytes(std::string_view("Spec ID Event03", 16)));
  append_le(data, std::uint32_t{0});  // platform class: client
  append_le(data, std::uint8_t{0});   // version 2.0, errata 0
  append_le(data, std::uint8_t{2});
  append_le(data, std::uint8_t{0});
  append_le(data, std::uint8_t{2});   // a UINTN has 2 × 4 bytes
  append_le(data, std::uint32_t{1});  // algorithms
  append_le(data, kSha256);
  append_le(data, std::uint16_t{32});
  append_le(data, std::uint8_t{0});  // no vendor's information
  Bytes out;
  append_le(out, std::uint32_t{0});
  append_le(out, kNoAction);
  append(out, Bytes(20));
  append_le(out, static_cast<std::uint32_t>(data.size()));
  append(out, data);
  return out;
}

// TCG_PCClientTaggedEvent.
Bytes event_data(const Measurement& measurement) {
  Bytes out;
  append_le(out, MeasurementLog::kTag);
  append_le(out, static_cast<std::uint32_t>(measurement.name.size() + 1 + measurement.value.size()));
  append(out, as_bytes(measurement.name));
  out.push_back(std::byte{0});
  append(out, measurement.value);
  return out;
}

Result<> check(const Measurement& measurement) {
  if (measurement.pcr < kFirstMeasuredPcr || measurement.pcr > kLastMeasuredPcr) {
    return Error(Errc::kInvalidArgument,
                 "register " + std::to_string(measurement.pcr) + " is not for measurements of ours: those are 8 to 15");
  }
  const bool printable =
      std::ranges::all_of(measurement.name, [](char character) { return character > ' ' && character <= '~'; });
  if (measurement.name.empty() || measurement.name.size() > MeasurementLog::kMaxName || !printable) {
    return Error(Errc::kInvalidArgument, "a measurement's name has 1 to 64 printable characters without spaces");
  }
  if (measurement.value.size() > MeasurementLog::kMaxValue) {
    return Error(Errc::kInvalidArgument, "a measurement's value has 1024 bytes at most");
  }
  return {};
}

crypto::Sha256Digest extended(const crypto::Sha256Digest& before, const crypto::Sha256Digest& digest) {
  return crypto::sha256({before, digest});
}

class Reader {
 public:
  explicit Reader(ByteView bytes) : rest_(bytes) {}
  bool empty() const { return rest_.empty(); }
  bool good() const { return good_; }
  ByteView bytes(std::size_t size) {
    if (size > rest_.size()) {
      good_ = false;
      rest_ = {};
      return {};
    }
    const ByteView out = rest_.first(size);
    rest_ = rest_.subspan(size);
    return out;
  }
  template <class T>
  T le() {
    const ByteView from = bytes(sizeof(T));
    return good_ ? load_le<T>(from) : T{};
  }

 private:
  ByteView rest_;
  bool good_ = true;
};

// One event, TCG_PCR_EVENT2 (§10.2.2).
Result<Measurement> read_event(Reader& in) {
  Measurement out;
  out.pcr = in.le<std::uint32_t>();
  const auto type = in.le<std::uint32_t>();
  const auto digests = in.le<std::uint32_t>();
  const auto algorithm = in.le<std::uint16_t>();
  const ByteView digest = in.bytes(crypto::Sha256Digest().size());
  const ByteView data = in.bytes(in.le<std::uint32_t>());
  if (!in.good()) return malformed("ends within an event");
  if (type != kEventTag || digests != 1 || algorithm != kSha256) return malformed("has an event of another kind");
  Reader tagged(data);
  const auto tag = tagged.le<std::uint32_t>();
  const ByteView inside = tagged.bytes(tagged.le<std::uint32_t>());
  if (!tagged.good() || !tagged.empty() || tag != MeasurementLog::kTag) return malformed("has an event of others");
  const auto zero = std::ranges::find(inside, std::byte{0});
  if (zero == inside.end()) return malformed("has an event without a name");
  const auto name_size = static_cast<std::size_t>(zero - inside.begin());
  out.name = as_chars(inside.first(name_size));
  out.value = to_bytes(inside.subspan(name_size + 1));
  if (auto good = check(out); !good) return malformed("has an event that is none: " + good.error().message());
  if (!std::ranges::equal(crypto::sha256(data), digest)) {
    return Error(Errc::kVerifyFailed, "the measurement log has a digest that is not of its event");
  }
  return out;
}

}  // namespace

Result<MeasurementLog> MeasurementLog::decode(ByteView bytes) {
  if (bytes.size() > kMaxBytes) return Error(Errc::kTooLarge, "the measurement log is too long");
  const Bytes first = spec_id_event();
  Reader in(bytes);
  if (!std::ranges::equal(in.bytes(first.size()), first)) return malformed("does not begin with its first event");
  MeasurementLog out;
  while (!in.empty()) {
    auto event = read_event(in);
    if (!event) return event.error();
    if (out.measurements_.size() == kMaxEvents) {
      return Error(Errc::kTooLarge, "the measurement log has above 1024 events");
    }
    out.measurements_.push_back(*std::move(event));
  }
  return out;
}

Bytes MeasurementLog::encode() const {
  Bytes out = spec_id_event();
  for (const Measurement& each : measurements_) {
    const Bytes data = event_data(each);
    append_le(out, std::uint32_t{each.pcr});
    append_le(out, kEventTag);
    append_le(out, std::uint32_t{1});
    append_le(out, kSha256);
    append(out, crypto::sha256(data));
    append_le(out, static_cast<std::uint32_t>(data.size()));
    append(out, data);
  }
  return out;
}

PcrValues MeasurementLog::replay() const {
  PcrValues out;
  for (const Measurement& each : measurements_) {
    crypto::Sha256Digest& value = out.try_emplace(each.pcr).first->second;
    value = extended(value, crypto::sha256(event_data(each)));
  }
  return out;
}

const Measurement* MeasurementLog::last_of(unsigned pcr) const {
  const auto found = std::find_if(measurements_.rbegin(), measurements_.rend(),
                                  [&](const Measurement& each) { return each.pcr == pcr; });
  return found == measurements_.rend() ? nullptr : &*found;
}

Result<crypto::Sha256Digest> MeasurementLog::digest_of(const Measurement& measurement) {
  if (auto good = check(measurement); !good) return good.error();
  return crypto::sha256(event_data(measurement));
}

Result<> MeasurementLog::add(Measurement measurement) {
  if (auto good = check(measurement); !good) return good;
  if (measurements_.size() >= kMaxEvents) return full();
  measurements_.push_back(std::move(measurement));
  return {};
}

namespace {

Error unexplained(unsigned pcr) {
  return {Errc::kConflict, "register " + std::to_string(pcr) + " holds something else than the log replays to"};
}

Result<> extend(internal::Device& device, unsigned pcr, const crypto::Sha256Digest& digest) {
  TPML_DIGEST_VALUES values{};
  values.count = 1;
  values.digests[0].hashAlg = TPM2_ALG_SHA256;
  std::ranges::copy(digest, std::as_writable_bytes(std::span(values.digests[0].digest.sha256)).begin());
  return device.check(
      Esys_PCR_Extend(device.esys(), ESYS_TR_PCR0 + pcr, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, &values),
      "extend register " + std::to_string(pcr));
}

// Those of `digests` that a register which holds `now` lacks; nothing when it holds none of the values on the way.
std::optional<std::span<const crypto::Sha256Digest>> missing_of(std::span<const crypto::Sha256Digest> digests,
                                                                const crypto::Sha256Digest& now) {
  crypto::Sha256Digest value{};
  std::size_t count = 0;
  while (value != now) {
    if (count == digests.size()) return std::nullopt;
    value = extended(value, digests[count++]);
  }
  return digests.subspan(count);
}

}  // namespace

Result<> catch_up(Tpm& tpm, const MeasurementLog& log) {
  if (log.measurements().empty()) return {};
  std::map<unsigned, std::vector<crypto::Sha256Digest>> digests;
  for (const Measurement& each : log.measurements()) digests[each.pcr].push_back(crypto::sha256(event_data(each)));
  internal::Device& device = TpmAccess::of(tpm);
  const auto now = internal::read_pcrs(device, selection_of(log.replay()));
  if (!now) return now.error();
  for (const auto& [pcr, list] : digests) {
    const auto missing = missing_of(list, now->at(pcr));
    if (!missing) return unexplained(pcr);
    for (const crypto::Sha256Digest& each : *missing) {
      if (auto done = extend(device, pcr, each); !done) return done;
    }
  }
  return {};
}

Result<> measure(Tpm& tpm, MeasurementLog& log, Measurement measurement) {
  const unsigned pcr = measurement.pcr;
  const auto digest = MeasurementLog::digest_of(measurement);
  if (!digest) return digest.error();
  if (log.measurements().size() >= MeasurementLog::kMaxEvents) return full();
  PcrValues expected = log.replay();
  internal::Device& device = TpmAccess::of(tpm);
  const auto now = internal::read_pcrs(device, {pcr});
  if (!now) return now.error();
  if (now->at(pcr) != expected[pcr]) return unexplained(pcr);
  if (auto done = extend(device, pcr, *digest); !done) return done;
  return log.add(std::move(measurement));
}

}  // namespace redoubt::tpm
