// Requests that another witness was tested with get the answers that it gave.
#include <gtest/gtest.h>

#include "encoding/json_reader.h"
#include "tlog/tests/support.h"
#include "tlog/tests/witness_world.h"

namespace redoubt::tlog {
namespace {

namespace dom = simdjson::dom;

struct Case {
  std::uint64_t n = 0;
  std::string body;
  std::int64_t status = 0;
  std::string asserts;
};

std::string origin_of(const std::string& body) {
  const std::size_t begin = body.find("\n\n") + 2;
  return body.substr(begin, body.find('\n', begin) - begin);
}

// They stand in a file, to be submitted in their order to one witness; some are left out, for others to test with.
TEST(WitnessForeign, RequestsAreAnsweredAsTheirAuthorsSay) {
  const std::string folder = test::data_folder() + "witness-add-checkpoint";
  if (!test::exists(folder)) GTEST_SKIP() << "no test data at " << folder << " (set REDOUBT_DATA)";
  const std::string text = test::read_text(folder + "/cases.json");
  encoding::JsonReader reader;
  const auto root = reader.parse(text);
  ASSERT_TRUE(root);

  std::vector<Case> cases;
  const dom::array items = (*root)["cases"].get_array().value();
  for (const dom::element item : items) {
    cases.push_back({item["n"].get_uint64().value(), std::string(item["request_body"].get_string().value()),
                     item["expect_status"].get_int64().value(), std::string(item["asserts"].get_string().value())});
  }
  ASSERT_FALSE(cases.empty());

  const Bytes sigsum = *encoding::hex_decode((*root)["sigsum_log_key_hex"].get_string().value());
  crypto::Ed25519PublicKey sigsum_key;
  ASSERT_EQ(sigsum.size(), sigsum_key.size());
  std::copy(sigsum.begin(), sigsum.end(), sigsum_key.begin());
  const std::string sigsum_origin = "sigsum.org/v1/tree/" + encoding::hex(crypto::sha256(sigsum));
  const auto sumdb_key = VerifierKey::parse((*root)["sumdb_vkey"].get_string().value());
  ASSERT_TRUE(sumdb_key);

  testing_support::FaultFileSystem fs;
  test::WitnessWorld world(fs);
  auto witness = Witness::open(
      fs, "/state", test::WitnessWorld::make_cosigner(),
      {{sigsum_origin, {*VerifierKey::ed25519(sigsum_origin, sigsum_key)}}, {"go.sum database tree", {*sumdb_key}}},
      world.clock);
  ASSERT_TRUE(witness) << witness.error().message();

  std::map<std::int64_t, int> counts;
  for (const Case& test : cases) {
    SCOPED_TRACE(test.n);
    // Case 5 makes case 6 stale. Where it is left out it can be made: of the proof of case 1, whose signature is wrong,
    // and the checkpoint of cases 3 and 4, whose proofs are.
    const auto case_of = [&](std::uint64_t n) { return std::ranges::find(cases, n, &Case::n); };
    if (test.n == 6 && case_of(5) == cases.end()) {
      ASSERT_TRUE(case_of(1) != cases.end() && case_of(3) != cases.end());
      const std::string proof = case_of(1)->body.substr(0, case_of(1)->body.find("\n\n"));
      const std::string note = case_of(3)->body.substr(case_of(3)->body.find("\n\n"));
      ASSERT_EQ(witness->add_checkpoint(proof + note).status, 200);
    }
    const WitnessReply reply = witness->add_checkpoint(test.body);
    EXPECT_EQ(reply.status, test.status) << reply.body;
    ++counts[test.status];
    if (reply.status == 200) {
      const std::string note = test.body.substr(test.body.find("\n\n") + 2);
      EXPECT_TRUE(test::cosigned_at(note + reply.body, world.witness_key)) << origin_of(test.body);
    }
    if (test.asserts.starts_with("body == ")) {
      EXPECT_EQ(test.asserts, "body == \"" + reply.body.substr(0, reply.body.size() - 1) + "\\n\"");
      EXPECT_EQ(reply.content_type, "text/x.tlog.size");
    }
  }
  // Statuses without which the file would say little.
  for (const std::int64_t status : {200, 403, 409, 422}) EXPECT_GE(counts[status], 1) << status;
}

}  // namespace
}  // namespace redoubt::tlog
