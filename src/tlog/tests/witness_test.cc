#include "tlog/witness.h"

#include <gtest/gtest.h>

#include "tlog/fork_proof.h"
#include "tlog/tests/witness_world.h"

namespace redoubt::tlog {
namespace {

using testing_support::FaultFileSystem;
using namespace test;

constexpr std::string_view kText = "text/plain; charset=utf-8";

class WitnessTest : public ::testing::Test {
 protected:
  WitnessTest() { restart(); }
  void restart() {
    witness_.reset();
    auto opened = world_.open();
    ASSERT_TRUE(opened) << opened.error().message();
    witness_.emplace(*std::move(opened));
  }

  int submit(const std::string& body) {
    last_ = witness_->add_checkpoint(body);
    return last_.status;
  }
  int submit(Story& story, std::uint64_t from, std::uint64_t to) {
    return submit(story.request(from, to, world_.signer));
  }
  // The request of `story`, with parts of it replaced.
  std::string altered(Story& story, std::uint64_t from, std::uint64_t to,
                      const std::function<void(WitnessRequest&)>& alter) {
    WitnessRequest request{{from}, story.proof(from, to), story.note(to, world_.signer)};
    alter(request);
    return *format_witness_request(request);
  }
  std::string shown(const std::string& origin = kOrigin) {
    const WitnessReply reply = witness_->checkpoint(origin_hash(origin));
    return reply.status == 200 ? reply.body : std::string();
  }
  std::uint64_t shown_size() {
    const std::string note = shown();
    return note.empty() ? 0 : open_checkpoint(note, {&world_.signer.verifier_key(), 1})->size.value;
  }
  void expect_stale(std::uint64_t size) {
    EXPECT_EQ(last_.status, 409);
    EXPECT_EQ(last_.content_type, "text/x.tlog.size");
    EXPECT_EQ(last_.body, std::to_string(size) + "\n");
  }
  std::optional<std::string> fork_proof() const {
    const auto bytes = fs_.content(WitnessWorld::path("fork-proof"));
    return bytes ? std::optional(std::string(as_chars(*bytes))) : std::nullopt;
  }
  void expect_fork_proven() {
    const auto text = fork_proof();
    ASSERT_TRUE(text);
    const auto fork = verify_fork_proof(*text, {&world_.signer.verifier_key(), 1});
    EXPECT_TRUE(fork) << fork.error().message();
  }

  FaultFileSystem fs_;
  WitnessWorld world_{fs_};
  Story story_;
  Story other_story_{2};  // differs from the third entry on
  std::optional<Witness> witness_;
  WitnessReply last_;
};

TEST_F(WitnessTest, CosignsWhatContinuesTheLog) {
  std::uint64_t from = 0;
  for (const std::uint64_t to : {1, 2, 2, 3, 7, 8, 16, 17, 40}) {
    SCOPED_TRACE(to);
    ++world_.clock.seconds;
    ASSERT_EQ(submit(story_, from, to), 200) << last_.body;
    EXPECT_EQ(last_.content_type, kText);
    EXPECT_EQ(cosigned_at(story_.note(to, world_.signer) + last_.body, world_.witness_key), world_.clock.seconds);
    from = to;
  }
}

TEST_F(WitnessTest, ShowsTheLastCheckpointWithTheLogsSignatureAndItsOwn) {
  EXPECT_EQ(witness_->checkpoint(origin_hash(kOrigin)).status, 404);
  ASSERT_EQ(submit(story_, 0, 5), 200);
  EXPECT_EQ(shown(), story_.note(5, world_.signer) + last_.body);
  EXPECT_EQ(witness_->checkpoint(origin_hash(kOtherOrigin)).status, 404);
  EXPECT_EQ(witness_->checkpoint(origin_hash("example.com/unknown")).status, 404);
  EXPECT_EQ(witness_->checkpoint("").status, 404);
  EXPECT_EQ(witness_->checkpoint(kOrigin).status, 404);
}

TEST_F(WitnessTest, AnswersTheLastCheckpointAgainUnderANewTime) {
  ASSERT_EQ(submit(story_, 0, 5), 200);
  const std::string first = shown();
  world_.clock.seconds += 10;
  ASSERT_EQ(submit(story_, 5, 5), 200);
  EXPECT_EQ(cosigned_at(shown(), world_.witness_key), kStart + 10);
  EXPECT_NE(shown(), first);
}

TEST_F(WitnessTest, KeepsOnlySignaturesThatItVerified) {
  const NoteSigner stranger = make_signer("example.com/stranger", 9);
  const std::string note = story_.note(5, world_.signer);
  const std::string text = note.substr(0, note.find("\n\n") + 1);
  const std::string second_line = world_.second_signer.signature_line(text);
  const std::string body = "old 0\n\n" + text + "\n" + stranger.signature_line(text) + second_line + second_line +
                           world_.signer.signature_line(text);
  ASSERT_EQ(submit(body), 200);
  EXPECT_EQ(shown(), text + "\n" + world_.signer.signature_line(text) + second_line + last_.body);
}

TEST_F(WitnessTest, CosignsExtensionLinesAsTheLogWroteThem) {
  const std::string note = *sign_checkpoint({kOrigin, {5}, story_.root(5), {"extension 1"}}, world_.signer);
  ASSERT_EQ(submit("old 0\n\n" + note), 200);
  EXPECT_TRUE(cosigned_at(note + last_.body, world_.witness_key));
  // The same tree without it contradicts nothing.
  EXPECT_EQ(submit(story_, 5, 5), 200);
}

TEST_F(WitnessTest, AnyOfTheLogsKeysMaySign) {
  ASSERT_EQ(submit(story_.request(0, 5, world_.signer)), 200);
  ASSERT_EQ(submit(story_.request(5, 6, world_.second_signer)), 200);
  // The other log has one of the two keys only.
  EXPECT_EQ(submit(story_.request(0, 5, world_.second_signer, kOtherOrigin)), 403);
}

TEST_F(WitnessTest, LogsAreWitnessedApart) {
  ASSERT_EQ(submit(story_, 0, 5), 200);
  ASSERT_EQ(submit(other_story_.request(0, 9, world_.signer, kOtherOrigin)), 200);
  EXPECT_EQ(submit(story_, 5, 6), 200);
  EXPECT_EQ(submit(other_story_.request(9, 10, world_.signer, kOtherOrigin)), 200);
}

TEST_F(WitnessTest, CosignsTheEmptyTreeAndGoesOnFromIt) {
  ASSERT_EQ(submit(story_, 0, 0), 200);
  ASSERT_EQ(submit(story_, 0, 0), 200);
  restart();
  EXPECT_EQ(submit(story_, 0, 4), 200);
}

TEST_F(WitnessTest, Answers400ToWhatIsMalformed) {
  const std::string note = story_.note(5, world_.signer);
  const std::string text = note.substr(0, note.find("\n\n") + 1);
  for (const std::string& body :
       {std::string(), std::string("old 0\n"), std::string("old 0\n\n"), note, "old 0\n" + note, "old 00\n\n" + note,
        "old -1\n\n" + note, "old 0\nAAAA\n\n" + note, "old 0\n\n" + text, "old 0\n\n" + note + "\n",
        "old 0\n\n" + kOrigin + "\n05\n" + note.substr(kOrigin.size() + 3),
        "old 0\n\nno checkpoint\n\n" + world_.signer.signature_line("no checkpoint\n")}) {
    EXPECT_EQ(submit(body), 400) << body;
    EXPECT_EQ(last_.content_type, kText);
  }
  EXPECT_TRUE(shown().empty());
}

TEST_F(WitnessTest, Answers400ToAnOldSizeAboveTheCheckpoints) {
  ASSERT_EQ(submit(story_, 0, 5), 200);
  EXPECT_EQ(submit("old 6\n\n" + story_.note(5, world_.signer)), 400);
  EXPECT_EQ(submit("old 5\n\n" + story_.note(4, world_.signer)), 400);
  EXPECT_EQ(submit("old 9223372036854775807\n\n" + story_.note(5, world_.signer)), 400);
}

TEST_F(WitnessTest, Answers413AboveItsLimit) {
  EXPECT_EQ(submit(std::string(kMaxWitnessRequestSize + 1, 'x')), 413);
}

TEST_F(WitnessTest, Answers404ToAnUnknownOrigin) {
  EXPECT_EQ(submit(story_.request(0, 5, make_signer("example.com/unknown"), "example.com/unknown")), 404);
  // Also under the key of a known one.
  EXPECT_EQ(submit(story_.request(0, 5, world_.signer, "example.com/unknown")), 404);
}

TEST_F(WitnessTest, Answers403WithoutASignatureOfTheLog) {
  EXPECT_EQ(submit(story_.request(0, 5, make_signer(kOrigin, 9))), 403);
  EXPECT_EQ(submit(story_.request(0, 5, make_signer("example.com/else"))), 403);
  // A cosignature of the witness itself is none of the log's.
  const std::string note = story_.note(5, world_.signer);
  const std::string text = note.substr(0, note.find("\n\n") + 1);
  const std::string own = *WitnessWorld::make_cosigner().signature_line(text, kStart);
  EXPECT_EQ(submit("old 0\n\n" + text + "\n" + own), 403);
  EXPECT_TRUE(shown().empty());
}

TEST_F(WitnessTest, Answers403ToSignaturesThatCannotBeRead) {
  const std::string note = story_.note(5, world_.signer);
  const std::string text = note.substr(0, note.find("\n\n") + 1);
  const std::string start = note.substr(0, note.rfind(' ') + 1);
  for (const std::string& wrong :
       {text + "\n", note.substr(0, note.size() - 1), note + "x\n", start + "AAAA\n", start + "!\n", start + "\n",
        // The unused bits of the last digit are not zero: another spelling of the bytes.
        note.substr(0, note.size() - 3) + static_cast<char>(note[note.size() - 3] + 1) + "=\n"}) {
    EXPECT_EQ(submit("old 0\n\n" + wrong), 403) << wrong;
  }
  EXPECT_TRUE(shown().empty());
}

TEST_F(WitnessTest, Answers403ToALineOfAKnownKeyThatDoesNotHold) {
  const std::string note = story_.note(5, world_.signer);
  const std::string text = note.substr(0, note.find("\n\n") + 1);
  const std::string of_another_text = world_.second_signer.signature_line("another text\n");
  EXPECT_EQ(submit("old 0\n\n" + note + of_another_text), 403);
  EXPECT_EQ(submit("old 0\n\n" + text + "\n" + of_another_text), 403);
  EXPECT_TRUE(shown().empty());
}

TEST_F(WitnessTest, Answers409WithTheSizeToAnotherOldSize) {
  EXPECT_EQ(submit(story_, 3, 5), 409);
  expect_stale(0);
  ASSERT_EQ(submit(story_, 0, 5), 200);
  for (const std::uint64_t from : {0, 1, 4, 6, 7}) {
    submit(story_, from, 7);
    expect_stale(5);
  }
  // An old checkpoint, and one at the same size.
  submit(story_, 2, 4);
  expect_stale(5);
  submit(story_, 0, 5);
  expect_stale(5);
  EXPECT_EQ(shown_size(), 5U);
  EXPECT_FALSE(fork_proof());
}

TEST_F(WitnessTest, Answers409ToAnotherRootOfTheSameSizeAndKeepsTheProof) {
  ASSERT_EQ(submit(story_, 0, 5), 200);
  EXPECT_EQ(submit(other_story_, 5, 5), 409);
  EXPECT_EQ(last_.content_type, kText);
  EXPECT_EQ(shown(), story_.note(5, world_.signer) + shown().substr(story_.note(5, world_.signer).size()));
  expect_fork_proven();
  EXPECT_EQ(submit(story_, 5, 6), 200);
}

TEST_F(WitnessTest, KeepsTheProofOfAForkAlsoWhenTheRequestIsStale) {
  ASSERT_EQ(submit(story_, 0, 5), 200);
  submit(other_story_, 0, 5);
  expect_stale(5);
  expect_fork_proven();
}

TEST_F(WitnessTest, Answers422ToAProofThatDoesNotHold) {
  ASSERT_EQ(submit(story_, 0, 5), 200);
  const auto refused = [&](const std::function<void(WitnessRequest&)>& alter) {
    return submit(altered(story_, 5, 12, alter)) == 422 && shown_size() == 5 && !fork_proof();
  };
  EXPECT_TRUE(refused([](WitnessRequest& request) { request.proof.clear(); }));
  EXPECT_TRUE(refused([](WitnessRequest& request) { request.proof.pop_back(); }));
  EXPECT_TRUE(refused([](WitnessRequest& request) { request.proof.push_back(leaf("x")); }));
  EXPECT_TRUE(refused([](WitnessRequest& request) { request.proof.front()[0] ^= std::byte{1}; }));
  EXPECT_TRUE(refused([](WitnessRequest& request) { std::swap(request.proof[0], request.proof[1]); }));
  EXPECT_EQ(submit(story_, 5, 12), 200);
}

TEST_F(WitnessTest, Answers422ToAProofWhereNoneBelongs) {
  const auto with_proof = [](WitnessRequest& request) { request.proof = {leaf("x")}; };
  EXPECT_EQ(submit(altered(story_, 0, 5, with_proof)), 422);
  EXPECT_TRUE(shown().empty());
  ASSERT_EQ(submit(story_, 0, 5), 200);
  EXPECT_EQ(submit(altered(story_, 5, 5, with_proof)), 422);
}

TEST_F(WitnessTest, Answers422ToAnEmptyTreeWithAnotherRoot) {
  EXPECT_EQ(submit("old 0\n\n" + *sign_checkpoint({kOrigin, {0}, leaf("x"), {}}, world_.signer)), 422);
  ASSERT_EQ(submit(story_, 0, 0), 200);
  EXPECT_EQ(submit("old 0\n\n" + *sign_checkpoint({kOrigin, {0}, leaf("x"), {}}, world_.signer)), 422);
}

TEST_F(WitnessTest, KeepsTheProofOfAForkThatAFailedProofShows) {
  ASSERT_EQ(submit(story_, 0, 5), 200);
  EXPECT_EQ(submit(other_story_, 5, 12), 422);
  EXPECT_EQ(shown_size(), 5U);
  expect_fork_proven();
}

// RFC 9162 §2.1.4.1 leaves the old root out of the proof there, so that the request does not show which one it was.
TEST_F(WitnessTest, HasNoProofOfAForkAtAPowerOfTwo) {
  ASSERT_EQ(submit(story_, 0, 4), 200);
  EXPECT_EQ(submit(other_story_, 4, 12), 422);
  EXPECT_FALSE(fork_proof());
}

TEST_F(WitnessTest, KeepsTheFirstProofOfAFork) {
  ASSERT_EQ(submit(story_, 0, 5), 200);
  submit(other_story_, 5, 12);
  const auto first = fork_proof();
  ASSERT_TRUE(first);
  submit(other_story_, 5, 5);
  EXPECT_EQ(fork_proof(), first);
  restart();
  submit(other_story_, 5, 5);
  EXPECT_EQ(fork_proof(), first);
}

TEST_F(WitnessTest, TellsTheOperatorOfAForkOnceItsProofIsKept) {
  ASSERT_EQ(submit(story_, 0, 5), 200);
  fs_.inject({.path_part = "fork-proof"});
  EXPECT_EQ(submit(other_story_, 5, 5), 409);
  EXPECT_NE(last_.alert.find("not kept"), std::string::npos) << last_.alert;
  EXPECT_FALSE(fork_proof());
  EXPECT_EQ(submit(other_story_, 5, 5), 409);
  EXPECT_NE(last_.alert.find("has forked: the proof is in"), std::string::npos) << last_.alert;
  expect_fork_proven();
  EXPECT_EQ(submit(other_story_, 5, 5), 409);
  EXPECT_EQ(last_.alert, "");
}

TEST_F(WitnessTest, Answers500AndForgetsWhatItCannotKeep) {
  ASSERT_EQ(submit(story_, 0, 5), 200);
  const std::string before = shown();
  fs_.inject({.operation = FaultFileSystem::Operation::kSyncDirectory});
  EXPECT_EQ(submit(story_, 5, 6), 500);
  EXPECT_EQ(last_.body.find("state"), std::string::npos) << "tells strangers about the disk: " << last_.body;
  EXPECT_NE(last_.alert.find("is not cosigned"), std::string::npos) << last_.alert;
  EXPECT_EQ(shown(), before);
  EXPECT_EQ(submit(story_, 5, 7), 200);
}

TEST_F(WitnessTest, AStrangerLeavesNoForkProof) {
  ASSERT_EQ(submit(story_, 0, 5), 200);
  EXPECT_EQ(submit(other_story_.request(5, 5, make_signer(kOrigin, 9))), 403);
  EXPECT_FALSE(fork_proof());
}

TEST_F(WitnessTest, RemembersAcrossRestarts) {
  ASSERT_EQ(submit(story_, 0, 5), 200);
  const std::string before = shown();
  restart();
  EXPECT_EQ(shown(), before);
  submit(story_, 0, 7);
  expect_stale(5);
  EXPECT_EQ(submit(other_story_, 5, 7), 422);
  EXPECT_EQ(submit(story_, 5, 7), 200);
}

TEST_F(WitnessTest, TimesNeverRunBackwards) {
  ASSERT_EQ(submit(story_, 0, 5), 200);
  world_.clock.seconds -= 3600;
  ASSERT_EQ(submit(story_, 5, 6), 200);
  EXPECT_EQ(cosigned_at(shown(), world_.witness_key), kStart);
  restart();
  world_.clock.seconds = -5;
  ASSERT_EQ(submit(story_, 6, 7), 200);
  EXPECT_EQ(cosigned_at(shown(), world_.witness_key), kStart);
}

TEST_F(WitnessTest, CosignsNothingWithoutATime) {
  for (const std::int64_t seconds : {-5, -1}) {
    world_.clock.seconds = seconds;
    EXPECT_EQ(submit(story_, 0, 5), 500);
    EXPECT_TRUE(shown().empty());
    EXPECT_FALSE(fs_.content(WitnessWorld::path("checkpoint")));
  }
}

// --- state that is not what was written

TEST_F(WitnessTest, RefusesALogWhoseStateIsChangedAnywhere) {
  ASSERT_EQ(submit(story_, 0, 5), 200);
  ASSERT_EQ(submit(story_.request(0, 5, world_.signer, kOtherOrigin)), 200);
  const std::string path = WitnessWorld::path("checkpoint");
  const Bytes good = *fs_.content(path);
  const auto expect_refused = [&](const Bytes& content) {
    fs_.set_content(path, content);
    restart();
    ASSERT_EQ(witness_->refused().size(), 1U);
    EXPECT_EQ(witness_->refused().front().origin, kOrigin);
    EXPECT_NE(witness_->refused().front().why.message().find(path), std::string::npos);
    EXPECT_EQ(submit(story_, 5, 6), 503);
    EXPECT_EQ(submit(story_, 0, 6), 503);
    EXPECT_EQ(witness_->checkpoint(origin_hash(kOrigin)).status, 503);
    // What lies there is evidence of what happened, and stays.
    EXPECT_EQ(fs_.content(path), content);
    // Other logs are served.
    EXPECT_EQ(submit(story_.request(5, 5, world_.signer, kOtherOrigin)), 200);
  };
  // The name and the key id of the log's signature say whose it is; without them it is nobody's, and the witness has
  // its own word for what it verified.
  const std::string_view chars = as_chars(good);
  const std::size_t label = chars.find("\n\n") + 2;
  const std::size_t label_end = chars.find(' ', label + 4) + 1 + 6;
  for (std::size_t i = 0; i < good.size(); ++i) {
    SCOPED_TRACE(i);
    if (i % 5 == 0) {
      ASSERT_NO_FATAL_FAILURE(expect_refused(Bytes(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(i))));
    }
    if (i >= label && i < label_end) continue;
    Bytes changed = good;
    changed[i] ^= std::byte{1};
    ASSERT_NO_FATAL_FAILURE(expect_refused(changed));
  }
  ASSERT_NO_FATAL_FAILURE(expect_refused({}));
  ASSERT_NO_FATAL_FAILURE(expect_refused(Bytes(kMaxNoteSize + 1, std::byte{'x'})));
  // Well signed, but of another log; not cosigned; cosigned by somebody else.
  ASSERT_NO_FATAL_FAILURE(expect_refused(*fs_.content(WitnessWorld::path("checkpoint", kOtherOrigin))));
  const std::string note = story_.note(5, world_.signer);
  const std::string text = note.substr(0, note.find("\n\n") + 1);
  ASSERT_NO_FATAL_FAILURE(expect_refused(to_bytes(as_bytes(note))));
  const std::string foreign = note + *WitnessWorld::make_cosigner(43).signature_line(text, kStart);
  ASSERT_NO_FATAL_FAILURE(expect_refused(to_bytes(as_bytes(foreign))));
  fs_.set_content(path, good);
  restart();
  EXPECT_TRUE(witness_->refused().empty());
  EXPECT_EQ(submit(story_, 5, 6), 200);
}

TEST_F(WitnessTest, RefusesALogWhoseStateIsGoneWhereItsForkProofIsNot) {
  ASSERT_EQ(submit(story_, 0, 5), 200);
  submit(other_story_, 5, 5);
  ASSERT_TRUE(fork_proof());
  ASSERT_TRUE(fs_.remove(WitnessWorld::path("checkpoint")));
  restart();
  EXPECT_EQ(submit(other_story_, 0, 5), 503);
}

TEST_F(WitnessTest, RefusesALogWhoseStateCannotBeRead) {
  ASSERT_EQ(submit(story_, 0, 5), 200);
  witness_.reset();
  fs_.inject({.operation = FaultFileSystem::Operation::kRead, .path_part = "checkpoint"});
  restart();
  ASSERT_TRUE(fs_.struck());
  EXPECT_EQ(submit(story_, 0, 6), 503);
}

TEST_F(WitnessTest, RemembersWhatAKeySignedThatTheLogNoLongerHas) {
  ASSERT_EQ(submit(story_.request(0, 5, world_.second_signer)), 200);
  auto reopened = Witness::open(fs_, "/state", WitnessWorld::make_cosigner(),
                                {{kOrigin, {world_.signer.verifier_key()}}}, world_.clock);
  ASSERT_TRUE(reopened);
  EXPECT_TRUE(reopened->refused().empty());
  EXPECT_EQ(reopened->add_checkpoint(story_.request(0, 6, world_.signer)).body, "5\n");
  EXPECT_EQ(reopened->add_checkpoint(other_story_.request(5, 6, world_.signer)).status, 422);
  EXPECT_EQ(reopened->add_checkpoint(story_.request(5, 6, world_.second_signer)).status, 403);
  EXPECT_EQ(reopened->add_checkpoint(story_.request(5, 6, world_.signer)).status, 200);
}

TEST_F(WitnessTest, DoesNotOpenWithKeysThatAreNoLogs) {
  const auto refused = [&](std::vector<WitnessLog> logs) {
    const auto opened = Witness::open(fs_, "/state", WitnessWorld::make_cosigner(), std::move(logs), world_.clock);
    return !opened && opened.error().code() == Errc::kInvalidArgument;
  };
  const VerifierKey key = world_.signer.verifier_key();
  EXPECT_TRUE(refused({{kOrigin, {}}}));
  EXPECT_TRUE(refused({{kOrigin, {key, world_.witness_key}}}));
  EXPECT_TRUE(refused({{kOrigin, {make_signer(kOrigin, 42).verifier_key()}}}));
  EXPECT_TRUE(refused({{kOrigin, {key}}, {kOrigin, {key}}}));
  EXPECT_FALSE(refused({{kOrigin, {key}}, {kOtherOrigin, {key}}}));
}

TEST_F(WitnessTest, DoesNotOpenWithoutItsFolder) {
  FaultFileSystem empty;
  EXPECT_FALSE(Witness::open(empty, "/state", WitnessWorld::make_cosigner(), world_.logs(), world_.clock));
}

// --- the list of logs

TEST(WitnessLogs, HaveAKeyALine) {
  const std::string one = make_signer("example.com/log").verifier_key().format();
  const std::string two = make_signer("example.com/log", 8).verifier_key().format();
  const std::string three = make_signer("sum.example").verifier_key().format();
  const auto logs = parse_witness_logs("# comment\n" + one + "\n\n" + three + " a database tree\n" + two + "\n" + one);
  ASSERT_TRUE(logs) << logs.error().message();
  ASSERT_EQ(logs->size(), 2U);
  EXPECT_EQ(logs->at(0).origin, "example.com/log");
  ASSERT_EQ(logs->at(0).keys.size(), 2U);
  EXPECT_EQ(logs->at(0).keys[1].format(), two);
  EXPECT_EQ(logs->at(1).origin, "a database tree");
  EXPECT_EQ(logs->at(1).keys.size(), 1U);
  EXPECT_TRUE(parse_witness_logs("")->empty());
}

TEST(WitnessLogs, RefuseOtherFormsWithTheLine) {
  const std::string key = make_signer("example.com/log").verifier_key().format();
  const std::string witness = WitnessWorld::make_cosigner().verifier_key().format();
  for (const std::string& line : {std::string("example.com/log"), " " + key, key + " ", key + "\r", key + " \x01",
                                  key + " \xff", witness, key.substr(0, key.size() - 1), std::string(" ")}) {
    const auto logs = parse_witness_logs("# comment\n" + line + "\n");
    ASSERT_FALSE(logs) << line;
    EXPECT_EQ(logs.error().code(), Errc::kMalformed);
    EXPECT_TRUE(logs.error().message().starts_with("line 2: ")) << logs.error().message();
  }
  EXPECT_EQ(parse_witness_logs(std::string(kMaxWitnessLogsSize + 1, '\n')).error().code(), Errc::kTooLarge);
}

}  // namespace
}  // namespace redoubt::tlog
