#include "behaviour/interaction.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "behaviour/activity.h"
#include "behaviour/features.h"
#include "behaviour/mesh.h"
#include "record/dictionary_record.h"
#include "record/exchange_record.h"
#include "record/fact_record.h"

namespace redoubt::behaviour {
namespace {

using Lines = std::vector<std::string>;

// What an interaction links, in words.
Lines links_of(const Interaction& interaction) {
  Lines out;
  for (const auto& link : interaction.links()) {
    out.push_back(to_string(interaction.nodes()[link.from]) + " " + std::string(to_string(link.kind)) + " " +
                  to_string(interaction.nodes()[link.to]));
  }
  return out;
}

void expect_same(const Result<std::optional<Interaction>>& one, const Result<std::optional<Interaction>>& other,
                 const std::string& record) {
  ASSERT_EQ(one.has_value(), other.has_value()) << record;
  if (!one) {
    EXPECT_EQ(one.error().message(), other.error().message()) << record;
    return;
  }
  ASSERT_EQ(one->has_value(), other->has_value()) << record;
  if (!*one) return;
  EXPECT_EQ(links_of(**one), links_of(**other)) << record;
  EXPECT_EQ((*one)->actor, (*other)->actor) << record;
  EXPECT_EQ((*one)->index, (*other)->index) << record;
  EXPECT_EQ((*one)->time, (*other)->time) << record;
  EXPECT_EQ((*one)->volumes, (*other)->volumes) << record;
  EXPECT_EQ((*one)->is_cut(), (*other)->is_cut()) << record;
}

// Keeps the record that views are of.
struct Read {
  std::string record;
  InteractionReader reader;
  Result<std::optional<Interaction>> result = std::optional<Interaction>();

  explicit Read(std::string text, const Features* features = nullptr) : record(std::move(text)) {
    result = reader.read(record, 7, features);
    expect_same_of_activity(features);
  }
  const Interaction& operator*() const { return **result; }
  bool named_somebody() const { return result.has_value() && result->has_value(); }

  // What has been read already gives the same.
  void expect_same_of_activity(const Features* features) const {
    ActivityReader activities;
    const auto activity = activities.read(as_bytes(record));
    if (!activity || (*activity)->stage == record::Stage::kFact) return;
    InteractionReader other;
    expect_same(other.read(**activity, 7, features), result, record);
  }
};

record::ExchangeFacts exchange() {
  record::ExchangeFacts facts;
  facts.exchange_uid = "00112233445566778899aabbccddeeff";
  facts.time = {1'780'000'000'123};
  facts.source = {"redoubt.example/ledger/t/clinic", "clinic", "0.1.0"};
  facts.method = "POST";
  facts.path = "/v1/chat/completions";
  facts.request_size = 412;
  facts.principal_uid = "svc-triage";
  facts.principal_type = record::PrincipalType::kService;
  facts.credential_uid = "k3xq7m20zb4d";
  facts.operation = "chat.completions";
  facts.model = "clinic-small";
  facts.upstream = "gpu-pool-1";
  facts.authorizer = "cedar";
  facts.caller_address = record::Commitment{};
  return facts;
}

const Lines kExchangeLinks = {
    "principal:svc-triage called model:clinic-small", "model:clinic-small served_by upstream:gpu-pool-1",
    "principal:svc-triage presented credential:k3xq7m20zb4d", "principal:svc-triage belongs_to tenant:clinic"};

TEST(InteractionOf, AnAdmissionCountsAndLinksWhoActedWithWhat) {
  auto facts = exchange();
  const record::MatchCount matches[] = {{"email_address", 2, "flag"}, {"us_ssn", 1, "none"}};
  facts.matches = matches;
  std::string record;
  record::append_admission(record, facts, {});
  const Read read(record);
  ASSERT_TRUE(read.named_somebody());
  EXPECT_EQ(links_of(*read), kExchangeLinks);
  EXPECT_EQ((*read).index, 7U);
  EXPECT_EQ((*read).time, UnixMillis{1'780'000'000'123});
  EXPECT_EQ((*read).volumes, (Volumes{.count = 1, .matches = 3}));
}

TEST(InteractionOf, TheCallersAddressIsNoNetwork) {
  std::string record;
  record::append_admission(record, exchange(), {});
  const Read read(record);
  ASSERT_TRUE(read.named_somebody());
  for (const NodeName& node : (*read).nodes()) EXPECT_NE(node.type, NodeType::kNetwork);
}

TEST(InteractionOf, AnOutcomeBringsVolumesAndNoCount) {
  record::Outcome outcome;
  outcome.http_status = 200;
  outcome.response_size = 2048;
  outcome.prompt_tokens = 96;
  outcome.completion_tokens = 412;
  std::string record;
  record::append_outcome(record, exchange(), outcome);
  const Read read(record);
  ASSERT_TRUE(read.named_somebody());
  EXPECT_EQ(links_of(*read), kExchangeLinks);
  EXPECT_EQ((*read).volumes, (Volumes{.bytes = 412 + 2048, .tokens = 508}));
}

TEST(InteractionOf, AnOutcomeNamesToolsAndDataSetsThatWereUsedOnce) {
  record::Outcome outcome;
  const std::vector<std::string> tools = {"crm_lookup", "send_mail"};
  const std::vector<std::string> data = {"labs"};
  outcome.tools = tools;
  const std::vector<std::uint64_t> rows = {6000};
  outcome.data = data;
  outcome.rows = rows;
  std::string record;
  record::append_outcome(record, exchange(), outcome);
  const Read read(record);
  ASSERT_TRUE(read.named_somebody());
  Lines wanted = kExchangeLinks;
  wanted.insert(wanted.end(),
                {"principal:svc-triage used_tool tool:crm_lookup", "principal:svc-triage used_tool tool:send_mail",
                 "principal:svc-triage read data_set:labs"});
  EXPECT_EQ(links_of(*read), wanted);
  EXPECT_EQ((*read).volumes.count, 0U);
  auto mesh = Mesh::create({.max_nodes = 64, .max_edges = 64});
  ASSERT_TRUE(mesh);
  mesh->apply(*read);
  const auto tool = mesh->find({NodeType::kTool, "send_mail"});
  const auto model = mesh->find({NodeType::kModel, "clinic-small"});
  ASSERT_TRUE(tool && model);
  EXPECT_EQ(mesh->edge(mesh->into(*tool)[0]).count, 1U);
  EXPECT_TRUE(mesh->edge(mesh->into(*tool)[0]).did());
  EXPECT_EQ(mesh->edge(mesh->into(*model)[0]).count, 0U);  // the admission counted
}

TEST(InteractionOf, ANetworkIsWhatFeaturesKnowItBy) {
  std::string record;
  record::append_admission(record, exchange(), {});
  const Features features{.address_prefix = 0x0123456789abcdef};
  const Read read(record, &features);
  ASSERT_TRUE(read.named_somebody());
  Lines wanted = kExchangeLinks;
  wanted.emplace_back("principal:svc-triage came_from network:0123456789abcdef");
  EXPECT_EQ(links_of(*read), wanted);
}

TEST(InteractionOf, ADenialStandsForAsManyAsItSays) {
  std::string record;
  record::append_denial(record, exchange(), {.reason = record::DenialReason::kAuthorization, .count = 40});
  const Read read(record);
  ASSERT_TRUE(read.named_somebody());
  EXPECT_EQ((*read).volumes, (Volumes{.count = 40, .denials = 40}));
}

TEST(InteractionOf, WhomNobodyKnowsIsNobody) {
  auto facts = exchange();
  facts.principal_uid = {};
  facts.credential_uid = {};
  std::string record;
  record::append_denial(record, facts, {.reason = record::DenialReason::kAuthentication});
  const Read read(record);
  ASSERT_TRUE(read.result);
  EXPECT_FALSE(read.named_somebody());
}

TEST(InteractionOf, AnInterruptionNamesNobody) {
  std::string record;
  record::append_interrupted(record, {.exchange_uid = "00112233445566778899aabbccddeeff", .source = exchange().source});
  const Read read(record);
  ASSERT_TRUE(read.result);
  EXPECT_FALSE(read.named_somebody());
}

TEST(InteractionOf, AnOpeningIsAReadingOfTheLog) {
  record::Opened opened;
  opened.request_uid = "00112233445566778899aabbccddeeff";
  opened.source = exchange().source;
  opened.principal_uid = "auditor-1";
  std::string record;
  record::append_opened(record, opened);
  const Read read(record);
  ASSERT_TRUE(read.named_somebody());
  EXPECT_EQ(links_of(*read), (Lines{"principal:auditor-1 read data_set:redoubt.example/ledger/t/clinic"}));
}

TEST(InteractionOf, ADictionaryThatWasKeyedIsNobodysDoing) {
  std::string record;
  record::append_dictionary_keyed(record, {.source = exchange().source, .dictionary = "patients", .records = 2});
  const Read read(record);
  ASSERT_TRUE(read.result);
  EXPECT_FALSE(read.named_somebody());
}

TEST(InteractionOf, WithoutAModelTheServerIsCalled) {
  auto facts = exchange();
  facts.model = {};
  facts.principal_type = record::PrincipalType::kUser;
  std::string record;
  record::append_admission(record, facts, {});
  const Read read(record);
  ASSERT_TRUE(read.named_somebody());
  EXPECT_EQ(links_of(*read).front(), "user:svc-triage called upstream:gpu-pool-1");
}

record::Fact fact(std::string kind, std::string object, std::string body) {
  record::Fact out;
  out.uid = "00112233445566778899aabbccddeeff";
  out.time = {1'780'000'000'123};
  out.kind = std::move(kind);
  out.object = std::move(object);
  out.body = std::move(body);
  out.actor.principal = "alice";
  return out;
}

Lines links_of(const record::Fact& fact) {
  std::string record;
  EXPECT_TRUE(record::append_fact(record, fact, {"redoubt.example/ledger", "", "0.1.0"}));
  const Read read(record);
  EXPECT_TRUE(read.result);
  return read.named_somebody() ? links_of(*read) : Lines();
}

TEST(InteractionOf, AFactSaysWhatKindOfPrincipalItIsAboutAndForWhomThatActs) {
  EXPECT_EQ(
      links_of(fact("identity.principal.create", "principal/courier",
                    R"({"type":"agent","tenant":"clinic","owner":"ann","groups":["callers"],"display_name":false})")),
      (Lines{"principal:alice changed agent:courier", "agent:courier belongs_to tenant:clinic",
             "agent:courier belongs_to group:callers", "principal:ann delegated_to agent:courier"}));
}

TEST(InteractionOf, AFactOfAKeySaysWhoseItIs) {
  auto issued = fact("identity.key.issue", "key/k3xq7m20zb4d", R"({"principal":"courier"})");
  issued.actor.on_behalf_of = "bob";
  EXPECT_EQ(links_of(issued),
            (Lines{"principal:alice acted_for principal:bob", "principal:alice changed credential:k3xq7m20zb4d",
                   "credential:k3xq7m20zb4d belongs_to principal:courier"}));
}

TEST(InteractionOf, AFactOfAModelSaysWhoServesIt) {
  EXPECT_EQ(links_of(fact("models.model.create", "model/org/m-1", R"({"upstream":"gpu-pool-1"})")),
            (Lines{"principal:alice changed model:org/m-1", "model:org/m-1 served_by upstream:gpu-pool-1"}));
}

TEST(InteractionOf, TheFirstFactKnowsEverybodyWhomItMakesKnown) {
  auto genesis =
      fact("identity.genesis", "genesis",
           R"({"first":[{"principal":"admin-1","type":"user","group":"administrators","tenant":"","key":"k1"},)"
           R"({"principal":"ward","type":"application","group":"callers","tenant":"clinic","key":"k2"}]})");
  genesis.actor.principal = "init";
  EXPECT_EQ(links_of(genesis),
            (Lines{"user:admin-1 belongs_to group:administrators", "credential:k1 belongs_to user:admin-1",
                   "application:ward belongs_to group:callers", "application:ward belongs_to tenant:clinic",
                   "credential:k2 belongs_to application:ward"}));
}

TEST(InteractionOf, AFactAboutNothingThatANodeStandsForLinksNothing) {
  EXPECT_EQ(links_of(fact("holds.hold.release", "hold/0123456789abcdef", R"({"reason":"fine"})")), Lines());
}

TEST(InteractionOf, RefusesWhatIsNoRecord) {
  EXPECT_EQ(Read("{}").result.error().code(), Errc::kMalformed);
  EXPECT_EQ(Read("[1]").result.error().code(), Errc::kMalformed);
  EXPECT_EQ(Read("not JSON").result.error().code(), Errc::kMalformed);
  EXPECT_EQ(Read(R"({"unmapped":{"redoubt":{"stage":"admission"}}})").result.error().code(), Errc::kMalformed);
  EXPECT_EQ(Read(R"({"time":1,"unmapped":{"redoubt":{"stage":"dream"}}})").result.error().code(), Errc::kUnsupported);
  EXPECT_EQ(Read(std::string(65'536, ' ')).result.error().code(), Errc::kTooLarge);
}

TEST(Interaction, HasRoomForSoManyAndSaysWhenItHadNone) {
  std::vector<std::string> names;
  for (int i = 0; i < 40; ++i) names.push_back("tool-" + std::to_string(i));
  Interaction out;
  const auto actor = out.add({NodeType::kAgent, "a"});
  for (const std::string& name : names) out.link(actor, out.add({NodeType::kTool, name}), EdgeKind::kUsedTool);
  EXPECT_EQ(out.nodes().size(), Interaction::kNodesMax);
  EXPECT_EQ(out.links().size(), Interaction::kNodesMax - 1);
  EXPECT_TRUE(out.is_cut());
}

TEST(Interaction, KnowsOnePrincipalUnderEveryType) {
  Interaction out;
  const auto first = out.add({NodeType::kPrincipal, "courier"});
  EXPECT_EQ(out.add({NodeType::kAgent, "courier"}), first);
  EXPECT_NE(out.add({NodeType::kGroup, "courier"}), first);
  EXPECT_EQ(out.nodes()[0].type, NodeType::kAgent);
  EXPECT_EQ(out.add({NodeType::kTool, ""}), std::nullopt);
}

}  // namespace
}  // namespace redoubt::behaviour
