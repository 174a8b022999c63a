// Everything that an engine knows, and what a detector is given of it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "behaviour/engine.h"
#include "behaviour/internal/profile_table.h"
#include "behaviour/internal/sources.h"
#include "behaviour/internal/tensor_streams.h"
#include "behaviour/rules.h"

namespace redoubt::behaviour {

inline constexpr std::size_t kPeerGroupsMax = 4096;
inline constexpr std::size_t kTensorStreamsMax = 4096;

// What members of one group (principals of a kind in a tenant) do on a day.
struct PeerGroup {
  std::array<anomaly::RobustLevel, kMetricCount> days;  // log_scale

  bool valid() const {
    return std::all_of(days.begin(), days.end(), [](const auto& level) { return level.valid(); });
  }
};

struct State {
  explicit State(const EngineOptions& options)
      : principals(options.principals_max, options.hash_key),
        models(options.things_max, options.hash_key),
        tools(options.things_max, options.hash_key),
        data(options.things_max, options.hash_key),
        tenants(options.things_max, options.hash_key) {}

  ProfileTable principals;
  ProfileTable models;
  ProfileTable tools;
  ProfileTable data;
  ProfileTable tenants;
  Sources sources;
  TensorStreams tensors{kTensorStreamsMax};
  std::map<std::string, PeerGroup, std::less<>> peers;
  RecentCount unknown_failures;  // of nobody and no known source, half-life kSourceHalfLifeS
  float hour_unknown = 0;        // the most of it in the running hour, and ever
  float peak_unknown = 0;
  std::uint32_t unknown_hour = 0;
  std::uint32_t unknown_raised_hour = 0;

  std::uint64_t next_index = 0;
  std::int64_t now_ms = 0;
  std::int64_t first_ms = 0;  // of the first entry: everyone is new then
  std::uint32_t late_in_a_row = 0;
  EngineStats stats;
  std::vector<IndexRange> missing;
};

// Of what a profile is, for keys of signals.
enum class About : std::uint8_t { kPrincipal, kModel, kTool, kData, kTenant };

// One entry while it is looked at.
class Context {
 public:
  Context(const EngineOptions& engine_options, State& engine_state, SignalSink& signal_sink, std::uint64_t entry,
          const Activity& seen, const Features* sealed)
      : options(engine_options),
        state(engine_state),
        index(entry),
        activity(seen),
        features(sealed),
        sink_(signal_sink) {}

  const EngineOptions& options;
  State& state;
  const std::uint64_t index;
  const Activity& activity;
  const Features* const features;      // null: missing
  std::int64_t now_ms = 0;             // the time reached
  bool learns = true;                  // not from what comes too late
  ProfileTable::Entry* who = nullptr;  // null: nobody was authenticated, or there is no room
  ProfileTable::Entry* tenant = nullptr;

  Profile& profile() const { return who->profile; }
  std::int64_t local_ms() const { return now_ms + std::int64_t{options.utc_offset_minutes} * kMinuteMs; }
  std::uint64_t hash(std::string_view text) const { return keyed_hash(options.hash_key, text); }

  // What a detector found. `ratio`: how many times the bound that it raises at, at least 1.
  struct Finding {
    Rule rule = Rule::kDeniedAccess;
    double ratio = 1;
    std::string message;
    Note rests_on = Note::kNone;
    std::uint64_t and_entry = UINT64_MAX;  // another entry that it rests on
    std::optional<Severity> severity;      // other than the rule's
    double confidence = 1;                 // beside that of the profile's age
  };
  // Of an entity; at most once a day for each rule. False when it was raised already.
  bool raise(About about, ProfileTable::Entry& entry, const Finding& finding);
  // Of a network. `entries` ascending.
  void raise_source(Rule rule, const std::string& key, double ratio, double confidence, const std::string& message,
                    std::vector<std::uint64_t> entries);
  // A small new thing of the principal.
  void small(Small thing);

 private:
  void emit(const RuleInfo& info, std::string key, double ratio, double confidence, const Finding& finding,
            std::vector<std::uint64_t> entries, Attribution attribution, std::string tenant);

  SignalSink& sink_;
};

// How well the usual is known after so many active days: 0 to 1, a half after five.
inline double familiarity(const Profile& profile) {
  return profile.days_active / (profile.days_active + 5.0);
}
// Enough of a past to say what is usual.
inline bool has_past(const Profile& profile) {
  return profile.days_active >= 3 && profile.hours_active >= 16;
}
// A number for a message.
std::string shown(double value);

}  // namespace redoubt::behaviour
