#include "redoubt/administration.h"

#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <optional>
#include <span>
#include <utility>

#include "admin/admin_api.h"
#include "admin/admin_server.h"
#include "admin/holds_projection.h"
#include "admin/ledger_facts.h"
#include "admin/models_projection.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/pass_file.h"
#include "crypto/secret.h"
#include "gateway/denial_counter.h"
#include "gateway/logs.h"
#include "gateway/recorder.h"
#include "identity/approvals.h"
#include "identity/identity_projection.h"
#include "ledger/client.h"
#include "limits/limits_projection.h"
#include "limits/usage_file.h"
#include "net/deadline.h"
#include "redoubt/admin_seams.h"
#include "redoubt/bundle_files.h"
#include "redoubt/confinement.h"
#include "state/bundle.h"
#include "state/engine.h"

namespace redoubt::app {
namespace {

constexpr std::size_t kBundlesKept = 16;  // the last that were in force
constexpr std::chrono::seconds kRetry{1};
constexpr std::chrono::seconds kKeepUsage{1};

using Descriptor = boost::asio::posix::basic_stream_descriptor<net::Executor>;

void rethrow(std::exception_ptr error) {
  if (error) std::rethrow_exception(error);
}

limits::Meters::HashKey random_hash_key() {
  limits::Meters::HashKey key;
  crypto::random_bytes(std::as_writable_bytes(std::span(key)));
  return key;
}

Error unapproved(const std::string& files, const std::string& in_force) {
  return Error(Errc::kPermissionDenied,
               "the configuration and policies in the folder (" + files + ") are not those in force (" + in_force +
                   "), and to bring others into force takes two persons. To go on, put those in force back: they are "
                   "kept in `state/bundles`. To change them, start with those, then send SIGHUP with the new ones in "
                   "place, and have `bundle.activate` requested and approved");
}

}  // namespace

class StateAdministration::Impl final : public state::Publisher, public admin::BundleLibrary {
 public:
  Impl(AdministrationSettings settings, AdministrationHandles handles, gateway::Logs logs, RingProducer requests,
       RingConsumer answers, int keeper_wake_fd)
      : settings_(std::move(settings)),
        logs_(std::move(logs)),
        sweep_(io_),
        client_(std::move(requests), std::move(answers), keeper_wake_fd),
        wake_(io_, handles.core.wake.release()),
        listeners_{.tcp = std::move(handles.core.listener), .local = std::move(handles.socket), .local_path = {}},
        bundle_socket_(std::move(handles.bundle)),
        state_folder_(std::move(handles.state_folder)),
        store_(fs_, path_of_descriptor(state_folder_.get()) + "/bundles"),
        sink_(client_, clock_, io_.get_executor(),
              {.log_origin = settings_.origin, .product_version = settings_.version}),
        source_(fs_, settings_.ledger_directory, &sink_,
                admin::KeeperOpener(client_, wake_.native_handle(), settings_.ledger_timeout)),
        recorder_(io_, sweep_, client_, clock_, logs_, settings_.version, settings_.ledger_timeout),
        denials_(recorder_, 1, settings_.denial_interval),
        authorizer_(in_force_),
        exchanges_(recorder_, denials_, in_force_) {}

  // Before anything else.
  Result<> open_usage();

  Result<> run(gateway::AccessPublisher& cores) {
    cores_ = &cores;
    boost::asio::co_spawn(io_, pump_ledger(), rethrow);
    sweep_.on_tick([this] { tick(); });
    sweep_.start();
    io_.run();
    return ended_;
  }

  // state::Publisher.
  void publish(std::function<void()> everywhere) override;
  // admin::BundleLibrary.
  Result<> check(std::string_view digest) const override;
  Result<state::Bundle> get(std::string_view digest) const override { return store_.get(digest); }
  Result<> add(const state::Bundle& bundle) override;

  boost::asio::io_context& io() { return io_; }
  limits::Meters& meters() { return *meters_; }
  void set_tls(std::shared_ptr<const net::TlsServerContext> context);
  void reload();
  void ledger_gone(const std::string& why) { client_.stop(why); }
  void drain(const std::function<void()>& drained);
  void stop();

 private:
  void begin();
  Result<> bring_up();
  Result<> choose_bundle();
  Result<> serve();
  Result<state::Bundle> receive_bundle() const;
  Result<bool> needs_two_persons(const state::Bundle& bundle);
  Result<> keep(const state::Bundle& bundle);
  void activate();
  void activated(const Result<state::Applied>& done);
  Result<> load_in_force();
  void publish_loaded(std::function<void()> everywhere);
  void tick();
  void keep_usage();
  void withdraw();
  net::Task<> pump_ledger();
  net::Task<> drain_server(std::chrono::milliseconds grace, std::function<void()> then);
  void end();

  const AdministrationSettings settings_;
  const gateway::Logs logs_;
  // One thread runs it and closes its sockets; others only post.
  boost::asio::io_context io_{BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO};
  const SystemClock clock_;
  PosixFileSystem fs_;
  net::DeadlineSweep sweep_;
  ledger::LedgerClient client_;
  Descriptor wake_;
  admin::AdminServer::Listeners listeners_;  // until it serves
  const UniqueFd bundle_socket_;
  const UniqueFd state_folder_;
  state::BundleStore store_;
  admin::LedgerFactSink sink_;
  admin::LedgerFactSource source_;
  identity::IdentityProjection identities_;
  identity::ApprovalsProjection approvals_;
  limits::LimitsProjection limits_;
  admin::ModelsProjection models_;
  admin::HoldsProjection holds_;
  state::BundleProjection bundles_;
  std::unique_ptr<state::Engine> engine_;  // null until the ledger can be read
  gateway::Recorder recorder_;
  gateway::DenialCounter denials_;
  std::optional<limits::UsageFile> usage_;
  std::optional<limits::Meters> meters_;  // the cores count in it
  std::chrono::steady_clock::time_point next_keeping_{};
  bool usage_kept_ = true;  // or said that it is not
  PolicyAuthorizer authorizer_;
  LedgerRecorder exchanges_;
  std::unique_ptr<admin::AdminApi> api_;
  std::unique_ptr<admin::AdminServer> server_;
  std::shared_ptr<const net::TlsServerContext> tls_;  // what the TCP listener shows
  gateway::AccessPublisher* cores_ = nullptr;

  std::optional<state::Bundle> wanted_;           // to be activated as soon as the ledger takes facts
  std::shared_ptr<const LoadedBundle> in_force_;  // what bundles_ says, loaded
  bool activating_ = false;
  bool draining_ = false;
  bool published_ = false;  // and not withdrawn since
  std::chrono::steady_clock::time_point next_retry_{};
  Result<> ended_;  // why it ends by itself
};

// Once the keeper is ready: before, not all that is durable can be read, and nothing that is sealed opened.
void StateAdministration::Impl::begin() {
  Result<> done = bring_up();
  if (done) {
    done = choose_bundle();
  } else if (const Errc code = done.error().code(); code == Errc::kUnavailable || code == Errc::kDeadlineExceeded) {
    log::warning("administration", "the state cannot be brought up yet", {{"why", done.error().message()}});
    next_retry_ = clock_.steady() + kRetry;
    return;
  }
  if (done) done = serve();
  if (done) return tick();
  ended_ = done;
  stop();
}

Result<> StateAdministration::Impl::bring_up() {
  auto opened =
      state::Engine::open({.path = path_of_descriptor(state_folder_.get()) + "/state.db"},
                          {&identities_, &approvals_, &limits_, &models_, &holds_, &bundles_}, source_, sink_, *this);
  if (!opened) return opened.error().in("state");
  engine_ = *std::move(opened);
  const state::Engine::Start& start = engine_->start();
  if (start.rebuilt && engine_->applied()) {
    log::warning("administration", "the state is made anew from the ledger",
                 {{"facts", start.replayed}, {"why", start.why_rebuilt}, {"old", start.set_aside}});
  } else {
    log::info("administration", "state open", {{"facts_replayed", start.replayed}});
  }
  return {};
}

Result<> StateAdministration::Impl::serve() {
  std::vector<admin::TenantInfo> tenants;
  for (const gateway::Log& log : logs_.all()) {
    if (!log.tenant.empty()) tenants.push_back({.id = log.tenant, .log = log.origin});
  }
  std::sort(tenants.begin(), tenants.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
  api_ = std::make_unique<admin::AdminApi>(admin::Services{.io = io_,
                                                           .engine = *engine_,
                                                           .sink = sink_,
                                                           .source = source_,
                                                           .identities = identities_,
                                                           .limits = limits_,
                                                           .meters = *meters_,
                                                           .models = models_,
                                                           .holds = holds_,
                                                           .bundles = bundles_,
                                                           .library = *this,
                                                           .authorizer = authorizer_,
                                                           .recorder = exchanges_,
                                                           .tenants = std::move(tenants),
                                                           .version = settings_.version});
  server_ = std::make_unique<admin::AdminServer>(io_, sweep_, *api_, *engine_, std::move(listeners_));
  if (settings_.tls) server_->set_tls(tls_);
  return server_->start();
}

void StateAdministration::Impl::set_tls(std::shared_ptr<const net::TlsServerContext> context) {
  tls_ = std::move(context);
  if (server_) server_->set_tls(tls_);
}

Result<state::Bundle> StateAdministration::Impl::receive_bundle() const {
  auto bytes = receive_file(bundle_socket_.get(), state::Bundle::kMaxPackedBytes);
  if (!bytes) return bytes.error();
  return state::Bundle::unpack(as_chars(*bytes));
}

Result<bool> StateAdministration::Impl::needs_two_persons(const state::Bundle& bundle) {
  auto proposal = state::propose_activation(bundle.digest(), bundles_.in_force());
  if (!proposal) return proposal.error();
  return identity::needs_approval(engine_->tables(), *proposal);
}

// What lies in the operator's files is in force, or may come into force, or nothing starts.
Result<> StateAdministration::Impl::choose_bundle() {
  auto bundle = receive_bundle();
  if (!bundle) return bundle.error().in("bundle");
  if (auto loaded = load_bundle(*bundle); !loaded) return loaded.error();
  const auto& now = bundles_.in_force();
  const bool same = now && now->digest == bundle->digest();
  const auto marked = same ? Result<bool>(false) : needs_two_persons(*bundle);
  if (!marked) return marked.error();
  if (*marked) return unapproved(bundle->digest(), now->digest);
  if (auto kept = keep(*bundle); !kept) return kept;
  if (same) return load_in_force();
  wanted_ = *std::move(bundle);
  return {};
}

void StateAdministration::Impl::reload() {
  if (!engine_) return;  // begin() is about to take what was sent last
  auto bundle = receive_bundle();
  if (!bundle) {
    log::error("administration", "the bundle is kept as it was", {{"why", bundle.error().message()}});
    return;
  }
  const auto& now = bundles_.in_force();
  if (now && now->digest == bundle->digest()) {
    wanted_.reset();
    log::info("administration", "the bundle is in force already", {{"digest", bundle->digest()}});
    return;
  }
  auto loaded = load_bundle(*bundle);
  const auto kept = loaded ? keep(*bundle) : Result<>(loaded.error());
  const auto marked = kept ? needs_two_persons(*bundle) : Result<bool>(kept.error());
  if (!marked) {
    log::error("administration", "the bundle is kept as it was", {{"why", marked.error().message()}});
  } else if (*marked) {
    log::warning("administration", "the bundle is kept as it was: the new one waits for two persons",
                 {{"digest", bundle->digest()}, {"act", state::kBundleActivate}});
  } else {
    wanted_ = *std::move(bundle);
    activate();
  }
}

void StateAdministration::Impl::activate() {
  if (activating_ || !wanted_ || !client_.ready() || !engine_->current()) return;
  auto proposal = state::propose_activation(wanted_->digest(), bundles_.in_force());
  if (!proposal) return;
  proposal->actor = {.principal = "redoubt", .on_behalf_of = settings_.operator_name};
  activating_ = true;
  engine_->propose(*std::move(proposal), [this](const Result<state::Applied>& done) { activated(done); });
}

void StateAdministration::Impl::activated(const Result<state::Applied>& done) {
  activating_ = false;
  if (!done) {
    log::error("administration", "the bundle is not in force", {{"why", done.error().message()}});
    // Tried again, unless the answer is no.
    if (done.error().code() == Errc::kPermissionDenied) wanted_.reset();
    next_retry_ = clock_.steady() + kRetry;
    return;
  }
  const std::string& digest = bundles_.in_force()->digest;
  if (wanted_ && wanted_->digest() == digest) wanted_.reset();
  log::info("administration", "in force", {{"digest", digest}, {"fact", done->index}});
}

// With those that somebody wants and the last that were in force, and without those before them.
Result<> StateAdministration::Impl::keep(const state::Bundle& bundle) {
  if (auto done = store_.put(bundle); !done) return done;
  auto last = state::list_activations(engine_->tables(), kBundlesKept);
  if (!last) return last.error();
  auto requests = identity::list_approvals(engine_->tables(), {}, {}, identity::kOpenRequestsMax);
  if (!requests) return requests.error();
  std::vector<std::string> digests{bundle.digest()};
  for (const auto& activation : *last) digests.push_back(activation.digest);
  for (const identity::Approval& request : *requests) {
    if (request.kind == state::kBundleActivate) digests.push_back(state::wanted_digest(request.body));
  }
  return store_.keep_only(digests);
}

// As the launcher reads what lies in files: with the settings, which only the next start takes up.
Result<> StateAdministration::Impl::check(std::string_view digest) const {
  auto bundle = store_.get(digest);
  if (!bundle) return bundle.error();
  return check_bundle(*bundle);
}

Result<> StateAdministration::Impl::add(const state::Bundle& bundle) {
  if (auto usable = check_bundle(bundle); !usable) return usable;
  return keep(bundle);
}

// What is in force is loaded from where bundles are kept, unless it is loaded already.
Result<> StateAdministration::Impl::load_in_force() {
  const auto& now = bundles_.in_force();
  if (!now || (in_force_ && in_force_->digest == now->digest)) return {};
  auto bundle = store_.get(now->digest);
  if (!bundle) return bundle.error().in("bundle `" + now->digest + "`");
  auto loaded = load_bundle(*bundle);
  if (!loaded) return loaded.error();
  in_force_ = std::make_shared<const LoadedBundle>(*std::move(loaded));
  return {};
}

void StateAdministration::Impl::publish(std::function<void()> everywhere) {
  if (auto done = load_in_force(); !done) {
    log::error("administration", "nothing can be decided by the bundle in force", {{"why", done.error().message()}});
    in_force_.reset();
    withdraw();
  }
  if (!in_force_) {
    everywhere();
    return;
  }
  publish_loaded(std::move(everywhere));
}

void StateAdministration::Impl::publish_loaded(std::function<void()> everywhere) {
  published_ = true;
  const gateway::Access access(identities_.snapshot(), limits_.snapshot(), in_force_->policies, in_force_->prices,
                               in_force_->digest, sink_.now());
  cores_->publish(access, [this, everywhere = std::move(everywhere)] { boost::asio::post(io_, everywhere); });
}

Result<> StateAdministration::Impl::open_usage() {
  auto usage = limits::UsageFile::open(fs_, path_of_descriptor(state_folder_.get()) + "/usage", random_hash_key());
  if (!usage) return usage.error();
  usage_ = *std::move(usage);
  meters_.emplace(usage_->hash_key(), settings_.meters);
  const limits::UsageFile::Restored restored = usage_->restore(*meters_, clock_.now());
  if (!restored.why_new.empty()) {
    log::info("administration", "limits begin with nothing used", {{"why", restored.why_new}});
  } else if (restored.damaged + restored.no_room > 0) {
    log::warning("administration", "of what limits have counted, not all is there",
                 {{"meters", restored.meters}, {"damaged", restored.damaged}, {"no_room", restored.no_room}});
  } else {
    log::info("administration", "usage open", {{"meters", restored.meters}, {"past", restored.past}});
  }
  return {};
}

void StateAdministration::Impl::keep_usage() {
  next_keeping_ = clock_.steady() + kKeepUsage;
  const UnixMillis now = recorder_.now();
  meters_->sweep(now);
  const auto kept = usage_->keep(*meters_, now);
  if (kept.has_value() == usage_kept_) return;
  usage_kept_ = kept.has_value();
  if (usage_kept_) {
    log::info("administration", "what limits count is kept again");
  } else {
    log::error("administration", "what limits count is not kept: a restart forgets it",
               {{"why", kept.error().message()}});
  }
}

void StateAdministration::Impl::tick() {
  denials_.tick(clock_.steady());
  if (clock_.steady() >= next_keeping_) keep_usage();
  if (!engine_) {
    if (client_.ready() && clock_.steady() >= next_retry_) begin();
    return;
  }
  if (!engine_->current()) return withdraw();
  if (!published_ && in_force_) publish_loaded([] {});
  if (wanted_ && clock_.steady() >= next_retry_) activate();
}

// The tables lack what the ledger has: a revocation may be among it. They are brought up by server_, which publishes.
void StateAdministration::Impl::withdraw() {
  if (!published_) return;
  log::error("administration", "the state is behind the ledger: nothing is permitted until it has caught up");
  cores_->withdraw();
  published_ = false;
}

net::Task<> StateAdministration::Impl::pump_ledger() {
  std::uint64_t count = 0;
  while (wake_.is_open() && client_.stopped().empty()) {
    if (auto done = client_.poll(); !done) {
      log::error("administration", "the keeper cannot be understood", {{"why", done.error().message()}});
    }
    client_.flush();
    if (!client_.stopped().empty()) break;
    if (!client_.prepare_sleep()) {
      co_await boost::asio::post(io_, net::use_task);
      continue;
    }
    co_await wake_.async_read_some(boost::asio::buffer(&count, sizeof count), net::use_task);
    client_.wake();
  }
}

// What it has begun still reaches every core: they serve meanwhile.
net::Task<> StateAdministration::Impl::drain_server(std::chrono::milliseconds grace, std::function<void()> then) {
  draining_ = true;
  co_await server_->drain(grace);
  denials_.flush();
  client_.flush();
  then();
}

void StateAdministration::Impl::drain(const std::function<void()>& drained) {
  if (!server_) return drained();
  boost::asio::co_spawn(io_, drain_server(settings_.drain_grace, drained), rethrow);
}

void StateAdministration::Impl::stop() {
  if (!server_ || draining_) return end();
  boost::asio::co_spawn(io_, drain_server({}, [this] { end(); }), rethrow);
}

// The cores have ended, or nothing was ever served.
void StateAdministration::Impl::end() {
  keep_usage();
  sweep_.stop();
  boost::system::error_code ignored;
  wake_.close(ignored);
  io_.stop();
}

Result<std::unique_ptr<StateAdministration>> StateAdministration::create(AdministrationSettings settings,
                                                                         AdministrationHandles handles,
                                                                         int keeper_wake_fd) {
  auto requests = SharedRing::attach(std::move(handles.core.request_ring));
  if (!requests) return requests.error();
  auto answers = SharedRing::attach(std::move(handles.core.answer_ring));
  if (!answers) return answers.error();
  // Now, since a confined process may not. Who calls is served once there is a state.
  for (const UniqueFd* listener : {&handles.core.listener, &handles.socket}) {
    if (::listen(listener->get(), SOMAXCONN) != 0) return errno_error("cannot listen", errno);
  }
  PosixFileSystem fs;
  auto logs = gateway::Logs::load(fs, settings.ledger_directory, settings.origin, settings.tenants);
  if (!logs) return logs.error();
  auto impl =
      std::make_unique<Impl>(std::move(settings), std::move(handles), *std::move(logs),
                             RingProducer(*std::move(requests)), RingConsumer(*std::move(answers)), keeper_wake_fd);
  if (auto done = impl->open_usage(); !done) return done.error();
  return std::unique_ptr<StateAdministration>(new StateAdministration(std::move(impl)));
}

StateAdministration::StateAdministration(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
StateAdministration::~StateAdministration() = default;

limits::Meters& StateAdministration::meters() {
  return impl_->meters();
}

Result<> StateAdministration::run(gateway::AccessPublisher& cores) {
  return impl_->run(cores);
}

void StateAdministration::set_tls(std::shared_ptr<const net::TlsServerContext> context) {
  boost::asio::post(impl_->io(), [this, context = std::move(context)] { impl_->set_tls(context); });
}

void StateAdministration::reload() {
  boost::asio::post(impl_->io(), [this] { impl_->reload(); });
}

void StateAdministration::ledger_gone(const std::string& why) {
  boost::asio::post(impl_->io(), [this, why] { impl_->ledger_gone(why); });
}

void StateAdministration::drain(std::function<void()> drained) {
  boost::asio::post(impl_->io(), [this, drained = std::move(drained)] { impl_->drain(drained); });
}

void StateAdministration::stop() {
  boost::asio::post(impl_->io(), [this] { impl_->stop(); });
}

}  // namespace redoubt::app
