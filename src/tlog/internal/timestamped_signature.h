// The bytes of a cosignature: struct timestamped_signature, and what it is over (C2SP tlog-cosignature, Format).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace redoubt::tlog::internal {

inline constexpr std::size_t kTimestampSize = 8;  // bytes, big-endian
inline constexpr std::uint64_t kMaxTimestamp = (std::uint64_t{1} << 63) - 1;

struct TimestampedSignature {
  std::uint64_t unix_seconds = 0;
  ByteView signature;
};

// Nothing unless `bytes` is a time of at most kMaxTimestamp and a signature of this many bytes.
inline std::optional<TimestampedSignature> parse_timestamped(ByteView bytes, std::size_t signature_size) {
  if (bytes.size() != kTimestampSize + signature_size) return std::nullopt;
  const auto unix_seconds = load_be<std::uint64_t>(bytes);
  if (unix_seconds > kMaxTimestamp) return std::nullopt;
  return TimestampedSignature{unix_seconds, bytes.subspan(kTimestampSize)};
}

// "two newline terminated lines (one header line and one timestamp line) followed by the whole note body of the
// cosigned checkpoint (including the final newline, but not including any signature lines)" (Ed25519 signed message).
inline std::string cosigned_message(std::string_view note_text, std::uint64_t unix_seconds) {
  std::string message = "cosignature/v1\ntime " + std::to_string(unix_seconds) + "\n";
  message += note_text;
  return message;
}

}  // namespace redoubt::tlog::internal
