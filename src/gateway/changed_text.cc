#include "gateway/changed_text.h"

#include <algorithm>

namespace redoubt::gateway {
namespace {

// What takes a text's place, rather than ends its way.
bool replaces(ContentAction action) {
  return action == ContentAction::kTokenise || action == ContentAction::kRedact;
}

}  // namespace

bool is_own(const inspect::Match& match, std::span<const Restorer::Range> restored) {
  if (match.family == inspect::Family::kContract) return false;  // a form is nobody's value
  const auto after = std::ranges::upper_bound(restored, match.span.begin_bytes, {}, &Restorer::Range::begin);
  return after != restored.begin() && match.span.end_bytes <= (after - 1)->end;
}

bool append_changed(std::string& out, const FoundInText& found, const ContentActions& actions,
                    Placeholders* placeholders, std::uint64_t begin, std::uint64_t end, std::uint64_t& covered) {
  const auto text = [&](std::uint64_t from, std::uint64_t to) {
    return found.text.substr(from - found.base, to - from);
  };
  bool changed = covered > begin;
  std::uint64_t at = std::max(begin, covered);
  const auto& matches = found.matches;
  for (std::size_t i = 0; i < matches.size(); ++i) {
    const inspect::Match& first = matches[i];
    const std::uint64_t from = first.span.begin_bytes;
    if (from >= end) break;
    ContentAction action = actions.of(first);
    // A match of nothing, where something invisible stands, has nothing to take out.
    if (first.flag_only || !replaces(action) || is_own(first, found.restored) || first.span.end_bytes <= at) continue;
    changed = true;
    if (from < at) {  // a replacement that is there already reaches into it
      at = first.span.end_bytes;
      continue;
    }
    std::uint64_t to = first.span.end_bytes;
    for (; i + 1 < matches.size() && matches[i + 1].span.begin_bytes < std::min(to, end); ++i) {
      const inspect::Match& next = matches[i + 1];
      if (next.flag_only || !replaces(actions.of(next)) || is_own(next, found.restored)) continue;
      action = std::max(action, actions.of(next));
      to = std::max(to, next.span.end_bytes);
    }
    out += text(at, from);
    if (action == ContentAction::kTokenise && placeholders != nullptr) {
      out += placeholders->stand_in(first.kind, text(from, to));
    } else {
      out += '<';
      out += first.kind;
      out += '>';
    }
    at = to;
  }
  if (at < end) out += text(at, end);
  covered = std::max(covered, at);
  return changed;
}

}  // namespace redoubt::gateway
