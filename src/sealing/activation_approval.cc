#include "sealing/activation_approval.h"

#include <algorithm>
#include <charconv>
#include <system_error>

#include "crypto/public_key.h"
#include "encoding/base64.h"

namespace redoubt::sealing {

namespace {

constexpr std::string_view kHead = "redoubt-activation-v1\n";

std::string signed_lines(const ActivationApproval& word) {
  return std::string(kHead) + "replaces sha256:" + encoding::hex(word.replaces) + "\nfact " +
         std::to_string(word.fact) + "\nbundle sha256:" + encoding::hex(word.bundle) + "\n";
}

// An approval of a state of registers is 64 bytes (tpm/approval.h): a signature of one is never one of the other.
std::string activation_message(const ActivationApproval& word, ByteView purpose) {
  return signed_lines(word) + "purpose " + encoding::hex(purpose) + "\n";
}

// What stands behind `name` on the next line.
std::optional<std::string_view> take_value(std::string_view& rest, std::string_view name) {
  if (!rest.starts_with(name)) return std::nullopt;
  rest.remove_prefix(name.size());
  const std::size_t end = rest.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view value = rest.substr(0, end);
  rest.remove_prefix(end + 1);
  return value;
}

template <class T>
bool copy_exactly(const Result<Bytes>& bytes, T& out) {
  if (!bytes || bytes->size() != out.size()) return false;
  std::ranges::copy(*bytes, out.begin());
  return true;
}

bool take_digest(std::string_view& rest, std::string_view name, crypto::Sha256Digest& out) {
  const auto value = take_value(rest, name);
  return value && copy_exactly(encoding::hex_decode(*value), out);
}

bool take_number(std::string_view& rest, std::string_view name, std::uint64_t& out) {
  const auto value = take_value(rest, name);
  if (!value) return false;
  const auto [end, error] = std::from_chars(value->data(), value->data() + value->size(), out);
  return error == std::errc() && end == value->data() + value->size();
}

}  // namespace

void ActivationApproval::sign(const crypto::Sha256Digest& purpose, const crypto::P256PrivateKey& approver) {
  signature = approver.sign(as_bytes(activation_message(*this, purpose)));
}

bool ActivationApproval::is_signed_by(const crypto::P256PublicKey& approver, ByteView purpose) const {
  const ByteView point(approver);
  const auto key = crypto::PublicKey::from_point(crypto::KeyType::kP256, point.subspan(1, 32), point.subspan(33, 32));
  const ByteView numbers(signature);
  const std::string message = activation_message(*this, purpose);
  return key && point[0] == std::byte{4} &&
         key->verify_ecdsa(crypto::HashAlgorithm::kSha256, as_bytes(message), numbers.first(32), numbers.subspan(32));
}

std::string ActivationApproval::format() const {
  return signed_lines(*this) + "signature " + encoding::base64(signature) + "\n";
}

Result<ActivationApproval> ActivationApproval::parse(std::string_view text) {
  if (text.size() > kMaxBytes) return Error(Errc::kTooLarge, "the approval of an activation is larger than 512 bytes");
  const Error malformed(Errc::kMalformed, "this is no approval of an activation");
  if (!text.starts_with(kHead)) return malformed;
  ActivationApproval out;
  std::string_view rest = text.substr(kHead.size());
  if (!take_digest(rest, "replaces sha256:", out.replaces) || !take_number(rest, "fact ", out.fact) ||
      !take_digest(rest, "bundle sha256:", out.bundle)) {
    return malformed;
  }
  const auto signature = take_value(rest, "signature ");
  if (!signature || !copy_exactly(encoding::base64_decode(*signature), out.signature)) return malformed;
  if (out.format() != text) return malformed;  // one form only: nothing behind it, no digits in another case
  return out;
}

Result<std::optional<ActivationApproval>> read_activation_approval(FileSystem& fs, const std::string& folder) {
  const std::string path = folder + "/" + std::string(kActivationFile);
  const auto text = read_file(fs, path, ActivationApproval::kMaxBytes);
  if (!text && text.error().code() == Errc::kNotFound) return std::optional<ActivationApproval>();
  if (!text) return text.error();
  auto word = ActivationApproval::parse(as_chars(*text));
  if (!word) return word.error().in("`" + path + "`");
  return std::optional<ActivationApproval>(*std::move(word));
}

}  // namespace redoubt::sealing
