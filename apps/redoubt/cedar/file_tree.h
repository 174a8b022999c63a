// Conformance data as it is published: a folder, or a .tar.gz. libarchive stays behind this header.
#pragma once

#include <cstddef>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace redoubt::app::cedar {

struct TreeLimits {
  std::size_t max_files = 1'000'000;
  std::size_t max_file_bytes = 64 * 1024 * 1024;
  std::size_t max_total_bytes = std::size_t{2} * 1024 * 1024 * 1024;  // of an archive's content
};

// Files by their paths, which are relative and have `/` between names. Immutable; one thread at a time.
class FileTree {
 public:
  virtual ~FileTree() = default;
  const std::set<std::string, std::less<>>& paths() const { return paths_; }
  // kNotFound, kTooLarge, kIo.
  virtual Result<std::string> read(const std::string& path) const = 0;

 protected:
  std::set<std::string, std::less<>> paths_;
};

// A folder's files, links followed; read when they are asked for. kIo, kTooLarge.
Result<std::unique_ptr<FileTree>> open_folder(const std::string& folder, const TreeLimits& limits = {});

// The files of a .tar.gz (ustar, GNU or pax, gzip), unpacked into memory. kMalformed for an archive that is cut, has a
// path twice, one that is absolute or leads upwards, or holds what is neither file nor folder; kTooLarge.
Result<std::unique_ptr<FileTree>> read_archive(ByteView tar_gz, const TreeLimits& limits = {});

}  // namespace redoubt::app::cedar
