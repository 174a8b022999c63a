// Judges evidence, offline: forms, signatures, chains, collateral, logs and reference values, for every kind by the
// same rules and in the same words.
//
//   Verifier verifier;
//   const Verdict verdict = verifier.verify(evidence, policy);
//   if (!verdict.accepted()) …  // verdict.reason(), verdict.checks
//
// What is not understood is refused: an unknown version, a role that the kind does not read, a critical extension.
#pragma once

#include <memory>

#include "attest/evidence.h"
#include "attest/policy.h"
#include "attest/verdict.h"

namespace redoubt::attest {

// Which certificates are trusted where the evidence's inputs name none (Role::kRoot).
enum class Trust : std::uint8_t {
  kVendors,  // those of anchors.h
  kNobody,   // none: evidence without a root, a pinned root or a pinned key is refused
};

// One thread at a time. Remembers up to kMaxChains certificate chains whose signatures were verified, by the digests of
// all certificates and lists in them, and as many signatures of collateral, by key and bytes; what is signed over a
// question is verified each time, and so are times looked at.
class Verifier {
 public:
  static constexpr std::size_t kMaxChains = 256;

  explicit Verifier(Trust trust = Trust::kVendors);
  Verifier(Verifier&&) noexcept;
  Verifier& operator=(Verifier&&) noexcept;
  ~Verifier();

  // Never throws, never waits, reads no file and no clock. Bounded by Evidence::kMaxFileBytes a file.
  Verdict verify(const Evidence& evidence, const Policy& policy);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace redoubt::attest
