// Saved states: `RBHV`, a version, what the engine was made with, then its parts in a fixed order.
//
// Plain data is stored as its bytes in memory, which x86-64 has little-endian; every value that is read back is checked
// before it is used, so that a file that was altered is refused rather than believed. Whether it is the file that was
// written is the caller's to know: the state holds no digest of itself.
#include <algorithm>
#include <bit>

#include "behaviour/engine.h"
#include "behaviour/internal/archive.h"
#include "behaviour/internal/engine_impl.h"

namespace redoubt::behaviour {
namespace {

static_assert(std::endian::native == std::endian::little);

constexpr std::array<char, 4> kMagic = {'R', 'B', 'H', 'V'};
constexpr std::uint32_t kVersion = 2;

bool in_order(const std::vector<IndexRange>& ranges, std::uint64_t end) {
  std::uint64_t from = 0;
  for (const IndexRange& range : ranges) {
    if (range.begin < from || range.end <= range.begin || range.end > end) return false;
    from = range.end + 1;  // two that touch are one
  }
  return true;
}

// Everything but the tables: plain values one after the other.
template <class Archive, class StateType>
void each_value(Archive&& each, StateType& state) {
  each(state.unknown_failures);
  each(state.hour_unknown);
  each(state.peak_unknown);
  each(state.unknown_hour);
  each(state.unknown_raised_hour);
  each(state.next_index);
  each(state.now_ms);
  each(state.first_ms);
  each(state.late_in_a_row);
  each(state.stats);
}

bool valid(const State& state) {
  const auto is_time = [](std::int64_t ms) { return ms >= 0 && ms <= std::int64_t{1} << 52; };
  return state.unknown_failures.valid() && is_amount(state.hour_unknown) && is_amount(state.peak_unknown) &&
         is_time(state.now_ms) && is_time(state.first_ms) && state.next_index <= std::uint64_t{1} << 54;
}

}  // namespace

Bytes Engine::save() const {
  const State& state = impl_->state;
  ArchiveWriter out;
  out.reserve(256 + (state.principals.size() + state.models.size() + state.tools.size() + state.data.size() +
                     state.tenants.size()) *
                        (sizeof(Profile) + 48));
  out.put(kMagic);
  out.put(kVersion);
  out.put(static_cast<std::uint32_t>(sizeof(Profile)));
  out.put(impl_->options.hash_key);
  out.put(impl_->options.principals_max);
  out.put(impl_->options.things_max);
  out.put(impl_->options.utc_offset_minutes);
  each_value([&](const auto& value) { out.put(value); }, state);
  out.put(static_cast<std::uint32_t>(state.missing.size()));
  for (const IndexRange& range : state.missing) out.put(range);
  out.put(static_cast<std::uint32_t>(state.peers.size()));
  for (const auto& [name, group] : state.peers) {
    out.text(name);
    out.put(group);
  }
  for (const ProfileTable* table : {&state.principals, &state.models, &state.tools, &state.data, &state.tenants}) {
    table->save(out);
  }
  state.sources.save(out);
  state.tensors.save(out);
  return out.finish();
}

Result<Engine> Engine::restore(ByteView bytes, const EngineOptions& options) {
  const Error corrupt(Errc::kCorrupt, "the saved state of behaviour is damaged");
  ArchiveReader in(bytes);
  std::array<char, 4> magic{};
  std::uint32_t version = 0;
  std::uint32_t profile_size = 0;
  EngineOptions saved;
  if (!in.get(magic) || magic != kMagic || !in.get(version)) return corrupt;
  if (version != kVersion) return Error(Errc::kUnsupported, "a saved state of behaviour of another version");
  if (!in.get(profile_size) || !in.get(saved.hash_key) || !in.get(saved.principals_max) || !in.get(saved.things_max) ||
      !in.get(saved.utc_offset_minutes)) {
    return corrupt;
  }
  if (profile_size != sizeof(Profile))
    return Error(Errc::kUnsupported, "a saved state of behaviour of another version");
  if (saved.hash_key != options.hash_key || saved.principals_max != options.principals_max ||
      saved.things_max != options.things_max || saved.utc_offset_minutes != options.utc_offset_minutes) {
    return Error(Errc::kInvalidArgument, "the state was saved with other options");
  }
  auto impl = std::make_unique<Impl>(options);
  State& state = impl->state;
  each_value([&](auto& value) { (void)in.get(value); }, state);
  std::uint32_t count = 0;
  if (!in.get(count) || count > kMissingRangesMax || in.left() / sizeof(IndexRange) < count) return corrupt;
  state.missing.resize(count);
  for (IndexRange& range : state.missing) (void)in.get(range);
  if (!in.good() || !valid(state) || !in_order(state.missing, state.next_index)) return corrupt;
  if (!in.get(count) || count > kPeerGroupsMax || in.left() / sizeof(PeerGroup) < count) return corrupt;
  std::string last;
  for (std::uint32_t i = 0; i < count; ++i) {
    std::string name;
    PeerGroup group;
    if (!in.text(name, 512) || !in.get(group) || !group.valid() || (i > 0 && name <= last)) return corrupt;
    last = name;
    state.peers.emplace_hint(state.peers.end(), std::move(name), group);
  }
  for (ProfileTable* table : {&state.principals, &state.models, &state.tools, &state.data, &state.tenants}) {
    if (!table->restore(in)) return corrupt;
  }
  if (!state.sources.restore(in) || !state.tensors.restore(in) || in.left() != 0) return corrupt;
  return Engine(std::move(impl));
}

}  // namespace redoubt::behaviour
