// Any bytes: encoding and decoding is the identity; and whatever a decoder accepts is the one spelling of its value.
#include <algorithm>
#include <cctype>
#include <cstdint>

#include "base/check.h"
#include "encoding/base64.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace redoubt;
  using namespace redoubt::encoding;
  const ByteView bytes(reinterpret_cast<const std::byte*>(data), size);
  const std::string_view text = as_chars(bytes);

  const auto same = [&](const Result<Bytes>& decoded) {
    REDOUBT_CHECK(decoded.has_value());
    REDOUBT_CHECK(std::ranges::equal(*decoded, bytes));
  };
  same(base64_decode(base64(bytes)));
  same(base64url_decode(base64url(bytes)));
  same(hex_decode(hex(bytes)));

  if (const auto decoded = base64_decode(text)) REDOUBT_CHECK(base64(*decoded) == text);
  if (const auto decoded = base64url_decode(text)) REDOUBT_CHECK(base64url(*decoded) == text);
  if (const auto decoded = hex_decode(text)) {
    const std::string again = hex(*decoded);
    REDOUBT_CHECK(std::ranges::equal(again, text,
                                     [](char a, char b) { return a == std::tolower(static_cast<unsigned char>(b)); }));
  }
  return 0;
}
