// Repeated requests for large data sets, and bulk reads after more privileges.
#include <algorithm>
#include <cmath>

#include "behaviour/internal/detectors.h"

namespace redoubt::behaviour {
namespace {

constexpr double kLargeRows = 5000;
constexpr double kTimesUsual = 4;  // its usual read
constexpr float kReadsHalfLifeS = 1800;
constexpr float kLeastReads = 4;

constexpr std::int64_t kPrivilegeForMs = 72 * kHourMs;
constexpr std::int64_t kOnboardingMs = 3 * kDayMs;
constexpr float kPrivilegeRows = 10'000;
constexpr float kPrivilegeBytes = 2'000'000;

void detect_large_reads(Context& context) {
  Profile& profile = context.profile();
  for (const DataRead& read : context.activity.data) {
    const auto rows = static_cast<double>(read.rows);
    const double usual = anomaly::from_log_scale(static_cast<double>(profile.rows_usual));
    if (rows < kLargeRows || rows < kTimesUsual * usual) continue;
    profile.note(context.index, Note::kRead);
    const float reads = profile.large_reads.add(context.now_ms, kReadsHalfLifeS);
    profile.hour_large = std::max(profile.hour_large, reads);
    const float bound = std::max(kLeastReads, 3 * profile.peak_large);
    if (reads < bound || !has_past(profile)) continue;
    context.raise(About::kPrincipal, *context.who,
                  {.rule = Rule::kBulkData,
                   .ratio = static_cast<double>(reads / bound),
                   .message = shown(reads) + " large reads within an hour, the last of " + shown(rows) +
                              " rows; usual are " + shown(usual),
                   .rests_on = Note::kRead});
  }
}

void detect_after_privilege(Context& context) {
  Profile& profile = context.profile();
  const std::int64_t since = context.now_ms - profile.privilege_ms;
  if (profile.privilege_ms == 0 || since < 0 || since > kPrivilegeForMs) return;
  // Of those who came lately more privileges and more reads are how it begins.
  if (profile.privilege_ms - profile.first_ms < kOnboardingMs || !has_past(profile)) return;
  const MetricState& rows = profile.metrics[kRows];
  const MetricState& bytes = profile.metrics[kBytesOut];
  const float ratio = std::max(rows.hour / std::max(kPrivilegeRows, 2 * rows.peak_hour),
                               bytes.hour / std::max(kPrivilegeBytes, 2 * bytes.peak_hour));
  if (ratio < 1) return;
  context.raise(About::kPrincipal, *context.who,
                {.rule = Rule::kPrivilegeThenBulk,
                 .ratio = static_cast<double>(ratio),
                 .message = shown(rows.hour) + " rows and " + shown(bytes.hour) + " bytes in this hour, " +
                            shown(static_cast<double>(since) / static_cast<double>(kHourMs)) +
                            " hours after its privileges changed",
                 .rests_on = Note::kRead,
                 .and_entry = profile.privilege_index});
}

}  // namespace

void detect_bulk_data(Context& context) {
  if (!context.activity.data.empty()) detect_large_reads(context);
  detect_after_privilege(context);
}

}  // namespace redoubt::behaviour
