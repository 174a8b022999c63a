// The engine's own facts, of the module `state`:
//
//   state.erase           values of a fact are forgotten         {"index":5,"fields":["display_name"]}
//   state.snapshot.part   some rows of the tables                {"part":0}, the rows sealed as `rows`
//   state.snapshot.end    the snapshot is whole                  snapshot.h
//   state.backup.begin    somebody takes a backup                {"recipient":"SHA-256 of the public key"}
//   state.backup          what the tables were when backed up    backup.h
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "state/internal/database.h"
#include "state/projection.h"

namespace redoubt::state {

inline constexpr std::string_view kOwnModule = "state";
inline constexpr std::string_view kEraseKind = "state.erase";
inline constexpr std::string_view kSnapshotPartKind = "state.snapshot.part";
inline constexpr std::string_view kSnapshotEndKind = "state.snapshot.end";
inline constexpr std::string_view kBackupBeginKind = "state.backup.begin";
inline constexpr std::string_view kBackupKind = "state.backup";
inline constexpr std::string_view kRowsField = "rows";

struct Erasure {
  std::uint64_t index = 0;
  std::vector<std::string_view> fields;
};
Result<Erasure> read_erasure(const FoldedFact& fact);

// Whether it is a SHA-256 in lower-case hexadecimal.
bool is_digest(std::string_view text);

// What the tables were at a fact: the bodies of state.snapshot.end and state.backup.
struct Milestone {
  std::uint64_t applied = 0;
  std::string leaf_hash;    // of that fact, hexadecimal
  std::string digest;       // of all tables (digest.h)
  std::uint64_t first = 0;  // of a snapshot: the index of its first part
  std::uint64_t parts = 0;
  friend bool operator==(const Milestone&, const Milestone&) = default;
};
Result<Milestone> read_milestone(const FoldedFact& fact);
std::string format_milestone(const Milestone& milestone);

// Projection::apply() for these.
Result<> apply_own(const FoldedFact& fact, Database& database);

}  // namespace redoubt::state
