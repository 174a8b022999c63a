// What the commands are given: files in their roles, times, nonces, signed files.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "attest/appraisal.h"
#include "attest/evidence.h"
#include "attest/reference_values.h"
#include "attest/signed_file.h"
#include "redoubt/attest/verbs.h"

namespace redoubt::app::attest_verbs {

// The type of a signed file of reference values.
inline constexpr std::string_view kReferencesType = "reference-values";

// Files that evidence is made of; what is read lives as long as this.
class InputFiles {
 public:
  // `ROLE=FILE`. kInvalidArgument for another form, no known role, or a role given before; the errors of files.
  Result<> add(std::string_view argument);
  const attest::Inputs& inputs() const { return inputs_; }

 private:
  std::map<attest::Role, Bytes> files_;
  attest::Inputs inputs_;
};

Result<attest::Kind> read_kind(std::string_view name);
// RFC 3339, or `now`, which has to be asked for.
Result<UnixMillis> read_time(std::string_view text);
// Nothing for an empty text.
Result<std::optional<Bytes>> read_nonce(std::string_view hex);
// At most 64 MiB.
Result<std::string> read_whole(const std::string& path);
// A verifier key as text, or the first line of a file.
Result<tlog::VerifierKey> read_signer(const std::string& text_or_path);

// What the options say is accepted: the policy, or, without one, a TPM with the pinned key, whatever it measured.
// Errors: kInvalidArgument unless one of the two is given; those of files.
Result<attest::AppraisalPolicy> read_accepted(const AcceptedServer& accepted);

// Reference values, signed as a file of ours or as a CoRIM, which has times of its own and no sequence.
Result<attest::ReferenceValues> read_references(const SignedFileOptions& options, UnixMillis at);

// Opens it, looks at how fresh it is, and remembers its sequence.
Result<attest::SignedFile> open_signed(const SignedFileOptions& options, std::string_view type, UnixMillis at);

}  // namespace redoubt::app::attest_verbs
