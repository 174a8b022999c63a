#include "redoubt/administer/identity_commands.h"

#include "redoubt/administer/identity_nouns.h"

namespace redoubt::app {

void add_identity_commands(CLI::App& app, AdminCommands& commands) {
  auto* const identity = commands.noun(app, "identity", "who is known, and how much they may use");
  add_principal_commands(*identity, commands);
  add_group_commands(*identity, commands);
  add_key_commands(*identity, commands);
  add_limit_commands(*identity, commands);
  add_approval_commands(*identity, commands);
  add_hold_commands(*identity, commands);
  commands.add(*identity, "whoami", "show who you are to the server, and what your key is for",
               [](AdminSession& session) { return session.show("/caller"); });
  add_profile_commands(*identity, commands);
}

}  // namespace redoubt::app
