// PCRs as they came beside a quote. They are believed because the quote has their digest.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "attest/claims.h"
#include "base/bytes.h"
#include "base/result.h"
#include "crypto/digest.h"

namespace redoubt::attest {

// A value; one thread at a time, for what is made of it is kept: a machine shows the same PCRs until it boots again.
class PcrValues {
 public:
  static constexpr unsigned kCount = 24;  // of a PC client

  std::optional<crypto::HashAlgorithm> bank;  // nothing: the quote's

  // Of any size, which is still to be compared with the bank's. kMalformed for an index from kCount on, and for one
  // that is there.
  Result<> add(std::uint64_t index, ByteView value);

  // The same of a value in hexadecimal. kMalformed for what is none, too.
  Result<> add_hex(std::uint64_t index, std::string_view digits);

  // Those that are there, as bits: 1 << index.
  std::uint32_t indices() const { return indices_; }
  bool has(unsigned index) const { return index < kCount && ((indices_ >> index) & 1U) != 0; }
  // Empty when it is not there. Valid until the next add().
  ByteView at(unsigned index) const;
  // Whether each has `size` bytes.
  bool all_have(std::size_t size) const;

  // Of all values, one after the other in the order of their indices.
  const crypto::Digest& digest(crypto::HashAlgorithm algorithm) const;
  // By index, in hexadecimal.
  const std::shared_ptr<const ClaimObject>& claims() const;

 private:
  struct Place {
    std::size_t begin = 0;
    std::size_t size = 0;
  };
  std::size_t make_room(std::size_t size);
  Result<> place(std::uint64_t index, std::size_t begin);
  struct MadeDigest {
    crypto::HashAlgorithm algorithm;
    crypto::Digest value;
  };

  Bytes bytes_;  // in the order in which they were added
  std::array<Place, kCount> places_{};
  std::uint32_t indices_ = 0;
  bool in_order_ = true;  // whether they were added by ascending indices
  mutable std::optional<MadeDigest> digest_;
  mutable std::shared_ptr<const ClaimObject> claims_;
};

}  // namespace redoubt::attest
