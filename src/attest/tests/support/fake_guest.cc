#include "attest/tests/support/fake_guest.h"

#include <linux/sev-guest.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <cerrno>

#include "attest/tests/support/wire.h"
#include "encoding/base64.h"
#include "encoding/cbor_reader.h"
#include "encoding/cbor_writer.h"

namespace redoubt::attest {

namespace {

constexpr std::string_view kTsm = "/sys/kernel/config/tsm/report";
constexpr std::size_t kReportDataSize = 64;

Error refused(int error) {
  return errno_error("the fake", error);
}

Bytes line(const std::string& text) {
  return to_bytes(as_bytes(text + "\n"));
}

template <class T>
T* at(std::uint64_t address) {
  return reinterpret_cast<T*>(address);
}

}  // namespace

bool FakeGuest::exists(const std::string& path) {
  return (path == kTsm && !tsm_provider.empty()) || requests_.contains(path) ||
         (path == "/dev/sev-guest" && has_sev_guest) || (path == "/dev/nsm" && has_nsm) ||
         (path == "/dev/attestation/attestation_type" && !gramine_type.empty());
}

Result<Bytes> FakeGuest::read(const std::string& path, std::size_t limit) {
  Result<Bytes> out = refused(ENOENT);
  const std::size_t slash = path.rfind('/');
  const auto request = requests_.find(path.substr(0, slash));
  if (request != requests_.end()) {
    out = read_request(request->second, path.substr(slash + 1));
  } else if (path == "/dev/attestation/attestation_type" && !gramine_type.empty()) {
    out = to_bytes(as_bytes(gramine_type));
  } else if (path == "/dev/attestation/quote" && !gramine_report_data_.empty()) {
    out = machine(gramine_report_data_);
  }
  if (out && out->size() > limit) return Error(Errc::kTooLarge, "the fake");
  return out;
}

Result<Bytes> FakeGuest::read_request(const Request& request, std::string_view attribute) const {
  if (attribute == "provider") return line(tsm_provider);
  if (attribute == "generation") return line(std::to_string(request.generation));
  if (attribute == "privlevel_floor" && tsm_provider == "sev_guest") return line(std::to_string(privlevel_floor));
  const bool is_asked = request.inblob.size() == kReportDataSize && request.privlevel >= privlevel_floor;
  if (attribute == "outblob") return is_asked ? Result<Bytes>(machine(request.inblob)) : refused(EINVAL);
  if (attribute == "auxblob" && tsm_provider == "sev_guest") {
    return is_asked ? Result<Bytes>(certificates) : refused(EINVAL);
  }
  return refused(ENOENT);
}

Result<> FakeGuest::write(const std::string& path, ByteView bytes) {
  const std::size_t slash = path.rfind('/');
  const auto request = requests_.find(path.substr(0, slash));
  if (request != requests_.end()) {
    const std::string attribute = path.substr(slash + 1);
    if (attribute == "inblob") {
      request->second.inblob = to_bytes(bytes);
    } else if (attribute == "privlevel" && tsm_provider == "sev_guest" && bytes.size() == 1) {
      request->second.privlevel = std::to_integer<unsigned>(bytes[0]) - '0';
    } else {
      return refused(EINVAL);
    }
    request->second.generation += somebody_writes ? 2 : 1;
    return {};
  }
  if (path == "/dev/attestation/user_report_data" && bytes.size() == kReportDataSize) {
    gramine_report_data_ = to_bytes(bytes);
    return {};
  }
  return refused(EINVAL);
}

Result<> FakeGuest::make_directory(const std::string& path) {
  if (tsm_provider.empty() || !path.starts_with(std::string(kTsm) + "/")) return refused(EPERM);
  if (!requests_.try_emplace(path).second) return refused(EEXIST);
  ++made_;
  return {};
}

Result<> FakeGuest::remove_directory(const std::string& path) {
  return requests_.erase(path) == 1 ? Result<>() : refused(ENOENT);
}

Result<> FakeGuest::control(const std::string& path, unsigned long request, void* argument) {
  if (path == "/dev/sev-guest" && has_sev_guest && request == SNP_GET_EXT_REPORT) return sev_guest(argument);
  if (path == "/dev/nsm" && has_nsm && request == _IOC(_IOC_READ | _IOC_WRITE, 0x0a, 0, 32)) return nsm(argument);
  return refused(ENOTTY);
}

Result<> FakeGuest::sev_guest(void* argument) {
  auto& message = *static_cast<snp_guest_request_ioctl*>(argument);
  const auto& request = *at<snp_ext_report_req>(message.req_data);
  auto& response = *at<snp_report_resp>(message.resp_data);
  if (message.msg_version == 0 || request.certs_len % 4096 != 0 || request.certs_len > 16384) return refused(EINVAL);
  if (is_busy) {
    message.vmm_error = SNP_GUEST_VMM_ERR_BUSY;
    return refused(EIO);
  }
  if (certificates.size() > request.certs_len) {
    message.vmm_error = SNP_GUEST_VMM_ERR_INVALID_LEN;
    return refused(EIO);
  }
  std::ranges::copy(certificates, at<std::byte>(request.certs_address));
  const ByteView report_data(reinterpret_cast<const std::byte*>(request.data.user_data), kReportDataSize);
  testing::Wire wire;
  wire.le<std::uint32_t>(0).le<std::uint32_t>(SnpReport::kSize).zeros(24).raw(machine(report_data));
  std::ranges::copy(wire.bytes, reinterpret_cast<std::byte*>(response.data));
  return {};
}

Result<> FakeGuest::nsm(void* argument) {
  auto* const words = static_cast<std::uint64_t*>(argument);  // request: address, size; response: address, size
  const auto request = encoding::CborDocument::read({at<std::byte>(words[0]), words[1]}, encoding::CborForm::kStreamed);
  if (!request) return refused(EINVAL);
  const auto asked = request->root().map().find("Attestation").map();
  Bytes response;
  encoding::CborWriter cbor(response);
  cbor.begin_map();
  if (!nsm_error.empty() || asked.size() != 3 || !asked.find("user_data").is_null()) {
    cbor.text("Error");
    cbor.text(nsm_error.empty() ? "InvalidArgument" : nsm_error);
  } else {
    cbor.text("Attestation");
    cbor.begin_map();
    cbor.text("document");
    cbor.bytes(machine(*asked.find("nonce").bytes()));
    cbor.end_map();
  }
  cbor.end_map();
  if (response.size() > words[3]) return refused(EMSGSIZE);
  std::ranges::copy(response, at<std::byte>(words[2]));
  words[3] = response.size();
  return {};
}

FakeGuest::Machine snp_machine(const SnpWorld& world) {
  return [&world](ByteView report_data) {
    Bytes out = world.report;
    std::ranges::copy(report_data, out.begin() + 0x50);
    const Bytes signature =
        raw_signature(world.vek.sign(crypto::HashAlgorithm::kSha384, ByteView(out).first(SnpReport::kSignedSize)), 48);
    const auto to = out.begin() + SnpReport::kSignedSize;
    std::ranges::reverse_copy(ByteView(signature).first(48), to);
    std::ranges::reverse_copy(ByteView(signature).subspan(48), to + 72);
    return out;
  };
}

Bytes certificate_table(const std::vector<std::pair<std::string, Bytes>>& files) {
  testing::Wire out;
  std::size_t offset = (files.size() + 1) * 24;
  for (const auto& [guid, bytes] : files) {
    out.raw(*encoding::hex_decode(guid)).le(static_cast<std::uint32_t>(offset));
    out.le(static_cast<std::uint32_t>(bytes.size()));
    offset += bytes.size();
  }
  out.zeros(24);
  for (const auto& each : files) out.raw(each.second);
  return out.bytes;
}

}  // namespace redoubt::attest
