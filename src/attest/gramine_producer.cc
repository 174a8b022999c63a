// SGX under Gramine. Standard: Gramine, "Attestation and Secret Provisioning", low-level interface: pseudo-files that
// belong to the process, so that writing the report data and reading the quote are two steps of one request.
#include <algorithm>
#include <string>
#include <utility>

#include "attest/internal/producers.h"

namespace redoubt::attest {

namespace {

constexpr const char* kType = "/dev/attestation/attestation_type";
constexpr const char* kReportData = "/dev/attestation/user_report_data";
constexpr const char* kQuote = "/dev/attestation/quote";
constexpr std::size_t kMaxQuote = 64 * 1024;

class GramineProducer final : public Producer {
 public:
  GramineProducer(GuestInterface& guest, std::vector<Endorsement> endorsements)
      : guest_(guest), endorsements_(std::move(endorsements)) {}

  Kind kind() const override { return Kind::kSgx; }
  Measurer measurer() const override { return Measurer::kPlatform; }
  Tier highest_tier() const override { return Tier::kCpuTee; }
  std::string_view interface() const override { return "/dev/attestation"; }

  Result<ProducedEvidence> produce(ByteView nonce) override {
    const auto report_data = pad_nonce(nonce);
    if (!report_data) return report_data.error();
    if (auto written = guest_.write(kReportData, *report_data); !written) return written.error();
    auto quote = guest_.read(kQuote, kMaxQuote);
    if (!quote) return quote.error();
    auto out = quote_evidence(Kind::kSgx, *std::move(quote), *report_data);
    if (out) add_endorsements(*out, endorsements_);
    return out;
  }

 private:
  GuestInterface& guest_;
  const std::vector<Endorsement> endorsements_;
};

}  // namespace

std::unique_ptr<Producer> make_gramine_producer(GuestInterface& guest, const ProducerOptions& options) {
  if (!guest.exists(kType)) return nullptr;
  // Others are `none` and `epid`, which Intel ended.
  const auto type = guest.read(kType, 64);
  if (!type || (as_chars(*type) != "dcap" && as_chars(*type) != "dcap\n")) return nullptr;
  return std::make_unique<GramineProducer>(guest, options.endorsements);
}

}  // namespace redoubt::attest
