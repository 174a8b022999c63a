// Random facts, good, conflicting and malformed, folded by the engine in every way it has, and by the plainest code
// that could be written for the same.
#include <algorithm>
#include <cstdlib>
#include <random>

#include "record/commitment.h"
#include "record/opening.h"
#include "state/internal/digest.h"
#include "state/internal/fold.h"
#include "state/internal/replay.h"
#include "state/internal/schema.h"
#include "state/rebuild.h"
#include "state/tests/support/state_fixture.h"

namespace redoubt::state::test {
namespace {

namespace fs = std::filesystem;

// The reference: every fact in a row of ifs.
class NaiveFold {
 public:
  void entry(std::uint64_t index, const std::string& record, const std::string& opening) {
    record::FactReader reader;
    auto read = reader.read(as_bytes(record));
    if (!read || *read == nullptr) return;
    const record::Fact& fact = **read;
    const bool in_place = fact.previous == last_ && (!last_ || fact.time.value >= time_);
    last_ = index;
    time_ = std::max(time_, fact.time.value);
    if (!in_place) return;
    if (versions_[fact.object] != fact.expects) return;
    if (!fact.idempotency_key.empty() && keys_.contains(fact.idempotency_key) &&
        keys_[fact.idempotency_key] > fact.time.value - Engine::kIdempotencyMs) {
      return;
    }
    if (fact.actor.principal == "mallory") return;
    if (!change(index, fact, reader.body(), opening)) return;
    ++versions_[fact.object];
    if (!fact.idempotency_key.empty()) keys_[fact.idempotency_key] = fact.time.value;
    ++applied;
  }
  std::map<std::string, Item> items;
  std::uint64_t applied = 0;

 private:
  bool change(std::uint64_t index, const record::Fact& fact, const simdjson::dom::object& body,
              const std::string& opening) {
    if (fact.kind == "state.erase") {
      std::uint64_t erased = 0;
      if (body["index"].get(erased) != simdjson::SUCCESS || erased >= index) return false;
      if (fact.object != "fact/" + std::to_string(erased)) return false;
      simdjson::dom::array fields;
      if (body["fields"].get(fields) != simdjson::SUCCESS || fields.size() == 0) return false;
      bool note = false;
      for (const simdjson::dom::element field : fields) {
        std::string_view field_name;
        if (field.get(field_name) != simdjson::SUCCESS || !record::is_field_name(field_name)) return false;
        note = note || field_name == "note";
      }
      for (auto& [name, item] : items) {
        if (note && item.note && note_from_[name] == erased) item.note.reset();
      }
      return true;
    }
    if (!fact.kind.starts_with("toy.") || !fact.object.starts_with("item/")) return false;
    const std::string name = fact.object.substr(5);
    const bool known = items.contains(name);
    if (fact.kind == "toy.item.delete") {
      if (!known) return false;
      for (const auto& [other, item] : items) {
        if (item.link == name) return false;
      }
      items.erase(name);
      return true;
    }
    if (fact.kind == "toy.item.link") {
      const std::string to(encoding::string_member(body, "to"));
      if (!known || !items.contains(to)) return false;
      items[name].link = to;
      return true;
    }
    const bool create = fact.kind == "toy.item.create";
    if (!create && fact.kind != "toy.item.add") return false;
    std::int64_t amount = 0;
    if (create == known || body["amount"].get(amount) != simdjson::SUCCESS) return false;
    if (amount < -kAmountMax || amount > kAmountMax) return false;
    const std::int64_t next = (create ? 0 : items[name].amount) + amount;
    if (next < 0 || next > kAmountMax) return false;
    items[name].amount = next;
    if (create && fact.commitments.size() == 1 && fact.commitments[0].first == "note") {
      auto values = record::decode_opening(as_bytes(opening));
      const record::OpeningValue* note = values ? values->find("note") : nullptr;
      if (note != nullptr && record::commit(note->salt, "note", as_bytes(note->value)) == fact.commitments[0].second) {
        items[name].note = note->value;
        note_from_[name] = index;
      }
    }
    return true;
  }

  std::map<std::string, std::uint64_t> versions_;
  std::map<std::string, std::int64_t> keys_;
  std::map<std::string, std::uint64_t> note_from_;
  std::optional<std::uint64_t> last_;
  std::int64_t time_ = 0;
};

class FoldPropertyTest : public StateTest {
 protected:
  static constexpr std::int64_t kLeapMs = 24 * 3'600'000;

  // A wish that may be good; `version_of` says what the versions are.
  Proposal random_proposal(const std::function<std::uint64_t(const std::string&)>& version_of) {
    const std::string name = "n" + std::to_string(pick(40));
    std::uint64_t expects = version_of("item/" + name);
    if (pick(10) == 0) expects += pick(3);
    Proposal proposal;
    switch (pick(9)) {
      case 0:
      case 1:
      case 2:
        proposal = create(name, std::int64_t(pick(100)) - 5,
                          pick(2) == 0 ? std::optional("note " + std::to_string(pick(1000))) : std::nullopt);
        proposal.expects = expects;
        break;
      case 3:
        proposal = add(name, pick(20) == 0 ? kAmountMax + 1 : std::int64_t(pick(100)) - 50, expects);
        break;
      case 4:
        proposal = link_to(name, "n" + std::to_string(pick(40)), expects);
        break;
      case 5:
        proposal = remove(name, expects);
        break;
      case 6: {
        const std::uint64_t index = pick(*ledger.size() + 1);
        proposal = erasure(index, {"note"}, version_of("fact/" + std::to_string(index)));
        break;
      }
      case 7:
        proposal = add(name, 1, expects);
        proposal.kind = pick(2) == 0 ? "toy.item.unheard" : "unheard.item.add";
        break;
      default:
        proposal = add(name, 1, expects);
        if (pick(3) == 0) proposal.actor.principal = "mallory";
        if (pick(3) == 0) proposal.body = R"({"amount":"one"})";
    }
    if (pick(4) == 0) {
      proposal.idempotency_key = std::string(63, 'a') + static_cast<char>('0' + pick(10));
      proposal.idempotency_request = std::string(64, 'b');
    }
    return proposal;
  }
  std::uint64_t pick(std::uint64_t below) { return random() % below; }

  std::uint64_t seed = [] {
    const char* given = std::getenv("REDOUBT_TEST_SEED");
    return given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device()();
  }();
  std::mt19937_64 random{seed};
};

TEST_F(FoldPropertyTest, EveryWayOfFoldingIsThePlainOne) {
  SCOPED_TRACE("REDOUBT_TEST_SEED=" + std::to_string(seed));
  NaiveFold naive;
  std::vector<std::string> openings;
  const auto put = [&](std::string record, std::string opening) {
    naive.entry(*ledger.size(), record, opening);
    ledger.put(std::move(record), std::move(opening));
  };
  // Facts that nobody tried: whatever they say, some of them are good.
  std::map<std::string, std::uint64_t> versions;
  std::optional<std::uint64_t> previous;
  UnixMillis time = ledger.clock;
  for (int i = 0; i < 5000; ++i) {
    if (pick(20) == 0) {
      put(R"({"class_uid":6003,"number":)" + std::to_string(i) + "}", {});
      continue;
    }
    Proposal proposal = random_proposal([&](const std::string& object) { return versions[object]; });
    time.value += static_cast<std::int64_t>(pick(600'000));
    Raw raw = raw_fact(proposal, {pick(50) == 0 ? time.value - 1'000'000 : time.value},
                       pick(50) == 0 && previous ? std::optional(*previous / 2) : previous);
    if (pick(30) == 0) {
      raw.record[pick(raw.record.size())] ^= static_cast<char>(1 + pick(127));
      record::FactReader reader;
      auto read = reader.read(as_bytes(raw.record));
      // One that names a fact that is not there, or of a later format, ends the fold: elsewhere. After one of a time
      // that is far ahead, no other is in its place.
      if (!read && read.error().code() == Errc::kUnsupported) continue;
      if (read && *read != nullptr && (*read)->previous && previous && *(*read)->previous > *previous) continue;
      if (read && *read != nullptr && (*read)->time.value > time.value + kLeapMs) continue;
    }
    record::FactReader reader;
    auto read = reader.read(as_bytes(raw.record));
    const std::uint64_t before = naive.applied;
    if (read && *read != nullptr) previous = *ledger.size();
    put(raw.record, raw.opening);
    if (naive.applied != before) ++versions[(*read)->object];
  }
  ASSERT_GT(naive.applied, 1000U);

  // All at once, into new tables.
  open_or_fail();
  EXPECT_EQ(items_in(engine->tables()), naive.items);
  EXPECT_EQ(engine->tables().integer("SELECT sum(facts) FROM watcher_counts", {}), std::int64_t(naive.applied));
  expect_memory_is_as_loaded();
  const auto digests = *engine->table_digests();

  // With so little memory for rows that they are written and forgotten now and then; in one transaction, and in many.
  for (const bool at_once : {true, false}) {
    const std::string beside = folder / (at_once ? "once.db" : "often.db");
    auto database = Database::open(beside, at_once ? Database::Use::kScratch : Database::Use::kLive);
    const std::vector<Projection*> all = projections();
    ASSERT_TRUE(database && make_schema(**database, all));
    Fold fold(**database, all);
    auto folded = replay(**database, fold, ledger, {.each = {}, .at_once = at_once, .rows_bytes = 1 + pick(30'000)});
    ASSERT_TRUE(folded) << folded.error().message();
    EXPECT_EQ(*table_digests(**database), digests);
  }

  // And in pieces, with an end of the engine between them.
  engine.reset();
  FakeLedger whole = std::move(ledger);
  fs::remove(path);
  ledger = FakeLedger();
  ledger.clock = time;
  for (std::uint64_t i = 0; i < *whole.size();) {
    const std::uint64_t end = std::min<std::uint64_t>(*whole.size(), i + 1 + pick(800));
    for (; i < end; ++i) ledger.put(whole.record(i), whole.opening(i));
    open_or_fail();
    expect_memory_is_as_loaded();
  }
  EXPECT_EQ(*engine->table_digests(), digests);
  EXPECT_EQ(integrity(path), "ok");
}

TEST_F(FoldPropertyTest, ChangesThroughTheEngineAreThePlainOnes) {
  SCOPED_TRACE("REDOUBT_TEST_SEED=" + std::to_string(seed));
  open_or_fail();
  int made = 0;
  for (int i = 0; i < 1500; ++i) {
    ledger.clock.value += static_cast<std::int64_t>(pick(2'000'000)) - 100'000;  // a clock that also jumps back
    if (pick(20) == 0) ledger.put(R"({"class_uid":6003})");
    Proposal proposal = random_proposal([&](const std::string& object) { return engine->version_of(object); });
    auto done = change(std::move(proposal));
    made += done && !done->repeated ? 1 : 0;
    if (pick(200) == 0) reopen();
  }
  ASSERT_GT(made, 300);
  EXPECT_EQ(engine->tables().integer("SELECT count(*) FROM state_rejected", {}), 0) << "only what holds is appended";
  expect_memory_is_as_loaded();
  NaiveFold naive;
  for (std::uint64_t i = 0; i < *ledger.size(); ++i) naive.entry(i, ledger.record(i), ledger.opening(i));
  EXPECT_EQ(items_in(engine->tables()), naive.items);
  EXPECT_EQ(naive.applied, std::uint64_t(made));
  auto report = check_tables(path, projections(), ledger);
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_TRUE(report->equal());
}

}  // namespace
}  // namespace redoubt::state::test
