// Certificates and revocation lists of others (RFC 5280): read, and judged at a time that the caller names.
//
//   auto leaf = Certificate::from_der(der);
//   auto chain = verify_chain({.leaf = *leaf, .others = intermediates, .anchors = {&root, 1}, .at = time});
//   if (!chain) …  // chain.error().fault
//
// Nothing is fetched, nothing is read from the machine's own store of authorities, and the clock is never looked at.
// Names and usage that belong to one format (TLS names, a TPM's extensions) are the caller's to look at.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "crypto/public_key.h"

namespace redoubt::crypto {

// Copies share what was read, which nobody changes. Any thread.
class Certificate {
 public:
  static constexpr std::size_t kMaxBytes = 64 * 1024;
  static constexpr std::size_t kMaxInBundle = 32;

  // Exactly one certificate. Errors: kTooLarge above kMaxBytes; kMalformed when it is none, or bytes follow;
  // kUnsupported for a public key that PublicKey does not know.
  static Result<Certificate> from_der(ByteView der);
  // One certificate or more in PEM (RFC 7468), in their order; text between them is passed over, as §5.2 has it, and
  // blocks of other labels too. Errors: as from_der(); kMalformed for a block without an end and when there is no
  // certificate; kTooLarge above kMaxInBundle.
  static Result<std::vector<Certificate>> from_pem(std::string_view text);
  // The same certificates as DER that is not read yet, for who may have read it before. Errors: those of the text.
  static Result<std::vector<Bytes>> der_in_pem(std::string_view text);

  ByteView der() const;
  const Sha256Digest& sha256() const;  // of the DER
  const PublicKey& public_key() const;
  // As the name is shown: `CN = …, O = …` (RFC 2253 order reversed, as in the certificate).
  std::string subject() const;
  std::string issuer() const;
  // The last commonName of the subject; empty when it has none.
  std::string common_name() const;
  UnixMillis not_before() const;  // first valid moment
  UnixMillis not_after() const;   // last valid second
  // Issuer and subject are equal, and the signature is of its own key.
  bool is_self_signed() const;
  bool is_authority() const;  // basicConstraints: cA (§4.2.1.9)
  // Whether keyUsage (§4.2.1.3) is absent or has digitalSignature.
  bool may_sign() const;
  // Whether keyUsage is absent or has keyEncipherment or keyAgreement.
  bool may_encrypt_keys() const;
  // extKeyUsage (§4.2.1.12): the purposes' numbers in dots, at most kMaxPurposes; nothing when it is absent, an empty
  // list when it cannot be read or has more.
  static constexpr std::size_t kMaxPurposes = 32;
  std::optional<std::vector<std::string>> purposes() const;
  // The value of an extension (the inside of its OCTET STRING), by its number in dots; valid as long as this
  // certificate or a copy. Nothing when it is absent.
  std::optional<ByteView> extension(const char* oid) const;

 private:
  friend class RevocationList;
  friend struct ChainJudge;
  struct Impl;
  explicit Certificate(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<const Impl> impl_;
};

// A certificate revocation list (§5). Copies share what was read. Any thread.
class RevocationList {
 public:
  static constexpr std::size_t kMaxBytes = 4 * 1024 * 1024;

  // DER, exactly one. Errors: kTooLarge, kMalformed.
  static Result<RevocationList> from_der(ByteView der);
  // The first list of a PEM text.
  static Result<RevocationList> from_pem(std::string_view text);

  // Whether the subject of `issuer` is the name that issued it; of no use by itself.
  bool has_issuer_name(const Certificate& issuer) const;
  // Whether `issuer` has the name that issued it, may sign lists, and signed it. Who did is remembered: asked again, it
  // costs no signature.
  bool is_issued_by(const Certificate& issuer) const;
  // thisUpdate and nextUpdate; a list without nextUpdate ends at once.
  UnixMillis this_update() const;
  UnixMillis next_update() const;
  // Whether the list has the serial number of `certificate`, which its issuer issued.
  bool lists(const Certificate& certificate) const;
  Sha256Digest sha256() const;  // of the DER

 private:
  struct Impl;
  explicit RevocationList(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<const Impl> impl_;
};

// What stands in the way, worst first.
enum class ChainFault : std::uint8_t {
  kNoPath,   // no path of good signatures to an anchor; or a list that no certificate of the path issued
  kExpired,  // or not yet valid: a certificate of the path, or a list
  kRevoked,
};

struct ChainProblem {
  ChainFault fault;
  std::string message;  // for a person
};

struct Chain {
  std::vector<Certificate> path;  // from the leaf to the anchor, both included
  // When all of it, lists included, is valid: from the first, to the last moment.
  UnixMillis not_before;
  UnixMillis not_after;
};

struct ChainQuestion {
  const Certificate& leaf;
  std::span<const Certificate> others;   // candidates between leaf and anchor, in any order
  std::span<const Certificate> anchors;  // trusted as they are, self-signed or not
  std::span<const RevocationList> lists = {};
  UnixMillis at;
};

// The path from leaf to an anchor (§6.1), signatures of at least 112 bits of strength. The leaf may be an anchor
// itself. Each of `lists` must be of an issuer in the path; certificates of that issuer are looked up in it. Any
// thread.
tl::expected<Chain, ChainProblem> verify_chain(const ChainQuestion& question);

}  // namespace redoubt::crypto
