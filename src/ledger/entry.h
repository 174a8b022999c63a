// What the ledger stores for one record, and how gateway and keeper name it.
#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"
#include "ledger/logs.h"
#include "tlog/hash.h"

namespace redoubt::ledger {

// Random, made by the gateway; the same in all records of one exchange.
using ExchangeId = std::array<std::byte, 16>;

// How the keeper pairs records, and whose values it gives to whom. What a record says is in the record; this is only
// what recovery and opening need. The seal of an opening binds it (opening_context()).
enum class EntryKind : std::uint8_t {
  kStandalone = 0,  // needs no other record
  kAdmission = 1,   // opens an exchange; an outcome must follow
  kOutcome = 2,     // closes the exchange whose admission it names
  kFact = 3,        // changes Redoubt's own state (record/fact_record.h); needs no other record
};

// A leaf is at most what an entry bundle's 16-bit length can say (C2SP tlog-tiles).
inline constexpr std::size_t kMaxLeafBytes = 65'535;
// A sealed opening; values above their budget are left out of it by whoever builds it.
inline constexpr std::size_t kMaxOpeningBytes = 1024 * 1024;

struct EntryHeader {
  EntryKind kind = EntryKind::kStandalone;
  LogNumber log = kSystemLog;
  ExchangeId exchange{};
  std::uint64_t admission_index = 0;  // for kOutcome: the index, in its log, of the admission it closes
  std::uint32_t leaf_size = 0;
  std::uint32_t opening_size = 0;
  // Filled in by the ledger, whatever was there.
  std::uint64_t index = 0;         // in its log
  std::uint64_t stored_bytes = 0;  // of all entries of its log up to and with this one, headers included
};

// An entry as it lies in a segment: header, leaf bytes, sealed opening (docs/formats/segment.md).
inline constexpr std::size_t kEntryHeaderSize = 56;

void store_entry_header(MutableByteView out, const EntryHeader& header);
// kMalformed for sizes above the limits, an unknown kind or non-zero reserved bytes. `bytes` has kEntryHeaderSize.
Result<EntryHeader> load_entry_header(ByteView bytes);

// Takes the first entry off a commit's payload: header, leaf, opening. `rest` is left behind it. kMalformed, beside
// load_entry_header's, when the entry is longer than `rest`, which is then left as it was.
struct EntryView {
  EntryHeader header;
  ByteView leaf;
  ByteView sealed_opening;
  std::size_t size() const { return kEntryHeaderSize + leaf.size() + sealed_opening.size(); }
};
Result<EntryView> take_entry(ByteView& rest);

// What sealing an opening authenticates (keys/sealing_key.h): the exchange's id and the kind.
std::array<std::byte, 17> opening_context(const ExchangeId& exchange, EntryKind kind);

// An acknowledged entry.
struct Appended {
  LogNumber log = kSystemLog;
  tlog::LeafIndex index{};
  tlog::Hash leaf_hash{};
};

}  // namespace redoubt::ledger
