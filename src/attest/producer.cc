#include "attest/producer.h"

#include <algorithm>
#include <functional>
#include <utility>
#include <variant>

#include "attest/intel_quote.h"
#include "attest/internal/producers.h"

namespace redoubt::attest {

std::string_view to_string(Measurer measurer) {
  return measurer == Measurer::kPlatform ? "platform" : "self";
}

Inputs ProducedEvidence::inputs() const {
  Inputs out;
  for (const File& each : files) out.set(each.role, each.bytes);
  return out;
}

Result<ReportDataBytes> pad_nonce(ByteView nonce) {
  ReportDataBytes out{};
  if (nonce.empty() || nonce.size() > out.size()) {
    return Error(Errc::kInvalidArgument, "a nonce has 1 to 64 bytes");
  }
  std::ranges::copy(nonce, out.begin());
  return out;
}

void add_endorsements(ProducedEvidence& evidence, std::span<const Endorsement> endorsements) {
  for (const Endorsement& each : endorsements) {
    const bool is_there = std::ranges::any_of(evidence.files, [&](const auto& file) { return file.role == each.role; });
    if (each.kind == evidence.kind && each.role != Role::kRoot && !is_there) {
      evidence.files.push_back({each.role, each.bytes});
    }
  }
}

Result<ProducedEvidence> quote_evidence(Kind kind, Bytes quote, const ReportDataBytes& report_data) {
  std::size_t size = 0;
  {
    const auto read = parse_intel_quote(quote);
    if (!read) return read.error().in("the machine's quote");
    if ((read->tee == IntelTee::kTdx) != (kind == Kind::kTdx)) {
      return Error(Errc::kMalformed, "the machine's quote is of another kind of environment");
    }
    const bool carries =
        std::visit([&](const auto& report) { return report.report_data == report_data; }, read->report);
    if (!carries) return Error(Errc::kVerifyFailed, "the machine's quote carries another nonce");
    size = read->size;
  }
  quote.resize(size);
  ProducedEvidence out{.kind = kind, .files = {}};
  out.files.push_back({Role::kQuote, std::move(quote)});
  return out;
}

std::vector<std::unique_ptr<Producer>> find_producers(GuestInterface& guest, const ProducerOptions& options) {
  std::vector<std::unique_ptr<Producer>> out;
  for (const auto make : {make_tsm_producer, make_sev_guest_producer, make_nsm_producer, make_gramine_producer}) {
    if (auto producer = make(guest, options)) out.push_back(std::move(producer));
  }
  std::ranges::stable_sort(out, std::greater<>(), [](const auto& each) { return each->highest_tier(); });
  return out;
}

}  // namespace redoubt::attest
