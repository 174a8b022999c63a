// Whether the signature of a COSE_Sign1 message (RFC 9052 §4.4) holds, by the algorithms of RFC 9053 §2, RFC 8230 §2
// and RFC 9864 §2 that are good today: ES256, ES384, ES512, EdDSA and Ed25519 (with Ed25519 keys), PS256, PS384, PS512.
//
// Which of them a format allows is its reader's to say: an algorithm is never chosen by the message alone. Any thread.
#pragma once

#include <cstdint>
#include <initializer_list>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/public_key.h"
#include "encoding/cose.h"

namespace redoubt::attest {

// The signature of `message` over its headers, `external_data` and `payload` (its own, or the detached one). ECDSA keys
// are of the curve that belongs to the algorithm (RFC 9053 §2.1 recommends it; here it must be), signatures r and s of
// exactly the curve's size; a salt is as long as its digest. Errors: kUnsupported, with its name, for an algorithm that
// is not among `allowed` or not known here; kVerifyFailed otherwise.
Result<> verify_cose_sign1(const encoding::CoseSign1& message, const crypto::PublicKey& key, ByteView external_data,
                           ByteView payload, std::initializer_list<std::int64_t> allowed);

}  // namespace redoubt::attest
