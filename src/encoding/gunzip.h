// gzip (RFC 1952), as servers compress tiles and evidence with it. zlib stays behind this header.
#pragma once

#include <cstddef>

#include "base/bytes.h"
#include "base/result.h"

namespace redoubt::encoding {

// The content of the one member that `bytes` is. kMalformed when it is not gzip, is cut, or has something behind it;
// kTooLarge above `limit` bytes of content. Any thread.
Result<Bytes> gunzip(ByteView bytes, std::size_t limit);

}  // namespace redoubt::encoding
