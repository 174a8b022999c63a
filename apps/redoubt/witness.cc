// `redoubt ledger witness …`: a witness for logs of any make (C2SP tlog-witness), in a folder of its own.
#include <fcntl.h>
#include <sys/file.h>
#include <sys/signalfd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <cerrno>
#include <csignal>
#include <cstdio>

#include "base/log.h"
#include "confine/privileges.h"
#include "confine/restrict.h"
#include "keys/key_file.h"
#include "net/http_server.h"
#include "redoubt/commands.h"
#include "redoubt/witness_routes.h"
#include "tlog/witness.h"

namespace redoubt::app {
namespace {

constexpr std::string_view kKeyKind = "witness";
constexpr std::uint64_t kMaxPemBytes = 1024 * 1024;
constexpr std::chrono::milliseconds kDrainGrace{5'000};
constexpr std::string_view kEmptyLogs =
    "# The logs that this witness knows, one key a line: VKEY, or VKEY ORIGIN where the origin is not the key's "
    "name.\n";

struct WitnessLayout {
  explicit WitnessLayout(std::string dir) : root(std::move(dir)) {}

  std::string key() const { return root + "/witness.key"; }
  std::string verifier_key() const { return root + "/witness.vkey"; }
  std::string logs() const { return root + "/logs"; }
  std::string state() const { return root + "/state"; }
  std::string lock() const { return root + "/lock"; }

  std::string root;
};

Result<std::string> read_text(FileSystem& fs, const std::string& path, std::uint64_t limit) {
  const auto bytes = read_file(fs, path, limit);
  if (!bytes) return bytes.error();
  return std::string(as_chars(*bytes));
}

Result<std::string> init(const WitnessLayout& layout, const std::string& name) {
  PosixFileSystem fs;
  const auto key = crypto::Ed25519PrivateKey::generate();
  const auto verifier_key = tlog::VerifierKey::ed25519_cosigner(name, key.public_key());
  if (!verifier_key) return verifier_key.error();
  if (fs.open(layout.key(), OpenMode::kReadOnly)) {
    return Error(Errc::kAlreadyExists, "`" + layout.root + "` has a witness already");
  }
  for (const std::string& folder : {layout.root, layout.state()}) {
    if (auto made = fs.make_directory(folder); !made) return made.error();
  }
  const std::string vkey = verifier_key->format();
  if (auto done = write_file_atomically(fs, layout.verifier_key(), as_bytes(vkey + "\n")); !done) return done.error();
  if (!fs.open(layout.logs(), OpenMode::kReadOnly)) {
    if (auto done = write_file_atomically(fs, layout.logs(), as_bytes(kEmptyLogs)); !done) return done.error();
  }
  // Last: a folder without it has no witness.
  if (auto done = keys::create_key_file(layout.key(), kKeyKind, key.seed()); !done) return done.error();
  return vkey;
}

// The name stands in the verifier key, which must be the private key's.
Result<tlog::Cosigner> load_cosigner(FileSystem& fs, const WitnessLayout& layout) {
  auto vkey = read_text(fs, layout.verifier_key(), tlog::kMaxVerifierKeySize);
  if (!vkey) return vkey.error().in("witness (make one with `redoubt ledger witness init`)");
  if (vkey->ends_with('\n')) vkey->pop_back();
  const auto verifier_key = tlog::VerifierKey::parse(*vkey);
  if (!verifier_key) return verifier_key.error().in(layout.verifier_key());
  const auto seed = keys::load_key_file(layout.key(), kKeyKind, 32);
  if (!seed) return seed.error();
  auto key = crypto::Ed25519PrivateKey::from_seed(seed->reveal());
  if (!key) return key.error();
  auto cosigner = tlog::Cosigner::create(verifier_key->name(), *std::move(key));
  if (cosigner && cosigner->verifier_key() != *verifier_key) {
    return Error(Errc::kInvalidArgument, "`" + layout.key() + "` and `" + layout.verifier_key() + "` are no pair");
  }
  return cosigner;
}

Result<std::vector<tlog::WitnessLog>> load_logs(FileSystem& fs, const WitnessLayout& layout,
                                                const std::vector<std::string>& more) {
  auto text = read_text(fs, layout.logs(), tlog::kMaxWitnessLogsSize);
  if (!text && text.error().code() != Errc::kNotFound) return text.error();
  std::string lines = text ? *std::move(text) : std::string();
  if (!lines.empty() && !lines.ends_with('\n')) lines += '\n';
  for (const std::string& line : more) lines += line + "\n";
  auto logs = tlog::parse_witness_logs(lines);
  if (!logs) return logs.error().in("`" + layout.logs() + "`, then --log");
  if (logs->empty())
    return Error(Errc::kInvalidArgument, "no log to witness: give --log, or fill `" + layout.logs() + "`");
  return logs;
}

Result<std::shared_ptr<const net::TlsServerContext>> load_tls(FileSystem& fs, const WitnessServeOptions& options) {
  const auto chain = read_text(fs, options.tls_certificate, kMaxPemBytes);
  if (!chain) return chain.error();
  const auto key = read_file(fs, options.tls_key, kMaxPemBytes);
  if (!key) return key.error();
  return net::TlsServerContext::create(*chain, crypto::Secret::copy_of(*key));
}

// One witness a folder: two would cosign what contradicts each other.
Result<UniqueFd> take_lock(const WitnessLayout& layout) {
  UniqueFd lock(::open(layout.lock().c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!lock.valid()) return errno_error("cannot open `" + layout.lock() + "`", errno);
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    return Error(Errc::kUnavailable, "another witness runs from `" + layout.root + "`");
  }
  return lock;
}

Result<UniqueFd> take_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT}) sigaddset(&signals, signal);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  UniqueFd fd(::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd.valid()) return errno_error("cannot wait for signals", errno);
  return fd;
}

// From here on: files of its state, sockets that it accepts, no programs. The key has been read.
Result<> confine_to(const std::string& state) {
  if (auto done = confine::shed_privileges(std::nullopt); !done) return done;
  confine::Restrictions wanted;
  wanted.files.push_back({state, confine::FileUse::kWrite});
  wanted.syscalls.add(confine::runtime_syscalls());
  wanted.syscalls.add(confine::thread_syscalls());
  wanted.syscalls.add(confine::read_file_syscalls());
  wanted.syscalls.add(confine::write_file_syscalls());
  wanted.syscalls.add(confine::tcp_syscalls());
  auto report = confine::restrict_process(wanted);
  if (!report) return report.error();
  return confine::log_confinement("witness", *report, false);
}

using Descriptor = boost::asio::posix::basic_stream_descriptor<net::Executor>;

net::Task<> drain_on_signal(Descriptor& signals, net::HttpServer& server, net::DeadlineSweep& sweep) {
  signalfd_siginfo info{};
  const auto [error, n] = co_await signals.async_read_some(boost::asio::buffer(&info, sizeof info), net::use_task);
  if (error) log::error("witness", "cannot wait for signals", {{"why", error.message()}});
  co_await server.drain(kDrainGrace);
  sweep.stop();
}

void rethrow(std::exception_ptr error) {
  if (error) std::rethrow_exception(error);
}

Result<> serve(const WitnessLayout& layout, const WitnessServeOptions& options) {
  PosixFileSystem fs;
  const SystemClock clock;
  auto cosigner = load_cosigner(fs, layout);
  if (!cosigner) return cosigner.error();
  auto logs = load_logs(fs, layout, options.logs);
  if (!logs) return logs.error();
  const auto lock = take_lock(layout);
  if (!lock) return lock.error();
  auto signals = take_signals();
  if (!signals) return signals.error();
  auto listener = net::bind_tcp(options.listen);
  if (!listener) return listener.error();
  const std::string address =
      options.listen.substr(0, options.listen.rfind(':') + 1) + std::to_string(net::bound_port(listener->get()));

  auto witness = tlog::Witness::open(fs, layout.state(), *std::move(cosigner), *std::move(logs), clock);
  if (!witness) return witness.error();
  for (const tlog::RefusedLog& log : witness->refused()) {
    log::error("witness", "a log is not served: its state does not hold",
               {{"log", log.origin}, {"why", log.why.message()}});
  }
  WitnessRoutes routes(*witness);
  boost::asio::io_context io(1);
  net::DeadlineSweep sweep(io);
  net::HttpServer server(io, sweep, *std::move(listener), witness_server_limits(), routes);
  const bool tls = !options.tls_certificate.empty();
  if (tls) {
    auto context = load_tls(fs, options);
    if (!context) return context.error();
    server.set_tls(*std::move(context));
  }
  sweep.start();
  if (auto started = server.start(); !started) return started;
  Descriptor stop(io, signals->release());
  boost::asio::co_spawn(io, drain_on_signal(stop, server, sweep), rethrow);
  if (auto confined = confine_to(layout.state()); !confined) return confined;
  std::printf("listening on %s://%s\n", tls ? "https" : "http", address.c_str());
  std::fflush(stdout);
  io.run();
  return {};
}

}  // namespace

int run_witness_init(const WitnessOptions& witness, const std::string& name) {
  const auto vkey = init(WitnessLayout(witness.dir), name);
  if (!vkey) return report(vkey.error(), witness.json);
  if (!witness.json) {
    std::printf("%s\n", vkey->c_str());
    return kSuccess;
  }
  std::string out;
  encoding::JsonWriter json(out);
  json.begin_object();
  json.member("ok", true);
  json.member("dir", witness.dir);
  json.member("vkey", *vkey);
  json.end_object();
  std::printf("%s\n", out.c_str());
  return kSuccess;
}

int run_witness_serve(const WitnessOptions& witness, const WitnessServeOptions& options) {
  const auto served = serve(WitnessLayout(witness.dir), options);
  return served ? kSuccess : report(served.error(), witness.json);
}

}  // namespace redoubt::app
