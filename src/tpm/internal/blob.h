// Files of this module: a magic number, what it is, a version, then fields, each behind its size. Little-endian.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace redoubt::tpm::internal {

enum class BlobKind : std::uint8_t { kAttestationKey = 1, kSealedSecret = 2, kApproval = 3, kHistory = 4 };

class BlobWriter {
 public:
  explicit BlobWriter(BlobKind kind);
  // Of at most 65,535 bytes; more is a mistake of the caller's.
  BlobWriter& field(ByteView bytes);
  Bytes finish() { return std::move(out_); }

 private:
  Bytes out_;
};

// Reads what a BlobWriter wrote. An error stays: what is read after it is empty, and finish() tells.
class BlobReader {
 public:
  // kTooLarge above `limit`; kMalformed when it does not begin as one of `kind`. `bytes` must outlive the reader.
  static Result<BlobReader> open(ByteView bytes, BlobKind kind, std::size_t limit);

  // A field of at most `limit` bytes, and at least `least`.
  ByteView field(std::size_t limit, std::size_t least = 0);
  ByteView exactly(std::size_t size) { return field(size, size); }
  // Whether every field was good, and nothing follows.
  bool finished() const { return good_ && rest_.empty(); }

 private:
  explicit BlobReader(ByteView rest) : rest_(rest) {}
  ByteView rest_;
  bool good_ = true;
};

}  // namespace redoubt::tpm::internal
