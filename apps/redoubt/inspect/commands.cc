#include "redoubt/inspect/commands.h"

#include <CLI/CLI.hpp>

namespace redoubt::app {
namespace {

struct Verb {
  const char* name;
  const char* help;
  inspect_verbs::AddVerb add;
};
constexpr Verb kVerbs[] = {
    {"scan", "what is found in a text, or in each line of JSON", inspect_verbs::add_scan},
    {"redact", "a text without what is found in it", inspect_verbs::add_redact},
    {"explain", "what is found in a text, and why", inspect_verbs::add_explain},
    {"eval", "precision and recall on texts that say what is in them", inspect_verbs::add_eval},
    {"bench", "how fast texts are scanned, here", inspect_verbs::add_bench},
    {"seal", "a file of one's own records as a dictionary that the server looks them up in", inspect_verbs::add_seal},
    {"test", "one's own rules against one's own cases", inspect_verbs::add_test},
};

}  // namespace

void add_inspect_commands(CLI::App& app, Common& common, int& status) {
  auto* const inspect = app.add_subcommand("inspect", "personal data, secrets and attacks in texts");
  inspect->require_subcommand(1);
  for (const Verb& verb : kVerbs) {
    CLI::App* const command = inspect->add_subcommand(verb.name, verb.help);
    command->callback([run = verb.add(*command, common), &status] { status = run(); });
  }
}

}  // namespace redoubt::app
