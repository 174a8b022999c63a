#include "redoubt/behaviour/mesh_text.h"

#include <fmt/format.h>

#include <string_view>
#include <vector>

#include "encoding/json_reader.h"
#include "record/terminal_text.h"

namespace redoubt::app {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;

// Answers are of our own making, by mesh_query.h; what is not there reads as nothing.
std::string_view text(const element& from, std::string_view name) {
  std::string_view out;
  return from[name].get(out) == simdjson::SUCCESS ? out : std::string_view();
}
std::uint64_t number(const element& from, std::string_view name) {
  std::uint64_t out = 0;
  return from[name].get(out) == simdjson::SUCCESS ? out : 0;
}
double real(const element& from, std::string_view name) {
  double out = 0;
  return from[name].get(out) == simdjson::SUCCESS ? out : 0;
}
bool is(const element& from, std::string_view name) {
  bool out = false;
  return from[name].get(out) == simdjson::SUCCESS && out;
}
std::vector<element> items(const element& from, std::string_view name) {
  array found;
  if (from[name].get(found) != simdjson::SUCCESS) return {};
  std::vector<element> out;
  for (const element each : found) out.push_back(each);
  return out;
}

std::string node(const element& from, std::string_view name) {
  element found;
  if (from[name].get(found) != simdjson::SUCCESS) return {};
  std::string out = std::string(text(found, "type")) + ":";
  record::append_terminal_text(out, text(found, "name"));
  return out;
}

// `2026-11-18 12:06`, of RFC 3339.
std::string when(const element& from, std::string_view name) {
  const std::string_view time = text(from, name);
  if (time.size() < 16) return "never";
  return std::string(time.substr(0, 10)) + " " + std::string(time.substr(11, 5));
}

std::string bytes(std::uint64_t value) {
  constexpr std::string_view kUnits[] = {"B", "KB", "MB", "GB", "TB", "PB", "EB"};
  auto scaled = static_cast<double>(value);
  std::size_t unit = 0;
  for (; scaled >= 1000 && unit + 1 < std::size(kUnits); ++unit) scaled /= 1000;
  return fmt::format("{:.{}f} {}", scaled, unit == 0 ? 0 : 1, kUnits[unit]);
}

// `12 times, 2 refused, 3 matches, 5.1 KB, 900 tokens`: what there was.
std::string volumes(const element& from) {
  std::string out = fmt::format("{} times", number(from, "count"));
  if (number(from, "count") == 1) out.pop_back();
  if (number(from, "denials") != 0) out += fmt::format(", {} refused", number(from, "denials"));
  if (number(from, "matches") != 0) out += fmt::format(", {} matches", number(from, "matches"));
  if (number(from, "bytes") != 0) out += ", " + bytes(number(from, "bytes"));
  if (number(from, "tokens") != 0) out += fmt::format(", {} tokens", number(from, "tokens"));
  return out;
}

std::string seen(const element& from) {
  if (text(from, "last_seen").empty()) return "not seen yet";
  const std::string first = when(from, "first_seen");
  const std::string last = when(from, "last_seen");
  const std::string entries =
      number(from, "first_index") == number(from, "last_index")
          ? fmt::format("entry {}", number(from, "first_index"))
          : fmt::format("entries {} to {}", number(from, "first_index"), number(from, "last_index"));
  return (first == last ? first : first + " to " + last) + ", " + entries;
}

std::string edge(const element& from) {
  return fmt::format("{} {} {}{}\n    {}; {}\n", node(from, "from"), text(from, "kind"), node(from, "to"),
                     is(from, "did") ? "" : "  (tried, never permitted)", volumes(from), seen(from));
}

std::string entries(const element& from) {
  std::string out;
  for (const element& each : items(from, "entries")) {
    std::uint64_t index = 0;
    if (each.get(index) == simdjson::SUCCESS) out += (out.empty() ? "" : ", ") + std::to_string(index);
  }
  return out;
}

// ---- one question each

std::string stats(const element& answer) {
  std::string out = fmt::format("{} nodes of at most {}, {} edges of at most {}\n", number(answer, "nodes"),
                                number(answer, "max_nodes"), number(answer, "edges"), number(answer, "max_edges"));
  out += fmt::format("on probation: {} nodes, {} edges; pinned: {} nodes\n", number(answer, "nodes_on_probation"),
                     number(answer, "edges_on_probation"), number(answer, "pinned"));
  out += fmt::format("records: {} applied, {} repeated, {} late (by {} ms at most)\n", number(answer, "applied"),
                     number(answer, "repeated"), number(answer, "late"), number(answer, "latest_by_ms"));
  out += fmt::format("forgotten for want of room: {} nodes, {} edges; not let in: {} nodes, {} edges\n",
                     number(answer, "nodes_evicted"), number(answer, "edges_evicted"), number(answer, "nodes_refused"),
                     number(answer, "edges_refused"));
  return out;
}

std::string one_node(const element& answer) {
  std::string out = node(answer, "node");
  if (is(answer, "pinned")) out += "  (pinned)";
  if (is(answer, "on_probation")) out += "  (on probation)";
  out += fmt::format("\n    {}; {}\n    {} edges out, {} in\n", volumes(answer), seen(answer),
                     number(answer, "edges_out"), number(answer, "edges_in"));
  element risk;
  if (answer["risk"].get(risk) != simdjson::SUCCESS) return out;
  out += fmt::format("risk {:.2f}: {:.2f} of its own, {:.2f} passed on by neighbours\n", real(risk, "total"),
                     real(risk, "own"), real(risk, "passed_on"));
  for (const element& each : items(risk, "reasons")) {
    std::string reason;
    record::append_terminal_text(reason, text(each, "reason"));
    out += fmt::format("    {:8.2f}  {}, {} times, last in entries {}\n", real(each, "weight"), reason,
                       number(each, "count"), entries(each));
  }
  for (const element& each : items(risk, "neighbours")) {
    out += fmt::format("    {:8.2f}  from {} ({}), last in entries {}\n", real(each, "weight"), node(each, "node"),
                       text(each, "kind"), entries(each));
  }
  return out;
}

// Backward: from what was asked about to who could reach it.
std::string reach(const element& answer, bool backward) {
  std::string out;
  for (const element& each : items(answer, "items")) {
    std::string marks = is(each, "did") ? "did" : "could";
    const std::string_view could = text(each, "could");
    if (could == "never") marks += ", not permitted now";
    if (could == "always") marks += is(each, "did") ? " and could" : " always";
    if (could == "depends")
      marks += is(each, "did") ? " and could, depending on circumstances" : ", depending on circumstances";
    const std::string_view from = backward ? "node" : "by";
    const std::string_view to = backward ? "by" : "node";
    out += fmt::format("{:>{}}{} {} {}  ({})", "", 2 * (number(each, "depth") - 1), node(each, from),
                       text(each, "kind"), node(each, to), marks);
    if (!text(each, "at").empty()) out += "  from " + when(each, "at") + " on";
    out += "\n";
  }
  return out;
}

std::string path(const element& answer) {
  if (!is(answer, "found")) return is(answer, "complete") ? "there is no way\n" : "no way was found\n";
  std::string out;
  std::size_t count = 0;
  for (const element& each : items(answer, "steps")) {
    out += fmt::format("{}. {}{}", ++count, is(each, "reversed") ? "(against) " : "", edge(each));
  }
  return count == 0 ? "they are one node\n" : out;
}

std::string changes(const element& answer) {
  std::string out;
  for (const element& each : items(answer, "items")) {
    const std::string_view what = text(each, "what");
    if (what == "new_node") {
      out += fmt::format("new    {}\n    {}\n", node(each, "node"), seen(each));
      continue;
    }
    out += (what == "new_edge" ? "new    " : "grown  ") + edge(each);
    element before;
    if (each["before"].get(before) == simdjson::SUCCESS) out += "    before: " + volumes(before) + "\n";
  }
  return out;
}

std::string top(const element& answer) {
  std::string out;
  for (const element& each : items(answer, "items")) {
    double risk = 0;
    if (each["risk"].get(risk) == simdjson::SUCCESS) out += fmt::format("{:10.2f}  ", risk);
    out += fmt::format("{}{}\n    {}, {} edges; {}\n", node(each, "node"), is(each, "pinned") ? "  (pinned)" : "",
                       volumes(each), number(each, "edges"), seen(each));
  }
  return out;
}

std::string neighbours(const element& answer) {
  std::string out;
  for (const element& each : items(answer, "items")) out += edge(each);
  return out;
}

std::string of_question(const element& answer) {
  const std::string_view question = text(answer, "question");
  if (question == "stats") return stats(answer);
  if (question == "node") return one_node(answer);
  if (question == "reach" || question == "reaches") return reach(answer, question == "reaches");
  if (question == "path") return path(answer);
  if (question == "changes") return changes(answer);
  if (question == "top") return top(answer);
  return neighbours(answer);
}

}  // namespace

std::string mesh_text(const element& answer) {
  std::string out = of_question(answer);
  if (out.empty()) out = "nothing\n";
  bool complete = true;
  if (answer["complete"].get(complete) == simdjson::SUCCESS && !complete) {
    out += "there is more: a bound on what may be examined was reached\n";
  }
  if (const std::string_view next = text(answer, "next"); !next.empty()) {
    out += fmt::format("more: --cursor {}\n", next);
  }
  element as_of;
  if (answer["as_of"].get(as_of) == simdjson::SUCCESS) {
    out += fmt::format("as of {}, before entry {}\n", when(as_of, "time"), number(as_of, "next_index"));
  }
  return out;
}

}  // namespace redoubt::app
