#include "redoubt/enclave.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <thread>

#include "base/file.h"
#include "base/log.h"
#include "crypto/sha256.h"
#include "encoding/base64.h"
#include "redoubt/children.h"
#include "redoubt/commands.h"
#include "redoubt/confinement.h"
#include "tpm/attestation_key.h"
#include "tpm/measurement_log.h"
#include "tpm/pcr.h"
#include "tpm/tpm.h"

namespace redoubt::app {
namespace {

constexpr const char* kDefaultDevice = "/dev/tpmrm0";
constexpr std::array<const char*, 2> kSwtpmPrograms{"/usr/bin/swtpm", "/usr/local/bin/swtpm"};
constexpr const char* kSocket = "socket";  // in swtpm's folder
constexpr std::chrono::seconds kStartTime{10};
constexpr std::uint64_t kMaxProgramBytes = std::uint64_t{1} << 30;

const char* find_swtpm() {
  const auto* const found = std::find_if(kSwtpmPrograms.begin(), kSwtpmPrograms.end(),
                                         [](const char* path) { return ::access(path, X_OK) == 0; });
  return found == kSwtpmPrograms.end() ? nullptr : *found;
}

Result<> give(const std::string& path, const std::optional<confine::UserIds>& user) {
  if (!user || ::chown(path.c_str(), user->user, user->group) == 0) return {};
  return errno_error("cannot give `" + path + "` to the keeper", errno);
}

// Written here, read by the keeper.
Result<> write_for_keeper(const std::string& path, ByteView bytes, const std::optional<confine::UserIds>& user) {
  PosixFileSystem fs;
  if (auto done = write_file_atomically(fs, path, bytes); !done) return done;
  if (::chmod(path.c_str(), 0600) != 0) return errno_error("cannot set the mode of `" + path + "`", errno);
  return give(path, user);
}

Result<crypto::Sha256Digest> digest_of_file(const std::string& path) {
  PosixFileSystem fs;
  auto bytes = read_file(fs, path, kMaxProgramBytes);
  if (!bytes) return bytes.error();
  return crypto::sha256(*bytes);
}

Result<> ensure_folder(const Layout& layout, const std::optional<confine::UserIds>& user) {
  const std::string path = layout.measured();
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return errno_error("cannot make `" + path + "`", errno);
  return give(path, user);
}

// What was measured since the machine started: a server that is started again goes on with it.
Result<tpm::MeasurementLog> read_log(tpm::Tpm& tpm, const Layout& layout) {
  const auto now = tpm::read_pcrs(tpm, {Enclave::kProgramPcr, Enclave::kConfigurationPcr});
  if (!now) return now.error();
  const bool fresh =
      std::all_of(now->begin(), now->end(), [](const auto& pcr) { return pcr.second == crypto::Sha256Digest{}; });
  if (fresh) return tpm::MeasurementLog();
  PosixFileSystem fs;
  auto bytes = read_file(fs, layout.measurements(), tpm::MeasurementLog::kMaxBytes);
  if (!bytes) {
    if (bytes.error().code() != Errc::kNotFound) return bytes.error();
    return Error(Errc::kConflict, "the TPM's registers 12 and 13 are used by somebody else");
  }
  auto log = tpm::MeasurementLog::decode(*bytes);
  if (!log) return log.error().in("`" + layout.measurements() + "`");
  return log;
}

std::vector<tpm::Measurement> of_register(const std::vector<tpm::Measurement>& all, unsigned pcr) {
  std::vector<tpm::Measurement> out;
  std::copy_if(all.begin(), all.end(), std::back_inserter(out), [&](const auto& each) { return each.pcr == pcr; });
  return out;
}

// Adds what a register does not end with already.
Result<> add_new(tpm::MeasurementLog& log, const std::vector<tpm::Measurement>& wanted) {
  for (const unsigned pcr : {Enclave::kProgramPcr, Enclave::kConfigurationPcr}) {
    const auto last = of_register(log.measurements(), pcr);
    const auto now = of_register(wanted, pcr);
    if (last.size() >= now.size() && std::equal(now.rbegin(), now.rend(), last.rbegin())) continue;
    for (const tpm::Measurement& each : now) {
      if (auto done = log.add(each); !done) return done;
    }
  }
  return {};
}

}  // namespace

std::string find_tpm() {
  const std::string device = std::string("device:") + kDefaultDevice;
  if (::access(kDefaultDevice, R_OK | W_OK) == 0 && tpm::Tpm::open(device)) return device;
  return find_swtpm() == nullptr ? std::string() : std::string(kSoftwareTpm);
}

Result<> check_tpm(const std::string& tpm) {
  if (tpm == kSoftwareTpm && find_swtpm() == nullptr) return Error(Errc::kUnavailable, "there is no swtpm here");
  if (!tpm.starts_with(kTpmDevice)) return {};
  const std::string path = tpm.substr(tpm.find('/'));
  if (::access(path.c_str(), R_OK | W_OK) != 0) return errno_error("cannot open `" + path + "`", errno);
  return {};
}

std::vector<std::string> measured_programs(const std::string& folder) {
  std::vector<std::string> out;
  for (const char* name : {"redoubt", "redoubt-keeper"}) {
    out.push_back(folder.empty() ? sibling_program(name) : folder + "/" + name);
  }
  return out;
}

Result<tpm::MeasurementLog> expected_measurements(const std::vector<std::string>& programs,
                                                  const std::string& configuration) {
  tpm::MeasurementLog log;
  const auto add = [&](unsigned pcr, std::string name, const crypto::Sha256Digest& digest) {
    return log.add({.pcr = pcr, .name = std::move(name), .value = to_bytes(digest)});
  };
  for (const std::string& path : programs) {
    const auto digest = digest_of_file(path);
    if (!digest) return digest.error();
    const std::string name = "program." + std::filesystem::path(path).filename().string();
    if (auto done = add(Enclave::kProgramPcr, name, *digest); !done) return done.error();
  }
  auto done = add(Enclave::kConfigurationPcr, "configuration", crypto::sha256(as_bytes(configuration)));
  if (!done) return done.error();
  return log;
}

void Enclave::tidy(const Layout& layout) {
  const UniqueFd folder(::open(layout.software_tpm().c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (folder.valid()) ::unlinkat(folder.get(), kSocket, 0);
}

Result<tpm::Tpm> Enclave::open(const Layout& layout, const std::string& tpm,
                               const std::optional<confine::UserIds>& user) {
  // It has errors of its own, in its own words on standard error; ours are in the log.
  ::setenv("TSS2_LOG", "all+NONE", 0);
  if (tpm == kSoftwareTpm) {
    if (auto done = start_software(layout, user); !done) return done.error();
  } else {
    where_ = keepers_tpm_ = tpm;
  }
  auto opened = tpm::Tpm::open(where_);
  const auto until = std::chrono::steady_clock::now() + kStartTime;
  while (!opened && swtpm_ > 0 && std::chrono::steady_clock::now() < until) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    opened = tpm::Tpm::open(where_);
  }
  if (!opened) return opened.error().in("the TPM of `enclave.tpm`");
  return opened;
}

Result<> Enclave::start(const Layout& layout, const Settings& settings) {
  if (settings.tpm.empty()) return {};
  auto tpm = open(layout, settings.tpm, settings.user);
  if (!tpm) return tpm.error();
  if (auto done = ensure_folder(layout, settings.user); !done) return done;
  auto log = read_log(*tpm, layout);
  if (!log) return log.error();
  const auto wanted = expected_measurements(settings.programs, settings.configuration);
  if (!wanted) return wanted.error().in("measuring");
  if (auto done = add_new(*log, wanted->measurements()); !done) return done.error().in("measuring");
  if (auto done = write_for_keeper(layout.measurements(), log->encode(), settings.user); !done) return done;
  if (auto done = tpm::catch_up(*tpm, *log); !done) return done.error().in("measuring");
  log::info("launcher", "measured", {{"tpm", settings.tpm}, {"vendor", tpm->identity().vendor}});
  return {};
}

Result<> Enclave::start_software(const Layout& layout, const std::optional<confine::UserIds>& user) {
  const char* const program = find_swtpm();
  if (program == nullptr) return Error(Errc::kUnavailable, "there is no swtpm here, which `enclave.tpm` asks for");
  const std::string path = layout.software_tpm();
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return errno_error("cannot make `" + path + "`", errno);
  if (auto done = give(path, user); !done) return done;
  folder_ = UniqueFd(::open(path.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!folder_.valid()) return errno_error("cannot open `" + path + "`", errno);
  // By the open folder, since the name of a socket is short.
  where_ = "swtpm:path=" + path_of_descriptor(folder_.get()) + "/" + kSocket;
  keepers_tpm_ = "swtpm:path=" + std::filesystem::path(path).filename().string() + "/" + kSocket;
  const pid_t launcher = ::getpid();
  swtpm_ = ::fork();
  if (swtpm_ < 0) return errno_error("cannot start swtpm", errno);
  if (swtpm_ > 0) return {};
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  if (::fchdir(folder_.get()) != 0 || !confine::shed_privileges(user)) ::_exit(kFailure);
  become_child("swtpm", launcher);
  exec_program({program, "socket", "--tpm2", "--tpmstate", "dir=.", "--server",
                std::string("type=unixio,path=") + kSocket, "--flags", "not-need-init,startup-clear"},
               {});
}

bool Enclave::ended(pid_t child, int status) {
  if (child != swtpm_) return false;
  swtpm_ = -1;
  log::error("launcher", "swtpm ended: nothing attests any more", {{"how", describe_end(status)}});
  return true;
}

Result<> Enclave::publish_attestation_key(const Layout& layout) {
  PosixFileSystem fs;
  const auto bytes = read_file(fs, layout.attestation_key(), tpm::AttestationKey::kMaxBytes);
  if (!bytes) return bytes.error();
  const auto key = tpm::AttestationKey::decode(*bytes);
  if (!key) return key.error().in("`" + layout.attestation_key() + "`");
  const std::string digest = encoding::hex(key->public_key().spki_sha256()) + "\n";
  if (auto done = write_file_atomically(fs, layout.attestation_key_digest(), as_bytes(digest)); !done) return done;
  ::chmod(layout.attestation_key_digest().c_str(), 0644);
  return {};
}

void Enclave::stop() {
  if (swtpm_ <= 0) return;
  ::kill(swtpm_, SIGTERM);
  ::waitpid(swtpm_, nullptr, 0);
  swtpm_ = -1;
}

}  // namespace redoubt::app
