// An engine with identities and approvals over a fake ledger, after the first fact: `alice` and `bob` are
// administrators, `app` is an application among the callers. Time is the ledger's, and stands still unless a test moves
// it.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "identity/approvals.h"
#include "identity/entity_cache.h"
#include "identity/identity_projection.h"
#include "identity/listing.h"
#include "identity/proposals.h"
#include "state/engine.h"
#include "state/tests/support/fake_ledger.h"
#include "state/tests/support/state_fixture.h"

namespace redoubt::identity::test {

inline constexpr std::int64_t kHour = 3600LL * 1000;
inline constexpr std::int64_t kDay = 24 * kHour;

class World {
 public:
  // Marked from the first fact on, beside those that always are.
  explicit World(std::vector<std::string> marked = {std::begin(kMarkedAtFirst), std::end(kMarkedAtFirst)});

  // The engine anew, over what the ledger and the folder have.
  void open();
  void genesis(std::vector<std::string> marked);

  // Proposes as `by`, proven by the last key that was made for it, and waits for the answer.
  Result<state::Applied> change(Result<state::Proposal> wanted, std::string_view by);
  Result<state::Applied> change_as(state::Proposal wanted, const record::FactActor& actor);
  // The same, and it must succeed.
  void must(Result<state::Proposal> wanted, std::string_view by);
  // The answer's code; kCancelled when it succeeded. `why` is in its message.
  Errc refusal(Result<state::Proposal> wanted, std::string_view by, std::string_view why = {});

  // A request for the change; its id, or empty when it was refused.
  std::string request(Result<state::Proposal> wanted, std::string_view by);
  Approval approval(const std::string& id);
  Errc grant_refusal(const std::string& id, std::string_view by, std::string_view why = {});
  // All three steps.
  void together(Result<state::Proposal> wanted, std::string_view requester, std::string_view approver);

  // A principal that `by` makes, with a key that `by` issues.
  void make(std::string_view id, PrincipalType type, std::vector<std::string> groups, std::string_view by);
  // An administrator that `requester` asks for and `approver` approves, with a key.
  void make_administrator(std::string_view id, std::string_view requester, std::string_view approver);
  // A key to be issued.
  static Key key_of(std::string_view principal, const NewKey& made, UnixMillis expires = {});
  // The same, new; it is the principal's from then on in change().
  Key new_key(std::string_view principal, UnixMillis expires = {});

  record::FactActor actor(std::string_view id) const;
  std::string authorization(std::string_view id) const { return "Bearer " + keys.at(std::string(id)).secret; }
  const Identities& now() const { return identities->snapshot(); }
  const Key* find(std::string_view id) const { return now().find(authorization(id), ledger.clock); }
  Principal principal(std::string_view id);
  Group group(std::string_view id);
  Key key(std::string_view id);
  void wait(std::int64_t ms) { ledger.clock.value += ms; }
  // What memory holds is what it would hold when loaded.
  void expect_memory_is_as_loaded();

  state::test::TemporaryFolder folder;
  state::test::FakeLedger ledger;
  state::test::FakePublisher publisher;
  std::unique_ptr<IdentityProjection> identities;
  ApprovalsProjection approvals;
  std::unique_ptr<state::Engine> engine;
  std::map<std::string, NewKey> keys;  // the last one made for each principal
};

// All that a snapshot says, in one text.
std::string dump(const Identities& identities, const std::vector<std::string>& principals,
                 const std::vector<std::string>& groups, const std::vector<std::string>& keys, UnixMillis now);

class IdentityTest : public testing::Test {
 protected:
  World world;
};

}  // namespace redoubt::identity::test
