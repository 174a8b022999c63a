// The response head of an upstream, whole and byte by byte, and its body's framing.
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "net/internal/chunk_decoder.h"
#include "net/internal/head_scanner.h"
#include "net/internal/response_parser.h"

using namespace redoubt::net;
using namespace redoubt::net::internal;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const Method method = data[0] % 2 == 0 ? Method::kGet : Method::kHead;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  constexpr std::size_t kLimit = 1024;

  HeadScanner whole;
  const ScanState state = bytes.empty() ? ScanState::kNeedMore : whole.scan(bytes, kLimit);
  HeadScanner split;
  ScanState split_state = ScanState::kNeedMore;
  for (std::size_t seen = 1; seen <= bytes.size() && split_state == ScanState::kNeedMore; ++seen) {
    split_state = split.scan(bytes.substr(0, seen), kLimit);
  }
  REDOUBT_CHECK(state == split_state);
  if (state != ScanState::kComplete) return 0;
  REDOUBT_CHECK(whole.head_size() == split.head_size());

  const std::string head(bytes.substr(0, whole.head_size()));
  std::array<HeaderField, 16> fields;
  ParsedResponse response;
  if (parse_response_head(head, method, fields, response) != ResponseVerdict::kGood) return 0;
  REDOUBT_CHECK(response.status >= 100 && response.status <= 999);
  REDOUBT_CHECK(method != Method::kHead || response.framing == BodyFraming::kNone);
  REDOUBT_CHECK(response.framing != BodyFraming::kUntilClose || !response.keep_alive);
  for (const HeaderField& field : response.headers) REDOUBT_CHECK(is_token(field.name) && is_field_value(field.value));
  if (response.framing != BodyFraming::kChunked) return 0;
  ChunkDecoder decoder;
  std::string_view input = bytes.substr(whole.head_size());
  std::string_view piece;
  while (!input.empty() && !decoder.done() && decoder.next(input, piece)) {
  }
  return 0;
}
