#include "ledger/commit_tail.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "ledger/internal/tail_file.h"

namespace redoubt::ledger {
namespace {

// What is read ahead may have been written since. Scanners of a tail are over such files alone: open_segment().
Result<std::optional<SegmentScanner::Commit>> next_of(SegmentScanner& scanner) {
  auto commit = scanner.next();
  if (!commit || *commit || !static_cast<internal::TailFile&>(scanner.file()).forget()) return commit;
  return scanner.next();
}

}  // namespace

Result<SegmentScanner> CommitTail::open_segment(FileSystem& fs, const std::string& segments, SegmentNumber number) {
  auto file = internal::TailFile::open(fs, segments + "/" + segment_name(number));
  if (!file) return file.error();
  return SegmentScanner::open(*std::move(file), number);
}

Result<CommitTail> CommitTail::open(FileSystem& fs, const std::string& directory, Sequence from) {
  const std::string segments = directory + "/segments";
  const auto names = fs.list(segments);
  if (!names) return names.error();
  std::vector<SegmentNumber> numbers;
  for (const std::string& name : *names) {
    if (const auto number = parse_segment_name(name)) numbers.push_back(*number);
  }
  std::sort(numbers.begin(), numbers.end(), std::greater<>());
  for (const SegmentNumber number : numbers) {
    auto scanner = open_segment(fs, segments, number);
    if (!scanner) return scanner.error().in(segment_name(number));
    if (scanner->header().first > from) continue;
    CommitTail tail(fs, segments, *std::move(scanner));
    tail.from_ = from;
    return tail;
  }
  return Error(Errc::kNotFound, "no segment holds entry " + std::to_string(from));
}

Result<std::optional<CommitTail::Commit>> CommitTail::next() {
  while (true) {
    auto commit = next_of(scanner_);
    if (!commit) return commit.error();
    if (!*commit) {
      // Looked for first: once the next segment is there, nothing is added to this one.
      const SegmentNumber following = scanner_.header().number + 1;
      auto scanner = open_segment(*fs_, segments_, following);
      if (!scanner && scanner.error().code() == Errc::kNotFound) return std::optional<Commit>();
      if (!scanner) return scanner.error().in(segment_name(following));
      commit = next_of(scanner_);
      if (!commit) return commit.error();
      if (!*commit) {
        if (scanner->header().first != scanner_.next_sequence()) {
          return Error(Errc::kCorrupt, "it does not follow the segment before").in(segment_name(following));
        }
        scanner_ = *std::move(scanner);
        continue;
      }
    }
    if ((*commit)->header.next() <= from_) continue;
    return std::optional(Commit{.header = (*commit)->header, .payload = (*commit)->payload});
  }
}

}  // namespace redoubt::ledger
