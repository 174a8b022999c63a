// Reading one log front to back, quickly: every entry from some index on, checked against its stored hash.
//
//   auto scan = LogScan::open(fs, directory, {}, {next});
//   if (!scan) return scan.error();
//   while (true) {
//     auto entry = scan->next();
//     if (!entry) return entry.error();
//     if (!*entry) break;
//     use((*entry)->leaf);
//   }
//
// Reads ahead in all of its files, so that an entry costs its hash and little more. What lies between the entries of
// this log in the segments is read over where it is near, and left out where it is not. Like LedgerReader it may run
// beside the writer, in another process. One thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/file.h"
#include "ledger/entry.h"
#include "ledger/logs.h"
#include "ledger/segment.h"
#include "tlog/hash.h"

namespace redoubt::ledger {

// An entry but for its sealed opening. `header.opening_size` says whether it has one.
struct ScannedEntry {
  EntryHeader header;
  tlog::Hash leaf_hash{};
  ByteView leaf;
};

class LogScan {
 public:
  // `directory` and `tenant` as LedgerReader has them; `fs` must outlive the scan. The scan ends with what the log had
  // when it was opened (LedgerReader::size()). kNotFound when there is no log of this tenant.
  static Result<LogScan> open(FileSystem& fs, const std::string& directory, std::string_view tenant,
                              tlog::LeafIndex from);

  // The next entry, valid until the next call; nothing at the end. kCorrupt when the stored bytes do not fit.
  Result<std::optional<ScannedEntry>> next();

 private:
  // A window of a file that is filled ahead, the further the longer it is read in order.
  class Window {
   public:
    explicit Window(std::unique_ptr<File> file) : file_(std::move(file)) {}
    // `size` bytes at `offset`, fewer at the file's end; valid until the next call.
    Result<ByteView> at(std::uint64_t offset, std::size_t size);

   private:
    std::unique_ptr<File> file_;
    Bytes bytes_;
    std::uint64_t begin_ = 0;  // offset of the first of bytes_
    std::size_t filled_ = 0;
    std::size_t ahead_ = 0;
  };

  LogScan(FileSystem& fs, std::string ledger, LogNumber log, std::uint64_t from, std::uint64_t end)
      : fs_(&fs), ledger_(std::move(ledger)), log_(log), next_(from), end_(end) {}
  Result<ScannedEntry> read(std::uint64_t index);

  FileSystem* fs_;
  std::string ledger_;
  LogNumber log_;
  std::uint64_t next_;
  std::uint64_t end_;
  std::optional<Window> positions_;
  std::optional<Window> hashes_;
  std::optional<Window> segment_;
  SegmentNumber segment_number_ = 0;
};

}  // namespace redoubt::ledger
