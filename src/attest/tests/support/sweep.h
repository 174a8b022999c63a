// For tests: one piece of evidence with its bytes changed one at a time.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <random>
#include <vector>

#include "attest/tests/support/samples.h"
#include "attest/verifier.h"
#include "base/bytes.h"

namespace redoubt::attest {

// Offsets of which a change is accepted: of every byte of `role`, or of one in `sample_of` of them, each by itself set
// to another value by chance.
inline std::vector<std::size_t> accepted_changes(Verifier& verifier, Evidence evidence, Role role, const Policy& policy,
                                                 std::uint64_t sample_of, std::uint64_t seed) {
  Bytes bytes = to_bytes(*evidence.inputs.get(role));
  evidence.inputs.set(role, bytes);
  std::mt19937_64 random(seed);
  std::vector<std::size_t> accepted;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (random() % sample_of != 0) continue;
    const auto change = static_cast<std::byte>(1 + random() % 255);
    bytes[i] ^= change;
    if (verifier.verify(evidence, policy).accepted()) accepted.push_back(i);
    bytes[i] ^= change;
  }
  return accepted;
}

// One byte of `of` in ordinary runs; all of them where REDOUBT_SWEEP is set, as for the slow tests.
inline std::uint64_t sweep_sample(std::uint64_t of) {
  return std::getenv("REDOUBT_SWEEP") == nullptr ? of : 1;
}

// The first length of `role` at which a cut sample is accepted; its size when none is. Of the lengths, one in
// `sample_of` is tried, and the last of all.
inline std::size_t first_accepted_cut(Verifier& verifier, Evidence evidence, Role role, const Policy& policy,
                                      std::uint64_t sample_of = 1, std::uint64_t seed = 0) {
  const ByteView bytes = *evidence.inputs.get(role);
  std::mt19937_64 random(seed);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    if (random() % sample_of != 0 && size + 1 != bytes.size()) continue;
    evidence.inputs.set(role, bytes.first(size));
    if (verifier.verify(evidence, policy).accepted()) return size;
  }
  return bytes.size();
}

}  // namespace redoubt::attest
