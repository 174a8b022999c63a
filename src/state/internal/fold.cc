#include "state/internal/fold.h"

#include <algorithm>

#include "base/check.h"
#include "state/internal/own_facts.h"

namespace redoubt::state {

namespace {

// How long, in a fold of many facts, idempotency keys stay that are too old.
constexpr std::int64_t kForgetKeysMs = 3600 * 1000;

std::string_view module_of(std::string_view kind) {
  return kind.substr(0, kind.find('.'));
}

}  // namespace

Fold::Fold(Database& database, std::span<Projection* const> projections)
    : database_(database), projections_(projections) {}

// ---------------------------------------------------------------------------------------------------------- position

Result<> Fold::load() {
  position_.reset();
  return database_.each("SELECT fact_index, leaf_hash, time FROM state_applied", {}, [this](const Row& row) {
    Position& position = position_.emplace();
    position.index = static_cast<std::uint64_t>(row.integer(0));
    const ByteView hash = row.blob(1);
    std::copy_n(hash.begin(), std::min(hash.size(), position.leaf_hash.size()), position.leaf_hash.begin());
    position.time = {row.integer(2)};
    return false;
  });
}

void Fold::set_position(const std::optional<Position>& position) {
  position_ = position;
  keys_end_ = keys_ended_ = 0;
}

void Fold::store() {
  if (!position_) return;
  const Database::Writing writing(database_, kOwnModule);
  forget_keys();
  // An error is kept, and fails the commit.
  (void)database_.run(
      "INSERT INTO state_applied(one, fact_index, leaf_hash, time) VALUES(1, ?1, ?2, ?3) "
      "ON CONFLICT(one) DO UPDATE SET fact_index = excluded.fact_index, "
      "leaf_hash = excluded.leaf_hash, time = excluded.time",
      {position_->index, ByteView(position_->leaf_hash), position_->time.value});
}

std::uint64_t Fold::version_of(std::string_view object) {
  const Row* row = database_.find("state_objects", {object});
  return row != nullptr ? static_cast<std::uint64_t>(row->integer(1)) : 0;
}

std::optional<Fold::Earlier> Fold::earlier(std::string_view key, UnixMillis now) {
  const Row* row = database_.find("state_idempotency", {key});
  if (row == nullptr || row->integer(5) <= now.value - Engine::kIdempotencyMs) return std::nullopt;
  return Earlier{std::string(row->text(1)), static_cast<std::uint64_t>(row->integer(2)), std::string(row->text(3)),
                 static_cast<std::uint64_t>(row->integer(4))};
}

// ----------------------------------------------------------------------------------------------------------- folding

Result<> Fold::check_place(const record::Fact& fact, std::uint64_t index, Beside& beside) {
  const std::optional<std::uint64_t> before = position_ ? std::optional(position_->index) : std::nullopt;
  if (position_ && fact.time < position_->time) {
    return Error(Errc::kInvalidArgument, "its time is before that of the fact before");
  }
  if (fact.previous == before) return {};
  // One that it names and that was not folded: entries are missing from what we are given, and to go on would be to
  // pass over a fact. Anything else is the fact's own mistake.
  if (fact.previous && (!before || *fact.previous > *before) && *fact.previous < index) {
    auto is_fact = beside.is_fact(*fact.previous);
    if (!is_fact || *is_fact) {
      database_.fail(is_fact ? Error(Errc::kCorrupt, "fact " + std::to_string(index) + " follows fact " +
                                                         std::to_string(*fact.previous) + ", which was not read")
                             : is_fact.error());
    }
  }
  return Error(Errc::kConflict, "the fact before is another than it names");
}

Result<> Fold::take_values(std::uint64_t index, const record::Fact& fact, Beside& beside) {
  values_.clear();
  const auto erased = [&](std::string_view field) { return database_.find("state_erased", {index, field}) != nullptr; };
  const auto& commitments = fact.commitments;
  if (std::all_of(commitments.begin(), commitments.end(), [&](const auto& c) { return erased(c.first); })) return {};
  auto values = beside.values_of(index, fact);
  if (!values) return values.error();
  values_ = *std::move(values);
  std::erase_if(values_, [&](const auto& value) { return erased(value.first); });
  return {};
}

Result<Folded> Fold::entry(const ReadEntry& entry, Beside& beside) {
  const auto& read = entry.fact();
  if (!read && read.error().code() == Errc::kUnsupported) {
    return read.error().in("fact " + std::to_string(entry.index()));
  }
  if (read && *read == nullptr) return Folded{};

  // Nobody who writes facts takes it for the fact before: it leaves the position as it is.
  if (!read) {
    reject(entry.index(), nullptr, read.error());
    if (database_.failed()) return *database_.failed();
    return Folded{.refused = read.error()};
  }
  const record::Fact& fact = **read;
  if (auto taken = take_values(entry.index(), fact, beside); !taken) return taken.error();
  auto applied = apply({.fact = fact, .index = entry.index(), .body = entry.body(), .values = values_}, beside);
  if (!applied) reject(entry.index(), &fact, applied.error());
  if (database_.failed()) return *database_.failed();
  position_ = Position{.index = entry.index(),
                       .leaf_hash = entry.leaf_hash(),
                       .time = position_ ? std::max(position_->time, fact.time) : fact.time};
  Folded folded{.fact = &fact};
  if (!applied) {
    folded.refused = applied.error();
  } else {
    folded.version = fact.expects + 1;
    folded.erased = fact.kind == kEraseKind;
  }
  return folded;
}

Result<> Fold::apply(const FoldedFact& folded, Beside& beside) {
  const record::Fact& fact = folded.fact;
  const std::string_view module = module_of(fact.kind);
  const auto projection = std::find_if(projections_.begin(), projections_.end(),
                                       [&](const Projection* known) { return known->module() == module; });
  if (auto placed = check_place(fact, folded.index, beside); !placed) return placed;
  if (projection == projections_.end() && module != kOwnModule) {
    return Error(Errc::kUnsupported, "the module `" + std::string(module) + "` is not known");
  }
  if (const std::uint64_t version = version_of(fact.object); version != fact.expects) {
    return Error(Errc::kConflict, "`" + fact.object + "` has version " + std::to_string(version) + ", not " +
                                      std::to_string(fact.expects));
  }
  return apply_in_place(folded, projection != projections_.end() ? *projection : nullptr);
}

Result<> Fold::apply_in_place(const FoldedFact& folded, Projection* projection) {
  const record::Fact& fact = folded.fact;
  if (!fact.idempotency_key.empty() && earlier(fact.idempotency_key, fact.time)) {
    return Error(Errc::kAlreadyExists, "its idempotency key was used before");
  }
  for (Projection* each : projections_) {
    if (auto permitted = each->permits(folded, database_); !permitted) return permitted;
  }

  const std::int64_t changes = database_.changes();
  {
    const Database::Writing writing(database_, projection != nullptr ? projection->module() : kOwnModule);
    auto done = projection != nullptr ? projection->apply(folded, database_) : apply_own(folded, database_);
    if (!done) {
      // INVARIANT: what is refused changes nothing (projection.h).
      REDOUBT_CHECK(database_.changes() == changes);
      return done;
    }
  }
  remember(folded);

  std::optional<Erasure> erasure;
  if (fact.kind == kEraseKind) erasure = *read_erasure(folded);
  for (Projection* each : projections_) {
    const Database::Writing writing(database_, each->module());
    if (erasure) each->erase(erasure->index, erasure->fields, database_);
    each->applied(folded, database_);
  }
  return {};
}

// The object's version, and the idempotency key.
void Fold::remember(const FoldedFact& folded) {
  const record::Fact& fact = folded.fact;
  const Database::Writing writing(database_, kOwnModule);
  database_.put("state_objects", {fact.object, fact.expects + 1});
  if (fact.idempotency_key.empty()) return;
  database_.put("state_idempotency", {fact.idempotency_key, fact.idempotency_request, folded.index, fact.object,
                                      fact.expects + 1, fact.time.value});
  keys_end_ = fact.time.value - Engine::kIdempotencyMs;
  if (keys_end_ - keys_ended_ >= kForgetKeysMs) forget_keys();
}

// Keys that are too old are overlooked until they are removed: now and then, and before each commit.
void Fold::forget_keys() {
  if (keys_end_ == keys_ended_) return;
  (void)database_.run("DELETE FROM state_idempotency WHERE time <= ?1", {keys_end_});
  keys_ended_ = keys_end_;
}

void Fold::reject(std::uint64_t index, const record::Fact* fact, const Error& why) {
  const Database::Writing writing(database_, kOwnModule);
  if (database_.find("state_rejected", {index}) != nullptr) return;
  database_.put("state_rejected", {index, fact != nullptr ? module_of(fact->kind) : std::string_view(),
                                   fact != nullptr ? std::string_view(fact->kind) : std::string_view(),
                                   fact != nullptr ? std::string_view(fact->object) : std::string_view(),
                                   to_string(why.code()), why.message()});
}

// ------------------------------------------------------------------------------------------------------------ memory

Result<> Fold::load_projections(Tables& tables) {
  for (Projection* projection : projections_) {
    if (auto loaded = projection->load(tables); !loaded) return loaded;
  }
  return {};
}

Result<> Fold::follow(const ReadEntry& entry, const Folded& folded) {
  if (folded.erased) return load_projections(database_);
  const FoldedFact at_place{.fact = *folded.fact, .index = entry.index(), .body = entry.body(), .values = values_};
  for (Projection* projection : projections_) projection->follow(at_place, database_);
  return {};
}

}  // namespace redoubt::state
