// redoubt-keeper: owns the ledger, its signer and the wrapping key. No network, no bytes from outside; what reaches it
// comes over the rings that the launcher made, from a gateway that it does not trust. Started by `redoubt serve`.
#include <fcntl.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/log.h"
#include "base/standard_fds.h"
#include "crypto/secret.h"
#include "encoding/base64.h"
#include "keys/key_file.h"
#include "keys/tls_authority.h"
#include "ledger/keeper.h"
#include "ledger/ledger.h"
#include "ledger/reader.h"

namespace redoubt {
namespace {

// What the launcher says, as arguments `--name=value`; it is ours, so anything wrong here stops the program.
struct Arguments {
  std::string dir;
  std::string ledger;
  std::string origin;
  std::string tenant;
  std::string version;
  std::uint64_t segment_bytes = 0;
  keys::LeafPolicy tls;  // without names: this keeper certifies no TLS keys
  std::uint64_t free_space_reserve = 0;
  int cpu = -1;
  int wake_fd = -1;
  int ready_fd = -1;
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
    else if (name == "--ledger")
      out.ledger = value;
    else if (name == "--origin")
      out.origin = value;
    else if (name == "--tenant")
      out.tenant = value;
    else if (name == "--version")
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
    else if (name == "--ring") {
      const std::size_t a = value.find(':');
      const std::size_t b = a == std::string_view::npos ? a : value.find(':', a + 1);
      if (b == std::string_view::npos) usage("`--ring` is `requests:answers:wake`");
      out.rings.push_back({number<int>(value.substr(0, a)), number<int>(value.substr(a + 1, b - a - 1)),
                           number<int>(value.substr(b + 1))});
    } else {
      usage("unknown argument `" + std::string(argument) + "`");
    }
  }
  if (out.dir.empty() || out.ledger.empty() || out.origin.empty() || out.wake_fd < 0 || out.ready_fd < 0 ||
      out.rings.empty()) {
    usage("arguments are missing");
  }
  return out;
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

Result<> serve(const Arguments& arguments) {
  PosixFileSystem fs;
  const SystemClock clock;
  auto seed = keys::load_key_file(arguments.dir + "/signer.key", "ledger-signer", 32);
  if (!seed) return seed.error();
  auto key = crypto::Ed25519PrivateKey::from_seed(seed->reveal());
  if (!key) return key.error();
  auto signer = tlog::NoteSigner::create(arguments.origin, *std::move(key));
  if (!signer) return signer.error();
  auto wrapping_key = keys::load_key_file(arguments.dir + "/wrap.key", "wrap", 32);
  if (!wrapping_key) return wrapping_key.error();
  keys::KeyWrapper wrapper(*wrapping_key);
  auto openers = load_openers(fs, arguments.dir + "/openers");
  if (!openers) return openers.error();

  // One writer, whatever became of the launcher: the lock goes with the process.
  const UniqueFd lock(::open((arguments.dir + "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!lock.valid()) return errno_error("cannot open the keeper's lock file", errno);
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    return Error(Errc::kUnavailable, "another keeper holds the ledger `" + arguments.ledger + "`");
  }
  auto ledger = ledger::Ledger::open(fs, arguments.ledger, *signer, clock, {.segment_bytes = arguments.segment_bytes});
  if (!ledger) return ledger.error();
  std::optional<keys::TlsAuthority> tls_authority;
  if (!arguments.tls.names.empty()) {
    auto opened = keys::TlsAuthority::open(fs, arguments.dir, arguments.tls, clock);
    if (!opened) return opened.error().in("TLS authority");
    tls_authority = *std::move(opened);
  }
  ledger::LedgerReader reader(fs, arguments.ledger);
  ledger::Keeper keeper(
      **ledger, reader, wrapper, clock,
      {.free_space_reserve = arguments.free_space_reserve,
       .openers = *std::move(openers),
       .source = {.log_origin = arguments.origin, .tenant = arguments.tenant, .product_version = arguments.version},
       .tls_authority = tls_authority ? &*tls_authority : nullptr});
  for (const Arguments::Ring& ring : arguments.rings) {
    auto requests = SharedRing::attach(UniqueFd(ring.requests));
    if (!requests) return requests.error();
    auto answers = SharedRing::attach(UniqueFd(ring.answers));
    if (!answers) return answers.error();
    keeper.add_ring(RingConsumer(*std::move(requests)), RingProducer(*std::move(answers)), ring.wake);
  }
  auto interrupted = keeper.close_interrupted();
  if (!interrupted) return interrupted.error();
  if (*interrupted > 0) {
    log::warning("keeper", "exchanges of an earlier run were interrupted, and are recorded so",
                 {{"exchanges", static_cast<std::uint64_t>(*interrupted)}});
  }

  int stop_pipe[2];
  if (::pipe2(stop_pipe, O_CLOEXEC | O_NONBLOCK) != 0) return errno_error("cannot make a pipe", errno);
  const UniqueFd stop_read(stop_pipe[0]);
  stop_pipe_write = stop_pipe[1];
  struct sigaction action{};
  action.sa_handler = on_stop_signal;
  ::sigaction(SIGTERM, &action, nullptr);

  log::info("keeper", "ledger open", {{"origin", arguments.origin}, {"entries", (*ledger)->committed().value}});
  // Ready is one byte. What follows, to the end, is the certificate that callers must trust, if there is one.
  const std::string ready = "\1" + (tls_authority ? tls_authority->certificate_pem() : std::string());
  if (::write(arguments.ready_fd, ready.data(), ready.size()) != static_cast<ssize_t>(ready.size())) {
    return errno_error("cannot tell the launcher", errno);
  }
  ::close(arguments.ready_fd);
  auto ended = keeper.run(arguments.wake_fd, stop_read.get());
  log::info("keeper", "ledger closed",
            {{"entries", (*ledger)->committed().value},
             {"commits", keeper.stats().commits},
             {"checkpoints", keeper.stats().checkpoints}});
  return ended;
}

}  // namespace
}  // namespace redoubt

int main(int argc, char** argv) {
  using namespace redoubt;
  fill_standard_fds();
  const Arguments arguments = parse(argc, argv);
  ::prctl(PR_SET_NAME, "redoubt-keeper");
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  ::prctl(PR_SET_DUMPABLE, 0);
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGINT, SIG_IGN);  // the launcher decides when the keeper goes: last
  if (arguments.cpu >= 0) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(static_cast<std::size_t>(arguments.cpu), &set);
    if (::sched_setaffinity(0, sizeof set, &set) != 0) log::warning("keeper", "cannot run on the processor asked for");
  }
  if (!crypto::init_secure_heap()) log::warning("keeper", "key pages cannot be locked in memory");
  if (const auto ended = serve(arguments); !ended) {
    log::error("keeper", "stopped", {{"why", ended.error().message()}});
    return 3;
  }
  return 0;
}
