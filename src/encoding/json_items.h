// A JSON text as a list of its values in their order, each with a number for the place where it stands: for texts of
// few forms that several read, one after the other, records above all.
//
//   constexpr std::array<std::string_view, 2> kPaths = {"actor", "actor.name"};   // have the numbers 1 and 2
//   JsonItems items({.max_bytes = 65'535}, kPaths);
//   if (auto done = items.read(text); !done) return done.error();
//   for (std::uint32_t at = 1; at < items[0].end; at = items[at].end) {           // the members of the root
//     switch (items[at].path) …
//   }
//
// A path is the names of the members that lead to a value; items of an array have the path of the array. It has the
// same number in each text, as long as form() stays the same: so whoever wants to know what a path means looks once,
// and whoever wants a few paths names them to the constructor and compares numbers.
//
// Strict as JsonReader is: of every text, the same is refused, with the same error, and the same is read. A text as
// machines write it (no escape in a string, numbers that are integers of at most 18 digits) is read in one pass over
// its tokens, which simdjson's first stage finds, and names are held against those that came at the same place before.
// INVARIANT: whatever that pass does not know, or finds wrong, is read by JsonReader, which alone refuses.
//
// One thread. Nothing is kept of a text but the names of its paths: at most about kPathsKept of them, or kNamesKept
// bytes, and those of the last text. Buffers grow to some 40 bytes for each byte of the largest text, and stay.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "encoding/json_reader.h"

namespace redoubt::encoding {

// A value. Valid until its JsonItems read again.
struct JsonItem {
  enum class Kind : std::uint8_t {
    kObject,
    kArray,
    kString,
    kInteger,   // within int64
    kUnsigned,  // above it, within uint64
    kDouble,
    kTrue,
    kFalse,
    kNull,
  };
  Kind kind = Kind::kNull;
  std::uint32_t path = 0;
  std::uint32_t end = 0;   // the place of the value behind it, and behind all that it contains
  std::uint32_t size = 0;  // of the text
  union {
    const char* text;
    std::int64_t integer;
    std::uint64_t whole;
    double real;
  } value = {};

  bool is(Kind wanted) const { return kind == wanted; }
  // False, and `out` stays as it is: of another kind, or not within the type. Eight bytes behind a text may be read.
  bool get(std::string_view& out) const {
    if (kind != Kind::kString) return false;
    out = {value.text, size};
    return true;
  }
  bool get(std::int64_t& out) const {
    if (kind != Kind::kInteger) return false;
    out = value.integer;
    return true;
  }
  bool get(std::uint64_t& out) const {
    if (kind == Kind::kUnsigned) {
      out = value.whole;
      return true;
    }
    if (kind != Kind::kInteger || value.integer < 0) return false;
    out = static_cast<std::uint64_t>(value.integer);
    return true;
  }
};

class JsonItems {
 public:
  static constexpr std::size_t kPathsKept = 1024;
  static constexpr std::size_t kNamesKept = std::size_t{64} << 10;

  // `paths`: names with dots between them, each behind the one that it begins with; they have the numbers from 1 on, in
  // every form. The texts must outlive this.
  explicit JsonItems(JsonLimits limits = {}, std::span<const std::string_view> paths = {});
  ~JsonItems();
  JsonItems(const JsonItems&) = delete;
  JsonItems& operator=(const JsonItems&) = delete;

  // Errors: JsonReader::parse()'s; then there are no items. `text` need not outlive the call.
  Result<> read(std::string_view text);

  // The root is the first; what an object or array contains follows it. At least one after read().
  std::size_t size() const { return count_; }
  const JsonItem& operator[](std::uint32_t at) const { return items_[at]; }

  // Which paths have which numbers. No two have the same, of whatever JsonItems in this process.
  std::uint64_t form() const { return form_; }
  // Paths of this form so far, the root's, 0, among them; a path's parent has a lower number.
  std::size_t paths() const { return paths_.size(); }
  std::uint32_t parent(std::uint32_t path) const { return paths_[path].parent; }
  // The last name of a path that is not the root's, until the next read(). Eight bytes behind it may be read.
  std::string_view name(std::uint32_t path) const { return paths_[path].name; }

 private:
  // Where a token begins in the text; the next one is behind it.
  using Token = const std::uint32_t*;
  static constexpr std::uint32_t kNone = 0xffff'ffff;

  struct Path {
    std::uint32_t parent = kNone;
    std::array<std::uint32_t, 2> next{};  // names that came behind this one, the newer first; the root: none
    std::size_t size = 0;                 // of the name with its quotation marks and its colon
    std::uint64_t object = 0;             // in which it stood last
    std::string_view name;                // in names_, between quotation marks, and with room behind them
    // Eight bytes of it with its quotation marks and its colon: from the first on, from the ninth on, up to the last.
    std::uint64_t first = 0;
    std::uint64_t second = 0;
    std::uint64_t last = 0;
    std::uint64_t mask = 0;  // the bytes of `first` that there are
  };
  struct Open {
    std::uint32_t item = 0;
    std::uint32_t path = 0;    // of what contains it
    std::uint64_t object = 0;  // no other has the same, in any text
    char close = 0;            // the bracket that ends it; none: it is what contains the root
  };
  struct Place {
    std::uint32_t parent = 0;
    std::string_view name;
    bool operator<(const Place& other) const {
      return parent != other.parent ? parent < other.parent : name < other.name;
    }
  };

  void begin_form();
  std::uint32_t path_of(std::uint32_t parent, std::string_view name);
  static bool is_next(const char* text, const Path& path);
  std::uint32_t member_path(Token token, std::uint32_t parent);
  std::uint32_t any_member_path(Token token, std::uint32_t parent);
  std::uint32_t unexpected_path(std::uint32_t parent, std::string_view name);

  // In one pass. False: this way does not lead on.
  bool read_plain(std::string_view text);
  Token walk(Token token);
  static bool read_scalar(const char* begin, JsonItem& item);
  static bool read_word(const char* begin, JsonItem& item);

  // The long way.
  Result<> read_tree(std::string_view text);
  std::uint32_t path_in_tree(std::uint32_t parent, std::string_view name);
  void add(const simdjson::dom::element& value, std::uint32_t path);
  JsonItem& append(JsonItem::Kind kind, std::uint32_t path);

  char at(Token token) const { return text_[*token]; }

  const JsonLimits limits_;
  const std::span<const std::string_view> known_;
  JsonReader reader_;

  std::vector<JsonItem> items_;  // more than are in use
  std::size_t count_ = 0;

  std::uint64_t form_ = 0;
  std::vector<Path> paths_;
  std::map<Place, std::uint32_t> numbers_;
  std::deque<std::string> names_;
  std::size_t name_bytes_ = 0;
  std::uint32_t last_ = 0;  // path of the name before
  std::vector<Open> outer_;
  std::uint64_t objects_ = 0;

  std::unique_ptr<simdjson::internal::dom_parser_implementation> stage_;
  std::size_t capacity_ = 0;
  std::vector<char> text_;
};

}  // namespace redoubt::encoding
