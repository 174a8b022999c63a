#include "tlog/note.h"

#include <algorithm>
#include <optional>

#include "base/check.h"
#include "crypto/sha256.h"
#include "encoding/base64.h"
#include "tlog/internal/judged_note.h"
#include "tlog/internal/text.h"
#include "tlog/internal/timestamped_signature.h"

namespace redoubt::tlog {
namespace {

constexpr std::string_view kSignaturePrefix = "\xe2\x80\x94 ";  // em dash (U+2014), space
constexpr std::size_t kKeyIdSize = 4;

// Unicode's White_Space property, in valid UTF-8 (https://www.unicode.org/Public/UCD/latest/ucd/PropList.txt).
bool has_unicode_space(std::string_view text) {
  if (text.find_first_of("\t\n\v\f\r ") != std::string_view::npos) return true;
  for (const std::string_view space :
       {"\u0085", "\u00a0", "\u1680", "\u2000", "\u2001", "\u2002", "\u2003", "\u2004", "\u2005", "\u2006", "\u2007",
        "\u2008", "\u2009", "\u200a", "\u2028", "\u2029", "\u202f", "\u205f", "\u3000"}) {
    if (text.find(space) != std::string_view::npos) return true;
  }
  return false;
}

KeyId key_id_of(std::string_view name, SignatureType type, ByteView public_key) {
  const std::array<std::byte, 2> infix{std::byte{0x0a}, static_cast<std::byte>(type)};
  return {load_be<std::uint32_t>(crypto::sha256({as_bytes(name), infix, public_key}))};
}

std::array<std::byte, kKeyIdSize> bytes_of(KeyId id) {
  std::array<std::byte, kKeyIdSize> bytes;
  store_be(MutableByteView(bytes), id.value);
  return bytes;
}

Error malformed(const char* message) {
  return {Errc::kMalformed, message};
}

// Bytes of a public key of this type; nothing for a type that is not read.
std::optional<std::size_t> public_key_size(std::byte type) {
  switch (static_cast<SignatureType>(type)) {
    case SignatureType::kEd25519:
    case SignatureType::kEd25519Cosignature:
      return crypto::Ed25519PublicKey().size();
    case SignatureType::kMlDsa44Cosignature:
      return kMlDsa44PublicKeySize;
  }
  return std::nullopt;
}

bool is_signable(std::string_view text) {
  return text.ends_with('\n') && internal::is_note_text(text);
}

Result<NoteSignature> parse_signature_line(std::string_view line) {
  if (!line.starts_with(kSignaturePrefix)) return malformed("a signature line does not begin with an em dash");
  line.remove_prefix(kSignaturePrefix.size());
  const std::size_t space = line.find(' ');
  if (space == std::string_view::npos || !is_valid_key_name(line.substr(0, space))) {
    return malformed("a signature line has no valid key name");
  }
  const Result<Bytes> bytes = encoding::base64_decode(line.substr(space + 1));
  if (!bytes || bytes->size() <= kKeyIdSize) return malformed("a signature line has no valid signature");
  return NoteSignature{std::string(line.substr(0, space)),
                       {load_be<std::uint32_t>(*bytes)},
                       Bytes(bytes->begin() + kKeyIdSize, bytes->end())};
}

}  // namespace

bool is_valid_key_name(std::string_view name) {
  return !name.empty() && name.size() <= kMaxKeyNameSize && name.find('+') == std::string_view::npos &&
         internal::is_note_text(name) && !has_unicode_space(name);
}

VerifierKey::VerifierKey(std::string name, SignatureType type, Bytes public_key)
    : name_(std::move(name)),
      type_(type),
      id_(key_id_of(name_, type, public_key)),
      public_key_(std::move(public_key)) {}

Result<VerifierKey> VerifierKey::create(std::string name, SignatureType type, ByteView public_key) {
  if (!is_valid_key_name(name)) return Error(Errc::kInvalidArgument, "the name may not name a key");
  return VerifierKey(std::move(name), type, to_bytes(public_key));
}

Result<VerifierKey> VerifierKey::ed25519(std::string name, const crypto::Ed25519PublicKey& public_key) {
  return create(std::move(name), SignatureType::kEd25519, public_key);
}

Result<VerifierKey> VerifierKey::ed25519_cosigner(std::string name, const crypto::Ed25519PublicKey& public_key) {
  return create(std::move(name), SignatureType::kEd25519Cosignature, public_key);
}

Result<VerifierKey> VerifierKey::parse(std::string_view vkey) {
  if (vkey.size() > kMaxVerifierKeySize) return Error(Errc::kTooLarge, "the verifier key is too long");
  // Neither name nor id has a `+`; base64 may.
  const std::size_t first = vkey.find('+');
  const std::size_t second = first == std::string_view::npos ? first : vkey.find('+', first + 1);
  if (second == std::string_view::npos) return malformed("a verifier key has three parts, with `+` between");
  const std::string_view name = vkey.substr(0, first);
  const std::string_view id_text = vkey.substr(first + 1, second - first - 1);
  if (!is_valid_key_name(name)) return malformed("the verifier key has no valid name");
  const Result<Bytes> id = encoding::hex_decode(id_text);
  if (!id || id->size() != kKeyIdSize || encoding::hex(*id) != id_text) {
    return malformed("the verifier key's id is not eight lower-case hexadecimal digits");
  }
  const Result<Bytes> key = encoding::base64_decode(vkey.substr(second + 1));
  if (!key || key->empty()) return malformed("the verifier key's last part is not base64");
  const std::optional<std::size_t> key_size = public_key_size(key->front());
  if (!key_size) {
    return Error(Errc::kUnsupported,
                 "signature type 0x" + encoding::hex(ByteView(*key).first(1)) + " of the verifier key is not known");
  }
  if (key->size() != 1 + *key_size) return malformed("the verifier key has a wrong length");
  Result<VerifierKey> parsed =
      create(std::string(name), static_cast<SignatureType>(key->front()), ByteView(*key).subspan(1));
  if (parsed && parsed->id().value != load_be<std::uint32_t>(*id)) {
    return malformed("the verifier key's id does not belong to its name and key");
  }
  return parsed;
}

std::string VerifierKey::format() const {
  Bytes key{static_cast<std::byte>(type())};
  append(key, public_key_);
  return name_ + '+' + encoding::hex(bytes_of(id_)) + '+' + encoding::base64(key);
}

Verdict VerifierKey::verify(std::string_view text, ByteView signature) const {
  if (type_ == SignatureType::kMlDsa44Cosignature) {
    const bool well_formed = internal::parse_timestamped(signature, kMlDsa44SignatureSize).has_value();
    return well_formed ? Verdict::kNotChecked : Verdict::kDoesNotHold;
  }
  crypto::Ed25519PublicKey key;
  std::copy(public_key_.begin(), public_key_.end(), key.begin());
  bool holds = false;
  if (type_ == SignatureType::kEd25519) {
    holds = crypto::ed25519_verify(key, as_bytes(text), signature);
  } else if (const auto parts = internal::parse_timestamped(signature, crypto::Ed25519Signature().size())) {
    // "The timestamp MUST NOT exceed 2^63 - 1" (C2SP tlog-cosignature, Format) is parse_timestamped's; a time of zero,
    // which only ML-DSA-44 knows as "no statement", would date the statement to 1970.
    holds =
        parts->unix_seconds != 0 &&
        crypto::ed25519_verify(key, as_bytes(internal::cosigned_message(text, parts->unix_seconds)), parts->signature);
  }
  return holds ? Verdict::kHolds : Verdict::kDoesNotHold;
}

Result<NoteSigner> NoteSigner::create(std::string name, crypto::Ed25519PrivateKey key) {
  Result<VerifierKey> verifier_key = VerifierKey::ed25519(std::move(name), key.public_key());
  if (!verifier_key) return verifier_key.error();
  return NoteSigner(*std::move(verifier_key), std::move(key));
}

Result<NoteSigner> NoteSigner::with_name(std::string name) const {
  auto key = crypto::Ed25519PrivateKey::from_seed(key_.seed().reveal());
  if (!key) return key.error();
  return create(std::move(name), *std::move(key));
}

std::string NoteSigner::signature_line(std::string_view text) const {
  return format_signature_line({name(), verifier_key_.id(), to_bytes(key_.sign(as_bytes(text)))});
}

std::string format_signature_line(const NoteSignature& signature) {
  Bytes bytes = to_bytes(bytes_of(signature.key_id));
  append(bytes, signature.signature);
  std::string line(kSignaturePrefix);
  line.append(signature.key_name).append(1, ' ').append(encoding::base64(bytes)).append(1, '\n');
  return line;
}

Result<std::string> sign_note(std::string_view text, const NoteSigner& signer) {
  if (text.size() > kMaxNoteSize) return Error(Errc::kTooLarge, "the note text is too long");
  if (!is_signable(text)) return Error(Errc::kInvalidArgument, "a note text is lines of UTF-8 without control codes");
  std::string note(text);
  note += '\n';
  note += signer.signature_line(text);
  if (note.size() > kMaxNoteSize) return Error(Errc::kTooLarge, "the note text is too long");
  return note;
}

Result<Note> parse_note(std::string_view note) {
  if (note.size() > kMaxNoteSize) return Error(Errc::kTooLarge, "the note is too long");
  if (!internal::is_note_text(note)) return malformed("the note is not UTF-8 without control characters");
  // "The note text MAY contain empty lines; the text is separated from the signatures by the last empty line in the
  // note" (C2SP signed-note, Format).
  const std::size_t blank = note.rfind("\n\n");
  if (blank == std::string_view::npos) return malformed("the note has no blank line before its signatures");
  Note parsed;
  parsed.text = note.substr(0, blank + 1);
  std::string_view rest = note.substr(blank + 2);
  if (rest.empty()) return malformed("the note has no signature");
  while (!rest.empty()) {
    if (parsed.signatures.size() == kMaxNoteSignatures) {
      return Error(Errc::kTooLarge, "the note has too many signatures");
    }
    const auto line = internal::take_line(rest);
    if (!line) return malformed("the note does not end in a newline");
    Result<NoteSignature> signature = parse_signature_line(*line);
    if (!signature) return signature.error();
    parsed.signatures.push_back(*std::move(signature));
  }
  return parsed;
}

namespace internal {

Result<JudgedNote> judge_signatures(const Note& note, std::span<const VerifierKey> keys) {
  for (std::size_t i = 0; i < keys.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (keys[i].name() == keys[j].name() && keys[i].id() == keys[j].id() && keys[i] != keys[j]) {
        return Error(Errc::kInvalidArgument, "two different keys share the name `" + keys[i].name() + "` and an id");
      }
    }
  }
  JudgedNote judged;
  for (std::size_t line = 0; line < note.signatures.size(); ++line) {
    const NoteSignature& signature = note.signatures[line];
    bool known = false;
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (keys[i].name() != signature.key_name || keys[i].id() != signature.key_id) continue;
      known = true;
      const Verdict verdict = keys[i].verify(note.text, signature.signature);
      // "If a signature from a known key fails to verify, clients SHOULD reject the whole note" (C2SP signed-note,
      // Signatures).
      if (verdict == Verdict::kDoesNotHold) {
        return Error(Errc::kVerifyFailed, "the signature of `" + signature.key_name + "` does not hold");
      }
      judged.lines.push_back({line, i, verdict == Verdict::kHolds});
    }
    if (!known) ++judged.unknown;
  }
  return judged;
}

std::vector<std::size_t> keys_of_lines(const JudgedNote& judged, bool verified) {
  std::vector<std::size_t> keys;
  for (const JudgedLine& line : judged.lines) {
    if (line.verified == verified) keys.push_back(line.key);
  }
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  return keys;
}

}  // namespace internal

Result<VerifiedNote> verify_note(std::string_view note, std::span<const VerifierKey> keys) {
  Result<Note> parsed = parse_note(note);
  if (!parsed) return parsed.error();
  const Result<internal::JudgedNote> judged = internal::judge_signatures(*parsed, keys);
  if (!judged) return judged.error();
  VerifiedNote result{*std::move(parsed), internal::keys_of_lines(*judged, true),
                      internal::keys_of_lines(*judged, false), judged->unknown};
  if (!result.verified.empty()) return result;
  return Error(Errc::kVerifyFailed, result.not_checked.empty()
                                        ? "no known key signed the note"
                                        : "the note is signed only by keys that this build cannot verify");
}

}  // namespace redoubt::tlog
