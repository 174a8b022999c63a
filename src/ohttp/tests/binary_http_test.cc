// Binary HTTP (RFC 9292), dates, and key configurations.
#include "ohttp/binary_http.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>

#include "encoding/base64.h"
#include "ohttp/http_date.h"
#include "ohttp/key_configuration.h"

namespace redoubt::ohttp {
namespace {

Bytes unhex(std::string_view text) {
  return *encoding::hex_decode(text);
}

BinaryRequest sample() {
  return {.method = "POST",
          .scheme = "https",
          .authority = "redoubt.example",
          .path = "/v1/chat/completions?x=1",
          .fields = {{"authorization", "Bearer k"}, {"date", "Sun, 06 Nov 1994 08:49:37 GMT"}},
          .content = "{\"model\":\"m\"}",
          .joined = {}};
}

// RFC 9292 §5.1: the example of a request of known length, and of indeterminate length, to www.example.com.
constexpr std::string_view kExampleHead = "03474554056874747073000a2f68656c6c6f2e747874";
constexpr std::string_view kExampleFields =
    "0a757365722d6167656e74346375726c2f372e31362e33206c69626375726c2f372e31362e33204f70656e53534c2f302e392e376c207a6c"
    "69622f312e322e3304686f73740f7777772e6578616d706c652e636f6d0f6163636570742d6c616e677561676506656e2c206d69";

TEST(BinaryHttp, ReadsTheExamplesOfItsStandard) {
  for (const std::string& message :
       {"00" + std::string(kExampleHead) + "406c" + std::string(kExampleFields) + "0000",
        "02" + std::string(kExampleHead) + std::string(kExampleFields) + "00000000000000000000",
        "00" + std::string(kExampleHead) + "406c" + std::string(kExampleFields)}) {
    const Bytes bytes = unhex(message);
    const auto read = read_request(bytes);
    ASSERT_TRUE(read) << read.error().message() << " " << message;
    EXPECT_EQ(read->method, "GET");
    EXPECT_EQ(read->scheme, "https");
    EXPECT_EQ(read->authority, "");
    EXPECT_EQ(read->path, "/hello.txt");
    ASSERT_EQ(read->fields.size(), 3U);
    EXPECT_EQ(read->fields[1], (Field{"host", "www.example.com"}));
    EXPECT_EQ(read->content, "");
  }
}

TEST(BinaryHttp, ReadsWhatItWrites) {
  const BinaryRequest request = sample();
  const Bytes written = write_request(request);
  const auto read = read_request(written);
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->path, request.path);
  EXPECT_EQ(read->fields, request.fields);
  EXPECT_EQ(read->content, request.content);
}

TEST(BinaryHttp, JoinsAContentThatComesInPieces) {
  // POST https a /, no fields, content `ab` and `cd`.
  const Bytes bytes = unhex(
      "0204504f5354056874747073"
      "0161"
      "012f"
      "00"
      "026162"
      "026364"
      "00"
      "00");
  const auto read = read_request(bytes);
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->content, "abcd");
}

TEST(BinaryHttp, RefusesRequestsCutAnywhere) {
  const Bytes written = write_request(sample());
  for (std::size_t size = 0; size + 1 < written.size(); ++size) {
    // What may be left out when it is empty: content and trailers (§3.8); here the content is not.
    const auto read = read_request(ByteView(written).first(size));
    if (read) EXPECT_EQ(read->content, "") << size;
  }
  EXPECT_FALSE(read_request(ByteView(written).first(20)));
}

TEST(BinaryHttp, RefusesOtherForms) {
  const auto refused = [](const BinaryRequest& request) { return !read_request(write_request(request)).has_value(); };
  for (const std::string_view path : {"", "v1", "/a b", "/a\r\nHost: b", "/a#b", "/\xc3\xa4"}) {
    BinaryRequest bad = sample();
    bad.path = path;
    EXPECT_TRUE(refused(bad)) << path;
  }
  for (const Field& field : {Field{"", "v"}, Field{"a b", "v"}, Field{":path", "v"}, Field{"a", "v\r\nb: c"},
                             Field{"a", " v"}, Field{"a", "v\t"}, Field{"a", std::string_view("v\0", 2)}}) {
    BinaryRequest bad = sample();
    bad.fields.push_back(field);
    EXPECT_TRUE(refused(bad)) << field.name << ": " << field.value;
  }
  BinaryRequest bad = sample();
  bad.method = "PO ST";
  EXPECT_TRUE(refused(bad));
  Bytes upper = write_request(sample());
  const std::string text(as_chars(upper));
  upper[text.find("authorization")] = std::byte{'A'};
  EXPECT_FALSE(read_request(upper)) << "a name in upper case";
  Bytes after = write_request(sample());
  after.push_back(std::byte{0});
  EXPECT_TRUE(read_request(after)) << "padding";
  after.push_back(std::byte{1});
  EXPECT_FALSE(read_request(after)) << "bytes after the end";
  Bytes response;
  append_response_head(response, 200, {});
  append_end(response);
  EXPECT_FALSE(read_request(response)) << "a response reflected";
}

TEST(BinaryHttp, BoundsHeads) {
  BinaryRequest many = sample();
  many.fields.assign(kMaxFields, {"a", "b"});
  EXPECT_TRUE(read_request(write_request(many)));
  many.fields.push_back({"a", "b"});
  EXPECT_EQ(read_request(write_request(many)).error().code(), Errc::kTooLarge);
  const std::string big(kMaxFieldBytes, 'x');
  BinaryRequest wide = sample();
  wide.fields = {{"a", big}};
  EXPECT_EQ(read_request(write_request(wide)).error().code(), Errc::kTooLarge);
  BinaryRequest deep = sample();
  const std::string path = "/" + std::string(kMaxControlBytes, 'x');
  deep.path = path;
  EXPECT_EQ(read_request(write_request(deep)).error().code(), Errc::kTooLarge);
}

TEST(BinaryHttp, ReadsResponsesInPiecesOfAnySize) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  Bytes message;
  const Field fields[] = {{"Content-Type", "text/event-stream"}, {"redoubt-receipt", "a b"}};
  append_response_head(message, 429, fields);
  std::string content;
  for (const std::size_t size : {1U, 63U, 64U, 16'384U, 70'000U}) {
    const std::string piece(size, static_cast<char>('a' + size % 26));
    append_content(message, piece);
    content += piece;
  }
  append_end(message);
  for (int round = 0; round < 20; ++round) {
    ResponseReader reader;
    std::string got;
    for (ByteView rest = message; !rest.empty();) {
      EXPECT_FALSE(reader.ended());
      const ByteView piece = rest.first(std::min<std::size_t>(rest.size(), 1 + random() % (round < 10 ? 9 : 30'000)));
      ASSERT_TRUE(reader.feed(piece));
      got += reader.take_content();
      rest = rest.subspan(piece.size());
    }
    EXPECT_TRUE(reader.ended());
    EXPECT_EQ(got, content);
    ASSERT_NE(reader.head(), nullptr);
    EXPECT_EQ(reader.head()->status, 429);
    ASSERT_EQ(reader.head()->fields.size(), 2U);
    EXPECT_EQ(reader.head()->fields[0].first, "content-type");
  }
}

TEST(BinaryHttp, RefusesOtherResponses) {
  const auto refused = [](std::string_view hex) {
    ResponseReader reader;
    return !reader.feed(unhex(hex)).has_value();
  };
  EXPECT_TRUE(refused("00")) << "a request";
  EXPECT_TRUE(refused("01")) << "of known length";
  EXPECT_TRUE(refused("034064")) << "an interim status, 100";
  EXPECT_TRUE(refused("034258")) << "no status, 600";
  EXPECT_TRUE(refused("0340c8000001610161")) << "trailers";
  EXPECT_TRUE(refused("0340c800000001")) << "bytes after the end";
  ResponseReader cut;
  EXPECT_TRUE(cut.feed(unhex("0340c800036162")));
  EXPECT_FALSE(cut.ended());
  ResponseReader endless;
  Bytes long_name = unhex("0340c8bfffffff");
  EXPECT_TRUE(endless.feed(long_name));
  EXPECT_EQ(endless.feed(Bytes(2 * kMaxFieldBytes, std::byte{'a'})).error().code(), Errc::kTooLarge);
  EXPECT_FALSE(endless.feed(unhex("00"))) << "an error is final";
}

TEST(HttpDate, IsTheOneFormOfTheStandard) {
  EXPECT_EQ(format_http_date({784'111'777'999}), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT"), (UnixMillis{784'111'777'000}));
  EXPECT_EQ(parse_http_date("Thu, 29 Feb 2024 23:59:59 GMT"), (UnixMillis{1'709'251'199'000}));
  for (const std::string_view bad :
       {"", "Sun, 06 Nov 1994 08:49:37 UTC", "Mon, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994", "Sun, 06 Nov 1994 24:49:37 GMT", "Wed, 30 Feb 2022 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:-1 GMT", "Sun, 06 nov 1994 08:49:37 GMT"}) {
    EXPECT_FALSE(parse_http_date(bad)) << bad;
  }
}

TEST(KeyConfiguration, ReadsWhatItWritesAndTheRightSuiteAmongOthers) {
  KeyConfiguration key{.id = 9, .public_key = {}};
  key.public_key.fill(std::byte{7});
  const Bytes bytes = encode(key);
  const auto read = decode_key_configuration(bytes);
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(*read, key);
  EXPECT_EQ(encoding::hex(encode_list(key)).substr(0, 4), "0029");
  Bytes two = bytes;
  two[36] = std::byte{8};
  append(two, unhex("00010001"));
  EXPECT_TRUE(decode_key_configuration(two));
}

TEST(KeyConfiguration, RefusesOtherForms) {
  const Bytes bytes = encode({.id = 9, .public_key = {}});
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(decode_key_configuration(ByteView(bytes).first(size))) << size;
  }
  const auto changed = [&](std::size_t at) {
    Bytes out = bytes;
    out[at] ^= std::byte{1};
    return decode_key_configuration(out);
  };
  EXPECT_EQ(changed(2).error().code(), Errc::kUnsupported) << "the KEM";
  EXPECT_EQ(changed(36).error().code(), Errc::kMalformed) << "the length";
  EXPECT_EQ(changed(38).error().code(), Errc::kUnsupported) << "the KDF";
  EXPECT_EQ(changed(40).error().code(), Errc::kUnsupported) << "the AEAD";
  EXPECT_EQ(decode_key_configuration(Bytes(KeyConfiguration::kMaxBytes + 1)).error().code(), Errc::kTooLarge);
}

}  // namespace
}  // namespace redoubt::ohttp
