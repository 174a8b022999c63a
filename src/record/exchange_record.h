// The records of an exchange, as OCSF 1.8.0 events of class API Activity (class_uid 6003), one line of JSON each.
//
// An exchange that is let through has two records, an admission before anything leaves for the upstream and an outcome
// before the reply ends (or, after a crash, an interruption); one that is refused has a denial. Opening sealed values
// is recorded too. docs/formats/record.md says which attribute holds what, and why.
//
// The caller's own text (path, model, names) is untrusted: it is cut to the limits below, at a UTF-8 boundary, and
// invalid bytes become U+FFFD; a record with something cut says `metadata.is_truncated`. So every record is valid
// JSON, validates against the schema and has at most kRecordSizeMax bytes, whatever is passed in. Prompts, completions,
// addresses and query strings have no place in these structs, only commitments to them.
//
// Functions append to `out` and never fail. They are for the request path: no allocation beyond the growth of `out`,
// no lock, no clock. Any thread. Views are read during the call only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/clock.h"
#include "record/commitment.h"

namespace redoubt::record {

inline constexpr std::size_t kRecordSizeMax = 65'535;  // bytes; C2SP tlog-tiles, Log Entries: a 16-bit length

// Limits in bytes of what is written; longer text is cut.
inline constexpr std::size_t kModelSizeMax = 256;
inline constexpr std::size_t kPathSizeMax = 1024;
inline constexpr std::size_t kNameSizeMax = 256;     // principals, origins, policies, credentials
inline constexpr std::size_t kLabelSizeMax = 128;    // tenants, upstreams, providers, operations, codes, versions
inline constexpr std::size_t kReasonSizeMax = 512;   // reasons given by people
inline constexpr std::size_t kToolNameSizeMax = 64;  // tools and data sets; OpenAI's functions have no longer ones

struct FieldCommitment {
  std::string_view field;  // see is_field_name; others are not written
  Commitment commitment{};
};
inline constexpr std::size_t kCommitmentsMax = 16;  // further ones are not written

// The authorizer of what a limit decided; the determining policy is then the limit's id.
inline constexpr std::string_view kLimitsAuthorizer = "limits";

enum class PrincipalType : std::uint8_t { kUnknown, kUser, kAdmin, kSystem, kService };

// Where a record is made; the same for all records of a process and log.
struct RecordSource {
  std::string_view log_origin;       // the origin line of the log's checkpoints
  std::string_view tenant;           // may be empty: no tenant
  std::string_view product_version;  // of Redoubt
};

// What inspection found of one kind in one place, and what was done about it. All words consist of letters, digits,
// `_`,
// `-` and `.`; of others each byte is written `_`. A record with an action `flag` is of severity Medium.
struct MatchCount {
  std::string_view kind;                        // `credit_card`: as policies name it
  std::uint64_t count = 0;                      // how often
  std::string_view action;                      // `none`, `flag`, `tokenise`, `redact`, `hold`, `block`
  std::string_view where = std::string_view{};  // who said it: `user`, `tool`, …; empty: not written
};
inline constexpr std::size_t kMatchesMax = 32;  // further ones are not written, and the record says that it is cut

// Names of tools, or of data sets, at most kToolNameSizeMax bytes each: letters, digits, `_`, `-`, `.`, `/` and `:`;
// every other byte is written `_`. They are an operator's words, and in the record as they are.
using Names = std::span<const std::string>;
inline constexpr std::size_t kNamesMax = 32;  // of a list; further ones are not written, and the record says so

// How much text of an answer inspection saw, in bytes.
struct Inspected {
  std::uint64_t scanned = 0;
  std::uint64_t released = 0;  // went to the caller, as it was or changed
  std::uint64_t withheld = 0;  // did not, because the answer ended
  // Of a stream: how much further text of a choice came, at most, before what an event has of it could go. Nothing: it
  // was no stream.
  std::optional<std::uint64_t> held = std::nullopt;
  bool beyond = false;  // that was more than the rules in force declare
};

// What a peer has proven that it is, by evidence bound to the connection (docs/attestation.md).
struct PeerEvidence {
  std::string_view tier;      // `software-tpm`, …; empty: it was not asked, or not accepted
  std::string_view measurer;  // `platform`, `self`
  std::string_view identity;  // of its key, or of what was measured; may be empty
  std::string_view refused;   // why it was not accepted, in words of ours; empty: it was, or was not asked
};

struct ExchangeFacts {
  std::string_view exchange_uid;  // 32 lower-case hexadecimal characters
  UnixMillis time;                // of the record, not of the exchange's start
  RecordSource source;

  std::string_view method;         // as received, for example `POST`
  std::string_view path;           // without query
  bool stream = false;             // the caller asked for a reply in pieces
  std::uint64_t request_size = 0;  // bytes of the request body that were read

  std::string_view principal_uid;   // empty: nobody was authenticated
  std::string_view principal_name;  // may be empty
  PrincipalType principal_type = PrincipalType::kUnknown;
  std::string_view credential_uid;  // which credential proved it; may be empty; never the credential

  std::string_view operation;  // for example `chat.completions`; empty is written `unknown`
  std::string_view model;      // as the caller named it; may be empty
  std::string_view provider;   // who serves the model; empty: the upstream's name
  std::string_view upstream;   // our name for where it is sent; may be empty

  std::string_view authorizer;      // what decided, for example `cedar` or kLimitsAuthorizer; may be empty
  std::string_view policy_uid;      // the determining policy; may be empty
  std::string_view policy_version;  // the policy bundle or snapshot pinned; may be empty

  std::optional<Commitment> caller_address;  // commitment to the peer's address

  std::span<const MatchCount> matches;  // in the request: of admissions and denials
  Names tools_offered;                  // that the model may call: of admissions and denials

  PeerEvidence upstream_evidence;  // of admissions and denials
  PeerEvidence caller_evidence;    // likewise
};

// The exchange is permitted. `commitments`: usually one to the prompt; the one to the caller's address is taken from
// `facts` and written too.
void append_admission(std::string& out, const ExchangeFacts& facts, std::span<const FieldCommitment> commitments);

enum class Finish : std::uint8_t {
  kCompleted,        // the reply went out whole, whatever its status
  kClientGone,       // the caller left first
  kUpstreamFailed,   // the upstream could not be reached or broke off
  kUpstreamTimeout,  // the upstream was too slow
  kReleaseDenied,    // the answer, or the rest of it, was not released
  kLimitReached,     // a limit was reached while the answer came
  kAborted,          // Redoubt ended it: shutdown or a failure of its own
};
// As written, for example `client_gone`.
std::string_view to_string(Finish finish);

struct Outcome {
  std::uint64_t admission_index = 0;  // of the admission record in its log
  Finish finish = Finish::kCompleted;
  int http_status = 0;              // sent to the caller; 0: no reply head went out
  std::string_view error_code;      // may be empty, for example `upstream_unreachable`; never a message of the upstream
  std::int64_t duration_ms = 0;     // since the request arrived; negative counts as 0
  std::uint64_t response_size = 0;  // bytes of the reply body that were sent
  std::optional<std::uint64_t> prompt_tokens;
  std::optional<std::uint64_t> completion_tokens;
  std::optional<std::uint64_t> total_tokens;
  std::string_view limit;                        // kLimitReached, or (a response's) kReleaseDenied: its id, or empty
  std::span<const FieldCommitment> commitments;  // usually one to the completion
  std::span<const MatchCount> matches;           // in the answer
  std::optional<Inspected> inspected;            // when the answer was inspected
  Names tools;                                   // that the model called in its answer
  Names data;                                    // data sets that the request had the upstream use
  std::span<const std::uint64_t> rows;           // of the first of these; those of the others were not counted
};

// The exchange ended.
void append_outcome(std::string& out, const ExchangeFacts& facts, const Outcome& outcome);

enum class DenialReason : std::uint8_t {
  kAuthentication,  // nobody known is calling
  kAuthorization,   // known, but no policy permits it
  kMalformed,       // the request cannot be understood
  kTooLarge,        // the request exceeds a limit of size
  kLimit,           // too many requests or tokens
  kContent,         // what inspection matched is not allowed
  kUnavailable,     // Redoubt cannot do its duty, so the answer is no
};
std::string_view to_string(DenialReason reason);

struct Denial {
  DenialReason reason = DenialReason::kAuthorization;
  int http_status = 0;                   // answered; 0 is not written
  std::string_view error_code;           // may be empty
  std::uint64_t count = 1;               // identical denials may share a record
  std::optional<UnixMillis> first_time;  // of those
  std::uint64_t sources = 1;             // how many peers those came from, as far as it is known; 0 counts as 1
};

// The exchange, or `count` like it, is refused; nothing left for an upstream. Of an exchange that has an outcome
// already: its reply was withheld from the caller.
void append_denial(std::string& out, const ExchangeFacts& facts, const Denial& denial,
                   std::span<const FieldCommitment> commitments = {});

struct Interruption {
  std::string_view exchange_uid;  // of the admission
  std::uint64_t admission_index = 0;
  UnixMillis time;  // now, not of the crash
  RecordSource source;
  std::string_view operation;  // of the admission; empty is written `unknown`
};

// An admission has no outcome and will have none: the program stopped in between.
void append_interrupted(std::string& out, const Interruption& interruption);

struct Opened {
  std::string_view request_uid;  // of this opening, 32 lower-case hexadecimal characters
  UnixMillis time;
  RecordSource source;
  std::string_view principal_uid;  // who opened; required
  std::string_view principal_name;
  PrincipalType principal_type = PrincipalType::kAdmin;
  std::uint64_t opened_index = 0;            // of the record whose values were opened
  std::string_view opened_exchange_uid;      // its correlation uid; may be empty
  std::span<const std::string_view> fields;  // which values; invalid names and those after the 16th are not written
  std::string_view reason;                   // as stated by the person; required by policy, bounded here
};

// Sealed values were opened for someone, for a stated reason. Recorded before they are shown.
void append_opened(std::string& out, const Opened& opened);

}  // namespace redoubt::record
