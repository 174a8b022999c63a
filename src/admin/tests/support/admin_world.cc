#include "admin/tests/support/admin_world.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "incident/facts.h"
#include "tlog/proof.h"
#include "tlog/proof_file.h"

namespace redoubt::admin::test {
namespace {

constexpr std::string_view kJson = "application/json";

}  // namespace

AdminRuling FakeAuthorizer::rule(const AdminRequest& request) {
  const identity::Principal& principal = *request.caller.principal;
  const std::string line =
      principal.id + " " + std::string(request.action) + " " + request.resource.type + "::" + request.resource.id;
  asked.push_back(line);
  const auto in = [&](std::string_view group) {
    return std::find(principal.groups.begin(), principal.groups.end(), group) != principal.groups.end();
  };
  const bool permit =
      in("administrators") || (in("auditors") && request.action.starts_with("read")) || also_permitted.contains(line);
  return {.permit = permit};
}

net::Task<Result<>> FakeRecorder::denied(AdminEvent event) {
  denials.push_back(event.caller->principal->id + " " + std::string(event.operation->id));
  co_return Result<>();
}

net::Task<Result<>> FakeRecorder::shown(AdminEvent event) {
  if (fails) co_return Error(Errc::kUnavailable, "the ledger has stopped");
  reads.push_back(event.caller->principal->id + " " + std::string(event.operation->id));
  co_return Result<>();
}

Result<> FakeLibrary::check(std::string_view digest) const {
  const auto bundle = get(digest);
  if (!bundle) return bundle.error();
  if (bundle->find("redoubt.toml") == nullptr) return Error(Errc::kMalformed, "there is no `redoubt.toml`");
  return {};
}

Result<state::Bundle> FakeLibrary::get(std::string_view digest) const {
  const auto bundle = bundles_.find(digest);
  if (bundle == bundles_.end()) return Error(Errc::kNotFound, "there is no bundle `" + std::string(digest) + "`");
  return bundle->second;
}

Result<> FakeLibrary::add(const state::Bundle& bundle) {
  bundles_.insert_or_assign(bundle.digest(), bundle);
  return check(bundle.digest());
}

std::string Reply::at(std::string_view pointer) const {
  encoding::JsonReader reader;
  const auto root = reader.parse(body);
  if (!root) return {};
  simdjson::dom::element value;
  if (root->at_pointer(pointer).get(value) != simdjson::SUCCESS) return {};
  return simdjson::minify(value);
}

std::string Reply::text(std::string_view pointer) const {
  const std::string json = at(pointer);
  return json.size() >= 2 && json.front() == '"' ? json.substr(1, json.size() - 2) : std::string();
}

void FakeSignals::signals(SignalFilter filter, std::uint64_t before, std::size_t limit,
                          std::function<void(Result<SignalPage>)> done) {
  if (busy) return done(Error(Errc::kUnavailable, "busy"));
  SignalPage out;
  for (auto at = all.rbegin(); at != all.rend(); ++at) {
    if (at->number >= before || !filter.matches(at->signal)) continue;
    if (out.signals.size() == limit) {
      out.next = at->number + 1;
      break;
    }
    out.signals.push_back(*at);
  }
  done(std::move(out));
}

void FakeSignals::ask(MeshAsked asked, std::function<void(Result<std::string>)> done) {
  if (busy) return done(Error(Errc::kUnavailable, "busy"));
  std::string out;
  encoding::JsonWriter json(out);
  const auto answered = answer(mesh, asked.query, {}, json);
  questions.push_back(std::move(asked));
  if (!answered) return done(answered.error());
  done(std::move(out));
}

Result<std::string> FakeProofs::prove(std::uint64_t index) {
  const std::uint64_t size = std::min(*ledger_.size(), covered);
  while (log_.size().value < size) log_.append(ledger_.record(log_.size().value));
  if (index >= size) return Error(Errc::kNotFound, "no checkpoint covers it");
  log_.publish(signer_);
  auto proof = tlog::inclusion_proof(log_, {index}, log_.size());
  if (!proof) return proof.error();
  return tlog::format_proof_file({.extra = std::nullopt,
                                  .index = {index},
                                  .proof = *std::move(proof),
                                  .checkpoint = std::string(as_chars(log_.files["checkpoint"]))});
}

AdminWorld::AdminWorld() {
  auto opened = state::Engine::open({.path = folder / "state.db"},
                                    {&identities, &approvals, &limits, &models, &holds, &incidents, &bundles}, ledger,
                                    ledger, publisher);
  EXPECT_TRUE(opened) << opened.error().message();
  engine = *std::move(opened);

  identity::Genesis genesis;
  const auto add = [&](std::string_view id, identity::PrincipalType type, std::string_view group) {
    identity::NewKey key = identity::make_key();
    secrets[std::string(id)] = key.secret;
    genesis.first.push_back({.principal = std::string(id),
                             .type = type,
                             .group = std::string(group),
                             .tenant = {},
                             .key_id = key.id,
                             .key_digest = key.digest,
                             .models = {}});
  };
  add("alice", identity::PrincipalType::kUser, identity::kAdministrators);
  add("bob", identity::PrincipalType::kUser, identity::kAdministrators);
  add("carol", identity::PrincipalType::kUser, identity::kAuditors);
  add("app", identity::PrincipalType::kApplication, identity::kCallers);
  auto first = identity::propose_genesis(genesis);
  EXPECT_TRUE(first) << first.error().message();
  first->actor = {.principal = "init", .credential = {}, .on_behalf_of = {}, .method = {}, .strength = 0};
  std::optional<Result<state::Applied>> done;
  engine->propose(*std::move(first), [&](Result<state::Applied> result) { done = std::move(result); });
  ledger.deliver();
  EXPECT_TRUE(done && *done) << (done ? done->error().message() : "no answer");

  api =
      std::make_unique<AdminApi>(Services{.io = io,
                                          .engine = *engine,
                                          .sink = ledger,
                                          .source = ledger,
                                          .identities = identities,
                                          .limits = limits,
                                          .meters = meters,
                                          .models = models,
                                          .holds = holds,
                                          .bundles = bundles,
                                          .library = library,
                                          .authorizer = authorizer,
                                          .recorder = recorder,
                                          .signals = signals,
                                          .proofs = proofs,
                                          .tenants = {{"acme", "redoubt.example/acme"}, {"zeta", "redoubt.example/z"}},
                                          .version = "0.1.0"});
}

AdminWorld::~AdminWorld() {
  api->stop();
  run();
}

void AdminWorld::raise(const std::string& id) {
  const std::uint64_t index = raised_++;
  const incident::Action suspend{.effect = incident::Effect::kSuspend,
                                 .target = {.type = incident::TargetType::kPrincipal, .name = "app"},
                                 .for_ms = 3'600'000};
  auto raise = incident::propose_raise({.alert = {.id = id,
                                                  .rule = "behaviour.spend",
                                                  .key = "principal/app",
                                                  .tenant = "acme",
                                                  .severity = incident::Severity::kHigh,
                                                  .message = "much more than ever",
                                                  .tags = {"atlas:AML.T0034"},
                                                  .entries = {index},
                                                  .first_index = index,
                                                  .first = ledger.now(),
                                                  .incident = id},
                                        .title = "spending of app",
                                        .responses = {{.id = "f" + id.substr(1),
                                                       .action = suspend,
                                                       .status = incident::ResponseStatus::kProposed,
                                                       .playbook = "stop-spending",
                                                       .why = "it stops somebody"}}});
  ASSERT_TRUE(raise) << raise.error().message();
  raise->actor.principal = "redoubt";
  std::optional<Result<state::Applied>> done;
  engine->propose(*std::move(raise), [&](Result<state::Applied> result) { done = std::move(result); });
  run();
  ASSERT_TRUE(done && *done) << (done ? done->error().message() : "no answer");
}

std::shared_ptr<FakeExchange> AdminWorld::start(std::string_view principal, Request request) {
  if (const auto secret = secrets.find(std::string(principal)); secret != secrets.end()) {
    request.headers.emplace_back("Authorization", "Bearer " + secret->second);
  }
  const auto exchange = std::make_shared<FakeExchange>(std::move(request), "192.0.2.7");
  boost::asio::co_spawn(
      io,
      [](AdminApi& handler, std::shared_ptr<FakeExchange> held) -> net::Task<> { co_await handler.handle(*held); }(
                                                                    *api, exchange),
      boost::asio::detached);
  return exchange;
}

// Until nothing moves any more without time.
void AdminWorld::run() {
  for (int idle = 0; idle < 3;) {
    io.restart();
    const std::size_t ran = io.poll();
    const bool waited = ledger.waiting() > 0;
    ledger.deliver();
    idle = ran == 0 && !waited ? idle + 1 : 0;
  }
}

Reply AdminWorld::call(std::string_view principal, Request request) {
  const auto exchange = start(principal, std::move(request));
  run();
  // Failures are answered late.
  for (int i = 0; i < 100 && exchange->status == 0; ++i) {
    io.restart();
    io.run_for(std::chrono::milliseconds(50));
    run();
  }
  EXPECT_NE(exchange->status, 0) << "no answer";
  Reply out{.status = exchange->status,
            .body = exchange->body,
            .headers = {exchange->headers.begin(), exchange->headers.end()},
            .content_type = exchange->content_type};
  EXPECT_EQ(out.headers["Cache-Control"], "no-store");
  return out;
}

Reply AdminWorld::get(std::string_view principal, std::string target) {
  return call(principal, {.method = net::Method::kGet, .target = std::move(target), .headers = {}, .body = {}});
}

Reply AdminWorld::post(std::string_view principal, std::string target, std::string body,
                       std::vector<std::pair<std::string, std::string>> headers) {
  headers.emplace_back("Content-Type", kJson);
  return call(principal, {net::Method::kPost, std::move(target), std::move(headers), std::move(body)});
}

Reply AdminWorld::patch(std::string_view principal, std::string target, std::string body, std::string if_match) {
  return call(principal, {net::Method::kPatch,
                          std::move(target),
                          {{"Content-Type", "application/merge-patch+json"}, {"If-Match", std::move(if_match)}},
                          std::move(body)});
}

Reply AdminWorld::act(std::string_view principal, net::Method method, std::string target, std::string if_match,
                      std::string body, std::vector<std::pair<std::string, std::string>> headers) {
  if (!if_match.empty()) headers.emplace_back("If-Match", std::move(if_match));
  if (!body.empty()) headers.emplace_back("Content-Type", kJson);
  return call(principal, {method, std::move(target), std::move(headers), std::move(body)});
}

}  // namespace redoubt::admin::test
