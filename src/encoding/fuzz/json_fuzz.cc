// Any bytes: what the reader accepts can be written and read again with the same content; and any bytes, written as a
// string, read back, unchanged if they were UTF-8.
#include <cstdint>
#include <functional>

#include "base/check.h"
#include "encoding/json_reader.h"
#include "encoding/json_writer.h"

namespace {

using redoubt::encoding::JsonReader;
using redoubt::encoding::JsonWriter;
using simdjson::dom::element_type;

constexpr std::size_t kMaxDepth = 32;

// Doubles are left as simdjson prints them: the writer has none.
void write(JsonWriter& json, simdjson::dom::element value, std::size_t depth) {
  const bool container = value.is_array() || value.is_object();
  REDOUBT_CHECK(!container || depth < kMaxDepth);
  switch (value.type()) {
    case element_type::ARRAY:
      json.begin_array();
      for (const simdjson::dom::element item : simdjson::dom::array(value)) write(json, item, depth + 1);
      json.end_array();
      break;
    case element_type::OBJECT:
      json.begin_object();
      for (const simdjson::dom::key_value_pair member : simdjson::dom::object(value)) {
        REDOUBT_CHECK(redoubt::encoding::is_utf8(member.key));
        json.key(member.key);
        write(json, member.value, depth + 1);
      }
      json.end_object();
      break;
    case element_type::STRING: {
      const std::string_view text(value);
      REDOUBT_CHECK(redoubt::encoding::is_utf8(text));
      json.value(text);
      break;
    }
    case element_type::INT64:
      json.value(std::int64_t(value));
      break;
    case element_type::UINT64:
      json.value(std::uint64_t(value));
      break;
    case element_type::BOOL:
      json.value(bool(value));
      break;
    case element_type::DOUBLE:
      json.raw(simdjson::minify(value));
      break;
    case element_type::NULL_VALUE:
      json.null();
      break;
  }
}

std::string written(simdjson::dom::element root) {
  std::string out;
  JsonWriter json(out);
  write(json, root, 0);
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static JsonReader reader({.max_bytes = 1 << 16, .max_depth = kMaxDepth});
  const std::string_view text(reinterpret_cast<const char*>(data), size);

  if (const auto root = reader.parse(text)) {
    const std::string once = written(*root);
    static JsonReader roomy({.max_bytes = 1 << 20, .max_depth = kMaxDepth});  // \u0000 and doubles may grow
    const auto again = roomy.parse(once);
    REDOUBT_CHECK(again.has_value());
    REDOUBT_CHECK(written(*again) == once);
    REDOUBT_CHECK(redoubt::encoding::is_utf8(text));
  }

  std::string quoted;
  redoubt::encoding::append_json_string(quoted, text);
  static JsonReader strings;
  if (quoted.size() > redoubt::encoding::JsonLimits{}.max_bytes) return 0;
  const auto parsed = strings.parse(quoted);
  REDOUBT_CHECK(parsed.has_value());
  std::string_view back;
  REDOUBT_CHECK(parsed->get(back) == simdjson::SUCCESS);
  REDOUBT_CHECK(!redoubt::encoding::is_utf8(text) || back == text);
  // A continuation byte in front leads to the slow way, which replaces: the same outcome after it.
  std::string replaced;
  redoubt::encoding::append_json_string(replaced, "\x80" + std::string(text));
  const bool same = replaced.substr(4) == quoted.substr(1);
  REDOUBT_CHECK(same);
  return 0;
}
