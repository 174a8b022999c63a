#include "net/internal/chunk_decoder.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace redoubt::net::internal {
namespace {

// The decoded bytes, when all of `coded` but `rest` bytes is one body; fed in pieces of every size up to 9.
std::optional<std::string> decode(std::string_view coded, std::size_t rest = 0) {
  std::optional<std::string> first;
  for (std::size_t piece_size = 1; piece_size < 10; ++piece_size) {
    ChunkDecoder decoder;
    std::optional<std::string> out("");
    std::size_t at = 0;
    while (out && at < coded.size() && !decoder.done()) {
      std::string_view input = coded.substr(at, piece_size);
      const std::size_t size = input.size();
      std::string_view data;
      if (!decoder.next(input, data)) {
        out.reset();
        break;
      }
      *out += data;
      at += size - input.size();
    }
    if (out && (!decoder.done() || at != coded.size() - rest)) out.reset();
    if (piece_size == 1) first = out;
    EXPECT_EQ(out, first) << "pieces of " << piece_size;
  }
  return first;
}

TEST(ChunkDecoder, DecodesChunksHoweverTheyAreSplit) {
  EXPECT_EQ(decode("0\r\n\r\n"), "");
  EXPECT_EQ(decode("3\r\nabc\r\n0\r\n\r\n"), "abc");
  EXPECT_EQ(decode("0003\r\nabc\r\nA\r\n0123456789\r\n00\r\n\r\n"), "abc0123456789");
  EXPECT_EQ(decode("1\r\n\n\r\n0\r\n\r\n"), "\n");
}
TEST(ChunkDecoder, LeavesWhatFollows) {
  EXPECT_EQ(decode("1\r\na\r\n0\r\n\r\nGET /", 5), "a");
}
TEST(ChunkDecoder, DropsExtensionsAndTrailers) {
  EXPECT_EQ(decode("3;a=b;c=\"d;e\"\r\nabc\r\n0;x\r\nA: b\r\nC:\r\n\r\n"), "abc");
}
TEST(ChunkDecoder, NeedsTheEnd) {
  for (const char* coded : {"", "3", "3\r\nabc", "3\r\nabc\r\n", "0\r\n", "0\r\n\r", "0\r\nA: b\r\n"}) {
    EXPECT_EQ(decode(coded), std::nullopt) << coded;
  }
}
TEST(ChunkDecoder, RefusesOtherSizes) {
  for (const char* coded :
       {"\r\n\r\n", "g\r\n", "-1\r\n", "+1\r\na\r\n0\r\n\r\n", "0x1\r\na\r\n0\r\n\r\n", " 1\r\na\r\n0\r\n\r\n",
        "1 \r\na\r\n0\r\n\r\n", ";x\r\n\r\n", "0000000000000000\r\n\r\n", "ffffffffffffffff\r\n"}) {
    EXPECT_EQ(decode(coded), std::nullopt) << coded;
  }
}
TEST(ChunkDecoder, RefusesOtherLineEnds) {
  for (const char* coded : {"1\na\r\n0\r\n\r\n", "1\r\na\n0\r\n\r\n", "1\r\nab\r\n0\r\n\r\n", "1\r\na\r\n0\n\n",
                            "0\r\n\n", "1\rXa\r\n0\r\n\r\n", "0\r\nA: b\n\r\n", "1;\n\r\na\r\n0\r\n\r\n"}) {
    EXPECT_EQ(decode(coded), std::nullopt) << coded;
  }
}
TEST(ChunkDecoder, RefusesTrailersThatAreNoFields) {
  for (const char* coded : {"0\r\nno colon\r\n\r\n", "0\r\nA : b\r\n\r\n", "0\r\n folded\r\n\r\n", "0\r\n: b\r\n\r\n",
                            "0\r\nA: \x01\r\n\r\n"}) {
    EXPECT_EQ(decode(coded), std::nullopt) << coded;
  }
}
TEST(ChunkDecoder, BoundsExtensionsAndTrailers) {
  EXPECT_TRUE(decode("0;" + std::string(ChunkDecoder::kMaxLineBytes, 'x') + "\r\n\r\n"));
  EXPECT_FALSE(decode("0;" + std::string(ChunkDecoder::kMaxLineBytes + 1, 'x') + "\r\n\r\n"));
  std::string trailers;
  for (int i = 0; i < 100; ++i) trailers += "A: " + std::string(100, 'x') + "\r\n";
  EXPECT_FALSE(decode("0\r\n" + trailers + "\r\n"));
}

}  // namespace
}  // namespace redoubt::net::internal
