#include "crypto/internal/pem.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>

namespace redoubt::crypto::internal {

namespace {

constexpr std::string_view kDashes = "-----";
constexpr std::string_view kBegin = "-----BEGIN ";
constexpr std::string_view kEnd = "-----END ";
constexpr std::size_t kUsualSize = 2048;  // of a certificate

// What stands between the words and the dashes of a line that begins or ends a block.
std::optional<std::string_view> find_label(std::string_view line, std::string_view words) {
  if (!line.starts_with(words) || !line.ends_with(kDashes) || line.size() < words.size() + kDashes.size()) {
    return std::nullopt;
  }
  return line.substr(words.size(), line.size() - words.size() - kDashes.size());
}

constexpr std::uint32_t kNoDigit = 0x80;  // no value of a digit has this bit

constexpr std::array<std::uint8_t, 256> kValues = [] {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::array<std::uint8_t, 256> values{};
  values.fill(kNoDigit);
  for (std::size_t i = 0; i < kDigits.size(); ++i) {
    values[static_cast<unsigned char>(kDigits[i])] = static_cast<std::uint8_t>(i);
  }
  return values;
}();

// Three bytes of four digits; what is no digit shows as kNoDigit in what it returns.
inline std::uint32_t decode_four(const char* four, std::byte* out) {
  const auto value = [&](std::size_t i) -> std::uint32_t { return kValues[static_cast<unsigned char>(four[i])]; };
  const std::uint32_t a = value(0);
  const std::uint32_t b = value(1);
  const std::uint32_t c = value(2);
  const std::uint32_t d = value(3);
  out[0] = static_cast<std::byte>(a << 2 | b >> 4);
  out[1] = static_cast<std::byte>(b << 4 | c >> 2);
  out[2] = static_cast<std::byte>(c << 6 | d);
  return a | b | c | d;
}

// A chain of certificates is read with every piece of evidence, so that this is quick. Bits that no byte uses may be
// anything, as OpenSSL has it.
std::optional<Bytes> decode(std::string_view base64) {
  if (base64.size() % 4 != 0) return std::nullopt;
  const std::size_t padding = base64.ends_with("==") ? 2 : base64.ends_with('=') ? 1 : 0;
  Bytes out(base64.size() / 4 * 3);
  const char* from = base64.data();
  std::byte* to = out.data();
  std::uint32_t seen = 0;
  for (std::size_t left = base64.size() / 4 - (padding == 0 ? 0 : 1); left > 0; --left, from += 4, to += 3) {
    seen |= decode_four(from, to);
  }
  if (padding != 0) {
    std::array<char, 4> last{'A', 'A', 'A', 'A'};  // 0
    std::copy_n(from, 4 - padding, last.begin());
    seen |= decode_four(last.data(), to);
  }
  if ((seen & kNoDigit) != 0) return std::nullopt;
  out.resize(out.size() - padding);
  return out;
}

}  // namespace

// Without white space and what is no character at its end.
std::optional<std::string_view> PemReader::next_line() {
  if (rest_.empty()) return std::nullopt;
  const auto end = rest_.find('\n');
  std::string_view line = rest_.substr(0, end);
  rest_ = end == std::string_view::npos ? std::string_view() : rest_.substr(end + 1);
  while (!line.empty() && static_cast<unsigned char>(line.back()) <= ' ') line.remove_suffix(1);
  return line;
}

Result<std::optional<Bytes>> PemReader::next(std::string_view label, std::string_view old_label) {
  while (const auto first = next_line()) {
    const auto begun = find_label(*first, kBegin);
    if (!begun) continue;
    const bool wanted = *begun == label || *begun == old_label;
    std::string base64;
    if (wanted) base64.reserve(std::min(rest_.size(), kUsualSize));
    auto line = next_line();
    for (; line && !line->starts_with(kEnd); line = next_line()) {
      if (wanted) base64 += *line;
    }
    if (!line || find_label(*line, kEnd) != begun) return Error(Errc::kMalformed, "a PEM block has no end");
    if (!wanted) continue;
    auto content = decode(base64);
    if (!content) return Error(Errc::kMalformed, "a PEM block is damaged");
    return std::optional(*std::move(content));
  }
  return std::optional<Bytes>();
}

}  // namespace redoubt::crypto::internal
