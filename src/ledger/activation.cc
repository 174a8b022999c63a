#include "ledger/activation.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "encoding/base64.h"
#include "ledger/commit_tail.h"
#include "ledger/entry.h"
#include "ledger/log_scan.h"
#include "ledger/reader.h"
#include "record/fact_record.h"

namespace redoubt::ledger {
namespace {

constexpr std::string_view kPrefix = "sha256:";

// Those of the facts that are taken, front to back.
class LastActivation {
 public:
  explicit LastActivation(const std::optional<KnownActivation>& known) : known_(known) {}

  void take(const EntryHeader& header, ByteView leaf) {
    next_ = header.index + 1;
    if (header.kind != EntryKind::kFact) return;
    const auto activation = read_activation(leaf, header.index);
    if (activation && follows(*activation)) last_ = activation;
  }
  std::uint64_t next() const { return next_; }
  const std::optional<Activation>& last() const { return last_; }

 private:
  bool follows(const Activation& each) const {
    if (last_) return each.version == last_->version + 1 && each.bundle != last_->bundle;
    return known_ ? each.fact == known_->fact && each.bundle == known_->bundle : each.version == 1;
  }

  const std::optional<KnownActivation>& known_;
  std::optional<Activation> last_;
  std::uint64_t next_ = 0;
};

// What checkpoints cover.
Result<> read_log(FileSystem& fs, const std::string& directory, std::uint64_t from, LastActivation& out) {
  auto scan = LogScan::open(fs, directory, {}, {from});
  if (!scan) return scan.error().code() == Errc::kNotFound ? Result<>() : Result<>(scan.error());
  while (true) {
    const auto entry = scan->next();
    if (!entry) return entry.error();
    if (!*entry) return {};
    out.take((*entry)->header, (*entry)->leaf);
  }
}

// Where the segments are read from so that no entry from `size` on is missed: the segment that has the one before.
Result<Sequence> sequence_before(FileSystem& fs, const std::string& directory, std::uint64_t size) {
  if (size == 0) return Sequence{0};
  auto positions = fs.open(directory + "/positions", OpenMode::kReadOnly);
  if (!positions) return positions.error();
  std::array<std::byte, kPositionSize> bytes{};
  const auto read = (*positions)->read_at((size - 1) * kPositionSize, bytes);
  if (!read) return read.error();
  if (*read != bytes.size()) return Error(Errc::kCorrupt, "the log's positions end early");
  const SegmentNumber number = load_position(bytes).segment;
  auto file = fs.open(directory + "/segments/" + segment_name(number), OpenMode::kReadOnly);
  if (!file) return file.error();
  const auto segment = SegmentScanner::open(*std::move(file), number);
  if (!segment) return segment.error();
  return segment->header().first;
}

// What a keeper that was killed had committed and not published.
Result<> read_tail(FileSystem& fs, const std::string& directory, LastActivation& out) {
  const auto size = LedgerReader(fs, directory).size();
  if (!size) return size.error();
  const auto from = sequence_before(fs, directory, *size);
  if (!from) return from.error();
  auto tail = CommitTail::open(fs, directory, *from);
  if (!tail) return tail.error().code() == Errc::kNotFound ? Result<>() : Result<>(tail.error());
  while (true) {
    const auto commit = tail->next();
    if (!commit) return commit.error();
    if (!*commit) return {};
    for (ByteView rest = (*commit)->payload; !rest.empty();) {
      const auto entry = take_entry(rest);
      if (!entry) return entry.error();
      if (entry->header.log == kSystemLog && entry->header.index >= std::max(*size, out.next())) {
        out.take(entry->header, entry->leaf);
      }
    }
  }
}

}  // namespace

std::optional<Activation> read_activation(ByteView record, std::uint64_t index) {
  if (!record::begins_as_fact(record)) return std::nullopt;
  record::FactReader reader;
  const auto read = reader.read(record);
  if (!read || *read == nullptr) return std::nullopt;
  const record::Fact& fact = **read;
  const bool first = fact.expects == 0;
  if (fact.object != "bundle" || fact.kind != (first ? "bundle.begin" : "bundle.activate")) return std::nullopt;
  std::string_view digest;
  const simdjson::dom::object body = reader.body();
  if (body.size() != 1 || body["digest"].get(digest) != simdjson::SUCCESS || !digest.starts_with(kPrefix)) {
    return std::nullopt;
  }
  const auto bytes = encoding::hex_decode(digest.substr(kPrefix.size()));
  Activation out{.bundle = {}, .fact = index, .version = fact.expects + 1};
  if (!bytes || bytes->size() != out.bundle.size()) return std::nullopt;
  std::copy(bytes->begin(), bytes->end(), out.bundle.begin());
  return out;
}

Result<std::optional<Activation>> last_activation(FileSystem& fs, const std::string& directory,
                                                  const std::optional<KnownActivation>& known) {
  LastActivation last(known);
  if (auto done = read_log(fs, directory, known ? known->fact : 0, last); !done) return done.error();
  if (auto done = read_tail(fs, directory, last); !done) return done.error();
  if (known && !last.last()) {
    return Error(Errc::kVerifyFailed, "the ledger has no activation as entry " + std::to_string(known->fact) +
                                          ", which is known to have one");
  }
  return last.last();
}

}  // namespace redoubt::ledger
