// A folder of one's own under the system's folder for temporary files, gone with the object.
#pragma once

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <utility>

#include "base/file.h"
#include "base/result.h"

namespace redoubt {

class ScratchFolder {
 public:
  // Only its user may look into it. kIo and the like.
  static Result<ScratchFolder> make() {
    std::error_code error;
    std::string path = (std::filesystem::temp_directory_path(error) / "redoubt-XXXXXX").string();
    if (error || ::mkdtemp(path.data()) == nullptr) return errno_error("cannot make a temporary folder", errno);
    return ScratchFolder(std::move(path));
  }
  ScratchFolder(ScratchFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  ScratchFolder& operator=(ScratchFolder&&) = delete;
  ~ScratchFolder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }

  const std::string& path() const { return path_; }

 private:
  explicit ScratchFolder(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

}  // namespace redoubt
