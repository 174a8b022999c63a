// Quotes as a TPM would make them, and as it never would. For tests only.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "attest/tests/support/wire.h"
#include "attest/tpm_structures.h"
#include "crypto/tests/support/test_authority.h"
#include "encoding/base64.h"

namespace redoubt::attest::testing {

inline void put_sized(Wire& out, ByteView bytes) {
  out.be(static_cast<std::uint16_t>(bytes.size())).raw(bytes);
}

struct AkTerms {
  std::uint32_t attributes = TpmPublic::kFixedTpm | TpmPublic::kFixedParent | TpmPublic::kSensitiveDataOrigin |
                             TpmPublic::kRestricted | TpmPublic::kSign;
  std::uint16_t scheme = 0;  // 0: RSASSA or ECDSA, as the key is
  std::uint16_t hash = 0x000b;
};

// TPMT_PUBLIC of an RSA-2048 or P-256 key.
inline Bytes make_public(const crypto::PublicKey& key, const AkTerms& terms = {}) {
  const Bytes spki = key.spki();
  const bool rsa = key.type() == crypto::KeyType::kRsa;
  Wire out;
  out.be(std::uint16_t(rsa ? 0x0001 : 0x0023)).be(std::uint16_t{0x000b}).be(terms.attributes);
  put_sized(out, {});
  out.be(std::uint16_t{0x0010});
  out.be(terms.scheme != 0 ? terms.scheme : std::uint16_t(rsa ? 0x0014 : 0x0018));
  if (terms.scheme != 0x0010) out.be(terms.hash);
  if (rsa) {
    out.be(std::uint16_t{2048}).be(std::uint32_t{0});
    put_sized(out, ByteView(spki).subspan(33, 256));
  } else {
    out.be(std::uint16_t{0x0003}).be(std::uint16_t{0x0010});
    put_sized(out, ByteView(spki).last(64).first(32));
    put_sized(out, ByteView(spki).last(32));
  }
  return out.bytes;
}

// TPMT_SIGNATURE over `message`.
inline Bytes make_signature(const crypto::TestAuthority& key, ByteView message,
                            crypto::HashAlgorithm hash = crypto::HashAlgorithm::kSha256, bool pss = false) {
  constexpr std::array<std::uint16_t, 4> kHashes{0x0004, 0x000b, 0x000c, 0x000d};
  const bool rsa = key.public_key().type() == crypto::KeyType::kRsa;
  const Bytes der = pss ? key.sign_pss(hash, message) : key.sign(hash, message);
  Wire out;
  out.be(std::uint16_t(rsa ? (pss ? 0x0016 : 0x0014) : 0x0018)).be(kHashes[static_cast<std::size_t>(hash)]);
  if (rsa) {
    put_sized(out, der);
    return out.bytes;
  }
  // Ecdsa-Sig-Value: SEQUENCE of two INTEGERs.
  ByteView rest = ByteView(der).subspan(2);
  for (int i = 0; i < 2; ++i) {
    const auto size = std::to_integer<std::size_t>(rest[1]);
    ByteView number = rest.subspan(2, size);
    if (number[0] == std::byte{0}) number = number.subspan(1);
    put_sized(out, number);
    rest = rest.subspan(2 + size);
  }
  return out.bytes;
}

struct QuoteTerms {
  std::uint32_t magic = TpmAttest::kGenerated;
  std::uint16_t type = TpmAttest::kQuote;
  std::string nonce = "nonce";
  // Bank and mask of each selection.
  std::vector<std::pair<std::uint16_t, Bytes>> selections{{0x000b, {std::byte{0xff}, std::byte{0}, std::byte{0}}}};
  crypto::HashAlgorithm digest_hash = crypto::HashAlgorithm::kSha256;
  std::map<unsigned, Bytes> digested;  // the PCRs that the digest is of
};

// PCRs 0 to 7 with something in them.
inline std::map<unsigned, Bytes> make_pcrs(std::size_t size = 32) {
  std::map<unsigned, Bytes> out;
  for (unsigned i = 0; i < 8; ++i) out.emplace(i, Bytes(size, static_cast<std::byte>(i + 1)));
  return out;
}

// TPMS_ATTEST.
inline Bytes make_attest(const QuoteTerms& terms) {
  Wire out;
  out.be(terms.magic).be(terms.type);
  put_sized(out, Bytes(34, std::byte{0x11}));
  put_sized(out, as_bytes(terms.nonce));
  out.be(std::uint64_t{1000}).be(std::uint32_t{2}).be(std::uint32_t{3}).be(std::uint8_t{1}).be(std::uint64_t{4});
  if (terms.type != TpmAttest::kQuote) {  // TPMS_CERTIFY_INFO and TPMS_CREATION_INFO: a name and a name or digest
    put_sized(out, Bytes(34, std::byte{0x22}));
    put_sized(out, Bytes(32, std::byte{0x33}));
    return out.bytes;
  }
  out.be(static_cast<std::uint32_t>(terms.selections.size()));
  for (const auto& [bank, mask] : terms.selections) {
    out.be(bank).be(static_cast<std::uint8_t>(mask.size())).raw(mask);
  }
  Bytes all;
  for (const auto& [index, value] : terms.digested) append(all, value);
  put_sized(out, crypto::digest(terms.digest_hash, all).view());
  return out.bytes;
}

// As the role `pcrs` has them.
inline std::string make_pcr_json(const std::map<unsigned, Bytes>& values, std::string_view bank = "sha256") {
  std::string out = "{\"bank\":\"" + std::string(bank) + "\",\"pcrs\":{";
  for (const auto& [index, value] : values) {
    if (out.back() != '{') out += ',';
    out += "\"" + std::to_string(index) + "\":\"" + encoding::hex(value) + "\"";
  }
  return out + "}}";
}

}  // namespace redoubt::attest::testing
