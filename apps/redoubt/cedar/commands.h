// The verbs of `redoubt policy` that any Cedar policies, schemas and entities may be given to; nothing here knows
// Redoubt's own. Flags are those of the Cedar command line where it has the same verb.
#pragma once

#include <functional>
#include <string_view>

#include "redoubt/output.h"

namespace CLI {
class App;
}

namespace redoubt::app {

// Adds them to `policy`. When one of them has run, its exit status is in `status`. `common` and `status` must outlive
// the parsing.
void add_cedar_commands(CLI::App& policy, Common& common, int& status);

namespace cedar {

// Declares the verb's options, and gives what runs it and returns the exit status.
using Run = std::function<int()>;
using AddVerb = Run (*)(CLI::App& verb, Common& common);

// check.cc
Run add_check(CLI::App& verb, Common& common);
Run add_validate(CLI::App& verb, Common& common);
Run add_format(CLI::App& verb, Common& common);
// decide.cc
Run add_authorize(CLI::App& verb, Common& common);
Run add_explain(CLI::App& verb, Common& common);
// translate.cc
Run add_translate_schema(CLI::App& verb, Common& common);
Run add_translate_policy(CLI::App& verb, Common& common);
Run add_link(CLI::App& verb, Common& common);
// bench.cc
Run add_bench(CLI::App& verb, Common& common);
// conform.cc
Run add_conform(CLI::App& verb, Common& common);

}  // namespace cedar
}  // namespace redoubt::app
