// One person, whatever she does in whatever order, never makes an act effective that needs two.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "identity/tests/support/world.h"

namespace redoubt::identity::test {
namespace {

// She is `alice`, and has all keys that were ever issued by principals whose keys she has.
class OnePerson {
 public:
  OnePerson(World& world, std::mt19937_64& random) : world_(world), random_(random) {
    knows("alice", world.keys.at("alice"));
  }
  void knows(const std::string& principal, const NewKey& key) { keys_[principal].push_back(key); }

  // Tries one thing. Whether it became a fact.
  bool try_something() {
    if (one_in(20)) world_.wait(static_cast<std::int64_t>(below(30)) * kHour);
    switch (below(12)) {
      case 0:
        return create();
      case 1:
        return issue();
      case 2:
        return rotate();
      case 3:
        return reset();
      case 4: {
        const Key key = world_.key(any_key_id());
        return (!keys_.contains(key.principal) || one_in(20)) && act(propose_revocation(key));
      }
      case 5: {
        const Principal one = world_.principal(any_principal());
        return (!keys_.contains(one.id) || !one.enabled || one_in(20)) && act(propose_enabled(one, !one.enabled));
      }
      case 6:
        return act(moved());
      case 7:
      case 8:
        return ask();
      case 9:
        return requests_.empty() ? false : act(propose_grant(world_.approval(any_of(requests_))));
      case 10:
        return use();
      default:
        return act(wanted());
    }
  }

  // Keys that she made for a principal with that principal's own.
  const std::set<std::string>& rotated() const { return rotated_; }

 private:
  std::size_t below(std::size_t end) { return std::uniform_int_distribution<std::size_t>(0, end - 1)(random_); }
  bool one_in(std::size_t n) { return below(n) == 0; }
  template <class T>
  const T& any_of(const std::vector<T>& all) {
    return all[below(all.size())];
  }

  std::string any_principal() {
    static const std::vector<std::string> kNames{"alice", "bob", "carol", "erin", "dave",
                                                 "app",   "p0",  "p1",    "p2",   "p3"};
    for (;;) {
      const std::string& name = any_of(kNames);
      const auto found = find_principal(world_.engine->tables(), name);
      if (found && *found) return name;
    }
  }
  std::string any_key_id() {
    const auto all = list_keys(world_.engine->tables(), {}, "", 1000);
    return (*all)[below(all->size())].id;
  }
  std::vector<std::string> any_groups() {
    std::vector<std::string> groups;
    for (const std::string group : {"administrators", "auditors", "callers", "team"}) {
      if (one_in(3)) groups.push_back(group);
    }
    return groups;
  }

  bool act(Result<state::Proposal> proposal) {
    if (!proposal) return false;
    auto who = keys_.begin();
    std::advance(who, static_cast<std::ptrdiff_t>(below(keys_.size())));
    return act_as(*std::move(proposal), who->first);
  }
  bool act_as(state::Proposal proposal, const std::string& who) {
    last_actor_ = who;
    const std::vector<NewKey>& known = keys_.at(who);
    record::FactActor actor{.principal = who,
                            .credential = (one_in(4) ? any_of(known) : known.back()).id,
                            .method = "api_key",
                            .strength = 1};
    if (one_in(10)) actor.on_behalf_of = any_principal();
    return world_.change_as(std::move(proposal), actor).has_value();
  }

  bool create() {
    Principal wanted;
    wanted.id = "p" + std::to_string(below(4));
    wanted.type = static_cast<PrincipalType>(below(4));
    wanted.groups = any_groups();
    if (one_in(3)) wanted.owner = any_principal();
    return act(propose_principal(wanted));
  }
  bool issue() {
    const NewKey made = make_key();
    const std::string holder = any_principal();
    if (!act(propose_key(World::key_of(holder, made)))) return false;
    knows(holder, made);
    return true;
  }
  bool rotate() {
    const NewKey made = make_key();
    const Key old = world_.key(any_key_id());
    const auto proposal = propose_rotation(old, made, {}, one_in(2) ? 0 : kHour);
    const bool own = keys_.contains(old.principal) && one_in(2);
    if (!(own ? act_as(*proposal, old.principal) : act(proposal))) return false;
    knows(old.principal, made);
    if (last_actor_ == old.principal) rotated_.insert(made.id);
    return true;
  }
  bool reset() {
    const NewKey made = make_key();
    const std::string holder = any_principal();
    if (!act(propose_reset(world_.principal(holder), World::key_of(holder, made)))) return false;
    knows(holder, made);
    return true;
  }
  Result<state::Proposal> moved() {
    const Principal now = world_.principal(any_principal());
    Principal wanted = now;
    wanted.groups = any_groups();
    wanted.owner = one_in(4) ? any_principal() : "";
    return propose_change(now, wanted);
  }
  // Something that needs two persons.
  Result<state::Proposal> wanted() {
    switch (below(7)) {
      case 0:
        return propose_marked_acts({}, world_.engine->version_of("marked_acts"));
      case 1:
        return propose_group_deletion(world_.group("team"));
      case 2: {
        made_ = make_key();
        return propose_reset(world_.principal("bob"), World::key_of("bob", made_));
      }
      case 3: {
        made_ = make_key();
        return propose_key(World::key_of("carol", made_));
      }
      case 4:
        return propose_break_glass(world_.principal(any_principal()), "administrators", kHour, "I want to");
      case 5:
        return propose_deletion(world_.principal("bob"));
      default:
        return moved();
    }
  }
  bool ask() {
    const auto change = wanted();
    if (!change) return false;
    auto request = propose_request(*change, "I want to", static_cast<std::int64_t>(1 + below(72)) * kHour);
    if (!request) return false;
    const std::string id = request->object.substr(9);
    if (!act(std::move(request))) return false;
    requests_.push_back(id);
    return true;
  }
  bool use() {
    if (requests_.empty()) return false;
    Approval request = world_.approval(any_of(requests_));
    if (one_in(4)) request.decided_by = any_principal();
    const state::Proposal change = granted_change(request);
    const std::string& who = one_in(2) ? request.requester : request.decided_by;
    return keys_.contains(who) ? act_as(change, who) : act(change);
  }

  World& world_;
  std::mt19937_64& random_;
  std::map<std::string, std::vector<NewKey>> keys_;
  std::vector<std::string> requests_;
  std::set<std::string> rotated_;
  std::string last_actor_;
  NewKey made_;  // the last one that she asked for
};

// What only two persons can change.
struct Guarded {
  explicit Guarded(World& world) {
    state::Tables& tables = world.engine->tables();
    const auto everybody = list_principals(tables, {}, "", 1000);
    for (const Principal& one : *everybody) {
      break_glass = break_glass || !one.break_glass.empty();
      if (!std::binary_search(one.groups.begin(), one.groups.end(), kAdministrators)) continue;
      administrators.push_back(one.id);
      if (one.enabled) enabled.insert(one.id);
      const auto good = list_keys(tables, {.principal = one.id, .revoked = false}, "", 1000);
      for (const Key& key : *good) keys.insert(key.id);
    }
    acts = *marked_acts(tables);
    team = (*find_group(tables, "team")).has_value();
    granted = !list_approvals(tables, {.status = ApprovalStatus::kGranted}, "", 1)->empty();
  }
  std::vector<std::string> administrators;
  std::set<std::string> enabled;
  std::set<std::string> keys;  // of administrators
  std::vector<std::string> acts;
  bool team = false;
  bool break_glass = false;
  bool granted = false;
};

class OnePersonTest : public testing::TestWithParam<std::uint64_t> {};

TEST_P(OnePersonTest, NeverDoesWhatNeedsTwo) {
  std::mt19937_64 random(GetParam());
  World world({"identity.group.delete"});
  world.must(propose_group({.id = "team"}), "bob");
  OnePerson she(world, random);
  // Carol's key is from Bob. Erin's is from Alice, so that she has the keys of two administrators.
  world.make_administrator("carol", "bob", "alice");
  world.make("dave", PrincipalType::kUser, {}, "bob");
  world.make_administrator("erin", "alice", "bob");
  she.knows("erin", world.keys.at("erin"));
  world.wait(kEnrolledBeforeMs);

  Guarded before(world);
  std::size_t facts = 0;
  for (int i = 0; i < 1500; ++i) {
    if (!she.try_something()) continue;
    ++facts;
    const Guarded now(world);
    ASSERT_EQ(now.administrators, before.administrators) << "seed " << GetParam() << " step " << i;
    ASSERT_EQ(now.acts, before.acts) << "seed " << GetParam() << " step " << i;
    ASSERT_TRUE(now.team) << "seed " << GetParam() << " step " << i;
    ASSERT_FALSE(now.break_glass) << "seed " << GetParam() << " step " << i;
    ASSERT_FALSE(now.granted) << "seed " << GetParam() << " step " << i;
    ASSERT_TRUE(std::includes(before.enabled.begin(), before.enabled.end(), now.enabled.begin(), now.enabled.end()))
        << "seed " << GetParam() << " step " << i;
    for (const std::string& key : now.keys) {
      ASSERT_TRUE(before.keys.contains(key) || she.rotated().contains(key))
          << "seed " << GetParam() << " step " << i << " " << world.ledger.record(*world.engine->applied());
    }
    before = now;
  }
  EXPECT_GT(facts, 100U) << "seed " << GetParam();
}

INSTANTIATE_TEST_SUITE_P(Seeds, OnePersonTest, testing::Values(std::random_device{}(), 1U, 2U, 3U));

}  // namespace
}  // namespace redoubt::identity::test
