#include <zlib.h>

#include <algorithm>
#include <limits>

#include "anomaly/internal/zip.h"
#include "base/check.h"

namespace redoubt::anomaly::internal {
namespace {

constexpr std::size_t kEndSize = 22;        // §4.3.16 end of central directory record
constexpr std::size_t kDirectorySize = 46;  // §4.3.12
constexpr std::size_t kLocalSize = 30;      // §4.3.7
constexpr std::uint32_t kEndMark = 0x06054b50;
constexpr std::uint32_t kDirectoryMark = 0x02014b50;
constexpr std::uint32_t kLocalMark = 0x04034b50;
constexpr std::uint32_t kInZip64 = 0xFFFF'FFFF;
constexpr std::uint16_t kEncrypted = 1;
constexpr std::uint16_t kStored = 0;
constexpr std::uint16_t kDeflated = 8;

std::uint16_t u16(ByteView bytes, std::size_t at) {
  return load_le<std::uint16_t>(bytes.subspan(at, 2));
}
std::uint32_t u32(ByteView bytes, std::size_t at) {
  return load_le<std::uint32_t>(bytes.subspan(at, 4));
}

Error malformed(std::string what) {
  return {Errc::kMalformed, "not a zip archive: " + std::move(what)};
}

// Where the record at the end begins: the last place whose comment reaches exactly to the end.
Result<std::size_t> find_end(ByteView archive) {
  if (archive.size() < kEndSize) return malformed("too short");
  constexpr std::size_t kCommentMax = 0xFFFF;
  const std::size_t most = std::min(archive.size() - kEndSize, kCommentMax);
  for (std::size_t comment = 0; comment <= most; ++comment) {
    const std::size_t at = archive.size() - kEndSize - comment;
    if (u32(archive, at) == kEndMark && u16(archive, at + 20) == comment) return at;
  }
  return malformed("no end of the directory");
}

// The bytes of the member whose local header begins at `at`; the directory begins at `directory`.
Result<ByteView> packed_bytes(ByteView archive, std::size_t at, std::size_t directory, const ZipMember& member,
                              std::size_t packed_size, std::uint16_t method) {
  if (directory < kLocalSize || at > directory - kLocalSize || u32(archive, at) != kLocalMark) {
    return malformed("a member is not where the directory says");
  }
  const std::size_t name_size = u16(archive, at + 26);
  const std::size_t begin = at + kLocalSize + name_size + u16(archive, at + 28);
  if (begin > directory || packed_size > directory - begin) return malformed("a member reaches too far");
  if (u16(archive, at + 8) != method || as_chars(archive.subspan(at + kLocalSize, name_size)) != member.name) {
    return malformed("a member is not the one of the directory");
  }
  return archive.subspan(begin, packed_size);
}

}  // namespace

Result<std::vector<ZipMember>> zip_members(ByteView archive, std::size_t members_max) {
  const auto end = find_end(archive);
  if (!end) return end.error();
  const std::size_t count = u16(archive, *end + 10);
  const std::size_t size = u32(archive, *end + 12);
  const std::size_t begin = u32(archive, *end + 16);
  if (u16(archive, *end + 4) != 0 || u16(archive, *end + 6) != 0 || u16(archive, *end + 8) != count) {
    return Error(Errc::kUnsupported, "a zip archive on several disks");
  }
  if (begin == kInZip64 || count == 0xFFFF) return Error(Errc::kUnsupported, "a zip64 archive");
  if (begin > *end || size != *end - begin) return malformed("the directory is not before its end");
  if (count > members_max) return Error(Errc::kTooLarge, "the zip archive has too many members");

  std::vector<ZipMember> out;
  std::size_t at = begin;
  for (std::size_t i = 0; i < count; ++i) {
    if (*end - at < kDirectorySize || u32(archive, at) != kDirectoryMark) return malformed("the directory is cut");
    const std::size_t name_size = u16(archive, at + 28);
    const std::size_t whole = kDirectorySize + name_size + u16(archive, at + 30) + u16(archive, at + 32);
    if (*end - at < whole) return malformed("the directory is cut");
    const std::uint16_t method = u16(archive, at + 10);
    const std::uint32_t packed_size = u32(archive, at + 20);
    const std::uint32_t local = u32(archive, at + 42);
    ZipMember member{.name = std::string(as_chars(archive.subspan(at + kDirectorySize, name_size))),
                     .packed = {},
                     .deflated = method == kDeflated,
                     .crc = u32(archive, at + 16),
                     .size = u32(archive, at + 24)};
    if ((u16(archive, at + 8) & kEncrypted) != 0) return Error(Errc::kUnsupported, "an encrypted zip archive");
    if (method != kStored && method != kDeflated) return Error(Errc::kUnsupported, "a zip member's compression");
    if (packed_size == kInZip64 || member.size == kInZip64 || local == kInZip64) {
      return Error(Errc::kUnsupported, "a zip64 archive");
    }
    const auto packed = packed_bytes(archive, local, begin, member, packed_size, method);
    if (!packed) return packed.error();
    member.packed = *packed;
    if (std::any_of(out.begin(), out.end(), [&](const ZipMember& other) { return other.name == member.name; })) {
      return malformed("two members of one name");
    }
    out.push_back(std::move(member));
    at += whole;
  }
  if (at != *end) return malformed("something stands behind the directory");
  return out;
}

Result<Bytes> unpack(const ZipMember& member, std::size_t size_max) {
  if (member.size > size_max) return Error(Errc::kTooLarge, "a member of the zip archive is too large");
  Bytes out;
  if (member.deflated) {
    // Deflate makes at most 1032 bytes of one: what claims more is not believed before memory is taken for it.
    if (member.size / 1032 > member.packed.size()) return malformed("a member's size is not possible");
    out.resize(member.size);
    z_stream stream{};
    REDOUBT_CHECK(inflateInit2(&stream, -MAX_WBITS) == Z_OK);
    // zlib's interface is not const-correct: it does not write to its input. Sizes fit: they are of 32 bits.
    stream.next_in = const_cast<unsigned char*>(as_uchars(member.packed));
    stream.avail_in = static_cast<uInt>(member.packed.size());
    unsigned char nothing = 0;
    stream.next_out = out.empty() ? &nothing : as_uchars(MutableByteView(out));
    stream.avail_out = static_cast<uInt>(out.size());
    const int status = inflate(&stream, Z_FINISH);
    const bool whole = status == Z_STREAM_END && stream.avail_out == 0 && stream.avail_in == 0;
    inflateEnd(&stream);
    if (!whole) return malformed("a member is not as large as it says");
  } else {
    if (member.packed.size() != member.size) return malformed("a member is not as large as it says");
    out = to_bytes(member.packed);
  }
  if (crc32(0, as_uchars(ByteView(out)), static_cast<uInt>(out.size())) != member.crc && !out.empty()) {
    return malformed("a member's checksum is wrong");
  }
  return out;
}

}  // namespace redoubt::anomaly::internal
