// What TPM 2.0 composes its protection of credentials and duplicated keys from (Part 1 §11.4.10, §24, annexes B and C),
// and nothing else of ours uses: OAEP, an agreement with a key of one use, CFB, and the KDFs of SP 800-108 and 800-56A.
//
// Any thread. What comes back as Secret is wiped by it.
#pragma once

#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/digest.h"
#include "crypto/public_key.h"
#include "crypto/secret.h"

namespace redoubt::crypto {

// HMAC (RFC 2104) of the concatenation of `parts`.
Digest hmac(HashAlgorithm hash, ByteView key, std::initializer_list<ByteView> parts);

// KDFa (Part 1 §11.4.10.2): SP 800-108 in counter mode with HMAC. `label` without its final zero, which is added.
Secret tpm_kdfa(HashAlgorithm hash, ByteView key, std::string_view label, ByteView context_u, ByteView context_v,
                std::size_t size);
// KDFe (§11.4.10.3): SP 800-56A's concatenation KDF on the shared `z`.
Secret tpm_kdfe(HashAlgorithm hash, ByteView z, std::string_view label, ByteView party_u, ByteView party_v,
                std::size_t size);

// AES-CFB (SP 800-38A §6.3, segments of a block), with an initialisation vector of zeros: for keys that encrypt once.
// `key` has 16, 24 or 32 bytes.
Bytes aes_cfb_once(ByteView key, ByteView plaintext);

// RSAES-OAEP (RFC 8017 §7.1), MGF1 over the same digest. kInvalidArgument when `key` is not RSA or the text too long.
Result<Bytes> rsa_oaep_encrypt(const PublicKey& key, HashAlgorithm hash, ByteView label, ByteView plaintext);

struct EphemeralAgreement {
  Secret z;  // the shared point's x coordinate, as long as the curve's size (SP 800-56A §5.7.1.2)
  Bytes x;   // the ephemeral public key, so long too
  Bytes y;
  Bytes peer_x;
};
// Agrees with `peer`, on its curve, by a key that is made for this and forgotten. kInvalidArgument when `peer` is on
// no curve.
Result<EphemeralAgreement> agree_once(const PublicKey& peer);

}  // namespace redoubt::crypto
