// Asking witnesses, with a ledger of ours and witnesses on the loopback network.
#include "gateway/witnesses.h"

#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "gateway/internal/witness_peer.h"
#include "gateway/tests/live_ledger.h"
#include "gateway/tests/witness_server.h"
#include "ledger/reader.h"
#include "tlog/checkpoint.h"
#include "tlog/cosignature.h"
#include "tlog/fork_proof.h"
#include "tlog/proof.h"
#include "tlog/tile.h"
#include "tlog/witness_request.h"

namespace redoubt::gateway {
namespace {

using std::chrono::milliseconds;
using test::LiveLedger;
using test::WitnessServer;
using tlog::WitnessReply;

tlog::NoteSigner log_signer(const std::string& origin = LiveLedger::kOrigin) {
  return *tlog::NoteSigner::create(origin, *crypto::Ed25519PrivateKey::from_seed(Bytes(32, std::byte{7})));
}

// Signed by the log's key, whatever its tree.
std::string signed_note(std::uint64_t size, std::byte root, const std::string& origin = LiveLedger::kOrigin) {
  tlog::Checkpoint checkpoint{.origin = origin, .size = {size}, .root = {}, .extensions = {}};
  checkpoint.root.fill(root);
  return *tlog::sign_checkpoint(checkpoint, log_signer(origin));
}

std::string empty_note(const std::string& origin) {
  const tlog::Checkpoint checkpoint{.origin = origin, .size = {0}, .root = tlog::empty_root(), .extensions = {}};
  return *tlog::sign_checkpoint(checkpoint, log_signer(origin));
}

std::string text_of(const std::string& note) {
  return tlog::parse_note(note)->text;
}

WitnessReply size_reply(const std::string& body) {
  return {409, tlog::kWitnessSizeType, body, {}};
}

class WitnessesTest : public ::testing::Test {
 protected:
  ~WitnessesTest() override {
    for (const auto& server : servers_) live_.run(server->end());
  }

  WitnessServer& add_witness(const std::string& name, const std::string& origin = LiveLedger::kOrigin) {
    const int seed = 40 + static_cast<int>(servers_.size());
    servers_.push_back(
        std::make_unique<WitnessServer>(live_.io, live_.sweep, name, seed, log_signer(origin).verifier_key(), origin));
    add_line(name, servers_.back()->key, servers_.back()->url);
    return *servers_.back();
  }
  void add_line(const std::string& name, const tlog::VerifierKey& key, const std::string& url) {
    policy_ += "witness " + name + " " + key.format() + " " + url + "\n";
  }
  Witnesses& witnesses() {
    if (!witnesses_) {
      auto made = Witnesses::create(
          live_.io, live_.sweep, files_,
          {.policy = policy_ + "quorum none\n", .log_key = log_signer().verifier_key().format(), .timeout = timeout_});
      EXPECT_TRUE(made) << made.error().message();
      witnesses_ = *std::move(made);
    }
    return *witnesses_;
  }
  // Lets the log have so many more entries; its checkpoint over them.
  std::string grow(std::uint64_t entries, std::string_view tenant = {}) {
    for (std::uint64_t i = 0; i < entries; ++i) {
      EXPECT_TRUE(live_.run(live_.deny({.operation = "test"}, {}, "192.0.2.7", tenant)));
    }
    sizes_[std::string(tenant)] += entries;
    const ledger::LogNumber number = live_.logs.find(tenant)->number;
    live_.pump_until([&] { return live_.client->published(number) >= sizes_[std::string(tenant)]; });
    return *ledger::LedgerReader(live_.fs, LiveLedger::kDirectory, tenant).checkpoint();
  }
  Witnesses::Asked ask(const std::string& note, bool starting = false, ledger::LogNumber log = ledger::kSystemLog) {
    return live_.run(witnesses().ask(log, note, starting));
  }
  static void expect_cosigned_by(const std::string& note, const std::string& lines,
                                 const std::vector<tlog::VerifierKey>& keys) {
    const auto checked = tlog::check_cosignatures(note + lines, keys);
    ASSERT_TRUE(checked) << checked.error().message();
    EXPECT_EQ(checked->verified.size(), keys.size());
    // The log's own: of the checkpoint, and of its root for COSE; of an empty tree there are no receipts.
    EXPECT_EQ(checked->other_signatures, note.find("\n0\n") == std::string::npos ? 2u : 1u);
  }
  static std::string refusal(const Witnesses::Asked& asked) { return asked.refusal ? asked.refusal->message() : ""; }

  LiveLedger live_;
  LedgerFiles files_{live_.fs, LiveLedger::kDirectory};
  std::map<std::string, std::uint64_t> sizes_;
  std::vector<std::unique_ptr<WitnessServer>> servers_;
  std::string policy_;
  milliseconds timeout_{5'000};
  std::unique_ptr<Witnesses> witnesses_;
};

TEST_F(WitnessesTest, EveryWitnessCosignsAsTheLogGrows) {
  const WitnessServer& first = add_witness("w1");
  const WitnessServer& second = add_witness("w2");
  for (const std::uint64_t more : {1, 2, 300}) {
    const std::string note = grow(more);
    const Witnesses::Asked asked = ask(note, true);
    EXPECT_FALSE(asked.refusal) << refusal(asked);
    EXPECT_EQ(asked.size.value, sizes_[""]);
    expect_cosigned_by(note, asked.lines, {first.key, second.key});
  }
  // The first time each had to say its size; then it is known.
  EXPECT_EQ(first.requests.size(), 4u);
}

TEST_F(WitnessesTest, AWitnessThatIsBehindIsShownAProof) {
  WitnessServer& witness = add_witness("w1");
  witness.saw(grow(3));
  const std::string note = grow(4);
  expect_cosigned_by(note, ask(note, true).lines, {witness.key});
  EXPECT_EQ(witness.requests.size(), 2u);
}

TEST_F(WitnessesTest, TheSameCheckpointIsCosignedAfresh) {
  WitnessServer& witness = add_witness("w1");
  const std::string note = grow(3);
  witness.saw(note);
  expect_cosigned_by(note, ask(note, true).lines, {witness.key});
  EXPECT_EQ(witness.requests.size(), 1u);
}

TEST_F(WitnessesTest, AnEmptyLogIsCosigned) {
  const WitnessServer& witness = add_witness("w1");
  const std::string note = empty_note(LiveLedger::kOrigin);
  expect_cosigned_by(note, ask(note, true).lines, {witness.key});
}

TEST_F(WitnessesTest, ATenantsLogIsCosignedUnderItsName) {
  const std::string origin = std::string(LiveLedger::kOrigin) + "/t/clinic";
  WitnessServer& witness = add_witness("w1", origin);
  grow(5);
  witness.saw(grow(2, "clinic"));
  const std::string note = grow(1, "clinic");
  expect_cosigned_by(note, ask(note, true, live_.logs.find("clinic")->number).lines, {witness.key});
}

TEST_F(WitnessesTest, WhatIsNoCheckpointOfThisLedgerIsRefused) {
  add_witness("w1");
  EXPECT_TRUE(ask("nonsense").refusal);
  EXPECT_TRUE(ask(signed_note(3, std::byte{1}, "example.org/else")).refusal);
  EXPECT_TRUE(ask(signed_note(3, std::byte{1}, std::string(LiveLedger::kOrigin) + "/x/clinic")).refusal);
}

TEST_F(WitnessesTest, ADeadAndASlowWitnessHoldUpNobodyForLong) {
  timeout_ = milliseconds(200);
  const WitnessServer& good = add_witness("w1");
  WitnessServer& slow = add_witness("w2");
  slow.script = [](const auto&, auto) { return std::nullopt; };
  const UniqueFd dead = *net::bind_tcp("127.0.0.1:0");  // and does not listen
  const auto key =
      tlog::Cosigner::create("w3", *crypto::Ed25519PrivateKey::from_seed(Bytes(32, std::byte{70})))->verifier_key();
  add_line("w3", key, "http://127.0.0.1:" + std::to_string(net::bound_port(dead.get())));
  const std::string note = grow(1);
  for (int i = 0; i < 2; ++i) {
    const Witnesses::Asked asked = ask(note, true);
    EXPECT_FALSE(asked.refusal) << refusal(asked);
    expect_cosigned_by(note, asked.lines, {good.key});
  }
  // It is asked again on a new connection, and is itself again.
  slow.script = nullptr;
  expect_cosigned_by(note, ask(note).lines, {good.key, slow.key});
}

TEST_F(WitnessesTest, OnlyTheWitnesssOwnCosignatureOfThatCheckpointIsTaken) {
  WitnessServer& witness = add_witness("w1");
  const std::string note = grow(2);
  const std::string own = witness.cosignature(text_of(note));
  const std::string of_another_text = witness.cosignature(text_of(signed_note(2, std::byte{9})));
  const tlog::Cosigner other =
      *tlog::Cosigner::create("w9", *crypto::Ed25519PrivateKey::from_seed(Bytes(32, std::byte{99})));
  const std::string foreign = *other.signature_line(text_of(note), 1'800'000'000);
  std::string answer = foreign + "nonsense\n\n" + of_another_text + own;
  witness.script = [&](const auto&, auto) { return WitnessReply{200, "text/plain", answer, {}}; };
  EXPECT_EQ(ask(note).lines, own);
  for (const std::string& none :
       {std::string(), foreign, of_another_text, own.substr(0, 60), std::string(64, '\n') + own,
        log_signer().signature_line(text_of(note)), std::string(100'000, 'x')}) {
    answer = none;
    const Witnesses::Asked asked = ask(note, true);
    EXPECT_EQ(asked.lines, "");
    EXPECT_FALSE(asked.refusal) << refusal(asked);
  }
}

TEST_F(WitnessesTest, AWitnessThatRefusesOrTalksNonsenseIsNoReasonToStop) {
  WitnessServer& witness = add_witness("w1");
  const std::string note = grow(2);
  WitnessReply reply;
  witness.script = [&](const auto&, auto) { return reply; };
  for (const WitnessReply& told :
       {WitnessReply{400, "text/plain", "", {}}, WitnessReply{403, "text/plain", "", {}},
        WitnessReply{404, "text/plain", "", {}}, WitnessReply{500, "text/plain", "", {}},
        WitnessReply{503, "text/plain", "", {}}, WitnessReply{302, "text/plain", "", {}}, size_reply(""),
        size_reply("2\n"), size_reply("-1\n"), size_reply("1"), size_reply("x\n")}) {
    reply = told;
    for (const bool starting : {false, true}) {
      const Witnesses::Asked asked = ask(note, starting);
      EXPECT_EQ(asked.lines, "");
      EXPECT_FALSE(asked.refusal) << refusal(asked);
    }
  }
}

TEST_F(WitnessesTest, AWitnessWhoseSizeChangesAllTheTimeIsGivenUp) {
  WitnessServer& witness = add_witness("w1");
  const std::string note = grow(3);
  int asked_of_it = 0;
  witness.script = [&](const auto&, auto) { return size_reply(asked_of_it++ % 2 == 0 ? "1\n" : "2\n"); };
  EXPECT_EQ(ask(note).lines, "");
  EXPECT_EQ(asked_of_it, 3);
}

TEST_F(WitnessesTest, ARolledBackLedgerIsRefusedWithProof) {
  WitnessServer& witness = add_witness("w1");
  const std::string note = grow(2);
  const std::string newer = signed_note(50, std::byte{1});
  witness.saw(newer);
  for (const bool starting : {true, false}) {
    const Witnesses::Asked asked = ask(note, starting);
    ASSERT_TRUE(asked.refusal);
    EXPECT_EQ(asked.refusal->code(), Errc::kVerifyFailed);
    EXPECT_EQ(refusal(asked),
              "rolled back: witness `w1` has cosigned 50 entries of `example.org/log`, this ledger has 2; restore the "
              "newer copy");
    // The checkpoint that our key signed.
    const tlog::VerifierKey keys[] = {log_signer().verifier_key()};
    const auto shown = tlog::open_checkpoint(asked.evidence, keys);
    ASSERT_TRUE(shown);
    EXPECT_EQ(shown->size.value, 50u);
  }
}

TEST_F(WitnessesTest, AtTheStartTheWordOfAWitnessThatHasSeenMoreIsEnough) {
  WitnessServer& witness = add_witness("w1");
  const std::string note = grow(2);
  std::string shown;
  witness.script = [&](const std::string& path, auto) {
    if (path == "/w/add-checkpoint") return size_reply("50\n");
    return shown.empty() ? WitnessReply{404, "text/plain", "", {}} : WitnessReply{200, "text/plain", shown, {}};
  };
  const tlog::NoteSigner stranger =
      *tlog::NoteSigner::create(LiveLedger::kOrigin, *crypto::Ed25519PrivateKey::from_seed(Bytes(32, std::byte{8})));
  const std::string forged = text_of(signed_note(50, std::byte{1}));
  for (const std::string& what :
       {std::string(), forged + "\n" + stranger.signature_line(forged), std::string("nonsense"), note,
        signed_note(50, std::byte{1}, std::string(LiveLedger::kOrigin) + "/t/clinic")}) {
    shown = what;
    const Witnesses::Asked asked = ask(note, true);
    EXPECT_TRUE(refusal(asked).starts_with("rolled back, as witness `w1` says: it has cosigned 50 entries"))
        << refusal(asked);
    // Later it must prove it.
    EXPECT_FALSE(ask(note, false).refusal);
  }
}

TEST_F(WitnessesTest, AtTheStartAWitnessThatHasSeenMoreAndThenIsSilentIsEnough) {
  timeout_ = milliseconds(200);
  WitnessServer& witness = add_witness("w1");
  witness.script = [&](const std::string& path, auto) {
    return path == "/w/add-checkpoint" ? std::optional(size_reply("50\n")) : std::nullopt;
  };
  const std::string note = grow(2);
  EXPECT_TRUE(ask(note, true).refusal);
  EXPECT_FALSE(ask(note, false).refusal);
}

TEST_F(WitnessesTest, WhatOthersHandedToTheWitnessMeanwhileIsNoRollback) {
  WitnessServer& witness = add_witness("w1");
  const std::string offered = grow(2);
  witness.saw(grow(3));
  const Witnesses::Asked asked = ask(offered);
  EXPECT_FALSE(asked.refusal) << refusal(asked);
  EXPECT_EQ(asked.lines, "");
  const std::string next = grow(1);
  expect_cosigned_by(next, ask(next).lines, {witness.key});
}

TEST_F(WitnessesTest, AForkAtTheSameSizeIsProven) {
  WitnessServer& witness = add_witness("w1");
  const std::string note = grow(2);
  witness.saw(signed_note(2, std::byte{1}));
  for (const bool starting : {true, false}) {
    const Witnesses::Asked asked = ask(note, starting);
    EXPECT_TRUE(refusal(asked).starts_with("forked: `example.org/log` has signed two histories")) << refusal(asked);
    const tlog::VerifierKey keys[] = {log_signer().verifier_key()};
    EXPECT_TRUE(tlog::verify_fork_proof(asked.evidence, keys));
  }
}

TEST_F(WitnessesTest, AForkBeforeOurSizeIsProven) {
  WitnessServer& witness = add_witness("w1");
  witness.saw(signed_note(3, std::byte{1}));
  const std::string note = grow(7);
  const Witnesses::Asked asked = ask(note);
  EXPECT_TRUE(refusal(asked).starts_with("forked: ")) << refusal(asked);
  const tlog::VerifierKey keys[] = {log_signer().verifier_key()};
  const auto fork = tlog::verify_fork_proof(asked.evidence, keys);
  ASSERT_TRUE(fork);
  EXPECT_EQ(fork->first.size.value, 3u);
}

TEST_F(WitnessesTest, AForkThatIsNotProvenStopsTheStartAlone) {
  WitnessServer& witness = add_witness("w1");
  const std::string note = grow(2);
  for (const int status : {409, 422}) {
    for (const bool shows : {false, true}) {
      witness.script = [&](const std::string& path, auto) {
        if (path == "/w/add-checkpoint") return WitnessReply{status, "text/plain", "", {}};
        return shows ? WitnessReply{200, "text/plain", note, {}} : WitnessReply{404, "text/plain", "", {}};
      };
      EXPECT_TRUE(refusal(ask(note, true)).starts_with("forked, as witness `w1` says: "));
      EXPECT_FALSE(ask(note, false).refusal);
    }
  }
}

TEST_F(WitnessesTest, TheOperatorIsToldOnceOfEachChange) {
  const WitnessServer& server = add_witness("w1");
  internal::WitnessPeer peer(live_.io, live_.sweep, {.name = "w1", .key = server.key, .url = server.url},
                             *net::UpstreamUrl::parse(server.url), timeout_);
  EXPECT_FALSE(peer.report(1, "log 1", "", ""));  // all is well, as it was
  EXPECT_TRUE(peer.report(1, "log 1", "does not cosign", "status 404"));
  EXPECT_FALSE(peer.report(1, "log 1", "does not cosign", "status 403"));
  EXPECT_TRUE(peer.report(2, "log 2", "does not cosign", "status 404"));
  EXPECT_TRUE(peer.report(1, "log 1", "answers nonsense", ""));
  EXPECT_TRUE(peer.report(1, "log 1", "", ""));
  EXPECT_FALSE(peer.report(1, "log 1", "", ""));
}

// The other end of the client's rings, played by the test.
class WitnessesServeTest : public WitnessesTest {
 protected:
  WitnessesServeTest() : client_(RingProducer(again(requests_)), RingConsumer(again(answers_)), wake_.get()) {}

  static SharedRing again(const SharedRing& ring) { return *SharedRing::attach(UniqueFd(::dup(ring.fd()))); }

  void offer(ledger::LogNumber log, const std::string& note) {
    const auto space = keeper_.begin(static_cast<std::uint32_t>(ledger::MessageType::kOffer), sizeof log + note.size());
    store_le(space->first(sizeof log), log);
    std::copy(as_bytes(note).begin(), as_bytes(note).end(), space->begin() + sizeof log);
    keeper_.commit();
    keeper_.publish();
  }
  struct Answer {
    std::uint64_t size = 0;
    std::string lines;
  };
  // Until so many answers have come, or something else has.
  void pump(std::size_t count, const std::function<bool()>& or_else = [] { return false; }) {
    live_.pump_until([&] {
      EXPECT_TRUE(client_.poll());
      client_.flush();
      while (true) {
        const auto message = from_gateway_.peek(ledger::kMaxRequestBytes);
        if (!message || !*message) break;
        Bytes bytes((*message)->size);
        from_gateway_.take(bytes);
        from_gateway_.release();
        EXPECT_EQ((*message)->type, static_cast<std::uint32_t>(ledger::MessageType::kCosigned));
        const ByteView view = bytes;
        ++answered_;
        answers_by_log_[load_le<ledger::LogNumber>(view.subspan(8))] = {load_le<std::uint64_t>(view.subspan(12, 8)),
                                                                        std::string(as_chars(view.subspan(20)))};
      }
      return answered_ >= count || or_else();
    });
  }

  const SharedRing requests_ = *SharedRing::create(ledger::kRequestRingBytes);
  const SharedRing answers_ = *SharedRing::create(ledger::kAnswerRingBytes);
  const UniqueFd wake_{::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};
  RingProducer keeper_{again(answers_)};
  RingConsumer from_gateway_{again(requests_)};
  ledger::LedgerClient client_;
  std::size_t answered_ = 0;
  std::map<ledger::LogNumber, Answer> answers_by_log_;
};

TEST_F(WitnessesServeTest, EveryOfferIsAnsweredOnceAlsoThoseThatCameBefore) {
  WitnessServer& witness = add_witness("w1");
  const std::string note = grow(2);
  offer(ledger::kSystemLog, note);
  EXPECT_TRUE(client_.poll());
  witnesses().serve(client_, [](const Error& why) { FAIL() << why.message(); });
  constexpr ledger::LogNumber kTenants = 2 * Witnesses::kMaxAtOnce;
  // Their logs the witness does not know.
  for (ledger::LogNumber i = 1; i <= kTenants; ++i) {
    offer(i, empty_note(std::string(LiveLedger::kOrigin) + "/t/t" + std::to_string(i)));
  }
  pump(kTenants + 1);
  EXPECT_EQ(answered_, kTenants + 1);
  EXPECT_EQ(answers_by_log_.size(), kTenants + 1);
  expect_cosigned_by(note, answers_by_log_[ledger::kSystemLog].lines, {witness.key});
  EXPECT_EQ(answers_by_log_[ledger::kSystemLog].size, 2u);
  EXPECT_EQ(answers_by_log_[kTenants].lines, "");
}

TEST_F(WitnessesServeTest, ARefusalIsToldOnceAndTheOfferIsNotAnswered) {
  WitnessServer& witness = add_witness("w1");
  const std::string note = grow(2);
  witness.saw(signed_note(50, std::byte{1}));
  std::vector<std::string> refusals;
  witnesses().serve(client_, [&](const Error& why) { refusals.push_back(why.message()); });
  offer(ledger::kSystemLog, note);
  offer(1, empty_note(std::string(LiveLedger::kOrigin) + "/t/clinic"));
  pump(2, [&] { return !refusals.empty(); });
  EXPECT_EQ(refusals.size(), 1u);
  EXPECT_FALSE(answers_by_log_.contains(ledger::kSystemLog));
}

TEST_F(WitnessesServeTest, StopEndsWhatIsUnderWay) {
  WitnessServer& witness = add_witness("w1");
  witness.script = [](const auto&, auto) { return std::nullopt; };
  const std::string note = grow(1);
  Witnesses& asking = witnesses();
  asking.serve(client_, [](const Error& why) { FAIL() << why.message(); });
  offer(ledger::kSystemLog, note);
  pump(1, [&] { return !witness.requests.empty(); });
  bool ended = false;
  const auto ask_too = [](Witnesses& w, const std::string& n, bool& done) -> net::Task<> {
    co_await w.ask(ledger::kSystemLog, n, false);
    done = true;
  };
  boost::asio::co_spawn(live_.io, ask_too(asking, note, ended), [](std::exception_ptr) {});
  pump(1, [&] { return witness.requests.size() == 2; });
  const auto begun = std::chrono::steady_clock::now();
  asking.stop();
  pump(1, [&] { return ended; });
  EXPECT_LT(std::chrono::steady_clock::now() - begun, timeout_);
  EXPECT_EQ(answered_, 0u);
}

TEST(WitnessPolicy, NamesWitnessesThatCanBeAsked) {
  const auto key = [](int seed) {
    return tlog::Cosigner::create("w" + std::to_string(seed),
                                  *crypto::Ed25519PrivateKey::from_seed(Bytes(32, static_cast<std::byte>(seed))))
        ->verifier_key()
        .format();
  };
  const std::string good = "witness a " + key(1) + " https://a.example/w/\n";
  const auto policy = parse_witness_policy(good + "quorum a\n", true);
  ASSERT_TRUE(policy) << policy.error().message();
  const auto urls = witness_urls(*policy);
  ASSERT_EQ(urls.size(), 1u);
  EXPECT_EQ(urls[0].host, "a.example");
  EXPECT_EQ(urls[0].base_path, "/w");
  EXPECT_TRUE(parse_witness_policy(good + "quorum none\n", false));
  const auto why = [](const std::string& text, bool required) {
    const auto parsed = parse_witness_policy(text, required);
    return parsed ? std::string("good") : parsed.error().message();
  };
  EXPECT_EQ(why("quorum none\n", false), "it names no witness");
  EXPECT_EQ(why(good + "quorum none\n", true), "its quorum is `none`, and witnesses are required");
  EXPECT_EQ(why("witness a " + key(1) + "\nquorum a\n", false), "witness `a` has no URL, so it cannot be asked");
  EXPECT_TRUE(why("witness a " + key(1) + " ftp://a.example/\nquorum a\n", false).starts_with("witness `a`"));
  EXPECT_TRUE(why(good + "quorum b\n", false).starts_with("line 2:"));
}

}  // namespace
}  // namespace redoubt::gateway
