#include "crypto/internal/pem.h"

#include <openssl/evp.h>

#include <string>

namespace redoubt::crypto::internal {

namespace {

constexpr std::string_view kDashes = "-----";
constexpr std::string_view kBegin = "-----BEGIN ";
constexpr std::string_view kEnd = "-----END ";

// What stands between the words and the dashes of a line that begins or ends a block.
std::optional<std::string_view> find_label(std::string_view line, std::string_view words) {
  if (!line.starts_with(words) || !line.ends_with(kDashes) || line.size() < words.size() + kDashes.size()) {
    return std::nullopt;
  }
  return line.substr(words.size(), line.size() - words.size() - kDashes.size());
}

std::optional<Bytes> decode(std::string_view base64) {
  const std::size_t padding = base64.ends_with("==") ? 2 : base64.ends_with('=') ? 1 : 0;
  // OpenSSL takes padding anywhere for zeros, and white space at both ends for nothing.
  if (base64.size() % 4 != 0 || base64.substr(0, base64.size() - padding).find_first_of("= \t") != base64.npos) {
    return std::nullopt;
  }
  Bytes out(base64.size() / 4 * 3);
  const int size =
      EVP_DecodeBlock(as_uchars(MutableByteView(out)), as_uchars(as_bytes(base64)), static_cast<int>(base64.size()));
  if (size < 0 || static_cast<std::size_t>(size) != out.size()) return std::nullopt;
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
