// The commits of a ledger as they are made, of all logs together: what reads everything and must not wait for a
// checkpoint.
//
//   auto tail = CommitTail::open(fs, directory, next_sequence);
//   while (true) {
//     auto commit = tail->next();
//     if (!commit) return commit.error();
//     if (!*commit) { wait a little; continue; }
//     for (ByteView rest = (*commit)->payload; !rest.empty();) { auto entry = take_entry(rest); … }
//   }
//
// Like LedgerReader it may run beside the writer, in another process: it only reads. The commit given last may not be
// durable yet: a power cut may still take it, and another come in its place. Everything before it is durable, since a
// commit is written only once the one before is synced (docs/formats/segment.md). Leaves are covered by the commit's
// checksum alone, which is no defence against who can write the files.
//
// One thread.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/file.h"
#include "ledger/segment.h"

namespace redoubt::ledger {

class CommitTail {
 public:
  // `directory`: the ledger's; `fs` must outlive the tail. Begins with the commit that holds the entry of this
  // sequence, which may hold earlier ones, too; at the end when there is none yet. kNotFound when its segment is gone,
  // or there is no ledger yet; kCorrupt when a segment is not what its name says.
  static Result<CommitTail> open(FileSystem& fs, const std::string& directory, Sequence from);

  struct Commit {
    CommitHeader header;
    ByteView payload;  // entries, for take_entry(); valid until the next call
  };
  // The next commit; nothing when there is none yet. Errors: kIo; kCorrupt for a segment that does not follow.
  Result<std::optional<Commit>> next();

 private:
  CommitTail(FileSystem& fs, std::string segments, SegmentScanner scanner)
      : fs_(&fs), segments_(std::move(segments)), scanner_(std::move(scanner)) {}
  static Result<SegmentScanner> open_segment(FileSystem& fs, const std::string& segments, SegmentNumber number);

  FileSystem* fs_;
  std::string segments_;
  SegmentScanner scanner_;
  Sequence from_ = 0;
};

}  // namespace redoubt::ledger
