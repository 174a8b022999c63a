// The launcher: makes rings and listeners, starts keeper, gateway and, where people are to be told of incidents, the
// notifier, and ends with the first two. It parses nothing from outside but its own configuration (serving.h), and
// forks before any thread runs.
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "attest/lease.h"
#include "base/config.h"
#include "base/file.h"
#include "base/log.h"
#include "base/pass_file.h"
#include "base/shm_ring.h"
#include "crypto/secret.h"
#include "encoding/base64.h"
#include "gateway/witnesses.h"
#include "ledger/wire.h"
#include "redoubt/administration.h"
#include "redoubt/bundle_files.h"
#include "redoubt/children.h"
#include "redoubt/commands.h"
#include "redoubt/confinement.h"
#include "redoubt/descriptor_pairs.h"
#include "redoubt/enclave.h"
#include "redoubt/gateway_settings.h"
#include "redoubt/layout.h"
#include "redoubt/notifier_child.h"
#include "redoubt/processor.h"
#include "redoubt/serving.h"
#include "redoubt/start_check.h"
#include "sealing/activation_approval.h"
#ifdef REDOUBT_ATTACKED
#include "redoubt/attack_hook.h"
#endif

namespace redoubt::app {
namespace {

// A way to the keeper, and the listener of whoever has it.
struct Ring {
  SharedRing requests;
  SharedRing answers;
  UniqueFd wake;
  UniqueFd listener;

  static Result<Ring> make(UniqueFd listener) {
    auto requests = SharedRing::create(ledger::kRequestRingBytes);
    if (!requests) return requests.error();
    auto answers = SharedRing::create(ledger::kAnswerRingBytes);
    if (!answers) return answers.error();
    UniqueFd wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!wake.valid()) return errno_error("cannot make an eventfd", errno);
    return Ring{*std::move(requests), *std::move(answers), std::move(wake), std::move(listener)};
  }
};

// The launcher holds the upstream's credentials, too.
void leave_no_core_dump() {
  ::prctl(PR_SET_DUMPABLE, 0);
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
}

constexpr std::size_t kMaxReadyBytes = 64 * 1024;

// One byte means ready, and what follows to the end is returned; the end without it means that the child failed, and
// said why in its log.
std::optional<std::string> wait_ready(Pipe& pipe) {
  pipe.write.reset();
  std::string said;
  std::array<char, 4096> buffer;
  while (said.size() < kMaxReadyBytes) {
    const ssize_t n = ::read(pipe.read.get(), buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    said.append(buffer.data(), static_cast<std::size_t>(n));
  }
  if (said.empty()) return std::nullopt;
  return said.substr(1);
}

class Launcher {
 public:
  Launcher(const Common& common, const ServeOptions& options) : layout_(common.dir), options_(options) {}

  Result<> run();

 private:
  Result<> prepare();
  Result<> make_rings();
  Result<> open_admin_socket();
  Result<> start_enclave();
  Result<> read_activation_approval();
  Result<> run_children();
  Result<> start_keeper();
  Result<> start_gateway();
  Result<> supervise();
  void wait_for_something(const UniqueFd& signals);
  Result<> publish_authority(const std::string& pem);
  void announce();
  Result<> send_certificate();
  Result<> check_next_start() const;
  Result<> send_bundle();
  void send_files_again();
  [[noreturn]] void exec_keeper(const Pipe& ready);
  [[noreturn]] void be_gateway(Pipe& ready);
  Result<> run_gateway(gateway::GatewaySettings& settings, Pipe& ready);
  void lock_key_pages(const gateway::GatewaySettings& settings) const;
  Result<> enter_ledger(const std::vector<int>& keep);

  const Layout layout_;
  const ServeOptions options_;
  Serving serving_;
  ProcessUsers users_;
  UniqueFd lock_;
  UniqueFd state_folder_;
  std::vector<Ring> rings_;  // of the cores, then the administration's
  UniqueFd admin_socket_;    // its other listener
  UniqueFd keeper_wake_;
  Pipe keeper_alive_;
  // Files go through them; ours is the launcher's end, theirs the gateway's.
  SocketPair bundle_;
  SocketPair certificate_;
  SocketPair certificate_key_;
  StartAnswers start_answers_;
  NotifierChild notifier_;
  Enclave enclave_;
  Processor processor_;
  // Of what was sent last: the gateway is forked with it, and does not compile it again.
  std::shared_ptr<const gateway::Inspection> inspection_;
  std::string bundle_digest_;    // of what was sent last
  std::string approved_bundle_;  // by approvers, to come into force with this start; empty: none
  sigset_t signals_{};
  pid_t launcher_ = 0;
  pid_t keeper_ = -1;
  pid_t gateway_ = -1;
};

Result<> Launcher::run() {
  if (auto done = prepare(); !done) return done;
  auto ended = start_enclave();
  if (ended) ended = read_activation_approval();
  if (ended) ended = run_children();
  processor_.stop();
  enclave_.stop();
  return ended;
}

Result<> Launcher::run_children() {
  if (auto done = start_keeper(); !done) return done;
  if (auto done = start_gateway(); !done) {
    ::kill(keeper_, SIGTERM);
    ::waitpid(keeper_, nullptr, 0);
    return done;
  }
  announce();
  auto ended = supervise();
  for (const std::string& path : {layout_.address(), layout_.admin_address(), layout_.admin_socket()}) {
    ::unlink(path.c_str());
  }
  return ended;
}

Result<> Launcher::prepare() {
  leave_no_core_dump();
  auto serving = read_serving(layout_, options_);
  if (!serving) return serving.error();
  serving_ = *std::move(serving);

  auto users = find_process_users(serving_.settings);
  if (!users) return users.error();
  users_ = *users;
  if (!users_.keeper && !users_.gateway) {
    log::warning("launcher", "keeper and gateway run as one user",
                 {{"user", static_cast<std::uint64_t>(::geteuid())}, {"why", "not started as root, or configured so"}});
  }
  PosixFileSystem fs;
  if (auto done = fs.make_directory(layout_.run()); !done) return done;
  lock_ = UniqueFd(::open((layout_.run() + "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!lock_.valid()) return errno_error("cannot open the lock file", errno);
  if (::flock(lock_.get(), LOCK_EX | LOCK_NB) != 0) {
    return Error(Errc::kUnavailable, "another server runs from `" + layout_.root + "`");
  }
  Enclave::tidy(layout_);
  if (auto done = take_over(layout_, users_); !done) return done;
  state_folder_ = UniqueFd(::open(layout_.state().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!state_folder_.valid()) return errno_error("cannot open `" + layout_.state() + "`", errno);
  for (SocketPair* pair : {&bundle_, &certificate_, &certificate_key_}) {
    auto made = SocketPair::make(SOCK_SEQPACKET);
    if (!made) return made.error();
    *pair = *std::move(made);
  }
  if (auto done = start_answers_.prepare(); !done) return done;
  if (auto done = notifier_.prepare(
          {.dir = layout_.root, .user = users_.notifier, .require_confinement = serving_.settings.require_confinement});
      !done) {
    return done;
  }
  for (const auto& done : {send_bundle(), send_certificate()}) {
    if (!done) return done;
  }
  if (auto done = make_rings(); !done) return done;
  if (auto done = open_admin_socket(); !done) return done;
  keeper_wake_ = UniqueFd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!keeper_wake_.valid()) return errno_error("cannot make an eventfd", errno);
  auto alive = Pipe::make();
  if (!alive) return alive.error();
  keeper_alive_ = *std::move(alive);

  launcher_ = ::getpid();
  sigemptyset(&signals_);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGCHLD}) sigaddset(&signals_, signal);
  ::sigprocmask(SIG_BLOCK, &signals_, nullptr);
  return {};
}

// One for each core, all bound to one port, also when the system chose it; then the administration's.
Result<> Launcher::make_rings() {
  const auto bind = [](std::string& address) -> Result<UniqueFd> {
    auto listener = net::bind_tcp(address);
    if (!listener) return listener.error();
    address = address.substr(0, address.rfind(':') + 1) + std::to_string(net::bound_port(listener->get()));
    return listener;
  };
  for (unsigned i = 0; i <= serving_.settings.threads; ++i) {
    auto listener = bind(i < serving_.settings.threads ? serving_.settings.listen : serving_.settings.admin_listen);
    if (!listener) return listener.error();
    auto ring = Ring::make(*std::move(listener));
    if (!ring) return ring.error();
    rings_.push_back(*std::move(ring));
  }
  return {};
}

// Whom its mode and the folder let in may connect; who they are, their keys say. By the open folder, since the name of
// a socket is short.
Result<> Launcher::open_admin_socket() {
  const UniqueFd folder(::open(layout_.run().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!folder.valid()) return errno_error("cannot open `" + layout_.run() + "`", errno);
  auto listener = net::bind_unix(path_of_descriptor(folder.get()) + "/" + layout_.admin_socket_name());
  if (!listener) return listener.error();
  admin_socket_ = *std::move(listener);
  return {};
}

Result<> Launcher::start_enclave() {
  PosixFileSystem fs;
  auto configuration = read_file(fs, layout_.config(), ConfigFile::kMaxSizeBytes);
  if (!configuration) return configuration.error();
  auto done = enclave_.start(layout_, {.tpm = serving_.settings.tpm,
                                       .user = users_.keeper,
                                       .programs = measured_programs(),
                                       .configuration = std::string(as_chars(*configuration))});
  if (!done) return done;
  return processor_.start(layout_, {.evidence = serving_.settings.cpu,
                                    .user = users_.attester,
                                    .require_confinement = serving_.settings.require_confinement});
}

// Whose word it is, and whether it holds, the keeper says: with a TPM it starts with no other bundle than the one in
// force but by such a word.
Result<> Launcher::read_activation_approval() {
  if (enclave_.tpm().empty()) return {};
  PosixFileSystem fs;
  const auto word = sealing::read_activation_approval(fs, layout_.approvals());
  if (!word) return word.error();
  if (*word && "sha256:" + encoding::hex((*word)->bundle) == bundle_digest_) approved_bundle_ = bundle_digest_;
  return {};
}

Result<> Launcher::start_keeper() {
  auto ready = Pipe::make();
  if (!ready) return ready.error();
  keeper_ = ::fork();
  if (keeper_ < 0) return errno_error("cannot start the keeper", errno);
  if (keeper_ == 0) exec_keeper(*ready);
  keeper_alive_.write.reset();  // the keeper's alone from now on
  processor_.close_keepers_end();
  if (const auto authority = wait_ready(*ready)) {
    Result<> done;
    if (!enclave_.tpm().empty()) done = Enclave::publish_attestation_key(layout_);
    if (done && !authority->empty()) done = publish_authority(*authority);
    if (!done) {
      ::kill(keeper_, SIGTERM);
      ::waitpid(keeper_, nullptr, 0);
    }
    return done;
  }
  int status = 0;
  ::waitpid(keeper_, &status, 0);
  return Error(Errc::kUnavailable, "the keeper did not start (" + describe_end(status) + "); its log says why");
}

void Launcher::exec_keeper(const Pipe& ready) {
  become_child("redoubt-keeper", launcher_);
  ::sigprocmask(SIG_UNBLOCK, &signals_, nullptr);  // the gateway takes them from a descriptor instead
  std::vector<std::string> arguments{
      sibling_program("redoubt-keeper"),
      "--dir=" + layout_.keeper(),
      "--approvals=" + layout_.approvals(),
      "--ledger=" + layout_.ledger(),
      "--origin=" + serving_.settings.origin,
      "--version=" REDOUBT_VERSION,
      "--segment-bytes=" + std::to_string(serving_.settings.segment_bytes),
      "--free-space-reserve=" + std::to_string(serving_.settings.free_space_reserve),
      "--cpu=" + std::to_string(options_.keeper_cpu),
      "--wake-fd=" + std::to_string(keeper_wake_.get()),
      "--ready-fd=" + std::to_string(ready.write.get()),
      "--alive-fd=" + std::to_string(keeper_alive_.write.get()),
      "--require-confinement=" + std::to_string(serving_.settings.require_confinement ? 1 : 0),
  };
  for (const Settings::Tenant& tenant : serving_.settings.tenants) {
    arguments.push_back("--tenant=" + tenant.log.name + ":" + std::to_string(tenant.quota));
  }
  if (!serving_.settings.witness_policy.empty()) {
    arguments.push_back("--witness-policy=" + layout_.configured(serving_.settings.witness_policy));
    arguments.push_back("--witnesses-required=" + std::to_string(serving_.settings.witness_required ? 1 : 0));
  }
  if (!enclave_.tpm().empty()) {
    arguments.push_back("--tpm=" + enclave_.tpm());
    arguments.push_back("--bundle=" + bundle_digest_);
  }
  if (users_.keeper) {
    arguments.push_back("--user=" + std::to_string(users_.keeper->user) + ":" + std::to_string(users_.keeper->group));
  }
  if (serving_.keeper_certifies()) {
    for (const std::string& name : serving_.settings.tls_names) arguments.push_back("--tls-name=" + name);
    arguments.push_back("--tls-leaf-life-ms=" + std::to_string(serving_.settings.tls_leaf_life.count()));
  }
  std::vector<int> keep{keeper_wake_.get(), ready.write.get(), keeper_alive_.write.get()};
  if (serving_.settings.cpu.kind) {
    arguments.push_back("--cpu-evidence=" + std::to_string(processor_.keepers_end()) + ":" +
                        std::string(attest::to_string(*serving_.settings.cpu.kind)));
    keep.push_back(processor_.keepers_end());
  }
  for (const Ring& ring : rings_) {
    arguments.push_back("--ring=" + std::to_string(ring.requests.fd()) + ":" + std::to_string(ring.answers.fd()) + ":" +
                        std::to_string(ring.wake.get()));
    for (const int fd : {ring.requests.fd(), ring.answers.fd(), ring.wake.get()}) keep.push_back(fd);
  }
  exec_program(std::move(arguments), keep);
}

// The keeper's folder is its own; callers need the authority's certificate where they can read it.
Result<> Launcher::publish_authority(const std::string& pem) {
  PosixFileSystem fs;
  const std::string path = layout_.tls_authority();
  if (auto done = write_file_atomically(fs, path, as_bytes(pem)); !done) return done;
  ::chmod(path.c_str(), 0644);
  return {};
}

Result<> Launcher::start_gateway() {
  auto ready = Pipe::make();
  if (!ready) return ready.error();
  gateway_ = ::fork();
  if (gateway_ < 0) return errno_error("cannot start the gateway", errno);
  if (gateway_ == 0) be_gateway(*ready);
  keeper_alive_.read.reset();
  for (SocketPair* pair : {&bundle_, &certificate_, &certificate_key_}) pair->theirs.reset();
  start_answers_.close_gateway_end();
  notifier_.close_gateway_ends();
  rings_.clear();  // listeners and rings are the children's
  admin_socket_.reset();
  if (wait_ready(*ready).has_value()) return {};
  int status = 0;
  ::waitpid(gateway_, &status, 0);
  return Error(Errc::kUnavailable, "the gateway did not start (" + describe_end(status) + "); its log says why");
}

void Launcher::be_gateway(Pipe& ready) {
  become_child("redoubt-gateway", launcher_);
  auto settings = gateway_settings(layout_, serving_);
  const Result<> ended = settings ? run_gateway(*settings, ready) : settings.error();
  if (!ended) log::error("gateway", "stopped", {{"why", ended.error().message()}});
  std::fflush(nullptr);
  ::_exit(ended ? kSuccess : kFailure);
}

// Each caller's connection may have a private key in memory, and one to the upstream; each core keeps what it shares
// with who asks for evidence.
void Launcher::lock_key_pages(const gateway::GatewaySettings& settings) const {
  const std::size_t tls_sides = (settings.tls.on ? 1 : 0) + (settings.upstream_url.tls ? 1 : 0);
  const auto tls_witnesses = static_cast<std::size_t>(
      std::count_if(serving_.witness_urls.begin(), serving_.witness_urls.end(), [](const auto& u) { return u.tls; }));
  const std::size_t of_core = tls_sides * settings.server_limits.max_connections + attest::LeaseProver::kAskersMax;
  if (!crypto::init_secure_heap(serving_.settings.threads * of_core + tls_witnesses * gateway::Witnesses::kMaxAtOnce)) {
    log::warning("gateway", "key pages cannot be locked in memory");
  }
}

Result<> Launcher::run_gateway(gateway::GatewaySettings& settings, Pipe& ready) {
  lock_key_pages(settings);
  settings.cpus = options_.gateway_cpus;
  settings.tls.certificate_socket = certificate_.theirs.get();
  settings.tls.key_socket = certificate_key_.theirs.get();
  std::vector<int> keep{
      bundle_.theirs.get(),       certificate_.theirs.get(),  certificate_key_.theirs.get(),  state_folder_.get(),
      admin_socket_.get(),        keeper_wake_.get(),         keeper_alive_.read.get(),       ready.write.get(),
      notifier_.gateway_socket(), notifier_.gateway_wanted(), start_answers_.gateway_socket()};
  std::vector<gateway::CoreHandles> handles;
  for (Ring& ring : rings_) {
    handles.push_back({std::move(ring.listener), UniqueFd(::dup(ring.requests.fd())),
                       UniqueFd(::dup(ring.answers.fd())), std::move(ring.wake)});
    const gateway::CoreHandles& core = handles.back();
    for (const UniqueFd* fd : {&core.listener, &core.request_ring, &core.answer_ring, &core.wake}) {
      keep.push_back(fd->get());
    }
  }
  rings_.clear();
  settings.confine = [this, &settings, state_folder = state_folder_.get()] {
    auto confined =
        confine_gateway(serving_.settings, users_.gateway, settings.upstream_url, serving_.witness_urls, state_folder);
#ifdef REDOUBT_ATTACKED
    if (confined) attack::start_agent();
#endif
    return confined;
  };
#ifdef REDOUBT_ATTACKED
  keep.push_back(attack::agent_descriptor());
#endif
  if (auto done = enter_ledger(keep); !done) return done;
  AdministrationHandles own{.core = std::move(handles.back()),
                            .socket = std::move(admin_socket_),
                            .bundle = std::move(bundle_.theirs),
                            .start_question = start_answers_.take_gateway_socket(),
                            .notifier = notifier_.take_gateway_socket(),
                            .notifier_wanted = notifier_.take_gateway_wanted(),
                            .state_folder = std::move(state_folder_)};
  handles.pop_back();
  AdministrationSettings administered = administration_settings(serving_.settings, approved_bundle_);
  administered.record_time = settings.record_time;
  auto administration = StateAdministration::create(std::move(administered), std::move(own), keeper_wake_.get());
  if (!administration) return administration.error();
  settings.features = &(*administration)->features();
  return gateway::run_gateway(settings, std::move(handles), **administration, (*administration)->meters(),
                              std::move(keeper_wake_), std::move(keeper_alive_.read), std::move(ready.write));
}

// The ledger is all that the gateway sees of the folder. Every other descriptor is closed, also those that objects of
// the launcher still name: this process ends without their destructors.
Result<> Launcher::enter_ledger(const std::vector<int>& keep) {
  if (::chdir(layout_.ledger().c_str()) != 0) return errno_error("cannot enter the ledger's folder", errno);
  return confine::close_other_descriptors(keep);
}

// An address that can be called: of all addresses, the loopback one.
std::string callable(const std::string& address, const net::ListenAddress& listen) {
  if (!listen.unspecified) return address;
  return (listen.host.find(':') == std::string::npos ? "127.0.0.1" : "[::1]") + address.substr(address.rfind(':'));
}

void Launcher::announce() {
  const std::string scheme = serving_.settings.tls ? "https://" : "http://";
  const std::string url = scheme + callable(serving_.settings.listen, serving_.listen);
  const auto admin = net::parse_listen_address(serving_.settings.admin_listen);  // was checked
  const std::string admin_url = scheme + callable(serving_.settings.admin_listen, *admin);
  PosixFileSystem fs;
  // For other commands; without them they need --url.
  for (const auto& [path, text] : {std::pair(layout_.address(), url), std::pair(layout_.admin_address(), admin_url)}) {
    if (auto done = write_file_atomically(fs, path, as_bytes(text + "\n")); !done) {
      log::warning("launcher", "cannot write the address file", {{"why", done.error().message()}});
    }
  }
  std::printf("listening on %s%s\n", url.c_str(), serving_.listen.unspecified ? " and every other address" : "");
  if (serving_.keeper_certifies()) std::printf("trust in %s\n", layout_.tls_authority().c_str());
  std::printf("administration on %s and %s\n", admin_url.c_str(), layout_.admin_socket().c_str());
  std::fflush(stdout);
}

// Read, checked and packed here: what does not validate is not sent, and the person who starts it sees why.
Result<> Launcher::send_bundle() {
  PosixFileSystem fs;
  auto read = read_valid_bundle(fs, layout_);
  if (!read) return read.error();
  inspection_ = std::move(read->loaded.inspection);
  bundle_digest_ = read->bundle.digest();
  const std::string* const notices = read->bundle.find(kNotify);
  notifier_.offer(notices == nullptr ? std::string_view() : *notices);
  return send_bytes(bundle_.ours.get(), as_bytes(read->bundle.pack()));
}

// The gateway may not open the files of its certificate: they are sent.
Result<> Launcher::send_certificate() {
  if (serving_.settings.tls_certificate.empty()) return {};
  if (auto done = send_file(certificate_.ours.get(), serving_.settings.tls_certificate); !done) {
    return done.error().in("TLS certificate");
  }
  if (auto done = send_file(certificate_key_.ours.get(), serving_.settings.tls_key); !done) {
    return done.error().in("TLS key");
  }
  return {};
}

Result<> Launcher::check_next_start() const {
  PosixFileSystem fs;
  const auto next = load_settings(fs, layout_.config());
  if (!next) return next.error();
  return check_start(layout_, StartNeeds::of(*next));
}

// The signal says that they were sent; what could not be is kept as it was, and the other changes all the same.
void Launcher::send_files_again() {
  if (gateway_ <= 0) return;
  const Result<> starts = check_next_start();
  for (const auto& done : {starts ? send_bundle() : starts, send_certificate()}) {
    if (!done) log::error("launcher", "a file is kept", {{"why", done.error().message()}});
  }
  ::kill(gateway_, SIGHUP);
  notifier_.restart();
}

// Waits until a signal has come, or the gateway has said which notifier it wants, or asks whether a server would start,
// or an attester is ready, or a notifier or an attester is to be started.
void Launcher::wait_for_something(const UniqueFd& signals) {
  std::int64_t timeout_ms = -1;
  for (const auto& wake : {notifier_.wake_at(), processor_.wake_at()}) {
    if (!wake) continue;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(*wake - std::chrono::steady_clock::now());
    const auto left_ms = std::clamp<std::int64_t>(left.count(), 0, 60'000);
    timeout_ms = timeout_ms < 0 ? left_ms : std::min(timeout_ms, left_ms);
  }
  std::array<pollfd, 4> wait{{{.fd = signals.get(), .events = POLLIN, .revents = 0},
                              {.fd = notifier_.wanted_fd(), .events = POLLIN, .revents = 0},
                              {.fd = start_answers_.fd(), .events = POLLIN, .revents = 0},
                              {.fd = processor_.ready_fd(), .events = POLLIN, .revents = 0}}};
  ::poll(wait.data(), wait.size(), static_cast<int>(timeout_ms));
  if (wait[1].revents != 0) notifier_.hear_what_is_wanted();
  if (wait[2].revents != 0) start_answers_.answer(layout_);
  if (wait[3].revents != 0) processor_.hear();
  notifier_.act();
  processor_.act();
}

// Ends when all children have ended. Of keeper and gateway one that ends unasked ends the other: a half is no Redoubt.
// The notifier goes last; it and the attester are started again.
Result<> Launcher::supervise() {
  const UniqueFd signals(::signalfd(-1, &signals_, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals.valid()) return errno_error("cannot wait for signals", errno);
  bool stopping = false;
  std::string failure;
  while (gateway_ > 0 || keeper_ > 0 || notifier_.running()) {
    signalfd_siginfo info{};
    if (::read(signals.get(), &info, sizeof info) != sizeof info) {
      wait_for_something(signals);
      continue;
    }
    if (info.ssi_signo == SIGHUP) {
      send_files_again();
      continue;
    }
    if (info.ssi_signo != SIGCHLD) {
      stopping = true;
      if (gateway_ > 0) ::kill(gateway_, SIGTERM);
      continue;
    }
    int status = 0;
    for (pid_t child = ::waitpid(-1, &status, WNOHANG); child > 0; child = ::waitpid(-1, &status, WNOHANG)) {
      if (notifier_.ended(child, status) || enclave_.ended(child, status) || processor_.ended(child, status)) continue;
      const bool gateway = child == gateway_;
      if (!gateway && child != keeper_) continue;
      processor_.start_no_more();
      const bool clean = WIFEXITED(status) && WEXITSTATUS(status) == 0;
      const bool expected = stopping && clean && (gateway || gateway_ < 0);
      if (!expected && failure.empty()) {
        failure = std::string(gateway ? "the gateway" : "the keeper") + " ended with " + describe_end(status);
      }
      if (gateway) {
        gateway_ = -1;
        notifier_.stop();
        if (keeper_ > 0) ::kill(keeper_, SIGTERM);  // what it still has on its rings, it keeps
      } else {
        keeper_ = -1;
        // The gateway learns it from the pipe and drains; this makes sure.
        if (gateway_ > 0) ::kill(gateway_, SIGTERM);
      }
    }
  }
  if (!failure.empty()) return Error(Errc::kUnavailable, failure);
  return {};
}

}  // namespace

int run_serve(const Common& common, const ServeOptions& options) {
  if (auto ended = Launcher(common, options).run(); !ended) return report(ended.error(), common.json);
  return kSuccess;
}

}  // namespace redoubt::app
