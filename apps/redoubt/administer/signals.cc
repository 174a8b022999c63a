// `redoubt behaviour signals|status`: what a running server found unusual, and how far it has read.
#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>

#include "redoubt/administer/show.h"
#include "redoubt/administer/signal_commands.h"

namespace redoubt::app {

namespace {

constexpr std::size_t kPage = 200;

struct SignalOptions {
  std::string rule;
  std::string key;
  std::string severity;
  std::size_t most = 1000;
};

// The newest ones: a server keeps up to a gigabyte of them, and each page is on record.
Result<> list(const SignalOptions& options, AdminSession& session) {
  Table table({"time", "severity", "rule", "key", "attribution", "index", "message"});
  std::string items;
  std::string cursor;
  std::size_t shown = 0;
  bool more = true;
  while (more && shown < options.most) {
    const auto reply = session.client().get(
        AdminSession::query("/signals", {{"rule", options.rule},
                                         {"key", options.key},
                                         {"severity", options.severity},
                                         {"limit", std::to_string(std::min(kPage, options.most - shown))},
                                         {"cursor", cursor}}));
    if (!reply) return reply.error();
    const auto page = session.object_of(*reply);
    if (!page) return page.error();
    simdjson::dom::array signals;
    if ((*page)["items"].get(signals) != simdjson::SUCCESS) {
      return Error(Errc::kMalformed, "the server's answer is not a list");
    }
    for (const simdjson::dom::element signal : signals) {
      simdjson::dom::object one;
      if (signal.get(one) != simdjson::SUCCESS) continue;
      ++shown;
      if (session.json()) {
        items.append(items.empty() ? "" : ",").append(simdjson::minify(one));
      } else {
        table.add(one);
      }
    }
    cursor = encoding::string_member(*page, "next");
    more = !cursor.empty();
  }
  if (session.json()) {
    std::printf(R"({"ok":true,"items":[%s],"more":%s})"
                "\n",
                items.c_str(), more ? "true" : "false");
  } else {
    std::printf("%s%s", table.text().c_str(), more ? "There are more: --limit says how many to show.\n" : "");
  }
  return {};
}

}  // namespace

void add_signal_commands(CLI::App& behaviour, AdminCommands& commands) {
  const auto options = std::make_shared<SignalOptions>();
  auto* const verb = commands.add(behaviour, "signals", "list what was unusual, the newest first",
                                  [options](AdminSession& session) { return list(*options, session); });
  verb->add_option("--rule", options->rule, "of this rule");
  verb->add_option("--key", options->key, "about this one: principal/NAME, model/NAME, …");
  verb->add_option("--severity", options->severity, "at least low, medium, high or critical");
  verb->add_option("--limit", options->most, "the last ones, so many")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  commands.add(behaviour, "status", "show how far behaviour has read",
               [](AdminSession& session) { return session.show("/behaviour"); });
}

}  // namespace redoubt::app
