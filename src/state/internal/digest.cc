#include "state/internal/digest.h"

#include "encoding/base64.h"

namespace redoubt::state {

namespace {

template <class T>
void update_le(crypto::Sha256& hash, T value) {
  std::array<std::byte, sizeof(T)> bytes;
  store_le<T>(bytes, value);
  hash.update(bytes);
}

void update_sized(crypto::Sha256& hash, ByteView bytes) {
  update_le<std::uint64_t>(hash, bytes.size());
  hash.update(bytes);
}

}  // namespace

TableDigest::TableDigest(const std::vector<std::string>& columns) {
  update_le<std::uint64_t>(hash_, columns.size());
  for (const std::string& name : columns) update_sized(hash_, as_bytes(name));
}

// Each value so that its kind and length cannot be taken for another's.
void TableDigest::add(const Database::Cells& row) {
  for (const Column& column : row) {
    const auto& held = column.held();
    update_le<std::uint8_t>(hash_, static_cast<std::uint8_t>(held.index()));
    if (const auto* number = std::get_if<std::int64_t>(&held)) {
      update_le<std::uint64_t>(hash_, static_cast<std::uint64_t>(*number));
    } else if (const auto* text = std::get_if<std::string_view>(&held)) {
      update_sized(hash_, as_bytes(*text));
    } else if (const auto* bytes = std::get_if<ByteView>(&held)) {
      update_sized(hash_, *bytes);
    }
  }
}

std::string TableDigest::finish() {
  return encoding::hex(hash_.finish());
}

Result<TableDigests> table_digests(Database& database) {
  auto tables = database.tables();
  if (!tables) return tables.error();
  TableDigests digests;
  for (std::string& table : *tables) {
    auto columns = database.columns(table);
    if (!columns) return columns.error();
    auto rows = database.rows(table);
    if (!rows) return rows.error();
    TableDigest digest(*columns);
    for (;;) {
      auto row = rows->next();
      if (!row) return row.error();
      if (*row == nullptr) break;
      digest.add(**row);
    }
    digests.emplace_back(std::move(table), digest.finish());
  }
  return digests;
}

std::string digest_of(const TableDigests& digests) {
  std::string text;
  for (const auto& [table, digest] : digests) text += table + " " + digest + "\n";
  return encoding::hex(crypto::sha256(as_bytes(text)));
}

}  // namespace redoubt::state
