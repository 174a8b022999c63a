// The answer of a verifier: every check that was made, in words, and what the evidence claims.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "attest/claims.h"
#include "attest/evidence.h"

namespace redoubt::attest {

// Why evidence is refused, in the order in which reasons count: the first one that holds is the verdict's.
enum class Reason : std::uint8_t {
  kMalformed,  // not in its form, or a part is missing
  kTrailing,   // bytes after its end
  kChain,      // no path from a key to an anchor: for evidence, collateral, lists or the attestation key
  kExpired,    // or not yet valid
  kRevoked,
  kSignature,  // or a forbidden algorithm
  kBinding,    // parts do not belong together
  kNonce,
  kDebug,
  kEventLog,     // the log does not give what was signed
  kTcb,          // status not allowed, no level, collateral foreign or missing
  kMeasurement,  // a reference value differs, only SHA-1, or nothing was measured
};
inline constexpr std::size_t kReasonCount = static_cast<std::size_t>(Reason::kMeasurement) + 1;

// `malformed`, `event_log`, …
std::string_view to_string(Reason reason);
std::optional<Reason> find_reason(std::string_view name);

struct Check {
  enum class Outcome : std::uint8_t { kPassed, kFailed, kNotAsked };

  Reason about;  // what a failure would be
  Outcome outcome;
  std::string what;  // for a person, one line: `the report is signed by the VEK`
};

struct Verdict {
  Kind kind;
  // Whether the files hold what a machine signed of itself. A log, certificates or a manifest alone can be accepted as
  // what they are, and prove nothing of a machine.
  bool attests = false;
  std::vector<Check> checks;  // in the order in which they were made
  ClaimObject claims;         // proven only if accepted
  // Certificates, lists and collateral that this rests on are all valid until then; nothing when it rests on none.
  std::optional<UnixMillis> valid_until;

  // The first reason of those that failed; nothing when the evidence is accepted. At least one check was made.
  std::optional<Reason> reason() const;
  bool accepted() const { return !reason(); }
};

// As JSON: {"kind","attests","accepted","reason"?,"checks":[{"about","outcome","what"}],"claims":{…},"valid_until"?}.
std::string to_json(const Verdict& verdict);

}  // namespace redoubt::attest
