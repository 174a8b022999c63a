// Everything of a sealed exchange that comes from outside. The first byte says what: `k` a key configuration, `q` a
// request in binary HTTP, `r` a response in it, `s` a sealed request, `a` a sealed response.
#include <cstdint>

#include "base/check.h"
#include "ohttp/binary_http.h"
#include "ohttp/encapsulation.h"
#include "ohttp/http_date.h"
#include "ohttp/key_configuration.h"

namespace redoubt::ohttp {
namespace {

void read_key(ByteView bytes) {
  const auto read = decode_key_configuration(bytes);
  if (!read) return;
  const auto again = decode_key_configuration(encode(*read));
  REDOUBT_CHECK(again.has_value() && *again == *read);
}

void read_any_request(ByteView bytes) {
  const auto read = read_request(bytes);
  if (!read) return;
  const Bytes written = write_request(*read);
  const auto again = read_request(written);
  REDOUBT_CHECK(again.has_value() && again->fields == read->fields && again->content == read->content);
  REDOUBT_CHECK(again->method == read->method && again->path == read->path);
  for (const Field& field : read->fields) parse_http_date(field.value);
}

// What is read does not depend on the pieces in which it comes.
void read_any_response(ByteView bytes) {
  ResponseReader whole;
  ResponseReader pieces;
  const bool good = whole.feed(bytes).has_value();
  bool good_in_pieces = true;
  for (std::size_t at = 0; good_in_pieces && at < bytes.size(); ++at) {
    good_in_pieces = pieces.feed(bytes.subspan(at, 1)).has_value();
  }
  REDOUBT_CHECK(good == good_in_pieces);
  if (!good) return;
  REDOUBT_CHECK(whole.ended() == pieces.ended() && (whole.head() == nullptr) == (pieces.head() == nullptr));
  REDOUBT_CHECK(whole.take_content() == pieces.take_content());
}

// Nobody has this key: nothing opens.
void open_any(ByteView bytes) {
  static const auto pair = crypto::X25519KeyPair::generate();
  if (const auto opened = open_request(pair, bytes); !opened) return;
  REDOUBT_CHECK(false);
}

void open_any_response(ByteView bytes) {
  ResponseOpener opener(crypto::Secret::random(32), {});
  if (opener.feed(bytes)) REDOUBT_CHECK(!opener.end());
}

}  // namespace
}  // namespace redoubt::ohttp

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const redoubt::ByteView rest(reinterpret_cast<const std::byte*>(data) + 1, size - 1);
  switch (data[0]) {
    case 'k':
      redoubt::ohttp::read_key(rest);
      break;
    case 'q':
      redoubt::ohttp::read_any_request(rest);
      break;
    case 'r':
      redoubt::ohttp::read_any_response(rest);
      break;
    case 's':
      redoubt::ohttp::open_any(rest);
      break;
    default:
      redoubt::ohttp::open_any_response(rest);
  }
  return 0;
}
