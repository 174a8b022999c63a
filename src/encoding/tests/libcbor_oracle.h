// For tests: another reader of CBOR, libcbor, and what follows from its answer for ours.
//
// libcbor accepts more than we do. What it accepts is written again here, with shortest heads and nothing else changed:
// if that can be done, and gives the same bytes, then none of our reasons to refuse is there, and we must accept.
#pragma once

#include <cbor.h>

#include <cstdio>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "base/check.h"
#include "encoding/cbor_reader.h"
#include "encoding/json_writer.h"
#include "encoding/tests/cbor_text.h"

namespace redoubt::encoding {

class LibcborOracle {
 public:
  explicit LibcborOracle(ByteView bytes) : item_(nullptr, release) {
    // It reserves room for as many items as a head says, so that it is not asked about heads which cannot be true.
    if (says_more_than_it_has(bytes)) return;
    cbor_load_result result{};
    item_.reset(cbor_load(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), &result));
    if (item_) read_ = result.read;
  }

  // Whether it read an item at the start of the bytes, and how many bytes that took.
  bool accepts() const { return item_ != nullptr; }
  std::size_t read() const { return read_; }
  std::string text() const { return text_of(item_.get()); }
  // The item with shortest heads, members and open ends as they were; nothing when it holds what our reader leaves out.
  std::optional<Bytes> rewritten() const {
    Bytes out;
    if (!write(item_.get(), out, 0)) return std::nullopt;
    return out;
  }

 private:
  // Heads follow each other whatever is inside what: this looks at one after the other, as far as they are well-formed.
  static bool says_more_than_it_has(ByteView bytes) {
    while (!bytes.empty()) {
      const auto major_type = static_cast<unsigned>(bytes.front()) >> 5;
      const auto low = static_cast<unsigned>(bytes.front()) & 0x1f;
      const std::size_t width = low < 24 || low > 27 ? 0 : std::size_t{1} << (low - 24);
      if (bytes.size() < 1 + width) return false;
      std::uint64_t argument = low < 24 ? low : 0;
      for (const std::byte each : bytes.subspan(1, width)) argument = argument << 8 | static_cast<std::uint64_t>(each);
      bytes = bytes.subspan(1 + width);
      if ((major_type == 4 || major_type == 5) && argument > bytes.size()) return true;
      if ((major_type == 2 || major_type == 3) && argument > bytes.size()) return false;
      if (major_type == 2 || major_type == 3) bytes = bytes.subspan(static_cast<std::size_t>(argument));
    }
    return false;
  }

  static void release(cbor_item_t* item) { cbor_decref(&item); }

  static std::string bytes_of(const cbor_item_t* item) {
    const unsigned char* data = cbor_isa_string(item) ? cbor_string_handle(item) : cbor_bytestring_handle(item);
    const std::size_t size = cbor_isa_string(item) ? cbor_string_length(item) : cbor_bytestring_length(item);
    return {reinterpret_cast<const char*>(data), size};
  }

  static std::string text_of(const cbor_item_t* item) {
    std::string out;
    const auto add = [&](const std::string& text) { out += (out.size() > 1 ? ", " : "") + text; };
    switch (cbor_typeof(item)) {
      case CBOR_TYPE_UINT:
        return std::to_string(cbor_get_int(item));
      case CBOR_TYPE_NEGINT:
        return negative_text(cbor_get_int(item));
      case CBOR_TYPE_BYTESTRING:
        return "h'" + hex(as_bytes(bytes_of(item))) + "'";
      case CBOR_TYPE_STRING:
        out = "\"";
        for (const char c : bytes_of(item)) out += escaped(c);
        return out + "\"";
      case CBOR_TYPE_ARRAY:
        out = "[";
        for (std::size_t i = 0; i < cbor_array_size(item); ++i) add(text_of(cbor_array_handle(item)[i]));
        return out + "]";
      case CBOR_TYPE_MAP:
        out = "{";
        for (std::size_t i = 0; i < cbor_map_size(item); ++i) {
          const cbor_pair& pair = cbor_map_handle(item)[i];
          add(text_of(pair.key) + ": " + text_of(pair.value));
        }
        return out + "}";
      case CBOR_TYPE_TAG:
        return std::to_string(cbor_tag_value(item)) + "(" + text_of(item->metadata.tag_metadata.tagged_item) + ")";
      case CBOR_TYPE_FLOAT_CTRL:
        if (cbor_is_bool(item)) return cbor_get_bool(item) ? "true" : "false";
        return cbor_is_null(item) ? "null" : "undefined";
    }
    return out;
  }

  static void head(Bytes& out, unsigned major_type, std::uint64_t argument) {
    Bytes written;
    CborWriter cbor(written);
    cbor.unsigned_integer(argument);
    written.front() |= static_cast<std::byte>(major_type << 5);
    append(out, written);
  }
  static void open_head(Bytes& out, unsigned major_type, bool definite, std::size_t count) {
    if (definite) return head(out, major_type, count);
    out.push_back(static_cast<std::byte>(major_type << 5 | 31));
  }

  static bool write(const cbor_item_t* item, Bytes& out, std::size_t depth) {
    const bool holds_items = cbor_isa_array(item) || cbor_isa_map(item) || cbor_isa_tag(item);
    if (holds_items && depth >= CborLimits{}.max_depth) return false;
    switch (cbor_typeof(item)) {
      case CBOR_TYPE_UINT:
        head(out, 0, cbor_get_int(item));
        return true;
      case CBOR_TYPE_NEGINT:
        head(out, 1, cbor_get_int(item));
        return true;
      case CBOR_TYPE_BYTESTRING:
        if (!cbor_bytestring_is_definite(item)) return false;
        head(out, 2, cbor_bytestring_length(item));
        append(out, as_bytes(bytes_of(item)));
        return true;
      case CBOR_TYPE_STRING:
        if (!cbor_string_is_definite(item) || !is_utf8(bytes_of(item))) return false;
        head(out, 3, cbor_string_length(item));
        append(out, as_bytes(bytes_of(item)));
        return true;
      case CBOR_TYPE_ARRAY:
        open_head(out, 4, cbor_array_is_definite(item), cbor_array_size(item));
        for (std::size_t i = 0; i < cbor_array_size(item); ++i) {
          if (!write(cbor_array_handle(item)[i], out, depth + 1)) return false;
        }
        if (cbor_array_is_indefinite(item)) out.push_back(std::byte{0xff});
        return true;
      case CBOR_TYPE_MAP:
        return write_map(item, out, depth);
      case CBOR_TYPE_TAG:
        head(out, 6, cbor_tag_value(item));
        return write(item->metadata.tag_metadata.tagged_item, out, depth + 1);
      case CBOR_TYPE_FLOAT_CTRL: {
        if (!cbor_float_ctrl_is_ctrl(item)) return false;
        const std::uint8_t value = cbor_ctrl_value(item);
        if (value < CBOR_CTRL_FALSE || value > CBOR_CTRL_UNDEF) return false;
        out.push_back(static_cast<std::byte>(7 << 5 | value));
        return true;
      }
    }
    return false;
  }

  static bool write_map(const cbor_item_t* item, Bytes& out, std::size_t depth) {
    open_head(out, 5, cbor_map_is_definite(item), cbor_map_size(item));
    std::set<Bytes> keys;
    for (std::size_t i = 0; i < cbor_map_size(item); ++i) {
      const cbor_pair& pair = cbor_map_handle(item)[i];
      Bytes key;
      if (cbor_typeof(pair.key) > CBOR_TYPE_STRING || !write(pair.key, key, depth + 1)) return false;
      append(out, key);
      if (!keys.insert(std::move(key)).second || !write(pair.value, out, depth + 1)) return false;
    }
    if (cbor_map_is_indefinite(item)) out.push_back(std::byte{0xff});
    return true;
  }

  std::unique_ptr<cbor_item_t, void (*)(cbor_item_t*)> item_;
  std::size_t read_ = 0;
};

// libcbor 0.8 refuses tags 6 to 20, which were without a meaning once.
inline bool has_tag_it_refuses(const CborValue& value) {
  if (value.tag() >= 6U && value.tag() <= 20U) return true;
  if (value.tag()) return has_tag_it_refuses(value.content());
  for (const CborValue item : value.array()) {
    if (has_tag_it_refuses(item)) return true;
  }
  for (const CborMember each : value.map()) {
    if (has_tag_it_refuses(each.value)) return true;
  }
  return false;
}

// Stops the program where the two readers disagree about any bytes, and prints them. Says whether ours accepted them.
inline bool check_against_libcbor(ByteView bytes) {
  const auto agree = [&](bool condition) {
    if (!condition) std::fprintf(stderr, "the readers disagree about %s\n", hex(bytes).c_str());
    REDOUBT_CHECK(condition);
  };
  const auto ours = CborDocument::read_first(bytes, CborForm::kStreamed);
  const LibcborOracle theirs(ours ? ours->root().encoded() : bytes);
  if (ours && !theirs.accepts()) {
    agree(has_tag_it_refuses(ours->root()));
  } else if (ours) {
    agree(theirs.read() == ours->root().encoded().size());
    agree(theirs.text() == cbor_text(ours->root()));
  } else if (theirs.accepts() && ours.error().code() != Errc::kTooLarge) {
    const auto rewritten = theirs.rewritten();
    agree(!rewritten || as_chars(*rewritten) != as_chars(bytes.first(theirs.read())));
  }
  if (!ours) return false;

  // Written again it is deterministic, says the same, and stays as it is.
  Bytes written;
  {
    CborWriter cbor(written);
    write_cbor(cbor, ours->root());
  }
  const auto again = CborDocument::read(written, CborForm::kDeterministic);
  REDOUBT_CHECK(again.has_value());
  Bytes twice;
  {
    CborWriter cbor(twice);
    write_cbor(cbor, again->root());
  }
  REDOUBT_CHECK(twice == written);
  const auto strict = CborDocument::read_first(bytes, CborForm::kDeterministic);
  REDOUBT_CHECK(strict.has_value() == (as_chars(ours->root().encoded()) == as_chars(written)));
  return true;
}

}  // namespace redoubt::encoding
