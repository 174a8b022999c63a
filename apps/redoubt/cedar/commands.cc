#include "redoubt/cedar/commands.h"

#include <CLI/CLI.hpp>
#include <string>

namespace redoubt::app {
namespace {

struct Verb {
  const char* name;
  const char* help;
  cedar::AddVerb add;
};
constexpr Verb kVerbs[] = {
    {"check", "whether policies, links, a schema and entities can be read", cedar::add_check},
    {"validate", "whether policies fit a schema", cedar::add_validate},
    {"authorize", "decide one request", cedar::add_authorize},
    {"explain", "decide one request, and say what each policy that came near made of it", cedar::add_explain},
    {"format", "lay policies out alike", cedar::add_format},
    {"translate-schema", "a schema from Cedar's syntax to JSON, or back", cedar::add_translate_schema},
    {"translate-policy", "policies from Cedar's syntax to JSON, or back", cedar::add_translate_policy},
    {"link", "fill the slots of a template", cedar::add_link},
    {"conform", "check this program against Cedar's conformance data", cedar::add_conform},
    {"bench", "how fast requests are decided", cedar::add_bench},
};

}  // namespace

void add_cedar_commands(CLI::App& policy, Common& common, int& status) {
  for (const Verb& verb : kVerbs) {
    CLI::App* const command = policy.add_subcommand(verb.name, verb.help);
    command->callback([run = verb.add(*command, common), &status] { status = run(); });
  }
}

}  // namespace redoubt::app
