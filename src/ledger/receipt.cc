#include "ledger/receipt.h"

#include <algorithm>
#include <charconv>

#include "encoding/base64.h"

namespace redoubt::ledger {
namespace {

constexpr std::size_t kMaxReceiptBytes = 2048;

Error malformed() {
  return Error(Errc::kMalformed, "not a receipt: expected `origin=\"…\", index=N, leaf=:BASE64:`");
}

// Takes `prefix` off the front of `text`.
bool take(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

// sf-string (RFC 9651 §3.3.3) after its opening quote.
bool take_string(std::string_view& text, std::string& out) {
  while (!text.empty()) {
    char c = text.front();
    text.remove_prefix(1);
    if (c == '"') return !out.empty();
    if (c == '\\') {
      if (text.empty() || (text.front() != '"' && text.front() != '\\')) return false;
      c = text.front();
      text.remove_prefix(1);
    } else if (c < 0x20 || c > 0x7e) {
      return false;
    }
    out += c;
  }
  return false;
}

}  // namespace

std::string format_receipt(const Receipt& receipt) {
  std::string out = "origin=\"";
  for (const char c : receipt.origin) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  out += "\", index=";
  out += std::to_string(receipt.index.value);
  out += ", leaf=:";
  out += encoding::base64(receipt.leaf_hash);
  out += ':';
  return out;
}

Result<Receipt> parse_receipt(std::string_view text) {
  if (text.size() > kMaxReceiptBytes) return malformed();
  Receipt receipt;
  bool origin = false;
  bool index = false;
  bool leaf = false;
  for (int member = 0; member < 3; ++member) {
    if (member > 0) {
      const std::size_t comma = text.find_first_not_of(" \t");
      if (comma == std::string_view::npos || text[comma] != ',') return malformed();
      text.remove_prefix(comma + 1);
      text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
    }
    if (!origin && take(text, "origin=\"")) {
      if (!take_string(text, receipt.origin)) return malformed();
      origin = true;
    } else if (!index && take(text, "index=")) {
      // sf-integer has at most 15 digits (§3.3.1).
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), receipt.index.value);
      const auto digits = static_cast<std::size_t>(end - text.data());
      if (error != std::errc() || digits > 15) return malformed();
      text.remove_prefix(digits);
      index = true;
    } else if (!leaf && take(text, "leaf=:")) {
      const std::size_t end = text.find(':');
      if (end == std::string_view::npos) return malformed();
      auto hash = encoding::base64_decode(text.substr(0, end));
      if (!hash || hash->size() != receipt.leaf_hash.size()) return malformed();
      std::copy(hash->begin(), hash->end(), receipt.leaf_hash.begin());
      text.remove_prefix(end + 1);
      leaf = true;
    } else {
      return malformed();
    }
  }
  if (!text.empty()) return malformed();
  return receipt;
}

}  // namespace redoubt::ledger
