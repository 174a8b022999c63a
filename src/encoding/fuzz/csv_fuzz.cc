// Whatever arrives is read alike whole and byte by byte, and what was read is read again after it is written.
#include <cstdint>
#include <cstdlib>

#include "encoding/csv.h"

namespace {

using redoubt::Result;
using redoubt::encoding::CsvReader;

struct Reading {
  bool ok = true;
  std::vector<CsvReader::Record> records;
};

Reading read(std::string_view text, std::size_t piece) {
  CsvReader reader({.record_size_max = 4096, .fields_max = 64});
  Reading out;
  const CsvReader::Take take = [&](CsvReader::Record& record) -> Result<> {
    out.records.push_back(std::move(record));
    return {};
  };
  for (std::size_t at = 0; out.ok && at < text.size(); at += piece) {
    out.ok = reader.feed(text.substr(at, piece), take).has_value();
  }
  out.ok = out.ok && reader.finish(take).has_value();
  return out;
}

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Reading whole = read(text, size + 1);
  const Reading bytes = read(text, 1);
  require(whole.ok == bytes.ok && whole.records == bytes.records);
  if (!whole.ok) return 0;
  std::string written;
  for (const auto& record : whole.records) {
    for (std::size_t i = 0; i < record.size(); ++i) {
      if (i > 0) written += ',';
      written += '"';
      for (const char c : record[i]) written.append(c == '"' ? 2 : 1, c);
      written += '"';
    }
    written += "\r\n";
  }
  if (written.size() > 4096) return 0;  // quotation marks take room, too
  const Reading again = read(written, 3);
  require(again.ok && again.records == whole.records);
  return 0;
}
