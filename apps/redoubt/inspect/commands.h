// The commands `redoubt inspect …`. Each returns the exit status.
#pragma once

#include <functional>

#include "redoubt/output.h"

namespace CLI {
class App;
}

namespace redoubt::app {

// Adds them to the program's. `common` and `status` must live until the line is parsed; `status` takes the exit status.
void add_inspect_commands(CLI::App& app, Common& common, int& status);

namespace inspect_verbs {

// Declares the verb's options, and gives what runs it and returns the exit status.
using Run = std::function<int()>;
using AddVerb = Run (*)(CLI::App& verb, Common& common);

// scan.cc
Run add_scan(CLI::App& verb, Common& common);
Run add_redact(CLI::App& verb, Common& common);
Run add_explain(CLI::App& verb, Common& common);
// eval.cc
Run add_eval(CLI::App& verb, Common& common);
// bench.cc
Run add_bench(CLI::App& verb, Common& common);
// seal.cc
Run add_seal(CLI::App& verb, Common& common);
// test.cc
Run add_test(CLI::App& verb, Common& common);

}  // namespace inspect_verbs
}  // namespace redoubt::app
