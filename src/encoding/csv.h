// Comma-separated values (RFC 4180), read strictly and in pieces.
//
//   CsvReader reader;
//   reader.feed(piece, [](const CsvReader::Record& fields) -> Result<> { …; return {}; });   // as often as pieces come
//   reader.finish(take);                                                                      // after the last
//
// As RFC 4180 §2 has it: fields may stand in quotation marks, inside which a mark is doubled and line ends are content;
// outside them a mark is an error. Lines end in CR LF, and, as most programs write it, in LF alone; a CR alone is an
// error. All records have as many fields as the first. The end of the last line may be missing. A byte order mark at
// the start is passed over; NUL bytes are errors. Whether the text is UTF-8 is for the caller to ask, who knows what it
// is used for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace redoubt::encoding {

struct CsvLimits {
  std::size_t record_size_max = std::size_t{1} << 20;  // bytes of content and commas
  std::size_t fields_max = 16'384;
};

// One thread at a time.
class CsvReader {
 public:
  using Record = std::vector<std::string>;
  // What is done with a record, which it may take apart. An error ends the reading and is returned.
  using Take = std::function<Result<>(Record&)>;

  explicit CsvReader(CsvLimits limits = {}) : limits_(limits) {}

  // Errors, with the line: kMalformed, kTooLarge; those of `take`. After one, the reader is not to be used again.
  Result<> feed(std::string_view piece, const Take& take);
  Result<> finish(const Take& take);

  // The line that the reader is in, from 1.
  std::uint64_t line() const { return line_; }

 private:
  enum class At : std::uint8_t { kFieldStart, kPlain, kQuoted, kQuoteInQuoted, kReturn };

  Result<> step(char c, const Take& take);
  Result<> end_field();
  Result<> end_record(const Take& take);
  Error error(Errc code, std::string_view what) const;

  CsvLimits limits_;
  At at_ = At::kFieldStart;
  bool record_begun_ = false;
  unsigned mark_bytes_ = 0;  // of a byte order mark, so far; 3: past it
  std::string field_;
  Record record_;
  std::size_t record_size_ = 0;
  std::size_t width_ = 0;  // fields of the first record; 0 before it
  std::uint64_t line_ = 1;
};

}  // namespace redoubt::encoding
