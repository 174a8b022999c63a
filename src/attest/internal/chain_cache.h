// What was read and verified once: certificates and lists by the bytes of their file, and paths of them whose
// signatures hold. Time is no part of what is remembered. Reading a certificate costs more than verifying a signature
// with it.
#pragma once

#include <list>
#include <map>
#include <span>
#include <vector>

#include "base/result.h"
#include "crypto/x509.h"

namespace redoubt::attest {

// The `capacity` values that were used last, by digest.
template <class Value>
class DigestCache {
 public:
  explicit DigestCache(std::size_t capacity) : capacity_(capacity) {}

  // Null when it is not there; valid until the next put().
  const Value* find(const crypto::Sha256Digest& key) {
    const auto found = by_key_.find(key);
    if (found == by_key_.end()) return nullptr;
    entries_.splice(entries_.begin(), entries_, found->second);
    return &found->second->value;
  }
  // Precondition: the key is not there.
  void put(const crypto::Sha256Digest& key, Value value) {
    if (entries_.size() == capacity_) {
      by_key_.erase(entries_.back().key);
      entries_.pop_back();
    }
    entries_.push_front({key, std::move(value)});
    by_key_.emplace(key, entries_.begin());
  }

 private:
  struct Entry {
    crypto::Sha256Digest key;
    Value value;
  };

  const std::size_t capacity_;
  std::list<Entry> entries_;  // the last used first
  std::map<crypto::Sha256Digest, typename std::list<Entry>::iterator> by_key_;
};

// One thread at a time. Keeps the `capacity` paths, bundles of certificates, and lists that were used last; files above
// kMaxFileBytes are read each time.
class ChainCache {
 public:
  static constexpr std::size_t kMaxFileBytes = 64 * 1024;

  explicit ChainCache(std::size_t capacity) : chains_(capacity), bundles_(capacity), lists_(capacity) {}

  // As crypto::verify_chain(), for the same question. INVARIANT: the key covers the bytes of every certificate and list
  // of the question, in their roles, so that what is found was verified from the very same bytes.
  tl::expected<crypto::Chain, crypto::ChainProblem> verify(const crypto::ChainQuestion& question);

  // Certificates in PEM or DER, as files have them. Errors of crypto::Certificate.
  Result<std::vector<crypto::Certificate>> certificates(ByteView file);
  // One revocation list in PEM or DER. Errors of crypto::RevocationList.
  Result<crypto::RevocationList> list(ByteView file);

  std::size_t hits() const { return hits_; }  // of verify()

 private:
  std::size_t hits_ = 0;
  DigestCache<crypto::Chain> chains_;
  DigestCache<std::vector<crypto::Certificate>> bundles_;
  DigestCache<crypto::RevocationList> lists_;
};

}  // namespace redoubt::attest
