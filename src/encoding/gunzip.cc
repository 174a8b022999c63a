#include "encoding/gunzip.h"

#include <zlib.h>

#include <algorithm>
#include <array>

#include "base/check.h"

namespace redoubt::encoding {

Result<Bytes> gunzip(ByteView bytes, std::size_t limit) {
  constexpr int kGzipOnly = 16 + MAX_WBITS;
  z_stream stream{};
  REDOUBT_CHECK(inflateInit2(&stream, kGzipOnly) == Z_OK);
  // zlib's interface is not const-correct: it does not write to its input.
  stream.next_in = const_cast<unsigned char*>(as_uchars(bytes));
  Bytes content;
  std::array<std::byte, 64 * 1024> block;
  int status = Z_OK;
  std::size_t left = bytes.size();
  while (status == Z_OK && content.size() <= limit) {
    const auto given = static_cast<uInt>(std::min<std::size_t>(left, 1U << 30));
    stream.avail_in = given;
    stream.next_out = as_uchars(MutableByteView(block));
    stream.avail_out = block.size();
    status = inflate(&stream, Z_NO_FLUSH);
    left -= given - stream.avail_in;
    append(content, ByteView(block).first(block.size() - stream.avail_out));
  }
  inflateEnd(&stream);
  if (content.size() > limit) return Error(Errc::kTooLarge, "the gzip file's content is too large");
  if (status != Z_STREAM_END) return Error(Errc::kMalformed, "not a whole gzip file");
  if (left != 0) return Error(Errc::kMalformed, "something stands behind the gzip file's end");
  return content;
}

}  // namespace redoubt::encoding
