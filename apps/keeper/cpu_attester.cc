#include "keeper/cpu_attester.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/sev-guest.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "attest/evidence.h"
#include "attest/guest_interface.h"
#include "attest/producer.h"
#include "base/file.h"
#include "base/log.h"
#include "base/unique_fd.h"
#include "confine/privileges.h"
#include "confine/restrict.h"
#include "crypto/secret.h"
#include "keeper/cpu_evidence.h"

namespace redoubt {
namespace {

constexpr int kNoSuchArguments = 2;
constexpr int kFailed = 3;
constexpr std::array<const char*, 2> kDevices{"/dev/sev-guest", "/dev/nsm"};
constexpr const char* kGramine = "/dev/attestation";

struct AttesterArguments {
  int socket = -1;
  int ready = -1;
  std::optional<attest::Kind> kind;
  std::string tsm_request;  // a request of configfs-tsm; empty: there is none
  std::vector<std::pair<attest::Role, std::string>> files;
  std::optional<confine::UserIds> user;
  bool require_confinement = false;
};

template <class T>
bool read_number(std::string_view text, T& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size();
}

bool read_user(std::string_view value, std::optional<confine::UserIds>& out) {
  const std::size_t colon = value.find(':');
  out.emplace();
  return colon != std::string_view::npos && read_number(value.substr(0, colon), out->user) &&
         read_number(value.substr(colon + 1), out->group);
}

bool read_file_argument(std::string_view value, AttesterArguments& out) {
  const std::size_t colon = value.find(':');
  const auto role = attest::find_role(value.substr(0, colon));
  if (colon == std::string_view::npos || !role) return false;
  out.files.emplace_back(*role, value.substr(colon + 1));
  return true;
}

std::optional<AttesterArguments> parse_attester(std::span<char* const> arguments) {
  AttesterArguments out;
  for (const std::string_view argument : arguments) {
    const std::size_t equals = argument.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    const std::string_view name = argument.substr(0, equals);
    const std::string_view value = argument.substr(equals + 1);
    int flag = 0;
    bool good = false;
    if (name == "--socket") good = read_number(value, out.socket);
    if (name == "--ready-fd") good = read_number(value, out.ready);
    if (name == "--kind") good = (out.kind = attest::find_kind(value)).has_value();
    if (name == "--file") good = read_file_argument(value, out);
    if (name == "--user") good = read_user(value, out.user);
    if (name == "--require-confinement") good = read_number(value, flag);
    if (name == "--tsm-request") {
      out.tsm_request = value;
      good = true;
    }
    if (!good) return std::nullopt;
    out.require_confinement = out.require_confinement || flag != 0;
  }
  if (out.socket < 0 || out.ready < 0 || !out.kind) return std::nullopt;
  return out;
}

// Linux, but devices were opened while that was permitted.
class OpenedGuest final : public attest::GuestInterface {
 public:
  void open_devices() {
    for (const char* path : kDevices) {
      UniqueFd fd(::open(path, O_RDWR | O_CLOEXEC));
      if (fd.valid()) devices_.emplace_back(path, std::move(fd));
    }
  }

  bool exists(const std::string& path) override { return find(path) != nullptr || linux_.exists(path); }
  Result<Bytes> read(const std::string& path, std::size_t limit) override { return linux_.read(path, limit); }
  Result<> write(const std::string& path, ByteView bytes) override { return linux_.write(path, bytes); }
  Result<> make_directory(const std::string& path) override { return linux_.make_directory(path); }
  Result<> remove_directory(const std::string& path) override { return linux_.remove_directory(path); }
  Result<> control(const std::string& path, unsigned long request, void* argument) override {
    const UniqueFd* const device = find(path);
    if (device == nullptr) return Error(Errc::kNotFound, "`" + path + "` was not opened");
    if (::ioctl(device->get(), request, argument) != 0) return errno_error("cannot ask `" + path + "`", errno);
    return {};
  }

  std::vector<int> descriptors() const {
    std::vector<int> out;
    for (const auto& [path, fd] : devices_) out.push_back(fd.get());
    return out;
  }

 private:
  const UniqueFd* find(std::string_view path) const {
    for (const auto& [name, fd] : devices_) {
      if (name == path) return &fd;
    }
    return nullptr;
  }

  attest::LinuxGuestInterface linux_;
  std::vector<std::pair<std::string, UniqueFd>> devices_;
};

// The attributes of a request, as the kernel makes them, become our user's: some take writes of their owner alone.
Result<> give_request(int folder, const confine::UserIds& user) {
  UniqueFd copy(::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const auto close = [](DIR* open) { ::closedir(open); };
  const std::unique_ptr<DIR, decltype(close)> dir(copy.valid() ? ::fdopendir(copy.get()) : nullptr, close);
  if (!dir) return errno_error("cannot list the request of configfs-tsm", errno);
  if (::fchown(copy.get(), user.user, user.group) != 0) {
    return errno_error("cannot give the request of configfs-tsm to the attester", errno);
  }
  [[maybe_unused]] const int owned_by_dir = copy.release();
  while (const dirent* entry = ::readdir(dir.get())) {
    const std::string_view name = entry->d_name;
    if (name == "." || name == "..") continue;
    if (::fchownat(folder, entry->d_name, user.user, user.group, AT_SYMLINK_NOFOLLOW) != 0) {
      return errno_error("cannot give `" + std::string(name) + "` of configfs-tsm to the attester", errno);
    }
  }
  return {};
}

std::string path_of_open(const UniqueFd& folder) {
  return "/proc/self/fd/" + std::to_string(folder.get());
}

// Requests that the two devices take; /dev/nsm has one alone.
constexpr std::array kDeviceRequests{static_cast<std::uint32_t>(SNP_GET_EXT_REPORT),
                                     static_cast<std::uint32_t>(_IOC(_IOC_READ | _IOC_WRITE, 0x0a, 0x0, 32))};

Result<> confine_attester(const AttesterArguments& arguments, const UniqueFd& request, const OpenedGuest& guest) {
  confine::Restrictions wanted;
  if (request.valid()) wanted.files.push_back({path_of_open(request), confine::FileUse::kWrite});
  if (arguments.kind == attest::Kind::kSgx) {
    wanted.files.push_back({.path = kGramine, .use = confine::FileUse::kWrite, .optional = true});
  }
  wanted.syscalls.add(confine::runtime_syscalls());
  wanted.syscalls.add(confine::read_file_syscalls());
  wanted.syscalls.add(confine::write_file_syscalls());
  wanted.syscalls.add({.name = "futex"});  // of what is made once, in libraries, also when the process ends
  for (const int fd : guest.descriptors()) {
    for (const std::uint32_t asked : kDeviceRequests) {
      wanted.syscalls.add(
          {"ioctl", {confine::argument_is(0, static_cast<std::uint32_t>(fd)), confine::argument_is(1, asked)}});
    }
  }
  const auto report = confine::restrict_process(wanted);
  if (!report) return report.error();
  return confine::log_confinement("attester", *report, arguments.require_confinement);
}

Result<std::vector<attest::Endorsement>> read_endorsements(const AttesterArguments& arguments) {
  PosixFileSystem fs;
  std::vector<attest::Endorsement> out;
  for (const auto& [role, path] : arguments.files) {
    auto bytes = read_file(fs, path, CpuEvidence::kAnswerMax);
    if (!bytes) return bytes.error().in("`enclave.endorsements`");
    out.push_back({*arguments.kind, role, *std::move(bytes)});
  }
  return out;
}

void tell(int ready, const std::string& line) {
  const std::string text = line + "\n";
  [[maybe_unused]] const ssize_t ignored = ::write(ready, text.data(), text.size());
  ::close(ready);
}

// Up to where the first question may be answered.
struct PreparedAttester {
  std::unique_ptr<OpenedGuest> guest = std::make_unique<OpenedGuest>();  // the producer's
  UniqueFd request;
  std::unique_ptr<attest::Producer> producer;
};

Result<PreparedAttester> prepare_attester(const AttesterArguments& arguments) {
  PreparedAttester out;
  const std::array keep{arguments.socket, arguments.ready};
  if (auto done = confine::close_other_descriptors(keep); !done) return done.error();
  attest::ProducerOptions options;
  auto endorsements = read_endorsements(arguments);
  if (!endorsements) return endorsements.error();
  options.endorsements = *std::move(endorsements);
  options.tsm_folder.clear();
  if (!arguments.tsm_request.empty()) {
    out.request = UniqueFd(::open(arguments.tsm_request.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!out.request.valid()) return errno_error("cannot open `" + arguments.tsm_request + "`", errno);
    if (arguments.user) {
      if (auto done = give_request(out.request.get(), *arguments.user); !done) return done.error();
    }
    options.tsm_request = path_of_open(out.request);
  }
  out.guest->open_devices();
  // OpenSSL reads its own configuration with its first use, which is now.
  std::array<std::byte, 1> first_use;
  crypto::random_bytes(first_use);
  if (auto done = confine::shed_privileges(arguments.user); !done) return done.error();
  for (auto& each : attest::find_producers(*out.guest, options)) {
    if (!out.producer && each->kind() == *arguments.kind) out.producer = std::move(each);
  }
  if (!out.producer) {
    return Error(Errc::kUnavailable, "no interface of this machine's makes evidence of the kind `" +
                                         std::string(attest::to_string(*arguments.kind)) + "`");
  }
  if (auto done = confine_attester(arguments, out.request, *out.guest); !done) return done.error();
  return out;
}

}  // namespace

int run_cpu_attester(std::span<char* const> arguments) {
  const auto parsed = parse_attester(arguments);
  if (!parsed) {
    std::fprintf(stderr, "redoubt-keeper: these are no arguments of `attest`\nIt is started by `redoubt serve`.\n");
    return kNoSuchArguments;
  }
  ::prctl(PR_SET_NAME, "redoubt-attest");
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGINT, SIG_IGN);  // the launcher decides when it goes
  const auto prepared = prepare_attester(*parsed);
  if (!prepared) {
    tell(parsed->ready, "failed " + std::string(prepared.error().message()));
    return kFailed;
  }
  tell(parsed->ready, "ok " + std::string(prepared->producer->interface()));
  const auto ended = answer_questions(parsed->socket, *prepared->producer);
  if (ended) return 0;
  log::error("attester", "stopped", {{"why", ended.error().message()}});
  return kFailed;
}

}  // namespace redoubt
