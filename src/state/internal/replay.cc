#include "state/internal/replay.h"

#include <vector>

#include "record/commitment.h"
#include "record/opening.h"

namespace redoubt::state {

namespace {

// Entries are copied in groups and then folded, so that the source is asked one thing at a time. A transaction has many
// groups: what it costs at its end is the pages it touched.
constexpr std::size_t kGroupBytes = 256 * 1024;
constexpr std::uint64_t kTransactionBytes = 64 * 1024 * 1024;

class Group {
 public:
  void clear() {
    bytes_.clear();
    entries_.clear();
  }
  void add(const FactSource::Entry& entry) {
    entries_.push_back({.entry = entry, .offset = bytes_.size(), .size = entry.record.size()});
    append(bytes_, entry.record);
  }
  std::size_t size() const { return entries_.size(); }
  std::size_t size_bytes() const { return bytes_.size(); }
  FactSource::Entry at(std::size_t i) const {
    FactSource::Entry entry = entries_[i].entry;
    entry.record = ByteView(bytes_).subspan(entries_[i].offset, entries_[i].size);
    return entry;
  }

 private:
  struct Place {
    FactSource::Entry entry;
    std::size_t offset;
    std::size_t size;
  };
  Bytes bytes_;
  std::vector<Place> entries_;
};

class Replaying {
 public:
  Replaying(Database& database, Fold& fold, FactSource& source, const Replay& options)
      : database_(database),
        fold_(fold),
        source_(source),
        options_(options),
        beside_(source),
        from_(fold.position() ? fold.position()->index + 1 : 0) {}

  Result<bool> transaction();
  std::uint64_t facts() const { return facts_; }

 private:
  Result<bool> fill();
  Result<> fold_group();

  Database& database_;
  Fold& fold_;
  FactSource& source_;
  const Replay& options_;
  BesideSource beside_;
  Group group_;
  std::uint64_t from_;
  std::uint64_t facts_ = 0;
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

// Reads up to a group's worth of entries. Whether there may be more.
Result<bool> Replaying::fill() {
  group_.clear();
  bool more = false;
  auto read = source_.read(from_, [&](const FactSource::Entry& entry) -> Result<bool> {
    if (entry.index >= options_.end) return false;
    if (entry.index < from_) return Error(Errc::kCorrupt, "the ledger gave its entries out of order");
    if (group_.size_bytes() >= kGroupBytes) {
      more = true;
      return false;
    }
    from_ = entry.index + 1;
    group_.add(entry);
    return true;
  });
  if (!read) return read.error();
  return more;
}

Result<> Replaying::fold_group() {
  for (std::size_t i = 0; i < group_.size(); ++i) {
    const FactSource::Entry entry = group_.at(i);
    auto folded = fold_.entry(entry, beside_);
    if (!folded) return folded.error();
    if (folded->fact == nullptr) continue;
    ++facts_;
    if (options_.each) options_.each(entry, *folded);
  }
  return {};
}

// One transaction. Whether there may be more.
Result<bool> Replaying::transaction() {
  const std::optional<Position> last = fold_.position();
  const std::uint64_t facts = facts_;
  if (auto begun = database_.begin(); !begun) return begun.error();
  std::uint64_t bytes = 0;
  Result<bool> more = true;
  while (more && *more && bytes < kTransactionBytes) {
    more = fill();
    if (!more) break;
    bytes += group_.size_bytes();
    if (auto folded = fold_group(); !folded) more = folded.error();
  }
  Result<> done;
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
  Replaying replaying(database, fold, source, options);
  for (;;) {
    auto more = replaying.transaction();
    if (!more) return more.error();
    if (!*more) return replaying.facts();
  }
}

}  // namespace redoubt::state
