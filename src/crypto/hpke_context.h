// Several HPKE messages under one encapsulated key, in their order, and secrets that both ends derive from it (RFC 9180
// §5.2, §5.3). Suite and mode are those of crypto/hpke.h.
//
//   auto sender = HpkeSender::create(recipient.public_key, info);
//   sender->encapsulated_key(), sender->seal({}, "first"), sender->seal({}, "second")
//
//   auto context = HpkeRecipient::create(recipient, encapsulated_key, info);
//   context->open({}, first), context->open({}, second)
//
//   sender->export_secret(label, 32) == context->export_secret(label, 32)
#pragma once

#include <array>
#include <cstdint>
#include <utility>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/aead.h"
#include "crypto/hpke.h"
#include "crypto/secret.h"

namespace redoubt::crypto {

namespace internal {

// What both ends of a context have in common (§5.1, §5.2, §5.3).
class HpkeContext {
 public:
  HpkeContext(const Secret& key, Secret base_nonce, Secret exporter_secret)
      : aead_(key), base_nonce_(std::move(base_nonce)), exporter_secret_(std::move(exporter_secret)) {}

  Bytes seal(ByteView associated_data, ByteView plaintext);
  Result<Bytes> open(ByteView associated_data, ByteView ciphertext);
  Secret export_secret(ByteView exporter_context, std::size_t size) const;

 private:
  std::array<std::byte, Aes256Gcm::kNonceSize> nonce() const;

  Aes256Gcm aead_;
  Secret base_nonce_;
  Secret exporter_secret_;
  std::uint64_t sequence_ = 0;
};

}  // namespace internal

// The sender's context (SetupBaseS, §5.1.1). One thread at a time. Movable, not copyable.
class HpkeSender {
 public:
  // kVerifyFailed when the recipient's key gives an all-zero shared secret (RFC 7748 §6.1).
  static Result<HpkeSender> create(const X25519PublicKey& recipient, ByteView info);
  // With the ephemeral private key given, for test vectors only.
  static Result<HpkeSender> create_with_ephemeral_for_test(const X25519PublicKey& recipient,
                                                           const X25519KeyPair& ephemeral, ByteView info);

  const X25519PublicKey& encapsulated_key() const { return encapsulated_key_; }
  // The next message of the sequence: its ciphertext, 16 bytes longer (§5.2).
  Bytes seal(ByteView associated_data, ByteView plaintext) { return context_.seal(associated_data, plaintext); }
  // Context.Export (§5.3): at most 255 * 32 bytes.
  Secret export_secret(ByteView exporter_context, std::size_t size) const {
    return context_.export_secret(exporter_context, size);
  }

 private:
  HpkeSender(const X25519PublicKey& encapsulated_key, internal::HpkeContext context)
      : encapsulated_key_(encapsulated_key), context_(std::move(context)) {}

  X25519PublicKey encapsulated_key_;
  internal::HpkeContext context_;
};

// The recipient's context (SetupBaseR, §5.1.1). One thread at a time. Movable, not copyable.
class HpkeRecipient {
 public:
  // Any 32 bytes make one: whether the sender had this key and info shows when the first message is opened.
  // kVerifyFailed for an encapsulated key that gives an all-zero shared secret.
  static Result<HpkeRecipient> create(const X25519KeyPair& recipient, const X25519PublicKey& encapsulated_key,
                                      ByteView info);

  // The next message of the sequence; after an error the same one is waited for (§5.2). kMalformed when it is shorter
  // than a tag; kVerifyFailed when it is not that message, sealed to this key, info and associated data.
  Result<Bytes> open(ByteView associated_data, ByteView ciphertext) {
    return context_.open(associated_data, ciphertext);
  }
  Secret export_secret(ByteView exporter_context, std::size_t size) const {
    return context_.export_secret(exporter_context, size);
  }

 private:
  explicit HpkeRecipient(internal::HpkeContext context) : context_(std::move(context)) {}

  internal::HpkeContext context_;
};

}  // namespace redoubt::crypto
