#include "tpm/tpm.h"

#include <algorithm>

#include "tpm/internal/device.h"
#include "tpm/internal/nv_public.h"

namespace redoubt::tpm {

namespace {

using internal::Device;
using internal::out;
using internal::Owned;

// The text of a property: four characters in a number, padded with zeros or spaces.
void append_text(std::string& text, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) {
    const auto character = static_cast<char>((value >> shift) & 0xffU);
    if (character >= ' ' && character <= '~') text.push_back(character);
  }
}
void trim(std::string& text) {
  text.erase(std::find_if(text.rbegin(), text.rend(), [](char c) { return c != ' '; }).base(), text.end());
}

Result<TpmIdentity> read_identity(Device& device) {
  TpmIdentity identity;
  identity.is_emulated = device.is_socket();
  Owned<TPMS_CAPABILITY_DATA> data;
  TPMI_YES_NO more = TPM2_NO;
  constexpr std::uint32_t kCount = TPM2_PT_FIRMWARE_VERSION_2 - TPM2_PT_MANUFACTURER + 1;
  const auto read =
      device.check(Esys_GetCapability(device.esys(), ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, TPM2_CAP_TPM_PROPERTIES,
                                      TPM2_PT_MANUFACTURER, kCount, &more, out(data)),
                   "say what it is");
  if (!read) return read.error();
  const auto& list = data->data.tpmProperties;
  for (const TPMS_TAGGED_PROPERTY& each :
       std::span(list.tpmProperty).first(std::min<std::size_t>(list.count, kCount))) {
    switch (each.property) {
      case TPM2_PT_MANUFACTURER:
        append_text(identity.manufacturer, each.value);
        break;
      case TPM2_PT_VENDOR_STRING_1:
      case TPM2_PT_VENDOR_STRING_2:
      case TPM2_PT_VENDOR_STRING_3:
      case TPM2_PT_VENDOR_STRING_4:
        append_text(identity.vendor, each.value);
        break;
      case TPM2_PT_FIRMWARE_VERSION_1:
        identity.firmware_version |= std::uint64_t{each.value} << 32;
        break;
      case TPM2_PT_FIRMWARE_VERSION_2:
        identity.firmware_version |= each.value;
        break;
      default:
        break;
    }
  }
  trim(identity.manufacturer);
  trim(identity.vendor);
  const auto ec = internal::nv_exists(device, internal::kEcCertificate);
  if (!ec) return ec.error();
  const auto rsa = internal::nv_exists(device, internal::kRsaCertificate);
  if (!rsa) return rsa.error();
  identity.has_ec_certificate = *ec;
  identity.has_rsa_certificate = *rsa;
  return identity;
}

}  // namespace

struct Tpm::Impl {
  explicit Impl(std::unique_ptr<internal::Transport> transport) : device(std::move(transport)) {}
  Device device;
  TpmIdentity identity;
};

internal::Device& TpmAccess::of(Tpm& tpm) {
  return tpm.impl_->device;
}

Tpm::Tpm(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Tpm::Tpm(Tpm&&) noexcept = default;
Tpm& Tpm::operator=(Tpm&&) noexcept = default;
Tpm::~Tpm() = default;

Result<Tpm> Tpm::open(std::string_view where, const Options& options) {
  auto transport = internal::Transport::open(where, options.command_timeout);
  if (!transport) return transport.error();
  auto impl = std::make_unique<Impl>(*std::move(transport));
  if (auto started = impl->device.start(); !started) return started.error();
  auto identity = read_identity(impl->device);
  if (!identity) return identity.error().in("`" + std::string(where) + "`");
  impl->identity = *std::move(identity);
  return Tpm(std::move(impl));
}

const TpmIdentity& Tpm::identity() const {
  return impl_->identity;
}

}  // namespace redoubt::tpm
