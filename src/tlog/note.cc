#include "tlog/note.h"

#include <algorithm>
#include <optional>

#include "base/check.h"
#include "crypto/sha256.h"
#include "encoding/base64.h"
#include "tlog/internal/text.h"

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

Result<VerifierKey> VerifierKey::ed25519(std::string name, const crypto::Ed25519PublicKey& public_key) {
  if (!is_valid_key_name(name)) return Error(Errc::kInvalidArgument, "the name may not name a key");
  const KeyId id = key_id_of(name, SignatureType::kEd25519, public_key);
  return VerifierKey(std::move(name), id, public_key);
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
  if (key->front() != static_cast<std::byte>(SignatureType::kEd25519)) {
    return Error(Errc::kUnsupported,
                 "signature type 0x" + encoding::hex(ByteView(*key).first(1)) + " of the verifier key is not known");
  }
  crypto::Ed25519PublicKey public_key;
  if (key->size() != 1 + public_key.size()) return malformed("the verifier key has a wrong length");
  std::copy(key->begin() + 1, key->end(), public_key.begin());
  Result<VerifierKey> parsed = ed25519(std::string(name), public_key);
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

bool VerifierKey::verify(std::string_view text, ByteView signature) const {
  return crypto::ed25519_verify(public_key_, as_bytes(text), signature);
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
  Bytes bytes = to_bytes(bytes_of(verifier_key_.id()));
  append(bytes, key_.sign(as_bytes(text)));
  std::string line(kSignaturePrefix);
  line.append(name()).append(1, ' ').append(encoding::base64(bytes)).append(1, '\n');
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

Result<VerifiedNote> verify_note(std::string_view note, std::span<const VerifierKey> keys) {
  for (std::size_t i = 0; i < keys.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (keys[i].name() == keys[j].name() && keys[i].id() == keys[j].id() && keys[i] != keys[j]) {
        return Error(Errc::kInvalidArgument, "two different keys share the name `" + keys[i].name() + "` and an id");
      }
    }
  }
  Result<Note> parsed = parse_note(note);
  if (!parsed) return parsed.error();
  VerifiedNote result;
  result.note = *std::move(parsed);
  for (const NoteSignature& signature : result.note.signatures) {
    bool known = false;
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (keys[i].name() != signature.key_name || keys[i].id() != signature.key_id) continue;
      known = true;
      // "If a signature from a known key fails to verify, clients SHOULD reject the whole note" (C2SP signed-note,
      // Signatures).
      if (!keys[i].verify(result.note.text, signature.signature)) {
        return Error(Errc::kVerifyFailed, "the signature of `" + signature.key_name + "` does not hold");
      }
      result.verified.push_back(i);
    }
    if (!known) ++result.unknown_signatures;
  }
  std::sort(result.verified.begin(), result.verified.end());
  result.verified.erase(std::unique(result.verified.begin(), result.verified.end()), result.verified.end());
  if (result.verified.empty()) return Error(Errc::kVerifyFailed, "no known key signed the note");
  return result;
}

}  // namespace redoubt::tlog
