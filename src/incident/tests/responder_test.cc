#include "incident/responder.h"

#include <algorithm>

#include "incident/tests/incident_fixture.h"

namespace redoubt::incident::test {
namespace {

constexpr const char* kContain = R"(
playbook: contain
mode: enforce
when:
  rules: [behaviour.exfiltration_*]
  severity: high
do:
  - effect: suspend
    for: 30m
)";

class ResponderTest : public IncidentTest {};

TEST_F(ResponderTest, ASignalBecomesAnAlertAnIncidentAndAResponseInOneFact) {
  use(kContain);
  const behaviour::Signal first = signal("behaviour.exfiltration_volume", "principal/svc-copy");
  const std::uint64_t before = *ledger.size();
  ASSERT_TRUE(give(first));
  EXPECT_EQ(*ledger.size(), before + 1);
  ASSERT_EQ(alerts().size(), 1u);
  const Alert alert = alerts()[0];
  EXPECT_EQ(alert.id, alert_id(first));
  EXPECT_EQ(alert.count, 1u);
  EXPECT_EQ(alert.entries, first.entries);
  EXPECT_EQ(alert.tags, first.tags);
  ASSERT_EQ(incidents().size(), 1u);
  EXPECT_EQ(incidents()[0].id, alert.incident);
  EXPECT_EQ(incidents()[0].title, "behaviour.exfiltration_volume of principal/svc-copy");
  ASSERT_EQ(responses().size(), 1u);
  EXPECT_EQ(responses()[0].status, ResponseStatus::kActive);
  EXPECT_EQ(responses()[0].until.value, now().value + 30 * kMinute);
  EXPECT_EQ(held("svc-copy").stop, Effect::kSuspend);
  EXPECT_EQ(held("svc-copy").response, responses()[0].id);
  EXPECT_FALSE(held("somebody-else").any());
}

TEST_F(ResponderTest, AResponseEndsByItselfEvenWhenNobodyRecordsIt) {
  use(kContain);
  ASSERT_TRUE(give(signal("behaviour.exfiltration_drip", "principal/a")));
  EXPECT_TRUE(held("a", 30 * kMinute - 1).any());
  EXPECT_FALSE(held("a", 30 * kMinute).any());
  // While the server was down: the end is recorded at the next start.
  EXPECT_FALSE(*responder->expire(now(), engine->tables()));
  ledger.clock.value += 31 * kMinute;
  open();
  auto end = responder->expire(now(), engine->tables());
  ASSERT_TRUE(end && *end);
  ASSERT_TRUE(change(**std::move(end)));
  EXPECT_EQ(responses()[0].status, ResponseStatus::kEnded);
  EXPECT_EQ(responses()[0].end_why, EndWhy::kExpired);
  EXPECT_FALSE(*responder->expire(now(), engine->tables()));
}

TEST_F(ResponderTest, AHundredThousandSignalsOfOneCauseAreOneAlert) {
  const std::uint64_t before = *ledger.size();
  for (int i = 0; i < 100'000; ++i) give(signal("behaviour.denied_access", "principal/loud"));
  auto rest = responder->settle({now().value + kGrowMs}, engine->tables());
  ASSERT_TRUE(rest && *rest);
  ASSERT_TRUE(change(**std::move(rest)));
  ASSERT_EQ(alerts().size(), 1u);
  EXPECT_EQ(alerts()[0].count, 100'000u);
  EXPECT_EQ(alerts()[0].last_index, next_index - 1);
  EXPECT_EQ(incidents().size(), 1u);
  EXPECT_LE(*ledger.size() - before, 10u);
  EXPECT_EQ(responder->growing(), 0u);
}

TEST_F(ResponderTest, SessionsAreRevokedBesideWhatElseIsDone) {
  use(R"(
playbook: contain
mode: enforce
do:
  - {effect: revoke_sessions, for: 1h}
  - {effect: suspend, for: 30m}
  - {effect: revoke_sessions, for: 2h}
)");
  ASSERT_TRUE(give(signal("behaviour.exfiltration_volume", "principal/a")));
  ASSERT_EQ(responses().size(), 3u) << "within one fact each is looked at by what was in force before";
  EXPECT_TRUE(held("a").ends());
  EXPECT_TRUE(held("a", 45 * kMinute).revoked) << "by whom nothing is shown since";
  ledger.clock.value += 2 * kGrowMs;
  ASSERT_TRUE(give(signal("behaviour.exfiltration_drip", "principal/a")));
  EXPECT_EQ(responses().size(), 3u) << "as much is in force";
}

// It takes traffic away for a moment, which counts like any other.
TEST_F(ResponderTest, OfTenPrincipalsWhoseSessionsWouldBeRevokedFiveWait) {
  use("playbook: out\nmode: enforce\ndo:\n  - {effect: revoke_sessions, for: 1h}\n");
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(give(signal("behaviour.denied_access", "principal/p" + std::to_string(i))));
  const auto all = responses();
  EXPECT_EQ(std::count_if(all.begin(), all.end(),
                          [](const Response& each) { return each.status == ResponseStatus::kProposed; }),
            5);
}

TEST_F(ResponderTest, WhatIsReadAgainAfterARestartDecidesNothingTwice) {
  use(kContain);
  std::vector<behaviour::Signal> all;
  for (int i = 0; i < 5; ++i) all.push_back(signal("behaviour.exfiltration_volume", "principal/a"));
  for (int i = 0; i < 3; ++i) give(all[static_cast<std::size_t>(i)]);
  open();
  for (const behaviour::Signal& each : all) give(each);
  auto rest = responder->settle({now().value + kGrowMs}, engine->tables());
  ASSERT_TRUE(rest && *rest);
  ASSERT_TRUE(change(**std::move(rest)));
  ASSERT_EQ(alerts().size(), 1u);
  EXPECT_EQ(alerts()[0].count, 5u);
  EXPECT_EQ(responses().size(), 1u);
}

TEST_F(ResponderTest, AfterADayOfSilenceItIsAnotherAlertOfTheSameOrAnotherIncident) {
  behaviour::Signal one = signal("behaviour.prompt_flood", "principal/a");
  ASSERT_TRUE(give(one));
  behaviour::Signal other = signal("behaviour.prompt_flood", "principal/a");
  other.time.value = one.time.value + kAlertQuietMs + 1;
  ASSERT_TRUE(give(other));
  EXPECT_EQ(alerts().size(), 2u);
  EXPECT_EQ(incidents().size(), 2u);
}

TEST_F(ResponderTest, AlertsAboutTheSameOneBelongTogetherAndAClosedIncidentTakesNoMore) {
  ASSERT_TRUE(give(signal("behaviour.prompt_flood", "principal/a")));
  ASSERT_TRUE(give(signal("behaviour.denied_access", "principal/a")));
  ASSERT_TRUE(give(signal("behaviour.denied_access", "principal/b")));
  ASSERT_EQ(incidents().size(), 2u);
  const Incident first = **find_incident(engine->tables(), alerts()[2].incident);
  EXPECT_EQ(list_alerts(engine->tables(), {.incident = first.id}, {}, 10)->size(), 2u);
  ASSERT_TRUE(change(propose_close(first, Cause::kFalsePositive)));
  ASSERT_TRUE(give(signal("behaviour.denied_access", "principal/a")));
  EXPECT_EQ(incidents().size(), 3u);
  EXPECT_EQ(alerts().size(), 4u);
}

TEST_F(ResponderTest, WhatIsNotSeriousOpensNoIncidentUntilItIs) {
  behaviour::Signal small = signal("behaviour.new_tool", "principal/a");
  small.severity = Severity::kLow;
  ASSERT_TRUE(give(small));
  EXPECT_TRUE(incidents().empty());
  ASSERT_TRUE(give(signal("behaviour.new_tool", "principal/a")));
  ASSERT_EQ(incidents().size(), 1u);
  EXPECT_EQ(alerts()[0].incident, incidents()[0].id);
  EXPECT_EQ(alerts()[0].severity, Severity::kHigh);
}

// ------------------------------------------------------------------------------------------ what no playbook can do

TEST_F(ResponderTest, WhatIsNotProvenTouchesNoPrincipal) {
  use(kContain);
  behaviour::Signal claimed = signal("behaviour.exfiltration_volume", "principal/victim");
  claimed.attribution = Attribution::kClaimed;
  ASSERT_TRUE(give(claimed));
  EXPECT_TRUE(responses().empty());
  EXPECT_FALSE(held("victim").any());
  ASSERT_EQ(alerts()[0].withheld.size(), 1u);
  EXPECT_EQ(alerts()[0].withheld[0], "contain suspend: it is not proven that this came from `principal/victim`");
}

TEST_F(ResponderTest, WhatADocumentMayHaveBroughtAboutTouchesNoPrincipal) {
  use(kContain);
  behaviour::Signal induced = signal("behaviour.exfiltration_volume", "principal/agent");
  induced.tags.emplace_back(kInducedTag);
  ASSERT_TRUE(give(induced));
  EXPECT_FALSE(held("agent").any());
  EXPECT_EQ(alerts()[0].withheld.size(), 1u);
}

TEST_F(ResponderTest, NobodyElseThanWhoTheAlertIsAboutIsTouched) {
  use("playbook: spite\nwhen: {rules: [x]}\ndo:\n  - {effect: suspend, target: principal/colleague, for: 1h}\n"
      "  - {effect: block, target: model/m, for: 1h}\n");
  ASSERT_TRUE(give(signal("x", "principal/a")));
  EXPECT_FALSE(held("colleague").any());
  ASSERT_EQ(responses().size(), 1u);
  EXPECT_EQ(responses()[0].action.target.text(), "model/m");
}

TEST_F(ResponderTest, WhoIsExemptOrGoneIsNotTouched) {
  use(kContain);
  surroundings.exempted["principal/breaker"] = "`principal/breaker` is in a group by emergency";
  surroundings.gone.insert("principal/deleted");
  ASSERT_TRUE(give(signal("behaviour.exfiltration_volume", "principal/breaker")));
  ASSERT_TRUE(give(signal("behaviour.exfiltration_volume", "principal/deleted")));
  EXPECT_TRUE(responses().empty());
  for (const Alert& alert : alerts()) EXPECT_EQ(alert.withheld.size(), 1u);
}

TEST_F(ResponderTest, WhatIsInForceIsNotDoneAgainSoNothingFeedsItself) {
  use(std::string(kContain) +
      "---\nplaybook: again\nwhen: {rules: [behaviour.denied_access]}\n"
      "do: [{effect: suspend, for: 1h}, {effect: throttle, per_minute: 5, for: 1h}]\n");
  ASSERT_TRUE(give(signal("behaviour.exfiltration_volume", "principal/a")));
  // What the suspension brings about.
  ASSERT_TRUE(give(signal("behaviour.denied_access", "principal/a")));
  for (int i = 0; i < 100; ++i) give(signal("behaviour.denied_access", "principal/a"));
  EXPECT_EQ(responses().size(), 1u);
  EXPECT_EQ(alerts()[0].withheld.size(), 2u);
}

TEST_F(ResponderTest, BeyondSoManyAMinuteSomebodyMustAccept) {
  use(kContain);
  for (int i = 0; i < 8; ++i)
    ASSERT_TRUE(give(signal("behaviour.exfiltration_volume", "principal/p" + std::to_string(i))));
  int active = 0;
  for (const Response& each : responses()) active += each.status == ResponseStatus::kActive ? 1 : 0;
  EXPECT_EQ(active, static_cast<int>(kStopsPerMinute));
  const Response waiting = list_responses(engine->tables(), {.status = ResponseStatus::kProposed}, {}, 10)->front();
  EXPECT_NE(waiting.why, "");
  EXPECT_FALSE(held(waiting.action.target.name).any());
  ASSERT_TRUE(change(propose_accept(waiting)));
  EXPECT_EQ(held(waiting.action.target.name).stop, Effect::kSuspend);
  // A minute later there is room again.
  ledger.clock.value += kMinute + 1;
  ASSERT_TRUE(give(signal("behaviour.exfiltration_volume", "principal/later")));
  EXPECT_TRUE(held("later").any());
}

TEST_F(ResponderTest, NoMoreThanItsPartOfATenantsTrafficIsStopped) {
  use(kContain);
  surroundings.shares = {{"principal/big", 0.06}, {"principal/one", 0.03}, {"principal/two", 0.03}};
  for (const char* name : {"big", "one", "two"}) {
    ASSERT_TRUE(give(signal("behaviour.exfiltration_volume", std::string("principal/") + name)));
  }
  EXPECT_FALSE(held("big").any());
  EXPECT_TRUE(held("one").any());
  EXPECT_FALSE(held("two").any());
  surroundings.usual.reset();
  ASSERT_TRUE(give(signal("behaviour.exfiltration_volume", "principal/unknown")));
  EXPECT_FALSE(held("unknown").any());
}

TEST_F(ResponderTest, ARehearsalIsOnRecordAndHoldsNobodyBack) {
  use("playbook: try\nmode: rehearse\nwhen: {severity: high}\ndo: [{effect: suspend, for: 1h}]\n");
  ASSERT_TRUE(give(signal("behaviour.prompt_flood", "principal/a")));
  ASSERT_EQ(responses().size(), 1u);
  EXPECT_EQ(responses()[0].status, ResponseStatus::kRehearsed);
  EXPECT_FALSE(held("a").any());
}

TEST_F(ResponderTest, APlaybookMayWaitForSeveralSignals) {
  use("playbook: third\nwhen: {signals: 3}\ndo: [{effect: throttle, per_minute: 5, for: 1h}]\n");
  give(signal("r", "principal/a"));
  give(signal("r", "principal/a"));
  EXPECT_FALSE(held("a").any());
  ASSERT_TRUE(give(signal("r", "principal/a")));
  EXPECT_EQ(held("a").per_minute, 5u);
  EXPECT_EQ(held("a").throttled, "principal/a");
  EXPECT_EQ(alerts()[0].count, 3u);
}

TEST_F(ResponderTest, AlertsAboutATenantAreRaisedAndTouchNobody) {
  use(kContain);
  ASSERT_TRUE(give(signal("behaviour.exfiltration_volume", "tenant/clinic")));
  EXPECT_TRUE(responses().empty());
  EXPECT_EQ(alerts()[0].withheld.size(), 1u);
}

TEST_F(ResponderTest, AnAttackFromEverywhereIsNotAnAlertForEachNetwork) {
  use("playbook: close\nmode: enforce\nwhen: {severity: high}\nguard: {stops_per_minute: 5}\ndo: [{effect: block, for: "
      "1h}]\n");
  const auto network = [](std::size_t n) {
    std::string hex = std::to_string(n);
    return "network/" + std::string(16 - hex.size(), '0') + hex;
  };
  std::size_t facts = 0;
  for (std::size_t n = 0; n < 10 * kNetworksOfRuleMax; ++n) {
    facts += give(signal("behaviour.credential_stuffing", network(n))) ? 1 : 0;
  }
  const std::vector<Alert> all = alerts();
  ASSERT_EQ(all.size(), kNetworksOfRuleMax + 1);
  const auto others =
      std::find_if(all.begin(), all.end(), [](const Alert& each) { return each.key == kOtherNetworks; });
  ASSERT_NE(others, all.end());
  EXPECT_TRUE(others->message.starts_with("from more than 64 networks: ")) << others->message;
  EXPECT_LT(facts, kNetworksOfRuleMax + 8) << "it grows as any alert";
  ASSERT_EQ(others->withheld.size(), 1u);
  EXPECT_EQ(others->withheld[0], "close block: `network/*` is nothing that a response acts on");
  // Those with alerts of their own go on having them, and so have other rules.
  EXPECT_FALSE(give(signal("behaviour.credential_stuffing", network(3))));
  EXPECT_TRUE(give(signal("behaviour.repeated_denial", network(7'000))));
  EXPECT_EQ(alerts().size(), kNetworksOfRuleMax + 2);
  // And so has everybody on the next day.
  next_index += 25 * 3'600'000;
  EXPECT_TRUE(give(signal("behaviour.credential_stuffing", network(9'000))));
  EXPECT_EQ(alerts().front().key, network(9'000));
}

}  // namespace
}  // namespace redoubt::incident::test
