// Takes matches out of a text, whole or as it streams by.
//
//   auto redactor = StreamRedactor::create(rules);
//   while (auto chunk = read()) {
//     if (auto done = (*redactor)->feed(*chunk, out); !done) return refuse();   // `out` may go
//   }
//   (*redactor)->finish(out);
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "inspect/match.h"
#include "inspect/scanner.h"

namespace redoubt::inspect {

// The text with every match replaced by its kind in angle brackets: `<CREDIT_CARD>`. Matches that overlap are replaced
// together, under the name of the one that begins first. `matches` are those of a scan of this text, in its order.
std::string redact(std::string_view text, std::span<const Match> matches);

// The same of a text that arrives in pieces: what it gives, put together, is what redact() gives of the whole, without
// matches that are `flag_only`. Holds no more text than the scanner holds back. One thread at a time.
class StreamRedactor {
 public:
  // Errors: kResourceExhausted.
  static Result<std::unique_ptr<StreamRedactor>> create(std::shared_ptr<const Rules> rules);

  // Appends to `out` what is certain now. Errors: as StreamScanner::feed(); nothing is appended then, and nothing more
  // may be released.
  Result<> feed(std::string_view chunk, std::string& out);
  // The stream has ended. Errors: as feed().
  Result<> finish(std::string& out);

 private:
  explicit StreamRedactor(std::unique_ptr<StreamScanner> scanner) : scanner_(std::move(scanner)) {}
  void release(std::string& out);

  std::unique_ptr<StreamScanner> scanner_;
  std::string held_;  // what is not released, from `held_from_` on
  std::uint64_t held_from_ = 0;
  std::uint64_t done_ = 0;  // so many bytes of the text are released or replaced
  std::vector<Match> matches_;
};

}  // namespace redoubt::inspect
