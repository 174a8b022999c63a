#include "incident/incident_projection.h"

#include <random>

#include "incident/facts.h"
#include "incident/tests/incident_fixture.h"
#include "state/rebuild.h"

namespace redoubt::incident::test {
namespace {

class IncidentProjectionTest : public IncidentTest {
 protected:
  Incident one() {
    give(signal("behaviour.prompt_flood", "principal/a"));
    return incidents().front();
  }
  Incident again(const Incident& incident) { return **find_incident(engine->tables(), incident.id); }
  static Action suspend(const std::string& target) {
    return {.effect = Effect::kSuspend, .target = *parse_target(target), .for_ms = 10 * kMinute};
  }
};

TEST_F(IncidentProjectionTest, WhoTakesAnIncidentHasSeenIt) {
  const Incident open = one();
  EXPECT_EQ(open.acknowledged.value, 0);
  ledger.clock.value += 1000;
  ASSERT_TRUE(change(propose_change(open, {.owner = "alice"})));
  EXPECT_EQ(again(open).owner, "alice");
  EXPECT_EQ(again(open).acknowledged, now());
  ASSERT_TRUE(change(propose_change(again(open), {.status = IncidentStatus::kContained, .title = "A flood"})));
  EXPECT_EQ(again(open).status, IncidentStatus::kContained);
  EXPECT_EQ(again(open).title, "A flood");
  EXPECT_EQ(again(open).version, 2u);
}

TEST_F(IncidentProjectionTest, OfTwoAnalystsAtOnceTheSecondHearsOfTheFirst) {
  const Incident open = one();
  ASSERT_TRUE(change(propose_change(open, {.owner = "alice"}), "alice"));
  EXPECT_EQ(change(propose_change(open, {.owner = "bob"}), "bob").error().code(), Errc::kConflict);
  EXPECT_EQ(again(open).owner, "alice");
}

TEST_F(IncidentProjectionTest, NotesAreSealedValuesAndGoWhenTheyAreErased) {
  const Incident open = one();
  const auto noted = change(propose_note(open, "called the ward: it was Eve"));
  ASSERT_TRUE(noted);
  EXPECT_EQ(ledger.record(noted->index).find("Eve"), std::string::npos);
  auto notes = *list_notes(engine->tables(), open.id, kNewest, 10);
  ASSERT_EQ(notes.size(), 1u);
  EXPECT_EQ(notes[0].text, "called the ward: it was Eve");
  EXPECT_EQ(notes[0].author, "alice");
  auto erasure = state::propose_erasure(noted->index, {std::string(kNoteText)}, 0);
  ASSERT_TRUE(change(std::move(erasure)));
  notes = *list_notes(engine->tables(), open.id, kNewest, 10);
  ASSERT_EQ(notes.size(), 1u);
  EXPECT_EQ(notes[0].text, "");
}

TEST_F(IncidentProjectionTest, WhatIsMergedMovesAndChangesNoMore) {
  const Incident first = one();
  give(signal("behaviour.prompt_flood", "principal/b"));
  const Incident second = incidents().front();
  ASSERT_NE(first.id, second.id);
  ASSERT_TRUE(change(propose_merge(second, first)));
  EXPECT_EQ(again(second).status, IncidentStatus::kMerged);
  EXPECT_EQ(again(second).merged_into, first.id);
  EXPECT_EQ(list_alerts(engine->tables(), {.incident = first.id}, {}, 10)->size(), 2u);
  EXPECT_EQ(change(propose_change(again(second), {.owner = "bob"})).error().code(), Errc::kConflict);
  EXPECT_EQ(change(propose_merge(first, again(second))).error().code(), Errc::kConflict);
  EXPECT_EQ(propose_merge(first, first).error().code(), Errc::kInvalidArgument);
}

TEST_F(IncidentProjectionTest, AnIncidentIsClosedWithACauseOnce) {
  const Incident open = one();
  EXPECT_EQ(propose_close(open, Cause::kNone).error().code(), Errc::kInvalidArgument);
  ASSERT_TRUE(change(propose_close(open, Cause::kTruePositive)));
  EXPECT_EQ(again(open).cause, Cause::kTruePositive);
  EXPECT_EQ(again(open).closed, now());
  EXPECT_EQ(change(propose_close(again(open), Cause::kBenign)).error().code(), Errc::kConflict);
}

TEST_F(IncidentProjectionTest, APersonsResponseIsUndoneAtOnce) {
  const Incident open = one();
  const std::string id = "00112233445566aa";
  ASSERT_TRUE(change(propose_response(id, suspend("principal/a"), open.id, "clinic", "seen on camera")));
  EXPECT_EQ(held("a").response, id);
  const Response started = **find_response(engine->tables(), id);
  ASSERT_TRUE(change(propose_end(started, EndWhy::kUndone), "bob"));
  EXPECT_FALSE(held("a").any());
  EXPECT_EQ((**find_response(engine->tables(), id)).ended_by, "bob");
  EXPECT_EQ(change(propose_end(**find_response(engine->tables(), id), EndWhy::kUndone)).error().code(),
            Errc::kConflict);
}

TEST_F(IncidentProjectionTest, OneThatWaitsIsAcceptedOrRefusedAndOneThatHoldsIsNot) {
  use("playbook: ask\nwhen: {severity: high}\ndo: [{effect: suspend, for: 1h, approval: true}]\n");
  give(signal("r", "principal/a"));
  give(signal("r", "principal/b"));
  const std::vector<Response> waiting = responses();
  ASSERT_EQ(waiting.size(), 2u);
  EXPECT_EQ(change(propose_end(waiting[0], EndWhy::kUndone)).error().code(), Errc::kConflict);
  ASSERT_TRUE(change(propose_end(waiting[0], EndWhy::kRefused)));
  ledger.clock.value += kDay;
  ASSERT_TRUE(change(propose_accept(waiting[1])));
  // From now on, not from when it was proposed.
  EXPECT_EQ((**find_response(engine->tables(), waiting[1].id)).until.value, now().value + 60 * kMinute);
  EXPECT_EQ(change(propose_accept(**find_response(engine->tables(), waiting[0].id))).error().code(), Errc::kConflict);
  EXPECT_EQ(change(propose_accept(**find_response(engine->tables(), waiting[1].id))).error().code(), Errc::kConflict);
}

TEST_F(IncidentProjectionTest, NobodySaysThatTimeIsOverBeforeItIs) {
  ASSERT_TRUE(change(propose_response("00112233445566aa", suspend("principal/a"), "", "", "why")));
  const Response active = **find_response(engine->tables(), "00112233445566aa");
  EXPECT_EQ(change(propose_end(active, EndWhy::kExpired)).error().code(), Errc::kInvalidArgument);
}

TEST_F(IncidentProjectionTest, EveryEffectIsReadAsItWasBegun) {
  for (std::size_t i = 0; i < kEffectCount; ++i) {
    Action action{.effect = static_cast<Effect>(i), .target = *parse_target("principal/a"), .for_ms = 10 * kMinute};
    if (!acts_on(action.effect, action.target.type)) action.target = *parse_target("model/m");
    if (action.effect == Effect::kThrottle) action.per_minute = 5;
    if (action.effect == Effect::kInspect) action.families = "secret";
    const std::string id = "00112233445566a" + std::to_string(i);
    const auto started = change(propose_response(id, action, "", "", "why"));
    ASSERT_TRUE(started) << started.error().message();
    const auto read = find_response(engine->tables(), id);
    ASSERT_TRUE(read && *read);
    EXPECT_EQ((*read)->action, action);
    EXPECT_EQ((*read)->began(), now());
    EXPECT_EQ(parse_effect(to_string(action.effect)), action.effect);
  }
}

TEST_F(IncidentProjectionTest, OfOneTargetOnlySoManyHold) {
  for (int i = 0; i <= kHeldMax; ++i) {
    char id[17];
    std::snprintf(id, sizeof id, "%016x", i);
    const auto started = change(propose_response(id, suspend("principal/a"), "", "", "why"));
    EXPECT_EQ(started.has_value(), i < kHeldMax);
    if (!started) {
      EXPECT_EQ(started.error().code(), Errc::kResourceExhausted);
    }
  }
}

TEST_F(IncidentProjectionTest, FactsWithoutFormChangeNothing) {
  const Incident open = one();
  const std::vector<std::array<std::string, 3>> facts = {
      {"incident.alert.raise", "alert/0123456789abcdef", "{}"},
      {"incident.alert.raise", "alert/short", R"({"rule":"r"})"},
      {"incident.alert.grow", "alert/0123456789abcdef",
       R"({"index":1,"time":1,"count":2,"severity":"low","incident":"","title":"","withheld":[],"responses":[]})"},
      {"incident.incident.change", "incident/" + open.id, "{}"},
      {"incident.incident.change", "incident/" + open.id, R"({"status":"closed"})"},
      {"incident.incident.change", "incident/" + open.id, R"({"owner":"a b"})"},
      {"incident.incident.change", "incident/" + open.id, R"({"owner":"a","more":1})"},
      {"incident.incident.note", "incident/" + open.id, R"({"text":"in the open"})"},
      {"incident.incident.merge", "incident/" + open.id, R"({"into":"0123456789abcdef"})"},
      {"incident.incident.close", "incident/" + open.id, R"({"cause":"none"})"},
      {"incident.response.start", "response/0123456789abcdef",
       R"({"effect":"block","target":"principal/a","for_ms":60000,"per_minute":0,"families":"","incident":"","tenant":"","why":""})"},
      {"incident.response.start", "response/0123456789abcdef",
       R"({"effect":"suspend","target":"principal/a","for_ms":1,"per_minute":0,"families":"","incident":"","tenant":"","why":""})"},
      {"incident.response.accept", "response/0123456789abcdef", "{}"},
      {"incident.response.end", "response/0123456789abcdef", R"({"why":"undone"})"},
      {"incident.unheard.of", "incident/" + open.id, "{}"},
  };
  for (const auto& [kind, object, body] : facts) {
    const auto done =
        change(state::Proposal{.kind = kind, .object = object, .expects = engine->version_of(object), .body = body});
    EXPECT_FALSE(done) << kind << " " << body;
  }
  EXPECT_EQ(again(open).version, 0u);
  EXPECT_EQ(responses().size(), 0u);
}

// Random acts: memory is what load() makes of the tables, and the tables are what a rebuild makes of the facts.
TEST_F(IncidentProjectionTest, MemoryAndTablesAreWhatTheFactsSay) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const auto below = [&](unsigned n) { return static_cast<unsigned>(random() % n); };
  use("playbook: contain\nwhen: {severity: high}\ndo: [{effect: suspend, for: 5m}]\n---\n"
      "playbook: slow\nwhen: {}\ndo: [{effect: throttle, per_minute: 3, for: 2m}, "
      "{effect: block, target: model/m, for: 1h, approval: true}]\n");
  surroundings.usual = 0.0001;
  for (int step = 0; step < 600; ++step) {
    ledger.clock.value += below(40'000);
    const auto all_incidents = incidents();
    const auto all_responses = responses();
    switch (below(8)) {
      case 0:
      case 1:
      case 2: {
        behaviour::Signal next = signal("r" + std::to_string(below(4)), "principal/p" + std::to_string(below(6)));
        next.time = now();
        next.severity = static_cast<Severity>(below(4));
        give(next);
        break;
      }
      case 3:
        if (!all_incidents.empty()) {
          (void)change(propose_change(all_incidents[below(static_cast<unsigned>(all_incidents.size()))],
                                      {.owner = "p" + std::to_string(below(3))}));
        }
        break;
      case 4:
        if (!all_incidents.empty()) {
          (void)change(
              propose_close(all_incidents[below(static_cast<unsigned>(all_incidents.size()))], Cause::kBenign));
        }
        break;
      case 5:
        if (!all_responses.empty()) {
          const Response& any = all_responses[below(static_cast<unsigned>(all_responses.size()))];
          (void)(below(2) == 0 ? change(propose_accept(any))
                               : change(propose_end(any, static_cast<EndWhy>(1 + below(3)))));
        }
        break;
      case 6:
        if (auto end = responder->expire(now(), engine->tables()); end && *end) (void)change(**std::move(end));
        break;
      default:
        if (below(10) == 0) open();
    }
    IncidentProjection loaded;
    ASSERT_TRUE(loaded.load(engine->tables()));
    for (int p = 0; p < 6; ++p) {
      const std::string name = "p" + std::to_string(p);
      const Exchange asked{.now = now(), .principal = name, .model = "m"};
      const Restriction now_held = projection->restrictions().of(asked);
      const Restriction as_loaded = loaded.restrictions().of(asked);
      ASSERT_EQ(now_held.response, as_loaded.response) << "step " << step;
      ASSERT_EQ(now_held.stop, as_loaded.stop);
      ASSERT_EQ(now_held.per_minute, as_loaded.per_minute);
    }
  }
  const auto digests = *engine->table_digests();
  engine.reset();
  std::filesystem::remove(folder / "state.db");
  open();
  EXPECT_EQ(*engine->table_digests(), digests);
}

}  // namespace
}  // namespace redoubt::incident::test
