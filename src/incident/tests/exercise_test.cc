#include "incident/exercise.h"

#include "incident/facts.h"
#include "incident/rehearsal.h"
#include "incident/tests/incident_fixture.h"

namespace redoubt::incident::test {
namespace {

constexpr std::string_view kPlaybook =
    "playbook: stop\nmode: enforce\nwhen: {rules: [behaviour.exfiltration_*], tags: [atlas:AML.T0024], severity: high, "
    "confidence: 70, score: 60, signals: 5}\ndo: [{effect: suspend, for: 1h}, {effect: block, target: model/m, for: "
    "1h}]\n";

class ExerciseTest : public IncidentTest {
 protected:
  static Exercise exercise(std::string_view yaml = kPlaybook) {
    auto playbooks = read_playbooks("p.yaml", yaml);
    EXPECT_TRUE(playbooks) << playbooks.error().message();
    auto out = make_exercise(playbooks->front(), "spring", {kNow});
    EXPECT_TRUE(out) << out.error().message();
    return *std::move(out);
  }
};

TEST_F(ExerciseTest, RunsThePlaybookAndEnforcesNothing) {
  const Exercise spring = exercise();
  EXPECT_TRUE(spring.playbook.is_for(spring.signal, 1));
  PlainSurroundings nobody;
  auto rehearsal = Rehearsal::create({spring.playbook}, nobody, Rehearsal::Keep::kFacts);
  ASSERT_TRUE(rehearsal) << rehearsal.error().message();
  ASSERT_TRUE((*rehearsal)->take(spring.signal));
  const auto done = (*rehearsal)->responses();
  ASSERT_TRUE(done);
  ASSERT_EQ(done->size(), 2u);
  for (const Response& each : *done) EXPECT_EQ(each.status, ResponseStatus::kRehearsed);
  const auto cases = (*rehearsal)->incidents();
  ASSERT_EQ(cases->size(), 1u);
  EXPECT_TRUE(cases->front().title.starts_with("Exercise: ")) << cases->front().title;

  const auto laws = read_regimes("regimes.yaml", shipped_regimes());
  const auto review = (*rehearsal)->review(cases->front().id, *laws);
  ASSERT_TRUE(review) << review.error().message();
  EXPECT_TRUE(review->exercise);
  EXPECT_FALSE(review->answered) << "nothing came into force";
  const std::string text = to_markdown(document_of(*review));
  EXPECT_NE(text.find("**EXERCISE."), std::string::npos);
}

TEST_F(ExerciseTest, IsNeverOneWithWhatIsReal) {
  use(
      std::string("playbook: slow\nmode: enforce\nwhen: {severity: high}\ndo: [{effect: throttle, per_minute: 1, for: "
                  "1h}]\n"));
  behaviour::Signal simulated = signal("behaviour.prompt_flood", "principal/exercise:spring");
  simulated.tags = {std::string(kExerciseTag)};
  give(simulated);
  ASSERT_EQ(incidents().size(), 1u);
  const Incident exercise = incidents().front();
  EXPECT_EQ(responses().front().status, ResponseStatus::kRehearsed);
  EXPECT_TRUE(is_exercise(exercise.id, engine->tables()));
  // The same rule about the same name, for real.
  give(signal("behaviour.prompt_flood", "principal/exercise:spring"));
  ASSERT_EQ(incidents().size(), 2u) << "it is an incident of its own";
  const Incident real = incidents()[0].id == exercise.id ? incidents()[1] : incidents()[0];
  EXPECT_FALSE(is_exercise(real.id, engine->tables()));
  EXPECT_EQ(change(propose_merge(exercise, real)).error().code(), Errc::kConflict);
  EXPECT_EQ(change(propose_merge(real, exercise)).error().code(), Errc::kConflict);
}

TEST_F(ExerciseTest, WhatSaysThatItIsOneAndEnforcesIsRefused) {
  AlertRaise raise;
  raise.alert = {.id = "0123456789abcdef",
                 .rule = "r",
                 .key = "principal/exercise:x",
                 .message = "m",
                 .tags = {std::string(kExerciseTag)},
                 .first = {kNow},
                 .incident = "0123456789abcdef"};
  raise.title = "t";
  raise.responses.push_back(
      {.id = "00000000000000aa",
       .action = {.effect = Effect::kSuspend, .target = {TargetType::kPrincipal, "victim"}, .for_ms = 10 * kMinute},
       .status = ResponseStatus::kActive,
       .playbook = "p"});
  EXPECT_EQ(change(propose_raise(raise), "redoubt").error().message(), "an exercise enforces nothing");
  EXPECT_FALSE(held("victim").any());
  raise.responses.clear();
  raise.alert.key = "principal/victim";
  EXPECT_EQ(change(propose_raise(raise), "redoubt").error().code(), Errc::kInvalidArgument) << "about somebody real";
}

TEST_F(ExerciseTest, FitsThePlaybookOrIsRefused) {
  EXPECT_EQ(exercise("playbook: b\nwhen: {rules: [x.y]}\ndo: [{effect: block, for: 1h}]\n").signal.key,
            "model/exercise:spring");
  const auto playbooks = read_playbooks("p.yaml", kPlaybook);
  for (const char* const name : {"", "Spring", "a b", "../x"}) {
    EXPECT_EQ(make_exercise(playbooks->front(), name, {kNow}).error().code(), Errc::kInvalidArgument) << name;
  }
  const auto torn = read_playbooks(
      "p.yaml", "playbook: b\nwhen: {rules: [x.y]}\ndo: [{effect: block, for: 1h}, {effect: suspend, for: 1h}]\n");
  EXPECT_FALSE(make_exercise(torn->front(), "spring", {kNow}));
}

}  // namespace
}  // namespace redoubt::incident::test
