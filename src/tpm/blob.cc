#include "tpm/internal/blob.h"

#include <algorithm>
#include <array>

#include "base/check.h"

namespace redoubt::tpm::internal {

namespace {

constexpr std::string_view kMagic = "RDBTTPM";
constexpr std::byte kVersion{1};
constexpr std::size_t kHeaderSize = kMagic.size() + 2;

}  // namespace

BlobWriter::BlobWriter(BlobKind kind) : out_(to_bytes(as_bytes(kMagic))) {
  out_.push_back(static_cast<std::byte>(kind));
  out_.push_back(kVersion);
}

BlobWriter& BlobWriter::field(ByteView bytes) {
  REDOUBT_CHECK(bytes.size() <= 0xffff);
  std::array<std::byte, 2> size;
  store_le(MutableByteView(size), static_cast<std::uint16_t>(bytes.size()));
  append(out_, size);
  append(out_, bytes);
  return *this;
}

Result<BlobReader> BlobReader::open(ByteView bytes, BlobKind kind, std::size_t limit) {
  if (bytes.size() > limit) return Error(Errc::kTooLarge, "the file is too long for what it should be");
  if (bytes.size() < kHeaderSize || !as_chars(bytes).starts_with(kMagic) ||
      bytes[kMagic.size()] != static_cast<std::byte>(kind)) {
    return Error(Errc::kMalformed, "the file is not what it should be");
  }
  if (bytes[kMagic.size() + 1] != kVersion) return Error(Errc::kMalformed, "the file is of another version");
  return BlobReader(bytes.subspan(kHeaderSize));
}

ByteView BlobReader::field(std::size_t limit, std::size_t least) {
  const std::size_t size = rest_.size() < 2 ? 0 : load_le<std::uint16_t>(rest_);
  if (!good_ || rest_.size() < 2 || size > rest_.size() - 2 || size > limit || size < least) {
    good_ = false;
    return {};
  }
  const ByteView out = rest_.subspan(2, size);
  rest_ = rest_.subspan(2 + size);
  return out;
}

}  // namespace redoubt::tpm::internal
