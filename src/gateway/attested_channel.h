// What this end sees of a TLS connection, as evidence is bound to it.
#pragma once

#include <algorithm>
#include <array>
#include <optional>

#include "attest/channel_binding.h"
#include "base/bytes.h"
#include "crypto/sha256.h"
#include "net/exchange.h"

namespace redoubt::gateway {

template <std::size_t N>
std::optional<std::array<std::byte, N>> exactly(ByteView bytes) {
  if (bytes.size() != N) return std::nullopt;
  std::array<std::byte, N> out;
  std::ranges::copy(bytes, out.begin());
  return out;
}

// Nothing on plain HTTP, and before TLS 1.3. The leaf of a server is the certificate that it has shown; clients of ours
// show none, and theirs is zeros: the exporter is of one handshake, so it is of one client as well.
inline std::optional<attest::Channel> channel_of(const net::ChannelBinding& seen, attest::Sender sender,
                                                 const attest::ChannelNonce& nonce) {
  const auto exporter = exactly<std::tuple_size_v<attest::Exporter>>(as_bytes(seen.exporter));
  const auto leaf = exactly<std::tuple_size_v<crypto::Sha256Digest>>(as_bytes(seen.server_key));
  if (!exporter || !leaf) return std::nullopt;
  return attest::Channel{.exporter = *exporter,
                         .sender = sender,
                         .leaf = sender == attest::Sender::kServer ? *leaf : crypto::Sha256Digest{},
                         .nonce = nonce};
}

}  // namespace redoubt::gateway
