#include "incident/rehearsal.h"

#include <algorithm>
#include <functional>
#include <string>
#include <utility>

#include "base/scratch_folder.h"

#include "incident/incident_projection.h"
#include "incident/listing.h"
#include "state/engine.h"
#include "tlog/hash.h"

namespace redoubt::incident {
namespace {

constexpr std::size_t kPage = 1000;

// Facts go nowhere: what comes of them is in the tables.
class Nowhere final : public state::FactSink, public state::FactSource, public state::Publisher {
 public:
  void append(std::string record, std::string, std::function<void(Result<std::uint64_t>)> done) override {
    if (keep) kept_.push_back(std::move(record));
    waiting_ = [done = std::move(done), index = next_++] { done(index); };
  }
  UnixMillis now() override { return time; }
  record::RecordSource source() const override { return {.log_origin = "rehearsal", .product_version = "0"}; }
  Result<std::uint64_t> size() override { return std::uint64_t{next_}; }
  Result<> read(std::uint64_t, const std::function<Result<bool>(const Entry&)>&) override { return {}; }
  Result<Entry> read_one(std::uint64_t index) override {
    if (index >= kept_.size()) return Error(Errc::kNotFound, "there is no such entry");
    const ByteView record = as_bytes(kept_[index]);
    return Entry{.index = index, .leaf_hash = tlog::leaf_hash(record), .record = record};
  }
  Result<Bytes> open(std::uint64_t) override { return Error(Errc::kNotFound, "there are no values"); }
  void publish(std::function<void()> everywhere) override { everywhere(); }

  void deliver() {
    if (auto waiting = std::exchange(waiting_, nullptr)) waiting();
  }

  UnixMillis time{};
  bool keep = false;

 private:
  std::vector<std::string> kept_;
  std::uint64_t next_ = 0;
  std::function<void()> waiting_;
};

// All of a list that begins with the newest, the oldest first.
template <class T, class List, class Place>
Result<std::vector<T>> all(List&& list, Place&& place) {
  std::vector<T> out;
  std::optional<After> after;
  for (;;) {
    auto page = list(after);
    if (!page) return page.error();
    if (page->empty()) break;
    after = place(page->back());
    std::move(page->begin(), page->end(), std::back_inserter(out));
  }
  std::reverse(out.begin(), out.end());
  return out;
}

}  // namespace

struct Rehearsal::Impl {
  explicit Impl(ScratchFolder made) : folder(std::move(made)) {}

  ScratchFolder folder;
  Nowhere nowhere;
  IncidentProjection projection;
  std::unique_ptr<state::Engine> engine;
  std::unique_ptr<Responder> responder;

  Result<> make_true(Result<std::optional<state::Proposal>> proposal) {
    if (!proposal) return proposal.error();
    if (!*proposal) return {};
    (*proposal)->actor.principal = "redoubt";
    Result<> outcome = Error(Errc::kUnavailable, "the fact was not folded");
    engine->propose(**std::move(proposal),
                    [&](Result<state::Applied> done) { outcome = done ? Result<>() : Result<>(done.error()); });
    nowhere.deliver();
    return outcome;
  }
};

Rehearsal::Rehearsal(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Rehearsal::~Rehearsal() = default;

Result<std::unique_ptr<Rehearsal>> Rehearsal::create(std::vector<Playbook> playbooks, Surroundings& surroundings,
                                                     Keep keep) {
  auto folder = ScratchFolder::make();
  if (!folder) return folder.error();
  auto impl = std::make_unique<Impl>(*std::move(folder));
  impl->nowhere.keep = keep == Keep::kFacts;
  auto engine = state::Engine::open({.path = impl->folder.path() + "/state.db"}, {&impl->projection}, impl->nowhere,
                                    impl->nowhere, impl->nowhere);
  if (!engine) return engine.error();
  impl->engine = *std::move(engine);
  impl->responder = std::make_unique<Responder>(std::move(playbooks), surroundings, impl->projection.restrictions());
  return std::unique_ptr<Rehearsal>(new Rehearsal(std::move(impl)));
}

Result<> Rehearsal::take(const behaviour::Signal& signal) {
  Impl& in = *impl_;
  in.nowhere.time = std::max(in.nowhere.time, signal.time);
  for (;;) {
    auto over = in.responder->expire(in.nowhere.time, in.engine->tables());
    const bool some = over && *over;
    if (auto done = in.make_true(std::move(over)); !done) return done;
    if (!some) break;
  }
  return in.make_true(in.responder->take(signal, in.nowhere.time, in.engine->tables()));
}

Result<> Rehearsal::end() {
  Impl& in = *impl_;
  const UnixMillis later{in.nowhere.time.value + kGrowMs};
  while (in.responder->growing() > 0) {
    if (auto done = in.make_true(in.responder->settle(later, in.engine->tables())); !done) return done;
  }
  return {};
}

Result<std::vector<Alert>> Rehearsal::alerts() {
  return all<Alert>([&](const auto& after) { return list_alerts(impl_->engine->tables(), {}, after, kPage); },
                    [](const Alert& last) { return After{last.raised, last.id}; });
}

Result<std::vector<Incident>> Rehearsal::incidents() {
  return all<Incident>([&](const auto& after) { return list_incidents(impl_->engine->tables(), {}, after, kPage); },
                       [](const Incident& last) { return After{last.opened, last.id}; });
}

Result<std::vector<Response>> Rehearsal::responses() {
  return all<Response>([&](const auto& after) { return list_responses(impl_->engine->tables(), {}, after, kPage); },
                       [](const Response& last) { return After{last.started, last.id}; });
}

Result<Review> Rehearsal::review(std::string_view incident, const RegimeTable& laws) {
  Impl& in = *impl_;
  if (!in.nowhere.keep) return Error(Errc::kUnsupported, "facts were not kept");
  return make_review(in.engine->tables(), in.nowhere,
                     {.incident = std::string(incident), .laws = laws, .now = in.nowhere.time});
}

}  // namespace redoubt::incident
