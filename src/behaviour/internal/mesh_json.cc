#include "behaviour/internal/mesh_json.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>

namespace redoubt::behaviour::internal {
namespace {

template <class Counted>
void write_counted(encoding::JsonWriter& json, const Counted& counted) {
  write_volumes(json, {counted.count, counted.denials, counted.matches, counted.bytes, counted.tokens});
  write_time(json, "first_seen", {counted.first_ms});
  write_time(json, "last_seen", {counted.last_ms});
  json.member("first_index", counted.first_index);
  json.member("last_index", counted.last_index);
}

}  // namespace

void write_real(encoding::JsonWriter& json, std::string_view name, double value) {
  std::array<char, 400> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value, std::chars_format::fixed, 4).ptr;
  std::string_view text(digits.data(), static_cast<std::size_t>(end - digits.data()));
  while (text.ends_with('0')) text.remove_suffix(1);
  if (text.ends_with('.')) text.remove_suffix(1);
  json.key(name);
  json.raw(text);
}

void write_time(encoding::JsonWriter& json, std::string_view name, UnixMillis time) {
  using namespace std::chrono;
  const milliseconds since(std::clamp<std::int64_t>(time.value, 0, 253'402'300'799'999));
  const auto whole_days = floor<days>(since);
  const year_month_day date{sys_days(whole_days)};
  const hh_mm_ss clock(since - whole_days);
  std::array<char, 64> out{};
  std::snprintf(out.data(), out.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
  json.member(name, out.data());
}

void write_node_name(encoding::JsonWriter& json, std::string_view name, const Mesh& mesh, NodeId node) {
  json.key(name);
  json.begin_object();
  json.member("type", to_string(mesh.node(node).type));
  json.member("name", mesh.node(node).name());
  json.end_object();
}

void write_volumes(encoding::JsonWriter& json, const Volumes& volumes) {
  json.member("count", volumes.count);
  json.member("denials", volumes.denials);
  json.member("matches", volumes.matches);
  json.member("bytes", volumes.bytes);
  json.member("tokens", volumes.tokens);
}

void write_seen(encoding::JsonWriter& json, const MeshNode& node) {
  if (node.touched()) write_counted(json, node);
}

void write_edge(encoding::JsonWriter& json, const Mesh& mesh, EdgeId id, UnixMillis now) {
  const MeshEdge& edge = mesh.edge(id);
  json.member("kind", to_string(edge.kind()));
  write_node_name(json, "from", mesh, edge.from);
  write_node_name(json, "to", mesh, edge.to);
  json.member("did", edge.did());
  write_counted(json, edge);
  const Rates rates = mesh.rates(edge, now);
  json.key("rates");
  json.begin_object();
  write_real(json, "hour", static_cast<double>(rates.hour));
  write_real(json, "day", static_cast<double>(rates.day));
  write_real(json, "week", static_cast<double>(rates.week));
  json.end_object();
}

}  // namespace redoubt::behaviour::internal
