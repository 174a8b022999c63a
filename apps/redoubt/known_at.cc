#include "redoubt/known_at.h"

#include <algorithm>
#include <optional>

#include "base/scratch_folder.h"
#include "identity/approvals.h"
#include "identity/identity_projection.h"
#include "ledger/reader.h"
#include "record/fact_record.h"
#include "state/engine.h"
#include "tlog/hash.h"

namespace redoubt::app {
namespace {

// The facts of a folder up to a moment that is put off.
class FolderFacts final : public state::FactSource, public state::FactSink {
 public:
  FolderFacts(FileSystem& fs, const std::string& ledger) : in_order_{fs, ledger}, single_{fs, ledger} {}

  struct Place {
    std::uint64_t index = 0;
    UnixMillis time;
  };

  Result<> find_facts() {
    record::FactReader facts;
    for (std::uint64_t index = 0;; ++index) {
      auto entry = single_.reader.read_entry({index});
      if (!entry && entry.error().code() == Errc::kNotFound) return {};
      if (!entry) return entry.error().in("system log, entry " + std::to_string(index));
      if (entry->header.kind != ledger::EntryKind::kFact) continue;
      auto fact = facts.read(entry->leaf);
      if (!fact) return fact.error().in("system log, entry " + std::to_string(index));
      if (*fact) places_.push_back({index, (*fact)->time});
    }
  }

  const std::vector<Place>& places() const { return places_; }
  void end_before(std::uint64_t index) { end_ = index; }

  // ---- state::FactSource
  Result<std::uint64_t> size() override { return end_; }
  Result<> read(std::uint64_t from, const std::function<Result<bool>(const Entry&)>& take) override {
    auto next = std::lower_bound(places_.begin(), places_.end(), from,
                                 [](const Place& place, std::uint64_t index) { return place.index < index; });
    for (; next != places_.end() && next->index < end_; ++next) {
      auto entry = in_order_.entry(next->index);
      if (!entry) return entry.error();
      auto more = take(*entry);
      if (!more) return more.error();
      if (!*more) return {};
    }
    return {};
  }
  Result<Entry> read_one(std::uint64_t index) override {
    if (index >= end_) return Error(Errc::kNotFound, "later than what is asked of");
    return single_.entry(index);
  }
  Result<Bytes> open(std::uint64_t /*index*/) override { return Error(Errc::kNotFound, "the values are sealed"); }

  // ---- state::FactSink: nothing is proposed here.
  void append(std::string /*record*/, std::string /*opening*/,
              std::function<void(Result<std::uint64_t>)> done) override {
    done(Error(Errc::kUnsupported, "the past does not change"));
  }
  UnixMillis now() override { return places_.empty() ? UnixMillis{} : places_.back().time; }
  record::RecordSource source() const override { return {}; }

 private:
  struct Reading {
    Reading(FileSystem& fs, const std::string& ledger) : reader(fs, ledger) {}
    Result<Entry> entry(std::uint64_t index) {
      auto found = reader.read_entry({index});
      if (!found) return found.error();
      record = std::move(found->leaf);
      return Entry{.index = index,
                   .leaf_hash = tlog::leaf_hash(record),
                   .record = record,
                   .has_opening = !found->sealed_opening.empty()};
    }

    ledger::LedgerReader reader;
    Bytes record;  // of the entry that was read last
  };

  Reading in_order_;  // of read(), which may be on another thread
  Reading single_;
  std::vector<Place> places_;
  std::uint64_t end_ = 0;
};

struct NoCores final : state::Publisher {
  void publish(std::function<void()> everywhere) override { everywhere(); }
};

}  // namespace

struct KnownAt::Impl {
  Impl(FileSystem& fs, const std::string& ledger) : facts(fs, ledger) {}

  Result<> begin() {
    engine.reset();
    auto folder = ScratchFolder::make();
    if (!folder) return folder.error();
    scratch.emplace(*std::move(folder));
    identities = std::make_unique<identity::IdentityProjection>();
    approvals = std::make_unique<identity::ApprovalsProjection>();
    facts.end_before(0);
    auto opened = state::Engine::open({.path = scratch->path() + "/state.db"}, {identities.get(), approvals.get()},
                                      facts, facts, nobody);
    if (!opened) return opened.error();
    engine = *std::move(opened);
    next = 0;
    return {};
  }

  // All facts but those from place `end` on.
  Result<identity::Identities> advance(std::size_t end) {
    if (end > next) {
      next = end;
      facts.end_before(facts.places()[end - 1].index + 1);
      if (auto done = engine->catch_up(); !done) return done.error();
    }
    return identities->snapshot();
  }

  FolderFacts facts;
  NoCores nobody;
  std::optional<ScratchFolder> scratch;
  std::unique_ptr<identity::IdentityProjection> identities;
  std::unique_ptr<identity::ApprovalsProjection> approvals;
  std::unique_ptr<state::Engine> engine;
  std::size_t next = 0;  // of the places, the first that is not folded
};

KnownAt::KnownAt(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
KnownAt::~KnownAt() = default;

Result<std::unique_ptr<KnownAt>> KnownAt::open(FileSystem& fs, const std::string& ledger) {
  auto impl = std::make_unique<Impl>(fs, ledger);
  if (auto done = impl->facts.find_facts(); !done) return done.error();
  if (auto done = impl->begin(); !done) return done.error();
  return std::unique_ptr<KnownAt>(new KnownAt(std::move(impl)));
}

Result<> KnownAt::begin_again() {
  return impl_->begin();
}

Result<identity::Identities> KnownAt::before(std::uint64_t index) {
  const auto& places = impl_->facts.places();
  std::size_t end = impl_->next;
  while (end < places.size() && places[end].index < index) ++end;
  return impl_->advance(end);
}

Result<identity::Identities> KnownAt::at(UnixMillis time) {
  const auto& places = impl_->facts.places();
  std::size_t end = impl_->next;
  while (end < places.size() && places[end].time <= time) ++end;
  return impl_->advance(end);
}

}  // namespace redoubt::app
