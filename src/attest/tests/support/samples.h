// Evidence that is not part of the project: found by the variable REDOUBT_DATA, and tests that need it are skipped
// without.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>

#include "base/bytes.h"

namespace redoubt::attest {

inline constexpr const char* kNoSamples = "REDOUBT_DATA names no folder with shared samples";

// With a folder for each kind.
inline std::optional<std::filesystem::path> samples_folder() {
  const char* data = std::getenv("REDOUBT_DATA");
  if (data == nullptr) return std::nullopt;
  const auto folder = std::filesystem::path(data) / "attestation";
  return std::filesystem::is_directory(folder) ? std::optional(folder) : std::nullopt;
}

// Empty when it cannot be read.
inline Bytes read_sample(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  return to_bytes(as_bytes(text));
}

}  // namespace redoubt::attest
