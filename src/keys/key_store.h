// The private keys of one folder at rest: all in the clear, for their owner alone to read (key_file.h), or all
// encrypted under one storage key, which rests elsewhere, sealed to a TPM say.
//
//   const KeyStore store = KeyStore::encrypted(*std::move(storage_key));
//   store.create("signer.key", "ledger-signer", seed);
//   auto seed = store.load("signer.key", "ledger-signer", 32);
//
// An encrypted file is a line `redoubt-encrypted-KIND-v1 BASE64`: AES-256-GCM (NIST SP 800-38D) with a random nonce,
// and with the line's first word as associated data, so that no key is taken for one of another kind or version.
// docs/formats/sealed-keys.md
//
// INVARIANT: which of the two a store is, its files do not decide. An encrypted store takes no file that is in the
// clear: whoever can write in the folder and not open it puts no key of his own there.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "crypto/secret.h"

namespace redoubt::keys {

// Any thread; does not change.
class KeyStore {
 public:
  static constexpr std::size_t kStorageKeyBytes = 32;
  static constexpr std::size_t kKeyBytesMax = 1024;

  static KeyStore plain() { return KeyStore(std::nullopt); }
  // Precondition: the storage key has kStorageKeyBytes.
  static KeyStore encrypted(crypto::Secret storage_key);

  bool is_encrypted() const { return storage_key_.has_value(); }

  // As create_key_file(). kInvalidArgument for a key that is empty or above kKeyBytesMax.
  Result<> create(const std::string& path, std::string_view kind, const crypto::Secret& key) const;

  // As load_key_file(). Errors: also kVerifyFailed when the file was encrypted under another storage key, or altered,
  // or is in the clear in an encrypted store; kPermissionDenied when it is encrypted, and this store is not.
  Result<crypto::Secret> load(const std::string& path, std::string_view kind, std::size_t size_bytes) const;

 private:
  explicit KeyStore(std::optional<crypto::Secret> storage_key) : storage_key_(std::move(storage_key)) {}

  std::optional<crypto::Secret> storage_key_;
};

}  // namespace redoubt::keys
