// gzip: whatever comes, the content stays within the limit, and is refused for one that is too low by a byte. What zlib
// packs of the same bytes comes out again.
#include <zlib.h>

#include <cstdint>

#include "base/check.h"
#include "encoding/gunzip.h"

namespace {

redoubt::Bytes pack(redoubt::ByteView bytes) {
  constexpr int kGzip = 16 + MAX_WBITS;
  z_stream stream{};
  REDOUBT_CHECK(deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, kGzip, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  redoubt::Bytes out(deflateBound(&stream, bytes.size()));
  stream.next_in = const_cast<unsigned char*>(redoubt::as_uchars(bytes));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = redoubt::as_uchars(redoubt::MutableByteView(out));
  stream.avail_out = static_cast<uInt>(out.size());
  REDOUBT_CHECK(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(out.size() - stream.avail_out);
  deflateEnd(&stream);
  return out;
}

void check_limits(redoubt::ByteView packed, const redoubt::Bytes& content) {
  using redoubt::encoding::gunzip;
  const auto exact = gunzip(packed, content.size());
  REDOUBT_CHECK(exact && *exact == content);
  if (!content.empty()) REDOUBT_CHECK(gunzip(packed, content.size() - 1).error().code() == redoubt::Errc::kTooLarge);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace redoubt;
  constexpr std::size_t kLimit = 200'000;  // a few of the blocks in which it is read
  const ByteView bytes(reinterpret_cast<const std::byte*>(data), size);
  const auto content = encoding::gunzip(bytes, kLimit);
  if (content) {
    REDOUBT_CHECK(content->size() <= kLimit);
    check_limits(bytes, *content);
  }
  check_limits(pack(bytes), to_bytes(bytes));
  return 0;
}
