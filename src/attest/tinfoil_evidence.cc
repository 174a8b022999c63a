// Tinfoil's form: a JSON document with `format`, a URL, and `body`, in base64 the gzip of a report or a quote. Version
// 2 of the two predicates for virtual machines: the report data is the SHA-256 of the TLS key's SubjectPublicKeyInfo
// and a key for HPKE, 32 bytes each (https://github.com/tinfoilsh/verifier, attestation/).
#include <algorithm>
#include <array>
#include <utility>

#include "attest/internal/json_members.h"
#include "attest/internal/key_evidence_forms.h"
#include "attest/peer_verifier.h"
#include "crypto/sha256.h"
#include "encoding/base64.h"
#include "encoding/gunzip.h"
#include "encoding/json_reader.h"

namespace redoubt::attest {

namespace {

constexpr std::string_view kPredicates = "https://tinfoil.sh/predicate/";
// A quote with its certificates has 5 KB, and a buffer that it stands in up to 8,000 bytes.
constexpr std::size_t kMaxBody = 16 * 1024;

struct Predicate {
  std::string_view name;
  Kind kind;
  Role role;
};
constexpr std::array kRead{Predicate{"sev-snp-guest/v2", Kind::kSevSnp, Role::kReport},
                           Predicate{"tdx-guest/v2", Kind::kTdx, Role::kQuote}};
// Known, and not read: version 1 has the digest in hexadecimal and no gzip; the others are of no machine of these, or
// no evidence of a machine.
constexpr std::array<std::string_view, 5> kNotRead{"aws-nitro-enclave/v1", "sev-snp-guest/v1", "tdx-guest/v1",
                                                   "snp-tdx-multiplatform/v1", "hardware-measurements/v1"};

class TinfoilForm final : public KeyEvidenceForm {
 public:
  bool has_kind(Kind kind) const override { return kind == Kind::kSevSnp || kind == Kind::kTdx; }
  std::string_view path() const override { return "/.well-known/tinfoil-attestation"; }

  Result<KeyEvidence> read(const crypto::Certificate& leaf, std::string_view document) const override {
    encoding::JsonReader reader({.max_bytes = kMaxDocumentBytes, .max_depth = 2});
    const auto root = reader.parse(document);
    if (!root) return root.error().in("the Tinfoil document");
    auto members = JsonMembers::of(*root, "the Tinfoil document");
    if (!members) return members.error();
    const auto format = members->text("format");
    const auto packed = members->base64("body");
    if (!format) return format.error();
    if (!packed) return packed.error();
    // An unknown member's name is the server's own word.
    if (!members->check_all_read()) return Error(Errc::kMalformed, "the Tinfoil document has an unknown member");
    const auto predicate = find_predicate(*format);
    if (!predicate) return predicate.error();
    auto body = encoding::gunzip(*packed, kMaxBody);
    if (!body) return body.error().in("the body of the Tinfoil document");
    KeyEvidence out{.evidence = {.kind = predicate->kind, .files = {}}, .bound = {}};
    out.evidence.files.push_back({predicate->role, *std::move(body)});
    append(out.bound, crypto::sha256(leaf.public_key().spki()));
    return out;
  }

  // Of a trust domain RTMR 3, too: nothing is to be measured into it.
  bool pins_code(const ReferenceValue& reference) const override {
    if (reference.kind == Kind::kSevSnp) return has_text(reference.claims, "measurement");
    return reference.kind == Kind::kTdx && has_text(reference.claims, "mrtd") &&
           has_texts(reference.claims, "rtmr", {"0", "1", "2", "3"});
  }

  std::string identity(const Appraisal& appraisal) const override { return "tinfoil:" + identity_of(appraisal); }

 private:
  static Result<Predicate> find_predicate(std::string_view format) {
    if (format.starts_with(kPredicates)) {
      const std::string_view name = format.substr(kPredicates.size());
      const auto* const found = std::ranges::find(kRead, name, &Predicate::name);
      if (found != kRead.end()) return *found;
      if (std::ranges::count(kNotRead, name) != 0) {
        return Error(Errc::kUnsupported, "Tinfoil's format `" + std::string(name) +
                                             "` is not read; there are `sev-snp-guest/v2` and `tdx-guest/v2`");
      }
    }
    return Error(Errc::kUnsupported, "the Tinfoil document has a format that is not known here");
  }
};

}  // namespace

std::unique_ptr<const KeyEvidenceForm> make_tinfoil_form() {
  return std::make_unique<TinfoilForm>();
}

}  // namespace redoubt::attest
