#include "redoubt/untold_notices.h"

#include <algorithm>

#include "redoubt/notice_texts.h"

namespace redoubt::app {
namespace {

constexpr std::string_view kGivenUp = "given_up";

}  // namespace

incident::NoticeAttempt UntoldNotices::attempt_of(const Untold& untold, const std::string& endpoint,
                                                  const Way& way) const {
  return {.notice = untold.notice.id,
          .endpoint = endpoint,
          .incident = untold.notice.incident,
          .kind = std::string(to_string(untold.notice.kind)),
          .severity = severity_of(untold.notice.severity),
          .number = way.attempts,
          .outcome = std::string(kGivenUp),
          .why = {}};
}

void UntoldNotices::add(notify::Notice notice, const std::vector<std::string>& endpoints, UnixMillis now) {
  const std::string id = notice.id;
  Untold untold{.notice = std::move(notice), .ways = {}, .since = now};
  for (const std::string& each : endpoints) untold.ways.emplace(each, Way{});
  waiting_ += untold.ways.size();
  to_hand_.insert(to_hand_.begin(), id);
  notices_.emplace(id, std::move(untold));
}

const notify::Notice* UntoldNotices::next() const {
  return to_hand_.empty() ? nullptr : &notices_.find(to_hand_.back())->second.notice;
}

notify::Order UntoldNotices::order() const {
  const Untold& untold = notices_.find(to_hand_.back())->second;
  notify::Order out{.notice = untold.notice, .endpoints = {}};
  for (const auto& [endpoint, way] : untold.ways) {
    if (!way.ended) out.endpoints.push_back(endpoint);
  }
  return out;
}

void UntoldNotices::handed_over() {
  to_hand_.pop_back();
}

void UntoldNotices::begin_again() {
  std::vector<const Untold*> all;
  for (auto& [id, untold] : notices_) {
    for (auto& [endpoint, way] : untold.ways) {
      if (!way.ended) way.attempts = 0;  // another notifier counts anew
    }
    const bool open =
        std::any_of(untold.ways.begin(), untold.ways.end(), [](const auto& way) { return !way.second.ended; });
    if (open) all.push_back(&untold);
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const Untold* a, const Untold* b) { return a->since.value > b->since.value; });
  to_hand_.clear();
  for (const Untold* each : all) to_hand_.push_back(each->notice.id);
}

std::optional<incident::NoticeAttempt> UntoldNotices::take(const notify::Word& word) {
  const auto untold = notices_.find(word.notice);
  if (untold == notices_.end()) return std::nullopt;
  const auto way = untold->second.ways.find(word.endpoint);
  if (way == untold->second.ways.end() || way->second.ended) return std::nullopt;
  const bool dropped = word.outcome == notify::Outcome::kDropped;
  if (!dropped && (word.number <= way->second.attempts || word.number > kAttemptsMax)) {
    // Its time may be over without a further attempt.
    if (word.outcome != notify::Outcome::kGivenUp || word.number != way->second.attempts) return std::nullopt;
  }
  way->second.attempts = dropped ? 0 : word.number;
  way->second.ended = word.outcome != notify::Outcome::kDelayed;
  incident::NoticeAttempt out = attempt_of(untold->second, way->first, way->second);
  out.outcome = to_string(word.outcome);
  out.why = word.why;
  return out;
}

std::vector<incident::NoticeAttempt> UntoldNotices::give_up(UnixMillis now) {
  std::vector<incident::NoticeAttempt> out;
  for (auto& [id, untold] : notices_) {
    if (now.value - untold.since.value < kPatienceMs) continue;
    for (auto& [endpoint, way] : untold.ways) {
      if (std::exchange(way.ended, true)) continue;
      out.push_back(attempt_of(untold, endpoint, way));
      out.back().why = "nobody said in time what became of it";
    }
    std::erase(to_hand_, id);
  }
  return out;
}

std::vector<incident::NoticeAttempt> UntoldNotices::keep_only(const std::vector<std::string>& endpoints,
                                                              std::string_view why) {
  std::vector<incident::NoticeAttempt> out;
  for (auto& [id, untold] : notices_) {
    bool open = false;
    for (auto& [endpoint, way] : untold.ways) {
      const bool kept = std::find(endpoints.begin(), endpoints.end(), endpoint) != endpoints.end();
      open = open || (kept && !way.ended);
      if (kept || std::exchange(way.ended, true)) continue;
      out.push_back(attempt_of(untold, endpoint, way));
      out.back().why = why;
    }
    if (!open) std::erase(to_hand_, id);
  }
  return out;
}

void UntoldNotices::recorded(const incident::NoticeAttempt& attempt) {
  const auto untold = notices_.find(attempt.notice);
  if (untold == notices_.end() || !incident::is_final(attempt)) return;
  waiting_ -= untold->second.ways.erase(attempt.endpoint);
  if (!untold->second.ways.empty()) return;
  std::erase(to_hand_, attempt.notice);
  notices_.erase(untold);
}

}  // namespace redoubt::app
