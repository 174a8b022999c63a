// What is done about somebody or something: an effect on a target, from a moment until another, and the way back.
//
// A response is never more than it says: it names one target, ends by itself, and can be undone before. Values: any
// thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace redoubt::incident {

// On what.
enum class TargetType : std::uint8_t { kPrincipal, kKey, kNetwork, kModel, kTool, kDataSet };
inline constexpr std::size_t kTargetTypeCount = 6;
std::string_view to_string(TargetType type);  // `principal`, `key`, `network`, `model`, `tool`, `data_set`

struct Target {
  TargetType type = TargetType::kPrincipal;
  std::string name;  // id of the principal or key, name of the model, …; of a network its keyed hash, in hexadecimal

  // `principal/ID`: as signals name what they are about.
  std::string text() const;
  friend auto operator<=>(const Target&, const Target&) = default;
};
inline constexpr std::size_t kTargetNameMax = 256;
// kInvalidArgument for another form, and for what no response acts on (`tenant/…`).
Result<Target> parse_target(std::string_view text);

enum class Effect : std::uint8_t {
  kThrottle,        // so many requests a minute, no more
  kStepUp,          // only who has shown a second factor since it began
  kInspect,         // what matches the families named is stopped, whatever policies say
  kQuarantine,      // each request waits for a reviewer
  kSuspend,         // nothing passes: principals and keys
  kBlock,           // nothing passes: networks, models, tools and data sets
  kRevokeSessions,  // only who has authenticated since it began; what is under way ends: principals and keys
};
inline constexpr std::size_t kEffectCount = 7;
// `throttle`, `step_up`, `inspect`, `quarantine`, `suspend`, `block`, `revoke_sessions`
std::string_view to_string(Effect effect);
std::optional<Effect> parse_effect(std::string_view text);
// Whether there is such an effect on such a target.
bool acts_on(Effect effect, TargetType type);
// Whether it ends what the target does altogether.
bool stops(Effect effect);
// Whether it takes some of the target's traffic away, for good or for a moment: what guards count. INVARIANT:
// kQuarantine and all that follow it.
bool interrupts(Effect effect);

enum class ResponseStatus : std::uint8_t {
  kProposed,   // waits for somebody to accept it
  kActive,     // enforced, until its end
  kRehearsed,  // was not enforced: its playbook is tried out
  kEnded,      // undone or expired; `end_why` says which
};
std::string_view to_string(ResponseStatus status);  // `proposed`, `active`, `rehearsed`, `ended`
std::optional<ResponseStatus> parse_response_status(std::string_view text);

enum class EndWhy : std::uint8_t { kNone, kUndone, kExpired, kRefused };
std::string_view to_string(EndWhy why);  // `none`, `undone`, `expired`, `refused`
std::optional<EndWhy> parse_end_why(std::string_view text);

inline constexpr std::int64_t kResponseMsMin = 60'000;
inline constexpr std::int64_t kResponseMsMax = 30LL * 24 * 3600 * 1000;
inline constexpr std::uint32_t kThrottleMax = 1'000'000;  // requests a minute

// What a playbook or a person wants done.
struct Action {
  Effect effect = Effect::kThrottle;
  Target target;
  std::int64_t for_ms = 0;       // from when it becomes active: kResponseMsMin to kResponseMsMax
  std::uint32_t per_minute = 0;  // of a throttle, 1 to kThrottleMax; else 0
  std::string families;          // of an inspection: `attack,secret`; else empty
  friend bool operator==(const Action&, const Action&) = default;
};
// kInvalidArgument, saying what does not fit.
Result<> check(const Action& action);

struct Response {
  std::string id;  // 16 hexadecimal digits
  Action action;
  ResponseStatus status = ResponseStatus::kActive;
  std::string incident;  // id; empty: of none
  std::string alert;     // id of the one that it answers; empty: a person's
  std::string playbook;  // its name; empty: a person's
  std::string why;       // why it waits, or what the person said: one line
  std::string tenant;    // may be empty
  UnixMillis started{};  // when it was decided
  UnixMillis until{};    // active: its end
  EndWhy end_why = EndWhy::kNone;
  UnixMillis ended{};
  std::string ended_by;
  std::uint64_t version = 0;  // of the object `response/ID`

  // When it became active. Precondition: it is, or was.
  UnixMillis began() const { return {until.value - action.for_ms}; }
};

}  // namespace redoubt::incident
