#include "redoubt/behaviour/record_source.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <vector>

#include "ledger/entry.h"
#include "ledger/reader.h"
#include "ledger/segment.h"
#include "redoubt/inspect/inputs.h"
#include "redoubt/layout.h"

namespace redoubt::app::behaviour_verbs {
namespace {

using Take = std::function<Result<>(const SourceEntry& entry)>;

struct Line {
  std::optional<std::uint64_t> index;
  std::string_view record;
};

// `{"index":N,"leaf":"…","record":{…}}`, as `ledger follow` writes it, or a record.
Result<Line> parse_line(std::string_view line) {
  constexpr std::string_view kIndex = R"({"index":)";
  constexpr std::string_view kRecord = R"(,"record":)";
  if (!line.starts_with(kIndex)) return Line{std::nullopt, line};
  std::uint64_t index = 0;
  const char* const end = line.data() + line.size();
  const auto number = std::from_chars(line.data() + kIndex.size(), end, index);
  const std::size_t at = line.find(kRecord);
  if (number.ec != std::errc() || at == std::string_view::npos || !line.ends_with('}')) {
    return Error(Errc::kMalformed, "a line that has an index and no record");
  }
  line.remove_suffix(1);
  return Line{index, line.substr(at + kRecord.size())};
}

Result<> each_of_file(const std::string& path, const Take& take) {
  std::uint64_t next = 0;
  std::uint64_t number = 0;
  return inspect_verbs::each_line(path, [&](std::string_view text) -> Result<> {
    ++number;
    if (text.empty()) return {};
    const auto line = parse_line(text);
    if (!line) return line.error().in("line " + std::to_string(number));
    const std::uint64_t index = line->index.value_or(next);
    next = index + 1;
    return take({.index = index, .record = as_bytes(line->record)});
  });
}

Result<> each_of_commit(const ledger::SegmentScanner::Commit& commit, const Take& take) {
  ByteView rest = commit.payload;
  for (std::uint32_t i = 0; i < commit.header.entry_count; ++i) {
    const auto entry = ledger::take_entry(rest);
    const std::uint64_t sequence = commit.header.first + i;
    if (!entry) return entry.error().in("entry " + std::to_string(sequence));
    if (auto done = take({.index = sequence, .record = entry->leaf, .entry = &*entry}); !done) return done;
  }
  return {};
}

Result<> each_of_ledger(FileSystem& fs, const std::string& folder, const Take& take) {
  const std::string segments = folder + "/segments";
  auto names = fs.list(segments);
  if (!names) return names.error();
  std::sort(names->begin(), names->end());
  for (const std::string& name : *names) {
    const auto number = ledger::parse_segment_name(name);
    if (!number) continue;
    auto file = fs.open(segments + "/" + name, OpenMode::kReadOnly);
    if (!file) return file.error();
    auto scanner = ledger::SegmentScanner::open(*std::move(file), *number);
    if (!scanner) return scanner.error().in("segment `" + name + "`");
    while (true) {
      auto commit = scanner->next();
      if (!commit) return commit.error();
      if (!*commit) break;
      if (auto done = each_of_commit(**commit, take); !done) return done;
    }
  }
  return {};
}

}  // namespace

Result<> each_record(FileSystem& fs, const std::string& where, const Take& take) {
  if (where.empty() || where == "-") return each_of_file(where, take);
  for (const std::string& folder : {where, Layout(where).ledger()}) {
    if (ledger::LedgerReader::is_ledger(fs, folder)) return each_of_ledger(fs, folder, take);
  }
  return each_of_file(where, take);
}

std::string feature_folder(FileSystem& fs, const std::string& where) {
  const Layout layout(where);
  return ledger::LedgerReader::is_ledger(fs, layout.ledger()) ? layout.state() + "/features" : std::string();
}

}  // namespace redoubt::app::behaviour_verbs
