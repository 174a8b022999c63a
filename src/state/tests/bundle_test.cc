#include "state/bundle.h"

#include <gtest/gtest.h>

#include "state/tests/support/fake_ledger.h"
#include "state/tests/support/state_fixture.h"
#include "tests/support/fault_file_system.h"

namespace redoubt::state {
namespace {

const BundleFile kConfig{"redoubt.toml", "[gateway]\n"};
const BundleFile kPolicy{"policies/a.cedar", "// \xc3\xbc \"\\\n"};

Bundle bundle(std::vector<BundleFile> files) {
  auto made = Bundle::make(std::move(files));
  EXPECT_TRUE(made) << made.error().message();
  return *std::move(made);
}

std::string digest(char digit) {
  return "sha256:" + std::string(64, digit);
}

TEST(Bundle, TheDigestIsOfNamesAndTextsInAnyOrder) {
  const std::string of_both = bundle({kConfig, kPolicy}).digest();
  EXPECT_TRUE(is_bundle_digest(of_both));
  EXPECT_EQ(of_both, bundle({kPolicy, kConfig}).digest());
  EXPECT_NE(of_both, bundle({kConfig}).digest());
  EXPECT_NE(of_both, bundle({kConfig, {kPolicy.name, kPolicy.text + " "}}).digest());
  EXPECT_NE(of_both, bundle({kConfig, {"policies/b.cedar", kPolicy.text}}).digest());
  // What belongs to which is part of it.
  EXPECT_NE(bundle({{"a", "bc"}}).digest(), bundle({{"ab", "c"}}).digest());
  EXPECT_NE(bundle({{"a", ""}, {"b", ""}}).digest(), bundle({{"a", "b"}}).digest());
}

TEST(Bundle, HasTheDigestThatTheFormatSays) {
  // Computed by Python's hashlib over the texts, each behind its length in 8 bytes, little-endian.
  EXPECT_EQ(bundle({{"redoubt.toml", "x"}}).digest(),
            "sha256:fe8c0a47731385a3bd5e7c81085530fe03ca22690d2f41988206c615f529697d");
}

TEST(Bundle, IsPackedAndUnpacked) {
  const Bundle before = bundle({kConfig, kPolicy});
  const auto after = Bundle::unpack(before.pack());
  ASSERT_TRUE(after) << after.error().message();
  EXPECT_EQ(after->files(), before.files());
  EXPECT_EQ(after->digest(), before.digest());
  ASSERT_NE(after->find("policies/a.cedar"), nullptr);
  EXPECT_EQ(*after->find("policies/a.cedar"), kPolicy.text);
  EXPECT_EQ(after->find("policies/b.cedar"), nullptr);
}

TEST(Bundle, WhatHasNotItsFormIsNone) {
  for (const BundleFile& bad :
       {BundleFile{"", "x"}, BundleFile{"a\n", "x"}, BundleFile{"a\"", "x"}, BundleFile{"a\\", "x"},
        BundleFile{std::string(257, 'a'), "x"}, BundleFile{"a", "\xff"}}) {
    EXPECT_EQ(Bundle::make({bad}).error().code(), Errc::kInvalidArgument) << bad.name;
  }
  EXPECT_EQ(Bundle::make({kConfig, kPolicy, kConfig}).error().code(), Errc::kInvalidArgument);
  EXPECT_EQ(Bundle::make({{"a", std::string(Bundle::kMaxBytes + 1, 'x')}}).error().code(), Errc::kTooLarge);
  std::vector<BundleFile> many;
  for (std::size_t i = 0; i <= Bundle::kMaxFiles; ++i) many.push_back({std::to_string(i), ""});
  EXPECT_EQ(Bundle::make(many).error().code(), Errc::kTooLarge);
  for (const char* bad : {"", "{}", "[1]", R"([{"name":"a"}])", R"([{"name":1,"text":""}])",
                          R"([{"name":"","text":""}])", R"([{"name":"a","text":""},{"name":"a","text":""}])"}) {
    EXPECT_FALSE(Bundle::unpack(bad)) << bad;
  }
}

TEST(Bundle, ADigestHasOneForm) {
  EXPECT_TRUE(is_bundle_digest(digest('a')));
  for (const std::string& bad :
       {std::string(), digest('a') + "a", digest('A'), digest('g'), std::string(71, 'a'), std::string("sha256:")}) {
    EXPECT_FALSE(is_bundle_digest(bad)) << bad;
  }
}

class Activations : public ::testing::Test {
 protected:
  struct Everywhere final : Publisher {
    void publish(std::function<void()> everywhere) override { everywhere(); }
  };

  // The state made anew.
  void open() {
    engine_.reset();
    const std::string path = folder_ / ("state-" + std::to_string(++opened_) + ".db");
    auto opened = Engine::open({.path = path}, {&bundles_}, ledger_, ledger_, publisher_);
    ASSERT_TRUE(opened) << opened.error().message();
    engine_ = *std::move(opened);
  }
  // Why it was refused; empty when it was applied.
  std::string propose(Result<Proposal> proposal) {
    EXPECT_TRUE(proposal) << proposal.error().message();
    std::string why = "nobody answered";
    proposal->actor = {.principal = "redoubt"};
    engine_->propose(*std::move(proposal),
                     [&](const Result<Applied>& done) { why = done ? "" : done.error().message(); });
    ledger_.deliver();
    return why;
  }

  test::TemporaryFolder folder_;
  int opened_ = 0;
  test::FakeLedger ledger_;
  Everywhere publisher_;
  BundleProjection bundles_;
  std::unique_ptr<Engine> engine_;
};

TEST_F(Activations, TheFirstBeginsAndFurtherOnesFollow) {
  open();
  EXPECT_FALSE(bundles_.in_force());
  EXPECT_EQ(propose(propose_activation(digest('a'), bundles_.in_force())), "");
  ASSERT_TRUE(bundles_.in_force());
  EXPECT_EQ(bundles_.in_force()->digest, digest('a'));
  EXPECT_EQ(bundles_.in_force()->version, 1u);
  EXPECT_EQ(propose(propose_activation(digest('b'), bundles_.in_force())), "");
  EXPECT_EQ(bundles_.in_force()->digest, digest('b'));
  const auto all = list_activations(engine_->tables(), 10);
  ASSERT_TRUE(all);
  ASSERT_EQ(all->size(), 2u);
  EXPECT_EQ((*all)[0], *bundles_.in_force());
  EXPECT_EQ((*all)[1].digest, digest('a'));
  EXPECT_EQ(list_activations(engine_->tables(), 1)->size(), 1u);
}

TEST_F(Activations, AreTheSameWhenTheStateIsMadeAnew) {
  open();
  EXPECT_EQ(propose(propose_activation(digest('a'), bundles_.in_force())), "");
  EXPECT_EQ(propose(propose_activation(digest('b'), bundles_.in_force())), "");
  const auto before = bundles_.in_force();
  open();
  EXPECT_EQ(bundles_.in_force(), before);
}

TEST_F(Activations, NothingButTheFirstBegins) {
  open();
  auto begin_again = propose_activation(digest('b'), std::nullopt);
  EXPECT_EQ(propose(propose_activation(digest('a'), std::nullopt)), "");
  begin_again->expects = 1;
  EXPECT_NE(propose(begin_again), "");
  auto of_nothing = propose_activation(digest('b'), bundles_.in_force());
  of_nothing->expects = 0;
  EXPECT_NE(propose(of_nothing), "");
  EXPECT_EQ(bundles_.in_force()->digest, digest('a'));
}

TEST_F(Activations, WhatIsInForceIsNotActivatedAgain) {
  open();
  EXPECT_EQ(propose(propose_activation(digest('a'), std::nullopt)), "");
  EXPECT_NE(propose(propose_activation(digest('a'), bundles_.in_force())), "");
}

TEST_F(Activations, ABodyNamesADigestAndNothingElse) {
  open();
  for (const char* body : {"{}", R"({"digest":1})", R"({"digest":"sha256:00"})"}) {
    auto proposal = propose_activation(digest('a'), std::nullopt);
    proposal->body = body;
    EXPECT_NE(propose(proposal), "") << body;
  }
  auto more = propose_activation(digest('a'), std::nullopt);
  more->body = R"({"digest":")" + digest('a') + R"(","more":1})";
  EXPECT_NE(propose(more), "");
  EXPECT_FALSE(propose_activation("sha256:00", std::nullopt));
}

TEST(BundleStore, KeepsWhatItIsGivenUntilItIsToldNotTo) {
  testing_support::FaultFileSystem fs;
  ASSERT_TRUE(fs.make_directory("/state"));
  BundleStore store(fs, "/state/bundles");
  const Bundle a = bundle({kConfig});
  const Bundle b = bundle({kConfig, kPolicy});
  EXPECT_EQ(store.get(a.digest()).error().code(), Errc::kNotFound);
  ASSERT_TRUE(store.put(a));
  ASSERT_TRUE(store.put(b));
  ASSERT_TRUE(store.put(b));
  EXPECT_EQ(store.get(b.digest())->files(), b.files());
  ASSERT_TRUE(store.keep_only({b.digest()}));
  EXPECT_FALSE(store.get(a.digest()));
  EXPECT_TRUE(store.get(b.digest()));
  EXPECT_EQ(store.get("../../etc/passwd").error().code(), Errc::kInvalidArgument);
}

TEST(BundleStore, WhatWasAlteredIsNotWhatItWas) {
  testing_support::FaultFileSystem fs;
  ASSERT_TRUE(fs.make_directory("/state"));
  BundleStore store(fs, "/state/bundles");
  const Bundle a = bundle({kConfig});
  ASSERT_TRUE(store.put(a));
  const std::string path = "/state/bundles/" + a.digest().substr(7) + ".json";
  for (const std::string& other : {bundle({kPolicy}).pack(), std::string("["), std::string()}) {
    fs.set_content(path, as_bytes(other));
    EXPECT_EQ(store.get(a.digest()).error().code(), Errc::kCorrupt) << other;
  }
  ASSERT_TRUE(store.put(a)) << "and is replaced by what is";
  EXPECT_TRUE(store.get(a.digest()));
}

}  // namespace
}  // namespace redoubt::state
