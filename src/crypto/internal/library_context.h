// Where OpenSSL looks for algorithms when keys and certificates of others are read and used. Inside this module only.
#pragma once

#include <openssl/types.h>

#include <cstdint>

namespace redoubt::crypto::internal {

enum class KeyFamily : std::uint8_t { kRsa, kEc, kEd25519 };

// A library context with the algorithms of OpenSSL's default provider, except that there is one kind of keys, read from
// and written to a SubjectPublicKeyInfo in DER. To read one key, OpenSSL 3.0 first collects every decoder that its
// context has and every kind of key: among all of them that takes several times as long as verifying a signature with
// the key. No configuration file of the machine has a say in it. Made once, never freed. Any thread.
OSSL_LIB_CTX* library_context(KeyFamily family);

}  // namespace redoubt::crypto::internal
