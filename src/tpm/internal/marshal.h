// A TPM's structures to and from bytes, by tpm2-tss. What is read must be the whole of the bytes.
#pragma once

#include <tss2/tss2_mu.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/check.h"
#include "base/result.h"

namespace redoubt::tpm::internal {

// Precondition: `value` is one that a TPM made, or of ours, so that it has a form in bytes.
template <class T>
Bytes marshal(TSS2_RC (*marshaller)(const T*, std::uint8_t*, std::size_t, std::size_t*), const T& value) {
  std::array<std::uint8_t, 4096> buffer;
  std::size_t size = 0;
  REDOUBT_CHECK(marshaller(&value, buffer.data(), buffer.size(), &size) == TSS2_RC_SUCCESS);
  return to_bytes(std::as_bytes(std::span(buffer)).first(size));
}

// kMalformed, with `what` it is not.
template <class T>
Result<T> unmarshal(TSS2_RC (*unmarshaller)(const std::uint8_t*, std::size_t, std::size_t*, T*), ByteView bytes,
                    std::string_view what) {
  T value{};
  std::size_t size = 0;
  if (unmarshaller(as_uchars(bytes), bytes.size(), &size, &value) != TSS2_RC_SUCCESS || size != bytes.size()) {
    return Error(Errc::kMalformed, "the bytes are not " + std::string(what));
  }
  return value;
}

// The structures of a size and bytes: TPM2B_DIGEST, TPM2B_PRIVATE, …
template <class T, std::size_t Size>
ByteView view_of(const std::uint8_t (&buffer)[Size], const T& sized) {
  REDOUBT_CHECK(sized.size <= Size);
  return std::as_bytes(std::span(buffer)).first(sized.size);
}
inline ByteView view(const TPM2B_DIGEST& bytes) {
  return view_of(bytes.buffer, bytes);
}
inline ByteView view(const TPM2B_NAME& bytes) {
  return view_of(bytes.name, bytes);
}
inline ByteView view(const TPM2B_PRIVATE& bytes) {
  return view_of(bytes.buffer, bytes);
}
inline ByteView view(const TPM2B_ATTEST& bytes) {
  return view_of(bytes.attestationData, bytes);
}
inline ByteView view(const TPM2B_ECC_PARAMETER& bytes) {
  return view_of(bytes.buffer, bytes);
}
inline ByteView view(const TPM2B_PUBLIC_KEY_RSA& bytes) {
  return view_of(bytes.buffer, bytes);
}
inline ByteView view(const TPM2B_MAX_NV_BUFFER& bytes) {
  return view_of(bytes.buffer, bytes);
}
inline ByteView view(const TPM2B_SENSITIVE_DATA& bytes) {
  return view_of(bytes.buffer, bytes);
}

// Precondition: it fits; what comes from outside was bounded before.
template <class T>
T sized(ByteView bytes) {
  T value{};
  REDOUBT_CHECK(bytes.size() <= sizeof(value.buffer));
  value.size = static_cast<std::uint16_t>(bytes.size());
  std::ranges::copy(bytes, std::as_writable_bytes(std::span(value.buffer)).begin());
  return value;
}

}  // namespace redoubt::tpm::internal
