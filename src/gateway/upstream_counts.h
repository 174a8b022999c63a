// What became of new connections to an attested upstream.
#pragma once

#include <cstdint>

namespace redoubt::gateway {

struct UpstreamCounts {
  std::uint64_t verified = 0;   // admitted by evidence
  std::uint64_t continued = 0;  // by a lease
  std::uint64_t refused = 0;

  void add(const UpstreamCounts& other) {
    verified += other.verified;
    continued += other.continued;
    refused += other.refused;
  }
};

}  // namespace redoubt::gateway
