#include <gtest/gtest.h>

#include <fstream>
#include <limits>
#include <sstream>
#include <string>

#include "encoding/base64.h"
#include "encoding/cbor_reader.h"
#include "encoding/cbor_writer.h"
#include "encoding/tests/cbor_text.h"

namespace redoubt::encoding {
namespace {

Bytes cbor_bytes(std::string_view hexadecimal) {
  return *hex_decode(hexadecimal);
}

// How reading as streamed ends: the message, or nothing.
std::string fault(std::string_view hexadecimal, CborForm form = CborForm::kStreamed, CborLimits limits = {}) {
  const Bytes bytes = cbor_bytes(hexadecimal);
  const auto document = CborDocument::read(bytes, form, limits);
  return document ? "" : document.error().message();
}

TEST(Cbor, ReadsTheExamplesOfRfc8949AndWritesThemAgain) {
  std::ifstream in(std::string(REDOUBT_SOURCE_DIR) + "/src/encoding/testdata/cbor_rfc8949.txt");
  ASSERT_TRUE(in.is_open());
  std::size_t cases = 0;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with('#')) continue;
    SCOPED_TRACE(line);
    std::istringstream words(line);
    std::string reading;
    std::string hexadecimal;
    std::string text;
    words >> reading >> hexadecimal >> std::ws;
    std::getline(words, text);
    ASSERT_TRUE(reading == "deterministic" || reading == "streamed" || reading == "refused");
    const Bytes bytes = cbor_bytes(hexadecimal);
    const auto streamed = CborDocument::read(bytes, CborForm::kStreamed);
    const auto strict = CborDocument::read(bytes, CborForm::kDeterministic);
    EXPECT_EQ(streamed.has_value(), reading != "refused");
    EXPECT_EQ(strict.has_value(), reading == "deterministic");
    if (streamed) {
      EXPECT_EQ(cbor_text(streamed->root()), text);
    }
    if (strict) {
      Bytes written;
      {
        CborWriter cbor(written);
        write_cbor(cbor, strict->root());
      }
      EXPECT_EQ(hex(written), hexadecimal);
    }
    ++cases;
  }
  EXPECT_EQ(cases, 81U);
}

TEST(CborReader, FindsMembersByNumberAndName) {
  const Bytes map = cbor_bytes("a5010203617820f561794101617af6");
  const auto document = CborDocument::read(map, CborForm::kDeterministic);
  ASSERT_TRUE(document.has_value()) << document.error().message();
  const auto members = document->root().map();
  ASSERT_TRUE(members);
  EXPECT_EQ(members.size(), 5U);
  EXPECT_EQ(members.find(1).integer(), 2);
  EXPECT_EQ(members.find(3).text(), "x");
  EXPECT_EQ(members.find(-1).boolean(), true);
  EXPECT_EQ(hex(*members.find("y").bytes()), "01");
  EXPECT_TRUE(members.find("z").is_null());
  EXPECT_FALSE(members.find("w"));
  EXPECT_FALSE(members.find(1).text().has_value()) << "a number is no text";
  EXPECT_FALSE(members.find("z").bytes().has_value()) << "null is no byte string";
}

TEST(CborReader, AbsentItemsAnswerWithNothing) {
  const Bytes bytes = cbor_bytes("a10180");
  const auto document = CborDocument::read(bytes, CborForm::kDeterministic);
  const CborValue none = document->root().map().find(2);
  EXPECT_FALSE(none);
  EXPECT_EQ(none.type(), CborType::kAbsent);
  EXPECT_FALSE(none.map().find("x").array().at(7).content().tagged(1).text().has_value());
  EXPECT_TRUE(none.encoded().empty());
  for (const CborValue item : none.array()) FAIL() << cbor_text(item);
  for (const CborMember member : none.map()) FAIL() << cbor_text(member.key);
  EXPECT_FALSE(none.array());
  EXPECT_TRUE(document->root().map().find(1).array()) << "an empty array is one";
  EXPECT_FALSE(none.integer() || none.unsigned_integer() || none.bytes() || none.boolean() || none.tag());
  EXPECT_FALSE(none.is_null() || none.is_undefined());
}

TEST(CborReader, GivesTheBytesOfAnItemAsTheyStand) {
  const Bytes bytes = cbor_bytes("d2839f01ff4101a0");
  const auto document = CborDocument::read(bytes, CborForm::kStreamed);
  ASSERT_TRUE(document.has_value());
  const auto parts = document->root().tagged(18).array();
  EXPECT_FALSE(document->root().tagged(17));
  EXPECT_EQ(hex(parts.at(0).encoded()), "9f01ff");
  EXPECT_EQ(hex(parts.at(1).encoded()), "4101");
  EXPECT_EQ(hex(parts.at(2).encoded()), "a0");
  EXPECT_FALSE(parts.at(3));
}

TEST(CborReader, IntegersThatDoNotFitAreNone) {
  const Bytes bytes = cbor_bytes("841b7fffffffffffffff1b80000000000000003b7fffffffffffffff3b8000000000000000");
  const auto document = CborDocument::read(bytes, CborForm::kDeterministic);
  const auto items = document->root().array();
  EXPECT_EQ(items.at(0).integer(), std::numeric_limits<std::int64_t>::max());
  EXPECT_FALSE(items.at(1).integer().has_value());
  EXPECT_EQ(items.at(1).unsigned_integer(), std::uint64_t{1} << 63);
  EXPECT_EQ(items.at(2).integer(), std::numeric_limits<std::int64_t>::min());
  EXPECT_FALSE(items.at(3).integer().has_value());
}

TEST(CborReader, RefusesHeadsThatAreNotTheShortest) {
  for (const std::string_view each :
       {"1817", "1900ff", "1a0000ffff", "1b00000000ffffffff", "5817", "7817", "9817", "b800", "d817", "3817", "f814"}) {
    EXPECT_NE(fault(each), "") << each;
  }
}

TEST(CborReader, RefusesWhatIsNotWellFormed) {
  // RFC 8949 Appendix F, and what its three groups leave out.
  for (const std::string_view each : {"",
                                      "18",
                                      "19",
                                      "1a",
                                      "1b",
                                      "1901",
                                      "1a0102",
                                      "1b01020304050607",
                                      "38",
                                      "58",
                                      "78",
                                      "98",
                                      "9a01ff00",
                                      "b8",
                                      "d8",
                                      "f8",
                                      "f900",
                                      "fa0000",
                                      "41",
                                      "61",
                                      "5affffffff00",
                                      "5bffffffffffffffff010203",
                                      "7affffffff00",
                                      "7b7fffffffffffffff010203",
                                      "81",
                                      "818181818181818181",
                                      "8200",
                                      "a1",
                                      "a20102",
                                      "a100",
                                      "a2000000",
                                      "5f4100",
                                      "7f6100",
                                      "9f",
                                      "9f0102",
                                      "bf",
                                      "bf01020102",
                                      "819f",
                                      "9f8000",
                                      "9f9f9f9f9fffffffff",
                                      "9f819f819f9fffffff",
                                      "c0",
                                      "ff",
                                      "81ff",
                                      "8200ff",
                                      "a1ff",
                                      "a1ff00",
                                      "a100ff",
                                      "a20000ff",
                                      "9f81ff",
                                      "bf00ff",
                                      "bf000000ff",
                                      "1c",
                                      "1d",
                                      "1e",
                                      "3c",
                                      "3d",
                                      "3e",
                                      "5c",
                                      "7c",
                                      "9c",
                                      "bc",
                                      "dc",
                                      "fc",
                                      "fd",
                                      "fe",
                                      "f800",
                                      "f818",
                                      "f81f",
                                      "1f",
                                      "3f",
                                      "df",
                                      "5f00ff",
                                      "7f21ff",
                                      "5f6100ff",
                                      "7f4100ff",
                                      "5f5f4100ffff",
                                      "0000",
                                      "8000"}) {
    EXPECT_NE(fault(each), "") << each;
    EXPECT_NE(fault(each, CborForm::kDeterministic), "") << each;
  }
}

TEST(CborReader, RefusesKeysThatStandTwice) {
  EXPECT_EQ(fault("a201000100"), "cbor: a key that stands twice in a map at byte 5");
  EXPECT_EQ(fault("bf616100616100ff"), "cbor: a key that stands twice in a map at byte 8");
  EXPECT_EQ(fault("a3414100204041414100"), "cbor: a key that stands twice in a map at byte 10");
  EXPECT_EQ(fault("a201000100", CborForm::kDeterministic), "cbor: a key out of order or standing twice at byte 4");
  EXPECT_EQ(fault("a2416100616100"), "") << "bytes and text differ";
}

TEST(CborReader, RefusesKeysOutOfOrderWhenDeterministic) {
  EXPECT_EQ(fault("a202000100"), "");
  EXPECT_EQ(fault("a202000100", CborForm::kDeterministic), "cbor: a key out of order or standing twice at byte 4");
  // RFC 8949 §4.2.1: 100 before -1, since the bytes decide and not the length.
  EXPECT_EQ(fault("a21864002000", CborForm::kDeterministic), "");
  EXPECT_NE(fault("a22000186400", CborForm::kDeterministic), "");
}

TEST(CborReader, RefusesKeysOfOtherTypes) {
  for (const std::string_view each : {"a1f400", "a18000", "a1a000", "a1c20000", "a1f600"}) {
    EXPECT_NE(fault(each).find("a key of another type"), std::string::npos) << each;
  }
}

TEST(CborReader, RefusesTextThatIsNotUtf8) {
  for (const std::string_view each : {"61ff", "62c328", "63eda080", "64f4908080", "62c080"}) {
    EXPECT_NE(fault(each).find("UTF-8"), std::string::npos) << each;
  }
  EXPECT_EQ(fault("41ff"), "");
}

TEST(CborReader, HasLimits) {
  CborLimits limits;
  limits.max_depth = 2;
  EXPECT_EQ(fault("818101", CborForm::kStreamed, limits), "");
  EXPECT_EQ(fault("818181", CborForm::kStreamed, limits), "cbor: nested too deep at byte 3");
  EXPECT_EQ(fault("c1c1c101", CborForm::kStreamed, limits), "cbor: nested too deep at byte 3");
  limits.max_items = 3;
  EXPECT_EQ(fault("820102", CborForm::kStreamed, limits), "");
  EXPECT_EQ(fault("83010203", CborForm::kStreamed, limits), "cbor: too many items at byte 3");
  limits.max_bytes = 3;
  EXPECT_EQ(fault("420000", CborForm::kStreamed, limits), "");
  EXPECT_EQ(fault("43000000", CborForm::kStreamed, limits), "cbor: too large");
  // A length that cannot be true costs nothing.
  EXPECT_EQ(fault("9bffffffffffffffff"), "cbor: more members than bytes at byte 9");
  EXPECT_EQ(fault("bb7fffffffffffffff00"), "cbor: more members than bytes at byte 9");
  // The deepest that is read by default, and one more.
  EXPECT_EQ(fault("81818181818181818181818181818180"), "");
  EXPECT_EQ(fault("8181818181818181818181818181818180"), "cbor: nested too deep at byte 17");
}

TEST(CborReader, LeavesWhatFollowsTheFirstItem) {
  const Bytes bytes = cbor_bytes("820102ffff");
  const auto first = CborDocument::read_first(bytes, CborForm::kDeterministic);
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(hex(first->rest()), "ffff");
  EXPECT_EQ(fault("820102ffff"), "cbor: 2 bytes after the item");
}

TEST(CborReader, ValuesStayValidWhenTheDocumentMoves) {
  const Bytes bytes = cbor_bytes("8301026161");
  auto document = CborDocument::read(bytes, CborForm::kDeterministic);
  const CborValue root = document->root();
  const CborDocument moved = *std::move(document);
  EXPECT_EQ(root.array().at(2).text(), "a");
  EXPECT_EQ(moved.root().array().size(), 3U);
}

TEST(CborWriter, SortsMembersByTheirEncodedKeys) {
  Bytes out;
  {
    CborWriter cbor(out);
    cbor.begin_map();
    cbor.text("aa");
    cbor.begin_map();
    cbor.integer(2);
    cbor.null();
    cbor.integer(1);
    cbor.begin_array();
    cbor.end_array();
    cbor.end_map();
    cbor.integer(-1);
    cbor.boolean(true);
    cbor.integer(100);
    cbor.tag(1);
    cbor.integer(7);
    cbor.text("z");
    cbor.bytes({});
    cbor.integer(10);
    cbor.boolean(false);
    cbor.end_map();
  }
  // RFC 8949 §4.2.1: 10, 100, -1, "z", "aa".
  EXPECT_EQ(hex(out), "a50af41864c10720f5617a40626161a2018002f6");
  EXPECT_TRUE(CborDocument::read(out, CborForm::kDeterministic).has_value());
}

TEST(CborWriter, CountsMoreMembersThanFitInAHead) {
  Bytes out;
  {
    CborWriter cbor(out);
    cbor.begin_array();
    for (int i = 0; i < 300; ++i) cbor.begin_array(), cbor.integer(i), cbor.end_array();
    cbor.end_array();
  }
  EXPECT_EQ(hex(ByteView(out).first(5)), "99012c8100");
  EXPECT_EQ(CborDocument::read(out, CborForm::kDeterministic)->root().array().size(), 300U);
}

TEST(CborWriterDeathTest, StopsOnMistakesOfItsCaller) {
  EXPECT_DEATH(
      {
        Bytes out;
        CborWriter cbor(out);
        cbor.begin_map();
        cbor.integer(1);
        cbor.end_map();
      },
      "count % 2 == 0");
  EXPECT_DEATH(
      {
        Bytes out;
        CborWriter cbor(out);
        cbor.begin_map();
        for (int i = 0; i < 4; ++i) cbor.integer(1);
        cbor.end_map();
      },
      "key");
  EXPECT_DEATH(
      {
        Bytes out;
        CborWriter cbor(out);
        cbor.begin_array();
      },
      "empty");
}

}  // namespace
}  // namespace redoubt::encoding
