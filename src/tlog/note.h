// Signed notes: a text and signature lines under it (C2SP signed-note).
//
//   This is an example message.
//
//   — example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=
//
// A text is to be believed only after verify_note said which known keys signed it. All functions: any thread.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/ed25519.h"
#include "tlog/hash.h"

namespace redoubt::tlog {

inline constexpr std::size_t kMaxNoteSize = 1024 * 1024;  // bytes, signatures included
inline constexpr std::size_t kMaxNoteSignatures = 100;    // the standard asks for at least 16
inline constexpr std::size_t kMaxKeyNameSize = 1024;      // bytes
inline constexpr std::size_t kMaxVerifierKeySize = 4096;  // bytes of a vkey's text

// The first four bytes, big-endian, of SHA-256(name || 0x0A || signature type || public key). Not a fingerprint to
// rely on: it only says which known key to try.
struct KeyId {
  std::uint32_t value = 0;
  friend auto operator<=>(KeyId, KeyId) = default;
};

// The signature types of the keys that are read here (C2SP signed-note, Signature types; C2SP tlog-cosignature). Keys
// of ECDSA (0x02), of RFC 6962 tree heads (0x05) and of types unassigned are not.
enum class SignatureType : std::uint8_t {
  kEd25519 = 0x01,             // over the note text
  kEd25519Cosignature = 0x04,  // with its time, over `cosignature/v1`, the time and the note text
  kMlDsa44Cosignature = 0x06,  // with its time, over a `subtree/v1` structure; recognised, never verified by this build
};

inline constexpr std::size_t kMlDsa44PublicKeySize = 1312;  // bytes (FIPS 204 §4, table 2)
inline constexpr std::size_t kMlDsa44SignatureSize = 2420;

// Whether `name` may name a key: 1 to kMaxKeyNameSize bytes of UTF-8 without `+`, Unicode spaces or control characters.
bool is_valid_key_name(std::string_view name);

// What a key has to say about a signature.
enum class Verdict : std::uint8_t {
  kHolds,
  kDoesNotHold,
  kNotChecked,  // well formed, of a type that this build cannot verify: proves nothing
};

// A key to verify with. A value.
class VerifierKey {
 public:
  // kInvalidArgument when the name may not name a key.
  static Result<VerifierKey> ed25519(std::string name, const crypto::Ed25519PublicKey& public_key);
  static Result<VerifierKey> ed25519_cosigner(std::string name, const crypto::Ed25519PublicKey& public_key);

  // A vkey: `NAME+KEYID+BASE64`, the key id as eight lower-case hexadecimal digits, the base64 of type byte and key.
  // Errors: kUnsupported for a type that SignatureType does not name (the caller may skip the key, and should say so);
  // kMalformed for another form, a wrong key length, or an id that is not the key's own; kTooLarge.
  static Result<VerifierKey> parse(std::string_view vkey);
  std::string format() const;

  const std::string& name() const { return name_; }
  KeyId id() const { return id_; }
  SignatureType type() const { return type_; }
  ByteView public_key() const { return public_key_; }  // as its type encodes it; valid while the key lives

  // Whether the key is of a cosignature type. Such a signature states when a witness saw a checkpoint; it does not
  // stand for a log's own, nor the other way round.
  bool is_cosigner() const { return type_ != SignatureType::kEd25519; }

  // Whether this build can verify the key's signatures. Where not, the verdict on a well-formed one is kNotChecked.
  bool can_verify() const { return type_ != SignatureType::kMlDsa44Cosignature; }

  // On `signature`, without the key id in front, over the note text. A cosignature's time must be in range, and its
  // length right, whether or not it can be verified.
  Verdict verify(std::string_view text, ByteView signature) const;

  friend bool operator==(const VerifierKey&, const VerifierKey&) = default;

 private:
  VerifierKey(std::string name, SignatureType type, Bytes public_key);
  static Result<VerifierKey> create(std::string name, SignatureType type, ByteView public_key);

  std::string name_;
  SignatureType type_;
  KeyId id_;
  Bytes public_key_;
};

// A named private key. Movable, not copyable; the key wipes itself. One thread at a time.
class NoteSigner {
 public:
  // kInvalidArgument when the name may not name a key.
  static Result<NoteSigner> create(std::string name, crypto::Ed25519PrivateKey key);

  // The same key under another name. kInvalidArgument when the name may not name a key.
  Result<NoteSigner> with_name(std::string name) const;

  const std::string& name() const { return verifier_key_.name(); }
  const VerifierKey& verifier_key() const { return verifier_key_; }

  // The line `— NAME BASE64` with its newline, over a note text that ends in a newline.
  std::string signature_line(std::string_view text) const;

 private:
  // The one other thing that a log's key signs (tlog/cose_receipt.h).
  friend std::string cose_root_line(const NoteSigner& log, const Hash& root);

  NoteSigner(VerifierKey verifier_key, crypto::Ed25519PrivateKey key)
      : verifier_key_(std::move(verifier_key)), key_(std::move(key)) {}

  VerifierKey verifier_key_;
  crypto::Ed25519PrivateKey key_;
};

struct NoteSignature {
  std::string key_name;
  KeyId key_id;
  Bytes signature;  // at least one byte; what follows the key id

  friend bool operator==(const NoteSignature&, const NoteSignature&) = default;
};

// The line `— NAME BASE64` with its newline. Precondition: parse_note or a signer made the signature.
std::string format_signature_line(const NoteSignature& signature);

struct Note {
  std::string text;  // with its last newline, without the blank line
  std::vector<NoteSignature> signatures;
};

// The signed note of `text`. kInvalidArgument unless the text is UTF-8, ends in a newline and has no other control
// character; kTooLarge when the note would exceed kMaxNoteSize.
Result<std::string> sign_note(std::string_view text, const NoteSigner& signer);

// Takes a note apart without verifying anything. Errors: kTooLarge above kMaxNoteSize or kMaxNoteSignatures;
// kMalformed for anything but the one form of the standard, or no signature line.
Result<Note> parse_note(std::string_view note);

struct VerifiedNote {
  Note note;
  std::vector<std::size_t> verified;  // positions in `keys` of those that signed, ascending, at least one
  std::vector<std::size_t>
      not_checked;                     // of those with a line that this build cannot verify; ascending, proves nothing
  std::size_t unknown_signatures = 0;  // lines of keys that were not given: ignored
};

// Opens a note with known keys. A line belongs to a known key when name and id both agree; other lines are ignored.
// Errors: parse_note's; kVerifyFailed when no known key verifiably signed, or a line of a known key does not hold;
// kInvalidArgument when two different keys of `keys` share name and id.
Result<VerifiedNote> verify_note(std::string_view note, std::span<const VerifierKey> keys);

}  // namespace redoubt::tlog
