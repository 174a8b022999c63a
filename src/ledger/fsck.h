// Checks a whole ledger, of all its logs: each file against the others, and all of it against the signed checkpoints.
//
//   const auto report = check_ledger(fs, "var/ledger", keys, progress);
//   if (report && report->problem_count == 0) …   // nothing is wrong, as far as the files can tell
//
// Reads the segments once, front to back, and repairs nothing: files are opened for reading only. It may run beside the
// keeper. What the checkpoints cover was durable before they were read, so it must all be there; what is being appended
// meanwhile is not held against the ledger.
//
// Checked (docs/operating/ledger-tools.md): segments and their numbers, headers, commits and entries; that each log's
// indices and byte counts run on; that outcomes close open admissions; what each commit says is open and uncovered;
// `tenants`; hashes of every level and positions, byte for byte up to the checkpoint; signatures and roots of signed
// notes; the form of sealed openings, which only the keeper can open.
//
// Memory: one commit (8 MiB), a few KiB a log, the open admissions (at most kMaxOpenAdmissions), kMaxFindings findings.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/file.h"
#include "ledger/ledger.h"
#include "tlog/note.h"

namespace redoubt::ledger {

inline constexpr std::size_t kMaxFindings = 1000;
// More than any keeper's rings can hold open at once; beyond, pairs are no longer checked.
inline constexpr std::size_t kMaxOpenAdmissions = 1'000'000;

// Something to say about the ledger's files.
struct Finding {
  std::string file;                     // below the ledger's folder
  std::optional<std::uint64_t> offset;  // in the file, bytes
  std::optional<std::uint64_t> entry;   // index in the log
  std::string log;                      // name of the tenant whose log it is, or `system`; empty: not one log's
  std::string what;                     // what is there, and what it means
  std::string remedy;                   // what to do
};

struct CheckedLog {
  std::string tenant;  // empty: the system log
  std::string origin;
  std::uint64_t entries = 0;    // in the segments
  std::uint64_t published = 0;  // covered by the checkpoint
  std::uint64_t stored_bytes = 0;
  std::uint64_t openings = 0;
  std::uint64_t open_admissions = 0;
};

struct LedgerCheck {
  std::vector<Finding> problems;  // the first kMaxFindings
  std::uint64_t problem_count = 0;
  std::vector<Finding> notes;        // no damage: what a crash leaves, what a start of the keeper settles
  std::vector<std::string> unknown;  // files and folders that are not the ledger's: not checked. The first kMaxFindings

  std::uint64_t segments = 0;
  std::uint64_t segment_bytes = 0;  // of the files
  std::uint64_t commits = 0;
  std::uint64_t entries = 0;
  std::uint64_t openings = 0;
  std::uint64_t opening_bytes = 0;  // sealed
  std::vector<CheckedLog> logs;     // by number
  std::vector<OpenAdmission> open;  // the first kMaxFindings
  std::uint64_t open_count = 0;
  bool torn = false;     // the last commit was cut short, or is being written
  bool growing = false;  // a writer was seen at work; what it appended last was not read
};

// Called now and then on the caller's thread: bytes of segments read, of how many.
using CheckProgress = std::function<void(std::uint64_t done, std::uint64_t total)>;

// `keys`: verifier keys of the system log, one of which signed each note; tenants' logs have the same under their own
// origins. At least one. What is wrong with the ledger is in the report. Errors: kNotFound when the folder holds no
// ledger; kIo when it cannot be listed.
Result<LedgerCheck> check_ledger(FileSystem& fs, const std::string& directory, std::span<const tlog::VerifierKey> keys,
                                 const CheckProgress& progress = {});

}  // namespace redoubt::ledger
