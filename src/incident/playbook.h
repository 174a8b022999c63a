// Playbooks: what is to be done about an alert, written down before there is one.
//
//   playbook: contain-exfiltration
//   description: Whoever takes out far more than ever may go on slowly, and is stopped when it is clear.
//   mode: enforce                       # or `rehearse`: on record, and not enforced
//   when:
//     rules: [behaviour.exfiltration_*]  # `*` at the end; without it, any
//     severity: high                     # at least
//     confidence: 60                     # at least, in percent
//     score: 50                          # likewise
//     signals: 3                         # of the alert, at least
//     tags: [atlas:AML.T0024]            # one of them, or one that begins so and goes on with a full stop
//   do:
//     - effect: throttle
//       per_minute: 10
//       for: 4h
//     - effect: suspend
//       for: 30m
//       approval: true                   # waits for somebody to accept it
//     - effect: block
//       target: model/clinic-llm         # without it, what the alert is about
//       for: 1h
//   notify: [ciso]                       # roles of notify.toml that are told when it does something, whatever its
//   rules say guard:
//     stops_per_minute: 5                # of all playbooks together; beyond it, what stops somebody waits
//     traffic_percent: 5                 # of the tenant's, that automatic responses may stop together
//
// A file holds one or several, as YAML documents. Values; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "behaviour/signal.h"
#include "incident/response.h"

namespace redoubt::incident {

inline constexpr std::size_t kPlaybookFileMax = std::size_t{256} * 1024;  // bytes
inline constexpr std::size_t kPlaybooksMax = 200;
inline constexpr std::size_t kStepsMax = 8;
inline constexpr std::size_t kRoleMax = 32;     // bytes of a role's name
inline constexpr unsigned kStopsPerMinute = 5;  // unless a playbook says less
inline constexpr unsigned kTrafficPercent = 5;  // likewise; no playbook can say more

struct Playbook {
  struct When {
    std::vector<std::string> rules;
    std::vector<std::string> tags;
    behaviour::Severity severity = behaviour::Severity::kLow;
    unsigned confidence = 0;
    unsigned score = 0;
    std::uint64_t signals = 1;
  };
  struct Step {
    Effect effect = Effect::kThrottle;
    std::optional<Target> target;  // none: what the alert is about
    std::int64_t for_ms = 0;
    std::uint32_t per_minute = 0;
    std::string families;
    bool approval = false;

    Action on(const Target& about) const;
  };
  struct Guard {
    unsigned stops_per_minute = kStopsPerMinute;
    unsigned traffic_percent = kTrafficPercent;
  };

  std::string name;    // 1 to 64 of a-z 0-9 -
  std::string digest;  // of the file that it stands in: `sha256:` and 64 hexadecimal digits
  std::string description;
  bool rehearse = false;
  When when;
  std::vector<Step> steps;          // 1 to kStepsMax
  std::vector<std::string> notify;  // roles: 1 to 32 of a-z 0-9 -
  Guard guard;

  // Whether it is for an alert of `count` signals, the last of them this one.
  bool is_for(const behaviour::Signal& signal, std::uint64_t count) const;
};

// The playbooks of a file. Whatever is not understood is an error, with its line: a playbook does what it says or is
// not taken. `file` is for messages. kTooLarge, kMalformed, kUnsupported, kInvalidArgument.
Result<std::vector<Playbook>> read_playbooks(std::string_view file, std::string_view yaml);

// `90s`, `30m`, `4h`, `7d`, in milliseconds; nothing for another form.
std::optional<std::int64_t> parse_duration(std::string_view text);

}  // namespace redoubt::incident
