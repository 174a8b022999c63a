// One entry of the log at a time, folded into the tables. All that the state is comes of this, whether a fact was just
// appended, is read again at the start, or is tried.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "record/fact_record.h"
#include "state/engine.h"
#include "state/internal/database.h"
#include "state/internal/read_ahead.h"
#include "state/projection.h"
#include "tlog/hash.h"

namespace redoubt::state {

// How far the tables have come: the last fact that was folded.
struct Position {
  std::uint64_t index = 0;
  tlog::Hash leaf_hash{};
  UnixMillis time;
  friend bool operator==(const Position&, const Position&) = default;
};

using Values = std::vector<std::pair<std::string, std::string>>;

// What folding one entry came to.
struct Folded {
  const record::Fact* fact = nullptr;  // the entry's; null for a record of another kind, or one not well formed
  std::optional<Error> refused;        // why it changed nothing
  std::uint64_t version = 0;           // of its object, now
  bool erased = false;                 // it erased values
};

// What the fold asks about the ledger, beside the entry itself.
class Beside {
 public:
  virtual ~Beside() = default;
  // The values that the fact at `index` commits to, those that were erased left out.
  virtual Result<Values> values_of(std::uint64_t index, const record::Fact& fact) = 0;
  // Whether the entry at `index` is a fact.
  virtual Result<bool> is_fact(std::uint64_t index) = 0;
};

class Fold {
 public:
  // Those must outlive the fold. Called within transactions of the caller's.
  Fold(Database& database, std::span<Projection* const> projections);

  // Where the tables are; nothing before the first fact. load() reads it from them at the start, store() writes it
  // before each commit, and set_position() is for whoever rolled back.
  const std::optional<Position>& position() const { return position_; }
  void set_position(const std::optional<Position>& position);
  Result<> load();
  void store();

  // Folds the entry. Errors, after which the transaction must be rolled back: those of the tables and of `beside`;
  // kUnsupported for a fact of a later format; kCorrupt when a fact before it was not folded.
  Result<Folded> entry(const ReadEntry& entry, Beside& beside);

  // The projections' memory from the entry that was folded last, and changed the tables.
  Result<> follow(const ReadEntry& entry, const Folded& folded);
  Result<> load_projections(Tables& tables);

  // Of the tables.
  std::uint64_t version_of(std::string_view object);
  struct Earlier {
    std::string request;
    std::uint64_t index = 0;
    std::string object;
    std::uint64_t version = 0;
  };
  // What was done under this idempotency key, as remembered at `now`.
  std::optional<Earlier> earlier(std::string_view key, UnixMillis now);

 private:
  Result<> take_values(std::uint64_t index, const record::Fact& fact, Beside& beside);
  Result<> check_place(const record::Fact& fact, std::uint64_t index, Beside& beside);
  // Everything that the fact changes, or why it changes nothing.
  Result<> apply(const FoldedFact& folded, Beside& beside);
  Result<> apply_in_place(const FoldedFact& folded, Projection* projection);
  void remember(const FoldedFact& folded);
  void forget_keys();
  void reject(std::uint64_t index, const record::Fact* fact, const Error& why);

  Database& database_;
  std::span<Projection* const> projections_;
  std::optional<Position> position_;
  std::int64_t keys_end_ = 0;    // idempotency keys up to this time are to be removed
  std::int64_t keys_ended_ = 0;  // and those up to this time were
  Values values_;                // of the fact folded last
};

}  // namespace redoubt::state
