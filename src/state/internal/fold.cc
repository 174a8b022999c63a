#include "state/internal/fold.h"

#include <algorithm>

#include "base/check.h"
#include "state/internal/own_facts.h"

namespace redoubt::state {

namespace {

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

void Fold::store() {
  if (!position_) return;
  const Database::Writing writing(database_, kOwnModule);
  // An error is kept, and fails the commit.
  (void)database_.run(
      "INSERT INTO state_applied(one, fact_index, leaf_hash, time) VALUES(1, ?1, ?2, ?3) "
      "ON CONFLICT(one) DO UPDATE SET fact_index = excluded.fact_index, "
      "leaf_hash = excluded.leaf_hash, time = excluded.time",
      {position_->index, ByteView(position_->leaf_hash), position_->time.value});
}

std::uint64_t Fold::version_of(std::string_view object) {
  const auto version = database_.integer("SELECT version FROM state_objects WHERE object = ?1", {object});
  return version ? static_cast<std::uint64_t>(*version) : 0;
}

std::optional<Fold::Earlier> Fold::earlier(std::string_view key, UnixMillis now) {
  std::optional<Earlier> found;
  (void)database_.each(
      "SELECT request, fact_index, object, version FROM state_idempotency WHERE key = ?1 AND time > ?2",
      {key, now.value - Engine::kIdempotencyMs}, [&](const Row& row) {
        found = Earlier{std::string(row.text(0)), static_cast<std::uint64_t>(row.integer(1)), std::string(row.text(2)),
                        static_cast<std::uint64_t>(row.integer(3))};
        return false;
      });
  return found;
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
  const auto erased = [&](std::string_view field) {
    return database_.integer("SELECT 1 FROM state_erased WHERE fact_index = ?1 AND field = ?2", {index, field})
        .has_value();
  };
  const auto& commitments = fact.commitments;
  if (std::all_of(commitments.begin(), commitments.end(), [&](const auto& c) { return erased(c.first); })) return {};
  auto values = beside.values_of(index, fact);
  if (!values) return values.error();
  values_ = *std::move(values);
  std::erase_if(values_, [&](const auto& value) { return erased(value.first); });
  return {};
}

Result<Folded> Fold::entry(const FactSource::Entry& entry, Beside& beside) {
  auto read = reader_.read(entry.record);
  if (!read && read.error().code() == Errc::kUnsupported) {
    return read.error().in("fact " + std::to_string(entry.index));
  }
  if (read && *read == nullptr) return Folded{};

  // Nobody who writes facts takes it for the fact before: it leaves the position as it is.
  if (!read) {
    reject(entry.index, nullptr, read.error());
    if (database_.failed()) return *database_.failed();
    return Folded{.refused = read.error()};
  }
  const record::Fact& fact = **read;
  if (auto taken = take_values(entry.index, fact, beside); !taken) return taken.error();
  auto applied = apply({.fact = fact, .index = entry.index, .body = reader_.body(), .values = values_}, beside);
  if (!applied) reject(entry.index, &fact, applied.error());
  if (database_.failed()) return *database_.failed();
  position_ = Position{.index = entry.index,
                       .leaf_hash = entry.leaf_hash,
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
  if (!raise_version(fact)) {
    return Error(Errc::kConflict, "`" + fact.object + "` has version " + std::to_string(version_of(fact.object)) +
                                      ", not " + std::to_string(fact.expects));
  }
  auto done = apply_raised(folded, projection != projections_.end() ? *projection : nullptr);
  if (!done) lower_version(fact);
  return done;
}

Result<> Fold::apply_raised(const FoldedFact& folded, Projection* projection) {
  const record::Fact& fact = folded.fact;
  if (!fact.idempotency_key.empty() && earlier(fact.idempotency_key, fact.time)) {
    return Error(Errc::kAlreadyExists, "its idempotency key was used before");
  }
  for (Projection* each : projections_) {
    if (auto permitted = each->permits(folded, database_); !permitted) return permitted;
  }

  const std::int64_t changes = database_.total_changes();
  {
    const Database::Writing writing(database_, projection != nullptr ? projection->module() : kOwnModule);
    auto done = projection != nullptr ? projection->apply(folded, database_) : apply_own(folded, database_);
    if (!done) {
      // INVARIANT: what is refused changes nothing (projection.h).
      REDOUBT_CHECK(database_.total_changes() == changes);
      return done;
    }
  }
  if (!fact.idempotency_key.empty()) remember_key(folded);

  std::optional<Erasure> erasure;
  if (fact.kind == kEraseKind) erasure = *read_erasure(folded);
  for (Projection* each : projections_) {
    const Database::Writing writing(database_, each->module());
    if (erasure) each->erase(erasure->index, erasure->fields, database_);
    each->applied(folded, database_);
  }
  return {};
}

// Compared and raised in one step, for speed; refused facts, which are rare, lower it again.
bool Fold::raise_version(const record::Fact& fact) {
  const std::int64_t changes = database_.total_changes();
  const Database::Writing writing(database_, kOwnModule);
  if (fact.expects == 0) {
    (void)database_.run("INSERT INTO state_objects(object, version) VALUES(?1, 1) ON CONFLICT DO NOTHING",
                        {fact.object});
  } else {
    (void)database_.run("UPDATE state_objects SET version = ?2 + 1 WHERE object = ?1 AND version = ?2",
                        {fact.object, fact.expects});
  }
  return database_.total_changes() != changes;
}

void Fold::lower_version(const record::Fact& fact) {
  const Database::Writing writing(database_, kOwnModule);
  if (fact.expects == 0) {
    (void)database_.run("DELETE FROM state_objects WHERE object = ?1", {fact.object});
  } else {
    (void)database_.run("UPDATE state_objects SET version = ?2 WHERE object = ?1", {fact.object, fact.expects});
  }
}

void Fold::remember_key(const FoldedFact& folded) {
  const record::Fact& fact = folded.fact;
  const Database::Writing writing(database_, kOwnModule);
  (void)database_.run("DELETE FROM state_idempotency WHERE time <= ?1", {fact.time.value - Engine::kIdempotencyMs});
  (void)database_.run(
      "INSERT INTO state_idempotency(key, request, fact_index, object, version, time) "
      "VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
      {fact.idempotency_key, fact.idempotency_request, folded.index, fact.object, fact.expects + 1, fact.time.value});
}

void Fold::reject(std::uint64_t index, const record::Fact* fact, const Error& why) {
  const Database::Writing writing(database_, kOwnModule);
  (void)database_.run(
      "INSERT INTO state_rejected(fact_index, module, kind, object, code, why) "
      "VALUES(?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING",
      {index, fact != nullptr ? module_of(fact->kind) : std::string_view(),
       fact != nullptr ? std::string_view(fact->kind) : std::string_view(),
       fact != nullptr ? std::string_view(fact->object) : std::string_view(), to_string(why.code()), why.message()});
}

// ------------------------------------------------------------------------------------------------------------ memory

Result<> Fold::load_projections() {
  for (Projection* projection : projections_) {
    if (auto loaded = projection->load(database_); !loaded) return loaded;
  }
  return {};
}

Result<> Fold::follow(const Folded& folded) {
  if (folded.erased) return load_projections();
  const FoldedFact at_place{.fact = *folded.fact, .index = position_->index, .body = reader_.body(), .values = values_};
  for (Projection* projection : projections_) projection->follow(at_place, database_);
  return {};
}

}  // namespace redoubt::state
