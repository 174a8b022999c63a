// What the commands `redoubt contract …` do. Each returns the exit status.
#pragma once

#include <cstdint>
#include <string>

#include "encoding/json_reader.h"

namespace redoubt::app::contract_verbs {

constexpr encoding::JsonLimits kInstanceLimits{.max_bytes = std::size_t{256} << 20, .max_depth = 128};

struct CheckOptions {
  std::string contract;  // a JSON Schema, or a contract for rows or tensors: it has `columns` or `tensors`
  std::string file;      // empty or `-`: standard input
  bool draft7 = false;
  bool no_formats = false;
  std::uint64_t window_rows = 1000;
  std::size_t header_bytes = 0;  // of the file's JSON, before binary tensors; 0: all of it
};
int check(const CheckOptions& options, bool json);

// check_rows.cc
int check_rows(const std::string& contract, const CheckOptions& options, bool json);

// check_tensors.cc
int check_tensors(const std::string& contract, const CheckOptions& options, bool json);

struct FitOptions {
  std::string file;
  std::size_t header_bytes = 0;
  int channels = -1;  // of tensors: the dimension that counts channels; none
};
int fit(const FitOptions& options);

}  // namespace redoubt::app::contract_verbs
