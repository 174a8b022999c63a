// What was read and verified once: certificates, bundles of them and lists by their bytes, and paths whose signatures
// hold; TPMs' keys, and that they attested their own making. Time is no part of what is remembered. Reading a
// certificate costs over half as much as verifying a signature with it.
#pragma once

#include <list>
#include <map>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "attest/internal/signed_xml.h"
#include "attest/tpm_structures.h"
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

// One thread at a time. Keeps the `capacity` paths, certificates, bundles of certificates, and lists that were used
// last; files above kMaxFileBytes are read each time. Of signed XML it keeps kMaxDocuments.
class ChainCache {
 public:
  static constexpr std::size_t kMaxFileBytes = 64 * 1024;
  static constexpr std::size_t kMaxDocuments = 8;  // of signed XML, of up to SignedXml::kMaxBytes each

  explicit ChainCache(std::size_t capacity)
      : chains_(capacity),
        certificates_(capacity),
        bundles_(capacity),
        lists_(capacity),
        documents_(kMaxDocuments),
        tpm_keys_(capacity),
        signatures_(capacity) {}

  // As crypto::verify_chain(), for the same question. INVARIANT: the key covers the bytes of every certificate and list
  // of the question, in their roles, so that what is found was verified from the very same bytes.
  tl::expected<crypto::Chain, crypto::ChainProblem> verify(const crypto::ChainQuestion& question);

  // Certificates in PEM or DER, as files have them. Errors of crypto::Certificate.
  Result<std::vector<crypto::Certificate>> certificates(ByteView file);
  // One revocation list in PEM or DER. Errors of crypto::RevocationList.
  Result<crypto::RevocationList> list(ByteView file);
  // Keeps a certificate that was read elsewhere, for files that have it, too.
  void know(const crypto::Certificate& certificate);

  // XML with an enveloped signature, which is still to be verified: manifests, of which there is one for many machines.
  // Errors of read_signed_xml().
  Result<std::shared_ptr<const SignedXml>> signed_xml(std::string_view text);

  // As parse_tpm_public(): a machine shows the same key each time.
  Result<TpmPublic> tpm_public(ByteView area);
  // Whether `verify` says yes, now or about the same bytes before: of signatures that are not over a question.
  // INVARIANT: `of` covers the key, the signature and what is signed.
  template <class Verify>
  bool holds(const crypto::Sha256Digest& of, const Verify& verify) {
    if (signatures_.find(of) != nullptr) return true;
    if (!verify()) return false;
    signatures_.put(of, Held{});
    return true;
  }

  std::size_t hits() const { return hits_; }  // of verify()

 private:
  struct Held {};

  // Files repeat certificates: each chain of a vendor ends in the same root.
  Result<crypto::Certificate> certificate(ByteView der);
  Result<std::vector<crypto::Certificate>> read_certificates(ByteView file);

  std::size_t hits_ = 0;
  DigestCache<crypto::Chain> chains_;
  DigestCache<crypto::Certificate> certificates_;
  DigestCache<std::vector<crypto::Certificate>> bundles_;
  DigestCache<crypto::RevocationList> lists_;
  DigestCache<std::shared_ptr<const SignedXml>> documents_;
  DigestCache<TpmPublic> tpm_keys_;
  DigestCache<Held> signatures_;
};

}  // namespace redoubt::attest
