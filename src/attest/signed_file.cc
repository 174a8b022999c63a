#include "attest/signed_file.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/timestamp.h"
#include "crypto/sha256.h"
#include "encoding/base64.h"

namespace redoubt::attest {

namespace {

constexpr std::string_view kForm = "redoubt-signed-file/v1\n";
constexpr std::string_view kContent = "--- content ---\n";

bool is_type(std::string_view text) {
  return !text.empty() && text.size() <= 64 &&
         std::ranges::all_of(text, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
}

std::string statement_of(const SignedFile& file) {
  return std::string(kForm) + file.type + "\n" + std::to_string(file.sequence) + "\n" + format_timestamp(file.created) +
         "\nsha-256 " + encoding::hex(crypto::sha256(as_bytes(file.content))) + " of " +
         std::to_string(file.content.size()) + " bytes\n";
}

}  // namespace

Result<std::string> sign_file(const SignedFile& file, const tlog::NoteSigner& signer) {
  if (!is_type(file.type)) return Error(Errc::kInvalidArgument, "`" + file.type + "` is no type of a signed file");
  if (file.content.size() > SignedFile::kMaxContent) return Error(Errc::kTooLarge, "a signed file has at most 64 MiB");
  auto note = tlog::sign_note(statement_of(file), signer);
  if (!note) return note.error();
  return *note + std::string(kContent) + file.content;
}

Result<SignedFile> open_signed_file(std::string_view bytes, std::string_view type, const tlog::VerifierKey& signer) {
  const auto at = bytes.substr(0, tlog::kMaxNoteSize).find("\n" + std::string(kContent));
  if (at == std::string_view::npos) return Error(Errc::kMalformed, "no signed file");
  const std::string_view note = bytes.substr(0, at + 1);
  const std::string_view content = bytes.substr(at + 1 + kContent.size());
  if (content.size() > SignedFile::kMaxContent) return Error(Errc::kTooLarge, "a signed file has at most 64 MiB");
  const auto verified = tlog::verify_note(note, std::span(&signer, 1));
  if (!verified) return verified.error().in("the signed file");

  std::string_view rest = verified->note.text;
  std::array<std::string_view, 4> lines;
  for (std::string_view& line : lines) {
    const auto end = rest.find('\n');
    if (end == std::string_view::npos) return Error(Errc::kMalformed, "a signed file states too little");
    line = rest.substr(0, end);
    rest.remove_prefix(end + 1);
  }
  SignedFile out{.type = std::string(lines[1]), .content = std::string(content)};
  const auto [end, error] = std::from_chars(lines[2].data(), lines[2].data() + lines[2].size(), out.sequence);
  const auto created = parse_timestamp(lines[3]);
  if (error != std::errc() || end != lines[2].data() + lines[2].size() || !created) {
    return Error(Errc::kMalformed, "a signed file with no sequence or no time");
  }
  out.created = *created;
  if (out.type != type) {
    return Error(Errc::kVerifyFailed, "the signed file is of type `" + out.type + "`, not `" + std::string(type) + "`");
  }
  // One form for each statement: what is not written so does not hold, the digest of the content above all.
  if (statement_of(out) != verified->note.text) {
    return Error(Errc::kVerifyFailed, "the content of the signed file is not what was signed");
  }
  return out;
}

Result<> check_freshness(const SignedFile& file, const Freshness& freshness, UnixMillis at) {
  if (file.created > at) return Error(Errc::kVerifyFailed, "the signed file is of a later time than is asked about");
  if (freshness.max_age_ms && at.value - file.created.value > *freshness.max_age_ms) {
    return Error(Errc::kVerifyFailed, "the signed file is of " + format_timestamp(file.created) + ", which is too old");
  }
  if (freshness.last_sequence && file.sequence < *freshness.last_sequence) {
    return Error(Errc::kVerifyFailed, "the signed file has the sequence " + std::to_string(file.sequence) + " where " +
                                          std::to_string(*freshness.last_sequence) + " was seen before");
  }
  return {};
}

}  // namespace redoubt::attest
