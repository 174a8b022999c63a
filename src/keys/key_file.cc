#include "keys/key_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/unique_fd.h"
#include "encoding/base64.h"

namespace redoubt::keys {
namespace {

std::string prefix_of(std::string_view kind) {
  return "redoubt-" + std::string(kind) + "-v1 ";
}

}  // namespace

Result<> create_private_file(const std::string& path, std::string_view text) {
  const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd.valid()) return errno_error("cannot create key file `" + path + "`", errno);
  const ssize_t written = ::write(fd.get(), text.data(), text.size());
  const bool complete = written == static_cast<ssize_t>(text.size());
  if (!complete || ::fsync(fd.get()) != 0) {
    const int error = written < 0 || complete ? errno : ENOSPC;
    ::unlink(path.c_str());
    return errno_error("cannot write key file `" + path + "`", error);
  }
  const auto slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash == 0 ? 1 : slash);
  const UniqueFd folder_fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder_fd.valid() || ::fsync(folder_fd.get()) != 0) return errno_error("cannot sync `" + folder + "`", errno);
  return {};
}

Result<crypto::Secret> read_private_file(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!fd.valid()) return errno_error("cannot open key file `" + path + "`", errno);
  struct stat info{};
  if (::fstat(fd.get(), &info) != 0) return errno_error("cannot examine key file `" + path + "`", errno);
  if ((info.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return Error(Errc::kPermissionDenied, "key file `" + path + "` must be readable by its owner alone (chmod 600)");
  }
  crypto::Secret buffer(kPrivateFileBytesMax + 1);
  const ssize_t n = ::read(fd.get(), buffer.reveal_mutable().data(), buffer.size());
  if (n < 0) return errno_error("cannot read key file `" + path + "`", errno);
  const auto size = static_cast<std::size_t>(n);
  if (size > kPrivateFileBytesMax) return Error(Errc::kTooLarge, "key file `" + path + "` is larger than 4 KiB");
  return crypto::Secret::copy_of(buffer.reveal().first(size));
}

Result<> create_key_file(const std::string& path, std::string_view kind, const crypto::Secret& key) {
  std::string text = prefix_of(kind) + encoding::base64(key.reveal()) + "\n";
  auto done = create_private_file(path, text);
  crypto::wipe({reinterpret_cast<std::byte*>(text.data()), text.size()});
  return done;
}

Result<crypto::Secret> load_key_file(const std::string& path, std::string_view kind, std::size_t size_bytes) {
  const auto text = read_private_file(path);
  if (!text) return text.error();
  std::string_view line = as_chars(text->reveal());
  const Error malformed(Errc::kMalformed, "`" + path + "` is not a redoubt " + std::string(kind) + " key file");
  const std::string prefix = prefix_of(kind);
  if (!line.starts_with(prefix) || !line.ends_with('\n')) return malformed;
  line = line.substr(prefix.size(), line.size() - prefix.size() - 1);
  auto key = encoding::base64_decode(line);
  if (!key || key->size() != size_bytes) return malformed;
  crypto::Secret secret = crypto::Secret::copy_of(*key);
  crypto::wipe(*key);
  return secret;
}

}  // namespace redoubt::keys
