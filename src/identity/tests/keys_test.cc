#include <filesystem>
#include <limits>

#include "encoding/base64.h"
#include "identity/tests/support/world.h"
#include "state/tests/support/toy.h"

namespace redoubt::identity::test {
namespace {

class Keys : public IdentityTest {
 protected:
  // Issues one that ends `life_ms` from now.
  Key issue(std::string_view principal, std::int64_t life_ms = 0) {
    const Key key = world.new_key(principal, {life_ms == 0 ? 0 : world.ledger.clock.value + life_ms});
    world.must(propose_key(key), "alice");
    return world.key(key.id);
  }
  static std::string bearer(const NewKey& key) { return "Bearer " + key.secret; }
};

TEST_F(Keys, LetTheirHolderIn) {
  const Key* key = world.find("app");
  ASSERT_NE(key, nullptr);
  EXPECT_EQ(key->principal, "app");
  EXPECT_EQ(world.now().principal_of(*key).id, "app");
}

TEST_F(Keys, OfWrongSecretsLetNobodyIn) {
  const std::string good = world.authorization("app");
  for (std::size_t i = good.size() - kKeySecretSize; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = bad[i] == 'A' ? 'B' : 'A';
    EXPECT_EQ(world.now().find(bad, world.ledger.clock), nullptr) << i;
  }
  // Another key's secret behind this one's name.
  std::string mixed = world.authorization("app").substr(0, good.size() - kKeySecretSize) +
                      world.authorization("alice").substr(good.size() - kKeySecretSize);
  EXPECT_EQ(world.now().find(mixed, world.ledger.clock), nullptr);
}

TEST_F(Keys, ThatAreUnknownLetNobodyIn) {
  EXPECT_EQ(world.now().find(bearer(make_key()), world.ledger.clock), nullptr);
  EXPECT_EQ(world.now().find("", world.ledger.clock), nullptr);
  EXPECT_EQ(Identities().find(world.authorization("app"), world.ledger.clock), nullptr);
}

TEST_F(Keys, AreUnknownFromTheirEndOn) {
  const Key key = issue("app", kHour);
  EXPECT_NE(world.find("app"), nullptr);
  EXPECT_NE(world.now().find(world.authorization("app"), {key.expires.value - 1}), nullptr);
  EXPECT_EQ(world.now().find(world.authorization("app"), key.expires), nullptr);
}

TEST_F(Keys, AreUnknownOnceRevoked) {
  world.must(propose_revocation(world.key(world.keys["app"].id)), "alice");
  EXPECT_EQ(world.find("app"), nullptr);
  EXPECT_EQ(world.now().key(world.keys["app"].id), nullptr);
  EXPECT_EQ(world.refusal(propose_revocation(world.key(world.keys["app"].id)), "alice", "revoked"),
            Errc::kInvalidArgument);
  world.expect_memory_is_as_loaded();
}

TEST_F(Keys, NarrowWhatTheirHolderMay) {
  Key wanted = world.new_key("app");
  wanted.scopes = {"models.list", "models.invoke"};
  wanted.models = {"m-2", "m-1", "m-2"};
  world.must(propose_key(wanted), "alice");
  const Key* key = world.find("app");
  ASSERT_NE(key, nullptr);
  EXPECT_TRUE(key->allows_scope("models.invoke"));
  EXPECT_FALSE(key->allows_scope("ledger.read"));
  EXPECT_TRUE(key->allows_model("m-1"));
  EXPECT_FALSE(key->allows_model("m-3"));
  EXPECT_EQ(key->models, (std::vector<std::string>{"m-1", "m-2"}));
  EXPECT_TRUE(Key().allows_scope("anything"));
  EXPECT_TRUE(Key().allows_model("anything"));
}

TEST_F(Keys, AreIssuedToPrincipalsThatAreThere) {
  EXPECT_EQ(world.refusal(propose_key(world.new_key("nobody")), "alice"), Errc::kNotFound);
}

TEST_F(Keys, AreNotIssuedTwice) {
  Key key = world.new_key("app");
  world.must(propose_key(key), "alice");
  EXPECT_EQ(world.refusal(propose_key(key), "alice"), Errc::kConflict);
  // Those of the first fact have version 0.
  key.id = world.keys["alice"].id;
  EXPECT_EQ(world.refusal(propose_key(key), "alice", "already"), Errc::kAlreadyExists);
}

TEST_F(Keys, DoNotEndBeforeTheyBegin) {
  EXPECT_EQ(world.refusal(propose_key(world.new_key("app", world.ledger.clock)), "alice", "expired"),
            Errc::kInvalidArgument);
}

TEST_F(Keys, AnIssuedKeyEnrollsItsHolder) {
  const UnixMillis first = world.ledger.clock;
  world.wait(kHour);
  issue("app");
  EXPECT_EQ(world.principal("app").enrolled.value, first.value + kHour);
  EXPECT_EQ(world.principal("app").enrolled_by, "alice");
  EXPECT_EQ(world.now().principal("app")->enrolled_by, "alice");
}

TEST_F(Keys, RotationLetsBothInForAWhile) {
  const NewKey old = world.keys["app"];
  const NewKey made = make_key();
  world.must(propose_rotation(world.key(old.id), made, {}, kHour), "app");
  EXPECT_NE(world.now().find(bearer(old), world.ledger.clock), nullptr);
  EXPECT_NE(world.now().find(bearer(made), world.ledger.clock), nullptr);
  EXPECT_EQ(world.key(old.id).replaced_by, made.id);
  EXPECT_EQ(world.key(made.id).created_by, "app");
  EXPECT_EQ(world.principal("app").enrolled_by, "init");  // nobody else had a hand in it
  world.wait(kHour);
  EXPECT_EQ(world.now().find(bearer(old), world.ledger.clock), nullptr);
  EXPECT_NE(world.now().find(bearer(made), world.ledger.clock), nullptr);
  world.expect_memory_is_as_loaded();
}

TEST_F(Keys, RotationWithoutOverlapEndsTheOldOneAtOnce) {
  const NewKey old = world.keys["app"];
  const NewKey made = make_key();
  world.must(propose_rotation(world.key(old.id), made, {}, 0), "app");
  EXPECT_EQ(world.now().find(bearer(old), world.ledger.clock), nullptr);
  EXPECT_NE(world.now().find(bearer(made), world.ledger.clock), nullptr);
  world.expect_memory_is_as_loaded();
}

TEST_F(Keys, RotationPutsNoEndOff) {
  const Key old = issue("app", kHour);
  const NewKey made = make_key();
  const UnixMillis in_an_hour{world.ledger.clock.value + kHour};
  EXPECT_EQ(world.refusal(propose_rotation(old, made, {}, kHour), "app", "longer"), Errc::kInvalidArgument);
  EXPECT_EQ(world.refusal(propose_rotation(old, made, {in_an_hour.value + 1}, kHour), "app", "longer"),
            Errc::kInvalidArgument);
  world.must(propose_rotation(old, made, in_an_hour, 10 * kHour), "app");
  EXPECT_EQ(world.key(old.id).expires, old.expires);
}

TEST_F(Keys, AreReplacedOnce) {
  const NewKey old = world.keys["app"];
  world.must(propose_rotation(world.key(old.id), make_key(), {}, kHour), "app");
  EXPECT_EQ(world.refusal(propose_rotation(world.key(old.id), make_key(), {}, kHour), "app", "replaced already"),
            Errc::kInvalidArgument);
}

TEST_F(Keys, ThatEndedAreNotReplaced) {
  const Key old = issue("app", kHour);
  world.wait(kHour);
  EXPECT_EQ(world.refusal(propose_rotation(old, make_key(), {}, 0), "alice", "expired"), Errc::kInvalidArgument);
  world.must(propose_revocation(old), "alice");
  EXPECT_EQ(world.refusal(propose_rotation(world.key(old.id), make_key(), {}, 0), "alice", "revoked"),
            Errc::kInvalidArgument);
  EXPECT_EQ(world.refusal(propose_rotation(world.key(world.keys["bob"].id), {.id = old.id}, {}, 0), "bob", "already"),
            Errc::kAlreadyExists);
}

TEST_F(Keys, ResetLeavesTheNewOneAlone) {
  const NewKey old = world.keys["app"];
  const Key second = issue("app");
  world.wait(kHour);
  const Key wanted = world.new_key("app");
  world.must(propose_reset(world.principal("app"), wanted), "alice");
  EXPECT_EQ(world.now().find(bearer(old), world.ledger.clock), nullptr);
  EXPECT_EQ(world.now().key(second.id), nullptr);
  EXPECT_NE(world.find("app"), nullptr);
  EXPECT_EQ(world.principal("app").enrolled, world.ledger.clock);
  EXPECT_EQ(world.now().keys(), 3U);
  world.expect_memory_is_as_loaded();
}

TEST_F(Keys, ThatExpiredMakeRoom) {
  for (std::size_t i = 1; i < kKeysOfPrincipalMax; ++i) issue("app", kHour);
  EXPECT_EQ(world.refusal(propose_key(world.new_key("app")), "alice"), Errc::kResourceExhausted);
  world.wait(kHour);
  issue("app");
  EXPECT_EQ(world.now().keys(), 4U);  // of the first fact, and the last one
  world.expect_memory_is_as_loaded();
}

TEST_F(Keys, AResetNeedsNoRoom) {
  for (std::size_t i = 1; i < kKeysOfPrincipalMax; ++i) issue("app");
  world.must(propose_reset(world.principal("app"), world.new_key("app")), "alice");
  EXPECT_EQ(world.now().keys(), 3U);
}

TEST_F(Keys, AFactIsProvenByAKeyThatIsGood) {
  const auto with = [&](record::FactActor actor) {
    const auto done = world.change_as(*propose_group({.id = "g"}), actor);
    return done ? Errc::kCancelled : done.error().code();
  };
  record::FactActor actor = world.actor("alice");
  actor.credential = world.keys["bob"].id;
  EXPECT_EQ(with(actor), Errc::kUnauthenticated);
  actor.credential = "unknown";
  EXPECT_EQ(with(actor), Errc::kUnauthenticated);
  actor = world.actor("alice");
  actor.method = "password";
  EXPECT_EQ(with(actor), Errc::kUnauthenticated);
  EXPECT_EQ(with({.principal = "nobody", .credential = "none", .method = "api_key"}), Errc::kUnauthenticated);
  // A key that was revoked while the call was on its way.
  world.must(propose_revocation(world.key(world.keys["bob"].id)), "alice");
  EXPECT_EQ(with(world.actor("bob")), Errc::kUnauthenticated);
  // One that has expired by effective time.
  issue("app", kHour);
  world.wait(kHour);
  EXPECT_EQ(with(world.actor("app")), Errc::kUnauthenticated);
  EXPECT_EQ(with(world.actor("alice")), Errc::kCancelled);
}

TEST_F(Keys, AFactOfNoTimeChangesNothing) {
  world.ledger.clock = {std::numeric_limits<std::int64_t>::max()};
  EXPECT_EQ(world.refusal(propose_group({.id = "g"}), "alice", "too far"), Errc::kInvalidArgument);
}

TEST_F(Keys, TheServerItselfMayStopButNotLetIn) {
  const record::FactActor server{.principal = std::string(kServerActor)};
  EXPECT_TRUE(world.change_as(propose_enabled(world.principal("app"), false), server));
  EXPECT_TRUE(world.change_as(propose_revocation(world.key(world.keys["app"].id)), server));
  const auto enabled = world.change_as(propose_enabled(world.principal("app"), true), server);
  ASSERT_FALSE(enabled);
  EXPECT_EQ(enabled.error().code(), Errc::kUnauthenticated);
  const auto issued = world.change_as(*propose_key(world.new_key("app")), server);
  ASSERT_FALSE(issued);
  EXPECT_EQ(issued.error().code(), Errc::kUnauthenticated);
}

TEST_F(Keys, DigestsAndSecretsAreNotShown) {
  Key wanted = world.new_key("app");
  const auto proposal = propose_key(wanted);
  ASSERT_TRUE(proposal);
  const std::string digest = encoding::hex(wanted.digest);
  EXPECT_NE(proposal->body.find(digest), std::string::npos);
  EXPECT_EQ(proposal->after.find(digest), std::string::npos);
  const auto done = world.change(proposal, "alice");
  ASSERT_TRUE(done);
  EXPECT_EQ(world.ledger.record(done->index).find(world.keys["app"].secret.substr(17)), std::string::npos);
}

TEST_F(Keys, AreListedByHolderAndRevocation) {
  const Key second = issue("app");
  world.must(propose_revocation(world.key(second.id)), "alice");
  const auto count = [&](const KeyFilter& filter) {
    const auto page = list_keys(world.engine->tables(), filter, "", 100);
    EXPECT_TRUE(page);
    return page->size();
  };
  EXPECT_EQ(count({}), 4U);
  EXPECT_EQ(count({.principal = "app"}), 2U);
  EXPECT_EQ(count({.principal = "app", .revoked = false}), 1U);
  EXPECT_EQ(count({.revoked = true}), 1U);
}

// Half of them by another thread, when all are in memory.
TEST_F(Keys, ThatAreManyAreLoadedAsFromTheirTables) {
  std::vector<std::string> ids;
  for (int holder = 0; holder < 5; ++holder) {
    const std::string id = "holder" + std::to_string(holder);
    world.make(id, PrincipalType::kApplication, {}, "alice");
    for (int i = 0; i < 900; ++i) {
      const Key key = world.new_key(id);
      auto proposal = propose_key(key);
      ASSERT_TRUE(proposal) << proposal.error().message();
      proposal->actor = world.actor("alice");
      world.ledger.put(state::test::raw_fact(*proposal, world.ledger.clock, *world.ledger.size() - 1).record);
      ids.push_back(key.id);
    }
    world.open();
  }
  world.must(propose_revocation(world.key(ids[7])), "alice");
  world.engine.reset();
  for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(world.folder / "state.db" + suffix);
  world.open();
  ASSERT_TRUE(world.engine->start().rebuilt);
  const Identities made = world.now();
  world.open();
  ASSERT_FALSE(world.engine->start().rebuilt);
  EXPECT_EQ(made.keys(), 3 + 5 + ids.size() - 1);
  EXPECT_EQ(world.now().keys(), made.keys());
  for (const std::string& id : ids) {
    const Key* const key = made.key(id);
    ASSERT_EQ(key == nullptr, id == ids[7]);
    if (key != nullptr) ASSERT_EQ(*key, *world.now().key(id));
  }
}

}  // namespace
}  // namespace redoubt::identity::test
