// The connection to a TPM, and owners for what tpm2-tss hands out: memory, and places in the TPM.
#pragma once

#include <tss2/tss2_esys.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "base/result.h"
#include "tpm/internal/transport.h"
#include "tpm/tpm.h"

namespace redoubt::tpm::internal {

struct EsysFree {
  void operator()(void* memory) const { Esys_Free(memory); }
};
template <class T>
using Owned = std::unique_ptr<T, EsysFree>;

// For an argument through which tpm2-tss hands out memory: `out(owned)` is good for one call.
template <class T>
class OutArgument {
 public:
  explicit OutArgument(Owned<T>& to) : to_(to) {}
  OutArgument(const OutArgument&) = delete;
  OutArgument& operator=(const OutArgument&) = delete;
  ~OutArgument() { to_.reset(raw_); }
  operator T**() { return &raw_; }  // NOLINT(google-explicit-constructor): that is its purpose

 private:
  Owned<T>& to_;
  T* raw_ = nullptr;
};
template <class T>
OutArgument<T> out(Owned<T>& to) {
  return OutArgument<T>(to);
}

// The number of a TPM's response without which parameter or session it is of (Part 2 §6.6.2); what is no response of a
// TPM's is itself.
TSS2_RC plain_code(TSS2_RC code);

class Device {
 public:
  explicit Device(std::unique_ptr<Transport> transport) : transport_(std::move(transport)) {}
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;
  ~Device();

  Result<> start();
  ESYS_CONTEXT* esys() const { return esys_; }
  bool is_socket() const { return transport_->is_socket(); }

  // What went wrong with what was tried: `tried` completes "the TPM did not …".
  Error error(TSS2_RC code, std::string_view tried);
  Result<> check(TSS2_RC code, std::string_view tried) {
    return code == TSS2_RC_SUCCESS ? Result<>() : Result<>(error(code, tried));
  }

 private:
  std::unique_ptr<Transport> transport_;
  ESYS_CONTEXT* esys_ = nullptr;
  bool told_ = false;  // why the transport is broken
};

// A place in the TPM (an object or session that was loaded), flushed at the end; or what tpm2-tss remembers of an NV
// index, forgotten then. Movable.
class Place {
 public:
  enum class Kind : std::uint8_t { kTransient, kNv };

  Place() = default;
  Place(Device& device, ESYS_TR handle, Kind kind = Kind::kTransient)
      : device_(&device), handle_(handle), kind_(kind) {}
  Place(Place&& other) noexcept
      : device_(other.device_), handle_(std::exchange(other.handle_, ESYS_TR_NONE)), kind_(other.kind_) {}
  Place& operator=(Place&& other) noexcept {
    std::swap(device_, other.device_);
    std::swap(handle_, other.handle_);
    std::swap(kind_, other.kind_);
    return *this;
  }
  ~Place() { release(); }

  ESYS_TR get() const { return handle_; }
  void release();
  // tpm2-tss has forgotten it already.
  void disown() { handle_ = ESYS_TR_NONE; }

 private:
  Device* device_ = nullptr;
  ESYS_TR handle_ = ESYS_TR_NONE;
  Kind kind_ = Kind::kTransient;
};

// A session, with AES-128-CFB for the parameters that `attributes` (TPMA_SESSION_DECRYPT of a command's, _ENCRYPT of a
// response's) says; salted to `salt_key`, when there is one. It stays until it is released.
Result<Place> start_session(Device& device, TPM2_SE type, ESYS_TR salt_key, TPMA_SESSION attributes);
Result<> set_attributes(Device& device, const Place& session, TPMA_SESSION attributes);

}  // namespace redoubt::tpm::internal

namespace redoubt::tpm {

struct TpmAccess {
  static internal::Device& of(Tpm& tpm);
};

}  // namespace redoubt::tpm
