// How far a record has come: in order of strength, so that the greater of two is the stricter.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace redoubt::ledger {

enum class CommitLevel : std::uint8_t {
  kDurable,    // a power cut does not take it
  kPublished,  // a signed checkpoint that counts as published covers it: its receipt is a proof
  kCosigned,   // a checkpoint that a quorum of witnesses has cosigned covers it (C2SP tlog-cosignature)
};

// As written in configuration and in `Redoubt-Commit`: `durable`, `published`, `cosigned`.
constexpr std::string_view to_string(CommitLevel level) {
  switch (level) {
    case CommitLevel::kPublished:
      return "published";
    case CommitLevel::kCosigned:
      return "cosigned";
    case CommitLevel::kDurable:
      break;
  }
  return "durable";
}

// Nothing for any other text.
constexpr std::optional<CommitLevel> parse_commit_level(std::string_view text) {
  for (const CommitLevel level : {CommitLevel::kDurable, CommitLevel::kPublished, CommitLevel::kCosigned}) {
    if (text == to_string(level)) return level;
  }
  return std::nullopt;
}

}  // namespace redoubt::ledger
