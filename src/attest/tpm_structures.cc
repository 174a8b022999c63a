#include "attest/tpm_structures.h"

#include <algorithm>
#include <array>

#include "attest/internal/wire_reader.h"

namespace redoubt::attest {

namespace {

using crypto::HashAlgorithm;

constexpr std::uint32_t kMaxSelections = 8;
constexpr std::size_t kMaxSelectBytes = 3;

Error malformed(std::string message) {
  return {Errc::kMalformed, std::move(message)};
}
Error unsupported(std::string message) {
  return {Errc::kUnsupported, std::move(message)};
}

TpmAlgorithm algorithm(WireReader& in) {
  return static_cast<TpmAlgorithm>(in.be<std::uint16_t>());
}

// What of a public area's parameters matters here.
struct Parameters {
  std::uint16_t symmetric_bits = 0;
  std::optional<TpmPublic::Scheme> scheme;
};

// TPMT_SYM_DEF_OBJECT+ (§11.1.7), then TPMT_RSA_SCHEME+ or TPMT_ECC_SCHEME+ (§11.2.4.2, §11.2.5.6).
Result<Parameters> read_parameters(WireReader& in) {
  Parameters out;
  const auto symmetric = algorithm(in);
  if (symmetric != TpmAlgorithm::kNull) {
    out.symmetric_bits = in.be<std::uint16_t>();
    const auto mode = algorithm(in);
    const bool sized = out.symmetric_bits == 128 || out.symmetric_bits == 192 || out.symmetric_bits == 256;
    if (in.good() && (symmetric != TpmAlgorithm::kAes || mode != TpmAlgorithm::kCfb || !sized)) {
      return unsupported("a TPM key that protects others by something else than AES-CFB");
    }
  }
  switch (const auto scheme = algorithm(in)) {
    case TpmAlgorithm::kNull:
    case TpmAlgorithm::kRsaes:
      break;
    case TpmAlgorithm::kRsassa:
    case TpmAlgorithm::kRsapss:
    case TpmAlgorithm::kOaep:
    case TpmAlgorithm::kEcdsa:
    case TpmAlgorithm::kEcdh: {
      const auto hash = hash_of(algorithm(in));
      if (!hash && in.good()) return unsupported("a TPM key with a digest that is not known");
      if (hash) out.scheme = TpmPublic::Scheme{scheme, *hash};
      break;
    }
    default:
      if (in.good()) return unsupported("a TPM key with a scheme that is not known");
  }
  return out;
}

// The rest of a public area: of RSA the size, exponent and modulus (TPMS_RSA_PARMS §12.2.3.5).
Result<crypto::PublicKey> read_rsa(WireReader& in) {
  const auto bits = in.be<std::uint16_t>();
  auto exponent = in.be<std::uint32_t>();
  const ByteView modulus = in.sized_be16();
  if (!in.good()) return malformed("a TPM's public area is cut off");
  if (modulus.size() * 8 != bits) return malformed("a TPM's RSA key of another size than it states");
  if (exponent == 0) exponent = 65'537;
  std::array<std::byte, 4> exponent_bytes{};
  store_be<std::uint32_t>(exponent_bytes, exponent);
  return crypto::PublicKey::from_rsa(modulus, exponent_bytes);
}

// Of ECC the curve, a key derivation and the point (TPMS_ECC_PARMS §12.2.3.6).
Result<crypto::PublicKey> read_ecc(WireReader& in) {
  const auto curve = in.be<std::uint16_t>();
  if (algorithm(in) != TpmAlgorithm::kNull) in.be<std::uint16_t>();
  const ByteView x = in.sized_be16();
  const ByteView y = in.sized_be16();
  if (!in.good()) return malformed("a TPM's public area is cut off");
  switch (curve) {  // TPM_ECC_CURVE (§6.4)
    case 0x0003:
      return crypto::PublicKey::from_point(crypto::KeyType::kP256, x, y);
    case 0x0004:
      return crypto::PublicKey::from_point(crypto::KeyType::kP384, x, y);
    case 0x0005:
      return crypto::PublicKey::from_point(crypto::KeyType::kP521, x, y);
    default:
      return unsupported("a TPM key on a curve that is not P-256, P-384 or P-521");
  }
}

// TPML_PCR_SELECTION (§10.9.7).
Result<std::vector<TpmPcrSelection>> read_selections(WireReader& in) {
  const auto count = in.be<std::uint32_t>();
  if (in.good() && count > kMaxSelections) return malformed("a quote of above 8 banks");
  std::vector<TpmPcrSelection> out;
  for (std::uint32_t i = 0; in.good() && i < count; ++i) {
    const auto bank = hash_of(algorithm(in));
    const ByteView mask = in.bytes(in.be<std::uint8_t>());
    if (!in.good()) break;
    if (!bank) return unsupported("a quote of a bank that is not known");
    if (std::ranges::find(out, *bank, &TpmPcrSelection::bank) != out.end()) {
      return malformed("a quote that selects one bank twice");
    }
    if (mask.size() > kMaxSelectBytes) return malformed("a quote of PCRs above 23");
    TpmPcrSelection selection{.bank = *bank, .pcrs = {}};
    for (unsigned pcr = 0; pcr < mask.size() * 8; ++pcr) {
      if (((std::to_integer<unsigned>(mask[pcr / 8]) >> (pcr % 8)) & 1U) != 0) selection.pcrs.push_back(pcr);
    }
    out.push_back(std::move(selection));
  }
  return out;
}

}  // namespace

std::string_view to_string(TpmAlgorithm algorithm) {
  switch (algorithm) {
    case TpmAlgorithm::kRsa:
      return "rsa";
    case TpmAlgorithm::kSha1:
      return "sha1";
    case TpmAlgorithm::kAes:
      return "aes";
    case TpmAlgorithm::kSha256:
      return "sha256";
    case TpmAlgorithm::kSha384:
      return "sha384";
    case TpmAlgorithm::kSha512:
      return "sha512";
    case TpmAlgorithm::kNull:
      return "null";
    case TpmAlgorithm::kRsassa:
      return "rsassa";
    case TpmAlgorithm::kRsaes:
      return "rsaes";
    case TpmAlgorithm::kRsapss:
      return "rsapss";
    case TpmAlgorithm::kOaep:
      return "oaep";
    case TpmAlgorithm::kEcdsa:
      return "ecdsa";
    case TpmAlgorithm::kEcdh:
      return "ecdh";
    case TpmAlgorithm::kEcc:
      return "ecc";
    case TpmAlgorithm::kCfb:
      return "cfb";
  }
  return "unknown";
}

std::optional<HashAlgorithm> hash_of(TpmAlgorithm algorithm) {
  switch (algorithm) {
    case TpmAlgorithm::kSha1:
      return HashAlgorithm::kSha1;
    case TpmAlgorithm::kSha256:
      return HashAlgorithm::kSha256;
    case TpmAlgorithm::kSha384:
      return HashAlgorithm::kSha384;
    case TpmAlgorithm::kSha512:
      return HashAlgorithm::kSha512;
    default:
      return std::nullopt;
  }
}

bool TpmPublic::is_attestation_key() const {
  constexpr std::uint32_t kNeeded = kFixedTpm | kFixedParent | kSensitiveDataOrigin | kRestricted | kSign;
  return (attributes & kNeeded) == kNeeded && (attributes & kDecrypt) == 0;
}

Result<TpmPublic> parse_tpm_public(ByteView bytes) {
  WireReader in(bytes);
  const auto type = algorithm(in);
  const ByteView name_algorithm = in.bytes(2);
  const auto attributes = in.be<std::uint32_t>();
  in.sized_be16();  // authorisation policy
  if (!in.good()) return malformed("a TPM's public area is cut off");
  if (type != TpmAlgorithm::kRsa && type != TpmAlgorithm::kEcc) return unsupported("a TPM key that is not RSA or ECC");
  const auto name_hash = hash_of(static_cast<TpmAlgorithm>(load_be<std::uint16_t>(name_algorithm)));
  if (!name_hash) return unsupported("a TPM key whose name has a digest that is not known");
  const auto parameters = read_parameters(in);
  if (!parameters) return parameters.error();
  auto key = type == TpmAlgorithm::kRsa ? read_rsa(in) : read_ecc(in);
  if (!key) return key.error();
  const std::size_t size = bytes.size() - in.rest().size();
  Bytes name = to_bytes(name_algorithm);
  append(name, crypto::digest(*name_hash, bytes.first(size)).view());
  return TpmPublic{.name_hash = *name_hash,
                   .attributes = attributes,
                   .key = *std::move(key),
                   .scheme = parameters->scheme,
                   .symmetric_bits = parameters->symmetric_bits,
                   .name = std::move(name),
                   .size = size};
}

Result<TpmAttest> parse_tpm_attest(ByteView bytes) {
  WireReader in(bytes);
  const auto magic = in.be<std::uint32_t>();
  const auto type = in.be<std::uint16_t>();
  if (in.good() && magic != TpmAttest::kGenerated) return malformed("what was signed is not made by a TPM");
  TpmAttest out;
  out.qualified_signer = to_bytes(in.sized_be16());
  out.extra_data = to_bytes(in.sized_be16());
  out.clock_ms = in.be<std::uint64_t>();
  out.reset_count = in.be<std::uint32_t>();
  out.restart_count = in.be<std::uint32_t>();
  const auto safe = in.be<std::uint8_t>();
  out.firmware_version = in.be<std::uint64_t>();
  if (in.good() && safe > 1) return malformed("a flag that is neither yes nor no");
  out.safe = safe == 1;
  if (type == TpmAttest::kQuote) {
    auto selections = read_selections(in);
    if (!selections) return selections.error();
    out.quote = TpmAttest::Quote{.selections = *std::move(selections), .pcr_digest = to_bytes(in.sized_be16())};
  } else if (type == TpmAttest::kCreation) {
    auto& creation = out.creation.emplace();
    creation.object_name = to_bytes(in.sized_be16());
    creation.creation_hash = to_bytes(in.sized_be16());
  } else if (in.good()) {
    return malformed("what the TPM signed is no quote");
  }
  if (!in.good()) return malformed("what the TPM signed is cut off");
  out.size = bytes.size() - in.rest().size();
  return out;
}

Result<TpmSignature> parse_tpm_signature(ByteView bytes) {
  WireReader in(bytes);
  const auto scheme = algorithm(in);
  const auto hash = hash_of(algorithm(in));
  TpmSignature out{.algorithm = scheme, .hash = hash.value_or(HashAlgorithm::kSha256), .rsa = {}, .r = {}, .s = {}};
  if (scheme == TpmAlgorithm::kRsassa || scheme == TpmAlgorithm::kRsapss) {
    out.rsa = to_bytes(in.sized_be16());
  } else if (scheme == TpmAlgorithm::kEcdsa) {
    out.r = to_bytes(in.sized_be16());
    out.s = to_bytes(in.sized_be16());
  } else if (in.good()) {
    return unsupported("a TPM's signature that is not RSASSA, RSAPSS or ECDSA");
  }
  if (!in.good()) return malformed("a TPM's signature is cut off");
  if (!hash) return unsupported("a TPM's signature with a digest that is not known");
  out.size = bytes.size() - in.rest().size();
  return out;
}

bool verify_tpm_signature(const crypto::PublicKey& key, const TpmSignature& signature, ByteView message) {
  switch (signature.algorithm) {
    case TpmAlgorithm::kRsassa:
      return key.verify_rsa(crypto::RsaPadding::kPkcs1, signature.hash, message, signature.rsa);
    case TpmAlgorithm::kRsapss:
      // A TPM's salt is as long as the key allows, or as the digest (Part 1 §B.7).
      return key.verify_rsa(crypto::RsaPadding::kPssAnySalt, signature.hash, message, signature.rsa);
    case TpmAlgorithm::kEcdsa:
      return key.verify_ecdsa(signature.hash, message, signature.r, signature.s);
    default:
      return false;
  }
}

}  // namespace redoubt::attest
