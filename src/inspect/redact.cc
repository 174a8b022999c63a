#include "inspect/redact.h"

#include <algorithm>

namespace redoubt::inspect {
namespace {

void append_kind(const Match& match, std::string& out) {
  out += '<';
  out += match.kind;
  out += '>';
}

}  // namespace

std::string redact(std::string_view text, std::span<const Match> matches) {
  std::string out;
  std::size_t at = 0;
  for (const Match& match : matches) {
    const std::size_t begin = std::min<std::size_t>(match.span.begin_bytes, text.size());
    const std::size_t end = std::min<std::size_t>(match.span.end_bytes, text.size());
    if (begin >= at && end > begin) {
      out += text.substr(at, begin - at);
      append_kind(match, out);
    }
    at = std::max(at, end);
  }
  out += text.substr(std::min(at, text.size()));
  return out;
}

Result<std::unique_ptr<StreamRedactor>> StreamRedactor::create(std::shared_ptr<const Rules> rules) {
  auto scanner = StreamScanner::create(std::move(rules));
  if (!scanner) return scanner.error();
  return std::unique_ptr<StreamRedactor>(new StreamRedactor(*std::move(scanner)));
}

Result<> StreamRedactor::feed(std::string_view chunk, std::string& out) {
  constexpr std::size_t kPiece = 65536;  // so that what is held does not grow with the chunk
  while (!chunk.empty()) {
    const std::string_view piece = chunk.substr(0, kPiece);
    chunk.remove_prefix(piece.size());
    matches_.clear();
    if (auto done = scanner_->feed(piece, matches_); !done) return done;
    held_ += piece;
    release(out);
  }
  return {};
}

Result<> StreamRedactor::finish(std::string& out) {
  matches_.clear();
  if (auto done = scanner_->finish(matches_); !done) return done;
  release(out);
  return {};
}

// INVARIANT: matches come in order of their beginning, and none begins before what was decided when the last one came.
void StreamRedactor::release(std::string& out) {
  const auto copy_until = [&](std::uint64_t end) {
    if (end <= done_) return;
    out.append(held_, done_ - held_from_, end - done_);
    done_ = end;
  };
  for (const Match& match : matches_) {
    if (match.flag_only || match.span.end_bytes == match.span.begin_bytes) continue;
    if (match.span.begin_bytes >= done_) {
      copy_until(match.span.begin_bytes);
      append_kind(match, out);
    }
    done_ = std::max(done_, match.span.end_bytes);
  }
  copy_until(scanner_->decided_bytes());
  held_.erase(0, std::min<std::uint64_t>(done_, held_from_ + held_.size()) - held_from_);
  held_from_ = done_;
}

}  // namespace redoubt::inspect
