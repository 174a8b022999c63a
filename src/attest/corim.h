// Reference values as a CoRIM (draft-ietf-rats-corim-10, Concise Reference Integrity Manifest), signed: so that they
// can come from, and go to, tools of others. A subset, read strictly: what it does not know is refused, for a reference
// that is read in part is wider than was meant.
//
//   COSE_Sign1, content type `application/rim+cbor`, corim-meta (header 8), over
//   tag 501, a manifest: id, validity, and for each reference one CoMID (tag 506) with
//     its name as tag-id, and one reference triple:
//       environment  class {vendor: "Redoubt", model: the kind}
//       measurements mkey: the claim's name; mval, one of
//                      digests (2)              one, SHA-256, SHA-384 or SHA-512
//                      raw value (4)            tag 560; in claims hexadecimal, as digests are
//                      svn (1)                  a number
//                      name (11)                text
//                      flags (3)                {is-debug (3): …}, for `debug`
//                      integrity registers (14) an object by index, or the list `rtmrs`
#pragma once

#include <optional>
#include <string>

#include "attest/reference_values.h"
#include "base/clock.h"
#include "crypto/ed25519.h"
#include "crypto/public_key.h"

namespace redoubt::attest {

struct Corim {
  static constexpr std::size_t kMaxBytes = 64 * 1024 * 1024;

  std::string id;
  std::string signer;  // as the manifest calls whoever signed it
  std::optional<UnixMillis> not_before;
  std::optional<UnixMillis> not_after;
  ReferenceValues references;
};

// Whether `bytes` begin as a signed CoRIM does.
bool looks_like_corim(ByteView bytes);

// The manifest, signed by `signer` (EdDSA, ES256, ES384 or ES512). Errors: kTooLarge; kMalformed for another form;
// kUnsupported for what the subset leaves out, with its name; kVerifyFailed when the signature does not hold, and
// before or after its time, `at`.
Result<Corim> read_corim(ByteView bytes, const crypto::PublicKey& signer, UnixMillis at);

// The manifest, signed with EdDSA. kUnsupported for a claim that has no form in the subset, with its name.
Result<Bytes> write_corim(const Corim& corim, const crypto::Ed25519PrivateKey& key);

}  // namespace redoubt::attest
