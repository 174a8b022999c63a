// PEM (RFC 7468), read. Inside this module only.
#pragma once

#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace redoubt::crypto::internal {

// Reads one block after the other. What stands between blocks is passed over (§5.2), and so are blocks of other labels.
// Lines end as they like, and may have white space at their end.
class PemReader {
 public:
  // The text must outlive the reader.
  explicit PemReader(std::string_view text) : rest_(text) {}

  // The content of the next block with one of the two labels; nothing at the end. kMalformed for a block without its
  // end, and for content that is not base64 (RFC 4648 §4) with its padding: headers (RFC 1421) too.
  Result<std::optional<Bytes>> next(std::string_view label, std::string_view old_label);

 private:
  std::optional<std::string_view> next_line();

  std::string_view rest_;
};

}  // namespace redoubt::crypto::internal
