// The interface over a fake ledger and real projections, after the first fact: `alice` and `bob` are administrators,
// `carol` is an auditor, `app` an application among the callers. Time is the ledger's, and stands still unless a test
// moves it.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "admin/admin_api.h"
#include "admin/tests/support/fake_exchange.h"
#include "encoding/json_reader.h"
#include "identity/approvals.h"
#include "identity/proposals.h"
#include "incident/incident_projection.h"
#include "state/tests/support/fake_ledger.h"
#include "state/tests/support/state_fixture.h"
#include "tlog/tests/memory_log.h"

namespace redoubt::admin::test {

// Permits administrators everything, auditors actions that begin with `read`, and what a test adds.
class FakeAuthorizer final : public AdminAuthorizer {
 public:
  AdminRuling rule(const AdminRequest& request) override;

  std::vector<std::string> asked;        // `principal action Type::id`
  std::set<std::string> also_permitted;  // as in `asked`
};

class FakeRecorder final : public AdminRecorder {
 public:
  void refused(const AdminEvent& event) override { refusals.emplace_back(event.problem); }
  net::Task<Result<>> denied(AdminEvent event) override;
  net::Task<Result<>> shown(AdminEvent event) override;

  std::vector<std::string> refusals;  // names of problems
  std::vector<std::string> denials;   // `principal operationId`
  std::vector<std::string> reads;     // likewise
  bool fails = false;
};

// Understands what has a file `redoubt.toml`.
class FakeLibrary final : public BundleLibrary {
 public:
  Result<> check(std::string_view digest) const override;
  Result<state::Bundle> get(std::string_view digest) const override;
  Result<> add(const state::Bundle& bundle) override;

 private:
  std::map<std::string, state::Bundle, std::less<>> bundles_;
};

// Says what a test gave it.
class FakeSignals final : public SignalDesk {
 public:
  void signals(SignalFilter filter, std::uint64_t before, std::size_t limit,
               std::function<void(Result<SignalPage>)> done) override;
  void ask(MeshAsked asked, std::function<void(Result<std::string>)> done) override;
  BehaviourProgress progress() override { return now; }

  std::vector<NumberedSignal> all;  // ascending
  BehaviourProgress now;
  behaviour::Mesh mesh;
  std::vector<MeshAsked> questions;
  bool busy = false;  // nothing is answered
  FakeSignals() : mesh(*behaviour::Mesh::create({.max_nodes = 64, .max_edges = 64})) {}
};

// A log with the entries of a FakeLedger, and checkpoints of them.
class FakeProofs final : public FactProofs {
 public:
  explicit FakeProofs(state::test::FakeLedger& ledger) : ledger_(ledger) {}
  Result<std::string> prove(std::uint64_t index) override;
  std::string verifier_key() const { return signer_.verifier_key().format(); }

  std::uint64_t covered = ~std::uint64_t{0};  // no checkpoint covers more entries

 private:
  state::test::FakeLedger& ledger_;
  const tlog::NoteSigner signer_ = tlog::test::make_signer(std::string(ledger_.source().log_origin));
  tlog::test::MemoryLog log_;
};

// What came back.
struct Reply {
  int status = 0;
  std::string body;
  std::map<std::string, std::string> headers;
  std::string content_type;

  // The member at a pointer (RFC 6901), as JSON; empty when there is none.
  std::string at(std::string_view pointer) const;
  std::string text(std::string_view pointer) const;  // of a string
};

class AdminWorld {
 public:
  AdminWorld();
  ~AdminWorld();

  // As this principal (empty: nobody), and waits for the answer.
  Reply call(std::string_view principal, Request request);
  Reply get(std::string_view principal, std::string target);
  Reply post(std::string_view principal, std::string target, std::string body,
             std::vector<std::pair<std::string, std::string>> headers = {});
  Reply patch(std::string_view principal, std::string target, std::string body, std::string if_match);
  Reply act(std::string_view principal, net::Method method, std::string target, std::string if_match,
            std::string body = {}, std::vector<std::pair<std::string, std::string>> headers = {});

  // Raises an alert of high severity about `app`, from a playbook that proposes to suspend it, which opens the incident
  // `id`; its tenant is `acme`. The alert's id is the incident's, the response's begins with `f` instead.
  void raise(const std::string& id);

  // Starts a call without waiting for its answer; run() brings things forward.
  std::shared_ptr<FakeExchange> start(std::string_view principal, Request request);
  void run();

  boost::asio::io_context io;
  state::test::TemporaryFolder folder;
  state::test::FakeLedger ledger;
  state::test::FakePublisher publisher;
  identity::IdentityProjection identities;
  identity::ApprovalsProjection approvals;
  limits::LimitsProjection limits;
  limits::Meters meters{{1, 2}, 1024};
  ModelsProjection models;
  HoldsProjection holds;
  incident::IncidentProjection incidents;
  state::BundleProjection bundles;
  FakeLibrary library;
  FakeAuthorizer authorizer;
  FakeRecorder recorder;
  FakeSignals signals;
  FakeProofs proofs{ledger};
  std::unique_ptr<state::Engine> engine;
  std::map<std::string, std::string> secrets;  // by principal
  std::unique_ptr<AdminApi> api;

 private:
  std::uint64_t raised_ = 1;
};

class AdminTest : public testing::Test {
 protected:
  AdminWorld world;
};

}  // namespace redoubt::admin::test
