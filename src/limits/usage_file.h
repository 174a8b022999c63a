// What was used, kept across restarts: a file in which each meter has a place of 32 bytes, written where it changed.
//
//   auto file = UsageFile::open(fs, "state/usage", random_key);              // before the meters: it holds their key
//   Meters meters(file->hash_key(), capacity);
//   UsageFile::Restored restored = file->restore(meters, clock.now());       // log it
//   … once a second, on one thread:
//   meters.sweep(now);
//   if (auto kept = file->keep(meters, now); !kept) … log it; counting goes on, and keep() begins a new file next time
//
// After a crash at most what was used since the last keep() is missing. All room is taken when the file is made, so
// that a disk that fills up later does no harm. Each place has a check of its own: what is damaged is left out and
// counted, the rest is read. A file that is missing, or whose head is damaged, means that nothing was used: whoever may
// write in the folder can give everybody their limits anew, and restored() says so.
//
// docs/formats/usage.md has the bytes. One thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/file.h"
#include "base/result.h"
#include "limits/meters.h"

namespace redoubt::limits {

class UsageFile {
 public:
  struct Restored {
    std::size_t meters = 0;   // taken up
    std::size_t past = 0;     // no longer mattered
    std::size_t damaged = 0;  // places that cannot be read
    std::size_t no_room = 0;  // more than the meters' capacity
    std::string why_new;      // why nothing was read: `there is none`, …; empty when the file was read
  };

  // Reads the file, if there is one. `new_key`: random, for a file that is to be made. `fs` must outlive the object.
  // Errors: kIo, kPermissionDenied when the file is there and cannot be read.
  static Result<UsageFile> open(FileSystem& fs, std::string path, const Meters::HashKey& new_key);
  UsageFile(UsageFile&&) noexcept = default;
  UsageFile& operator=(UsageFile&&) noexcept = default;

  const Meters::HashKey& hash_key() const { return hash_key_; }

  // Gives the meters what was read, once, before they are used.
  Restored restore(Meters& meters, UnixMillis now);

  // Writes what has changed since the last call, and syncs. After an error the next call makes the file anew, from all
  // meters. Errors: kIo, kResourceExhausted. Work: at most kPlaceBytes for each place of the meters.
  Result<> keep(const Meters& meters, UnixMillis now);

  static constexpr std::size_t kHeadBytes = 512;
  static constexpr std::size_t kPlaceBytes = 32;

 private:
  struct Place {
    Meters::Saved saved;
    UnixMillis at{};
  };

  UsageFile(FileSystem& fs, std::string path) : fs_(&fs), path_(std::move(path)) {}
  Result<> read(File& file);
  Result<> make_anew(const Meters& meters, UnixMillis now);
  Result<> write_changed(const Meters& meters, UnixMillis now);

  FileSystem* fs_;
  std::string path_;
  Meters::HashKey hash_key_{};
  std::unique_ptr<File> file_;  // null: to be made anew
  std::vector<Place> read_;     // from the file, until restore()
  Restored restored_;
  std::vector<Meters::Saved> written_;  // what the file holds, by place
};

}  // namespace redoubt::limits
