// Hexadecimal where there is room for it already. Any thread.
#pragma once

#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace redoubt::encoding {

// As hex_decode() of base64.h, into `out`, which has half as many bytes as `text` has characters, an odd one not
// counted. kMalformed as there; then `out` holds anything.
Result<> hex_decode_into(MutableByteView out, std::string_view text);

}  // namespace redoubt::encoding
