#include "ledger/signer_evidence_file.h"

#include <charconv>

#include "encoding/base64.h"
#include "ledger/reader.h"

namespace redoubt::ledger {

std::string format_signer_evidence(const SignerEvidenceFile& file) {
  return std::to_string(file.index) + "\n" + encoding::base64(file.record) + "\n";
}

Result<SignerEvidenceFile> parse_signer_evidence(std::string_view text) {
  if (text.size() > kMaxSignerEvidenceBytes) return Error(Errc::kTooLarge, "the signer's evidence is too long");
  const Error malformed(Errc::kMalformed, "the signer's evidence is not in its form");
  const std::size_t line = text.find('\n');
  if (line == std::string_view::npos || !text.ends_with('\n') || text.size() == line + 1) return malformed;
  SignerEvidenceFile out;
  const auto [end, error] = std::from_chars(text.data(), text.data() + line, out.index);
  auto record = encoding::base64_decode(text.substr(line + 1, text.size() - line - 2));
  if (error != std::errc() || end != text.data() + line || !record) return malformed;
  out.record = *std::move(record);
  // One spelling of each.
  if (format_signer_evidence(out) != text) return malformed;
  return out;
}

}  // namespace redoubt::ledger
