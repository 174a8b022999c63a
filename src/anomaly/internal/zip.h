// The members of a zip archive (PKWARE APPNOTE 6.3), as far as .npz files use it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace redoubt::anomaly::internal {

struct ZipMember {
  std::string name;
  ByteView packed;  // in the archive
  bool deflated = false;
  std::uint32_t crc = 0;
  std::size_t size = 0;  // unpacked
};

// As the central directory has them, each compared with its local header. Errors: kMalformed, kUnsupported, kTooLarge.
Result<std::vector<ZipMember>> zip_members(ByteView archive, std::size_t members_max);
// Errors: kMalformed when size or checksum differ, kTooLarge above `size_max`.
Result<Bytes> unpack(const ZipMember& member, std::size_t size_max);

}  // namespace redoubt::anomaly::internal
