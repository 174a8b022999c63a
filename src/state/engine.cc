#include "state/engine.h"

#include <deque>

#include "base/check.h"
#include "crypto/secret.h"
#include "encoding/base64.h"
#include "record/commitment.h"
#include "record/opening.h"
#include "state/internal/bring_up.h"
#include "state/internal/commit_beside.h"
#include "state/internal/digest.h"
#include "state/internal/fold.h"
#include "state/internal/replay.h"

namespace redoubt::state {

namespace {

// A fact as it is appended.
struct Written {
  std::string record;
  std::string opening;
  Values values;
};

// A fact of our own making, before or right after it was appended.
class BesideWritten final : public Beside {
 public:
  explicit BesideWritten(const Values& values) : values_(values) {}
  Result<Values> values_of(std::uint64_t /*index*/, const record::Fact& /*fact*/) override { return values_; }
  // It names the last one that was folded; what lies between that and it is nobody's.
  Result<bool> is_fact(std::uint64_t /*index*/) override { return false; }

 private:
  const Values& values_;
};

std::string random_uid() {
  std::array<std::byte, 16> bytes;
  crypto::random_bytes(bytes);
  return encoding::hex(bytes);
}

Result<Written> write(Proposal proposal, UnixMillis time, std::optional<std::uint64_t> previous,
                      const record::RecordSource& source) {
  record::Fact fact{.uid = random_uid(),
                    .time = time,
                    .previous = previous,
                    .kind = std::move(proposal.kind),
                    .verb = proposal.verb,
                    .severity = proposal.severity,
                    .object = std::move(proposal.object),
                    .expects = proposal.expects,
                    .body = std::move(proposal.body),
                    .actor = std::move(proposal.actor),
                    .approval = std::move(proposal.approval),
                    .approved_by = std::move(proposal.approved_by),
                    .idempotency_key = std::move(proposal.idempotency_key),
                    .idempotency_request = std::move(proposal.idempotency_request),
                    .before = std::move(proposal.before),
                    .after = std::move(proposal.after)};
  Written written;
  std::vector<record::OpeningValue> opening;
  for (const Value& value : proposal.values) {
    if (!record::is_field_name(value.field)) {
      return Error(Errc::kInvalidArgument, "`" + value.field + "` cannot name a value");
    }
    const record::Salt salt = record::random_salt();
    fact.commitments.emplace_back(value.field, record::commit(salt, value.field, as_bytes(value.text)));
    opening.push_back(record::OpeningValue::of(value.field, salt, value.text));
    written.values.emplace_back(value.field, value.text);
  }
  if (!opening.empty()) {
    if (record::encoded_opening_size(opening) > Engine::kMaxValuesBytes) {
      return Error(Errc::kTooLarge, "the values are larger than " + std::to_string(Engine::kMaxValuesBytes) + " bytes");
    }
    if (auto done = record::encode_opening(written.opening, opening); !done) return done.error();
  }
  if (auto done = record::append_fact(written.record, fact, source); !done) return done.error();
  return written;
}

// Of a fact in the log.
struct Outcome {
  std::optional<Error> refused;
  std::uint64_t version = 0;
};

using Done = std::function<void(Result<Applied>)>;

struct Queued {
  Proposal proposal;
  Done done;
};

}  // namespace

struct Engine::Impl {
  Impl(std::vector<Projection*> all, FactSource& fact_source, FactSink& fact_sink, Publisher& to_publish)
      : projections(std::move(all)), source(fact_source), sink(fact_sink), publisher(to_publish) {}

  Result<> go_on(std::unique_ptr<Database> written);
  Result<> await_written();
  Result<> bring_up_again();
  void work();
  bool start(Queued& queued);
  void appended(const std::shared_ptr<Written>& written, const Done& done, const Result<std::uint64_t>& index);
  void finish(const Done& done, Result<Applied> result);
  void stop(const Done& done, const std::string& why);
  Result<> try_on_tables(const Written& written);
  Result<Outcome> fold_written(const Written& written, std::uint64_t index);
  Result<Outcome> fold_source(std::uint64_t index);

  std::vector<Projection*> projections;
  Engine::Settings settings;
  FactSource& source;
  FactSink& sink;
  Publisher& publisher;
  std::unique_ptr<Database> database;     // null while that of the start is being written, and when it cannot be
  std::unique_ptr<CommitBeside> writing;  // what is, or was, written beside all else: whoever has its tables keeps them
  std::unique_ptr<CheckpointBeside> checkpoint;  // that of the start; ended by the first change
  std::unique_ptr<Fold> fold;                    // into the database
  std::optional<Position> begun_at;              // of the last fact of the start
  ReadEntry read;                                // the fact that is tried or folded
  Engine::Start started;

  std::deque<Queued> queue;
  bool on_its_way = false;       // a fact was given to the sink, or is being published
  bool working = false;          // work() is running
  std::optional<Error> lagging;  // why the tables may lack what is durable
  // An append ended without an answer: its fact may still come to be in the log, before one appended later.
  bool may_have_missed = false;
  // Callbacks that come after the end find this gone.
  std::shared_ptr<Impl*> alive = std::make_shared<Impl*>(this);
};

// From here on with tables that say what the ledger says, and are in their file.
Result<> Engine::Impl::go_on(std::unique_ptr<Database> written) {
  auto next = std::make_unique<Fold>(*written, projections);
  if (auto loaded = next->load(); !loaded) return loaded;
  fold = std::move(next);
  database = std::move(written);
  if (settings.max_pages_for_test > 0) database->limit_pages(settings.max_pages_for_test);
  if (started.replayed >= kManyFacts && !started.rebuilt) {
    checkpoint = std::make_unique<CheckpointBeside>(settings.path);
  }
  return {};
}

// What the start folded is in its file, or is not: as after a change that could not be folded, then.
Result<> Engine::Impl::await_written() {
  if (database) return {};
  if (lagging) return *lagging;
  auto written = writing->finish();
  const Result<> done = written ? go_on(*std::move(written)) : Result<>(written.error());
  if (!done) {
    writing->lose(done.error());
    lagging = Error(Errc::kUnavailable, "what the start folded cannot be written: " + done.error().message());
    return *lagging;
  }
  return {};
}

// As a start, but nothing is in force before it is written.
Result<> Engine::Impl::bring_up_again() {
  auto up = bring_up(settings, projections, source, true);
  if (!up) return up.error();
  if (auto done = go_on(std::move(up->database)); !done) return done;
  writing->go_on_with(*database);
  return {};
}

// One proposal after the other, until one has to be waited for. Callbacks may propose: that comes back here.
void Engine::Impl::work() {
  if (working) return;
  working = true;
  while (!on_its_way && !queue.empty()) {
    Queued next = std::move(queue.front());
    queue.pop_front();
    if (lagging) {
      next.done(*lagging);
    } else {
      on_its_way = start(next);
    }
  }
  working = false;
}

// Step 1: tried. Whether it is on its way then.
bool Engine::Impl::start(Queued& queued) {
  checkpoint.reset();
  Proposal& proposal = queued.proposal;
  const std::optional<Position> last = fold->position();
  const UnixMillis time = last ? std::max(sink.now(), last->time) : sink.now();
  if (!proposal.idempotency_key.empty()) {
    if (const auto earlier = fold->earlier(proposal.idempotency_key, time)) {
      if (earlier->request == proposal.idempotency_request) {
        queued.done(Applied{.index = earlier->index, .version = earlier->version, .repeated = true});
      } else {
        queued.done(Error(Errc::kInvalidArgument, "the idempotency key was used for another request"));
      }
      return false;
    }
  }
  auto made = write(std::move(proposal), time, last ? std::optional(last->index) : std::nullopt, sink.source());
  if (!made) {
    queued.done(made.error());
    return false;
  }
  const auto written = std::make_shared<Written>(*std::move(made));
  if (auto tried = try_on_tables(*written); !tried) {
    queued.done(tried.error());
    return false;
  }
  // Step 2: appended. The record is kept to be folded.
  sink.append(
      written->record, std::move(written->opening),
      [weak = std::weak_ptr<Impl*>(alive), written, done = std::move(queued.done)](Result<std::uint64_t> index) {
        if (const auto self = weak.lock()) (*self)->appended(written, done, index);
      });
  return true;
}

Result<> Engine::Impl::try_on_tables(const Written& written) {
  const std::optional<Position> last = fold->position();
  if (auto begun = database->begin(); !begun) return begun;
  BesideWritten beside(written.values);
  read.read({.index = last ? last->index + 1 : 0, .record = as_bytes(written.record)});
  auto folded = fold->entry(read, beside);
  // What is wrong with a row shows when it is written.
  const Result<> rows = database->write_rows();
  database->roll_back();
  fold->set_position(last);
  if (!folded) return folded.error();
  if (folded->refused) return *folded->refused;
  return rows;
}

// Step 3: durable.
void Engine::Impl::appended(const std::shared_ptr<Written>& written, const Done& done,
                            const Result<std::uint64_t>& index) {
  if (!index) {
    if (index.error().code() == Errc::kResourceExhausted) return finish(done, index.error());
    may_have_missed = true;
    return stop(done, "whether the change was recorded is not known: " + index.error().message());
  }
  auto folded = may_have_missed ? fold_source(*index) : fold_written(*written, *index);
  if (!folded) {
    return stop(done, "the change is recorded as fact " + std::to_string(*index) +
                          " and not in force yet: " + folded.error().message());
  }
  if (folded->refused) return finish(done, *folded->refused);
  // Step 5: published.
  const Applied applied{.index = *index, .version = folded->version};
  publisher.publish([weak = std::weak_ptr<Impl*>(alive), done, applied] {
    if (const auto self = weak.lock()) (*self)->finish(done, applied);
  });
}

// Step 4: folded, as it is in the log.
Result<Outcome> Engine::Impl::fold_written(const Written& written, std::uint64_t index) {
  const std::optional<Position> last = fold->position();
  if (auto begun = database->begin(); !begun) return begun.error();
  BesideWritten beside(written.values);
  const ByteView record = as_bytes(written.record);
  read.read({.index = index, .leaf_hash = tlog::leaf_hash(record), .record = record});
  auto folded = fold->entry(read, beside);
  Result<> done;
  if (folded) {
    fold->store();
    done = database->commit();
  } else {
    database->roll_back();
    done = folded.error();
  }
  if (!done) {
    fold->set_position(last);
    return done.error();
  }
  if (!folded->refused) {
    if (auto followed = fold->follow(read, *folded); !followed) return followed.error();
  }
  // What was erased is to be in none of the files.
  if (folded->erased) (void)database->settle();
  return Outcome{.refused = folded->refused, .version = folded->version};
}

// The same, when facts before it may have come to be in the log without our knowing.
Result<Outcome> Engine::Impl::fold_source(std::uint64_t index) {
  std::optional<Outcome> outcome;
  auto done = replay(*database, *fold, source, {.each = [&](std::uint64_t at, const Folded& folded) {
    if (at == index) outcome = {.refused = folded.refused, .version = folded.version};
  }});
  if (!done) return done.error();
  if (auto loaded = fold->load_projections(*database); !loaded) return loaded.error();
  if (!outcome) return Error(Errc::kCorrupt, "the ledger does not give it");
  return *outcome;
}

void Engine::Impl::finish(const Done& done, Result<Applied> result) {
  on_its_way = false;
  done(std::move(result));
  work();
}

// Until retry() has folded what is missing.
void Engine::Impl::stop(const Done& done, const std::string& why) {
  lagging = Error(Errc::kUnavailable, why);
  finish(done, *lagging);
}

// ----------------------------------------------------------------------------------------------------------- outside

Engine::Engine(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Engine::~Engine() {
  impl_->alive.reset();
  const std::deque<Queued> waiting = std::exchange(impl_->queue, {});
  for (const Queued& queued : waiting) queued.done(Error(Errc::kCancelled, "the server stops"));
}

Result<std::unique_ptr<Engine>> Engine::open(const Settings& settings, std::vector<Projection*> projections,
                                             FactSource& source, FactSink& sink, Publisher& publisher) {
  auto impl = std::make_unique<Impl>(std::move(projections), source, sink, publisher);
  impl->settings = settings;
  auto up = bring_up(settings, impl->projections, source, false);
  if (!up) return up.error();
  impl->started = std::move(up->start);
  impl->begun_at = up->position;
  impl->writing = std::move(up->writing);
  if (!impl->writing) {
    if (auto done = impl->go_on(std::move(up->database)); !done) return done.error();
  }
  return std::unique_ptr<Engine>(new Engine(std::move(impl)));
}

void Engine::propose(Proposal proposal, std::function<void(Result<Applied>)> done) {
  if (impl_->lagging) return done(*impl_->lagging);
  if (auto written = impl_->await_written(); !written) return done(written.error());
  if (impl_->queue.size() >= kMaxQueued) {
    return done(Error(Errc::kResourceExhausted, "too many changes wait to be recorded"));
  }
  impl_->queue.push_back({std::move(proposal), std::move(done)});
  impl_->work();
}

bool Engine::current() const {
  if (!impl_->database && !impl_->lagging && impl_->writing->ended()) (void)impl_->await_written();
  return !impl_->lagging;
}

bool Engine::written() const {
  return current() && impl_->database != nullptr;
}

Result<> Engine::await_written() {
  return impl_->await_written();
}

Result<> Engine::retry() {
  if (!impl_->lagging) return {};
  if (auto done = impl_->database ? catch_up() : impl_->bring_up_again(); !done) return done;
  impl_->lagging.reset();
  impl_->publisher.publish([] {});
  return {};
}

Result<> Engine::catch_up() {
  if (auto written = impl_->await_written(); !written) return written;
  auto done = replay(*impl_->database, *impl_->fold, impl_->source);
  if (!done) return done.error();
  return impl_->fold->load_projections(*impl_->database);
}

Tables& Engine::tables() {
  if (impl_->writing) return *impl_->writing;
  return *impl_->database;
}

std::optional<Earlier> Engine::earlier(std::string_view idempotency_key) {
  if (!impl_->await_written()) return std::nullopt;
  const std::optional<Position> last = impl_->fold->position();
  const UnixMillis now = last ? std::max(impl_->sink.now(), last->time) : impl_->sink.now();
  auto found = impl_->fold->earlier(idempotency_key, now);
  if (!found) return std::nullopt;
  return Earlier{.applied = {.index = found->index, .version = found->version, .repeated = true},
                 .object = std::move(found->object),
                 .request = std::move(found->request)};
}

std::uint64_t Engine::version_of(std::string_view object) {
  return impl_->await_written() ? impl_->fold->version_of(object) : 0;
}
const std::string& Engine::path() const {
  return impl_->settings.path;
}
const Engine::Start& Engine::start() const {
  return impl_->started;
}
std::size_t Engine::queued() const {
  return impl_->queue.size();
}

std::optional<std::uint64_t> Engine::applied() const {
  const auto& position = impl_->fold ? impl_->fold->position() : impl_->begun_at;
  return position ? std::optional(position->index) : std::nullopt;
}

Result<std::vector<std::pair<std::string, std::string>>> Engine::table_digests() {
  if (auto written = impl_->await_written(); !written) return written.error();
  return state::table_digests(*impl_->database);
}

}  // namespace redoubt::state
