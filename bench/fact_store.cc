// Fills a folder of Redoubt with facts, as a server would have made them, but without the server: principals, groups,
// keys issued, rotated and revoked, limits. So that what reads a long ledger can be tried on one.
//
//   redoubt init --dir FOLDER --one-person --application demo
//   bench_fact_store --dir FOLDER --facts 100000
//   redoubt state rebuild --check --dir FOLDER
//
// With --principals instead, just so many of them, each with --keys-each keys.
//
// Each fact is proposed to the engine, so it changes something. Facts are made durable a thousand at a time, which no
// server does: whoever asked it was not answered before.
#include <CLI/CLI.hpp>
#include <array>
#include <chrono>
#include <cstdio>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "bench/usage.h"
#include "crypto/ed25519.h"
#include "identity/listing.h"
#include "identity/proposals.h"
#include "keys/key_store.h"
#include "ledger/ledger.h"
#include "limits/limits_projection.h"
#include "redoubt/offline_state.h"
#include "state/engine.h"
#include "tlog/note.h"

namespace {

using namespace redoubt;
using bench::stop;
using bench::take;

constexpr std::uint64_t kCommitEvery = 1000;
constexpr std::uint64_t kGroups = 200;

// Into the ledger itself; answers when it is asked to.
class DirectSink final : public state::FactSink {
 public:
  DirectSink(ledger::Ledger& ledger, keys::KeyWrapper& wrapper, std::string origin)
      : ledger_(ledger), sealer_(wrapper.issue()), origin_(std::move(origin)) {}

  void append(std::string record, std::string opening, std::function<void(Result<std::uint64_t>)> done) override {
    ledger::EntryHeader header{.kind = ledger::EntryKind::kFact};
    crypto::random_bytes(header.exchange);
    Bytes sealed;
    if (!opening.empty()) {
      sealed.resize(opening.size() + keys::kSealOverheadBytes);
      sealer_.seal(ledger::opening_context(header.exchange, header.kind), as_bytes(opening), sealed);
    }
    const std::size_t size = ledger::kEntryHeaderSize + record.size() + sealed.size();
    if (ledger_.batch_room() < size || ++pending_ == kCommitEvery) commit();
    const auto index = take(ledger_.add(header, as_bytes(record), sealed));
    answer_ = [done = std::move(done), index = index.value] { done(index); };
  }
  UnixMillis now() override { return SystemClock().now(); }
  record::RecordSource source() const override {
    return {.log_origin = origin_, .tenant = {}, .product_version = "bench"};
  }

  void answer() {
    if (answer_) std::exchange(answer_, nullptr)();
  }
  void commit() {
    take(ledger_.commit());
    pending_ = 0;
  }

 private:
  ledger::Ledger& ledger_;
  keys::OpeningSealer sealer_;
  const std::string origin_;
  std::uint64_t pending_ = 0;
  std::function<void()> answer_;
};

struct Nobody final : state::Publisher {
  void publish(std::function<void()> everywhere) override { everywhere(); }
};

class Filler {
 public:
  Filler(state::Engine& engine, DirectSink& sink) : engine_(engine), sink_(sink) {
    const auto keys =
        take(identity::list_keys(engine.tables(), {.principal = actor_.principal, .revoked = false}, {}, 1));
    if (keys.empty()) stop("`" + actor_.principal + "` has no key");
    actor_.credential = keys.front().id;
  }

  void fill(std::uint64_t facts) {
    for (std::uint64_t i = 0; i < kGroups && made_ < facts; ++i) {
      propose(identity::propose_group({.id = "group-" + std::to_string(i), .tenant = {}, .parents = {"callers"}}));
    }
    for (std::uint64_t i = 0; made_ < facts; ++i) one_principal(i, facts);
  }

  void fill_callers(std::uint64_t principals, std::uint64_t keys_each) {
    for (std::uint64_t i = 0; i < kGroups; ++i) {
      propose(identity::propose_group({.id = "group-" + std::to_string(i), .tenant = {}, .parents = {"callers"}}));
    }
    for (std::uint64_t i = 0; i < principals; ++i) {
      const std::string name = "app-" + std::to_string(i);
      propose(identity::propose_principal({.id = name, .groups = {"group-" + std::to_string(i % kGroups)}}));
      for (std::uint64_t k = 0; k < keys_each; ++k) {
        const identity::NewKey made = identity::make_key();
        propose(identity::propose_key({.id = made.id, .principal = name, .digest = made.digest}));
      }
    }
  }

  std::uint64_t made() const { return made_; }

 private:
  // Up to six facts: somebody, two keys, one of them rotated and one revoked, a limit.
  void one_principal(std::uint64_t number, std::uint64_t facts) {
    const std::string name = "app-" + std::to_string(number);
    identity::Principal wanted{.id = name, .groups = {"group-" + std::to_string(number % kGroups)}};
    if (number % 3 == 0) wanted.display_name = "Application number " + std::to_string(number);
    propose(identity::propose_principal(wanted));
    std::array<identity::Key, 2> keys;
    for (identity::Key& key : keys) {
      if (made_ == facts) return;
      const identity::NewKey made = identity::make_key();
      key = {.id = made.id, .principal = name, .digest = made.digest};
      propose(identity::propose_key(key));
      key.version = 1;
    }
    if (made_ < facts) propose(identity::propose_rotation(keys[0], identity::make_key(), {}, 3'600'000));
    if (made_ < facts) propose(identity::propose_revocation(keys[1]));
    if (made_ == facts) return;
    propose(limits::propose_limit(nullptr, {.id = name,
                                            .subject = name,
                                            .quantity = limits::Quantity::kRequests,
                                            .period = limits::Period::kMinute,
                                            .amount = 60}));
  }

  void propose(Result<state::Proposal> wanted) {
    state::Proposal proposal = take(std::move(wanted));
    proposal.actor = actor_;
    bool applied = false;
    engine_.propose(std::move(proposal), [&applied](const Result<state::Applied>& done) {
      if (!done) stop("a fact was refused: " + done.error().message());
      applied = true;
    });
    sink_.answer();
    if (!applied) stop("a fact was not answered");
    ++made_;
  }

  state::Engine& engine_;
  DirectSink& sink_;
  record::FactActor actor_{
      .principal = "admin-1", .credential = {}, .on_behalf_of = {}, .method = "api_key", .strength = 1};
  std::uint64_t made_ = 0;
};

struct Wanted {
  std::uint64_t facts = 100'000;
  std::uint64_t principals = 0;
  std::uint64_t keys_each = 10;
};

void fill(const std::string& dir, const Wanted& wanted) {
  const app::Layout layout(dir);
  PosixFileSystem fs;
  const SystemClock clock;
  const UniqueFd lock = take(app::lock_out_server(layout));
  const auto vkey = take(read_file(fs, layout.verifier_key(), 4096));
  const std::string line(as_chars(vkey).substr(0, as_chars(vkey).find('\n')));
  const std::string origin(take(tlog::VerifierKey::parse(line)).name());
  const keys::KeyStore keys = keys::KeyStore::plain();
  const auto seed = take(keys.load(layout.keeper() + "/signer.key", "ledger-signer", 32));
  const auto signer = take(tlog::NoteSigner::create(origin, take(crypto::Ed25519PrivateKey::from_seed(seed.reveal()))));
  keys::KeyWrapper wrapper(take(keys.load(layout.keeper() + "/wrap.key", "wrap", 32)));
  auto ledger = take(ledger::Ledger::open(fs, layout.ledger(), signer, clock, {}));

  auto offline = take(app::OfflineState::open(layout, &keys));
  take(fs.make_directory(layout.state()));
  DirectSink sink(*ledger, wrapper, origin);
  Nobody nobody;
  const auto projections = offline->projections();
  auto engine = take(state::Engine::open({.path = app::tables_path(layout)}, {projections.begin(), projections.end()},
                                         offline->source(), sink, nobody));
  const auto start = bench::SteadyClock::now();
  Filler filler(*engine, sink);
  if (wanted.principals > 0) {
    filler.fill_callers(wanted.principals, wanted.keys_each);
  } else {
    filler.fill(wanted.facts);
  }
  sink.commit();
  take(ledger->publish());
  const double seconds = bench::seconds_since(start);
  std::printf("fact_store facts=%llu seconds=%.1f\n", static_cast<unsigned long long>(filler.made()), seconds);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Fills a folder of Redoubt with facts, for trials"};
  std::string dir;
  Wanted wanted;
  app.add_option("--dir", dir, "Redoubt's folder, as `redoubt init` makes it; no server runs")->required();
  app.add_option("--facts", wanted.facts, "how many")->capture_default_str();
  app.add_option("--principals", wanted.principals, "so many and their keys, whatever facts that takes");
  app.add_option("--keys-each", wanted.keys_each, "of a principal, with --principals")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  fill(dir, wanted);
}
