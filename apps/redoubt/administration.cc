#include "redoubt/administration.h"

#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <mutex>
#include <optional>
#include <utility>

#include "admin/admin_api.h"
#include "admin/admin_server.h"
#include "admin/fact_proofs.h"
#include "admin/holds_projection.h"
#include "admin/ledger_facts.h"
#include "admin/models_projection.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "gateway/denial_counter.h"
#include "gateway/dictionaries.h"
#include "gateway/dictionary_desk.h"
#include "gateway/ledger_pump.h"
#include "gateway/logs.h"
#include "gateway/recorder.h"
#include "identity/approvals.h"
#include "identity/identity_projection.h"
#include "incident/incident_projection.h"
#include "ledger/client.h"
#include "limits/limits_projection.h"
#include "net/deadline.h"
#include "redoubt/admin_seams.h"
#include "redoubt/behaviour_watch.h"
#include "redoubt/bundle_intake.h"
#include "redoubt/bundle_measuring.h"
#include "redoubt/confinement.h"
#include "redoubt/kept_bundles.h"
#include "redoubt/kept_usage.h"
#include "redoubt/mesh_permissions.h"
#include "redoubt/notice_desk.h"
#include "redoubt/notifier_link.h"
#include "redoubt/response_desk.h"
#include "redoubt/state_holds.h"
#include "redoubt/throttled_limits.h"
#include "state/bundle.h"
#include "state/engine.h"

namespace redoubt::app {
namespace {

constexpr std::chrono::seconds kRetry{1};
constexpr std::chrono::minutes kRefusedRetry{1};  // of what the keeper has refused

void rethrow(std::exception_ptr error) {
  if (error) std::rethrow_exception(error);
}

}  // namespace

class StateAdministration::Impl final : public state::Publisher {
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
        notifier_(std::move(handles.notifier), std::move(handles.notifier_wanted)),
        sink_(client_, clock_, io_.get_executor(),
              {.log_origin = settings_.origin, .product_version = settings_.version}),
        source_(fs_, settings_.ledger_directory, &sink_,
                admin::KeeperOpener(client_, wake_.native_handle(), settings_.ledger_timeout)),
        proofs_(fs_, settings_.ledger_directory),
        desk_(io_, engine_, sink_),
        dictionary_desk_(client_),
        measuring_(client_, bundles_, clock_),
        kept_(fs_, in_state("/bundles"), bundles_, engine_, StartQuestion(std::move(handles.start_question))),
        usage_(fs_, clock_),
        recorder_(io_, sweep_, client_, clock_, logs_, settings_.version, settings_.ledger_timeout),
        denials_(recorder_, 1, settings_.denial_interval),
        authorizer_(kept_.in_force(), incidents_.restrictions()),
        exchanges_(recorder_, denials_, kept_.in_force()),
        features_(fs_, in_state("/features")),
        behaviour_(fs_, clock_,
                   {.reading = {.ledger_directory = settings_.ledger_directory,
                                .folder = in_state("/behaviour"),
                                .features = in_state("/features"),
                                .bundles = in_state("/bundles"),
                                .feed = &signals_}}) {
    client_.share(settings_.record_time);
    recorder_.seal_features(features_);
  }

  // Before anything else.
  Result<> open_usage() { return usage_.open(in_state("/usage"), settings_.meters); }

  Result<> run(gateway::AccessPublisher& cores) {
    cores_ = &cores;
    renew_features();
    boost::asio::co_spawn(io_, gateway::pump_ledger(client_, wake_, "administration"), rethrow);
    sweep_.on_tick([this] { tick(); });
    sweep_.start();
    io_.run();
    return ended_;
  }

  // state::Publisher.
  void publish(std::function<void()> everywhere) override;

  boost::asio::io_context& io() { return io_; }
  limits::Meters& meters() { return usage_.meters(); }
  const behaviour::FeatureSealing& features() const { return features_; }
  gateway::HoldDesk& holds() { return desk_; }
  gateway::BehaviourGauges behaviour() { return behaviour_.gauges(); }
  gateway::NoticeGauges notices();
  void set_tls(std::shared_ptr<const net::TlsServerContext> context);
  void reload() {
    if (intake_) intake_->reload();  // else begin() is about to take what was sent last
  }
  void ledger_gone(const std::string& why) { client_.stop(why); }
  void drain(const std::function<void()>& drained);
  void stop();

 private:
  std::string in_state(const char* name) const { return path_of_descriptor(state_folder_.get()) + name; }
  void begin();
  Result<> bring_up();
  Result<> serve();
  void publish_loaded(std::function<void()> everywhere);
  bool dictionaries_are_open() const;
  void open_dictionaries();
  void dictionaries_opened(const Result<>& done);
  void fail(const Error& why);
  void tick();
  void renew_features();
  void withdraw();
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
  gateway::WakeDescriptor wake_;
  admin::AdminServer::Listeners listeners_;  // until it serves
  const UniqueFd bundle_socket_;
  const UniqueFd state_folder_;
  SocketNotifierLink notifier_;
  admin::LedgerFactSink sink_;
  admin::LedgerFactSource source_;
  identity::IdentityProjection identities_;
  identity::ApprovalsProjection approvals_;
  limits::LimitsProjection limits_;
  admin::ModelsProjection models_;
  admin::HoldsProjection holds_;
  incident::IncidentProjection incidents_;
  state::BundleProjection bundles_;
  admin::LedgerFactProofs proofs_;
  StateHolds desk_;
  gateway::DictionaryDesk dictionary_desk_;
  SignalFeed signals_;
  std::optional<ResponseDesk> responses_;  // as engine_, which they outlive
  std::optional<NoticeDesk> notices_;
  std::unique_ptr<state::Engine> engine_;  // null until the ledger can be read
  BundleMeasuring measuring_;
  KeptBundles kept_;
  std::optional<BundleIntake> intake_;  // as engine_
  KeptUsage usage_;
  gateway::Recorder recorder_;
  gateway::DenialCounter denials_;
  PolicyAuthorizer authorizer_;
  LedgerRecorder exchanges_;
  behaviour::FeatureSealing features_;
  BehaviourWatch behaviour_;
  std::mutex notices_mutex_;  // whether there is a notices_, for other threads
  std::unique_ptr<admin::AdminApi> api_;
  std::unique_ptr<admin::AdminServer> server_;
  std::shared_ptr<const net::TlsServerContext> tls_;  // what the TCP listener shows
  gateway::AccessPublisher* cores_ = nullptr;

  bool draining_ = false;
  bool published_ = false;  // and not withdrawn since
  bool served_ = false;     // something was published since the start
  bool opening_ = false;    // dictionaries of what is in force
  std::string opening_of_;  // the bundle whose dictionaries were last asked for
  std::chrono::steady_clock::time_point next_opening_{};
  std::chrono::steady_clock::time_point next_retry_{};
  Result<> ended_;  // why it ends by itself
};

gateway::NoticeGauges StateAdministration::Impl::notices() {
  const std::lock_guard lock(notices_mutex_);
  return notices_ ? notices_->gauges() : gateway::NoticeGauges{};
}

// Once the keeper is ready: before, not all that is durable can be read, and nothing that is sealed opened.
void StateAdministration::Impl::begin() {
  Result<> done = bring_up();
  if (done) {
    done = intake_->choose();
  } else if (const Errc code = done.error().code(); code == Errc::kUnavailable || code == Errc::kDeadlineExceeded) {
    log::warning("administration", "the state cannot be brought up yet", {{"why", done.error().message()}});
    next_retry_ = clock_.steady() + kRetry;
    return;
  }
  if (done) done = serve();
  if (done) {
    behaviour_.start();
    return tick();
  }
  ended_ = done;
  stop();
}

Result<> StateAdministration::Impl::bring_up() {
  auto opened = state::Engine::open({.path = in_state("/state.db")},
                                    {&identities_, &approvals_, &limits_, &models_, &holds_, &incidents_, &bundles_},
                                    source_, sink_, *this);
  if (!opened) return opened.error().in("state");
  engine_ = *std::move(opened);
  intake_.emplace(BundleIntake::Parts{.engine = *engine_,
                                      .ledger = client_,
                                      .bundles = bundles_,
                                      .kept = kept_,
                                      .dictionaries = dictionary_desk_,
                                      .clock = clock_,
                                      .socket = bundle_socket_.get(),
                                      .operator_name = settings_.operator_name,
                                      .approved = settings_.approved_bundle,
                                      .fail = [this](const Error& why) { fail(why); }});
  responses_.emplace(ResponseDesk::Parts{.io = io_,
                                         .engine = *engine_,
                                         .sink = sink_,
                                         .clock = clock_,
                                         .identities = identities_,
                                         .models = models_,
                                         .incidents = incidents_,
                                         .feed = signals_});
  {
    const std::lock_guard lock(notices_mutex_);
    notices_.emplace(NoticeDesk::Parts{.engine = *engine_, .sink = sink_, .clock = clock_, .link = notifier_});
  }
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
                                                           .meters = usage_.meters(),
                                                           .models = models_,
                                                           .holds = holds_,
                                                           .bundles = bundles_,
                                                           .library = kept_,
                                                           .authorizer = authorizer_,
                                                           .recorder = exchanges_,
                                                           .signals = behaviour_,
                                                           .proofs = proofs_,
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

void StateAdministration::Impl::publish(std::function<void()> everywhere) {
  if (auto done = kept_.load_in_force(); !done) {
    log::error("administration", "nothing can be decided by the bundle in force", {{"why", done.error().message()}});
    withdraw();
  }
  if (!kept_.in_force()) {
    everywhere();
    return;
  }
  publish_loaded(std::move(everywhere));
}

// Nothing is published first that cannot be inspected by yet. Later it is published at once, for what it takes away
// must not wait; what may be in a dictionary does not pass until that is open.
void StateAdministration::Impl::publish_loaded(std::function<void()> everywhere) {
  if (!dictionaries_are_open()) {
    open_dictionaries();
    if (!served_) return everywhere();
  }
  published_ = true;
  served_ = true;
  const LoadedBundle& bundle = *kept_.in_force();
  responses_->use(bundle.playbooks);
  notices_->use(bundle.notices);
  const incident::Restrictions& held = incidents_.restrictions();
  const gateway::Access access(identities_.snapshot(), throttled(limits_.snapshot(), held, sink_.now()),
                               bundle.policies, bundle.prices, bundle.inspection, bundle.digest, sink_.now(), held,
                               bundle.attestation);
  behaviour_.set_permissions(
      std::make_shared<const PermissionsInForce>(bundle.policies, identities_.snapshot(), sink_.now()));
  cores_->publish(access, [this, everywhere = std::move(everywhere)] { boost::asio::post(io_, everywhere); });
}

bool StateAdministration::Impl::dictionaries_are_open() const {
  const auto& dictionaries = kept_.in_force()->inspection->dictionaries();
  return dictionaries == nullptr || dictionaries->are_open();
}

void StateAdministration::Impl::open_dictionaries() {
  const bool again = opening_of_ == kept_.in_force()->digest;
  if (opening_ || (again && clock_.steady() < next_opening_)) return;
  opening_ = true;
  opening_of_ = kept_.in_force()->digest;
  dictionary_desk_.open(kept_.in_force()->inspection->dictionaries(),
                        [this](const Result<>& done) { dictionaries_opened(done); });
}

void StateAdministration::Impl::dictionaries_opened(const Result<>& done) {
  opening_ = false;
  if (done) return;  // the next tick publishes, if that has to be done yet
  const bool later = gateway::may_open_later(done.error());
  next_opening_ = clock_.steady() + (later ? kRetry : kRefusedRetry);
  log::error("administration", "a dictionary in force cannot be opened: what may be in it does not pass",
             {{"why", done.error().message()}});
  if (!later && !served_) fail(done.error());
}

// Not from within what has found it.
void StateAdministration::Impl::fail(const Error& why) {
  ended_ = why;
  boost::asio::post(io_, [this] { stop(); });
}

void StateAdministration::Impl::tick() {
  denials_.tick(clock_.steady());
  usage_.tick(recorder_.now());
  renew_features();
  if (!engine_) {
    if (client_.ready() && clock_.steady() >= next_retry_) begin();
    return;
  }
  if (!engine_->current()) return withdraw();
  if (kept_.in_force() && !published_) publish_loaded([] {});
  if (kept_.in_force() && !dictionaries_are_open()) open_dictionaries();
  if (auto done = kept_.tick(); !done) {
    log::error("administration", "bundles that nobody needs are kept", {{"why", done.error().message()}});
  }
  intake_->tick();
  measuring_.tick();
  if (!published_) return;
  responses_->tick();
  notices_->tick();
}

// Without features requests are answered as ever; behaviour sees less, and says of which entries.
void StateAdministration::Impl::renew_features() {
  if (auto done = features_.renew(clock_.now()); !done) {
    log::error("behaviour", "features cannot be sealed under a new key", {{"why", done.error().message()}});
  }
}

// The tables lack what the ledger has: a revocation may be among it. They are brought up by server_, which publishes.
void StateAdministration::Impl::withdraw() {
  if (!published_) return;
  // There is nothing left to wait for.
  if (const Result<> written = engine_->await_written(); !written) {
    log::error("administration", "the tables are not in their file", {{"why", written.error().message()}});
  }
  log::error("administration", "the state is behind the ledger: nothing is permitted until it has caught up");
  cores_->withdraw();
  published_ = false;
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
  usage_.keep(recorder_.now());
  desk_.stop();
  if (responses_) responses_->stop();
  if (notices_) notices_->stop();
  behaviour_.stop();
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

const behaviour::FeatureSealing& StateAdministration::features() const {
  return impl_->features();
}

limits::Meters& StateAdministration::meters() {
  return impl_->meters();
}

gateway::HoldDesk& StateAdministration::holds() {
  return impl_->holds();
}

gateway::BehaviourGauges StateAdministration::behaviour() {
  return impl_->behaviour();
}

gateway::NoticeGauges StateAdministration::notices() {
  return impl_->notices();
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
