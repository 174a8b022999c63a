// SEV-SNP through /dev/sev-guest. Standard: Linux, Documentation/virt/coco/sev-guest.rst and <linux/sev-guest.h>; the
// response is MSG_REPORT_RSP (AMD 56860, §7.3): status, size, 24 reserved bytes, the report.
#include <linux/sev-guest.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include "attest/internal/producers.h"
#include "attest/internal/wire_reader.h"
#include "attest/sev_snp_report.h"
#include "attest/snp_certificate_table.h"

namespace redoubt::attest {

namespace {

constexpr const char* kDevice = "/dev/sev-guest";
constexpr std::size_t kCertificateBytes = 16 * 1024;  // the most that the driver takes

std::uint64_t address_of(void* pointer) {
  return reinterpret_cast<std::uint64_t>(pointer);
}

class SevGuestProducer final : public Producer {
 public:
  SevGuestProducer(GuestInterface& guest, std::vector<Endorsement> endorsements)
      : guest_(guest), endorsements_(std::move(endorsements)) {}

  Kind kind() const override { return Kind::kSevSnp; }
  Measurer measurer() const override { return Measurer::kPlatform; }
  Tier highest_tier() const override { return Tier::kCpuTee; }
  std::string_view interface() const override { return kDevice; }

  Result<ProducedEvidence> produce(ByteView nonce) override {
    const auto report_data = pad_nonce(nonce);
    if (!report_data) return report_data.error();
    Bytes certificates(kCertificateBytes);
    snp_ext_report_req request{};
    std::ranges::copy(as_uchars(*report_data), as_uchars(*report_data) + report_data->size(), request.data.user_data);
    request.certs_address = address_of(certificates.data());
    request.certs_len = static_cast<std::uint32_t>(certificates.size());
    snp_report_resp response{};
    snp_guest_request_ioctl message{};
    message.msg_version = 1;
    message.req_data = address_of(&request);
    message.resp_data = address_of(&response);
    if (auto asked = guest_.control(kDevice, SNP_GET_EXT_REPORT, &message); !asked) {
      if (message.vmm_error == SNP_GUEST_VMM_ERR_BUSY) return Error(Errc::kConflict, "the host asks to wait");
      return asked.error();
    }
    WireReader reader({reinterpret_cast<const std::byte*>(response.data), sizeof response.data});
    const auto status = reader.le<std::uint32_t>();
    const auto size = reader.le<std::uint32_t>();
    reader.bytes(24);
    const ByteView report = reader.bytes(SnpReport::kSize);
    if (status != 0) return Error(Errc::kUnavailable, "the firmware answers status " + std::to_string(status));
    if (size != SnpReport::kSize) return Error(Errc::kMalformed, "the firmware's report has another size");
    auto evidence = snp_evidence(report, is_there(certificates) ? ByteView(certificates) : ByteView());
    if (!evidence) return evidence;
    if (parse_snp_report(report)->report_data != *report_data) {
      return Error(Errc::kVerifyFailed, "the machine's report carries another nonce");
    }
    add_endorsements(*evidence, endorsements_);
    if (!evidence->inputs().has(Role::kVek)) {
      return Error(Errc::kUnavailable, "the host gives no certificate of the key that signs reports: give it by hand");
    }
    return evidence;
  }

 private:
  // A host without certificates leaves the memory as it was.
  static bool is_there(ByteView table) {
    return std::ranges::any_of(table, [](std::byte each) { return each != std::byte{0}; });
  }

  GuestInterface& guest_;
  const std::vector<Endorsement> endorsements_;
};

}  // namespace

std::unique_ptr<Producer> make_sev_guest_producer(GuestInterface& guest, const ProducerOptions& options) {
  if (!guest.exists(kDevice)) return nullptr;
  return std::make_unique<SevGuestProducer>(guest, options.endorsements);
}

}  // namespace redoubt::attest
