#include "inspect/tests/stream_check.h"

#include <algorithm>
#include <cstdio>

#include "base/check.h"

namespace redoubt::inspect::tests {
namespace {

std::string difference(const std::vector<Match>& whole, const std::vector<Match>& stream) {
  const auto [in_whole, in_stream] = std::ranges::mismatch(whole, stream);
  const auto named = [](const auto& at, const auto& end) { return at == end ? "nothing" : explain(*at); };
  return "whole: " + named(in_whole, whole.end()) + "; stream: " + named(in_stream, stream.end());
}

}  // namespace

StreamCheck::StreamCheck(const std::shared_ptr<const Rules>& rules) {
  auto scanner = Scanner::create(rules);
  auto stream = StreamScanner::create(rules);
  REDOUBT_CHECK(scanner.has_value() && stream.has_value());
  scanner_ = *std::move(scanner);
  stream_ = *std::move(stream);
}

std::vector<Match> StreamCheck::whole(std::string_view text) {
  std::vector<Match> out;
  REDOUBT_CHECK(scanner_->scan(text, out).has_value());
  return out;
}

std::string StreamCheck::fault(std::string_view text, const std::vector<std::size_t>& sizes) {
  const std::vector<Match> expected = whole(text);
  std::vector<Match> found;
  stream_->reset();
  std::uint64_t decided = 0;
  std::size_t at = 0;
  for (std::size_t i = 0; at <= text.size(); ++i) {
    const bool last = at == text.size();
    const std::size_t had = found.size();
    const std::string_view piece = text.substr(at, sizes[i % sizes.size()]);
    const auto done = last ? stream_->finish(found) : stream_->feed(piece, found);
    if (!done) return done.error().message();
    ++pieces_fed_;
    for (std::size_t k = had; k < found.size(); ++k) {
      if (found[k].span.begin_bytes < decided) {
        return "released " + std::to_string(decided) + " bytes before " + explain(found[k]);
      }
    }
    at += piece.size();
    if (stream_->decided_bytes() < decided) return "went back from " + std::to_string(decided);
    decided = stream_->decided_bytes();
    if (decided > at) return "decided what was not fed";
    if (last) break;
  }
  if (decided != text.size()) return "undecided at the end";
  return found == expected ? "" : difference(expected, found);
}

std::string StreamCheck::report(std::string text, const std::vector<std::size_t>& sizes) {
  std::string out = fault(text, sizes);
  if (out.empty()) return out;
  for (std::size_t part = text.size() / 2; part > 0; part /= 2) {
    for (std::size_t at = 0; at < text.size();) {
      std::string shorter = text;
      shorter.erase(at, part);
      if (std::string still = fault(shorter, sizes); !still.empty()) {
        text = std::move(shorter);
        out = std::move(still);
      } else {
        at += part;
      }
    }
  }
  out += "\npieces of";
  for (const std::size_t size : sizes) out += " " + std::to_string(size);
  return out + " bytes of: " + shown(text);
}

std::string shown(std::string_view text) {
  std::string out;
  for (const char c : text) {
    char code[8];
    const bool plain = c >= 0x20 && c < 0x7f && c != '\\';
    std::snprintf(code, sizeof code, plain ? "%c" : "\\x%02x", static_cast<unsigned char>(c));
    out += code;
  }
  return out;
}

}  // namespace redoubt::inspect::tests
