#include "notify/contact_book.h"

#include <algorithm>

#include "crypto/sha256.h"
#include "encoding/base64.h"

namespace redoubt::notify {
namespace {

bool meets(const ContactRule& rule, const Notice& notice) {
  return notice.severity >= rule.severity && (rule.kinds.empty() || rule.kinds.contains(notice.kind));
}

// 16 digits that another notice about the same silence would not have.
std::string escalation_id(const Notice& notice, std::size_t rule) {
  const std::string of = "escalation:" + notice.id + ":" + std::to_string(rule);
  std::string out = encoding::hex(ByteView(crypto::sha256(as_bytes(of))).first(8));
  return out;
}

}  // namespace

std::vector<std::string> ContactBook::endpoints_of(const std::vector<std::string>& roles) const {
  std::vector<std::string> out;
  for (const Contact& contact : settings_.contacts) {
    if (std::find(roles.begin(), roles.end(), contact.role) == roles.end()) continue;
    for (const std::string& endpoint : contact.endpoints) {
      if (std::find(out.begin(), out.end(), endpoint) == out.end()) out.push_back(endpoint);
    }
  }
  return out;
}

std::vector<std::string> ContactBook::tell(const Notice& notice, LaneTime now) {
  if (notice.kind == NoticeKind::kIncidentClosed) acknowledge(notice.incident);
  std::vector<std::string> roles;
  for (std::size_t at = 0; at < settings_.rules.size(); ++at) {
    const ContactRule& rule = settings_.rules[at];
    if (!meets(rule, notice)) continue;
    roles.insert(roles.end(), rule.roles.begin(), rule.roles.end());
    // An exercise wakes nobody who was not told at once.
    const bool waits = rule.escalate_after.count() > 0 && !notice.incident.empty() && !notice.exercise &&
                       notice.kind != NoticeKind::kIncidentClosed;
    const auto [begin, end] = awaited_.equal_range(notice.incident);
    const bool known = std::any_of(begin, end, [&](const auto& each) { return each.second.rule == at; });
    if (!waits || known || awaited_.size() >= kAwaitedMax) continue;
    awaited_.emplace(notice.incident, Awaited{.notice = notice, .rule = at, .due = now + rule.escalate_after});
  }
  return endpoints_of(roles);
}

void ContactBook::acknowledge(std::string_view incident) {
  const auto [begin, end] = awaited_.equal_range(incident);
  awaited_.erase(begin, end);
}

std::vector<Escalation> ContactBook::escalate(LaneTime now, UnixMillis wall) {
  std::vector<Escalation> out;
  for (auto at = awaited_.begin(); at != awaited_.end();) {
    if (at->second.due > now) {
      ++at;
      continue;
    }
    Escalation each{.notice = std::move(at->second.notice),
                    .endpoints = endpoints_of(settings_.rules[at->second.rule].escalate_to)};
    each.notice.id = escalation_id(each.notice, at->second.rule);
    each.notice.kind = NoticeKind::kUnacknowledged;
    each.notice.time = wall;
    out.push_back(std::move(each));
    at = awaited_.erase(at);
  }
  return out;
}

std::size_t ContactBook::awaited() const {
  return awaited_.size();
}

}  // namespace redoubt::notify
