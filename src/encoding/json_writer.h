// JSON (RFC 8259) for what leaves: appends to a string, in the order it is called, without building a tree.
//
//   std::string out;
//   JsonWriter json(out);
//   json.begin_object();
//   json.member("model", "m-1");
//   json.key("usage");
//   json.begin_object();
//   json.member("total_tokens", 17);
//   json.end_object();
//   json.end_object();      // {"model":"m-1","usage":{"total_tokens":17}}
//
// The caller keeps begin and end balanced and writes a key before each member's value; commas are the writer's. Strings
// must be UTF-8 already: each maximal part of an invalid sequence becomes U+FFFD (Unicode §3.9), so the output is
// always valid JSON. Escaped are the quotation mark, the backslash and U+0000 to U+001F, nothing else (RFC 8259 §7).
//
// Time depends on the text. One thread at a time; does not fail, except for want of memory.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "base/bytes.h"

namespace redoubt::encoding {

class JsonWriter {
 public:
  // Appends to `out`, which must outlive the writer.
  explicit JsonWriter(std::string& out) : out_(out) {}

  void begin_object();
  void end_object();
  void begin_array();
  void end_array();
  void key(std::string_view name);

  void value(std::string_view text);
  void value(const char* text) { value(std::string_view(text)); }
  void value(bool flag);
  void value(std::int64_t number);
  void value(std::uint64_t number);
  template <std::integral T>
    requires(!std::same_as<T, bool> && !std::same_as<T, char>)
  void value(T number) {
    if constexpr (std::is_signed_v<T>) {
      value(static_cast<std::int64_t>(number));
    } else {
      value(static_cast<std::uint64_t>(number));
    }
  }
  // Not text: it would otherwise pass for a bool.
  template <class T>
    requires(!std::convertible_to<T*, std::string_view>)
  void value(T* pointer) = delete;
  void value_hex(ByteView bytes);  // as a string of lower-case hexadecimal
  void null();
  // Text that is JSON already, copied as it is.
  void raw(std::string_view json);

  template <class T>
  void member(std::string_view name, T&& v) {
    key(name);
    value(std::forward<T>(v));
  }

 private:
  void comma();

  std::string& out_;
  bool need_comma_ = false;
};

// Appends `text` to `out` as a JSON string with its quotes.
void append_json_string(std::string& out, std::string_view text);

// Any thread. Whether `text` is well-formed UTF-8 (RFC 3629).
bool is_utf8(std::string_view text);

}  // namespace redoubt::encoding
