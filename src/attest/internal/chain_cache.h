// Certificate paths whose signatures were verified once. Time is no part of what is remembered.
#pragma once

#include <list>
#include <map>
#include <span>

#include "crypto/x509.h"

namespace redoubt::attest {

// One thread at a time. Keeps the `capacity` paths that were used last.
class ChainCache {
 public:
  explicit ChainCache(std::size_t capacity) : capacity_(capacity) {}

  // As crypto::verify_chain(), for the same question. INVARIANT: the key covers the bytes of every certificate and list
  // of the question, in their roles, so that what is found was verified from the very same bytes.
  tl::expected<crypto::Chain, crypto::ChainProblem> verify(const crypto::ChainQuestion& question);

  std::size_t hits() const { return hits_; }

 private:
  struct Entry {
    crypto::Sha256Digest key;
    crypto::Chain chain;
  };

  const std::size_t capacity_;
  std::size_t hits_ = 0;
  std::list<Entry> entries_;  // the last used first
  std::map<crypto::Sha256Digest, std::list<Entry>::iterator> by_key_;
};

}  // namespace redoubt::attest
