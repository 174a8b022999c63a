// The keeper and the attesters, which ask the processor: on the same sockets as in a server.
#include "keeper/cpu_evidence.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <future>
#include <thread>
#include <tuple>

#include "attest/tests/support/fake_guest.h"
#include "base/pass_file.h"

namespace redoubt {
namespace {

using attest::ChannelNonce;
using attest::Kind;
using attest::Role;
using namespace std::chrono_literals;

ChannelNonce nonce_of(std::uint8_t byte) {
  ChannelNonce out;
  out.fill(std::byte{byte});
  return out;
}

std::pair<UniqueFd, UniqueFd> sockets(int type = SOCK_STREAM) {
  int fds[2];
  EXPECT_EQ(::socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, fds), 0);
  return {UniqueFd(fds[0]), UniqueFd(fds[1])};
}

// As the launcher does it: the keeper's end comes to the keeper, the other is the new attester's.
class Attesters {
 public:
  Attesters() { std::tie(launcher_, keeper_) = sockets(SOCK_SEQPACKET); }
  UniqueFd keepers_end() { return std::move(keeper_); }
  UniqueFd next() {
    auto [one, other] = sockets();
    EXPECT_TRUE(send_open_file(launcher_.get(), one.get()));
    return std::move(other);
  }

 private:
  UniqueFd launcher_;
  UniqueFd keeper_;
};

// A processor of SEV-SNP behind the real producer, on a thread that answers as the attester does.
class CpuEvidenceTest : public ::testing::Test {
 protected:
  CpuEvidenceTest() {
    ::signal(SIGPIPE, SIG_IGN);  // as in both processes
    guest_.tsm_provider = "sev_guest";
    guest_.certificates = attest::certificate_table({{attest::kVcekGuid, world_.vek.certificate()}});
    guest_.machine = [this, sign = attest::snp_machine(world_)](ByteView data) {
      ++asked_;
      if (hang_) released_.get_future().wait();
      return sign(data);
    };
    producers_ = attest::find_producers(guest_, {});
  }
  ~CpuEvidenceTest() override {
    keeper_.reset();
    if (attester_.joinable()) attester_.join();
  }
  CpuEvidence& keeper(std::chrono::milliseconds patience = 20s) {
    return keeper_.emplace(attesters_.keepers_end(), Kind::kSevSnp, patience);
  }
  void start_attester() {
    attester_ = std::thread([this, socket = attesters_.next()] {
      ended_ = static_cast<bool>(answer_questions(socket.get(), *producers_.front(), 1ms));
    });
  }
  CpuEvidence& start(std::chrono::milliseconds patience = 20s) {
    start_attester();
    return keeper(patience);
  }

  attest::SnpWorld world_;
  attest::FakeGuest guest_;
  std::vector<std::unique_ptr<attest::Producer>> producers_;
  std::atomic<int> asked_ = 0;
  std::atomic<bool> hang_ = false;
  std::promise<void> released_;
  std::atomic<bool> ended_ = false;
  std::thread attester_;
  Attesters attesters_;
  std::optional<CpuEvidence> keeper_;
};

bool carries(const attest::ProducedEvidence& evidence, const ChannelNonce& nonce) {
  const auto report = evidence.inputs().get(Role::kReport);
  return evidence.kind == Kind::kSevSnp && report && std::ranges::equal(report->subspan(0x50, 32), nonce);
}

TEST_F(CpuEvidenceTest, ComesOverWhatWasAsked) {
  CpuEvidence& keeper = start();
  for (const std::uint8_t byte : {1, 2, 3}) {
    ASSERT_TRUE(keeper.begin(nonce_of(byte)));
    const auto evidence = keeper.take();
    ASSERT_TRUE(evidence) << evidence.error().message();
    EXPECT_TRUE(carries(*evidence, nonce_of(byte)));
    EXPECT_TRUE(evidence->inputs().has(Role::kVek));
  }
  EXPECT_EQ(asked_, 3);
  keeper_.reset();
  attester_.join();
  EXPECT_TRUE(ended_) << "the keeper has gone, and nothing is wrong";
}

TEST_F(CpuEvidenceTest, IsAskedAgainWhereSomebodyElseWasInBetween) {
  guest_.somebody_writes = true;
  CpuEvidence& keeper = start();
  ASSERT_TRUE(keeper.begin(nonce_of(1)));
  const auto evidence = keeper.take();
  ASSERT_FALSE(evidence);
  EXPECT_EQ(evidence.error().code(), Errc::kUnavailable);
  EXPECT_NE(std::string(evidence.error().message()).find("somebody else wrote"), std::string::npos);
  EXPECT_EQ(asked_, kAttempts);
}

TEST_F(CpuEvidenceTest, TellsWhatTheMachineAnswers) {
  guest_.certificates.clear();
  CpuEvidence& keeper = start();
  ASSERT_TRUE(keeper.begin(nonce_of(1)));
  EXPECT_NE(std::string(keeper.take().error().message()).find("no certificate"), std::string::npos);
  ASSERT_TRUE(keeper.begin(nonce_of(2))) << "and may be asked again";
}

TEST_F(CpuEvidenceTest, IsGivenUpWhereTheInterfaceHangsAndComesAgainAfterIt) {
  hang_ = true;
  CpuEvidence& keeper = start(50ms);
  ASSERT_TRUE(keeper.begin(nonce_of(1)));
  EXPECT_EQ(keeper.take().error().code(), Errc::kDeadlineExceeded);
  for (int i = 0; i < 3; ++i) {
    const auto again = keeper.begin(nonce_of(2));
    ASSERT_FALSE(again) << "it hangs, and nobody waits a second time";
    EXPECT_EQ(again.error().code(), Errc::kUnavailable);
  }
  EXPECT_EQ(asked_, 1);
  hang_ = false;
  released_.set_value();
  Result<> begun = keeper.begin(nonce_of(3));
  for (int i = 0; i < 1000 && !begun; ++i) {
    std::this_thread::sleep_for(5ms);
    begun = keeper.begin(nonce_of(3));
  }
  ASSERT_TRUE(begun) << begun.error().message();
  auto evidence = keeper.take();
  // On a machine that is busy the patience of this test may end once more.
  for (int i = 0; i < 1000 && !evidence && evidence.error().code() == Errc::kDeadlineExceeded; ++i) {
    std::this_thread::sleep_for(5ms);
    if (keeper.begin(nonce_of(3))) evidence = keeper.take();
  }
  ASSERT_TRUE(evidence) << evidence.error().message();
  EXPECT_TRUE(carries(*evidence, nonce_of(3))) << "and never what was asked before";
}

std::string framed(const std::string& text) {
  std::array<std::byte, 4> length;
  store_le(MutableByteView(length), static_cast<std::uint32_t>(text.size()));
  return std::string(as_chars(length)) + text;
}

std::string evidence(Kind kind, std::uint8_t nonce, int parts = 1) {
  attest::EvidenceAnswer out{
      .sender = attest::Sender::kServer, .vouched = {}, .place = {}, .parts = {}, .statement = {}};
  out.place.size = {1};
  out.place.root = nonce_of(nonce);
  for (int i = 0; i < parts; ++i) {
    out.parts.push_back({.name = "part" + std::to_string(i), .evidence = {.kind = kind, .files = {}}});
    out.parts.back().evidence.files.push_back({Role::kReport, Bytes(4)});
  }
  return framed(*attest::write_evidence_answer(out));
}

void say(const UniqueFd& socket, const std::string& message) {
  ASSERT_EQ(::write(socket.get(), message.data(), message.size()), static_cast<ssize_t>(message.size()));
}

// The one in the middle is gone: of what the first left behind nothing is taken for an answer of the second.
TEST_F(CpuEvidenceTest, IsThatOfTheAttesterThatWasAsked) {
  const std::string good = evidence(Kind::kSevSnp, 2);
  for (const std::string& left :
       {std::string(), good.substr(0, 3), good.substr(0, 20), good.substr(0, good.size() - 1)}) {
    CpuEvidence& keeper = this->keeper();
    UniqueFd first = attesters_.next();
    ASSERT_TRUE(keeper.begin(nonce_of(1)));
    say(first, left);
    first.reset();
    const auto cut = keeper.take();
    ASSERT_FALSE(cut);
    EXPECT_EQ(cut.error().code(), Errc::kUnavailable);
    EXPECT_EQ(cut.error().message(), "the attester is gone") << "at once, not after its patience";
    EXPECT_EQ(keeper.begin(nonce_of(2)).error().code(), Errc::kUnavailable) << "no other has come yet";

    start_attester();
    ASSERT_TRUE(keeper.begin(nonce_of(2)));
    const auto whole = keeper.take();
    ASSERT_TRUE(whole) << whole.error().message();
    EXPECT_TRUE(carries(*whole, nonce_of(2)));
    keeper_.reset();
    attester_.join();
    attesters_ = Attesters();
  }
}

TEST_F(CpuEvidenceTest, ThatComesLateFromAnEarlierAttesterIsNotTaken) {
  CpuEvidence& keeper = this->keeper(50ms);
  const UniqueFd first = attesters_.next();
  ASSERT_TRUE(keeper.begin(nonce_of(1)));
  EXPECT_EQ(keeper.take().error().code(), Errc::kDeadlineExceeded);
  say(first, evidence(Kind::kSevSnp, 1).substr(0, 20));
  EXPECT_FALSE(keeper.begin(nonce_of(2))) << "it hangs";
  const UniqueFd second = attesters_.next();
  ASSERT_TRUE(keeper.begin(nonce_of(2))) << "another is there, which was asked nothing yet";
  EXPECT_EQ(::send(first.get(), "x", 1, MSG_NOSIGNAL), -1) << "nobody listens to the first";
  say(second, evidence(Kind::kSevSnp, 2));
  EXPECT_TRUE(keeper.take());
}

TEST_F(CpuEvidenceTest, IsOfTheLastOfSeveralAttesters) {
  CpuEvidence& keeper = this->keeper();
  EXPECT_EQ(keeper.begin(nonce_of(1)).error().message(), "the attester is gone") << "none has come yet";
  for (int i = 0; i < 3; ++i) attesters_.next();  // and ended, while nobody asked
  start_attester();
  ASSERT_TRUE(keeper.begin(nonce_of(1)));
  EXPECT_TRUE(keeper.take());
}

// What an attester that was taken over may say.
class LyingAttesterTest : public ::testing::Test {
 protected:
  Error answer(const std::string& message) {
    Attesters attesters;
    CpuEvidence keeper(attesters.keepers_end(), Kind::kSevSnp, 5s);
    const UniqueFd other = attesters.next();
    EXPECT_TRUE(keeper.begin(nonce_of(1)));
    EXPECT_EQ(::write(other.get(), message.data(), message.size()), static_cast<ssize_t>(message.size()));
    ::shutdown(other.get(), SHUT_WR);
    const auto taken = keeper.take();
    if (taken) return Error(Errc::kCancelled, "it was taken");
    EXPECT_FALSE(keeper.begin(nonce_of(2))) << "nothing more comes from there";
    return taken.error();
  }
};

TEST_F(LyingAttesterTest, IsBelievedNothingThatWasNotAsked) {
  EXPECT_EQ(answer(evidence(Kind::kSevSnp, 1)).code(), Errc::kCancelled)
      << "good: what follows is refused for its change";
  EXPECT_EQ(answer(evidence(Kind::kTdx, 1)).code(), Errc::kVerifyFailed);
  EXPECT_EQ(answer(evidence(Kind::kSevSnp, 2)).code(), Errc::kVerifyFailed) << "of another question";
  EXPECT_EQ(answer(evidence(Kind::kSevSnp, 1, 2)).code(), Errc::kVerifyFailed);
  EXPECT_EQ(answer(framed("{}")).code(), Errc::kMalformed);
  EXPECT_EQ(answer(evidence(Kind::kSevSnp, 1) + "x").code(), Errc::kMalformed);
  EXPECT_EQ(answer(std::string(4, '\xff')).code(), Errc::kTooLarge);
  EXPECT_EQ(answer(std::string(4, '\0')).code(), Errc::kTooLarge) << "of no byte";
  EXPECT_EQ(answer(evidence(Kind::kSevSnp, 1).substr(0, 20)).code(), Errc::kUnavailable) << "cut";
}

TEST(AttesterQuestions, AreRefusedWhereTheyAreNone) {
  attest::FakeGuest guest;
  guest.has_nsm = true;
  const auto producers = attest::find_producers(guest, {});
  for (const std::string& message :
       {std::string(4, '\xff'), std::string(4, '\0'), std::string("\x02\0\0\0{}", 6), std::string("\x02\0\0", 3)}) {
    auto [one, other] = sockets();
    ASSERT_EQ(::write(one.get(), message.data(), message.size()), static_cast<ssize_t>(message.size()));
    one.reset();
    EXPECT_FALSE(answer_questions(other.get(), *producers.front(), 1ms)) << message.size();
  }
}

}  // namespace
}  // namespace redoubt
