// SEV-SNP and TDX through configfs-tsm. Standard: Linux, Documentation/ABI/testing/configfs-tsm (since 6.7): a folder
// made in `report` is one request, with attributes of its own.
#include <array>
#include <charconv>
#include <cstdint>
#include <string>
#include <utility>

#include "attest/internal/producers.h"
#include "attest/sev_snp_report.h"
#include "attest/snp_certificate_table.h"
#include "crypto/secret.h"
#include "encoding/base64.h"

namespace redoubt::attest {

namespace {

constexpr std::size_t kMaxText = 64;
constexpr std::size_t kMaxBlob = 256 * 1024;

// Where requests are: one that is there already, or a folder to make them in.
struct TsmPlace {
  std::string folder;
  std::string request;
};

// One request. One that was made here is gone with the object.
class TsmEntry {
 public:
  static Result<TsmEntry> make(GuestInterface& guest, const TsmPlace& place) {
    if (!place.request.empty()) return TsmEntry(guest, place.request, false);
    std::array<std::byte, 8> name;
    crypto::random_bytes(name);
    std::string path = place.folder + "/redoubt-" + encoding::hex(name);
    if (auto made = guest.make_directory(path); !made) return made.error();
    return TsmEntry(guest, std::move(path), true);
  }
  TsmEntry(TsmEntry&& other) noexcept
      : guest_(other.guest_), path_(std::move(other.path_)), is_ours_(std::exchange(other.is_ours_, false)) {}
  TsmEntry& operator=(TsmEntry&&) = delete;
  ~TsmEntry() {
    // What cannot be removed now goes with the machine; nobody reads it.
    if (is_ours_) static_cast<void>(guest_.remove_directory(path_));
  }

  Result<> write(std::string_view attribute, ByteView bytes) { return guest_.write(at(attribute), bytes); }
  Result<Bytes> read(std::string_view attribute) { return guest_.read(at(attribute), kMaxBlob); }
  // An attribute of one line.
  Result<std::string> text(std::string_view attribute) {
    const auto bytes = guest_.read(at(attribute), kMaxText);
    if (!bytes) return bytes.error();
    std::string line(as_chars(*bytes));
    if (line.ends_with('\n')) line.pop_back();
    return line;
  }
  // An attribute of one number.
  Result<std::uint64_t> number(std::string_view attribute) {
    const auto line = text(attribute);
    if (!line) return line.error();
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(line->data(), line->data() + line->size(), number);
    if (error != std::errc() || end != line->data() + line->size()) {
      return Error(Errc::kMalformed, "`" + std::string(attribute) + "` is no number");
    }
    return number;
  }

 private:
  TsmEntry(GuestInterface& guest, std::string path, bool is_ours)
      : guest_(guest), path_(std::move(path)), is_ours_(is_ours) {}
  std::string at(std::string_view attribute) const { return path_ + "/" + std::string(attribute); }

  GuestInterface& guest_;
  std::string path_;
  bool is_ours_;
};

class TsmProducer final : public Producer {
 public:
  TsmProducer(GuestInterface& guest, Kind kind, TsmPlace place, std::vector<Endorsement> endorsements)
      : guest_(guest), kind_(kind), place_(std::move(place)), endorsements_(std::move(endorsements)) {}

  Kind kind() const override { return kind_; }
  Measurer measurer() const override { return Measurer::kPlatform; }
  Tier highest_tier() const override { return Tier::kCpuTee; }
  std::string_view interface() const override { return "configfs-tsm"; }

  Result<ProducedEvidence> produce(ByteView nonce) override {
    const auto report_data = pad_nonce(nonce);
    if (!report_data) return report_data.error();
    auto evidence = ask(*report_data);
    if (!evidence) return evidence.error().in("configfs-tsm");
    add_endorsements(*evidence, endorsements_);
    if (kind_ == Kind::kSevSnp && !evidence->inputs().has(Role::kVek)) {
      return Error(Errc::kUnavailable, "the host gives no certificate of the key that signs reports: give it by hand");
    }
    return evidence;
  }

 private:
  Result<ProducedEvidence> ask(const ReportDataBytes& report_data) {
    auto entry = TsmEntry::make(guest_, place_);
    if (!entry) return entry.error();
    const auto before = entry->number("generation");  // how often something was written to the request
    if (!before) return before.error();
    const auto level_writes = write_privilege_level(*entry);
    if (!level_writes) return level_writes.error();
    if (auto written = entry->write("inblob", report_data); !written) return written.error();
    auto out = entry->read("outblob");
    if (!out) return out.error();
    Bytes certificates;
    if (kind_ == Kind::kSevSnp) {
      auto aux = entry->read("auxblob");
      if (!aux && aux.error().code() != Errc::kNotFound) return aux.error();
      if (aux) certificates = *std::move(aux);
    }
    // All writes were ours: what was read answers them.
    const auto after = entry->number("generation");
    if (!after) return after.error();
    if (*after != *before + 1 + *level_writes) return Error(Errc::kConflict, "somebody else wrote to the request");
    if (kind_ == Kind::kTdx) return quote_evidence(kind_, *std::move(out), report_data);
    auto evidence = snp_evidence(*out, certificates);
    if (evidence && parse_snp_report(*out)->report_data != report_data) {
      return Error(Errc::kVerifyFailed, "the machine's report carries another nonce");
    }
    return evidence;
  }

  // A guest below others (an SVSM, a paravisor) has reports of its own privilege level (VMPL) and those beneath, and
  // none of the level that a request has at first. How many writes that took.
  Result<std::uint64_t> write_privilege_level(TsmEntry& entry) {
    if (kind_ != Kind::kSevSnp) return std::uint64_t{0};
    const auto floor = entry.number("privlevel_floor");
    if (!floor) return floor.error().code() == Errc::kNotFound ? Result<std::uint64_t>(0) : floor.error();
    if (*floor == 0) return std::uint64_t{0};
    const std::string level = std::to_string(*floor);
    if (auto written = entry.write("privlevel", as_bytes(level)); !written) return written.error();
    return std::uint64_t{1};
  }

  GuestInterface& guest_;
  const Kind kind_;
  const TsmPlace place_;
  const std::vector<Endorsement> endorsements_;
};

}  // namespace

std::unique_ptr<Producer> make_tsm_producer(GuestInterface& guest, const ProducerOptions& options) {
  TsmPlace place{.folder = options.tsm_folder, .request = options.tsm_request};
  if (!guest.exists(place.request.empty() ? place.folder : place.request)) return nullptr;
  std::string provider;
  {
    auto entry = TsmEntry::make(guest, place);
    if (!entry) return nullptr;
    auto text = entry->text("provider");
    if (!text) return nullptr;
    provider = *std::move(text);
  }
  const bool is_snp = provider == "sev_guest";
  if (!is_snp && provider != "tdx_guest") return nullptr;
  return std::make_unique<TsmProducer>(guest, is_snp ? Kind::kSevSnp : Kind::kTdx, std::move(place),
                                       options.endorsements);
}

}  // namespace redoubt::attest
