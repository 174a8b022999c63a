// What evidence is over, so that it speaks for one end of one TLS connection and for nothing else.
//
//   const Channel channel{.exporter = …, .sender = Sender::kServer, .leaf = …, .nonce = …};
//   const ReportData binding = channel_binding(channel, vouched);   // then through binding_batch.h into the quote
//
// Both ends make it of what they see themselves: the exporter of their own TLS stack, the certificate of their own
// handshake, the nonce that the relying party chose. None of it is ever taken from a message, but for the nonce by the
// end that answers. What each field keeps out is told in docs/decisions/2026-11-22-attested-channels.md.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "crypto/sha256.h"
#include "crypto/x25519.h"

namespace redoubt::attest {

// As much as report data of SNP, TDX and SGX have, and a nonce of Nitro may have.
using ReportData = std::array<std::byte, 64>;
using Exporter = std::array<std::byte, 32>;
using ChannelNonce = std::array<std::byte, 32>;

// Which end of the connection the evidence is of.
enum class Sender : std::uint8_t { kServer, kClient };
std::string_view to_string(Sender sender);  // `server`, `client`
std::optional<Sender> find_sender(std::string_view name);

// One end of one connection, asked once.
struct Channel {
  // RFC 9266 tls-exporter of this connection, TLS 1.3: both ends have the same, and no other connection has it.
  Exporter exporter;
  Sender sender;
  // SHA-256 of the SubjectPublicKeyInfo (RFC 5280 §4.1.2.7) of the sender's leaf certificate on this connection.
  crypto::Sha256Digest leaf;
  // The relying party's: random, new for each question.
  ChannelNonce nonce;
};

// What the sender says beside, and its evidence vouches for.
struct Vouched {
  // A key that was made in the attested program and never leaves it: lease.h.
  std::optional<crypto::X25519PublicKey> lease_key;
  // Of the bundle in force (docs/formats/bundle.md).
  std::optional<crypto::Sha256Digest> bundle;

  friend bool operator==(const Vouched&, const Vouched&) = default;
};

// SHA-512 of the fields, each behind its length (u32, big-endian): `redoubt attested channel v1`, the exporter, the
// sender's name, the leaf's digest, the nonce, the lease key or nothing, the bundle's digest or nothing. Any thread.
ReportData channel_binding(const Channel& channel, const Vouched& vouched);

}  // namespace redoubt::attest
