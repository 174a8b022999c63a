// What a module makes of facts. Each module owns its facts, its tables and what it keeps of them in memory, and shows
// this to the engine; the engine owns order, versions, durability and transactions (engine.h).
//
// The fold is total and deterministic. What it does depends on the fact, its index and the tables only: no clock, no
// configuration, no randomness, nothing in memory. A fact that it refuses changes nothing, everywhere and for ever.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "encoding/json_reader.h"
#include "record/fact_record.h"
#include "state/tables.h"

namespace redoubt::state {

// A fact at its place in the log.
struct FoldedFact {
  const record::Fact& fact;
  // In the system log. While a change is tried, before its fact is appended, the least that it can be: to be stored,
  // not to be decided by.
  std::uint64_t index = 0;
  simdjson::dom::object body;  // fact.body, parsed; during the call only
  std::span<const std::pair<std::string, std::string>> values;

  // The value that the fact commits to under this field; nothing when it has none, or when it was erased: fold it to
  // null. Valid during the call.
  std::optional<std::string_view> value(std::string_view field) const;
};

class Projection {
 public:
  virtual ~Projection() = default;

  // The first part of the kinds that are its: `identity`. Its tables' names begin with it and `_`. 1 to 32 of a-z; not
  // `state`, which is the engine's.
  virtual std::string_view module() const = 0;

  // SQL scripts: [i] brings the tables from version i to i + 1. Steps are only ever added. Every table is STRICT and
  // WITHOUT ROWID, of INTEGER, TEXT and BLOB, so that equal contents are equal tables; no views, no triggers. An empty
  // step says that apply() now makes something else of facts: the tables are then made anew from the ledger.
  virtual std::span<const std::string_view> schema_steps() const = 0;

  // Folds one fact of this module into the tables. The object's version has been checked and is kept by the engine. An
  // error says why the fact changes nothing (kInvalidArgument, kNotFound, kAlreadyExists, kPermissionDenied,
  // kResourceExhausted). INVARIANT: it is returned before the first change; the engine verifies that.
  virtual Result<> apply(const FoldedFact& fact, Tables& tables) = 0;

  // Whether a fact of any module may be made at all, asked before its apply(): for rules across modules (acts that need
  // two persons). Only reads.
  virtual Result<> permits(const FoldedFact& /*fact*/, Tables& /*tables*/) { return {}; }
  // A fact of any module was applied: for bookkeeping across modules (the request that permitted it is used up). Writes
  // to this module's own tables.
  virtual void applied(const FoldedFact& /*fact*/, Tables& /*tables*/) {}

  // The values of these fields that the fact at `index` committed to are erased: nulls what came from them.
  virtual void erase(std::uint64_t index, std::span<const std::string_view> fields, Tables& tables) = 0;

  // Memory from the tables, whole: at the start, after a rebuild, and after an erasure. After a long replay rows are
  // not written yet: Tables::each_row() gives them at once, while a statement has its tables written first.
  virtual Result<> load(Tables& tables) = 0;
  // Memory from one fact, of any module, that was applied, once the tables have it for good. Ends in the same memory as
  // load() would.
  virtual void follow(const FoldedFact& fact, Tables& tables) = 0;
};

}  // namespace redoubt::state
