#include "state/internal/replay.h"

#include <optional>
#include <span>

#include "record/commitment.h"
#include "record/opening.h"
#include "state/internal/commit_beside.h"

namespace redoubt::state {

namespace {

// Of records: how much a transaction folds, unless it is to fold all. What it costs at its end is the pages it touched.
constexpr std::uint64_t kTransactionBytes = 512 * 1024 * 1024;

class Replaying {
 public:
  Replaying(Database& database, Fold& fold, FactSource& source, const Replay& options)
      : database_(database),
        fold_(fold),
        options_(options),
        beside_(source),
        ahead_(source, fold.position() ? fold.position()->index + 1 : 0, options.end) {}

  Result<bool> transaction();
  std::uint64_t facts() const { return facts_; }

 private:
  Result<> fold_batch(std::span<const ReadEntry> entries);

  Database& database_;
  Fold& fold_;
  const Replay& options_;
  BesideSource beside_;
  ReadAhead ahead_;
  std::uint64_t facts_ = 0;
  std::uint64_t bytes_ = 0;  // of records, in this transaction
};

}  // namespace

Result<Values> BesideSource::values_of(std::uint64_t index, const record::Fact& fact) {
  auto opened = source_.open(index);
  if (!opened) {
    if (opened.error().code() == Errc::kNotFound) return Values{};
    return opened.error().in("the values of fact " + std::to_string(index));
  }
  Values values;
  // What is not what the fact commits to is no value of it.
  auto opening = record::decode_opening(*opened);
  if (!opening) return values;
  for (const auto& [field, commitment] : fact.commitments) {
    const record::OpeningValue* value = opening->find(field);
    if (value == nullptr || !value->value_present) continue;
    if (record::commit(value->salt, field, as_bytes(value->value)) != commitment) continue;
    values.emplace_back(field, value->value);
  }
  return values;
}

Result<bool> BesideSource::is_fact(std::uint64_t index) {
  auto entry = source_.read_one(index);
  if (!entry) return entry.error();
  auto fact = reader_.read(entry->record);
  return fact && *fact != nullptr;
}

namespace {

Result<> Replaying::fold_batch(std::span<const ReadEntry> entries) {
  for (const ReadEntry& entry : entries) {
    bytes_ += entry.size_bytes();
    auto folded = fold_.entry(entry, beside_);
    if (!folded) return folded.error();
    if (folded->fact == nullptr) continue;
    ++facts_;
    if (options_.each) options_.each(entry.index(), *folded);
  }
  return database_.bound_rows();
}

// One transaction. Whether there may be more.
Result<bool> Replaying::transaction() {
  const std::optional<Position> last = fold_.position();
  const std::uint64_t facts = facts_;
  if (auto begun = database_.begin(); !begun) return begun.error();
  bytes_ = 0;
  Result<bool> more = true;
  while (more && *more && (options_.at_once || bytes_ < kTransactionBytes)) {
    auto entries = ahead_.next();
    if (!entries) {
      more = entries.error();
    } else if (entries->empty()) {
      more = false;
    } else if (auto folded = fold_batch(*entries); !folded) {
      more = folded.error();
    }
  }
  Result<> done;
  if (more && !*more && options_.leave_open && database_.changed_rows() >= kRowsBeside) return more;
  if (more) {
    fold_.store();
    done = database_.commit();
  } else {
    database_.roll_back();
    done = more.error();
  }
  if (!done) {
    fold_.set_position(last);
    facts_ = facts;
    return done.error();
  }
  return more;
}

}  // namespace

Result<std::uint64_t> replay(Database& database, Fold& fold, FactSource& source, const Replay& options) {
  // What is folded again and again is the same few rows, or new ones: few have to be looked for in the database.
  Database::KeepRows keep(database, options.rows_bytes);
  Replaying replaying(database, fold, source, options);
  for (;;) {
    auto more = replaying.transaction();
    if (!more) return more.error();
    if (*more) continue;
    if (database.in_transaction()) keep.leave();
    return replaying.facts();
  }
}

}  // namespace redoubt::state
