// An engine with incidents over a ledger in memory, a responder, and signals to give it.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "incident/incident_projection.h"
#include "incident/listing.h"
#include "incident/responder.h"
#include "state/engine.h"
#include "state/tests/support/fake_ledger.h"
#include "tests/support/temp_dir.h"

namespace redoubt::incident::test {

inline constexpr std::int64_t kNow = 1'780'000'000'000;
inline constexpr std::int64_t kMinute = 60'000;
inline constexpr std::int64_t kDay = 86'400'000;

class FakeSurroundings final : public Surroundings {
 public:
  bool exists(const Target& target) override { return !gone.contains(target.text()); }
  std::string exempt(const Target& target) override {
    const auto found = exempted.find(target.text());
    return found != exempted.end() ? found->second : "";
  }
  std::optional<double> share(const Target& target, std::string_view) override {
    const auto found = shares.find(target.text());
    return found != shares.end() ? found->second : usual;
  }

  std::set<std::string> gone;
  std::map<std::string, std::string> exempted;
  std::map<std::string, double> shares;
  std::optional<double> usual = 0.001;
};

class IncidentTest : public testing::Test {
 protected:
  void SetUp() override { open(); }

  // As after a start: what is in memory comes from the tables.
  void open() {
    responder.reset();
    engine.reset();
    projection = std::make_unique<IncidentProjection>();
    auto opened = state::Engine::open({.path = folder / "state.db"}, {projection.get()}, ledger, ledger, publisher);
    ASSERT_TRUE(opened) << opened.error().message();
    engine = *std::move(opened);
    use(playbooks_text);
  }
  void use(const std::string& yaml) {
    playbooks_text = yaml;
    auto playbooks = read_playbooks("playbooks.yaml", yaml);
    ASSERT_TRUE(playbooks) << playbooks.error().message();
    responder = std::make_unique<Responder>(*playbooks, surroundings, projection->restrictions());
  }

  Result<state::Applied> change(state::Proposal proposal, const std::string& actor = "redoubt") {
    proposal.actor.principal = actor;
    std::optional<Result<state::Applied>> answer;
    engine->propose(std::move(proposal), [&](Result<state::Applied> done) { answer = std::move(done); });
    ledger.deliver();
    return answer ? *answer : Result<state::Applied>(Error(Errc::kUnavailable, "no answer"));
  }
  Result<state::Applied> change(Result<state::Proposal> proposal, const std::string& actor = "alice") {
    if (!proposal) return proposal.error();
    return change(*std::move(proposal), actor);
  }
  UnixMillis now() const { return ledger.clock; }

  // Whether it became a fact.
  bool give(const behaviour::Signal& signal) {
    ledger.clock = std::max(ledger.clock, signal.time);
    auto proposal = responder->take(signal, now(), engine->tables());
    EXPECT_TRUE(proposal) << proposal.error().message();
    if (!proposal || !*proposal) return false;
    const auto applied = change(**std::move(proposal));
    EXPECT_TRUE(applied) << applied.error().message();
    return true;
  }
  behaviour::Signal signal(const std::string& rule, const std::string& key) {
    const std::uint64_t index = next_index++;
    return {.rule = rule,
            .key = key,
            .index = index,
            .time = {kNow + static_cast<std::int64_t>(index)},
            .severity = Severity::kHigh,
            .score = 60,
            .confidence = 80,
            .attribution = Attribution::kProven,
            .tenant = "clinic",
            .message = "much more than ever",
            .entries = {index},
            .tags = {"atlas:AML.T0024.002"}};
  }

  std::vector<Alert> alerts() { return *list_alerts(engine->tables(), {}, {}, 1000); }
  std::vector<Incident> incidents() { return *list_incidents(engine->tables(), {}, {}, 1000); }
  std::vector<Response> responses() { return *list_responses(engine->tables(), {}, {}, 1000); }
  Restriction held(const std::string& principal, std::int64_t later_ms = 0) {
    return projection->restrictions().of({.now = {now().value + later_ms}, .principal = principal});
  }

  testing_support::TempDir folder;
  state::test::FakeLedger ledger;
  state::test::FakePublisher publisher;
  FakeSurroundings surroundings;
  std::unique_ptr<IncidentProjection> projection;
  std::unique_ptr<state::Engine> engine;
  std::unique_ptr<Responder> responder;
  std::string playbooks_text;
  std::uint64_t next_index = 1;
};

}  // namespace redoubt::incident::test
