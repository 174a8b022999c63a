// CBOR (RFC 8949) that arrives from outside: checked whole, strictly, with limits, before any of it is looked at.
//
//   auto document = CborDocument::read(bytes, CborForm::kDeterministic);
//   if (!document) return document.error();
//   const auto id = document->root().map().find("module_id").text();   // nothing unless all of that is there
//
// Accepted are integers, byte strings, text strings that are UTF-8, arrays, maps, tags, false, true, null and
// undefined. Every head is of the shortest form (RFC 8949 §4.2.1), every key of a map is an integer, a byte string or a
// text string, and no key stands twice in a map. Refused besides, in every form: floating-point numbers and simple
// values without a meaning (none of the formats read here has them), strings in pieces (indefinite length), and a tag
// without content. So what Redoubt reads is what every other reader of the same bytes reads.
//
// Strings are views into the bytes that were read; nothing is copied. Reading never recurses deeper than the limit, and
// what it keeps is 32 bytes an item. Any thread; an object belongs to one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace redoubt::encoding {

enum class CborForm : std::uint8_t {
  // RFC 8949 §4.2.1, core deterministic encoding: definite lengths, keys in the bytewise order of their encodings.
  kDeterministic,
  // As above, but arrays and maps may be of indefinite length and keys in any order, as encoders write that put out
  // each member as it comes (AWS Nitro's documents). Two such documents of one meaning may differ in their bytes.
  kStreamed,
};

struct CborLimits {
  std::size_t max_bytes = 1024 * 1024;  // of all that is given; less than 4 GiB
  std::size_t max_depth = 16;           // arrays, maps and tags inside each other: `[[1]]` has depth 2; at most 64
  std::size_t max_items = 64 * 1024;    // strings, numbers, arrays, maps, tags, each counted once
};

enum class CborType : std::uint8_t { kUnsigned, kNegative, kBytes, kText, kArray, kMap, kTag, kSimple, kAbsent };

class CborArray;
class CborMap;

// One item of a document, or none: what looks for an item gives an absent one when it is not there, and an absent one
// answers every question with nothing, so that steps can follow each other and be checked at the end. Small and copied
// freely; valid as long as the document and the bytes it was read from.
class CborValue {
 public:
  CborValue() = default;  // absent

  CborType type() const;
  explicit operator bool() const { return item_ != nullptr; }

  // The value, or nothing when the item is absent, of another type, or does not fit.
  std::optional<std::uint64_t> unsigned_integer() const;
  std::optional<std::int64_t> integer() const;
  std::optional<ByteView> bytes() const;
  std::optional<std::string_view> text() const;
  std::optional<bool> boolean() const;
  CborArray array() const;
  CborMap map() const;
  std::optional<std::uint64_t> tag() const;
  CborValue content() const;  // of a tag
  // Tag `number`'s content; absent when the item is not that tag.
  CborValue tagged(std::uint64_t number) const;
  bool is_null() const;
  bool is_undefined() const;

  // The item as it stands in the bytes, its head included; empty when absent.
  ByteView encoded() const;

 private:
  friend class CborArray;
  friend class CborDocument;
  friend class CborMap;
  friend class CborParser;
  struct Item;
  CborValue(const Item* item, const std::byte* bytes) : item_(item), bytes_(bytes) {}

  const Item* item_ = nullptr;        // in the document's list: an item, then all that is inside it
  const std::byte* bytes_ = nullptr;  // where the document begins
};

// The items of an array in their order. False, and empty, when what was asked for it is no array.
class CborArray {
 public:
  class Iterator {
   public:
    CborValue operator*() const { return value_; }
    Iterator& operator++();
    bool operator==(const Iterator& other) const { return value_.item_ == other.value_.item_; }

   private:
    friend class CborArray;
    explicit Iterator(CborValue value) : value_(value) {}
    CborValue value_;
  };

  CborArray() = default;
  explicit operator bool() const { return static_cast<bool>(value_); }
  std::size_t size() const;
  // The item at `index` from zero, absent past the end. Takes time in proportion to `index`.
  CborValue at(std::size_t index) const;
  Iterator begin() const;
  Iterator end() const;

 private:
  friend class CborValue;
  explicit CborArray(CborValue value) : value_(value) {}
  CborValue value_;
};

struct CborMember {
  CborValue key;
  CborValue value;
};

// The members of a map as they stand in the bytes. False, and empty, when what was asked for it is no map.
class CborMap {
 public:
  class Iterator {
   public:
    CborMember operator*() const;
    Iterator& operator++();
    bool operator==(const Iterator& other) const { return key_.item_ == other.key_.item_; }

   private:
    friend class CborMap;
    explicit Iterator(CborValue key) : key_(key) {}
    CborValue key_;
  };

  CborMap() = default;
  explicit operator bool() const { return static_cast<bool>(value_); }
  std::size_t size() const;  // members
  // The value under a key, absent when there is none. Takes time in proportion to the number of members.
  CborValue find(std::int64_t key) const;
  CborValue find(std::string_view key) const;
  Iterator begin() const;
  Iterator end() const;

 private:
  friend class CborValue;
  explicit CborMap(CborValue value) : value_(value) {}
  CborValue value_;
};

// What was read. Movable, not copyable; values from it stay valid when it moves.
class CborDocument {
 public:
  // One item and nothing after it. Errors: kTooLarge above a limit; kMalformed with the reason, never with content.
  static Result<CborDocument> read(ByteView bytes, CborForm form, CborLimits limits = {});
  // The item at the start of `bytes`, whatever follows it. Errors: as for read().
  static Result<CborDocument> read_first(ByteView bytes, CborForm form, CborLimits limits = {});

  CborDocument(CborDocument&&) noexcept;
  CborDocument& operator=(CborDocument&&) noexcept;
  ~CborDocument();

  CborValue root() const;
  // What follows the item; empty after read().
  ByteView rest() const;

 private:
  friend class CborParser;
  CborDocument();
  std::vector<CborValue::Item> items_;
  ByteView bytes_;
};

}  // namespace redoubt::encoding
