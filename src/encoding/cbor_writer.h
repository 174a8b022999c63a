// CBOR (RFC 8949) for what leaves: always the core deterministic encoding (§4.2.1), whatever the order of the calls.
//
//   Bytes out;
//   CborWriter cbor(out);
//   cbor.begin_map();
//   cbor.integer(395);  cbor.integer(1);     // members: key, then value
//   cbor.integer(1);    cbor.integer(-8);
//   cbor.end_map();                          // {1: -8, 395: 1}
//
// Heads are the shortest, lengths are counted by the writer, and a map is sorted when it ends; what it wrote is what
// CborDocument::read() accepts as CborForm::kDeterministic, within that reader's limits. The caller keeps begin and end
// balanced, writes a value after each key and no key twice; a mistake in that stops the program (REDOUBT_CHECK), since
// bytes from outside cannot cause it: keys of a caller's are checked by the caller.
//
// One thread at a time; does not fail, except for want of memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace redoubt::encoding {

class CborWriter {
 public:
  // Appends to `out`, which must outlive the writer.
  explicit CborWriter(Bytes& out) : out_(out) {}
  ~CborWriter();
  CborWriter(const CborWriter&) = delete;
  CborWriter& operator=(const CborWriter&) = delete;

  void integer(std::int64_t number);
  void unsigned_integer(std::uint64_t number);
  void bytes(ByteView bytes);
  void text(std::string_view utf8);  // UTF-8 already, or the program stops
  void boolean(bool flag);
  void null();
  // What comes next is its content.
  void tag(std::uint64_t number);
  // One item that is deterministic CBOR already, copied as it is.
  void item(ByteView encoded);

  void begin_array();
  void end_array();
  void begin_map();
  void end_map();

 private:
  struct Open {
    std::size_t begin;               // where in `out` its items begin
    std::vector<std::size_t> items;  // where each of them begins
    bool is_map;
  };

  void begin_item();
  void head(std::uint8_t major_type, std::uint64_t argument);
  void begin(bool is_map);
  void end(bool is_map);
  void sort_members(const Open& map);

  Bytes& out_;
  std::vector<Open> open_;
  bool tagged_ = false;
};

}  // namespace redoubt::encoding
