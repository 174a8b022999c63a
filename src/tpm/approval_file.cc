#include "tpm/approval_file.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <vector>

#include "base/check.h"
#include "crypto/public_key.h"
#include "encoding/base64.h"

namespace redoubt::tpm {

namespace {

constexpr std::string_view kApprovalHead = "redoubt-approval-v1";
constexpr std::size_t kShown = 12;  // digits of a digest that a person compares

Error malformed_approval(std::string_view what) {
  return {Errc::kMalformed, "the approval " + std::string(what)};
}

std::string hex_handle(NvHandle handle) {
  std::array<std::byte, 4> bytes{};
  store_be<std::uint32_t>(MutableByteView(bytes), handle);
  return encoding::hex(bytes);
}

// Lines of words, each line ended by a line feed, words by one space. What format() writes is compared with what was
// read in the end, so that there is one form; here it is enough to fail where something is missing.
class Words {
 public:
  explicit Words(std::string_view line) : rest_(line) {}
  std::string_view next() {
    const std::size_t end = std::min(rest_.find(' '), rest_.size());
    const std::string_view word = rest_.substr(0, end);
    rest_.remove_prefix(std::min(end + 1, rest_.size()));
    return word;
  }

 private:
  std::string_view rest_;
};

template <class T>
std::optional<T> read_number(std::string_view text, int base = 10) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool read_signature(std::string_view text, crypto::P256Signature& out) {
  const auto bytes = encoding::base64_decode(text);
  if (!bytes || bytes->size() != out.size()) return false;
  std::ranges::copy(*bytes, out.begin());
  return true;
}

bool read_boot(Words& words, PcrValues& out) {
  const auto pcr = read_number<unsigned>(words.next());
  const auto value = encoding::hex_decode(words.next());
  crypto::Sha256Digest digest;
  if (!pcr || *pcr > ApprovalFile::kLastBootPcr || !value || value->size() != digest.size()) return false;
  std::ranges::copy(*value, digest.begin());
  return out.emplace(*pcr, digest).second;
}

bool read_measured(Words& words, MeasurementLog& out) {
  const auto pcr = read_number<unsigned>(words.next());
  std::string name(words.next());
  auto value = encoding::hex_decode(words.next());
  if (!pcr || !value || value->empty() || value->size() > ApprovalFile::kMaxValue ||
      out.measurements().size() == ApprovalFile::kMaxMeasurements) {
    return false;
  }
  return out.add({.pcr = *pcr, .name = std::move(name), .value = *std::move(value)}).has_value();
}

// One line. Which lines there are, and in which order, the comparison in parse() decides.
bool read_approval_line(std::string_view line, ApprovalFile& out) {
  if (line == kApprovalHead) return true;
  Words words(line);
  const std::string_view what = words.next();
  if (what == "counter") {
    const auto counter = read_number<std::uint32_t>(words.next(), 16);
    out.counter = counter.value_or(0);
    return counter.has_value();
  }
  if (what == "version") {
    const auto version = read_number<std::uint64_t>(words.next());
    out.version = version.value_or(0);
    return version.has_value();
  }
  if (what == "register") return read_boot(words, out.boot);
  if (what == "measured") return read_measured(words, out.measured);
  return what == "signature" && read_signature(words.next(), out.signature);
}

std::string shown_digest(ByteView value) {
  return encoding::hex(value).substr(0, kShown) + "…";
}

const Measurement* last_of(const MeasurementLog& log, unsigned pcr, std::string_view name) {
  const auto& all = log.measurements();
  const auto found =
      std::find_if(all.rbegin(), all.rend(), [&](const Measurement& m) { return m.pcr == pcr && m.name == name; });
  return found == all.rend() ? nullptr : &*found;
}

void add_to(std::string& list, const std::string& text) {
  list += (list.empty() ? "" : "; ") + text;
}

}  // namespace

ApprovedState ApprovalFile::state() const {
  REDOUBT_CHECK(!measured.measurements().empty());
  PcrValues values = measured.replay();
  values.insert(boot.begin(), boot.end());
  return approved_state(values, counter, version);
}

Result<> ApprovalFile::sign(ByteView policy_ref, const crypto::P256PrivateKey& approver) {
  if (measured.measurements().empty()) {
    return Error(Errc::kInvalidArgument, "an approval is of one measurement or more");
  }
  const auto approval = approve(state(), policy_ref, approver);
  if (!approval) return approval.error();
  signature = approval->signature;
  if (!parse(format())) return Error(Errc::kInvalidArgument, "what is approved is more than an approval holds");
  return {};
}

bool ApprovalFile::is_signed_by(const crypto::P256PublicKey& approver, ByteView policy_ref) const {
  const auto message = approval_message(state(), policy_ref);
  const ByteView point(approver);
  const auto key = crypto::PublicKey::from_point(crypto::KeyType::kP256, point.subspan(1, 32), point.subspan(33, 32));
  const ByteView numbers(signature);
  return message && key && point[0] == std::byte{4} &&
         key->verify_ecdsa(crypto::HashAlgorithm::kSha256, *message, numbers.first(32), numbers.subspan(32));
}

std::string ApprovalFile::format() const {
  std::string out =
      std::string(kApprovalHead) + "\ncounter " + hex_handle(counter) + "\nversion " + std::to_string(version);
  for (const auto& [pcr, value] : boot) out += "\nregister " + std::to_string(pcr) + " " + encoding::hex(value);
  for (const Measurement& each : measured.measurements()) {
    out += "\nmeasured " + std::to_string(each.pcr) + " " + each.name + " " + encoding::hex(each.value);
  }
  return out + "\nsignature " + encoding::base64(signature) + "\n";
}

Result<ApprovalFile> ApprovalFile::parse(std::string_view text) {
  if (text.size() > kMaxBytes) return Error(Errc::kTooLarge, "the approval is larger than 16 KiB");
  if (!text.starts_with(std::string(kApprovalHead) + "\n")) return malformed_approval("does not begin as one does");
  ApprovalFile out;
  unsigned number = 0;
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t end = rest.find('\n');
    if (end == std::string_view::npos) return malformed_approval("is cut off");
    ++number;
    if (!read_approval_line(rest.substr(0, end), out))
      return malformed_approval("has no proper line " + std::to_string(number));
    rest.remove_prefix(end + 1);
  }
  if (out.measured.measurements().empty()) return malformed_approval("is of nothing that was measured");
  if (auto good = approval_message(out.state(), {}); !good)
    return malformed_approval("is of a counter that there is not");
  if (out.format() != text) return malformed_approval("is in another form than approvals are");
  return out;
}

std::string describe_differences(const ApprovalFile& approved, const MeasurementLog& measured,
                                 const PcrValues& registers) {
  std::string out;
  const PcrValues expected = approved.measured.replay();
  for (const Measurement& now : measured.measurements()) {
    if (!expected.contains(now.pcr) || last_of(measured, now.pcr, now.name) != &now) continue;
    const Measurement* const then = last_of(approved.measured, now.pcr, now.name);
    if (then == nullptr) {
      add_to(out, "`" + now.name + "` is there, and was not approved");
    } else if (then->value != now.value) {
      add_to(out, "`" + now.name + "` is " + shown_digest(now.value) + ", approved is " + shown_digest(then->value));
    }
  }
  for (const Measurement& then : approved.measured.measurements()) {
    if (last_of(measured, then.pcr, then.name) == nullptr) add_to(out, "`" + then.name + "` was not measured");
  }
  const PcrValues replayed = measured.replay();
  bool in_registers_only = false;
  for (const auto& [pcr, value] : expected) {
    const auto now = registers.find(pcr);
    const auto logged = replayed.find(pcr);
    in_registers_only =
        in_registers_only || now == registers.end() || logged == replayed.end() || now->second != logged->second;
  }
  if (in_registers_only) add_to(out, "the registers hold what is not in the log of measurements");
  for (const auto& [pcr, value] : approved.boot) {
    const auto now = registers.find(pcr);
    if (now == registers.end() || now->second != value) {
      add_to(out, "register " + std::to_string(pcr) + ", which firmware fills, is another");
    }
  }
  if (out.empty() && approved.measured.replay() != replayed) {
    for (const auto& [pcr, value] : expected) {
      if (!replayed.contains(pcr) || replayed.at(pcr) != value) {
        add_to(out, "more was measured since the machine was started than was approved: start it anew");
        break;
      }
    }
  }
  return out;
}

}  // namespace redoubt::tpm
