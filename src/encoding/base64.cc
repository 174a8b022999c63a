#include "encoding/base64.h"

#include <array>
#include <cstring>

#include "base/check.h"

namespace redoubt::encoding {
namespace {

constexpr std::string_view kStandardAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kUrlAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

constexpr std::uint8_t kNotInAlphabet = 0xff;
using DecodeTable = std::array<std::uint8_t, 256>;

constexpr DecodeTable decode_table(std::string_view alphabet) {
  DecodeTable table{};
  table.fill(kNotInAlphabet);
  for (std::size_t i = 0; i < alphabet.size(); ++i) {
    table[static_cast<unsigned char>(alphabet[i])] = static_cast<std::uint8_t>(i);
  }
  return table;
}

constexpr DecodeTable kStandardValues = decode_table(kStandardAlphabet);
constexpr DecodeTable kUrlValues = decode_table(kUrlAlphabet);

std::string encode(ByteView bytes, std::string_view alphabet, bool pad) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  const auto at = [&](std::size_t i) { return static_cast<std::uint32_t>(bytes[i]); };
  std::size_t i = 0;
  for (; i + 3 <= bytes.size(); i += 3) {
    const std::uint32_t group = at(i) << 16 | at(i + 1) << 8 | at(i + 2);
    const char quad[4] = {alphabet[group >> 18], alphabet[group >> 12 & 0x3f], alphabet[group >> 6 & 0x3f],
                          alphabet[group & 0x3f]};
    out.append(quad, 4);
  }
  const std::size_t rest = bytes.size() - i;
  if (rest == 0) return out;
  const std::uint32_t group = at(i) << 16 | (rest == 2 ? at(i + 1) << 8 : 0);
  out += alphabet[group >> 18];
  out += alphabet[group >> 12 & 0x3f];
  if (rest == 2) out += alphabet[group >> 6 & 0x3f];
  if (pad) out.append(3 - rest, '=');
  return out;
}

// `text` without padding.
Result<Bytes> decode(std::string_view text, const DecodeTable& values) {
  const std::size_t rest = text.size() % 4;
  if (rest == 1) return Error(Errc::kMalformed, "base64 has a length that no bytes have");
  Bytes out;
  out.reserve(text.size() / 4 * 3 + 2);
  std::uint32_t group = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::uint8_t value = values[static_cast<unsigned char>(text[i])];
    if (value == kNotInAlphabet) return Error(Errc::kMalformed, "base64 has a character outside its alphabet");
    group = group << 6 | value;
    if (i % 4 != 3) continue;
    out.push_back(static_cast<std::byte>(group >> 16 & 0xff));
    out.push_back(static_cast<std::byte>(group >> 8 & 0xff));
    out.push_back(static_cast<std::byte>(group & 0xff));
    group = 0;
  }
  // RFC 4648 §3.5: the bits that no byte uses are zero, so that each value has one spelling.
  if (rest == 2) {
    if ((group & 0xf) != 0) return Error(Errc::kMalformed, "base64 has unused bits that are not zero");
    out.push_back(static_cast<std::byte>(group >> 4 & 0xff));
  } else if (rest == 3) {
    if ((group & 0x3) != 0) return Error(Errc::kMalformed, "base64 has unused bits that are not zero");
    out.push_back(static_cast<std::byte>(group >> 10 & 0xff));
    out.push_back(static_cast<std::byte>(group >> 2 & 0xff));
  }
  return out;
}

}  // namespace

std::string base64(ByteView bytes) {
  return encode(bytes, kStandardAlphabet, true);
}
std::string base64url(ByteView bytes) {
  return encode(bytes, kUrlAlphabet, false);
}

Result<Bytes> base64_decode(std::string_view text) {
  if (text.size() % 4 != 0) return Error(Errc::kMalformed, "base64 has missing or extra padding");
  // At most two padding characters; a third is then a character outside the alphabet.
  for (int i = 0; i < 2 && text.ends_with('='); ++i) text.remove_suffix(1);
  return decode(text, kStandardValues);
}

Result<Bytes> base64url_decode(std::string_view text) {
  return decode(text, kUrlValues);
}

}  // namespace redoubt::encoding
