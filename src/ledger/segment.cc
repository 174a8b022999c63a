#include "ledger/segment.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>

#include "ledger/internal/crc32c.h"

namespace redoubt::ledger {
namespace {

constexpr std::string_view kSegmentMagic = "RDTSEG02";
constexpr std::uint32_t kCommitMagic = 0x544d4352;  // "RCMT"
constexpr std::string_view kSuffix = ".seg";
constexpr std::size_t kNameDigits = 10;

// The checksum covers the salt, the header after its first eight bytes (magic and checksum), and the payload.
std::uint32_t commit_checksum(const SegmentSalt& salt, ByteView header, ByteView payload) {
  return internal::crc32c(internal::crc32c(internal::crc32c(0, salt), header.subspan(8)), payload);
}

// Without magic and checksum. `bytes` has kCommitHeaderSize.
CommitHeader load_commit_header(ByteView bytes) {
  CommitHeader header;
  header.first = load_le<Sequence>(bytes.subspan(8, 8));
  header.entry_count = load_le<std::uint32_t>(bytes.subspan(16, 4));
  header.payload_size = load_le<std::uint32_t>(bytes.subspan(20, 4));
  header.oldest_open = load_le<Sequence>(bytes.subspan(24, 8));
  header.oldest_uncovered = load_le<Sequence>(bytes.subspan(32, 8));
  header.time_ms = static_cast<std::int64_t>(load_le<std::uint64_t>(bytes.subspan(40, 8)));
  return header;
}

}  // namespace

void store_position(MutableByteView out, const Position& position) {
  store_le(out.first(4), position.segment);
  store_le(out.subspan(4, 4), position.offset);
}

Position load_position(ByteView bytes) {
  return {load_le<SegmentNumber>(bytes.first(4)), load_le<std::uint32_t>(bytes.subspan(4, 4))};
}

void store_segment_header(MutableByteView out, const SegmentHeader& header) {
  std::fill(out.begin(), out.end(), std::byte{0});
  const ByteView magic = as_bytes(kSegmentMagic);
  std::copy(magic.begin(), magic.end(), out.begin());
  store_le(out.subspan(8, 8), header.first);
  std::copy(header.salt.begin(), header.salt.end(), out.begin() + 16);
  store_le(out.subspan(32, 4), header.number);
  store_le(out.subspan(kSegmentHeaderSize - 4, 4), internal::crc32c(0, out.first(kSegmentHeaderSize - 4)));
}

Result<SegmentHeader> load_segment_header(ByteView bytes) {
  if (bytes.size() < kSegmentHeaderSize || as_chars(bytes.first(8)) != kSegmentMagic ||
      load_le<std::uint32_t>(bytes.subspan(kSegmentHeaderSize - 4, 4)) !=
          internal::crc32c(0, bytes.first(kSegmentHeaderSize - 4))) {
    return Error(Errc::kCorrupt, "not a segment's header");
  }
  SegmentHeader header;
  header.first = load_le<Sequence>(bytes.subspan(8, 8));
  std::copy_n(bytes.begin() + 16, header.salt.size(), header.salt.begin());
  header.number = load_le<SegmentNumber>(bytes.subspan(32, 4));
  return header;
}

// magic u32 | checksum u32 | first u64 | entry_count u32 | payload_size u32 | oldest_open u64 | oldest_uncovered u64 |
// time_ms i64
void store_commit_header(MutableByteView out, const SegmentSalt& salt, const CommitHeader& header, ByteView payload) {
  store_le(out.subspan(0, 4), kCommitMagic);
  store_le(out.subspan(8, 8), header.first);
  store_le(out.subspan(16, 4), header.entry_count);
  store_le(out.subspan(20, 4), header.payload_size);
  store_le(out.subspan(24, 8), header.oldest_open);
  store_le(out.subspan(32, 8), header.oldest_uncovered);
  store_le(out.subspan(40, 8), static_cast<std::uint64_t>(header.time_ms));
  store_le(out.subspan(4, 4), commit_checksum(salt, out.first(kCommitHeaderSize), payload));
}

std::string segment_name(SegmentNumber number) {
  std::array<char, kNameDigits + 1> digits;
  std::snprintf(digits.data(), digits.size(), "%010u", number);
  return std::string(digits.data()) + std::string(kSuffix);
}

std::optional<SegmentNumber> parse_segment_name(std::string_view name) {
  if (name.size() != kNameDigits + kSuffix.size() || !name.ends_with(kSuffix)) return std::nullopt;
  SegmentNumber number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + kNameDigits, number);
  if (error != std::errc() || end != name.data() + kNameDigits) return std::nullopt;
  return number;
}

Result<SegmentScanner> SegmentScanner::open(std::unique_ptr<File> file, SegmentNumber number) {
  SegmentScanner scanner;
  scanner.file_ = std::move(file);
  const auto size = scanner.file_->size();
  if (!size) return size.error();
  scanner.file_size_ = *size;
  std::array<std::byte, kSegmentHeaderSize> bytes{};
  const auto n = scanner.file_->read_at(0, bytes);
  if (!n) return n.error();
  auto header = load_segment_header(ByteView(bytes).first(*n));
  if (!header) return header.error();
  if (header->number != number) return Error(Errc::kCorrupt, "a segment's header does not fit its name");
  scanner.header_ = *header;
  scanner.next_ = header->first;
  return scanner;
}

Result<std::optional<CommitHeader>> SegmentScanner::whole_at(std::uint64_t offset, Sequence first,
                                                             std::int64_t earliest_ms) {
  const std::optional<CommitHeader> none;
  if (offset + kCommitHeaderSize > file_size_) return none;
  std::array<std::byte, kCommitHeaderSize> bytes{};
  auto n = file_->read_at(offset, bytes);
  if (!n) return n.error();
  if (*n != bytes.size() || load_le<std::uint32_t>(ByteView(bytes).first(4)) != kCommitMagic) return none;
  const CommitHeader header = load_commit_header(bytes);
  if (header.first != first || header.entry_count == 0 || header.time_ms < earliest_ms ||
      header.oldest_open > header.next() || header.oldest_uncovered > header.next() ||
      header.payload_size > kMaxCommitPayloadBytes || offset + kCommitHeaderSize + header.payload_size > file_size_) {
    return none;
  }
  // It only grows: what is overwritten need not be made zero before.
  commit_.resize(std::max<std::size_t>(commit_.size(), kCommitHeaderSize + header.payload_size));
  std::copy(bytes.begin(), bytes.end(), commit_.begin());
  const MutableByteView payload = MutableByteView(commit_).subspan(kCommitHeaderSize, header.payload_size);
  n = file_->read_at(offset + kCommitHeaderSize, payload);
  if (!n) return n.error();
  if (*n != payload.size() ||
      commit_checksum(header_.salt, bytes, payload) != load_le<std::uint32_t>(ByteView(bytes).subspan(4, 4))) {
    return none;
  }
  return std::optional<CommitHeader>(header);
}

Result<std::optional<SegmentScanner::Commit>> SegmentScanner::next() {
  auto header = whole_at(offset_, next_, last_time_ms_);
  if (!header) return header.error();
  if (!*header) return std::optional<Commit>();
  const ByteView bytes = ByteView(commit_).first(kCommitHeaderSize + (*header)->payload_size);
  const Commit commit{
      .header = **header, .offset = offset_, .bytes = bytes, .payload = bytes.subspan(kCommitHeaderSize)};
  offset_ += kCommitHeaderSize + commit.header.payload_size;
  next_ += commit.header.entry_count;
  last_time_ms_ = commit.header.time_ms;
  return std::optional<Commit>(commit);
}

Result<bool> SegmentScanner::followed() {
  std::array<std::byte, kCommitHeaderSize> bytes{};
  const auto n = file_->read_at(offset_, bytes);
  if (!n) return n.error();
  const CommitHeader claimed = load_commit_header(bytes);
  const auto next =
      whole_at(offset_ + kCommitHeaderSize + claimed.payload_size, next_ + claimed.entry_count, last_time_ms_);
  if (!next) return next.error();
  return next->has_value();
}

Result<bool> SegmentScanner::torn() {
  constexpr std::size_t kPiece = 1024 * 1024;
  const std::uint64_t end = std::min<std::uint64_t>(file_size_, offset_ + kCommitHeaderSize + kMaxCommitPayloadBytes);
  if (offset_ >= end) return false;
  Bytes piece(std::min<std::uint64_t>(kPiece, end - offset_));
  for (std::uint64_t at = offset_; at < end; at += piece.size()) {
    const auto n = file_->read_at(at, MutableByteView(piece).first(std::min<std::uint64_t>(piece.size(), end - at)));
    if (!n) return n.error();
    const ByteView got = ByteView(piece).first(*n);
    if (std::any_of(got.begin(), got.end(), [](std::byte b) { return b != std::byte{0}; })) return true;
  }
  return false;
}

Result<bool> SegmentScanner::go_on_within(ByteView piece, std::uint64_t offset) {
  std::array<std::byte, 4> magic;
  store_le(MutableByteView(magic), kCommitMagic);
  for (auto at = piece.begin();; ++at) {
    at = std::search(at, piece.end(), magic.begin(), magic.end());
    if (at == piece.end()) return false;
    const std::uint64_t place = offset + static_cast<std::uint64_t>(at - piece.begin());
    std::array<std::byte, kCommitHeaderSize> bytes{};
    if (const auto n = file_->read_at(place, bytes); !n) return n.error();
    const Sequence first = load_commit_header(bytes).first;
    if (first <= next_) continue;
    const auto whole = whole_at(place, first, last_time_ms_);
    if (!whole) return whole.error();
    if (!*whole) continue;
    offset_ = place;
    next_ = first;
    return true;
  }
}

Result<SegmentScanner::Behind> SegmentScanner::look_behind() {
  constexpr std::size_t kPiece = 1024 * 1024;
  constexpr std::size_t kOverlap = 3;  // bytes of a magic that may lie in the piece before
  const std::uint64_t stopped_at = offset_;
  const Sequence stopped_before = next_;
  const std::uint64_t reach = offset_ + kCommitHeaderSize + kMaxCommitPayloadBytes;
  bool near = false;
  bool far = false;
  bool found = false;
  Bytes piece(kPiece);
  for (std::uint64_t at = offset_; at < file_size_ && !found; at += kPiece - kOverlap) {
    const auto n = file_->read_at(at, piece);
    if (!n) return n.error();
    const ByteView got = ByteView(piece).first(*n);
    const auto not_zero = [](std::byte b) { return b != std::byte{0}; };
    const auto last = std::find_if(got.rbegin(), got.rend(), not_zero);
    if (last == got.rend()) continue;
    near = true;
    far = far || at + static_cast<std::uint64_t>(got.rend() - last) > reach;
    auto went_on = go_on_within(got, at);
    if (!went_on) return went_on.error();
    found = *went_on;
  }
  if (!near) return Behind::kZeros;
  // Commits are made durable one by one, so if a writer made the one found, the one before is whole by now.
  const auto now = whole_at(stopped_at, stopped_before, last_time_ms_);
  if (!now) return now.error();
  if (*now) {
    offset_ = stopped_at;
    next_ = stopped_before;
    return Behind::kGrowing;
  }
  if (found) return Behind::kCommit;
  return far ? Behind::kStray : Behind::kTorn;
}

}  // namespace redoubt::ledger
