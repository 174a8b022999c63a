// One log of a ledger being checked: its entries, as they come out of the segments, against its hashes, positions and
// signed notes.
//
// INVARIANT: frontier_ is over the entries [0, next_) while tree_ is true: leaves from the segments, and, for entries
// that the segments lack, from `hashes/0`, so that what is there can still be compared.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ledger/internal/findings.h"
#include "ledger/internal/tree_files.h"
#include "ledger/segment.h"
#include "tlog/checkpoint.h"
#include "tlog/frontier.h"

namespace redoubt::ledger::internal {

// One thread. `fs` and `findings` must outlive it.
class LogCheck {
 public:
  // `tenant`: empty for the system log. `keys`: of the log itself, under its origin.
  LogCheck(FileSystem& fs, std::string ledger, std::string tenant, std::vector<tlog::VerifierKey> keys,
           Findings& findings);

  // Reads the signed notes and the files' sizes. Before the segments are read.
  void open();

  // An entry of the log, where the segments have it.
  struct Place {
    Position position;
    Sequence sequence = 0;
  };
  void take(const EntryView& entry, const Place& place);
  // What a commit says: that checkpoints cover every entry before this sequence. False when one of this log is not.
  bool covered_before(Sequence sequence);
  // After the last entry: what is missing, and roots.
  void finish();

  const CheckedLog& summary() const { return summary_; }

 private:
  // A file of the folder that is compared with what is computed, from its front to the checkpoint.
  struct Array {
    std::string path;              // below the ledger's folder
    std::size_t item_bytes = 0;    // of a hash or a position
    std::uint64_t items_each = 1;  // entries that an item stands for
    std::uint64_t compared = 0;    // bytes
    Bytes pending;                 // what must follow them
  };
  struct Note {
    std::string file;  // below the ledger's folder
    tlog::TreeSize size;
    tlog::Hash root{};
    bool reached = false;  // the tree had this size, and the root was compared
  };

  std::string path(const std::string& file) const { return prefix_ + file; }
  Finding finding(std::string file, std::string what, std::string remedy) const;
  Result<std::string> read_note(const std::string& file) const;
  Result<tlog::Checkpoint> read_checkpoint(const std::string& file) const;
  void open_note(const char* file);
  void open_files();
  // Whether checkpoints cover more of the log by now than they did.
  bool reload();
  void add(const tlog::Hash& leaf, const Position* position);
  void compare_roots();
  void compare(Array& array);
  void compare_all();
  // Takes the leaf hashes of the entries [next_, end) from `hashes/0`. Without them, the tree is given up.
  void fill(std::uint64_t end);
  void check_opening(const EntryView& entry, const Place& place);

  FileSystem& fs_;
  Findings& findings_;
  const std::string ledger_;
  const std::string prefix_;  // of the log's files below the ledger's folder
  const std::vector<tlog::VerifierKey> keys_;
  CheckedLog summary_;
  std::array<Array, TreeFiles::kLevels + 1> arrays_;  // hashes by level, then positions
  std::vector<Note> notes_;
  bool has_checkpoint_ = false;
  bool has_hashes_ = false;       // `hashes/0` is not empty
  std::uint64_t covered_ = 0;     // by signed notes
  std::uint64_t hash_until_ = 0;  // the largest size that a note says
  std::optional<Sequence> uncovered_from_;
  std::uint64_t next_ = 0;
  tlog::Frontier frontier_;
  bool tree_ = true;
};

}  // namespace redoubt::ledger::internal
