#include "notify/notice.h"

#include <algorithm>
#include <array>

namespace redoubt::notify {
namespace {

constexpr std::array<std::string_view, 4> kSeverities = {"low", "medium", "high", "critical"};
constexpr std::array<std::string_view, kNoticeKinds> kKinds = {"incident_opened", "incident_worse", "response_waits",
                                                               "deadline_near",   "deadline_over",  "unacknowledged",
                                                               "incident_closed", "playbook_acted", "test"};
constexpr std::array<std::string_view, 4> kOutcomes = {"delivered", "delayed", "given_up", "dropped"};

template <class T, std::size_t N>
std::optional<T> enumerator_named(const std::array<std::string_view, N>& names, std::string_view text) {
  const auto at = std::find(names.begin(), names.end(), text);
  if (at == names.end()) return std::nullopt;
  return static_cast<T>(at - names.begin());
}

}  // namespace

std::string_view to_string(Severity severity) {
  return kSeverities.at(static_cast<std::size_t>(severity));
}

std::optional<Severity> parse_severity(std::string_view text) {
  return enumerator_named<Severity>(kSeverities, text);
}

std::string_view to_string(NoticeKind kind) {
  return kKinds.at(static_cast<std::size_t>(kind));
}

std::optional<NoticeKind> parse_notice_kind(std::string_view text) {
  return enumerator_named<NoticeKind>(kKinds, text);
}

std::string_view to_string(Outcome outcome) {
  return kOutcomes.at(static_cast<std::size_t>(outcome));
}

std::optional<Outcome> parse_outcome(std::string_view text) {
  return enumerator_named<Outcome>(kOutcomes, text);
}

}  // namespace redoubt::notify
