// The launcher: makes rings and listeners, starts keeper, gateway and, where people are to be told of incidents, the
// notifier, and ends with the first two. It parses nothing from
// outside but its own configuration, and forks before any thread runs.
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
#include <filesystem>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "attest/appraisal.h"
#include "attest/lease.h"
#include "base/config.h"
#include "base/file.h"
#include "base/log.h"
#include "base/pass_file.h"
#include "base/shm_ring.h"
#include "crypto/certificate.h"
#include "crypto/secret.h"
#include "crypto/sha256.h"
#include "encoding/base64.h"
#include "gateway/witnesses.h"
#include "ledger/wire.h"
#include "redoubt/administration.h"
#include "redoubt/bundle_files.h"
#include "redoubt/children.h"
#include "redoubt/commands.h"
#include "redoubt/confinement.h"
#include "redoubt/enclave.h"
#include "redoubt/layout.h"
#include "redoubt/notifier_child.h"
#include "redoubt/processor.h"
#include "redoubt/settings.h"
#include "redoubt/start_check.h"
#include "sealing/activation_approval.h"
#include "tlog/trust_policy.h"
#ifdef REDOUBT_ATTACKED
#include "redoubt/attack_hook.h"
#endif

namespace redoubt::app {
namespace {

struct Pipe {
  UniqueFd read;
  UniqueFd write;

  static Result<Pipe> make() {
    int fds[2];
    if (::pipe2(fds, O_CLOEXEC) != 0) return errno_error("cannot make a pipe", errno);
    return Pipe{UniqueFd(fds[0]), UniqueFd(fds[1])};
  }
};

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

// A pair of sockets that carries files from the launcher to the gateway.
struct FilePath {
  UniqueFd launcher;
  UniqueFd gateway;

  static Result<FilePath> make() {
    int fds[2];
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) != 0) {
      return errno_error("cannot make a pair of sockets", errno);
    }
    return FilePath{UniqueFd(fds[0]), UniqueFd(fds[1])};
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

// For which names the keeper makes certificates when the configuration does not say.
std::vector<std::string> default_tls_names(const net::ListenAddress& listen) {
  std::vector<std::string> names{"localhost", "127.0.0.1", "::1"};
  std::array<char, 65> host{};
  std::string more = listen.host;
  if (listen.unspecified) {
    more = ::gethostname(host.data(), host.size() - 1) == 0 ? host.data() : "";
  }
  if (crypto::check_certificate_name(more) && std::find(names.begin(), names.end(), more) == names.end()) {
    names.push_back(more);
  }
  return names;
}

class Launcher {
 public:
  Launcher(const Common& common, const ServeOptions& options) : layout_(common.dir), options_(options) {}

  Result<> run();

 private:
  Result<> prepare();
  Result<> read_settings();
  Result<> check_flags() const;
  Result<> check_listen_addresses();
  Result<> read_witness_policy();
  Result<> read_upstream_key();
  Result<> make_rings();
  Result<> open_admin_socket();
  Result<> start_enclave();
  Result<> read_activation_approval();
  Result<> run_children();
  Result<> start_keeper();
  Result<> start_gateway();
  Result<> supervise();
  void wait_for_something(const UniqueFd& signals);
  // Whether callers see certificates of the keeper's.
  bool keeper_certifies() const { return settings_.tls && settings_.tls_certificate.empty(); }
  Result<> publish_authority(const std::string& pem);
  void announce();
  Result<> send_certificate();
  Result<> check_next_start() const;
  Result<> send_bundle();
  void send_files_again();
  std::optional<attest::AppraisalPolicy> own_tier() const;
  gateway::GatewaySettings gateway_settings() const;
  AdministrationSettings administration_settings() const;
  [[noreturn]] void exec_keeper(const Pipe& ready);
  [[noreturn]] void be_gateway(Pipe& ready);
  Result<> enter_ledger(const std::vector<int>& keep);

  const Layout layout_;
  const ServeOptions options_;
  Settings settings_;
  ProcessUsers users_;
  net::ListenAddress listen_;
  UniqueFd lock_;
  UniqueFd state_folder_;
  std::vector<Ring> rings_;  // of the cores, then the administration's
  UniqueFd admin_socket_;    // its other listener
  UniqueFd keeper_wake_;
  Pipe keeper_alive_;
  FilePath bundle_;
  FilePath certificate_;
  FilePath certificate_key_;
  StartAnswers start_answers_;
  NotifierChild notifier_;
  Enclave enclave_;
  Processor processor_;
  // Of what was sent last: the gateway is forked with it, and does not compile it again.
  std::shared_ptr<const gateway::Inspection> inspection_;
  std::string bundle_digest_;    // of what was sent last
  std::string approved_bundle_;  // by approvers, to come into force with this start; empty: none
  sigset_t signals_{};
  std::string upstream_key_;
  std::vector<net::UpstreamUrl> witness_urls_;
  bool has_quorum_ = false;  // whether the witness policy has one
  std::string log_key_;      // with witnesses: the system log's verifier key
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
  if (auto done = read_settings(); !done) return done;
  if (auto done = check_listen_addresses(); !done) return done;
  if (auto done = read_witness_policy(); !done) return done;
  if (auto done = read_upstream_key(); !done) return done;

  auto users = find_process_users(settings_);
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
  for (FilePath* path : {&bundle_, &certificate_, &certificate_key_}) {
    auto made = FilePath::make();
    if (!made) return made.error();
    *path = *std::move(made);
  }
  if (auto done = start_answers_.prepare(); !done) return done;
  if (auto done = notifier_.prepare(
          {.dir = layout_.root, .user = users_.notifier, .require_confinement = settings_.require_confinement});
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

Result<> Launcher::read_settings() {
  PosixFileSystem fs;
  auto settings = load_settings(fs, layout_.config());
  if (!settings) {
    if (settings.error().code() == Errc::kNotFound) {
      return Error(Errc::kNotFound,
                   "`" + layout_.root + "` is not initialised: run `redoubt init --dir " + layout_.root + "`");
    }
    return settings.error();
  }
  settings_ = *std::move(settings);
  if (auto done = check_flags(); !done) return done;
  if (!options_.listen.empty()) settings_.listen = options_.listen;
  if (!options_.admin_listen.empty()) settings_.admin_listen = options_.admin_listen;
  if (!options_.upstream.empty()) settings_.upstream_url = options_.upstream;
  if (options_.tls) settings_.tls = true;
  // What the command line says in place of the file is held to the same.
  if (settings_.upstream_evidence.is_asked() && !settings_.upstream_url.starts_with("https://")) {
    return Error(Errc::kInvalidArgument, "the upstream is to be attested, which takes TLS: its URL must be https://");
  }
  if (settings_.caller_evidence.is_asked() && !settings_.tls) {
    return Error(Errc::kInvalidArgument, "callers are to be attested, which takes TLS: add `--tls`");
  }
  if (options_.allow_plain_http) settings_.allow_plain_http = true;
  return {};
}

// What a server does is in redoubt.toml, which a TPM is told. On which processors it runs is nobody's to approve.
Result<> Launcher::check_flags() const {
  if (settings_.tpm.empty()) return {};
  for (const auto& [flag, given, key] :
       {std::tuple("--listen", !options_.listen.empty(), "gateway.listen"),
        std::tuple("--admin-listen", !options_.admin_listen.empty(), "admin.listen"),
        std::tuple("--upstream", !options_.upstream.empty(), "upstream.url"),
        std::tuple("--tls", options_.tls, "gateway.tls"),
        std::tuple("--allow-plain-http", options_.allow_plain_http, "gateway.allow_plain_http")}) {
    if (!given) continue;
    return Error(Errc::kInvalidArgument, "`" + std::string(flag) +
                                             "` is not taken by a server with a TPM, which is "
                                             "told of redoubt.toml alone: set `" +
                                             key + "` there");
  }
  return {};
}

Result<> Launcher::check_listen_addresses() {
  for (const std::string& address : {settings_.admin_listen, settings_.listen}) {
    auto listen = net::parse_listen_address(address);
    if (!listen) return listen.error();
    listen_ = *std::move(listen);
    if (settings_.tls || settings_.allow_plain_http || listen_.loopback) continue;
    return Error(Errc::kInvalidArgument, "other machines can reach `" + address +
                                             "`, and without TLS the network reads keys and prompts: add `--tls`, or "
                                             "`--allow-plain-http` if something before Redoubt speaks TLS");
  }
  if (settings_.tls_names.empty()) settings_.tls_names = default_tls_names(listen_);
  // A network may be trusted, so this is no error; an improper URL is the gateway's to refuse.
  if (const auto upstream = net::UpstreamUrl::parse(settings_.upstream_url); upstream && upstream->in_the_clear()) {
    log::warning("launcher", "prompts, answers and the upstream's key cross the network in the clear",
                 {{"upstream", upstream->host}, {"why", "its URL is http, and no loopback address"}});
  }
  return {};
}

Result<> Launcher::read_upstream_key() {
  if (settings_.upstream_key_file.empty()) return {};
  PosixFileSystem fs;
  auto key = read_file(fs, settings_.upstream_key_file, 4096);
  if (!key) return key.error();
  upstream_key_ = std::string(as_chars(*key));
  while (!upstream_key_.empty() && (upstream_key_.back() == '\n' || upstream_key_.back() == '\r')) {
    upstream_key_.pop_back();
  }
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
  for (unsigned i = 0; i <= settings_.threads; ++i) {
    auto listener = bind(i < settings_.threads ? settings_.listen : settings_.admin_listen);
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

Result<> Launcher::read_witness_policy() {
  if (settings_.witness_policy.empty()) return {};
  PosixFileSystem fs;
  const std::string path = layout_.configured(settings_.witness_policy);
  auto text = read_file(fs, path, tlog::kMaxPolicySize);
  if (!text) return text.error().in("`witness.policy`");
  settings_.witness_policy_text = as_chars(*text);
  auto policy = gateway::parse_witness_policy(settings_.witness_policy_text, settings_.witness_required);
  if (!policy) return policy.error().in("`" + path + "`");
  witness_urls_ = gateway::witness_urls(*policy);
  has_quorum_ = policy->needs_witnesses();
  auto key = read_file(fs, layout_.verifier_key(), tlog::kMaxVerifierKeySize);
  if (!key) return key.error();
  const std::string_view line = as_chars(*key);
  log_key_ = line.substr(0, line.find_first_of("\r\n"));
  return {};
}

Result<> Launcher::start_enclave() {
  PosixFileSystem fs;
  auto configuration = read_file(fs, layout_.config(), ConfigFile::kMaxSizeBytes);
  if (!configuration) return configuration.error();
  auto done = enclave_.start(layout_, {.tpm = settings_.tpm,
                                       .user = users_.keeper,
                                       .programs = measured_programs(),
                                       .configuration = std::string(as_chars(*configuration))});
  if (!done) return done;
  return processor_.start(
      layout_,
      {.evidence = settings_.cpu, .user = users_.attester, .require_confinement = settings_.require_confinement});
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
      "--origin=" + settings_.origin,
      "--version=" REDOUBT_VERSION,
      "--segment-bytes=" + std::to_string(settings_.segment_bytes),
      "--free-space-reserve=" + std::to_string(settings_.free_space_reserve),
      "--cpu=" + std::to_string(options_.keeper_cpu),
      "--wake-fd=" + std::to_string(keeper_wake_.get()),
      "--ready-fd=" + std::to_string(ready.write.get()),
      "--alive-fd=" + std::to_string(keeper_alive_.write.get()),
      "--require-confinement=" + std::to_string(settings_.require_confinement ? 1 : 0),
  };
  for (const Settings::Tenant& tenant : settings_.tenants) {
    arguments.push_back("--tenant=" + tenant.log.name + ":" + std::to_string(tenant.quota));
  }
  if (!settings_.witness_policy.empty()) {
    arguments.push_back("--witness-policy=" + layout_.configured(settings_.witness_policy));
    arguments.push_back("--witnesses-required=" + std::to_string(settings_.witness_required ? 1 : 0));
  }
  if (!enclave_.tpm().empty()) {
    arguments.push_back("--tpm=" + enclave_.tpm());
    arguments.push_back("--bundle=" + bundle_digest_);
  }
  if (users_.keeper) {
    arguments.push_back("--user=" + std::to_string(users_.keeper->user) + ":" + std::to_string(users_.keeper->group));
  }
  if (keeper_certifies()) {
    for (const std::string& name : settings_.tls_names) arguments.push_back("--tls-name=" + name);
    arguments.push_back("--tls-leaf-life-ms=" + std::to_string(settings_.tls_leaf_life.count()));
  }
  std::vector<int> keep{keeper_wake_.get(), ready.write.get(), keeper_alive_.write.get()};
  if (settings_.cpu.kind) {
    arguments.push_back("--cpu-evidence=" + std::to_string(processor_.keepers_end()) + ":" +
                        std::string(attest::to_string(*settings_.cpu.kind)));
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
  for (FilePath* path : {&bundle_, &certificate_, &certificate_key_}) path->gateway.reset();
  start_answers_.close_gateway_end();
  notifier_.close_gateway_ends();
  rings_.clear();  // listeners and rings are the children's
  admin_socket_.reset();
  if (wait_ready(*ready).has_value()) return {};
  int status = 0;
  ::waitpid(gateway_, &status, 0);
  return Error(Errc::kUnavailable, "the gateway did not start (" + describe_end(status) + "); its log says why");
}

// How the server judges itself, if it is to: by its own attestation key. What is reached through a device counts as
// hardware or a cloud's, unless software is all that is demanded.
std::optional<attest::AppraisalPolicy> Launcher::own_tier() const {
  if (settings_.min_tier == attest::Tier::kNone) return std::nullopt;
  crypto::Sha256Digest key{};  // without one nothing is accepted
  PosixFileSystem fs;
  const auto text = read_file(fs, layout_.attestation_key_digest(), 1024);
  const auto bytes = text ? encoding::hex_decode(as_chars(*text).substr(0, 2 * key.size())) : text;
  if (bytes && bytes->size() == key.size()) std::copy(bytes->begin(), bytes->end(), key.begin());
  const bool is_device = settings_.tpm.starts_with(kTpmDevice);
  // The processor's tier takes its evidence, under the vendor's authority or the one configured, whatever it measured.
  const bool by_cpu = settings_.cpu.kind && settings_.min_tier >= attest::Tier::kCpuTee;
  const bool is_hardware = is_device && !by_cpu && settings_.min_tier > attest::Tier::kSoftwareTpm;
  auto policy = attest::pinned_tpm_policy(key, is_hardware);
  if (by_cpu) {
    attest::PartPolicy cpu{.kind = *settings_.cpu.kind, .policy = {}, .need_reference = false};
    cpu.policy.pinned_root = settings_.cpu.root;
    policy.parts.emplace("cpu", std::move(cpu));
  }
  policy.min_tier = settings_.min_tier;
  return policy;
}

gateway::GatewaySettings Launcher::gateway_settings() const {
  gateway::GatewaySettings out{
      .origin = settings_.origin,
      .tenants = {},
      .version = REDOUBT_VERSION,
      .ledger_directory = ".",  // the gateway's working folder
      .upstream_url = {},
      .upstream = {.name = settings_.upstream_name,
                   .provider = settings_.upstream_provider,
                   .authorization = upstream_key_.empty() ? "" : "Bearer " + upstream_key_,
                   .max_reply_bytes = settings_.max_reply_bytes,
                   .max_stream_bytes = settings_.max_stream_bytes,
                   .max_held_bytes = settings_.server.max_held_bytes,
                   .attested = settings_.upstream_evidence.is_asked()},
      .upstream_evidence = settings_.upstream_evidence,
      .upstream_mutual = settings_.upstream_mutual,
      .caller_evidence = settings_.caller_evidence,
      .caller_evidence_required = settings_.caller_evidence_required,
      .tls = {.on = settings_.tls,
              .certificate_path = settings_.tls_certificate,
              .certificate_socket = certificate_.gateway.get(),
              .key_socket = certificate_key_.gateway.get()},
      .witnesses = {.policy = settings_.witness_policy_text, .log_key = log_key_, .timeout = settings_.witness_timeout},
      .server_limits = settings_.server,
      .client_limits = settings_.client,
      .drain_grace = settings_.drain_grace,
      .denial_interval = settings_.denial_interval,
      .ledger_timeout = settings_.ledger_timeout,
      .own_tier = own_tier(),
      .commit = settings_.commit,
      .has_quorum = has_quorum_,
      .cpus = options_.gateway_cpus,
  };
  for (const Settings::Tenant& tenant : settings_.tenants) out.tenants.push_back(tenant.log);
  if (!settings_.upstream_ca_file.empty()) {
    out.client_limits.ca_file = std::filesystem::absolute(settings_.upstream_ca_file).string();
  }
  return out;
}

AdministrationSettings Launcher::administration_settings() const {
  AdministrationSettings out{.origin = settings_.origin,
                             .version = REDOUBT_VERSION,
                             .operator_name = "uid:" + std::to_string(::getuid()),
                             .approved_bundle = approved_bundle_,
                             .tenants = {},
                             .ledger_directory = ".",
                             .tls = settings_.tls,
                             .drain_grace = settings_.drain_grace,
                             .denial_interval = settings_.denial_interval,
                             .ledger_timeout = settings_.ledger_timeout,
                             .meters = settings_.meters};
  for (const Settings::Tenant& tenant : settings_.tenants) out.tenants.push_back(tenant.log);
  return out;
}

void Launcher::be_gateway(Pipe& ready) {
  become_child("redoubt-gateway", launcher_);
  // Each caller's connection may have one to the upstream; and each core keeps what it shares with who asks for
  // evidence.
  auto url = net::UpstreamUrl::parse(settings_.upstream_url);
  const std::size_t tls_sides = (settings_.tls ? 1 : 0) + (url && url->tls ? 1 : 0);
  const auto tls_witnesses = static_cast<std::size_t>(
      std::count_if(witness_urls_.begin(), witness_urls_.end(), [](const auto& u) { return u.tls; }));
  const std::size_t of_core = tls_sides * settings_.server.max_connections + attest::LeaseProver::kAskersMax;
  if (!crypto::init_secure_heap(settings_.threads * of_core + tls_witnesses * gateway::Witnesses::kMaxAtOnce)) {
    log::warning("gateway", "key pages cannot be locked in memory");
  }
  gateway::GatewaySettings settings = gateway_settings();
  Result<> ended;
  if (url) {
    settings.upstream_url = *std::move(url);
    // OpenAI clients write the base URL with `/v1`; the gateway adds it itself.
    if (settings.upstream_url.base_path.ends_with("/v1")) {
      settings.upstream_url.base_path.resize(settings.upstream_url.base_path.size() - 3);
    }
    std::vector<int> keep{
        bundle_.gateway.get(),      certificate_.gateway.get(), certificate_key_.gateway.get(), state_folder_.get(),
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
      auto confined = confine_gateway(settings_, users_.gateway, settings.upstream_url, witness_urls_, state_folder);
#ifdef REDOUBT_ATTACKED
      if (confined) attack::start_agent();
#endif
      return confined;
    };
#ifdef REDOUBT_ATTACKED
    keep.push_back(attack::agent_descriptor());
#endif
    ended = enter_ledger(keep);
    if (ended) {
      AdministrationHandles own{.core = std::move(handles.back()),
                                .socket = std::move(admin_socket_),
                                .bundle = std::move(bundle_.gateway),
                                .start_question = start_answers_.take_gateway_socket(),
                                .notifier = notifier_.take_gateway_socket(),
                                .notifier_wanted = notifier_.take_gateway_wanted(),
                                .state_folder = std::move(state_folder_)};
      handles.pop_back();
      AdministrationSettings administered = administration_settings();
      administered.record_time = settings.record_time;
      auto administration = StateAdministration::create(std::move(administered), std::move(own), keeper_wake_.get());
      if (administration) settings.features = &(*administration)->features();
      ended = administration
                  ? gateway::run_gateway(settings, std::move(handles), **administration, (*administration)->meters(),
                                         std::move(keeper_wake_), std::move(keeper_alive_.read), std::move(ready.write))
                  : Result<>(administration.error());
    }
  } else {
    ended = url.error();
  }
  if (!ended) log::error("gateway", "stopped", {{"why", ended.error().message()}});
  std::fflush(nullptr);
  ::_exit(ended ? kSuccess : kFailure);
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
  const std::string scheme = settings_.tls ? "https://" : "http://";
  const std::string url = scheme + callable(settings_.listen, listen_);
  const auto admin = net::parse_listen_address(settings_.admin_listen);  // was checked
  const std::string admin_url = scheme + callable(settings_.admin_listen, *admin);
  PosixFileSystem fs;
  // For other commands; without them they need --url.
  for (const auto& [path, text] : {std::pair(layout_.address(), url), std::pair(layout_.admin_address(), admin_url)}) {
    if (auto done = write_file_atomically(fs, path, as_bytes(text + "\n")); !done) {
      log::warning("launcher", "cannot write the address file", {{"why", done.error().message()}});
    }
  }
  std::printf("listening on %s%s\n", url.c_str(), listen_.unspecified ? " and every other address" : "");
  if (keeper_certifies()) std::printf("trust in %s\n", layout_.tls_authority().c_str());
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
  return send_bytes(bundle_.launcher.get(), as_bytes(read->bundle.pack()));
}

// The gateway may not open the files of its certificate: they are sent.
Result<> Launcher::send_certificate() {
  if (settings_.tls_certificate.empty()) return {};
  if (auto done = send_file(certificate_.launcher.get(), settings_.tls_certificate); !done) {
    return done.error().in("TLS certificate");
  }
  if (auto done = send_file(certificate_key_.launcher.get(), settings_.tls_key); !done) {
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
// or a notifier is to be started.
void Launcher::wait_for_something(const UniqueFd& signals) {
  int timeout_ms = -1;
  if (const auto wake = notifier_.wake_at()) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(*wake - std::chrono::steady_clock::now());
    timeout_ms = static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 60'000));
  }
  std::array<pollfd, 3> wait{{{.fd = signals.get(), .events = POLLIN, .revents = 0},
                              {.fd = notifier_.wanted_fd(), .events = POLLIN, .revents = 0},
                              {.fd = start_answers_.fd(), .events = POLLIN, .revents = 0}}};
  ::poll(wait.data(), wait.size(), timeout_ms);
  if (wait[1].revents != 0) notifier_.hear_what_is_wanted();
  if (wait[2].revents != 0) start_answers_.answer(layout_);
  notifier_.act();
}

// Ends when all children have ended. Of keeper and gateway one that ends unasked ends the other: a half is no Redoubt.
// The notifier goes last, and is started again.
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
