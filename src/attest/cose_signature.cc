#include "attest/cose_signature.h"

#include <algorithm>
#include <string>

namespace redoubt::attest {

namespace {

using crypto::HashAlgorithm;
using crypto::KeyType;
namespace cose = encoding::cose;

struct Scheme {
  std::int64_t algorithm;
  KeyType key;
  HashAlgorithm hash;      // of Ed25519: none of its own
  std::size_t coordinate;  // bytes of r and of s; 0 when the signature is not of ECDSA
};
constexpr Scheme kSchemes[] = {
    {cose::kEs256, KeyType::kP256, HashAlgorithm::kSha256, 32},
    {cose::kEs384, KeyType::kP384, HashAlgorithm::kSha384, 48},
    {cose::kEs512, KeyType::kP521, HashAlgorithm::kSha512, 66},
    {cose::kEdDsa, KeyType::kEd25519, HashAlgorithm::kSha512, 0},
    {cose::kEd25519, KeyType::kEd25519, HashAlgorithm::kSha512, 0},
    {cose::kPs256, KeyType::kRsa, HashAlgorithm::kSha256, 0},
    {cose::kPs384, KeyType::kRsa, HashAlgorithm::kSha384, 0},
    {cose::kPs512, KeyType::kRsa, HashAlgorithm::kSha512, 0},
};

bool holds(const Scheme& scheme, const crypto::PublicKey& key, ByteView message, ByteView signature) {
  if (key.type() != scheme.key) return false;
  if (scheme.coordinate != 0) {
    return signature.size() == 2 * scheme.coordinate &&
           key.verify_ecdsa(scheme.hash, message, signature.first(scheme.coordinate),
                            signature.subspan(scheme.coordinate));
  }
  if (scheme.key == KeyType::kEd25519) return key.verify_ed25519(message, signature);
  return key.verify_rsa(crypto::RsaPadding::kPss, scheme.hash, message, signature);
}

}  // namespace

Result<> verify_cose_sign1(const encoding::CoseSign1& message, const crypto::PublicKey& key, ByteView external_data,
                           ByteView payload, std::initializer_list<std::int64_t> allowed) {
  const std::int64_t algorithm = message.algorithm();
  const auto* scheme = std::ranges::find(kSchemes, algorithm, &Scheme::algorithm);
  if (scheme == std::end(kSchemes) || std::ranges::find(allowed, algorithm) == allowed.end()) {
    return Error(Errc::kUnsupported, "the algorithm " + cose::algorithm_name(algorithm) + " is not accepted here");
  }
  const Bytes to_be_signed = message.to_be_signed(external_data, payload);
  if (!holds(*scheme, key, to_be_signed, message.signature())) {
    return Error(Errc::kVerifyFailed, "the signature does not hold");
  }
  return {};
}

}  // namespace redoubt::attest
