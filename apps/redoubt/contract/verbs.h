// What the commands `redoubt contract …` do. Each returns the exit status.
#pragma once

#include <cstdint>
#include <string>

#include "encoding/json_reader.h"

namespace redoubt::app::contract_verbs {

constexpr encoding::JsonLimits kInstanceLimits{.max_bytes = std::size_t{256} << 20, .max_depth = 128};

struct CheckOptions {
  std::string contract;  // a JSON Schema, or a contract for rows: it has `columns`
  std::string file;      // empty or `-`: standard input
  bool draft7 = false;
  bool no_formats = false;
  std::uint64_t window_rows = 1000;
};
int check(const CheckOptions& options, bool json);

// check_rows.cc
int check_rows(const std::string& contract, const CheckOptions& options, bool json);

int fit(const std::string& file);

}  // namespace redoubt::app::contract_verbs
