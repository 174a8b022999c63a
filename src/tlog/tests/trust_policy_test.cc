#include "tlog/trust_policy.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <random>

#include "tlog/tests/support.h"

namespace redoubt::tlog {
namespace {

using test::make_cosigner;
using test::make_signer;

constexpr std::uint64_t kTime = 1'700'000'000;

std::string log_vkey(const std::string& name, std::uint8_t seed) {
  return make_signer(name, seed).verifier_key().format();
}
std::string witness_vkey(std::uint8_t seed) {
  return make_cosigner("w" + std::to_string(seed) + ".example", seed).verifier_key().format();
}
std::string witness_line(const std::string& name, std::uint8_t seed) {
  return "witness " + name + " " + witness_vkey(seed) + "\n";
}
std::string ml_dsa_vkey(const std::string& name, std::uint8_t fill = 1) {
  return test::make_ml_dsa_key(name, fill).format();
}

// C2SP tlog-policy, Example policy.
std::string example() {
  return "log " + log_vkey("example.com/log", 1) + "\n\n" +                          //
         witness_line("X1", 11) + witness_line("X2", 12) + witness_line("X3", 13) +  //
         "group X-witnesses 2 X1 X2 X3\n\n" +                                        //
         witness_line("Y1", 21) + witness_line("Y2", 22) + witness_line("Y3", 23) +  //
         "group Y-witnesses any Y1 Y2 Y3\n\n" +                                      //
         "group X-and-Y all X-witnesses Y-witnesses\n" +                             //
         "quorum X-and-Y\n";
}

Error error_of(const std::string& text) {
  const auto policy = TrustPolicy::parse(text);
  EXPECT_FALSE(policy) << text;
  return policy ? Error(Errc::kInvalidArgument, "accepted") : policy.error();
}

bool satisfied(const TrustPolicy& policy, const std::vector<std::size_t>& witnesses) {
  return policy.satisfied_by(witnesses);
}

TEST(TrustPolicy, ReadsTheStandardsExample) {
  const auto policy = TrustPolicy::parse(example());
  ASSERT_TRUE(policy) << policy.error().message();
  ASSERT_EQ(policy->logs().size(), 1U);
  EXPECT_EQ(policy->logs()[0].key.name(), "example.com/log");
  EXPECT_EQ(policy->logs()[0].url, "");
  ASSERT_EQ(policy->witnesses().size(), 6U);
  EXPECT_EQ(policy->witnesses()[3].name, "Y1");
  EXPECT_EQ(policy->witnesses()[3].key.name(), "w21.example");
  EXPECT_EQ(policy->quorum(), "X-and-Y");
  EXPECT_TRUE(policy->needs_witnesses());
  // Two of X and one of Y, whoever they are: compared with the rule for every set.
  for (unsigned set = 0; set < 64; ++set) {
    std::vector<std::size_t> witnesses;
    for (std::size_t i = 0; i < 6; ++i) {
      if ((set >> i & 1) != 0) witnesses.push_back(i);
    }
    const int x = std::popcount(set & 7U);
    const int y = std::popcount(set >> 3U);
    EXPECT_EQ(satisfied(*policy, witnesses), x >= 2 && y >= 1) << set;
  }
  EXPECT_FALSE(satisfied(*policy, {0, 0, 0, 3, 3}));  // one witness counts once
  EXPECT_FALSE(satisfied(*policy, {0, 6, 7, 100, 3}));
}

TEST(TrustPolicy, AWitnessMayBeTheQuorum) {
  const auto policy = TrustPolicy::parse(witness_line("A", 1) + witness_line("B", 2) + "quorum B\n");
  ASSERT_TRUE(policy) << policy.error().message();
  EXPECT_TRUE(policy->logs().empty());
  EXPECT_FALSE(satisfied(*policy, {}));
  EXPECT_FALSE(satisfied(*policy, {0}));
  EXPECT_TRUE(satisfied(*policy, {1}));
}

TEST(TrustPolicy, NoneAsksForNoWitness) {
  for (const std::string& text : {std::string("quorum none\n"), witness_line("A", 1) + "quorum none\n"}) {
    const auto policy = TrustPolicy::parse(text);
    ASSERT_TRUE(policy) << policy.error().message();
    EXPECT_FALSE(policy->needs_witnesses());
    EXPECT_TRUE(satisfied(*policy, {}));
  }
}

TEST(TrustPolicy, AllowsBlankAndCommentLinesAndWhitespaceOfSpacesAndTabs) {
  const auto policy = TrustPolicy::parse("\n \t\n# a comment\n\t #another, with \xff octets\n \twitness\t A  " +
                                         witness_vkey(1) + "\t \thttps://w.example/ \t\nquorum \t A\t\n#end\n");
  ASSERT_TRUE(policy) << policy.error().message();
  EXPECT_EQ(policy->witnesses().at(0).url, "https://w.example/");
  EXPECT_EQ(policy->witnesses().at(0).name, "A");
}

TEST(TrustPolicy, NamesAreOpaqueOctets) {
  // "the name 0x4B (ASCII "K") is different from the name 0xE2 0x84 0xAA" (Character set); and not UTF-8 at all.
  const auto policy = TrustPolicy::parse(witness_line("K", 1) + witness_line("\xe2\x84\xaa", 2) +
                                         witness_line("\xff\x80", 3) + "group any all K \xff\x80\nquorum any\n");
  ASSERT_TRUE(policy) << policy.error().message();
  EXPECT_TRUE(satisfied(*policy, {0, 2}));
  EXPECT_FALSE(satisfied(*policy, {1, 2}));
}

TEST(TrustPolicy, RefusesOctetsThatAreNotAllowed) {
  for (int octet = 0; octet < 256; ++octet) {
    const std::string text = std::string("# ") + static_cast<char>(octet) + "\nquorum none\n";
    const bool allowed = octet == 0x09 || octet == 0x0a || (octet >= 0x20 && octet <= 0x7e) || octet >= 0x80;
    EXPECT_EQ(TrustPolicy::parse(text).has_value(), allowed) << octet;
  }
  EXPECT_EQ(error_of("quorum none\r\n").message(), "line 1: an octet is not allowed in a policy");
  // Form feed and the like separate nothing.
  EXPECT_EQ(error_of("quorum\vnone\n").code(), Errc::kMalformed);
  EXPECT_EQ(error_of("quorum\xc2\xa0none\n").code(), Errc::kMalformed);
}

TEST(TrustPolicy, RefusesOtherFormsAndSaysWhere) {
  const std::string ab = witness_line("A", 1) + witness_line("B", 2);
  const std::string log = "log " + log_vkey("l.example", 1);
  for (const auto& [text, message] : std::vector<std::pair<std::string, std::string>>{
           {"", "the policy has no quorum line"},
           {"# nothing\n", "the policy has no quorum line"},
           {ab, "the policy has no quorum line"},
           {"quorum none", "line 1: the line does not end in a newline"},
           {"quorum none\n#", "line 2: the line does not end in a newline"},
           {"quorum none\nquorum none\n", "line 2: the policy has a quorum already"},
           {"quorum\n", "line 1: a quorum is one name"},
           {"quorum none none\n", "line 1: a quorum is one name"},
           {"quorum none # why not\n", "line 1: a quorum is one name"},
           {"Quorum none\n", "line 1: a line defines a `log`, `witness`, `group` or `quorum`, not `Quorum`"},
           {"quorum=none\n", "line 1: a line defines a `log`, `witness`, `group` or `quorum`, not `quorum=none`"},
           {"quorum A\n" + ab, "line 1: `A` is not defined above"},
           {ab + "quorum a\n", "line 3: `a` is not defined above"},
           {"log\n", "line 1: a log has a key and at most a URL"},
           {log + " u v\n", "line 1: a log has a key and at most a URL"},
           {"witness A\n", "line 1: a witness has a name, a key and at most a URL"},
           {"witness " + witness_vkey(1) + "\n", "line 1: a witness has a name, a key and at most a URL"},
           {"witness A " + witness_vkey(1) + " u v\n", "line 1: a witness has a name, a key and at most a URL"},
           {"witness none " + witness_vkey(1) + "\n", "line 1: `none` has a meaning of its own"},
           {ab + witness_line("A", 3), "line 3: `A` is defined already"},
           {ab + "group A any B\n", "line 3: `A` is defined already"},
           {ab + "group none any B\n", "line 3: `none` has a meaning of its own"},
           {ab + "group G any\n", "line 3: a group has a name, a threshold and at least one member"},
           {ab + "group G A B\n",
            "line 3: the threshold of a group is `any`, `all`, or a number from 1 to that of its "
            "members"},
           {ab + "group G any none\n", "line 3: `none` can only be the quorum"},
           {ab + "group G any G\n", "line 3: `G` is not defined above"},
           {ab + "group G any H\ngroup H any A\n", "line 3: `H` is not defined above"},
           {ab + "group G any A A\n", "line 3: `A` is member of a group already"},
           {ab + "group G any A\n\ngroup H any B A\n", "line 5: `A` is member of a group already"},
           {ab + "group G any A\ngroup H any G\ngroup I any G\n", "line 5: `G` is member of a group already"},
           {log + "\n" + log + "\n", "line 2: another log has this public key"},
           {log + "\nlog " + log_vkey("m.example", 1) + "\n", "line 2: another log has this public key"},
           {ab + "witness C " + make_cosigner("c", 2).verifier_key().format() + "\n",
            "line 3: witness `B` has this public key"},
           {"log " + witness_vkey(1) + "\n",
            "line 1: the key of `w1.example` is a witness's, not a log's: of type Ed25519 cosignature (0x04)"},
           {"witness A " + log_vkey("l.example", 1) + "\n", "line 1: the key of `A` is a log's, not a witness's"},
           {"witness A nonsense\n", "line 1: a verifier key has three parts, with `+` between"},
           {"witness A " + witness_vkey(1) + "=\n", "line 1: the verifier key's last part is not base64"}}) {
    const Error error = error_of(text);
    EXPECT_EQ(error.code(), Errc::kMalformed) << text;
    EXPECT_EQ(error.message(), message);
  }
  for (const char* threshold : {"0", "3", "-1", "+1", "01", "1.0", "0x1", "ANY", "All", "18446744073709551617"}) {
    EXPECT_EQ(error_of(ab + "group G " + threshold + " A B\nquorum G\n").code(), Errc::kMalformed) << threshold;
  }
}

TEST(TrustPolicy, OneKeyAsALogsAndAsAWitnesssIsNoDuplicate) {
  EXPECT_TRUE(TrustPolicy::parse("log " + log_vkey("a", 1) + "\n" + witness_line("A", 1) + "quorum A\n"));
}

TEST(TrustPolicy, KeysOfAnUnknownTypeAreUnsupported) {
  Bytes ecdsa{std::byte{0x02}};
  ecdsa.resize(92);
  const std::string vkey = "n+00000000+" + encoding::base64(ecdsa);
  EXPECT_EQ(error_of("log " + vkey + "\nquorum none\n").code(), Errc::kUnsupported);
  EXPECT_EQ(error_of("witness A " + vkey + "\nquorum none\n").code(), Errc::kUnsupported);
}

TEST(TrustPolicy, HasLimitsAboveThoseTheStandardRecommends) {
  const auto many = [](std::size_t logs, std::size_t witnesses, std::size_t groups) {
    std::string text;
    const auto number = [](std::size_t i) { return std::to_string(i); };
    for (std::size_t i = 0; i < logs; ++i) {
      crypto::Ed25519PublicKey key{};
      store_le<std::uint64_t>(MutableByteView(key), i + 1);
      text += "log " + VerifierKey::ed25519("l" + number(i), key)->format() + "\n";
    }
    for (std::size_t i = 0; i < witnesses; ++i) {
      crypto::Ed25519PublicKey key{};
      store_le<std::uint64_t>(MutableByteView(key), i + 1);
      text += "witness w" + number(i) + " " + VerifierKey::ed25519_cosigner("w" + number(i), key)->format() + "\n";
    }
    // As deep as can be: each group has one witness and the group before.
    text += "group g0 all w0\n";
    for (std::size_t i = 1; i < groups; ++i) {
      text += "group g" + number(i) + " all g" + number(i - 1) + (i < witnesses ? " w" + number(i) : "") + "\n";
    }
    return text + "quorum g" + number(groups - 1) + "\n";
  };
  const auto policy = TrustPolicy::parse(many(256, 256, 256));
  ASSERT_TRUE(policy) << policy.error().message();
  std::vector<std::size_t> all;
  for (std::size_t i = 0; i < 256; ++i) all.push_back(i);
  EXPECT_TRUE(satisfied(*policy, all));
  all.erase(all.begin());
  EXPECT_FALSE(satisfied(*policy, all));
  EXPECT_EQ(error_of(many(257, 256, 256)).code(), Errc::kTooLarge);
  EXPECT_EQ(error_of(many(256, 257, 256)).code(), Errc::kTooLarge);
  EXPECT_EQ(error_of(many(256, 256, 257)).code(), Errc::kTooLarge);
  EXPECT_EQ(error_of(std::string(kMaxPolicySize, '\n') + "\n").code(), Errc::kTooLarge);
}

// Random trees of groups, against the definition written down as a recursion.
TEST(TrustPolicy, AgreesWithTheDefinitionOnRandomPolicies) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  struct Group {
    std::size_t threshold;
    std::vector<std::size_t> members;  // below 8: a witness; else group number - 8
  };
  const auto holds = [](const auto& self, const std::vector<Group>& groups, std::size_t node, unsigned set) -> bool {
    if (node < 8) return (set >> node & 1) != 0;
    std::size_t count = 0;
    for (const std::size_t member : groups[node - 8].members) count += self(self, groups, member, set) ? 1 : 0;
    return count >= groups[node - 8].threshold;
  };
  for (int round = 0; round < 30; ++round) {
    std::string text;
    std::vector<std::size_t> free;
    for (std::size_t i = 0; i < 8; ++i) {
      text += witness_line("n" + std::to_string(i), static_cast<std::uint8_t>(i));
      free.push_back(i);
    }
    std::vector<Group> groups;
    while (groups.size() < 5 && !free.empty()) {
      std::shuffle(free.begin(), free.end(), random);
      Group group;
      for (std::size_t n = 1 + random() % std::min<std::size_t>(free.size(), 4); n > 0; --n) {
        group.members.push_back(free.back());
        free.pop_back();
      }
      group.threshold = 1 + random() % group.members.size();
      const bool spelled = random() % 2 == 0;
      text += "group n" + std::to_string(8 + groups.size()) + " ";
      if (spelled && group.threshold == 1) {
        text += "any";
      } else if (spelled && group.threshold == group.members.size()) {
        text += "all";
      } else {
        text += std::to_string(group.threshold);
      }
      for (const std::size_t member : group.members) text += " n" + std::to_string(member);
      text += "\n";
      free.push_back(8 + groups.size());
      groups.push_back(group);
    }
    const std::size_t quorum = random() % (8 + groups.size());
    const auto policy = TrustPolicy::parse(text + "quorum n" + std::to_string(quorum) + "\n");
    ASSERT_TRUE(policy) << policy.error().message() << "\n" << text;
    for (unsigned set = 0; set < 256; ++set) {
      std::vector<std::size_t> witnesses;
      for (std::size_t i = 0; i < 8; ++i) {
        if ((set >> i & 1) != 0) witnesses.push_back(i);
      }
      ASSERT_EQ(policy->satisfied_by(witnesses), holds(holds, groups, quorum, set)) << set << "\n" << text;
    }
  }
}

TEST(TrustPolicy, ForOneLogKeepsThatLogOnly) {
  const VerifierKey a = make_signer("a", 1).verifier_key();
  const VerifierKey b = make_signer("b", 2).verifier_key();
  const auto both = TrustPolicy::parse("log " + a.format() + "\nlog " + b.format() + " https://b/\nquorum none\n");
  ASSERT_TRUE(both);
  const auto of_b = both->for_log(b);
  ASSERT_TRUE(of_b);
  ASSERT_EQ(of_b->logs().size(), 1U);
  EXPECT_EQ(of_b->logs()[0].key, b);
  EXPECT_EQ(of_b->logs()[0].url, "https://b/");
  const VerifierKey other = make_signer("a", 3).verifier_key();
  EXPECT_EQ(both->for_log(other).error().code(), Errc::kInvalidArgument);
  const auto none = TrustPolicy::parse("quorum none\n");
  EXPECT_EQ(none->for_log(other)->logs().at(0).key, other);
  EXPECT_EQ(none->for_log(make_cosigner("w", 1).verifier_key()).error().code(), Errc::kInvalidArgument);
}

class CheckedCheckpointTest : public ::testing::Test {
 protected:
  std::string note(const std::vector<std::uint8_t>& witnesses) const {
    std::string note = *sign_note(text_, log_);
    for (const std::uint8_t seed : witnesses) {
      note += *make_cosigner("w" + std::to_string(seed) + ".example", seed).signature_line(text_, kTime + seed);
    }
    return note;
  }

  NoteSigner log_ = make_signer("example.com/log", 1);
  std::string text_ = *format_checkpoint({"example.com/log", {7}, test::leaf("x"), {}});
  TrustPolicy policy_ = *TrustPolicy::parse(example());
};

TEST_F(CheckedCheckpointTest, SaysWhichWitnessesMakeTheQuorum) {
  const auto checked = check_checkpoint(note({22, 13, 11, 99}), policy_);
  ASSERT_TRUE(checked) << checked.error().message();
  EXPECT_EQ(checked->checkpoint.size.value, 7U);
  EXPECT_EQ(checked->log, 0U);
  EXPECT_EQ(checked->cosignatures,
            (std::vector<Cosignature>{{0, kTime + 11, 3}, {2, kTime + 13, 2}, {4, kTime + 22, 1}}));
  EXPECT_EQ(checked->quorum, Quorum::kMet);
  EXPECT_EQ(checked->quorum_unix_seconds, kTime + 11);
  EXPECT_TRUE(checked->accepted());
  EXPECT_EQ(checked->unknown_signatures, 1U);
  EXPECT_TRUE(checked->witnesses_not_checked.empty());
  EXPECT_TRUE(checked->logs_not_checked.empty());
}

TEST_F(CheckedCheckpointTest, TheQuorumIsAsOfTheLatestTimeThatAWholeQuorumReaches) {
  // Of X1, X2, X3 and Y1, two of X and Y1 suffice: X1, the oldest, is not needed.
  EXPECT_EQ(check_checkpoint(note({11, 12, 13, 21}), policy_)->quorum_unix_seconds, kTime + 12);
  EXPECT_EQ(check_checkpoint(note({11, 12, 21, 22}), policy_)->quorum_unix_seconds, kTime + 11);
  EXPECT_EQ(check_checkpoint(note({11, 12, 13}), policy_)->quorum_unix_seconds, 0U);
}

TEST_F(CheckedCheckpointTest, IsNotAcceptedWithoutTheQuorum) {
  for (const std::vector<std::uint8_t>& witnesses :
       {std::vector<std::uint8_t>{}, {11, 12, 13}, {11, 21}, {11, 11, 21}, {21, 22, 23}, {98, 99, 21}}) {
    const auto checked = check_checkpoint(note(witnesses), policy_);
    ASSERT_TRUE(checked) << checked.error().message();
    EXPECT_EQ(checked->quorum, Quorum::kNotMet);
    EXPECT_EQ(checked->accepted().error().code(), Errc::kVerifyFailed);
  }
}

TEST_F(CheckedCheckpointTest, WithoutAQuorumASingleSignerVouches) {
  const auto policy =
      TrustPolicy::parse("log " + log_vkey("example.com/log", 1) + "\n" + witness_line("A", 11) + "quorum none\n");
  ASSERT_TRUE(policy);
  const auto alone = check_checkpoint(note({}), *policy);
  ASSERT_TRUE(alone);
  EXPECT_EQ(alone->quorum, Quorum::kNotRequired);
  EXPECT_TRUE(alone->accepted());
  EXPECT_EQ(check_checkpoint(note({11}), *policy)->cosignatures.size(), 1U);
}

TEST_F(CheckedCheckpointTest, NeedsALogOfThePolicyNamedLikeTheOrigin) {
  const std::string rest = witness_line("A", 11) + "quorum A\n";
  for (const std::string& logs :
       {std::string(), "log " + log_vkey("example.com/log", 2) + "\n", "log " + log_vkey("example.com/other", 1) + "\n",
        "log " + ml_dsa_vkey("example.com/log") + "\n"}) {
    const auto policy = TrustPolicy::parse(logs + rest);
    ASSERT_TRUE(policy) << policy.error().message();
    const auto checked = check_checkpoint(note({11}), *policy);
    ASSERT_FALSE(checked) << logs;
    EXPECT_EQ(checked.error().code(), Errc::kVerifyFailed);
  }
  // A log of the policy signs for another: its name is not the origin.
  const auto policy = TrustPolicy::parse("log " + log_vkey("example.com/log", 1) + "\nquorum none\n");
  const std::string foreign = *format_checkpoint({"example.com/other", {7}, test::leaf("x"), {}});
  const auto checked = check_checkpoint(*sign_note(foreign, log_), *policy);
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().code(), Errc::kVerifyFailed);
}

TEST_F(CheckedCheckpointTest, ALineOfALogOrWitnessThatDoesNotHoldRefusesIt) {
  const std::string other = *format_checkpoint({"example.com/log", {8}, test::leaf("x"), {}});
  const std::string good = note({11, 12, 21});
  ASSERT_TRUE(check_checkpoint(good, policy_)->accepted());
  EXPECT_EQ(check_checkpoint(good + log_.signature_line(other), policy_).error().code(), Errc::kVerifyFailed);
  const std::string bad = *make_cosigner("w13.example", 13).signature_line(other, kTime);
  EXPECT_EQ(check_checkpoint(good + bad, policy_).error().code(), Errc::kVerifyFailed);
  EXPECT_EQ(check_checkpoint(good + "\n", policy_).error().code(), Errc::kMalformed);
  EXPECT_EQ(check_checkpoint(*sign_note("text\n", log_), policy_).error().code(), Errc::kMalformed);
}

TEST_F(CheckedCheckpointTest, WitnessesThatCannotBeCheckedDoNotCount) {
  const VerifierKey unverifiable = test::make_ml_dsa_key("pq.example");
  const VerifierKey unverifiable_log = test::make_ml_dsa_key("example.com/log", 2);
  const auto policy = TrustPolicy::parse("log " + log_vkey("example.com/log", 1) + "\nlog " +
                                         unverifiable_log.format() + "\n" + witness_line("A", 11) + "witness B " +
                                         unverifiable.format() + "\ngroup G any A B\nquorum G\n");
  ASSERT_TRUE(policy) << policy.error().message();
  const std::string lines = test::ml_dsa_line(unverifiable, kTime) + test::ml_dsa_line(unverifiable_log, 0);
  const auto alone = check_checkpoint(note({}) + lines, *policy);
  ASSERT_TRUE(alone) << alone.error().message();
  EXPECT_EQ(alone->witnesses_not_checked, std::vector<std::size_t>{1});
  EXPECT_EQ(alone->logs_not_checked, std::vector<std::size_t>{1});
  EXPECT_EQ(alone->quorum, Quorum::kNotMet);
  const auto with_another = check_checkpoint(note({11}) + lines, *policy);
  ASSERT_TRUE(with_another);
  EXPECT_EQ(with_another->witnesses_not_checked, std::vector<std::size_t>{1});
  EXPECT_EQ(with_another->quorum, Quorum::kMet);
}

}  // namespace
}  // namespace redoubt::tlog
