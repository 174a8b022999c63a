#include "attest/guest_interface.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/unique_fd.h"

namespace redoubt::attest {

namespace {

Error failed(std::string_view what, const std::string& path) {
  const int error = errno;
  return errno_error("cannot " + std::string(what) + " `" + path + "`", error);
}

}  // namespace

bool LinuxGuestInterface::exists(const std::string& path) {
  return ::access(path.c_str(), F_OK) == 0;
}

Result<Bytes> LinuxGuestInterface::read(const std::string& path, std::size_t limit) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return failed("open", path);
  Bytes out;
  std::array<std::byte, 4096> piece;
  while (true) {
    const ssize_t got = ::read(fd.get(), piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failed("read", path);
    if (got == 0) return out;
    append(out, ByteView(piece).first(static_cast<std::size_t>(got)));
    if (out.size() > limit) return Error(Errc::kTooLarge, "`" + path + "` is larger than its limit");
  }
}

Result<> LinuxGuestInterface::write(const std::string& path, ByteView bytes) {
  UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd.valid()) return failed("open", path);
  const ssize_t wrote = ::write(fd.get(), bytes.data(), bytes.size());
  if (wrote < 0) return failed("write", path);
  if (static_cast<std::size_t>(wrote) != bytes.size()) return Error(Errc::kIo, "`" + path + "` took a part only");
  // configfs hands a binary attribute over when its file is closed.
  if (::close(fd.release()) != 0) return failed("write", path);
  return {};
}

Result<> LinuxGuestInterface::make_directory(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) != 0) return failed("make", path);
  return {};
}

Result<> LinuxGuestInterface::remove_directory(const std::string& path) {
  if (::rmdir(path.c_str()) != 0) return failed("remove", path);
  return {};
}

Result<> LinuxGuestInterface::control(const std::string& path, unsigned long request, void* argument) {
  const UniqueFd fd(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  if (!fd.valid()) return failed("open", path);
  if (::ioctl(fd.get(), request, argument) != 0) return failed("ask", path);
  return {};
}

}  // namespace redoubt::attest
