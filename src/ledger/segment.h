// Segments: the ledger's entries as they lie on disk, in commits that are whole or absent (docs/formats/segment.md).
//
// A segment is a file of fixed size, filled with zeros beforehand: a commit then overwrites blocks that exist, and its
// one fdatasync need not touch the file system's own structures (measured: 212 µs against 310 µs with fallocate alone).
//
// INVARIANT: commits in a segment are contiguous from kSegmentHeaderSize, and the first bytes after the last one are
// zero, or the torn remainder of a commit that was never acknowledged.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "ledger/entry.h"

namespace redoubt::ledger {

inline constexpr std::size_t kSegmentHeaderSize = 64;
inline constexpr std::size_t kCommitHeaderSize = 48;

// Random for each segment; part of every commit's checksum, so that a commit copied from elsewhere does not count.
using SegmentSalt = std::array<std::byte, 16>;

// Place of an entry among those of all logs, from zero: the order in which they were committed.
using Sequence = std::uint64_t;
// Segments are numbered from zero.
using SegmentNumber = std::uint32_t;

// Where an entry's header is: a segment, and the offset in its file.
struct Position {
  SegmentNumber segment = 0;
  std::uint32_t offset = 0;
};
inline constexpr std::size_t kPositionSize = 8;  // bytes, as stored

void store_position(MutableByteView out, const Position& position);
Position load_position(ByteView bytes);

struct SegmentHeader {
  SegmentNumber number = 0;
  Sequence first = 0;  // of its first entry
  SegmentSalt salt{};
};

struct CommitHeader {
  Sequence first = 0;  // of its first entry
  std::uint32_t entry_count = 0;
  std::uint32_t payload_size = 0;  // bytes of entries after this header
  // After this commit: the lowest sequence of an admission without outcome, and of an entry that no checkpoint covers;
  // the next sequence when there is none.
  Sequence oldest_open = 0;
  Sequence oldest_uncovered = 0;
  std::int64_t time_ms = 0;  // when it was committed; never less than in the commit before

  Sequence next() const { return first + entry_count; }
};

void store_segment_header(MutableByteView out, const SegmentHeader& header);
Result<SegmentHeader> load_segment_header(ByteView bytes);

// `payload` follows the header in the file; both are covered by the checksum.
void store_commit_header(MutableByteView out, const SegmentSalt& salt, const CommitHeader& header, ByteView payload);

// The name of a segment's file: its number in ten digits, and `.seg`.
std::string segment_name(SegmentNumber number);
// The number a name says, or nothing when it is not a segment's.
std::optional<SegmentNumber> parse_segment_name(std::string_view name);

// Reads one segment front to back.
class SegmentScanner {
 public:
  // `number`: what the segment's header must say. kCorrupt otherwise.
  static Result<SegmentScanner> open(std::unique_ptr<File> file, SegmentNumber number);

  struct Commit {
    CommitHeader header;
    std::uint64_t offset = 0;  // of the header, in the file
    ByteView bytes;            // header and payload, as they lie there; valid until the next call
    ByteView payload;          // the latter part
  };
  // The next commit; nothing at the end (zeros, a torn commit, or the file's end). Errors: kIo only.
  Result<std::optional<Commit>> next();

  // After next() gave nothing: whether bytes other than zero follow within the reach of one commit (a torn one).
  Result<bool> torn();
  // After next() gave nothing: whether a whole commit follows the place that a commit here claims. Commits are synced
  // one by one, so what lies before a whole one was acknowledged: it is damaged, not torn.
  Result<bool> followed();

  // After next() gave nothing: what lies behind, to the end of the file. For whoever checks rather than recovers: a
  // whole commit is found wherever it lies, not only where the one before claims that it does.
  enum class Behind : std::uint8_t {
    kZeros,
    kTorn,     // other bytes, all within the reach of one commit
    kStray,    // other bytes, some beyond it
    kCommit,   // a whole commit of a later sequence: what is between is damaged. next() goes on there
    kGrowing,  // the commit is there by now: a writer is at work. next() gives it
  };
  Result<Behind> look_behind();

  std::uint64_t offset() const { return offset_; }  // where the next commit would begin
  Sequence next_sequence() const { return next_; }  // what its first sequence must be
  const SegmentHeader& header() const { return header_; }
  std::uint64_t file_size() const { return file_size_; }
  File& file() { return *file_; }

 private:
  SegmentScanner() = default;
  // The commit at `offset` when it is whole; it is then in commit_.
  Result<std::optional<CommitHeader>> whole_at(std::uint64_t offset, Sequence first, std::int64_t earliest_ms);
  // Goes on at a whole commit that begins in `piece`, which lies at `offset` in the file. False when none does.
  Result<bool> go_on_within(ByteView piece, std::uint64_t offset);

  std::unique_ptr<File> file_;
  std::uint64_t file_size_ = 0;
  SegmentHeader header_;
  std::uint64_t offset_ = kSegmentHeaderSize;
  Sequence next_ = 0;
  std::int64_t last_time_ms_ = INT64_MIN;
  Bytes commit_;
};

// Largest payload of one commit. The keeper cuts batches well below; recovery looks no further for torn bytes.
inline constexpr std::size_t kMaxCommitPayloadBytes = 8 * 1024 * 1024;

}  // namespace redoubt::ledger
