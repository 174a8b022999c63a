// A ledger whose checkpoints are cosigned by witnesses: what counts as published, and what is asked at the start.
#include "encoding/base64.h"
#include "ledger/tests/keeper_fixture.h"
#include "tlog/cosignature.h"
#include "tlog/trust_policy.h"
#include "tlog/witness.h"
#include "tlog/witness_request.h"

namespace redoubt::ledger::test {
namespace {

tlog::Cosigner make_cosigner(int n) {
  return *tlog::Cosigner::create("witness.example/w" + std::to_string(n),
                                 *crypto::Ed25519PrivateKey::from_seed(Bytes(32, static_cast<std::byte>(100 + n))));
}

tlog::TrustPolicy make_policy(const std::string& quorum_lines) {
  std::string text;
  for (int n = 1; n <= 3; ++n) {
    text += "witness w" + std::to_string(n) + " " + make_cosigner(n).verifier_key().format() + " http://127.0.0.1:1/\n";
  }
  return *tlog::TrustPolicy::parse(text + quorum_lines);
}

class WitnessedLedger : public ::testing::Test {
 protected:
  static constexpr const char* kDirectory = "/ledger";
  static constexpr std::uint64_t kNow = 1'700'000'000;

  void open(bool required, const std::string& quorum = "group two 2 w1 w2 w3\nquorum two\n") {
    ledger_.reset();
    LedgerOptions options = small_segments();
    options.witnesses = {.policy = make_policy(quorum), .required = required};
    auto ledger = Ledger::open(fs_, kDirectory, signer_, clock_, options);
    ASSERT_TRUE(ledger) << ledger.error().message();
    ledger_ = *std::move(ledger);
  }
  void commit(int entries = 1) {
    for (int i = 0; i < entries; ++i) ASSERT_TRUE(ledger_->add({}, as_bytes("entry"), {}));
    ASSERT_TRUE(ledger_->commit());
  }
  std::string lines(const std::string& note, std::initializer_list<int> witnesses, std::uint64_t time = kNow) {
    std::string out;
    const std::string text = tlog::parse_note(note)->text;
    for (const int n : witnesses) out += *make_cosigner(n).signature_line(text, time);
    return out;
  }
  // The log's own are two: of the checkpoint, and of its root for receipts of COSE.
  std::size_t signatures(const char* file) {
    const auto note = fs_.content(std::string(kDirectory) + "/" + file);
    return note ? tlog::parse_note(as_chars(*note))->signatures.size() : 0;
  }

  FaultFileSystem fs_;
  FakeClock clock_;
  const tlog::NoteSigner signer_ = make_signer();
  std::unique_ptr<Ledger> ledger_;
};

TEST_F(WitnessedLedger, WhereTheQuorumIsNeededNothingIsPublishedWithoutIt) {
  open(true);
  commit(3);
  ASSERT_TRUE(*ledger_->publish());
  EXPECT_EQ(ledger_->covered().value, 3U);
  EXPECT_EQ(ledger_->published().value, 0U);
  EXPECT_FALSE(fs_.content("/ledger/checkpoint"));
  const std::string note = *ledger_->offer(kSystemLog);
  EXPECT_FALSE(*ledger_->cosign(kSystemLog, lines(note, {2}), 0));
  EXPECT_FALSE(fs_.content("/ledger/checkpoint"));
  EXPECT_TRUE(*ledger_->cosign(kSystemLog, lines(note, {1, 3}), 0));
  EXPECT_EQ(ledger_->published().value, 3U);
  EXPECT_EQ(ledger_->cosigned().value, 3U);
  EXPECT_EQ(signatures("checkpoint"), 4U);
  EXPECT_FALSE(*ledger_->publish()) << "nothing is new";
  commit();
  ASSERT_TRUE(*ledger_->publish());
  EXPECT_EQ(ledger_->published().value, 3U);
  open(true);
  EXPECT_EQ(ledger_->covered().value, 4U);
  EXPECT_EQ(ledger_->published().value, 3U);
  EXPECT_EQ(ledger_->cosigned().value, 3U);
}

TEST_F(WitnessedLedger, WhereItIsNotNeededCheckpointsArePublishedAndTheCosignedOneIsKept) {
  open(false);
  commit(3);
  ASSERT_TRUE(*ledger_->publish());
  EXPECT_EQ(ledger_->published().value, 3U);
  EXPECT_EQ(ledger_->cosigned().value, 0U);
  const std::string note = *ledger_->offer(kSystemLog);
  commit();
  ASSERT_TRUE(*ledger_->publish());  // meanwhile
  EXPECT_TRUE(*ledger_->cosign(kSystemLog, lines(note, {1, 2}), 0));
  EXPECT_EQ(ledger_->cosigned().value, 3U);
  EXPECT_EQ(signatures("checkpoint"), 2U);
  EXPECT_EQ(signatures("cosigned"), 4U);
  EXPECT_TRUE(*ledger_->cosign(kSystemLog, lines(*ledger_->offer(kSystemLog), {2, 3}), 0));
  EXPECT_EQ(signatures("checkpoint"), 4U) << "of the same size: it carries them, too";
  open(false);
  EXPECT_EQ(ledger_->cosigned().value, 4U);
  EXPECT_EQ(tlog::parse_note(*ledger_->offer(kSystemLog))->signatures.size(), 2U) << "offered without cosignatures";
}

TEST_F(WitnessedLedger, OnceTheQuorumIsNeededTheOlderCosignedCheckpointGivesWay) {
  open(false);
  commit(3);
  ASSERT_TRUE(*ledger_->publish());
  ASSERT_TRUE(*ledger_->cosign(kSystemLog, lines(*ledger_->offer(kSystemLog), {1, 2}), 0));
  open(true);
  commit();
  ASSERT_TRUE(*ledger_->publish());
  EXPECT_EQ(signatures("cosigned"), 4U) << "still the last one";
  ASSERT_TRUE(*ledger_->cosign(kSystemLog, lines(*ledger_->offer(kSystemLog), {2, 3}), 0));
  EXPECT_FALSE(fs_.content("/ledger/cosigned"));
  EXPECT_EQ(signatures("checkpoint"), 4U);
  EXPECT_EQ(ledger_->cosigned().value, 4U);
  open(true);
  EXPECT_EQ(ledger_->cosigned().value, 4U);
}

TEST_F(WitnessedLedger, LinesThatDoNotHoldChangeNothing) {
  open(true);
  commit();
  ASSERT_TRUE(*ledger_->publish());
  const std::string note = *ledger_->offer(kSystemLog);
  std::string other = note;
  other[other.find("\n1\n") + 1] = '2';
  EXPECT_EQ(ledger_->cosign(kSystemLog, lines(other, {1, 2}), 0).error().code(), Errc::kVerifyFailed);
  EXPECT_EQ(ledger_->cosign(kSystemLog, "nonsense\n", 0).error().code(), Errc::kMalformed);
  const std::string foreign = make_signer("example.org/other", 9).signature_line(tlog::parse_note(note)->text);
  EXPECT_EQ(ledger_->cosign(kSystemLog, lines(note, {1, 2}) + foreign, 0).error().code(), Errc::kVerifyFailed);
  EXPECT_EQ(ledger_->published().value, 0U);
  EXPECT_FALSE(*ledger_->cosign(kSystemLog, {}, 0));
  EXPECT_TRUE(*ledger_->cosign(kSystemLog, lines(note, {1, 2}), 0)) << "and the ledger goes on";
}

TEST_F(WitnessedLedger, AtTheStartOldCosignaturesDoNotCount) {
  open(true);
  const std::string empty = *ledger_->offer(kSystemLog);
  EXPECT_NE(empty.find("\n0\n"), std::string::npos) << "a log without entries can be rolled back to, too";
  EXPECT_FALSE(*ledger_->cosign(kSystemLog, lines(empty, {1, 2}, kNow - 1), kNow));
  EXPECT_TRUE(*ledger_->cosign(kSystemLog, lines(empty, {1, 2}, kNow), kNow));
  EXPECT_FALSE(fs_.content("/ledger/checkpoint"));
}

TEST_F(WitnessedLedger, NeededWitnessesNeedAPolicyThatSaysWho) {
  LedgerOptions options = small_segments();
  options.witnesses = {.policy = std::nullopt, .required = true};
  EXPECT_EQ(Ledger::open(fs_, kDirectory, signer_, clock_, options).error().code(), Errc::kInvalidArgument);
  options.witnesses = {.policy = make_policy("quorum none\n"), .required = true};
  EXPECT_EQ(Ledger::open(fs_, kDirectory, signer_, clock_, options).error().code(), Errc::kInvalidArgument);
}

TEST_F(WitnessedLedger, StoredCheckpointsThatContradictEachOtherAreRefused) {
  open(true);
  commit(3);
  ASSERT_TRUE(*ledger_->publish());
  ASSERT_TRUE(*ledger_->cosign(kSystemLog, lines(*ledger_->offer(kSystemLog), {1, 2}), 0));
  commit();
  ASSERT_TRUE(*ledger_->publish());
  ledger_.reset();
  const auto forged = *tlog::sign_checkpoint(
      {.origin = signer_.name(), .size = {3}, .root = tlog::leaf_hash(as_bytes("other")), .extensions = {}}, signer_);
  fs_.set_content("/ledger/checkpoint", as_bytes(forged));
  LedgerOptions options = small_segments();
  options.witnesses = {.policy = make_policy("group two 2 w1 w2 w3\nquorum two\n"), .required = true};
  EXPECT_EQ(Ledger::open(fs_, kDirectory, signer_, clock_, options).error().code(), Errc::kCorrupt);
}

// A crash at any change of a file, then another start: what was published stays, and nothing contradicts it.
TEST_F(WitnessedLedger, ACrashAnywhereLeavesWhatWasPublishedAndTheLogGoesOn) {
  for (const bool required : {true, false}) {
    std::uint64_t changes = 0;
    for (std::uint64_t stop = 0; stop == 0 || stop <= changes; ++stop) {
      SCOPED_TRACE(stop);
      FaultFileSystem fs;
      if (stop != 0) {
        fs.inject({.effect = FaultFileSystem::Effect::kCrash,
                   .operation = FaultFileSystem::Operation::kAnyChange,
                   .path_part = "",
                   .nth = stop});
      }
      std::uint64_t published = 0;
      std::uint64_t acknowledged = 0;
      const auto live = [&]() -> bool {
        LedgerOptions options = small_segments();
        options.single_thread_for_test = true;
        options.witnesses = {.policy = make_policy("quorum w1\n"), .required = required};
        auto ledger = Ledger::open(fs, kDirectory, signer_, clock_, options);
        if (!ledger) return false;
        for (int round = 0; round < 3; ++round) {
          if (!(*ledger)->add({}, as_bytes("entry"), {}) || !(*ledger)->commit()) return false;
          acknowledged = (*ledger)->committed().value;
          if (!(*ledger)->publish()) return false;
          auto note = (*ledger)->offer(kSystemLog);
          auto reached = (*ledger)->cosign(kSystemLog, lines(*note, {1}), 0);
          if (!reached) return false;
          published = (*ledger)->published().value;
        }
        return true;
      };
      const bool whole = live();
      if (stop == 0) {
        ASSERT_TRUE(whole);
        changes = fs.changes();
        continue;
      }
      fs.lose_power_and_all_unsynced();
      LedgerOptions options = small_segments();
      options.single_thread_for_test = true;
      options.witnesses = {.policy = make_policy("quorum w1\n"), .required = required};
      auto again = Ledger::open(fs, kDirectory, signer_, clock_, options);
      ASSERT_TRUE(again) << again.error().message();
      ASSERT_GE((*again)->committed().value, acknowledged);
      ASSERT_GE((*again)->published().value, published);
      ASSERT_TRUE((*again)->add({}, as_bytes("entry"), {}) && (*again)->commit() && (*again)->publish());
      auto note = (*again)->offer(kSystemLog);
      ASSERT_TRUE(*(*again)->cosign(kSystemLog, lines(*note, {1}), 0));
      ASSERT_EQ((*again)->published(), (*again)->committed());
      LedgerReader reader(fs, kDirectory);
      ASSERT_TRUE(tlog::verify_log(reader, signer_.verifier_key()));
    }
  }
}

// --- the keeper, with witnesses of the real kind behind the gateway's end

class WitnessedKeeper : public KeeperTest {
 protected:
  // Answers offers as the gateway does, with one witness that remembers.
  void answer(Core& core) {
    core.client->on_offer([this, &core](LogNumber log, std::string note) {
      ++offers_;
      const auto checkpoint = *tlog::parse_checkpoint(tlog::parse_note(note)->text);
      offered_sizes_.push_back(checkpoint.size.value);
      std::string cosignatures;
      if (witness_answers_) {
        auto& seen = seen_[log];
        if (checkpoint.size.value >= seen) {
          seen = checkpoint.size.value;
          const auto seconds = static_cast<std::uint64_t>(clock_.now().value / 1000);
          cosignatures = *make_cosigner(1).signature_line(tlog::parse_note(note)->text, seconds);
        }
      }
      ASSERT_TRUE(core.client->submit_cosignatures(log, checkpoint.size, cosignatures));
      core.client->flush();
    });
  }
  Core& start_witnessed(bool required, const std::string& quorum = "quorum w1\n") {
    make_keeper({"a"}, {}, {.policy = make_policy(quorum), .required = required});
    Core& core = add_core();
    answer(core);
    run();
    return core;
  }

  bool witness_answers_ = true;
  std::map<LogNumber, std::uint64_t> seen_;
  std::vector<std::uint64_t> offered_sizes_;
  int offers_ = 0;
};

TEST_F(WitnessedKeeper, AsksForEveryLogBeforeItServes) {
  Core& core = start_witnessed(true);
  ASSERT_TRUE(core.pump_until([&] { return core.client->ready(); }));
  EXPECT_EQ(offered_sizes_, (std::vector<std::uint64_t>{0, 0}));
  append(core, {}, "one");
  append(core, {.log = 1}, "of a");
  ASSERT_TRUE(core.pump_until([&] { return core.client->cosigned() == 1 && core.client->cosigned(1) == 1; }));
  EXPECT_EQ(core.client->published(), 1U);
  EXPECT_TRUE(stop());
}

TEST_F(WitnessedKeeper, WithoutTheQuorumItNeedsItDoesNotServeAndSignsNothing) {
  Core& first = start_witnessed(true);
  ASSERT_TRUE(first.pump_until([&] { return first.client->ready(); }));
  std::optional<LedgerClient::Reservation> kept;
  admit(first, exchange_id(3), "admission", {}, &kept);
  ASSERT_TRUE(first.pump_until([&] { return first.client->cosigned() == 1; }));
  kept.reset();
  EXPECT_TRUE(stop());
  restart_process();
  witness_answers_ = false;
  const auto before = *fs_.content("/ledger/pending");
  const auto segment = *fs_.content("/ledger/segments/" + segment_name(0));
  Core& core = start_witnessed(true);
  offers_ = 0;
  ASSERT_TRUE(core.pump_until([&] { return offers_ >= 2; }));
  ASSERT_TRUE(core.pump_until([&] {
    clock_.steady_ms += 2000;
    return offers_ >= 4;
  })) << "it asks again";
  EXPECT_FALSE(core.client->ready());
  EXPECT_TRUE(stop());
  EXPECT_EQ(*fs_.content("/ledger/pending"), before);
  EXPECT_EQ(*fs_.content("/ledger/segments/" + segment_name(0)), segment) << "the open exchange is not closed";
  restart_process();
  witness_answers_ = true;
  Core& again = start_witnessed(true);
  ASSERT_TRUE(again.pump_until([&] { return again.client->ready(); }));
  EXPECT_EQ(ledger_->open_admissions().size(), 0U);
  EXPECT_TRUE(stop());
}

TEST_F(WitnessedKeeper, WhereWitnessesAreNotNeededItServesOnceTheyWereAsked) {
  witness_answers_ = false;
  Core& core = start_witnessed(false);
  ASSERT_TRUE(core.pump_until([&] { return core.client->ready(); }));
  EXPECT_EQ(offers_, 2);
  append(core, {}, "one");
  ASSERT_TRUE(core.pump_until([&] { return core.client->published() == 1; }));
  EXPECT_EQ(core.client->cosigned(), 0U);
  witness_answers_ = true;
  clock_.steady_ms += 5000;
  append(core, {}, "two");
  ASSERT_TRUE(core.pump_until([&] { return core.client->cosigned() == 2; }));
  EXPECT_TRUE(stop());
}

TEST_F(WitnessedKeeper, WithoutAQuorumToMeetEachCheckpointIsOfferedOnce) {
  Core& core = start_witnessed(false, "quorum none\n");
  ASSERT_TRUE(core.pump_until([&] { return core.client->ready(); }));
  append(core, {}, "one");
  ASSERT_TRUE(core.pump_until([&] { return offers_ == 3; }));
  clock_.steady_ms += 5000;
  append(core, {}, "two");
  ASSERT_TRUE(core.pump_until([&] { return offers_ == 4; }));
  EXPECT_TRUE(stop());
  EXPECT_EQ(offers_, 4);
  EXPECT_EQ(tlog::parse_note(as_chars(*fs_.content("/ledger/checkpoint")))->signatures.size(), 3U);
}

TEST_F(WitnessedKeeper, AnAnswerToWhatWasNotOfferedEndsTheService) {
  make_keeper({}, {}, {.policy = make_policy("quorum w1\n")});
  Core& core = add_core();
  core.client->on_offer(
      [&](LogNumber, const std::string&) { EXPECT_TRUE(core.client->submit_cosignatures(kSystemLog, {17}, {})); });
  run();
  ASSERT_TRUE(core.pump_until([&] { return !core.client->stopped().empty(); }));
  EXPECT_NE(core.client->stopped().find("not offered"), std::string::npos) << core.client->stopped();
  EXPECT_FALSE(join());
}

}  // namespace
}  // namespace redoubt::ledger::test
