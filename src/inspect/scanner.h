// Finds what the rules describe, in whole texts and in streams.
//
//   auto scanner = Scanner::create(rules);             // one for each thread
//   std::vector<Match> matches;
//   if (auto done = (*scanner)->scan(text, matches); !done) return refuse();
//
//   auto stream = StreamScanner::create(rules);        // one for each stream
//   while (auto chunk = read()) {
//     if (auto done = (*stream)->feed(*chunk, matches); !done) return refuse();
//     release_until((*stream)->decided_bytes());       // apart from what `matches` covers
//   }
//   (*stream)->finish(matches);
//
// A whole text is, by definition, a stream of one chunk: what is found never depends on how a text is cut. Matches come
// in order of their beginning, the longer first.
//
// Scanners belong to one thread at a time; they hold the scratch memory that matching needs, and what is left of the
// last text in it is overwritten by reset().
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "inspect/match.h"
#include "inspect/rules.h"

namespace redoubt::inspect {

class StreamScanner {
 public:
  // Errors: kResourceExhausted.
  static Result<std::unique_ptr<StreamScanner>> create(std::shared_ptr<const Rules> rules);

  ~StreamScanner();
  StreamScanner(const StreamScanner&) = delete;
  StreamScanner& operator=(const StreamScanner&) = delete;

  // Takes the next bytes, of any number, cut anywhere, within a code point too. Appends the matches that are certain
  // now. Memory stays bounded, whatever is fed. Errors: kResourceExhausted when the matcher fails; the scanner has then
  // failed for good, every later call says so, decided_bytes() stands still, and nothing more may be released.
  Result<> feed(std::string_view chunk, std::vector<Match>& matches);
  // The stream has ended: all that was undecided is decided. Errors: as feed().
  Result<> finish(std::vector<Match>& matches);
  // Makes ready for another stream.
  void reset();

  // No match that has not been reported yet begins before this offset, and none of those reported will change: what
  // lies before it, and in no match, may go. After finish() it is the length of the stream. It never runs backwards,
  // and lags behind what was fed by Rules::hold_back_bytes() at most (in folded bytes).
  std::uint64_t decided_bytes() const;

  const Rules& rules() const;

 private:
  friend class Scanner;
  struct State;
  explicit StreamScanner(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

class Scanner {
 public:
  // Errors: kResourceExhausted.
  static Result<std::unique_ptr<Scanner>> create(std::shared_ptr<const Rules> rules);

  // Appends the text's matches. Errors: kResourceExhausted when the matcher fails; then nothing may be concluded from
  // what was appended. The scanner can be used again.
  Result<> scan(std::string_view text, std::vector<Match>& matches);

 private:
  explicit Scanner(std::unique_ptr<StreamScanner> stream) : stream_(std::move(stream)) {}
  std::unique_ptr<StreamScanner> stream_;
};

}  // namespace redoubt::inspect
