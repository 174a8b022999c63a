// Facts: records that change Redoubt's own state, as OCSF 1.8.0 events of class Entity Management (class_uid 3004).
//
// A fact says what changes (kind, object, the version that the object must have for it to hold, a body), who did it, on
// whose behalf and how surely, who approved, and how the object looked before and after. State is what comes of folding
// facts in the order of the log (src/state). docs/formats/fact.md says which attribute holds what.
//
// Values that are personal or confidential are not in it: the body names them by field, `commitments` commit to them,
// and they lie sealed beside the record (opening.h).
//
//   if (Result<> done = append_fact(record, fact, source); !done) return done.error();
//   …
//   FactReader reader;
//   Result<const Fact*> fact = reader.read(record);   // null: a record of another kind
//
// A fact has one form, byte for byte: what is read is what was written, and nothing else is read. Building and reading:
// any thread, one thread an object.
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "encoding/json_reader.h"
#include "record/commitment.h"
#include "record/exchange_record.h"

namespace redoubt::record {

// Limits in bytes.
inline constexpr std::size_t kFactKindMax = 128;
inline constexpr std::size_t kFactNameMax = 256;  // of objects and ids
inline constexpr std::size_t kFactMethodMax = 64;
inline constexpr std::size_t kFactBodyMax = 32 * 1024;
inline constexpr std::size_t kFactStateMax = 8 * 1024;  // of `before` and of `after`; a longer one is left out
// Further limits.
inline constexpr std::size_t kFactApproversMax = 16;
inline constexpr std::size_t kFactDepthMax = 32;  // of body, before and after, counted as JsonLimits does
inline constexpr int kFactStrengthMax = 9;

// Whether `text` may name an object, a principal or a credential: 1 to kFactNameMax visible ASCII characters without
// quotation marks and backslashes.
bool is_fact_name(std::string_view text);

enum class FactVerb : std::uint8_t { kCreate, kUpdate, kDelete, kEnable, kDisable, kOther };
// As the schema's captions say it, for example `Create`.
std::string_view to_string(FactVerb verb);

// How urgently people are told. High: an alarm, though all went as it may.
enum class FactSeverity : std::uint8_t { kInformational, kHigh };
// As the schema's captions say it.
std::string_view to_string(FactSeverity severity);

// Who did it. Names are as is_fact_name() has them.
struct FactActor {
  std::string principal;     // id; `redoubt` for the server itself, `init` for the first facts
  std::string credential;    // id of the key; empty for the server itself
  std::string on_behalf_of;  // id; empty: for themselves
  std::string method;  // how they proved who they are, `api_key`: at most kFactMethodMax of a-z 0-9 _; may be empty
  int strength = 0;    // 0 not at all, 1 a bearer secret, more with what is proven by a person
  friend bool operator==(const FactActor&, const FactActor&) = default;
};

struct Fact {
  std::string uid;                        // 32 lower-case hexadecimal characters, random
  UnixMillis time;                        // never behind the fact before
  std::optional<std::uint64_t> previous;  // index of the fact before, in the same log; none for the first
  std::string kind;  // MODULE.NOUN.VERB, `identity.key.issue`: at most kFactKindMax of a-z 0-9 _ ., a letter first
  FactVerb verb = FactVerb::kOther;
  FactSeverity severity = FactSeverity::kInformational;
  std::string object;         // name of what changes, unique in all modules: `key/k3x…`
  std::uint64_t expects = 0;  // the object's version before; 0: there is none yet. The fact makes it expects + 1
  std::string body = "{}";    // a JSON object in one line, without control characters
  FactActor actor;
  std::string approval;                  // object of the request that permitted it; empty: it needed none
  std::vector<std::string> approved_by;  // principals
  // Of a caller's Idempotency-Key: lower-case hex of SHA-256 over principal and key, and over the request. Both empty:
  // there was none.
  std::string idempotency_key;
  std::string idempotency_request;
  // JSON objects as `body` is, or empty. For people: the fold never looks at these two.
  std::string before;
  std::string after;
  std::vector<std::pair<std::string, Commitment>> commitments;  // by field, each once; at most kCommitmentsMax
  friend bool operator==(const Fact&, const Fact&) = default;
};

// Appends the record. kInvalidArgument, naming the member, when something has not its form or limit: nothing is cut,
// and but for `before` and `after` nothing is left out. Texts of the source are UTF-8 without control characters,
// quotation marks and backslashes, within the limits of exchange_record.h. The record never exceeds kRecordSizeMax.
Result<> append_fact(std::string& out, const Fact& fact, const RecordSource& source);

// Whether a record begins as every fact does, and as no other record. Says nothing of the rest: FactReader does.
bool begins_as_fact(ByteView record);

// Reads facts; keeps its buffers. One thread.
class FactReader {
 public:
  // The fact, valid until the next read(); null when the record is of another kind. kMalformed for one that
  // append_fact() would not have written; kTooLarge above kRecordSizeMax; kUnsupported for a fact of a later format.
  Result<const Fact*> read(ByteView record);

  // The body of the fact that was read last, parsed. Precondition: read() gave one. Valid until the next read().
  simdjson::dom::object body() const { return body_; }

 private:
  encoding::JsonReader reader_{{.max_bytes = kFactBodyMax, .max_depth = kFactDepthMax}};
  Fact fact_;
  simdjson::dom::object body_;
};

}  // namespace redoubt::record
