#include "ledger/entry.h"

#include <algorithm>

namespace redoubt::ledger {

// leaf_size u32 | opening_size u32 | kind u8 | reserved 3 | log u32 | exchange 16 | admission_index u64 | index u64 |
// stored_bytes u64
void store_entry_header(MutableByteView out, const EntryHeader& header) {
  store_le(out.subspan(0, 4), header.leaf_size);
  store_le(out.subspan(4, 4), header.opening_size);
  out[8] = static_cast<std::byte>(header.kind);
  std::fill_n(out.begin() + 9, 3, std::byte{0});
  store_le(out.subspan(12, 4), header.log);
  std::copy(header.exchange.begin(), header.exchange.end(), out.begin() + 16);
  store_le(out.subspan(32, 8), header.admission_index);
  store_le(out.subspan(40, 8), header.index);
  store_le(out.subspan(48, 8), header.stored_bytes);
}

Result<EntryHeader> load_entry_header(ByteView bytes) {
  EntryHeader header;
  header.leaf_size = load_le<std::uint32_t>(bytes.subspan(0, 4));
  header.opening_size = load_le<std::uint32_t>(bytes.subspan(4, 4));
  if (header.leaf_size > kMaxLeafBytes) return Error(Errc::kMalformed, "entry's leaf is longer than it may be");
  if (header.opening_size > kMaxOpeningBytes)
    return Error(Errc::kMalformed, "entry's opening is longer than it may be");
  const auto kind = static_cast<std::uint8_t>(bytes[8]);
  if (kind > static_cast<std::uint8_t>(EntryKind::kFact)) return Error(Errc::kMalformed, "entry of an unknown kind");
  header.kind = static_cast<EntryKind>(kind);
  const ByteView reserved = bytes.subspan(9, 3);
  if (std::any_of(reserved.begin(), reserved.end(), [](std::byte b) { return b != std::byte{0}; })) {
    return Error(Errc::kMalformed, "entry's reserved bytes are not zero");
  }
  header.log = load_le<std::uint32_t>(bytes.subspan(12, 4));
  std::copy_n(bytes.begin() + 16, header.exchange.size(), header.exchange.begin());
  header.admission_index = load_le<std::uint64_t>(bytes.subspan(32, 8));
  header.index = load_le<std::uint64_t>(bytes.subspan(40, 8));
  header.stored_bytes = load_le<std::uint64_t>(bytes.subspan(48, 8));
  return header;
}

Result<EntryView> take_entry(ByteView& rest) {
  if (rest.size() < kEntryHeaderSize) return Error(Errc::kMalformed, "a commit is shorter than its entries");
  auto header = load_entry_header(rest.first(kEntryHeaderSize));
  if (!header) return header.error();
  const std::size_t body = std::size_t{header->leaf_size} + header->opening_size;
  if (rest.size() - kEntryHeaderSize < body) return Error(Errc::kMalformed, "an entry is longer than its commit");
  const EntryView entry{.header = *header,
                        .leaf = rest.subspan(kEntryHeaderSize, header->leaf_size),
                        .sealed_opening = rest.subspan(kEntryHeaderSize + header->leaf_size, header->opening_size)};
  rest = rest.subspan(entry.size());
  return entry;
}

std::array<std::byte, 17> opening_context(const ExchangeId& exchange, EntryKind kind) {
  std::array<std::byte, 17> context;
  std::copy(exchange.begin(), exchange.end(), context.begin());
  context.back() = static_cast<std::byte>(kind);
  return context;
}

}  // namespace redoubt::ledger
