#include "attest/internal/event_log.h"

#include <algorithm>
#include <array>
#include <utility>

#include "attest/internal/examination.h"
#include "attest/internal/wire_reader.h"

namespace redoubt::attest {

namespace {

using crypto::HashAlgorithm;

constexpr std::size_t kMaxBanks = 8;
constexpr std::size_t kMaxContradictions = 16;

// Event types (PFP §10.4.1, table 27) that mean something here.
constexpr std::uint32_t kNoAction = 0x03;
constexpr std::uint32_t kSeparator = 0x04;
constexpr std::uint32_t kAction = 0x05;
constexpr std::uint32_t kEventTag = 0x06;
constexpr std::uint32_t kScrtmVersion = 0x08;
constexpr std::uint32_t kEfiAction = 0x80000007;

// Of the events that Redoubt makes: its taggedEventID, and what the data of one begins with that says which bundle is
// in force (docs/formats/tpm-files.md).
constexpr std::uint32_t kRedoubtTag = 0x54424452;
constexpr std::string_view kBundle("bundle", 7);  // with the zero byte

Error malformed(std::string message) {
  return {Errc::kMalformed, "the event log: " + std::move(message)};
}

// A digest algorithm of TPM 2.0 Part 2 §6.3; no `hash` for one that is skipped (SM3).
struct Bank {
  std::uint16_t id;
  std::size_t size;
  std::optional<HashAlgorithm> hash;
};
constexpr std::array<Bank, 5> kBanks{{
    {0x0004, 20, HashAlgorithm::kSha1},
    {0x000b, 32, HashAlgorithm::kSha256},
    {0x000c, 48, HashAlgorithm::kSha384},
    {0x000d, 64, HashAlgorithm::kSha512},
    {0x0012, 32, std::nullopt},
}};

// The banks of a crypto-agile log, by its first event (§10.4.5.1, TCG_EfiSpecIdEvent).
Result<std::vector<Bank>> read_spec_id(ByteView data) {
  WireReader in(data);
  in.bytes(16 + 4 + 4);  // signature, platform class, version, errata, size of a UINTN
  const auto count = in.le<std::uint32_t>();
  if (count == 0 || count > kMaxBanks)
    return malformed("between 1 and 8 digests, said its first event, and it does not");
  std::vector<Bank> out;
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto id = in.le<std::uint16_t>();
    const auto size = in.le<std::uint16_t>();
    const auto known = std::ranges::find(kBanks, id, &Bank::id);
    // An algorithm that is not known here is passed over by the size that the log states.
    if (known != kBanks.end() && known->size != size) return malformed("a digest of a size that its algorithm has not");
    if (std::ranges::find(out, id, &Bank::id) != out.end()) return malformed("an algorithm stands twice");
    out.push_back(known == kBanks.end() ? Bank{id, size, std::nullopt} : *known);
  }
  in.bytes(in.le<std::uint8_t>());  // vendor information
  if (!in.finished()) return malformed("its first event has another size than its parts");
  return out;
}

struct Event {
  std::uint32_t index;
  std::uint32_t type;
  ByteView digest;  // in the bank that is replayed
  ByteView data;
};

// The structure of both kinds of log.
class LogReader {
 public:
  static Result<LogReader> open(ByteView log) {
    // The first event has the legacy form always (TCG_PCClientPCREvent).
    LogReader out(log);
    WireReader first(log);
    first.bytes(4);
    const auto type = first.le<std::uint32_t>();
    first.bytes(20);
    const ByteView data = first.bytes(first.le<std::uint32_t>());
    if (!first.good()) return malformed("its first event is cut off");
    if (type != kNoAction || !as_chars(data).starts_with(std::string_view("Spec ID Event03", 16))) return out;
    auto banks = read_spec_id(data);
    if (!banks) return banks.error();
    out.banks_ = *std::move(banks);
    out.in_ = WireReader(first.rest());
    return out;
  }

  bool agile() const { return !banks_.empty(); }
  ByteView rest() const { return in_.rest(); }

  // Chooses what next() gives digests of. False when the log has no such bank.
  bool choose(HashAlgorithm bank) {
    bank_ = bank;
    if (!agile()) return bank == HashAlgorithm::kSha1;
    return std::ranges::any_of(banks_, [&](const Bank& each) { return each.hash == bank; });
  }
  HashAlgorithm best() const {
    if (!agile()) return HashAlgorithm::kSha1;
    HashAlgorithm out = HashAlgorithm::kSha1;
    for (const Bank& each : banks_) {
      if (each.hash == HashAlgorithm::kSha256) return HashAlgorithm::kSha256;
      if (each.hash && *each.hash > out) out = *each.hash;
    }
    return out;
  }

  // The next event. Precondition: rest() is not empty.
  Result<Event> next() {
    Event out{.index = in_.le<std::uint32_t>(), .type = in_.le<std::uint32_t>(), .digest = {}, .data = {}};
    if (!agile()) {
      out.digest = in_.bytes(20);
    } else if (auto read = read_digests(out); !read) {
      return read.error();
    }
    out.data = in_.bytes(in_.le<std::uint32_t>());
    if (!in_.good()) return malformed("an event is cut off");
    return out;
  }

 private:
  explicit LogReader(ByteView log) : in_(log) {}

  // TPML_DIGEST_VALUES: one digest of each of the log's banks (§10.2.2).
  Result<> read_digests(Event& event) {
    const auto count = in_.le<std::uint32_t>();
    if (!in_.good()) return malformed("an event is cut off");
    if (count != banks_.size()) return malformed("an event has not one digest for each bank");
    std::array<bool, kMaxBanks> seen{};
    for (std::uint32_t i = 0; i < count; ++i) {
      const auto bank = std::ranges::find(banks_, in_.le<std::uint16_t>(), &Bank::id);
      if (!in_.good()) return malformed("an event is cut off");
      if (bank == banks_.end()) return malformed("a digest of a bank that its first event does not name");
      if (std::exchange(seen[static_cast<std::size_t>(bank - banks_.begin())], true)) {
        return malformed("an event has two digests for one bank");
      }
      const ByteView digest = in_.bytes(bank->size);
      if (bank->hash == bank_) event.digest = digest;
    }
    return {};
  }

  WireReader in_;
  std::vector<Bank> banks_;  // empty: legacy
  HashAlgorithm bank_ = HashAlgorithm::kSha1;
};

// Whether the digest of such an event is that of its data, by its type's definition.
bool is_digest_of_data(std::uint32_t type) {
  return type == kAction || type == kEfiAction || type == kScrtmVersion;
}

class Replayer {
  static constexpr std::array kError{std::byte{1}, std::byte{0}, std::byte{0}, std::byte{0}};

 public:
  // `out` has its bank.
  Replayer(LogReplay& out, std::string_view register_name)
      : out_(out), register_name_(register_name), error_digest_(crypto::digest(out.bank, kError)) {}

  Result<> count() {
    if (++out_.events > LogReplay::kMaxEvents) return Error(Errc::kTooLarge, "the event log has above 65,536 events");
    return {};
  }

  void extend(unsigned index, const Event& event) {
    look_at_data(event, index);
    const auto [at, fresh] = out_.registers.try_emplace(index);
    if (fresh) at->second = start(index);
    at->second = crypto::digest(out_.bank, {at->second.view(), event.digest});
  }

  // One event that extends nothing says from which locality the TPM was started, which is the last byte that PCR 0
  // begins with (§10.4.5.3; 4 after an H-CRTM).
  Result<> look_for_locality(ByteView data) {
    constexpr std::string_view kName("StartupLocality", 16);
    if (!as_chars(data).starts_with(kName)) return {};
    if (data.size() != kName.size() + 1) return malformed("a startup locality is one byte");
    const auto locality = std::to_integer<unsigned>(data.back());
    if (locality != 0 && locality != 3 && locality != 4) return malformed("a startup locality that is not 0, 3 or 4");
    if (locality_) return malformed("the startup locality stands twice");
    if (out_.registers.contains(0)) return malformed("the startup locality comes after PCR 0 was extended");
    locality_ = locality;
    return {};
  }

 private:
  crypto::Digest start(unsigned index) const {
    std::array<std::byte, 64> zeros{};
    crypto::Digest out(ByteView(zeros).first(crypto::digest_size(out_.bank)));
    if (index == 0 && locality_) out.mutable_view().back() = static_cast<std::byte>(*locality_);
    return out;
  }

  void look_at_data(const Event& event, unsigned index) {
    const auto where = [&] { return std::string(register_name_) + " " + std::to_string(index); };
    const auto is_digest_of = [&](ByteView data) {
      return std::ranges::equal(crypto::digest(out_.bank, data).view(), event.digest);
    };
    if (event.type == kSeparator) {
      if (++separators_[index] == 2) out_.flags.push_back(where() + " has more than one separator");
      // After an error the digest is that of the number 1, and the data says what went wrong (§10.4.1).
      if (std::ranges::equal(error_digest_.view(), event.digest)) {
        out_.flags.push_back(where() + " has a separator that tells of an error");
      } else if (!is_digest_of_separator(event)) {
        contradict(where() + ": a separator whose digest is not that of its data");
      }
    } else if (event.type == kEventTag && index == LogReplay::kBundleRegister && is_digest_of(event.data)) {
      look_at_tagged(event.data);
    } else if (is_digest_of_data(event.type) && !is_digest_of(event.data)) {
      contradict(where() + ": an action or version whose digest is not that of its data");
    }
  }

  // Most separators of a log have the same data.
  bool is_digest_of_separator(const Event& event) {
    if (!separator_ || !std::ranges::equal(separator_->data, event.data)) {
      separator_ = Separator{event.data, crypto::digest(out_.bank, event.data)};
    }
    return std::ranges::equal(separator_->digest.view(), event.digest);
  }

  // TCG_PCClientTaggedEvent (§10.4.2.1).
  void look_at_tagged(ByteView data) {
    WireReader in(data);
    const auto tag = in.le<std::uint32_t>();
    const ByteView inside = in.bytes(in.le<std::uint32_t>());
    if (!in.finished() || tag != kRedoubtTag || !as_chars(inside).starts_with(kBundle)) return;
    out_.bundle = to_bytes(inside.subspan(kBundle.size()));
  }

  void contradict(std::string what) {
    if (out_.contradictions.size() < kMaxContradictions) out_.contradictions.push_back(std::move(what));
  }

  LogReplay& out_;
  const std::string_view register_name_;
  const crypto::Digest error_digest_;  // what a separator has after an error
  struct Separator {
    ByteView data;  // of the log
    crypto::Digest digest;
  };
  std::optional<Separator> separator_;  // that came last
  std::optional<unsigned> locality_;
  std::array<std::size_t, LogReplay::kRegisters> separators_{};
};

bool is_padding(ByteView rest) {
  return (rest[0] == std::byte{0} || rest[0] == std::byte{0xff}) &&
         std::ranges::all_of(rest, [&](std::byte each) { return each == rest[0]; });
}

}  // namespace

Result<LogReplay> replay_tcg_log(ByteView log, std::optional<HashAlgorithm> bank) {
  auto reader = LogReader::open(log);
  if (!reader) return reader.error();
  LogReplay out;
  out.bank = bank ? *bank : reader->best();
  if (!reader->choose(out.bank)) {
    return Error(Errc::kNotFound, "the event log has no digests in " + std::string(to_string(out.bank)));
  }
  Replayer replayer(out, "PCR");
  while (!reader->rest().empty()) {
    const auto event = reader->next();
    if (!event) return event.error();
    if (auto counted = replayer.count(); !counted) return counted.error();
    // It extends nothing, whatever register it names.
    if (event->type == kNoAction) {
      if (auto done = replayer.look_for_locality(event->data); !done) return done.error();
      continue;
    }
    if (event->index >= LogReplay::kRegisters) return malformed("an event of a PCR above 23");
    replayer.extend(event->index, *event);
  }
  return out;
}

Result<LogReplay> replay_cc_log(ByteView log) {
  auto reader = LogReader::open(log);
  if (!reader) return reader.error();
  if (!reader->agile()) return malformed("it does not begin with the event that names its digests");
  LogReplay out;
  out.bank = HashAlgorithm::kSha384;
  if (!reader->choose(out.bank)) return Error(Errc::kNotFound, "the event log has no digests in sha384");
  constexpr std::array<std::byte, 48> kZeros{};
  for (unsigned i = 0; i < LogReplay::kRtmrs; ++i) out.registers.emplace(i, crypto::Digest(kZeros));
  Replayer replayer(out, "RTMR");
  while (!reader->rest().empty() && !is_padding(reader->rest())) {
    const auto event = reader->next();
    if (!event) return event.error();
    if (auto counted = replayer.count(); !counted) return counted.error();
    if (event->type == kNoAction) continue;
    // Index 0 is MRTD, which the module measures and nobody extends.
    if (event->index == 0 || event->index > LogReplay::kRtmrs) return malformed("an event of no RTMR");
    replayer.extend(event->index - 1, *event);
  }
  return out;
}

void note_log(Examination& examination, const LogReplay& replay) {
  ClaimList flags;
  for (const std::string& each : replay.flags) flags.emplace_back(each);
  examination.claims().emplace_back("event_log_flags", std::move(flags));
  if (replay.contradictions.empty()) {
    examination.pass(Reason::kEventLog, "the event log does not contradict itself");
  }
  for (const std::string& each : replay.contradictions) examination.fail(Reason::kEventLog, each);
}

}  // namespace redoubt::attest
