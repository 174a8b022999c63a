// HPKE (RFC 9180), base mode, one message: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM
// (KEM 0x0020, KDF 0x0001, AEAD 0x0002). Composed from OpenSSL's X25519, HMAC and AES-GCM.
//
// Used where a value is opened for one reader and passes through a process that must not read it.
#pragma once

#include <array>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/secret.h"
#include "crypto/x25519.h"

namespace redoubt::crypto {

struct X25519KeyPair {
  X25519PublicKey public_key{};
  Secret private_key;  // 32 bytes

  static X25519KeyPair generate();
  // kInvalidArgument unless 32 bytes.
  static Result<X25519KeyPair> from_private(ByteView private_key);
};

struct HpkeMessage {
  X25519PublicKey encapsulated_key{};  // `enc`
  Bytes ciphertext;                    // plaintext length + 16
};

// SealBase (§6.1). kVerifyFailed when the recipient's key gives an all-zero shared secret (RFC 7748 §6.1).
Result<HpkeMessage> hpke_seal(const X25519PublicKey& recipient, ByteView info, ByteView associated_data,
                              ByteView plaintext);

// OpenBase (§6.1). kVerifyFailed when the message was not sealed to this key, info and associated data.
Result<Bytes> hpke_open(const X25519KeyPair& recipient, const X25519PublicKey& encapsulated_key, ByteView info,
                        ByteView associated_data, ByteView ciphertext);

// SealBase with the ephemeral private key given, for test vectors only.
Result<HpkeMessage> hpke_seal_with_ephemeral_for_test(const X25519PublicKey& recipient, const X25519KeyPair& ephemeral,
                                                      ByteView info, ByteView associated_data, ByteView plaintext);

}  // namespace redoubt::crypto
