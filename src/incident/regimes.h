// The table of regulatory clocks: which law wants who told of an incident, and until when. Data, not code:
// regimes.yaml, one that comes with Redoubt and one that a server's folder may hold instead.
//
//   table: regulatory-clocks
//   as_of: 2026-11-22                       # when it was written, or last compared with the laws
//   utc_offset: "+00:00"                    # where days begin
//   holidays: [2026-12-25]                  # beside Saturdays and Sundays, for eu_1182_71
//   regimes:
//     - id: gdpr
//       title: Personal data breach
//       law: Regulation (EU) 2016/679 (GDPR)
//       applies_from: 2018-05-25
//       applies_until: 2030-01-01           # the first day on which it does not; without it, for good
//       counting: eu_1182_71                # or `calendar` (period.h)
//       when: A personal data breach, unless …   # what the person who decides asks
//       steps:
//         - id: authority
//           to: competent supervisory authority
//           article: Art. 33(1)
//           within: 72 hours                # without it: without undue delay, no figure
//           from: awareness                 # or `decision`, `year_of_awareness`, `step ID` of an earlier step
//           no_later: 24 hours              # of `decision`: from awareness, unless that had passed when it was decided
//
// A regime may stand there several times, for times that do not overlap: the awareness time says which one holds.
// Values: any thread.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "incident/period.h"

namespace redoubt::incident {

inline constexpr std::size_t kRegimesFileMax = std::size_t{256} * 1024;  // bytes
inline constexpr std::size_t kRegimesMax = 64;
inline constexpr std::size_t kRegimeStepsMax = 8;
inline constexpr std::size_t kHolidaysMax = 2000;
inline constexpr std::size_t kRegimeIdMax = 64;

struct Regime {
  enum class From : std::uint8_t { kAwareness, kDecision, kYearOfAwareness, kStep };
  struct Step {
    std::string id;
    std::string to;       // who is told
    std::string article;  // the source
    std::optional<Period> within;
    From from = From::kAwareness;
    std::string after;  // of kStep: the id of an earlier step; the term runs from when that was done
    std::optional<Period> no_later;
  };

  std::string id;
  std::string title;
  std::string law;
  std::string when;
  std::chrono::sys_days applies_from;
  std::optional<std::chrono::sys_days> applies_until;
  Counting counting = Counting::kCalendar;
  std::vector<Step> steps;  // 1 to kRegimeStepsMax

  const Step* find(std::string_view step) const;
  bool applies(std::chrono::sys_days date) const;
};

struct RegimeTable {
  std::chrono::sys_days as_of;
  Calendar calendar;
  std::vector<Regime> regimes;
  std::string digest;  // SHA-256 of the file, hexadecimal: which table a decision was made by

  // The regime with this id that held then; null when there is none.
  const Regime* find(std::string_view id, UnixMillis moment) const;
};

// Whether it may name a regime or a step: 1 to kRegimeIdMax of a-z 0-9 _.
bool is_regime_id(std::string_view text);

// Whatever is not understood is an error, with its line. `file` is for messages. kTooLarge, kMalformed, kUnsupported,
// kInvalidArgument.
Result<RegimeTable> read_regimes(std::string_view file, std::string_view yaml);

// The text of the table that comes with Redoubt, regimes/regimes.yaml.
std::string_view shipped_regimes();

}  // namespace redoubt::incident
