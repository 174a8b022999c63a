// `redoubt behaviour signals|status`: what a running server found unusual, and how far it has read.
#include <memory>
#include <string>

#include "redoubt/administer/signal_commands.h"

namespace redoubt::app {

namespace {

struct SignalOptions {
  std::string rule;
  std::string key;
  std::string severity;
};

}  // namespace

void add_signal_commands(CLI::App& behaviour, AdminCommands& commands) {
  const auto options = std::make_shared<SignalOptions>();
  auto* const list =
      commands.add(behaviour, "signals", "list what was unusual, the newest first", [options](AdminSession& session) {
        return session.list(
            AdminSession::query("/signals",
                                {{"rule", options->rule}, {"key", options->key}, {"severity", options->severity}}),
            {"time", "severity", "rule", "key", "attribution", "index", "message"});
      });
  list->add_option("--rule", options->rule, "of this rule");
  list->add_option("--key", options->key, "about this one: principal/NAME, model/NAME, …");
  list->add_option("--severity", options->severity, "at least low, medium, high or critical");
  commands.add(behaviour, "status", "show how far behaviour has read",
               [](AdminSession& session) { return session.show("/behaviour"); });
}

}  // namespace redoubt::app
