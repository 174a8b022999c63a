// What a new key is for and until when, as the commands that issue one take it.
#pragma once

#include <CLI/CLI.hpp>
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace redoubt::app {

struct KeyTerms {
  std::vector<std::string> scopes;
  std::vector<std::string> models;
  std::string expires;  // a time, RFC 3339
  std::string life;     // or how long from now on: `90d`
};

void add_key_terms(CLI::App& command, KeyTerms& terms);
// `--expires` and `--life` alone.
void add_key_end(CLI::App& command, KeyTerms& terms);

// The body of the request; `principal` unless it is empty. kInvalidArgument for a life that is none.
Result<std::string> key_terms(const KeyTerms& terms, std::string_view principal);
// When a key with these terms ends; empty: never.
Result<std::string> key_end(const KeyTerms& terms);

// `90s`, `15m`, `24h`, `30d`: up to 100 years. kInvalidArgument.
Result<std::chrono::seconds> parse_span(std::string_view text);

}  // namespace redoubt::app
