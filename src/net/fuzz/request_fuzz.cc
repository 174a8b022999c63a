// The request head and its chunked body, whole and in pieces: how the bytes are split must not change the verdict, and
// what is accepted keeps the promises of RequestHead.
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "net/internal/chunk_decoder.h"
#include "net/internal/head_scanner.h"
#include "net/internal/request_parser.h"

namespace {

using namespace redoubt::net;
using namespace redoubt::net::internal;

constexpr std::size_t kLimit = 1024;

struct Verdict {
  ScanState scan = ScanState::kNeedMore;
  int status = 0;
  std::string target;
  std::string body;
  bool body_good = true;
  bool body_done = false;
  std::size_t used = 0;
  bool operator==(const Verdict&) const = default;
};

void check_promises(const ParsedRequest& request, std::string_view head) {
  REDOUBT_CHECK(request.head.path.starts_with('/') || request.head.path == "*");
  for (const std::string_view text : {request.head.path, request.head.query}) {
    for (const char c : text) REDOUBT_CHECK(c > 0x20 && c < 0x7f);
  }
  int framing_fields = 0;
  for (const HeaderField& field : request.head.headers) {
    REDOUBT_CHECK(is_token(field.name) && is_field_value(field.value));
    REDOUBT_CHECK(field.name.data() >= head.data() &&
                  field.value.data() + field.value.size() <= head.data() + head.size());
    if (equals_ignoring_case(field.name, "content-length")) ++framing_fields;
    if (equals_ignoring_case(field.name, "transfer-encoding")) ++framing_fields;
  }
  REDOUBT_CHECK(framing_fields <= 1);
}

// Gives `bytes` in pieces whose sizes come from `splits`; in one piece when that is empty.
Verdict judge(std::string_view bytes, std::string_view splits) {
  Verdict out;
  HeadScanner scanner;
  std::size_t seen = 0;
  std::size_t split = 0;
  const auto more = [&] {
    const std::size_t piece =
        splits.empty() ? bytes.size() : 1 + static_cast<unsigned char>(splits[split++ % splits.size()]) % 64;
    seen = std::min(bytes.size(), seen + piece);
  };
  while (out.scan == ScanState::kNeedMore && seen < bytes.size()) {
    more();
    out.scan = scanner.scan(bytes.substr(0, seen), kLimit);
  }
  if (out.scan != ScanState::kComplete) return out;
  const std::size_t head_size = scanner.head_size();
  const std::string head(bytes.substr(0, head_size));  // on the heap, so that reading past it is found
  std::array<HeaderField, 16> fields;
  ParsedRequest request;
  const Refusal refusal = parse_request_head(head, fields, request);
  out.status = refusal.status;
  if (refusal) return out;
  check_promises(request, head);
  out.target.append(request.head.path).append("?").append(request.head.query);
  out.used = head_size;
  if (request.framing != BodyFraming::kChunked) return out;

  ChunkDecoder decoder;
  while (!decoder.done()) {
    std::string_view input = bytes.substr(out.used, seen - out.used);
    if (input.empty()) {
      if (seen == bytes.size()) break;
      more();
      continue;
    }
    const std::size_t before = input.size();
    std::string_view data;
    if (!decoder.next(input, data)) {
      out.body_good = false;
      out.used = 0;  // where it was found to be broken is the same, but not what was given by then
      return out;
    }
    out.body += data;
    out.used += before - input.size();
  }
  out.body_done = decoder.done();
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // The first bytes say how to split the rest.
  if (size < 4) return 0;
  const std::string_view all(reinterpret_cast<const char*>(data), size);
  const std::string_view bytes = all.substr(4);
  const Verdict whole = judge(bytes, {});
  REDOUBT_CHECK(judge(bytes, all.substr(0, 4)) == whole);
  REDOUBT_CHECK(judge(bytes, std::string_view("\0", 1)) == whole);
  return 0;
}
