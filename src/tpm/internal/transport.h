// The way to a TPM: commands and responses as bytes, over a device or a Unix socket, with a deadline for each. It is
// given to tpm2-tss as a TCTI (TCG TSS 2.0 TPM Command Transmission Interface 1.0 §3): those that come with tpm2-tss
// wait for ever for an answer, and are loaded at run time.
#pragma once

#include <tss2/tss2_tcti.h>

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace redoubt::tpm::internal {

class Transport {
 public:
  static constexpr std::size_t kMaxResponse = 4096;  // as the kernel's driver has it

  static Result<std::unique_ptr<Transport>> open(std::string_view where, std::chrono::milliseconds timeout);
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  TSS2_TCTI_CONTEXT* tcti() { return reinterpret_cast<TSS2_TCTI_CONTEXT*>(&tcti_); }
  bool is_socket() const { return is_socket_; }
  // Why nothing goes through any more: an answer that did not come may still come, and would be taken for another's.
  const std::optional<Error>& broken() const { return broken_; }

 private:
  // What tpm2-tss holds. INVARIANT: `common` comes first, so that one pointer is of both.
  struct Tcti {
    TSS2_TCTI_CONTEXT_COMMON_V1 common;
    Transport* self;
  };

  Transport(UniqueFd fd, bool is_socket, std::chrono::milliseconds timeout);

  TSS2_RC send(ByteView command);
  TSS2_RC receive(std::size_t* size, std::uint8_t* response);
  bool wait_for(short events, std::chrono::steady_clock::time_point until);
  TSS2_RC fail(Errc code, std::string message);

  Tcti tcti_;
  UniqueFd fd_;
  bool is_socket_;
  std::chrono::milliseconds timeout_;
  std::array<std::byte, kMaxResponse> response_;
  std::size_t received_ = 0;
  std::optional<Error> broken_;
};

}  // namespace redoubt::tpm::internal
