// `redoubt incident watch`: what happens to alerts, incidents and responses, as it comes.
#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>

#include "record/terminal_text.h"
#include "redoubt/administer/event_reader.h"
#include "redoubt/incident/server_verbs.h"

namespace redoubt::app {
namespace {

constexpr std::chrono::seconds kAgainAfter{1};
constexpr int kFailuresMax = 60;  // in a row, of a server that was there before

struct WatchOptions {
  std::string after;
  std::string incident;
  std::uint64_t count = 0;  // 0: until it is stopped
};

void print(const AdminSession& session, encoding::JsonReader& reader, const ServerEvent& event) {
  std::string line;
  simdjson::dom::object item;
  auto root = reader.parse(event.data);
  if (session.json() || !root || root->get(item) != simdjson::SUCCESS) {
    record::append_terminal_text(line, event.data);
  } else {
    for (const char* name : {"event_time", "what", "object", "actor", "text"}) {
      const std::string_view value = encoding::string_member(item, name);
      if (value.empty()) continue;
      if (!line.empty()) line += "  ";
      record::append_terminal_text(line, value);
    }
  }
  line += '\n';
  std::fwrite(line.data(), 1, line.size(), stdout);
  std::fflush(stdout);
}

// Follows the stream, over connections that are lost, until `count` events came or the server says no. A stream that
// ends is begun again: the server lets each live for an hour, and may be starting anew.
Result<> watch(AdminSession& session, const WatchOptions& options) {
  encoding::JsonReader reader({.max_bytes = EventReader::kEventMax, .max_depth = 8});
  std::string last = options.after;
  std::uint64_t seen = 0;
  bool begun = false;
  for (int failures = 0;;) {
    const std::string path =
        AdminSession::query("/incidents/events", {{"after", last}, {"incident", options.incident}});
    const auto ended = session.client().follow(path, [&](const ServerEvent& event) {
      print(session, reader, event);
      last = event.id;
      return ++seen != options.count;
    });
    if (seen == options.count && seen > 0) return {};
    begun = begun || ended;
    failures = ended ? 0 : failures + 1;
    const bool absent = !ended && ended.error().code() == Errc::kUnavailable;
    if (!ended && (!absent || !begun || failures == kFailuresMax)) return ended;
    std::this_thread::sleep_for(kAgainAfter);
  }
}

}  // namespace

void add_watch_verb(CLI::App& incident, AdminCommands& commands) {
  const auto options = std::make_shared<WatchOptions>();
  auto* const watching = commands.add(incident, "watch", "follow what happens to alerts, incidents and responses",
                                      [options](AdminSession& session) { return watch(session, *options); });
  watching->add_option("--after", options->after, "what came after this event, INDEX.PART (default: from now on)");
  watching->add_option("--incident", options->incident, "of this incident alone");
  watching->add_option("--count", options->count, "stop after so many")->check(CLI::PositiveNumber);
}

}  // namespace redoubt::app
