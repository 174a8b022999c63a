#include "behaviour/engine.h"

#include <algorithm>

#include "behaviour/internal/detectors.h"
#include "behaviour/internal/engine_impl.h"

namespace redoubt::behaviour {
namespace {

constexpr std::int64_t kLateMs = kHourMs;
constexpr std::uint32_t kLateInARowMax = 64;
constexpr std::string_view kNoTenant = "default";

// Names with control characters come from no gateway of ours; a name that is too long was cut by the record.
std::string_view tenant_of(const Activity& activity) {
  return activity.tenant.empty() ? kNoTenant : activity.tenant;
}

}  // namespace

// Of what is later than an hour nothing is learnt: returns whether it may be.
bool Engine::Impl::take_time(UnixMillis time) {
  const std::int64_t ms = std::clamp<std::int64_t>(time.value, 0, std::int64_t{1} << 52);
  if (state.first_ms == 0) state.first_ms = state.now_ms = std::max<std::int64_t>(ms, 1);
  if (ms >= state.now_ms) {
    state.now_ms = ms;
    state.late_in_a_row = 0;
    return true;
  }
  if (state.now_ms - ms <= kLateMs) {
    state.late_in_a_row = 0;
    return true;
  }
  ++state.stats.late;
  if (++state.late_in_a_row < kLateInARowMax) return false;
  ++state.stats.set_back;
  state.now_ms = ms;
  state.late_in_a_row = 0;
  return false;
}

void Engine::Impl::take_missing(std::uint64_t index) {
  ++state.stats.missing;
  if (!state.missing.empty() && state.missing.back().end == index) {
    ++state.missing.back().end;
    return;
  }
  if (state.missing.size() == kMissingRangesMax) state.missing.erase(state.missing.begin());
  state.missing.push_back({index, index + 1});
}

Result<> Engine::Impl::begin(std::uint64_t index) {
  if (index < state.next_index || index >= (std::uint64_t{1} << 54)) {
    return Error(Errc::kInvalidArgument, "entry " + std::to_string(index) + " is not behind the one before");
  }
  state.next_index = index + 1;
  return {};
}

void Engine::Impl::apply(std::uint64_t index, const Activity& activity, const Features* features, SignalSink& sink) {
  look_at(index, activity, features, sink);
  state.stats.evicted = 0;
  for (const ProfileTable* table : {&state.principals, &state.models, &state.tools, &state.data, &state.tenants}) {
    state.stats.evicted += table->evicted();
  }
}

void Engine::Impl::look_at(std::uint64_t index, const Activity& activity, const Features* features, SignalSink& sink) {
  Context context(options, state, sink, index, activity, features);
  context.learns = take_time(activity.time);
  context.now_ms = state.now_ms;
  ++state.stats.entries;
  switch (activity.stage) {
    case record::Stage::kFact:
      take_fact(context);
      return;
    case record::Stage::kAdmission:
    case record::Stage::kDenial:
      // Of denials from several sources no features are sealed: they have no one network.
      if (features == nullptr && activity.sources == 1) take_missing(index);
      break;
    case record::Stage::kOutcome:
      break;
    default:
      return;  // openings and interruptions say nothing of how someone behaves towards models
  }
  if (!activity.authenticated()) {
    detect_stuffing(context);
    return;
  }
  context.tenant = state.tenants.use(tenant_of(activity), state.now_ms);
  context.who = state.principals.use(activity.principal, state.now_ms);
  if (context.tenant == nullptr || context.who == nullptr) {
    ++state.stats.unprofiled;
    if (context.who == nullptr) return;
  }
  take_principal(context);
}

void Engine::Impl::take_principal(Context& context) {
  Profile& profile = context.profile();
  if (context.who->tenant.empty()) context.who->tenant = tenant_of(context.activity).substr(0, 128);
  if (profile.kind == 0) profile.kind = static_cast<std::uint8_t>(context.activity.principal_kind);
  roll(context, About::kPrincipal, *context.who);
  if (context.tenant != nullptr) roll(context, About::kTenant, *context.tenant);

  detect_stuffing_succeeded(context);
  detect_denials(context);
  detect_flood(context);
  detect_bulk_data(context);
  detect_extraction(context);
  detect_tensor_extraction(context);
  detect_probing(context);
  detect_tools(context);
  detect_low_and_slow(context);
  detect_novelty(context);
  learn(context);
  detect_volume(context);
}

void Engine::Impl::take_fact(Context& context) {
  const Activity& fact = context.activity;
  if (fact.change == Change::kNone || fact.subject.empty()) return;
  if (fact.change == Change::kPrincipalGone) {
    state.principals.forget(fact.subject);
    return;
  }
  ProfileTable::Entry* const entry = state.principals.use(fact.subject, state.now_ms);
  if (entry == nullptr) {
    ++state.stats.unprofiled;
    return;
  }
  Profile& profile = entry->profile;
  if (profile.hour == 0) profile.first_ms = state.now_ms;
  profile.last_ms = std::max(profile.last_ms, state.now_ms);
  switch (fact.change) {
    case Change::kPrincipalMade:
      profile.kind = static_cast<std::uint8_t>(fact.subject_kind);
      profile.groups = fact.groups;
      return;
    case Change::kSuspended:
    case Change::kResumed:
      profile.suspended = fact.change == Change::kSuspended ? 1 : 0;
      state.principals.keep(*entry);
      return;
    case Change::kGroupsChanged:
      if (profile.groups == fact.groups) return;
      profile.groups = fact.groups;
      break;
    default:
      break;
  }
  profile.privilege_ms = state.now_ms;
  profile.privilege_index = context.index;
  profile.note(context.index, Note::kChange);
}

Engine::Engine(const EngineOptions& options) : impl_(std::make_unique<Impl>(options)) {}
Engine::Engine(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Engine::Engine(Engine&&) noexcept = default;
Engine& Engine::operator=(Engine&&) noexcept = default;
Engine::~Engine() = default;

Result<> Engine::consume(std::uint64_t index, ByteView record, const Features* features, SignalSink& sink) {
  if (auto done = impl_->begin(index); !done) return done;
  auto activity = impl_->reader.read(record);
  if (!activity) {
    ++impl_->state.stats.entries;
    ++impl_->state.stats.unread;
    return activity.error();
  }
  impl_->apply(index, **activity, features, sink);
  return {};
}

Result<> Engine::apply(std::uint64_t index, const Activity& activity, const Features* features, SignalSink& sink) {
  if (auto done = impl_->begin(index); !done) return done;
  impl_->apply(index, activity, features, sink);
  return {};
}

void Engine::tick(UnixMillis time) {
  State& state = impl_->state;
  const std::int64_t ms = std::clamp<std::int64_t>(time.value, 0, std::int64_t{1} << 52);
  if (state.first_ms == 0) return;
  state.now_ms = std::max(state.now_ms, ms);
}

std::uint64_t Engine::next_index() const {
  return impl_->state.next_index;
}
UnixMillis Engine::time() const {
  return {impl_->state.now_ms};
}
const EngineStats& Engine::stats() const {
  return impl_->state.stats;
}
std::span<const IndexRange> Engine::missing_features() const {
  return impl_->state.missing;
}
std::size_t Engine::principals() const {
  return impl_->state.principals.size();
}
std::size_t Engine::memory_bytes() const {
  const State& state = impl_->state;
  return sizeof(Impl) + state.principals.memory_bytes() + state.models.memory_bytes() + state.tools.memory_bytes() +
         state.data.memory_bytes() + state.tenants.memory_bytes() + state.sources.memory_bytes() +
         state.tensors.memory_bytes() + state.peers.size() * (sizeof(PeerGroup) + 128);
}

}  // namespace redoubt::behaviour
