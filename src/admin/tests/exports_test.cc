// Incidents for people and systems elsewhere.
#include "admin/tests/support/admin_world.h"
#include "encoding/base64.h"
#include "tests/support/ocsf_validator.h"
#include "tlog/proof_file.h"

namespace redoubt::admin::test {
namespace {

using net::Method;

constexpr const char* kShared = "00000000000000a1";

class IncidentExports : public AdminTest {
 protected:
  IncidentExports() {
    world.raise(kShared);
    act("notes", R"({"text":"it was Eve, says her ward"})");
    act("close", R"({"cause":"true_positive"})");
  }
  void act(const char* verb, const char* body) {
    ASSERT_EQ(world.act("alice", Method::kPost, path + "/" + verb, "*", body).status, 200);
  }
  // The text of a string, as JSON.
  static std::string unescaped(const std::string& json) {
    encoding::JsonReader reader;
    const auto root = reader.parse("[" + json + "]");
    std::string_view out;
    EXPECT_TRUE(root && root->at_pointer("/0").get(out) == simdjson::SUCCESS) << json;
    return std::string(out);
  }
  // The items of all pages of this size, as JSON.
  std::vector<std::string> all_of(const std::string& target, int limit) {
    std::vector<std::string> out;
    const std::string first =
        target + (target.find('?') == std::string::npos ? "?limit=" : "&limit=") + std::to_string(limit);
    for (std::string next = first; !next.empty();) {
      const Reply page = world.get("carol", next);
      EXPECT_EQ(page.status, 200) << page.body;
      for (int i = 0; !page.at("/items/" + std::to_string(i)).empty(); ++i) {
        out.push_back(page.at("/items/" + std::to_string(i)));
      }
      next = page.at("/next").empty() ? "" : first + "&cursor=" + page.text("/next");
    }
    return out;
  }
  const std::string path = std::string("/admin/v1/incidents/") + kShared;
};

TEST_F(IncidentExports, ToShareAreFactsThatAStrangerCanVerify) {
  const Reply share = world.get("carol", path + "/share");
  ASSERT_EQ(share.status, 200) << share.body;
  EXPECT_EQ(share.text("/incident"), kShared);
  EXPECT_EQ(share.text("/origin"), "redoubt.example/ledger");
  EXPECT_EQ(share.at("/items/3"), "") << "raised, noted, closed";
  const auto key = tlog::VerifierKey::parse(world.proofs.verifier_key());
  for (const char* item : {"/items/0", "/items/1", "/items/2"}) {
    const std::string at = item;
    const std::string record = unescaped(share.at(at + "/record"));
    EXPECT_EQ(record, world.ledger.record(std::stoull(share.at(at + "/index"))));
    const auto verified =
        tlog::verify_proof_file(unescaped(share.at(at + "/proof")), tlog::leaf_hash(as_bytes(record)), {&*key, 1});
    ASSERT_TRUE(verified) << verified.error().message();
    EXPECT_EQ(std::to_string(verified->index.value), share.at(at + "/index"));
  }
  EXPECT_EQ(world.recorder.reads, std::vector<std::string>{"carol shareIncident"});
}

TEST_F(IncidentExports, ToShareOpenNothing) {
  const Reply share = world.get("carol", path + "/share");
  EXPECT_EQ(share.body.find("Eve"), std::string::npos);
  EXPECT_NE(share.text("/items/1/record").find("commitments"), std::string::npos);
}

TEST_F(IncidentExports, ToShareSayWhatNoCheckpointCovers) {
  world.proofs.covered = *world.ledger.size() - 1;
  const Reply share = world.get("carol", path + "/share");
  EXPECT_NE(share.at("/items/1/proof"), "");
  EXPECT_EQ(share.at("/items/2/proof"), "");
  EXPECT_NE(share.at("/items/2/leaf"), "");
}

TEST_F(IncidentExports, ToShareComeByPageOfFacts) {
  const auto whole = all_of(path + "/share", 200);
  EXPECT_EQ(whole.size(), 3u);
  EXPECT_EQ(all_of(path + "/share", 1), whole) << "a fact of several items once";
  EXPECT_EQ(all_of(path + "/share", 2), whole);
  const std::string forged = encoding::base64url(as_bytes(std::string_view("shareIncident\n1.0")));
  EXPECT_EQ(world.get("carol", path + "/share?cursor=" + forged).status, 400);
}

TEST_F(IncidentExports, AsOcsfAreValidEventsByPage) {
  const auto events = all_of(path + "/export?format=ocsf", 200);
  ASSERT_EQ(events.size(), 3u);
  EXPECT_NE(events[0].find("\"class_uid\":2005"), std::string::npos);
  EXPECT_NE(events[1].find("\"class_uid\":2004"), std::string::npos);
  EXPECT_NE(events[2].find("\"class_uid\":7001"), std::string::npos);
  for (const int limit : {1, 2, 3}) EXPECT_EQ(all_of(path + "/export", limit), events) << limit;
  for (const std::string& event : events) EXPECT_EQ(event.find("Eve"), std::string::npos);
  const auto validator = redoubt::test::OcsfValidator::load(redoubt::test::ocsf_schema_path());
  if (!validator && validator.error().code() == Errc::kNotFound) GTEST_SKIP() << "no OCSF schema in the test data";
  ASSERT_TRUE(validator) << validator.error().message();
  for (const std::string& event : events) {
    EXPECT_EQ(redoubt::test::to_string(validator->validate(event)), "") << event;
  }
}

TEST_F(IncidentExports, AreOfWhatThereIsAndForWhomPoliciesSay) {
  for (const char* view : {"/share", "/export"}) {
    EXPECT_EQ(world.get("carol", std::string("/admin/v1/incidents/00000000000000ff") + view).status, 404);
    EXPECT_EQ(world.get("app", path + view).status, 403);
  }
  EXPECT_EQ(world.get("carol", path + "/export?format=stix").status, 400);
  for (const char* key : {"alerts:", "alerts:1", "alerts:1:x", "responses", "responses:x:00000000000000a1", "other"}) {
    const std::string forged = encoding::base64url(as_bytes(std::string("exportIncident\n") + key));
    EXPECT_EQ(world.get("carol", path + "/export?cursor=" + forged).status, 400) << key;
  }
}

}  // namespace
}  // namespace redoubt::admin::test
