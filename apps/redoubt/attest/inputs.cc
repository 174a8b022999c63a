#include "redoubt/attest/inputs.h"

#include <algorithm>
#include <charconv>

#include "attest/corim.h"
#include "base/file.h"
#include "base/timestamp.h"
#include "encoding/base64.h"

namespace redoubt::app::attest_verbs {

namespace {

constexpr std::uint64_t kMaxFile = std::uint64_t{64} << 20;
constexpr double kDayMs = 86'400'000;

Error wrong(std::string message) {
  return {Errc::kInvalidArgument, std::move(message)};
}

// The sequence that was seen last; nothing when the file is not there yet.
Result<std::optional<std::uint64_t>> read_state(FileSystem& fs, const std::string& path) {
  if (path.empty()) return std::optional<std::uint64_t>();
  const auto bytes = read_file(fs, path, 64);
  if (!bytes && bytes.error().code() == Errc::kNotFound) return std::optional<std::uint64_t>();
  if (!bytes) return bytes.error();
  std::uint64_t sequence = 0;
  const std::string_view text = as_chars(*bytes);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), sequence);
  if (error != std::errc() || std::string_view(end, text.data() + text.size()) != "\n") {
    return Error(Errc::kCorrupt, "`" + path + "` is no file that remembers a sequence");
  }
  return std::optional(sequence);
}

}  // namespace

Result<> InputFiles::add(std::string_view argument) {
  const auto equals = argument.find('=');
  if (equals == std::string_view::npos) return wrong("`" + std::string(argument) + "` is not ROLE=FILE");
  const auto role = attest::find_role(argument.substr(0, equals));
  if (!role) return wrong("`" + std::string(argument.substr(0, equals)) + "` is no role of a file of evidence");
  if (files_.contains(*role)) return wrong("`" + std::string(attest::to_string(*role)) + "` is given twice");
  PosixFileSystem fs;
  auto bytes = read_file(fs, std::string(argument.substr(equals + 1)), attest::Evidence::kMaxFileBytes);
  if (!bytes) return bytes.error();
  const Bytes& kept = files_.emplace(*role, *std::move(bytes)).first->second;
  inputs_.set(*role, kept);
  return {};
}

Result<attest::Kind> read_kind(std::string_view name) {
  if (const auto kind = attest::find_kind(name)) return *kind;
  std::string known;
  for (const attest::Kind each : attest::kKinds) known += " " + std::string(attest::to_string(each));
  return wrong("`" + std::string(name) + "` is no kind of evidence; there are" + known);
}

Result<UnixMillis> read_time(std::string_view text) {
  if (text == "now") return SystemClock().now();
  if (const auto time = parse_timestamp(text)) return *time;
  return wrong("`" + std::string(text) + "` is no time: 2026-01-31T12:00:00Z, or `now`");
}

Result<std::optional<Bytes>> read_nonce(std::string_view hex) {
  if (hex.empty()) return std::optional<Bytes>();
  auto bytes = encoding::hex_decode(hex);
  if (!bytes) return wrong("the nonce is not hexadecimal");
  return std::optional(*std::move(bytes));
}

Result<std::string> read_whole(const std::string& path) {
  PosixFileSystem fs;
  const auto bytes = read_file(fs, path, kMaxFile);
  if (!bytes) return bytes.error();
  return std::string(as_chars(*bytes));
}

Result<tlog::VerifierKey> read_signer(const std::string& text_or_path) {
  if (text_or_path.empty()) return wrong("a signed file needs --signer: the verifier key of who signed it");
  if (auto key = tlog::VerifierKey::parse(text_or_path)) return key;
  const auto text = read_whole(text_or_path);
  if (!text) return wrong("`" + text_or_path + "` is neither a verifier key nor a file with one");
  return tlog::VerifierKey::parse(text->substr(0, text->find('\n')));
}

Result<attest::SignedFile> open_signed(const SignedFileOptions& options, std::string_view type, UnixMillis at) {
  const auto signer = read_signer(options.signer);
  if (!signer) return signer.error();
  const auto bytes = read_whole(options.file);
  if (!bytes) return bytes.error();
  auto file = attest::open_signed_file(*bytes, type, *signer);
  if (!file) return file.error().in(options.file);
  PosixFileSystem fs;
  attest::Freshness freshness;
  if (options.max_age_days) freshness.max_age_ms = static_cast<std::int64_t>(*options.max_age_days * kDayMs);
  const auto last = read_state(fs, options.state);
  if (!last) return last.error();
  freshness.last_sequence = *last;
  if (auto fresh = attest::check_freshness(*file, freshness, at); !fresh) return fresh.error().in(options.file);
  if (!options.state.empty() && last->value_or(0) != file->sequence) {
    const std::string text = std::to_string(file->sequence) + "\n";
    if (auto written = write_file_atomically(fs, options.state, as_bytes(text)); !written) return written.error();
  }
  return file;
}

Result<attest::ReferenceValues> read_references(const SignedFileOptions& options, UnixMillis at) {
  const auto bytes = read_whole(options.file);
  if (!bytes) return bytes.error();
  if (!attest::looks_like_corim(as_bytes(*bytes))) {
    const auto file = open_signed(options, kReferencesType, at);
    if (!file) return file.error();
    return attest::parse_reference_values(file->content);
  }
  if (options.max_age_days || !options.state.empty()) {
    return wrong("a CoRIM has times of its own and no sequence: no --max-age and no --state");
  }
  const auto signer = read_signer(options.signer);
  if (!signer) return signer.error();
  const auto key = crypto::PublicKey::from_ed25519(signer->public_key());
  if (!key) return key.error();
  auto corim = attest::read_corim(as_bytes(*bytes), *key, at);
  if (!corim) return corim.error().in(options.file);
  return std::move(corim->references);
}

namespace {

// Hexadecimal, or a file with a line of it.
Result<crypto::Sha256Digest> read_pin(const std::string& text_or_path) {
  crypto::Sha256Digest out;
  auto bytes = encoding::hex_decode(text_or_path);
  if (!bytes) {
    auto text = read_whole(text_or_path);
    if (!text) return text.error();
    bytes = encoding::hex_decode(std::string_view(*text).substr(0, text->find_first_of("\r\n")));
  }
  if (!bytes || bytes->size() != out.size()) return wrong("`--pin` is no SHA-256 of a key, nor a file with one");
  std::ranges::copy(*bytes, out.begin());
  return out;
}

}  // namespace

Result<attest::AppraisalPolicy> read_accepted(const AcceptedServer& accepted) {
  if (accepted.policy.empty() == accepted.pinned_key.empty()) {
    return wrong("say what is accepted: a policy or `--pin`, one of them");
  }
  if (!accepted.policy.empty()) {
    auto text = read_whole(accepted.policy);
    if (!text) return text.error();
    return attest::parse_appraisal_policy(*text);
  }
  auto pin = read_pin(accepted.pinned_key);
  if (!pin) return pin.error();
  return attest::pinned_tpm_policy(*pin, false);
}

}  // namespace redoubt::app::attest_verbs
