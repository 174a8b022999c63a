// The chunked transfer coding (RFC 9112 §7.1), decoded as the bytes come.
//
// Strict: sizes are hexadecimal digits alone, every line ends in CRLF. Chunk extensions and trailer fields are checked
// for control characters, bounded, and dropped.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace redoubt::net::internal {

class ChunkDecoder {
 public:
  static constexpr std::size_t kMaxLineBytes = 4096;     // a size with its extensions, or one trailer field
  static constexpr std::size_t kMaxTrailerBytes = 8192;  // all trailer fields together
  static constexpr std::size_t kMaxSizeDigits = 15;

  // Takes bytes from the front of `input`. Returns as soon as there is data, at the body's end, or when `input` is used
  // up. `data` is the piece found, within the input, possibly empty. False when the framing is broken; the decoder is
  // then of no more use.
  bool next(std::string_view& input, std::string_view& data);
  bool done() const { return state_ == State::kDone; }
  void reset() { *this = ChunkDecoder(); }

 private:
  enum class State : std::uint8_t {
    kSize,
    kExtension,
    kSizeLf,
    kData,
    kDataCr,
    kDataLf,
    kTrailerStart,
    kTrailer,
    kTrailerLf,
    kEndLf,
    kDone
  };
  bool step(char c);

  State state_ = State::kSize;
  bool colon_seen_ = false;
  std::size_t digits_ = 0;
  std::size_t line_bytes_ = 0;
  std::size_t trailer_bytes_ = 0;
  std::uint64_t remaining_ = 0;
};

}  // namespace redoubt::net::internal
