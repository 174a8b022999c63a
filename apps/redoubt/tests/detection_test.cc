#include "redoubt/behaviour/detection.h"

#include <gtest/gtest.h>

#include "behaviour/interaction.h"
#include "behaviour/mesh_query.h"
#include "behaviour/simulation/simulation.h"
#include "ledger/tests/support.h"
#include "record/fact_record.h"
#include "redoubt/behaviour/replay_against.h"
#include "state/bundle.h"

namespace redoubt::app {
namespace {

// Denials of one model, and three of them by one principal within a minute.
constexpr std::string_view kRules = R"(title: refused model
id: 11111111-1111-4111-8111-111111111111
name: refused_model
status: test
logsource:
    category: ai_exchange
    product: redoubt
    service: denial
detection:
    selection:
        ai_model.name: secret
    condition: selection
level: medium
---
title: refused model often
id: 22222222-2222-4222-8222-222222222222
status: test
correlation:
    type: event_count
    rules:
        - refused_model
    generate: true
    group-by:
        - actor.user.uid
    timespan: 1m
    condition:
        gte: THRESHOLD
level: high
)";

std::string rules_with(int threshold) {
  std::string out(kRules);
  return out.replace(out.find("THRESHOLD"), 9, std::to_string(threshold));
}

class Kept final : public behaviour::SignalSink {
 public:
  void take(behaviour::Signal signal) override {
    append_signal(lines, signal);
    lines += '\n';
    all.push_back(std::move(signal));
  }
  std::vector<behaviour::Signal> all;
  std::string lines;
};

class DetectionTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(fs_.make_directory("/bundles")); }

  std::string add_bundle(std::vector<state::BundleFile> files) {
    files.push_back({"redoubt.toml", ""});
    auto bundle = state::Bundle::make(std::move(files));
    EXPECT_TRUE(bundle) << bundle.error().message();
    EXPECT_TRUE(store_.put(*bundle));
    return bundle->digest();
  }

  void deny(std::string_view model, std::string_view principal = "mallory") {
    const std::string exchange = "exchange-" + std::to_string(records_.size());
    records_.push_back(behaviour::simulation::record_json({.stage = record::Stage::kDenial,
                                                           .time = {1'780'000'000'000 + 1000 * time_++},
                                                           .exchange = exchange,
                                                           .principal = principal,
                                                           .credential = "k1",
                                                           .operation = "chat.completions",
                                                           .model = model,
                                                           .reason = behaviour::Reason::kAuthorization}));
  }
  void activate(const std::string& digest) {
    record::Fact fact{.uid = std::string(32, '0'),
                      .time = {1'780'000'000'000 + 1000 * time_++},
                      .kind = std::string(activations_ == 0 ? state::kBundleBegin : state::kBundleActivate),
                      .verb = record::FactVerb::kUpdate,
                      .object = std::string(state::kBundleObject),
                      .expects = activations_++,
                      .body = R"({"digest":")" + digest + R"("})",
                      .actor = {.principal = "redoubt"}};
    records_.emplace_back();
    const auto done = record::append_fact(records_.back(), fact, {.log_origin = "o", .product_version = "1"});
    ASSERT_TRUE(done) << done.error().message();
  }

  Detection::Options options(RuleBook* rules) const {
    return {.rules = rules, .mesh = behaviour::MeshOptions{.max_nodes = 1024, .max_edges = 4096}};
  }
  static void read(Detection& detection, const std::vector<std::string>& records, std::size_t from, std::size_t to,
                   Kept& sink) {
    for (std::size_t i = from; i < to; ++i) ASSERT_TRUE(detection.consume(i, as_bytes(records[i]), nullptr, sink));
  }
  static std::size_t count(const Kept& kept, std::string_view rule) {
    return static_cast<std::size_t>(
        std::count_if(kept.all.begin(), kept.all.end(), [&](const auto& signal) { return signal.rule == rule; }));
  }

  static constexpr std::string_view kOnce = "11111111-1111-4111-8111-111111111111";
  static constexpr std::string_view kOften = "22222222-2222-4222-8222-222222222222";
  ledger::test::FaultFileSystem fs_;
  state::BundleStore store_{fs_, "/bundles"};
  std::vector<std::string> records_;
  std::int64_t time_ = 0;
  std::uint64_t activations_ = 0;
};

TEST_F(DetectionTest, RunsTheProgramsRulesWhereABundleHasNone) {
  KeptRules rules(fs_, "/bundles");
  Detection detection(options(&rules));
  ASSERT_NE(detection.rules(), nullptr);
  EXPECT_GE(detection.rules()->state().rules, 100U);
  activate(add_bundle({}));
  Kept kept;
  read(detection, records_, 0, records_.size(), kept);
  EXPECT_EQ(detection.rules_problem(), "");
  EXPECT_GE(detection.rules()->state().rules, 100U);
}

TEST_F(DetectionTest, ChangesRulesBehindTheEntryThatBringsABundleIntoForce) {
  KeptRules rules(fs_, "/bundles");
  deny("secret");  // before
  activate(add_bundle({{"rules/own.yml", rules_with(3)}}));
  deny("secret");
  deny("other");
  deny("secret");
  deny("secret");  // the third under these rules
  activate(add_bundle({{"redoubt.md", "none"}}));
  deny("secret");
  Detection detection(options(&rules));
  Kept kept;
  read(detection, records_, 0, records_.size(), kept);
  EXPECT_EQ(count(kept, kOnce), 3U);
  ASSERT_EQ(count(kept, kOften), 1U);
  for (const behaviour::Signal& signal : kept.all) {
    if (signal.rule != kOften) continue;
    EXPECT_EQ(signal.key, "actor.user.uid=mallory");
    EXPECT_EQ(signal.index, 5U);
    EXPECT_EQ(signal.entries, (std::vector<std::uint64_t>{2, 4, 5}));
    EXPECT_EQ(signal.attribution, behaviour::Attribution::kProven);
    EXPECT_EQ(signal.severity, behaviour::Severity::kHigh);
    EXPECT_EQ(signal.id(), std::string(kOften) + ":actor.user.uid=mallory:5");
  }
}

TEST_F(DetectionTest, GoesOnWithACorrelationThatAnotherBundleLeavesAsItWas) {
  KeptRules rules(fs_, "/bundles");
  activate(add_bundle({{"rules/own.yml", rules_with(3)}}));
  deny("secret");
  deny("secret");
  activate(add_bundle({{"rules/own.yml", rules_with(3)}, {"prices.toml", ""}}));
  deny("secret");
  Detection detection(options(&rules));
  Kept kept;
  read(detection, records_, 0, records_.size(), kept);
  EXPECT_EQ(count(kept, kOften), 1U);
}

TEST_F(DetectionTest, RunsTheProgramsRulesAndSaysWhyWhenABundleIsGone) {
  KeptRules rules(fs_, "/bundles");
  activate("sha256:" + std::string(64, 'a'));
  Detection detection(options(&rules));
  Kept kept;
  read(detection, records_, 0, records_.size(), kept);
  EXPECT_NE(detection.rules_problem(), "");
  EXPECT_GE(detection.rules()->state().rules, 100U);
}

TEST_F(DetectionTest, TheMeshIsThatOfTheRecordsAlone) {
  KeptRules rules(fs_, "/bundles");
  for (int i = 0; i < 30; ++i) deny(i % 3 == 0 ? "other" : "secret", i % 5 == 0 ? "eve" : "mallory");
  records_.emplace_back("no record");
  activate(add_bundle({}));
  records_.emplace_back(R"({"class_uid":6003,"time":1,"unmapped":{"redoubt":{"stage":"admission"}}})");
  for (int i = 0; i < 30; ++i) deny("third", "eve");
  Detection::Options with_mesh = options(nullptr);
  with_mesh.detectors = false;
  Detection detection(with_mesh);
  Kept kept;
  read(detection, records_, 0, records_.size(), kept);
  ASSERT_TRUE(kept.all.empty());  // signals weigh in the mesh
  auto alone = behaviour::Mesh::create(*with_mesh.mesh);
  ASSERT_TRUE(alone);
  behaviour::InteractionReader reader;
  for (std::size_t i = 0; i < records_.size(); ++i) {
    const auto interaction = reader.read(records_[i], i);
    if (interaction && *interaction) alone->apply(**interaction);
  }
  const auto saved = [](const behaviour::Mesh& mesh) {
    Bytes out;
    EXPECT_TRUE(mesh.save([&](ByteView piece) -> Result<> {
      out.insert(out.end(), piece.begin(), piece.end());
      return {};
    }));
    return out;
  };
  EXPECT_EQ(saved(*detection.mesh()), saved(*alone));
}

TEST_F(DetectionTest, TellsTheSameWhereverItWasSavedAndRestored) {
  KeptRules rules(fs_, "/bundles");
  activate(add_bundle({{"rules/own.yml", rules_with(3)}}));
  for (int i = 0; i < 40; ++i) deny(i % 3 == 0 ? "other" : "secret", i % 5 == 0 ? "eve" : "mallory");
  records_.emplace_back("no record");
  activate(add_bundle({{"rules/own.yml", rules_with(4)}}));
  for (int i = 0; i < 20; ++i) deny("secret");
  Detection whole(options(&rules));
  Kept all;
  read(whole, records_, 0, records_.size(), all);
  ASSERT_GE(count(all, kOften), 3U);
  for (std::size_t cut = 0; cut <= records_.size(); ++cut) {
    Kept kept;
    Detection first(options(&rules));
    read(first, records_, 0, cut, kept);
    const Bytes state = first.save();
    auto second = Detection::restore(state, options(&rules));
    ASSERT_TRUE(second) << cut << ": " << second.error().message();
    EXPECT_EQ(second->next_index(), cut);
    EXPECT_EQ(second->save(), state) << cut;
    read(*second, records_, cut, records_.size(), kept);
    EXPECT_EQ(kept.lines, all.lines) << cut;
    EXPECT_EQ(second->save(), whole.save()) << cut;
  }
}

TEST_F(DetectionTest, RefusesAStateThatIsCutOffOrLonger) {
  KeptRules rules(fs_, "/bundles");
  deny("secret");
  Detection detection(options(&rules));
  Kept kept;
  read(detection, records_, 0, 1, kept);
  Bytes state = detection.save();
  for (std::size_t size = 0; size < state.size(); size += 1 + state.size() / 97) {
    EXPECT_FALSE(Detection::restore(ByteView(state).first(size), options(&rules))) << size;
  }
  state.push_back(std::byte{0});
  EXPECT_FALSE(Detection::restore(state, options(&rules)));
}

TEST_F(DetectionTest, LetsSignalsWeighInTheMesh) {
  KeptRules rules(fs_, "/bundles");
  activate(add_bundle({{"rules/own.yml", rules_with(3)}}));
  for (int i = 0; i < 6; ++i) deny("secret");
  Detection detection(options(&rules));
  Kept kept;
  read(detection, records_, 0, records_.size(), kept);
  std::string out;
  encoding::JsonWriter json(out);
  behaviour::MeshQuery query{.question = behaviour::MeshQuestion::kNode, .node = "principal:mallory"};
  ASSERT_TRUE(answer(*detection.mesh(), query, {}, json));
  EXPECT_NE(out.find(kOften), std::string::npos) << out;
  EXPECT_NE(out.find(R"("reason":"denied")"), std::string::npos) << out;
}

TEST_F(DetectionTest, RefusesBundlesWhoseRulesDoNotCompile) {
  const std::vector<state::BundleFile> broken = {{"rules/own.yml", "title: nothing\n"}};
  EXPECT_FALSE(rules_of(broken));
  const std::vector<state::BundleFile> unknown = {{"rules/own.yml", rules_with(3)},
                                                  {"rules/taxonomy.yaml", "fields: ["}};
  EXPECT_FALSE(rules_of(unknown));
  EXPECT_TRUE(rules_of(std::vector<state::BundleFile>{{"rules/own.yml", rules_with(3)}}));
  const auto none = rules_of(std::vector<state::BundleFile>{{"redoubt.toml", ""}});
  ASSERT_TRUE(none);
  EXPECT_FALSE(*none);
  EXPECT_FALSE(rules_of(std::vector<state::BundleFile>{{"rules/own.yml", "a: [1"}}));
}

TEST_F(DetectionTest, SaysWhatAChangeOfRulesWouldHaveRaisedAndLost) {
  using behaviour_verbs::ReplayAgainst;
  const auto fixed = [](int threshold) {
    return FixedRules(**rules_of(std::vector<state::BundleFile>{{"rules/own.yml", rules_with(threshold)}}));
  };
  FixedRules three = fixed(3);
  FixedRules two = fixed(2);
  ReplayAgainst against(Detection({.detectors = false, .rules = &three}),
                        Detection({.detectors = false, .rules = &two}));
  for (int i = 0; i < 3; ++i) deny("secret");
  std::string seen;
  for (std::size_t i = 0; i < records_.size(); ++i) {
    const auto changes = against.consume(i, as_bytes(records_[i]));
    ASSERT_TRUE(changes);
    for (const ReplayAgainst::Change& change : **changes) {
      seen += (change.what == ReplayAgainst::Change::What::kRaised ? "+" : "-") + std::to_string(change.signal.index);
      EXPECT_EQ(change.signal.rule, kOften);
    }
  }
  EXPECT_EQ(seen, "+1-2");  // told at the second already, and not again within the minute
  EXPECT_EQ(against.total().before, 4U);
  EXPECT_EQ(against.total().after, 4U);
  EXPECT_EQ(against.by_rule().at(std::string(kOften)).lost, 1U);
}

}  // namespace
}  // namespace redoubt::app
