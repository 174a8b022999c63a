// COSE_Sign1 (RFC 9052 §4.2): the structure of one signature over one payload, read and written. Whether a signature
// holds is for who has the key (attest/cose_signature.h, tlog/cose_receipt.h); here is what it is over.
//
//   auto message = CoseSign1::read(bytes);
//   if (!message) return message.error();
//   if (message->algorithm() != cose::kEs384) return …;
//   const Bytes signed_bytes = message->to_be_signed({}, *message->payload());
//
// Any thread; views are valid as long as the bytes that were read.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "encoding/cbor_reader.h"

namespace redoubt::encoding {

namespace cose {

// Labels of header parameters (RFC 9052 §3.1, RFC 9360 §2, RFC 9942 §2).
inline constexpr std::int64_t kAlgorithm = 1;
inline constexpr std::int64_t kCritical = 2;
inline constexpr std::int64_t kContentType = 3;
inline constexpr std::int64_t kKeyId = 4;
inline constexpr std::int64_t kCertificateChain = 33;

// Algorithms (RFC 9053 §2, RFC 8230 §2, RFC 9864 §2).
inline constexpr std::int64_t kEs256 = -7;
inline constexpr std::int64_t kEdDsa = -8;
inline constexpr std::int64_t kEd25519 = -19;
inline constexpr std::int64_t kEs384 = -35;
inline constexpr std::int64_t kEs512 = -36;
inline constexpr std::int64_t kPs256 = -37;
inline constexpr std::int64_t kPs384 = -38;
inline constexpr std::int64_t kPs512 = -39;

inline constexpr std::uint64_t kSign1Tag = 18;

// `ES384`, `RS1` and so on as the registry has it, or the number: for messages.
std::string algorithm_name(std::int64_t algorithm);

// Sig_structure of RFC 9052 §4.4 for COSE_Sign1, encoded: what is signed. `protected_header` is the content of the
// message's byte string; an empty map in it counts as none.
Bytes sign1_to_be_signed(ByteView protected_header, ByteView external_data, ByteView payload);

}  // namespace cose

struct CoseSign1Form {
  CborForm form = CborForm::kDeterministic;  // of the message and its protected header; the payload is the caller's
  bool tag_required = false;                 // otherwise tag 18 may be there or not
  bool trailing_allowed = false;             // bytes after the message, found by rest()
  CborLimits limits = {};
};

// A message that was read. What is checked: the array of four with their types; an algorithm, a number, in the
// protected header (RFC 9052 §3.1 wants it authenticated, so a message without one is refused); labels are numbers or
// text, and none stands in both headers (§3); what `crit` names is in the protected header and understood (§3.1).
// Movable, not copyable.
class CoseSign1 {
 public:
  // `understood` are the labels that the caller acts on, besides those of cose::. Errors: kMalformed; kTooLarge above a
  // limit; kUnsupported for a critical parameter that nobody here understands.
  static Result<CoseSign1> read(ByteView message, CoseSign1Form form = {},
                                std::initializer_list<std::int64_t> understood = {});

  std::int64_t algorithm() const { return algorithm_; }
  CborMap protected_header() const;
  ByteView protected_bytes() const { return protected_bytes_; }  // the same, encoded
  CborMap unprotected_header() const { return unprotected_; }
  // Nothing when it is detached (RFC 9052 §4.1: nil).
  std::optional<ByteView> payload() const { return payload_; }
  ByteView signature() const { return signature_; }
  ByteView rest() const { return message_.rest(); }

  // What the signature is over, with `payload` being the message's own or the detached one.
  Bytes to_be_signed(ByteView external_data, ByteView payload) const;

 private:
  CoseSign1(CborDocument message, CborDocument header, CborMap unprotected, ByteView protected_bytes);

  CborDocument message_;
  CborDocument header_;
  CborMap unprotected_;
  ByteView protected_bytes_;
  std::optional<ByteView> payload_;
  ByteView signature_;
  std::int64_t algorithm_ = 0;
};

// A message with tag 18. The headers are encoded maps (CborWriter); no payload makes it detached.
Bytes write_cose_sign1(ByteView protected_header, ByteView unprotected_header, std::optional<ByteView> payload,
                       ByteView signature);

}  // namespace redoubt::encoding
