// One committed record as behaviour sees it: who did what to what, how it went, and how much of it.
//
//   ActivityReader reader;
//   Result<const Activity*> activity = reader.read(record);
//   if (activity) engine.apply(index, **activity, features, sink);
//
// Reads records of exchanges (docs/formats/record.md) and facts (docs/formats/fact.md), strictly: a member of the wrong
// type, a list beyond its limit or a missing stage is kMalformed, and members that behaviour does not use are passed
// over. Only what the record says of the caller after it was authenticated is believed: without `actor.user.uid` nobody
// was, whatever name was claimed.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "record/summary.h"

namespace redoubt::encoding {
class JsonItems;
}

namespace redoubt::behaviour {

inline constexpr std::size_t kActivityMatchesMax = 32;
inline constexpr std::size_t kActivityToolsMax = 32;
inline constexpr std::size_t kActivityDataMax = 32;
inline constexpr std::size_t kActivityNameMax = 256;  // bytes of a tool's or data set's name

enum class Reason : std::uint8_t {
  kNone,
  kAuthentication,
  kAuthorization,
  kMalformed,
  kTooLarge,
  kLimit,
  kContent,
  kUnavailable,
};

enum class Ending : std::uint8_t {
  kNone,
  kCompleted,
  kClientGone,
  kUpstreamFailed,
  kUpstreamTimeout,
  kReleaseDenied,
  kLimitReached,
  kAborted,
};

// What kind of principal: of records user or service, of facts about principals all four.
enum class PrincipalKind : std::uint8_t { kUnknown, kUser, kService, kApplication, kAgent };

struct MatchSeen {
  std::string_view kind;  // `credit_card`
  std::uint64_t count = 0;
  std::string_view action;  // `none`, `flag`, `tokenise`, `redact`, `hold`, `block`
  std::string_view where;   // who said it: `user`, `tool`, `answer`, …; empty: the record does not say
};

struct DataRead {
  std::string_view name;
  std::uint64_t rows = 0;  // 0 also where nobody counted them
};

// What a fact changes, as far as behaviour cares.
enum class Change : std::uint8_t {
  kNone,            // another fact
  kPrincipalMade,   // `kind_of_subject` says what it is
  kPrincipalGone,   // deleted: its id is never used again
  kSuspended,       // disabled
  kResumed,         // enabled
  kGroupsChanged,   // of the principal: `groups` is a digest of the new ones
  kCredentialMade,  // a key was issued or rotated, or the principal reset
  kBreakGlass,      // emergency membership was opened
};

struct Activity {
  record::Stage stage = record::Stage::kAdmission;
  UnixMillis time;
  std::string_view exchange;
  std::string_view tenant;      // empty: none
  std::string_view principal;   // id; empty: nobody was authenticated. Of a fact: who acted
  std::string_view credential;  // id
  PrincipalKind principal_kind = PrincipalKind::kUnknown;
  std::string_view operation;
  std::string_view model;  // as the caller named it
  std::string_view upstream;
  std::string_view policy;        // that decided
  Reason reason = Reason::kNone;  // denial
  Ending ending = Ending::kNone;  // outcome
  std::uint64_t count = 1;        // identical denials in this record, at least 1
  std::uint64_t sources = 1;      // how many sources they came from, at least 1
  std::uint64_t prompt_tokens = 0;
  std::uint64_t completion_tokens = 0;
  std::uint64_t request_bytes = 0;
  std::uint64_t response_bytes = 0;
  std::int64_t duration_ms = 0;
  std::int64_t status = 0;  // HTTP; 0: none
  std::span<const MatchSeen> matches;
  std::span<const std::string_view> tools;  // `unmapped.redoubt.tools`: called in this exchange
  std::span<const DataRead> data;           // `unmapped.redoubt.data`: read in this exchange

  // For the mesh, of an exchange; 0 or nothing also where it has not the form that it should have.
  std::uint64_t stated_count = 1;  // `count` as the record says it
  std::uint64_t user_type = 0;     // OCSF's `actor.user.type_id`
  std::uint64_t total_tokens = 0;
  std::string_view log_name;   // what was opened is of this log
  bool of_dictionary = false;  // not an exchange's values were opened, but a dictionary's

  Change change = Change::kNone;                         // fact
  std::string_view subject;                              // fact: the principal that it is about; may be empty
  PrincipalKind subject_kind = PrincipalKind::kUnknown;  // fact
  std::uint64_t groups = 0;                              // fact

  bool authenticated() const { return !principal.empty(); }
  std::uint64_t tokens() const { return prompt_tokens + completion_tokens; }
};

// Keeps its buffers. One thread.
class ActivityReader {
 public:
  ActivityReader();
  ActivityReader(ActivityReader&&) noexcept;
  ActivityReader& operator=(ActivityReader&&) noexcept;
  ~ActivityReader();

  // Valid until the next read(). Errors: kTooLarge above 65,535 bytes; kMalformed, naming the member; kUnsupported for
  // JSON that is no record of a kind or format that this build knows.
  Result<const Activity*> read(ByteView record);

  // All values of the record that read() was last given, until the next call, for whoever reads more of it. Null when
  // that was a fact, or no JSON.
  const encoding::JsonItems* items() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace redoubt::behaviour
