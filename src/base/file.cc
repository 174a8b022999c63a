#include "base/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "base/unique_fd.h"

namespace redoubt {
namespace {

constexpr mode_t kFileMode = 0640;

Error path_error(std::string_view what, const std::string& path, int errno_value) {
  return errno_error(std::string(what) + " `" + path + "`", errno_value);
}

class PosixFile final : public File {
 public:
  PosixFile(UniqueFd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}

  Result<std::size_t> read_at(std::uint64_t offset, MutableByteView out) override {
    std::size_t done = 0;
    while (done < out.size()) {
      const ssize_t n = ::pread(fd_.get(), out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return path_error("cannot read", path_, errno);
      if (n == 0) break;
      done += static_cast<std::size_t>(n);
    }
    return done;
  }

  Result<> write_at(std::uint64_t offset, ByteView bytes) override {
    std::size_t done = 0;
    while (done < bytes.size()) {
      const ssize_t n =
          ::pwrite(fd_.get(), bytes.data() + done, bytes.size() - done, static_cast<off_t>(offset + done));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0 && (errno == ENOSPC || errno == EDQUOT)) return full();
      if (n < 0) return path_error("cannot write", path_, errno);
      done += static_cast<std::size_t>(n);
    }
    return {};
  }

  Result<> sync_data() override {
    if (::fdatasync(fd_.get()) != 0) return path_error("cannot sync", path_, errno);
    return {};
  }

  Result<> truncate(std::uint64_t size) override {
    if (::ftruncate(fd_.get(), static_cast<off_t>(size)) != 0) return path_error("cannot resize", path_, errno);
    return {};
  }

  Result<> allocate(std::uint64_t size) override {
    const int error = ::posix_fallocate(fd_.get(), 0, static_cast<off_t>(size));
    if (error == ENOSPC || error == EDQUOT) return full();
    if (error != 0) return path_error("cannot set space aside for", path_, error);
    return {};
  }

  Result<std::uint64_t> size() override {
    struct stat info{};
    if (::fstat(fd_.get(), &info) != 0) return path_error("cannot examine", path_, errno);
    return static_cast<std::uint64_t>(info.st_size);
  }

 private:
  Error full() const {
    return Error(Errc::kResourceExhausted, "cannot write `" + path_ + "`: no space left on the disk");
  }

  UniqueFd fd_;
  std::string path_;
};

}  // namespace

namespace {

int flags_of(OpenMode mode) {
  switch (mode) {
    case OpenMode::kReadOnly:
      return O_RDONLY;
    case OpenMode::kReadWrite:
      return O_RDWR;
    case OpenMode::kCreateReadWrite:
      return O_RDWR | O_CREAT;
    case OpenMode::kCreateNew:
      return O_RDWR | O_CREAT | O_EXCL;
  }
  return O_RDONLY;
}

Result<std::unique_ptr<File>> opened(UniqueFd fd, const std::string& path) {
  if (!fd.valid()) return path_error("cannot open", path, errno);
  return std::unique_ptr<File>(std::make_unique<PosixFile>(std::move(fd), path));
}

}  // namespace

Result<std::unique_ptr<File>> PosixFileSystem::open(const std::string& path, OpenMode mode) {
  return opened(UniqueFd(::open(path.c_str(), flags_of(mode) | O_CLOEXEC, kFileMode)), path);
}

Result<std::unique_ptr<File>> PosixFileSystem::open_direct(const std::string& path, OpenMode mode) {
  const int flags = flags_of(mode) | O_CLOEXEC;
  UniqueFd fd(::open(path.c_str(), flags | O_DIRECT, kFileMode));
  // File systems without it say so here (open(2)), when the file may have been made already.
  if (!fd.valid() && errno == EINVAL) fd = UniqueFd(::open(path.c_str(), flags & ~O_EXCL, kFileMode));
  return opened(std::move(fd), path);
}

Result<> PosixFileSystem::rename(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) return path_error("cannot rename to", to, errno);
  return {};
}

Result<> PosixFileSystem::remove(const std::string& path) {
  if (::unlink(path.c_str()) != 0) return path_error("cannot remove", path, errno);
  return {};
}

Result<> PosixFileSystem::make_directory(const std::string& path) {
  if (::mkdir(path.c_str(), 0750) != 0 && errno != EEXIST) return path_error("cannot make folder", path, errno);
  return {};
}

Result<> PosixFileSystem::sync_directory(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid()) return path_error("cannot open folder", path, errno);
  if (::fsync(fd.get()) != 0) return path_error("cannot sync folder", path, errno);
  return {};
}

Result<std::vector<std::string>> PosixFileSystem::list(const std::string& path) {
  DIR* dir = ::opendir(path.c_str());
  if (dir == nullptr) return path_error("cannot list folder", path, errno);
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(dir)) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  ::closedir(dir);
  std::sort(names.begin(), names.end());
  return names;
}

Result<std::uint64_t> PosixFileSystem::free_bytes(const std::string& path) {
  struct statvfs info{};
  if (::statvfs(path.c_str(), &info) != 0) return path_error("cannot examine file system of", path, errno);
  return static_cast<std::uint64_t>(info.f_bavail) * info.f_frsize;
}

Result<Bytes> read_file(FileSystem& fs, const std::string& path, std::uint64_t limit) {
  auto file = fs.open(path, OpenMode::kReadOnly);
  if (!file) return file.error();
  const auto size = (*file)->size();
  if (!size) return size.error();
  if (*size > limit) {
    return Error(Errc::kTooLarge, "`" + path + "` has " + std::to_string(*size) + " bytes, more than the limit of " +
                                      std::to_string(limit));
  }
  Bytes content(*size);
  const auto n = (*file)->read_at(0, content);
  if (!n) return n.error();
  content.resize(*n);
  return content;
}

Result<> write_file_atomically(FileSystem& fs, const std::string& path, ByteView content) {
  const std::string fresh = path + ".new";
  {
    auto file = fs.open(fresh, OpenMode::kCreateReadWrite);
    if (!file) return file.error();
    if (auto done = (*file)->truncate(0); !done) return done;
    if (auto done = (*file)->write_at(0, content); !done) return done;
    if (auto done = (*file)->sync_data(); !done) return done;
  }
  if (auto done = fs.rename(fresh, path); !done) return done;
  const auto slash = path.rfind('/');
  return fs.sync_directory(slash == std::string::npos ? "." : path.substr(0, slash == 0 ? 1 : slash));
}

}  // namespace redoubt
