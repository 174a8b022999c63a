#include "behaviour/internal/cursor.h"

#include <array>

#include "base/bytes.h"
#include "encoding/base64.h"

namespace redoubt::behaviour::internal {
namespace {

constexpr std::size_t kSize = 8 + 8 + 4;

}  // namespace

std::string make_cursor(std::uint64_t question, const MeshPlace& place) {
  std::array<std::byte, kSize> bytes{};
  const MutableByteView out(bytes);
  store_le(out, question);
  store_le(out.subspan(8), place.value);
  store_le(out.subspan(16), place.id);
  return encoding::base64url(bytes);
}

Result<MeshPlace> read_cursor(std::uint64_t question, std::string_view cursor) {
  const Error foreign(Errc::kMalformed, "`cursor` is not one that this list gave");
  if (cursor.size() > 2 * kSize) return foreign;
  const auto bytes = encoding::base64url_decode(cursor);
  if (!bytes || bytes->size() != kSize) return foreign;
  const ByteView in(*bytes);
  if (load_le<std::uint64_t>(in) != question) return foreign;
  return MeshPlace{load_le<std::uint64_t>(in.subspan(8)), load_le<std::uint32_t>(in.subspan(16))};
}

}  // namespace redoubt::behaviour::internal
