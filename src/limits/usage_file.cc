#include "limits/usage_file.h"

#include <algorithm>
#include <array>

#include "base/bytes.h"
#include "limits/internal/subject_hash.h"

namespace redoubt::limits {

namespace {

// The head: magic number with version, the hash's key, their check. A place: key, state, when, check. All numbers have
// 8 bytes, little-endian. Checks are made with the hash's key.
constexpr std::uint64_t kMagic = 0x3265'6761'7375'4452;  // `RDusage2`
constexpr std::uint64_t kFileMax = UsageFile::kHeadBytes + (std::uint64_t{1} << 28) * UsageFile::kPlaceBytes;
constexpr std::size_t kChunkBytes = 64 * 1024;

void put(MutableByteView out, std::initializer_list<std::uint64_t> numbers) {
  std::size_t at = 0;
  for (const std::uint64_t number : numbers) {
    store_le(out.subspan(at, 8), number);
    at += 8;
  }
}
std::uint64_t number_at(ByteView bytes, std::size_t at) {
  return load_le<std::uint64_t>(bytes.subspan(at, 8));
}

void put_head(MutableByteView out, const Meters::HashKey& key) {
  put(out, {kMagic, key[0], key[1], SubjectHash(key).check(kMagic, key[0], key[1])});
}

void put_place(MutableByteView out, const SubjectHash& hash, const Meters::Saved& saved, UnixMillis at) {
  const auto when = static_cast<std::uint64_t>(at.value);
  put(out, {saved.key, saved.state, when, hash.check(saved.key, saved.state, when)});
}

bool all_zero(ByteView bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::byte b) { return b == std::byte{0}; });
}

}  // namespace

Result<UsageFile> UsageFile::open(FileSystem& fs, std::string path, const Meters::HashKey& new_key) {
  UsageFile usage(fs, std::move(path));
  usage.hash_key_ = new_key;
  auto file = fs.open(usage.path_, OpenMode::kReadOnly);
  if (!file) {
    if (file.error().code() != Errc::kNotFound) return file.error();
    usage.restored_.why_new = "there is none";
    return usage;
  }
  const Result<> read = usage.read(**file);
  if (!read) return read.error();
  return usage;
}

Result<> UsageFile::read(File& file) {
  std::array<std::byte, kHeadBytes> head{};
  const auto head_size = file.read_at(0, head);
  if (!head_size) return head_size.error();
  const Meters::HashKey key = {number_at(head, 8), number_at(head, 16)};
  if (*head_size < kHeadBytes || number_at(head, 0) != kMagic ||
      number_at(head, 24) != SubjectHash(key).check(kMagic, key[0], key[1])) {
    restored_.why_new = "its head is damaged";
    return {};
  }
  hash_key_ = key;
  const SubjectHash hash(key);
  Bytes chunk(kChunkBytes);
  for (std::uint64_t offset = kHeadBytes; offset < kFileMax;) {
    const auto size = file.read_at(offset, chunk);
    if (!size) return size.error();
    for (std::size_t at = 0; at < *size; at += kPlaceBytes) {
      const ByteView bytes = ByteView(chunk).subspan(at, std::min(kPlaceBytes, *size - at));
      if (all_zero(bytes)) continue;  // never used
      if (bytes.size() == kPlaceBytes) {
        const Meters::Saved saved{number_at(bytes, 0), number_at(bytes, 8)};
        const std::uint64_t when = number_at(bytes, 16);
        if (number_at(bytes, 24) == hash.check(saved.key, saved.state, when)) {
          read_.push_back({saved, {static_cast<std::int64_t>(when)}});
          continue;
        }
      }
      ++restored_.damaged;
    }
    if (*size < chunk.size()) break;
    offset += *size;
  }
  return {};
}

UsageFile::Restored UsageFile::restore(Meters& meters, UnixMillis now) {
  for (const Place& place : std::exchange(read_, {})) {
    switch (meters.restore(place.saved, place.at, now)) {
      case Meters::Restoring::kTaken:
        ++restored_.meters;
        break;
      case Meters::Restoring::kPast:
        ++restored_.past;
        break;
      case Meters::Restoring::kNoRoom:
        ++restored_.no_room;
        break;
      case Meters::Restoring::kUnknown:
        ++restored_.damaged;
        break;
    }
  }
  return restored_;
}

// A whole file beside the old one, which it then replaces: places are where the meters have them now.
Result<> UsageFile::make_anew(const Meters& meters, UnixMillis now) {
  file_ = nullptr;
  written_.assign(meters.places(), {});
  const SubjectHash hash(hash_key_);
  Bytes content(kHeadBytes + written_.size() * kPlaceBytes);
  put_head(content, hash_key_);
  for (std::size_t i = 0; i < written_.size(); ++i) {
    const std::optional<Meters::Saved> saved = meters.at(i);
    if (!saved) continue;
    written_[i] = *saved;
    put_place(MutableByteView(content).subspan(kHeadBytes + i * kPlaceBytes), hash, *saved, now);
  }
  if (const auto made = write_file_atomically(*fs_, path_, content); !made) return made;
  auto file = fs_->open(path_, OpenMode::kReadWrite);
  if (!file) return file.error();
  const auto room = (*file)->allocate(kHeadBytes + meters.capacity() * kPlaceBytes);
  if (!room) return room;
  if (const auto synced = (*file)->sync_data(); !synced) return synced;
  file_ = *std::move(file);
  return {};
}

Result<> UsageFile::write_changed(const Meters& meters, UnixMillis now) {
  const SubjectHash hash(hash_key_);
  written_.resize(std::max(written_.size(), meters.places()));
  bool wrote = false;
  Bytes run;  // of neighbouring places that changed
  std::size_t run_begin = 0;
  const auto write_run = [&]() -> Result<> {
    if (run.empty()) return {};
    wrote = true;
    const auto written = file_->write_at(kHeadBytes + run_begin * kPlaceBytes, run);
    run.clear();
    return written;
  };
  for (std::size_t i = 0; i < written_.size(); ++i) {
    const Meters::Saved saved = meters.at(i).value_or(Meters::Saved{});
    if (saved == written_[i] || run.size() >= kChunkBytes) {
      if (const auto written = write_run(); !written) return written;
    }
    if (saved == written_[i]) continue;
    if (run.empty()) run_begin = i;
    run.resize(run.size() + kPlaceBytes);
    if (saved != Meters::Saved{}) put_place(MutableByteView(run).last(kPlaceBytes), hash, saved, now);
    written_[i] = saved;
  }
  if (const auto written = write_run(); !written) return written;
  return wrote ? file_->sync_data() : Result<>{};
}

Result<> UsageFile::keep(const Meters& meters, UnixMillis now) {
  if (!file_) return make_anew(meters, now);
  const Result<> written = write_changed(meters, now);
  // What failed to be written, or synced, is in no known state any more.
  if (!written) file_ = nullptr;
  return written;
}

}  // namespace redoubt::limits
