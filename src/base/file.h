// Files through an interface, so that tests can count syncs and make disks fail.
//
// Everything durable that Redoubt keeps goes through here. Implementations are safe for use from one thread at a time
// per file. Paths are UTF-8 as given by the operating system.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace redoubt {

enum class OpenMode : std::uint8_t {
  kReadOnly,         // kNotFound when it does not exist
  kReadWrite,        // kNotFound when it does not exist
  kCreateReadWrite,  // made, mode 0640, when it does not exist
  kCreateNew,        // kAlreadyExists when it exists
};

class File {
 public:
  virtual ~File() = default;

  // Reads up to out.size() bytes at `offset`; fewer only at the end of the file. Errors: kIo.
  virtual Result<std::size_t> read_at(std::uint64_t offset, MutableByteView out) = 0;
  // Writes all of `bytes` at `offset`, or fails; after a failure the range holds any mix of old and new. Errors: kIo,
  // kResourceExhausted when the disk is full.
  virtual Result<> write_at(std::uint64_t offset, ByteView bytes) = 0;
  // Makes what was written durable, with the size. After a failure nothing written since the last success may be
  // trusted, not even by trying again: the page cache may have dropped it.
  virtual Result<> sync_data() = 0;
  virtual Result<> truncate(std::uint64_t size) = 0;
  // Makes the file at least `size` bytes long, the new ones reading as zeros, with room for all of it set aside on the
  // disk where the file system can. Errors: kIo, kResourceExhausted when the disk is full.
  virtual Result<> allocate(std::uint64_t size) = 0;
  virtual Result<std::uint64_t> size() = 0;
};

// What offsets, sizes and addresses are multiples of in files from open_direct(). No disk in use has larger blocks.
inline constexpr std::size_t kDirectBlockSize = 4096;

class FileSystem {
 public:
  virtual ~FileSystem() = default;

  virtual Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) = 0;
  // As open(), but reads and writes go past the page cache where the file system can do that (O_DIRECT): in whole
  // blocks of kDirectBlockSize, from memory that is aligned to them. A write that fails has then left nothing behind
  // that reads as written but is not on the disk.
  virtual Result<std::unique_ptr<File>> open_direct(const std::string& path, OpenMode mode) = 0;
  virtual Result<> rename(const std::string& from, const std::string& to) = 0;  // atomic; replaces `to`
  virtual Result<> remove(const std::string& path) = 0;
  // Makes a folder, mode 0750; no error when it is there.
  virtual Result<> make_directory(const std::string& path) = 0;
  // Makes names created, renamed or removed in the folder durable.
  virtual Result<> sync_directory(const std::string& path) = 0;
  // Names in the folder, sorted, without `.` and `..`.
  virtual Result<std::vector<std::string>> list(const std::string& path) = 0;
  // Bytes a non-privileged writer may still use on the file system of `path`.
  virtual Result<std::uint64_t> free_bytes(const std::string& path) = 0;
};

// The operating system's files. Any thread.
class PosixFileSystem final : public FileSystem {
 public:
  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override;
  Result<std::unique_ptr<File>> open_direct(const std::string& path, OpenMode mode) override;
  Result<> rename(const std::string& from, const std::string& to) override;
  Result<> remove(const std::string& path) override;
  Result<> make_directory(const std::string& path) override;
  Result<> sync_directory(const std::string& path) override;
  Result<std::vector<std::string>> list(const std::string& path) override;
  Result<std::uint64_t> free_bytes(const std::string& path) override;
};

// The whole file. Errors: as open and read_at; kTooLarge above `limit` bytes.
Result<Bytes> read_file(FileSystem& fs, const std::string& path, std::uint64_t limit);

// Replaces the file as a whole, durably: a new file beside it is written and synced, renamed over it, and the folder
// synced. After a failure the old content is still there. Mode 0640.
Result<> write_file_atomically(FileSystem& fs, const std::string& path, ByteView content);

}  // namespace redoubt
