// Evidence by the processor, between the keeper and the attester: a process that only asks the kernel's interface
// (cpu_attester.h). What the interface takes, or that it never answers, is that process's trouble: the keeper gives up.
//
// Each attester has a socket of its own, one end of a pair of stream sockets; the other end comes to the keeper from
// the launcher, which starts an attester again that has ended. So the end of one is seen at once, and what it left
// behind, half an answer say, goes with its socket: a question is answered by whom it was asked, or by nobody.
//
// Each message is its length, u32 in little-endian, and that many bytes: to the attester
// an EvidenceRequest (attest/evidence_message.h), whose nonce is what the evidence shall carry; back an EvidenceAnswer
// with one part, the root of whose batch is that nonce, or `!` and why there is none.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "attest/evidence_message.h"
#include "attest/producer.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace redoubt {

// The keeper's end. One thread at a time.
class CpuEvidence {
 public:
  static constexpr std::chrono::milliseconds kPatience{10'000};
  // So much of what callers are answered (ledger::kMaxEvidenceBytes) may be the processor's.
  static constexpr std::size_t kAnswerMax = 240 * 1024;

  // `attesters`: where the socket of each attester comes from (base/pass_file.h), the last of which is asked. `kind`:
  // what it must be evidence of.
  CpuEvidence(UniqueFd attesters, attest::Kind kind, std::chrono::milliseconds patience = kPatience);

  attest::Kind kind() const { return kind_; }

  // Asks for evidence that carries `nonce`, and does not wait. kUnavailable while the last question, which nobody
  // waited for any longer, has no answer: the interface hangs; or when the attester is gone and no other has come.
  // Errors of receiving a socket.
  Result<> begin(const attest::ChannelNonce& nonce);
  // What was asked for last; waits at most `patience` from begin() on. kDeadlineExceeded; kUnavailable with what the
  // attester said, or that it is gone; kMalformed and kTooLarge for what is no answer, kVerifyFailed for one to another
  // question or of another kind: after these the socket is closed, which ends that attester.
  Result<attest::ProducedEvidence> take();

 private:
  Result<> meet_new_attester();
  Result<> send(std::string_view text);
  // The next message, if it is there in time; nothing: it is not.
  Result<std::optional<std::string>> receive(std::chrono::steady_clock::time_point until);
  Result<> wait(short events, std::chrono::steady_clock::time_point until);
  Error broken(Error why);

  UniqueFd attesters_;
  UniqueFd socket_;  // of the last one
  attest::Kind kind_;
  std::chrono::milliseconds patience_;
  std::chrono::steady_clock::time_point until_{};  // of the question
  std::optional<attest::ChannelNonce> asked_;      // which has no answer yet
  std::string received_;                           // of a message that is not whole yet
};

// The attester's end: answers one question after another until the other end is closed. `producer` waits for the
// machine; where it was disturbed (kConflict) it is asked again, kAttempts times in all. Errors: what came is no
// question; those of the socket.
inline constexpr int kAttempts = 3;
inline constexpr std::chrono::milliseconds kBetweenAttempts{100};
Result<> answer_questions(int socket, attest::Producer& producer,
                          std::chrono::milliseconds between_attempts = kBetweenAttempts);

}  // namespace redoubt
