// Something unusual, raised while an entry was read: by which rule, of whom, how sure, and on which entries it rests.
//
// A signal is named by (rule, key, entry index): reading the same entries again gives the same signals, byte for byte.
// Values: any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace redoubt::behaviour {

inline constexpr std::size_t kSignalEntriesMax = 16;
inline constexpr std::size_t kSignalTagsMax = 16;

enum class Severity : std::uint8_t { kLow, kMedium, kHigh, kCritical };
std::string_view to_string(Severity severity);

// Whether the principal named was authenticated for these acts, or its name or network merely used.
enum class Attribution : std::uint8_t { kProven, kClaimed };
std::string_view to_string(Attribution attribution);

struct Signal {
  std::string rule;  // id: `behaviour.prompt_flood`, or a Sigma rule's
  std::string key;   // whom it is about: `principal/ID`, `tenant/ID`, `model/NAME`, `data_set/NAME`, `network/HASH`
  std::uint64_t index = 0;  // of the entry that raised it
  UnixMillis time;          // of that entry
  Severity severity = Severity::kMedium;
  unsigned score = 0;       // 0 to 100: how unusual; 50 is where the rule begins to tell
  unsigned confidence = 0;  // 0 to 100: how well the usual is known
  Attribution attribution = Attribution::kProven;
  std::string tenant;                  // may be empty
  std::string message;                 // for people; figures, no content
  std::vector<std::uint64_t> entries;  // ascending, the last is `index`; at most kSignalEntriesMax
  std::vector<std::string> tags;       // `atlas:AML.T0024.002`, `owasp-llm:LLM06:2026`, `owasp-agentic:ASI02:2026`

  // `rule:key:index`.
  std::string id() const;

  friend bool operator==(const Signal&, const Signal&) = default;
};

// Appends one JSON object, without line end: always the same bytes for the same signal.
void append_signal(std::string& out, const Signal& signal);

class SignalSink {
 public:
  virtual ~SignalSink() = default;
  virtual void take(Signal signal) = 0;
};

}  // namespace redoubt::behaviour
