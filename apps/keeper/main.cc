// redoubt-keeper: owns the ledger, its signer and the wrapping key. No network, no bytes from outside; what reaches it
// comes over the rings that the launcher made, from a gateway that it does not trust. Started by `redoubt serve`, and
// by commands that need a private key of its own, on errands (run_errand.h). As `redoubt-keeper attest` it is another
// process, which asks the processor for evidence (cpu_attester.h).
#include <fcntl.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/file.h"
#include "base/log.h"
#include "base/short_turns.h"
#include "base/standard_fds.h"
#include "confine/privileges.h"
#include "confine/restrict.h"
#include "crypto/secret.h"
#include "encoding/base64.h"
#include "keeper/cpu_attester.h"
#include "keeper/cpu_evidence.h"
#include "keeper/keys_at_rest.h"
#include "keeper/run_errand.h"
#include "keeper/signer_statement.h"
#include "keeper/tpm_attester.h"
#include "keys/dictionary_opener.h"
#include "keys/key_store.h"
#include "keys/tls_authority.h"
#include "ledger/attesting_thread.h"
#include "ledger/keeper.h"
#include "ledger/ledger.h"
#include "sealing/activation_approval.h"
#include "sealing/keeper_keys.h"
#include "tpm/tpm.h"

namespace redoubt {
namespace {

// A quote takes hardware a second; whoever stops us waits for the one under way.
constexpr std::chrono::seconds kTpmTime{15};

// What the launcher says, as arguments `--name=value`; it is ours, so anything wrong here stops the program.
struct Arguments {
  std::string dir;
  std::string approvals;  // a folder: of what may open the keys, where they are sealed
  std::string ledger;
  std::string origin;
  struct Tenant {
    std::string name;
    std::uint64_t quota = 0;  // bytes; 0: none
  };
  std::vector<Tenant> tenants;
  std::string witness_policy;  // path of a C2SP tlog-policy file; empty: no witnesses
  bool witnesses_required = false;
  std::string tpm;     // where it is, from `dir`; empty: nothing attests
  std::string bundle;  // with a TPM: the digest of what the operator's files are
  // With a TPM: where the sockets of those come from who ask the processor, and for what; -1: no evidence by it.
  int cpu_fd = -1;
  std::optional<attest::Kind> cpu_kind;
  std::string version;
  std::uint64_t segment_bytes = 0;
  keys::LeafPolicy tls;  // without names: this keeper certifies no TLS keys
  std::uint64_t free_space_reserve = 0;
  int cpu = -1;
  int wake_fd = -1;
  int ready_fd = -1;
  int alive_fd = -1;  // held open while this process lives, and not used
  std::optional<confine::UserIds> user;
  bool require_confinement = false;
  struct Ring {
    int requests = -1;
    int answers = -1;
    int wake = -1;
  };
  std::vector<Ring> rings;
};

[[noreturn]] void usage(std::string_view problem) {
  std::fprintf(stderr, "redoubt-keeper: %s\nThis program is started by `redoubt serve`.\n",
               std::string(problem).c_str());
  std::exit(2);
}

template <class T>
T number(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) usage("`" + std::string(text) + "` is not a number");
  return value;
}

Arguments parse(int argc, char** argv) {
  Arguments out;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    const std::size_t equals = argument.find('=');
    if (equals == std::string_view::npos) usage("unknown argument `" + std::string(argument) + "`");
    const std::string_view name = argument.substr(0, equals);
    const std::string_view value = argument.substr(equals + 1);
    if (name == "--dir")
      out.dir = value;
    else if (name == "--approvals")
      out.approvals = value;
    else if (name == "--ledger")
      out.ledger = value;
    else if (name == "--origin")
      out.origin = value;
    else if (name == "--witness-policy")
      out.witness_policy = value;
    else if (name == "--witnesses-required")
      out.witnesses_required = number<int>(value) != 0;
    else if (name == "--tpm")
      out.tpm = value;
    else if (name == "--bundle")
      out.bundle = value;
    else if (name == "--cpu-evidence") {
      const std::size_t colon = value.find(':');
      if (colon == std::string_view::npos) usage("`--cpu-evidence` is `socket:kind`");
      out.cpu_fd = number<int>(value.substr(0, colon));
      out.cpu_kind = attest::find_kind(value.substr(colon + 1));
      if (!out.cpu_kind) usage("`--cpu-evidence` names no kind");
    } else if (name == "--version")
      out.version = value;
    else if (name == "--segment-bytes")
      out.segment_bytes = number<std::uint64_t>(value);
    else if (name == "--tls-name")
      out.tls.names.emplace_back(value);
    else if (name == "--tls-leaf-life-ms")
      out.tls.life = std::chrono::milliseconds(number<std::int64_t>(value));
    else if (name == "--free-space-reserve")
      out.free_space_reserve = number<std::uint64_t>(value);
    else if (name == "--cpu")
      out.cpu = number<int>(value);
    else if (name == "--wake-fd")
      out.wake_fd = number<int>(value);
    else if (name == "--ready-fd")
      out.ready_fd = number<int>(value);
    else if (name == "--alive-fd")
      out.alive_fd = number<int>(value);
    else if (name == "--require-confinement")
      out.require_confinement = number<int>(value) != 0;
    else if (name == "--tenant") {
      const std::size_t colon = value.find(':');
      if (colon == std::string_view::npos) usage("`--tenant` is `name:quota`");
      out.tenants.push_back({std::string(value.substr(0, colon)), number<std::uint64_t>(value.substr(colon + 1))});
    } else if (name == "--user") {
      const std::size_t colon = value.find(':');
      if (colon == std::string_view::npos) usage("`--user` is `user:group`");
      out.user = {.user = number<uid_t>(value.substr(0, colon)), .group = number<gid_t>(value.substr(colon + 1))};
    } else if (name == "--ring") {
      const std::size_t a = value.find(':');
      const std::size_t b = a == std::string_view::npos ? a : value.find(':', a + 1);
      if (b == std::string_view::npos) usage("`--ring` is `requests:answers:wake`");
      out.rings.push_back({number<int>(value.substr(0, a)), number<int>(value.substr(a + 1, b - a - 1)),
                           number<int>(value.substr(b + 1))});
    } else {
      usage("unknown argument `" + std::string(argument) + "`");
    }
  }
  if (out.dir.empty() || out.approvals.empty() || out.ledger.empty() || out.origin.empty() || out.wake_fd < 0 ||
      out.ready_fd < 0 || out.alive_fd < 0 || out.rings.empty()) {
    usage("arguments are missing");
  }
  return out;
}

// Redoubt's folder, for messages that say what to do.
std::string redoubt_folder(const Arguments& arguments) {
  return arguments.approvals.substr(0, arguments.approvals.rfind('/'));
}

// Where keys are sealed, a TPM that is not the one it was is a matter of recovery.
Error about_tpm(FileSystem& fs, const Error& why, const Arguments& arguments) {
  const auto sealed = sealing::is_sealed(fs, ".");
  if (!sealed || !*sealed || why.code() == Errc::kUnavailable) return why;
  return {why.code(), why.message() + "; if this is another TPM, or it was cleared: " +
                          sealing::recovery_advice(redoubt_folder(arguments))};
}

// How the keys rest in the folder that we are in, the keeper's. Sealed ones open in a state that was approved.
Result<sealing::KeeperKeys> open_keys(FileSystem& fs, tpm::Tpm* tpm, std::span<const sealing::KeptApproval> approvals,
                                      const Arguments& arguments) {
  const auto begun = std::chrono::steady_clock::now();
  auto opened = open_keys_at_rest(fs, tpm, approvals, redoubt_folder(arguments));
  if (!opened || opened->version == 0) return opened;
  const auto took = std::chrono::steady_clock::now() - begun;
  log::info("keeper", "keys unsealed",
            {{"version", opened->version}, {"took_ms", std::chrono::ceil<std::chrono::milliseconds>(took).count()}});
  return opened;
}

// What approvers of these keys said may come into force, if they said so.
std::optional<sealing::ActivationApproval> by_approvers(std::optional<sealing::ActivationApproval> word,
                                                        const std::optional<sealing::Approver>& approver) {
  if (word && approver && word->is_signed_by(approver->key, approver->purpose)) return word;
  return std::nullopt;
}

// One base64 public key a line.
Result<std::vector<crypto::Ed25519PublicKey>> load_openers(FileSystem& fs, const std::string& path) {
  auto text = read_file(fs, path, 64 * 1024);
  if (!text) return text.error();
  std::vector<crypto::Ed25519PublicKey> openers;
  for (std::string_view rest = as_chars(*text); !rest.empty();) {
    const std::size_t end = rest.find('\n');
    auto bytes = encoding::base64_decode(rest.substr(0, end));
    crypto::Ed25519PublicKey key;
    if (!bytes || bytes->size() != key.size()) return Error(Errc::kMalformed, "`" + path + "`: not a public key");
    std::copy(bytes->begin(), bytes->end(), key.begin());
    openers.push_back(key);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
  return openers;
}

int stop_pipe_write = -1;  // written by the signal handler

void on_stop_signal(int) {
  const char byte = 1;
  [[maybe_unused]] const ssize_t ignored = ::write(stop_pipe_write, &byte, 1);
}

Result<UniqueFd> open_folder(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid()) return errno_error("cannot open folder `" + path + "`", errno);
  return fd;
}

Result<> enter(const UniqueFd& folder, const std::string& path) {
  if (::fchdir(folder.get()) != 0) return errno_error("cannot enter folder `" + path + "`", errno);
  return {};
}

Result<> close_what_is_not_ours(const Arguments& arguments) {
  std::vector<int> keep{arguments.wake_fd, arguments.ready_fd, arguments.alive_fd};
  if (arguments.cpu_fd >= 0) keep.push_back(arguments.cpu_fd);
  for (const Arguments::Ring& ring : arguments.rings) keep.insert(keep.end(), {ring.requests, ring.answers, ring.wake});
  return confine::close_other_descriptors(keep);
}

std::string path_of(const UniqueFd& folder) {
  return "/proc/self/fd/" + std::to_string(folder.get());
}

// From here on: files in the ledger's folder, which is the working folder, and in that of what the TPM was told, where
// there is one, and descriptors that are open. No network.
Result<> confine_to_ledger(const Arguments& arguments, const UniqueFd& measured) {
  const bool has_tpm = measured.valid();
  confine::Restrictions wanted;
  wanted.files.push_back({".", confine::FileUse::kWrite});
  if (has_tpm) wanted.files.push_back({path_of(measured), confine::FileUse::kWrite});
  wanted.syscalls.add(confine::runtime_syscalls());
  wanted.syscalls.add(confine::thread_syscalls());
  wanted.syscalls.add(confine::short_turn_syscalls());
  wanted.syscalls.add(confine::read_file_syscalls());
  wanted.syscalls.add(confine::write_file_syscalls());
  if (has_tpm) wanted.syscalls.add({.name = "sendto"});  // on the socket of a TPM of software, which is open
  if (arguments.cpu_fd >= 0) {
    wanted.syscalls.add({"recvmsg", {confine::argument_is(0, static_cast<std::uint32_t>(arguments.cpu_fd))}});
  }
  auto report = confine::restrict_process(wanted);
  if (!report) return report.error();
  return confine::log_confinement("keeper", *report, arguments.require_confinement);
}

std::vector<std::uint64_t> quotas_by_log(const ledger::Ledger& ledger, const std::vector<Arguments::Tenant>& tenants) {
  std::vector<std::uint64_t> quotas(ledger.logs());
  for (const Arguments::Tenant& tenant : tenants) {
    const auto at = std::find(ledger.tenants().begin(), ledger.tenants().end(), tenant.name);
    if (at != ledger.tenants().end())
      quotas[static_cast<std::size_t>(at - ledger.tenants().begin()) + 1] = tenant.quota;
  }
  return quotas;
}

Result<ledger::Witnessing> load_witnesses(FileSystem& fs, const Arguments& arguments) {
  ledger::Witnessing out{.policy = std::nullopt, .required = arguments.witnesses_required};
  if (arguments.witness_policy.empty()) return out;
  auto text = read_file(fs, arguments.witness_policy, tlog::kMaxPolicySize);
  if (!text) return text.error();
  auto policy = tlog::TrustPolicy::parse(as_chars(*text));
  if (!policy) return policy.error().in("`" + arguments.witness_policy + "`");
  out.policy = *std::move(policy);
  return out;
}

// Each log has its files open.
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

Result<> serve(const Arguments& arguments) {
  raise_descriptor_limit();
  PosixFileSystem fs;
  const SystemClock clock;
  // Both folders are opened by who started us; the way to them need not be open to the keeper's own user. From then on
  // paths are relative to the folder entered.
  auto witnesses = load_witnesses(fs, arguments);
  if (!witnesses) return witnesses.error().in("witness policy");
  auto approvals = sealing::read_approvals(fs, arguments.approvals);
  if (!approvals) return approvals.error();
  auto next_bundle = sealing::read_activation_approval(fs, arguments.approvals);
  if (!next_bundle) return next_bundle.error();
  auto key_folder = open_folder(arguments.dir);
  if (!key_folder) return key_folder.error();
  auto ledger_folder = open_folder(arguments.ledger);
  if (!ledger_folder) return ledger_folder.error();
  if (auto done = enter(*key_folder, arguments.dir); !done) return done;
  // A device may be its group's alone: opened before that is shed.
  std::optional<tpm::Tpm> tpm;
  if (!arguments.tpm.empty()) {
    auto opened = tpm::Tpm::open(arguments.tpm, {.command_timeout = kTpmTime});
    if (!opened) return opened.error().in("TPM");
    tpm = *std::move(opened);
  }
  if (auto done = confine::shed_privileges(arguments.user); !done) return done;
  // One writer, whatever became of the launcher: the lock goes with the process. Taken before the key is read, which
  // may be changed only by who holds it.
  const UniqueFd lock(::open("lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!lock.valid()) return errno_error("cannot open the keeper's lock file", errno);
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    return Error(Errc::kUnavailable, "another keeper holds the ledger `" + arguments.ledger + "`");
  }
  if (auto next = fs.open("signer.next.key", OpenMode::kReadOnly); next || next.error().code() != Errc::kNotFound) {
    return Error(Errc::kUnavailable,
                 "a change of the signing key is half done: `redoubt ledger rotate-signer` finishes it");
  }
  // What the operator's files say is compared with the ledger before anything is unsealed.
  std::optional<ledger::Activation> in_force;
  if (tpm) {
    auto found = bundle_in_force(fs, "measured", path_of(*ledger_folder));
    if (!found) return found.error();
    in_force = *found;
    const auto approver = sealing::read_approver(fs, ".");
    if (!approver) return approver.error();
    if (auto done = check_bundle(in_force, arguments.bundle, by_approvers(*next_bundle, *approver)); !done) return done;
  }
  auto at_rest = open_keys(fs, tpm ? &*tpm : nullptr, *approvals, arguments);
  if (!at_rest) return at_rest.error();
  const keys::KeyStore* const store = &at_rest->store;
  // And with what the TPM knows, by approvers whom it knows, before a key of the ledger's is read.
  UniqueFd measured;
  std::optional<TpmAttester> attester;
  if (tpm) {
    auto folder = open_folder("measured");
    if (!folder) return folder.error();
    measured = *std::move(folder);
    std::optional<CpuEvidence> cpu;
    if (arguments.cpu_kind) cpu.emplace(UniqueFd(arguments.cpu_fd), *arguments.cpu_kind);
    auto attesting = TpmAttester::open(*std::move(tpm), fs, *store, path_of(measured), std::move(cpu));
    if (!attesting) return about_tpm(fs, attesting.error().in("attestation"), arguments);
    attester = *std::move(attesting);
    const auto approved = by_approvers(*next_bundle, at_rest->approver);
    if (auto done = check_bundle(in_force, arguments.bundle, approved); !done) return done;
    if (in_force) {
      if (auto done = attester->measure(*in_force); !done) return done;
    }
  }
  if (at_rest->version != 0) {
    if (auto done = sealing::write_opened_version(fs, ".", at_rest->version); !done) return done;
  }
  auto seed = store->load("signer.key", "ledger-signer", 32);
  if (!seed) return seed.error();
  auto key = crypto::Ed25519PrivateKey::from_seed(seed->reveal());
  if (!key) return key.error();
  auto signer = tlog::NoteSigner::create(arguments.origin, *std::move(key));
  if (!signer) return signer.error();
  auto wrapping_key = store->load("wrap.key", "wrap", 32);
  if (!wrapping_key) return wrapping_key.error();
  keys::KeyWrapper wrapper(*wrapping_key);
  auto openers = load_openers(fs, "openers");
  if (!openers) return openers.error();

  // A folder of an earlier version has none: then no lists of records are keyed.
  std::optional<keys::DictionaryOpener> dictionaries;
  auto dictionary_key = store->load("dictionary.key", "dictionary", 32);
  if (!dictionary_key && dictionary_key.error().code() != Errc::kNotFound) return dictionary_key.error();
  if (dictionary_key) {
    auto pair = crypto::X25519KeyPair::from_private(dictionary_key->reveal());
    if (!pair) return pair.error();
    dictionaries.emplace(*std::move(pair));
  }

  std::optional<keys::TlsAuthority> tls_authority;
  if (!arguments.tls.names.empty()) {
    auto opened = keys::TlsAuthority::open(fs, *store, ".", arguments.tls, clock);
    if (!opened) return opened.error().in("TLS authority");
    tls_authority = *std::move(opened);
  }
  int stop_pipe[2];
  if (::pipe2(stop_pipe, O_CLOEXEC | O_NONBLOCK) != 0) return errno_error("cannot make a pipe", errno);
  const UniqueFd stop_read(stop_pipe[0]);
  stop_pipe_write = stop_pipe[1];
  std::vector<std::pair<SharedRing, SharedRing>> rings;
  for (const Arguments::Ring& ring : arguments.rings) {
    auto requests = SharedRing::attach(UniqueFd(ring.requests));
    if (!requests) return requests.error();
    auto answers = SharedRing::attach(UniqueFd(ring.answers));
    if (!answers) return answers.error();
    rings.emplace_back(*std::move(requests), *std::move(answers));
  }

  // Before the first byte that another process wrote is read; but the last fact about bundles was, above.
  if (auto done = enter(*ledger_folder, arguments.ledger); !done) return done;
  key_folder->reset();
  ledger_folder->reset();
  if (auto done = confine_to_ledger(arguments, measured); !done) return done;

  std::vector<std::string> tenants;
  for (const Arguments::Tenant& tenant : arguments.tenants) tenants.push_back(tenant.name);
  auto ledger = ledger::Ledger::open(
      fs, ".", *signer, clock,
      {.tenants = std::move(tenants), .witnesses = *std::move(witnesses), .segment_bytes = arguments.segment_bytes});
  if (!ledger) return ledger.error().in("`" + arguments.ledger + "`");
  // The one thread that owns the TPM. It goes after the keeper, which asks it.
  std::optional<ledger::AttestingThread> attesting;
  std::optional<ledger::OwnRecord> own_record;
  if (attester) {
    auto statement = signer_statement(fs, *attester, *signer);
    if (!statement) return statement.error().in("evidence over the signing key");
    own_record = *std::move(statement);
    attesting.emplace([&](ByteView asked) { return attester->attest(asked); },
                      [&](const ledger::Activation& activation) { return attester->measure(activation); },
                      arguments.wake_fd);
  }
  ledger::Keeper keeper(**ledger, wrapper, clock,
                        {.free_space_reserve = arguments.free_space_reserve,
                         .quotas = quotas_by_log(**ledger, arguments.tenants),
                         .openers = *std::move(openers),
                         .product_version = arguments.version,
                         .tls_authority = tls_authority ? &*tls_authority : nullptr,
                         .dictionaries = dictionaries ? &*dictionaries : nullptr,
                         .attester = attesting ? &*attesting : nullptr,
                         .own_record = std::move(own_record)});
  for (std::size_t i = 0; i < rings.size(); ++i) {
    keeper.add_ring(RingConsumer(std::move(rings[i].first)), RingProducer(std::move(rings[i].second)),
                    arguments.rings[i].wake);
  }
  struct sigaction action{};
  action.sa_handler = on_stop_signal;
  ::sigaction(SIGTERM, &action, nullptr);

  log::info("keeper", "ledger open", {{"origin", arguments.origin}, {"entries", (*ledger)->committed_entries()}});
  // Ready is one byte. What follows, to the end, is the certificate that callers must trust, if there is one.
  const std::string ready = "\1" + (tls_authority ? tls_authority->certificate_pem() : std::string());
  if (::write(arguments.ready_fd, ready.data(), ready.size()) != static_cast<ssize_t>(ready.size())) {
    return errno_error("cannot tell the launcher", errno);
  }
  ::close(arguments.ready_fd);
  // Every core waits for its commits, and others may run on its processor.
  if (!take_short_turns()) log::warning("keeper", "the thread keeps turns of the usual length");
  auto ended = keeper.run(arguments.wake_fd, stop_read.get());
  log::info("keeper", "ledger closed",
            {{"entries", (*ledger)->committed_entries()},
             {"commits", keeper.stats().commits},
             {"checkpoints", keeper.stats().checkpoints}});
  return ended;
}

}  // namespace
}  // namespace redoubt

int main(int argc, char** argv) {
  using namespace redoubt;
  fill_standard_fds();
  if (argc > 1 && std::string_view(argv[1]) == "attest") {
    return run_cpu_attester(std::span(argv + 2, static_cast<std::size_t>(argc - 2)));
  }
  if (argc > 1 && is_errand(argv[1])) {
    ::signal(SIGPIPE, SIG_IGN);
    if (!crypto::init_secure_heap()) log::warning("keeper", "key pages cannot be locked in memory");
    return run_errand(argv[1], std::span(argv + 2, static_cast<std::size_t>(argc - 2)));
  }
  const Arguments arguments = parse(argc, argv);
  ::prctl(PR_SET_NAME, "redoubt-keeper");
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGINT, SIG_IGN);  // the launcher decides when the keeper goes: last
  if (arguments.cpu >= 0) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(static_cast<std::size_t>(arguments.cpu), &set);
    if (::sched_setaffinity(0, sizeof set, &set) != 0) log::warning("keeper", "cannot run on the processor asked for");
  }
  if (!crypto::init_secure_heap()) log::warning("keeper", "key pages cannot be locked in memory");
  Result<> ended = close_what_is_not_ours(arguments);
  if (ended) ended = serve(arguments);
  if (!ended) {
    log::error("keeper", "stopped", {{"why", ended.error().message()}});
    return 3;
  }
  return 0;
}
