// Evidence in the forms of others, as servers show it that are no Redoubt. It is over the key of the server's TLS
// certificate and nothing else of the connection: whoever has that key passes for the server
// (docs/attestation-adapters.md).
//
//   const auto form = make_key_evidence_form(EvidenceForm::kTinfoil);
//   auto shown = form->read(leaf, document);   // document: what the server answers to GET form->path()
//
// Reading proves nothing: KeyVerifier judges.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "attest/appraisal.h"
#include "attest/producer.h"
#include "attest/reference_values.h"
#include "base/result.h"
#include "crypto/x509.h"

namespace redoubt::attest {

// How an upstream says what it is.
enum class EvidenceForm : std::uint8_t {
  kRedoubt,  // bound to the channel: PeerVerifier
  kTinfoil,  // the rest is bound to the key
  kDstack,
};
std::string_view to_string(EvidenceForm form);  // `redoubt`, `tinfoil`, `dstack`
std::optional<EvidenceForm> find_evidence_form(std::string_view name);

// What a server shows; a value.
struct KeyEvidence {
  ProducedEvidence evidence;  // one report of SEV-SNP, or one quote of TDX with what else the form has
  // What its report data must begin with to be of the server's key: never fewer than 32 bytes.
  Bytes bound;
};

// Immutable; any thread.
class KeyEvidenceForm {
 public:
  static constexpr std::size_t kMaxDocumentBytes = 64 * 1024;

  virtual ~KeyEvidenceForm() = default;

  // Whether evidence of this form may be of that kind.
  virtual bool has_kind(Kind kind) const = 0;
  // Where the server has its document; empty when all is in its certificate. Static.
  virtual std::string_view path() const = 0;
  // `leaf`: of the connection that is judged. Errors: kTooLarge above kMaxDocumentBytes and what the form allows its
  // parts; kUnsupported, by name, for versions of the form that are known and not read; kMalformed for everything else.
  // No message has anything of the document's own words.
  virtual Result<KeyEvidence> read(const crypto::Certificate& leaf, std::string_view document) const = 0;
  // Whether a reference value says of everything that decides which code runs what it must be.
  virtual bool pins_code(const ReferenceValue& reference) const = 0;
  // Of an appraisal that was accepted, for policies and records: begins with the form's name and `:`.
  virtual std::string identity(const Appraisal& appraisal) const = 0;
};

// Null for kRedoubt.
std::unique_ptr<const KeyEvidenceForm> make_key_evidence_form(EvidenceForm form);

}  // namespace redoubt::attest
