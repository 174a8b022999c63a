// Base64 (RFC 4648 §4, padded; §5 url-safe, unpadded) and hexadecimal (§8), strict in what they accept.
//
// Any thread. Time and memory access depend on the bytes: not for key material that others may time.
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace redoubt::encoding {

std::string base64(ByteView bytes);
std::string base64url(ByteView bytes);
std::string hex(ByteView bytes);  // lower case
void append_hex(std::string& out, ByteView bytes);

// kMalformed for a character outside the alphabet, missing or extra padding, or non-zero unused bits, so that each
// value has exactly one accepted spelling.
Result<Bytes> base64_decode(std::string_view text);
Result<Bytes> base64url_decode(std::string_view text);
// Either case. kMalformed for an odd length or another character.
Result<Bytes> hex_decode(std::string_view text);

}  // namespace redoubt::encoding
