// What a TPM 2.0 writes and signs, as its specification lays it out: public areas, attestation structures, signatures.
//
//   const auto ak = parse_tpm_public(bytes);
//   const auto attest = parse_tpm_attest(message);
//   const auto signature = parse_tpm_signature(signed_by);
//   if (verify_tpm_signature(ak->key, *signature, message)) …  // and attest->quote says which PCRs
//
// TCG "Trusted Platform Module Library", Part 2 (structures), Part 1 (names, keys). All numbers are big-endian. Reading
// proves nothing: whose key it is, and whether a TPM holds it, is for Verifier to find out. Any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/digest.h"
#include "crypto/public_key.h"

namespace redoubt::attest {

// TPM_ALG_ID (Part 2 §6.3): those that are known here.
enum class TpmAlgorithm : std::uint16_t {
  kRsa = 0x0001,
  kSha1 = 0x0004,
  kAes = 0x0006,
  kSha256 = 0x000b,
  kSha384 = 0x000c,
  kSha512 = 0x000d,
  kNull = 0x0010,
  kRsassa = 0x0014,
  kRsaes = 0x0015,
  kRsapss = 0x0016,
  kOaep = 0x0017,
  kEcdsa = 0x0018,
  kEcdh = 0x0019,
  kEcc = 0x0023,
  kCfb = 0x0043,
};
// `rsassa`, `sha256`, …; `unknown` for another.
std::string_view to_string(TpmAlgorithm algorithm);
std::optional<crypto::HashAlgorithm> hash_of(TpmAlgorithm algorithm);

// TPMT_PUBLIC (§12.2.4) of an RSA or ECC key.
struct TpmPublic {
  // TPMA_OBJECT (§8.3).
  static constexpr std::uint32_t kFixedTpm = 1U << 1;
  static constexpr std::uint32_t kFixedParent = 1U << 4;
  static constexpr std::uint32_t kSensitiveDataOrigin = 1U << 5;
  static constexpr std::uint32_t kRestricted = 1U << 16;
  static constexpr std::uint32_t kDecrypt = 1U << 17;
  static constexpr std::uint32_t kSign = 1U << 18;

  struct Scheme {
    TpmAlgorithm algorithm;
    crypto::HashAlgorithm hash;
  };

  crypto::HashAlgorithm name_hash;
  std::uint32_t attributes;
  crypto::PublicKey key;
  std::optional<Scheme> scheme;      // the only one that the key signs with; nothing: the caller of the TPM chooses
  std::uint16_t symmetric_bits = 0;  // of a storage key: AES-CFB with that key size; 0 for none
  Bytes name;                        // nameAlg, then the digest of the area (Part 1 §16)
  std::size_t size = 0;              // of the structure: bytes may follow

  // A key that a TPM made, keeps, and signs nothing with but what it says itself (Part 1 §25.1.5): fixed, restricted,
  // for signing only.
  bool is_attestation_key() const;
};

// Errors: kMalformed when it is cut off, or its key is none; kUnsupported for other types, curves, schemes and sizes.
Result<TpmPublic> parse_tpm_public(ByteView bytes);

// TPMS_PCR_SELECTION (§10.6.1), one bank.
struct TpmPcrSelection {
  crypto::HashAlgorithm bank;
  std::vector<unsigned> pcrs;  // ascending, below 24; empty when nothing of the bank is selected
};

// TPMS_ATTEST (§10.12.8) of a quote or a creation.
struct TpmAttest {
  static constexpr std::uint32_t kGenerated = 0xff544347;  // TPM_GENERATED_VALUE: made in the TPM
  static constexpr std::uint16_t kQuote = 0x8018;          // TPM_ST_ATTEST_QUOTE
  static constexpr std::uint16_t kCreation = 0x801a;

  struct Quote {
    std::vector<TpmPcrSelection> selections;  // each bank once, at most 8
    Bytes pcr_digest;
  };
  struct Creation {
    Bytes object_name;
    Bytes creation_hash;
  };

  Bytes qualified_signer;
  Bytes extra_data;               // the nonce
  std::uint64_t clock_ms = 0;     // since the TPM's clock was set last
  std::uint32_t reset_count = 0;  // TPM resets since it was cleared
  std::uint32_t restart_count = 0;
  bool safe = false;  // no greater clock value was told before
  std::uint64_t firmware_version = 0;
  std::optional<Quote> quote;
  std::optional<Creation> creation;
  std::size_t size = 0;  // of the structure: bytes may follow
};

// Errors: kMalformed when it is cut off, does not begin with kGenerated, is of another type, or selects a bank twice or
// a PCR above 23; kUnsupported for a bank that is not known.
Result<TpmAttest> parse_tpm_attest(ByteView bytes);

// TPMT_SIGNATURE (§11.3.4).
struct TpmSignature {
  TpmAlgorithm algorithm;  // kRsassa, kRsapss or kEcdsa
  crypto::HashAlgorithm hash;
  Bytes rsa;  // or
  Bytes r;
  Bytes s;
  std::size_t size = 0;  // of the structure: bytes may follow
};

// Errors: kMalformed when it is cut off; kUnsupported for other algorithms.
Result<TpmSignature> parse_tpm_signature(ByteView bytes);

bool verify_tpm_signature(const crypto::PublicKey& key, const TpmSignature& signature, ByteView message);

}  // namespace redoubt::attest
