#include "redoubt/administer/access.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string_view>

#include "base/file.h"
#include "base/unique_fd.h"
#include "net/http_client.h"
#include "redoubt/administer/profiles.h"
#include "redoubt/fetch.h"
#include "redoubt/layout.h"

namespace redoubt::app {
namespace {

constexpr std::size_t kKeyMax = 4096;  // bytes of a file's first line, or of what is typed

// Typed keys are not shown, whatever ends the reading.
class NoEcho {
 public:
  explicit NoEcho(int terminal) : terminal_(terminal) {
    if (::tcgetattr(terminal_, &before_) != 0) return;
    termios quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    changed_ = ::tcsetattr(terminal_, TCSAFLUSH, &quiet) == 0;
  }
  ~NoEcho() {
    if (changed_) ::tcsetattr(terminal_, TCSAFLUSH, &before_);
  }
  NoEcho(const NoEcho&) = delete;
  NoEcho& operator=(const NoEcho&) = delete;
  bool works() const { return changed_; }

 private:
  int terminal_;
  termios before_{};
  bool changed_ = false;
};

// Of the process, not of standard input: that may be a file.
Result<std::string> ask_for_key(const std::string& where) {
  const Error no_key(Errc::kInvalidArgument,
                     "no administrator's key: give --key-file, REDOUBT_ADMIN_KEY or a profile that names a file");
  const UniqueFd terminal(::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY));
  if (!terminal.valid() || ::isatty(STDERR_FILENO) != 1) return no_key;
  const std::string prompt = "Administrator's key for " + where + ": ";
  std::string key;
  const NoEcho quiet(terminal.get());
  if (!quiet.works() || ::write(terminal.get(), prompt.data(), prompt.size()) < 0) return no_key;
  for (char c = 0; key.size() < kKeyMax && ::read(terminal.get(), &c, 1) == 1 && c != '\n';) key += c;
  if (::write(terminal.get(), "\n", 1) < 0 || key.empty()) return no_key;
  return key;
}

Result<std::string> find_key(const AdminOptions& options, const Profile& profile, const std::string& where) {
  if (!options.key_file.empty()) return read_key_file(options.key_file);
  if (const char* key = std::getenv("REDOUBT_ADMIN_KEY"); key != nullptr && *key != '\0') return std::string(key);
  if (!profile.key_file.empty()) return read_key_file(profile.key_file);
  return ask_for_key(where);
}

// A server elsewhere: nothing that a network could read along.
Result<> check_url(const std::string& text) {
  const auto url = net::UpstreamUrl::parse(text);
  if (!url) return url.error();
  if (!url->in_the_clear()) return {};
  return Error(Errc::kInvalidArgument, "`" + text + "` would send the key in the clear: use https");
}

// As a shell reads one word.
std::string quoted(const std::string& text) {
  constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-:";
  if (!text.empty() && text.find_first_not_of(kPlain) == std::string::npos) return text;
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

}  // namespace

Result<std::string> read_key_file(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file.valid()) return errno_error("cannot open key file `" + path + "`", errno);
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) return errno_error("cannot examine key file `" + path + "`", errno);
  if (S_ISREG(status.st_mode) && (status.st_mode & 077) != 0) {
    return Error(Errc::kInvalidArgument, "key file `" + path + "` can be read by others: chmod 600 it");
  }
  std::string key(kKeyMax, '\0');
  const ssize_t size = ::read(file.get(), key.data(), key.size());
  if (size < 0) return errno_error("cannot read key file `" + path + "`", errno);
  key.resize(static_cast<std::size_t>(size));
  key.resize(std::min(key.find_first_of("\r\n"), key.size()));
  if (key.empty() || key.find_first_of(" \t") != std::string::npos) {
    return Error(Errc::kInvalidArgument, "key file `" + path + "` does not begin with a key");
  }
  return key;
}

Result<AdminAccess> find_access(const Common& common, const AdminOptions& options) {
  AdminAccess out;
  Profile profile;
  if (!options.profile.empty()) {
    PosixFileSystem fs;
    auto found = find_profile(fs, profiles_path(), options.profile);
    if (!found) return found.error();
    profile = *std::move(found);
  }
  out.url = options.url.empty() ? profile.url : options.url;
  if (!out.url.empty()) {
    if (auto good = check_url(out.url); !good) return good.error();
    out.ca_file = trust_anchors(common, options.ca_file.empty() ? profile.ca_file : options.ca_file, false);
    out.where = out.url;
  } else {
    out.where = Layout(common.dir).admin_socket();
  }
  if (!options.profile.empty()) out.words += " --profile " + quoted(options.profile);
  if (!options.url.empty()) out.words += " --url " + quoted(options.url);
  if (!options.ca_file.empty()) out.words += " --ca-file " + quoted(options.ca_file);
  if (common.dir_given) out.words += " --dir " + quoted(common.dir);
  auto key = find_key(options, profile, out.where);
  if (!key) return key.error();
  out.key = *std::move(key);
  return out;
}

}  // namespace redoubt::app
