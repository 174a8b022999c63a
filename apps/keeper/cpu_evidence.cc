#include "keeper/cpu_evidence.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <thread>
#include <utility>
#include <variant>

#include "base/pass_file.h"

namespace redoubt {
namespace {

using Time = std::chrono::steady_clock::time_point;

constexpr std::size_t kLengthBytes = 4;
constexpr char kFailed = '!';
constexpr std::size_t kMaxReason = 512;

std::string framed(std::string_view text) {
  std::array<std::byte, kLengthBytes> length;
  store_le(MutableByteView(length), static_cast<std::uint32_t>(text.size()));
  return std::string(as_chars(length)) + std::string(text);
}

Error gone() {
  return {Errc::kUnavailable, "the attester is gone"};
}

// Blocking, for the attester. False at the end.
Result<bool> read_exactly(int fd, MutableByteView out) {
  for (std::size_t have = 0; have < out.size();) {
    const ssize_t n = ::read(fd, out.data() + have, out.size() - have);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno_error("cannot read from the keeper", errno);
    if (n == 0) return have == 0 ? Result<bool>(false) : Error(Errc::kMalformed, "a question is cut");
    have += static_cast<std::size_t>(n);
  }
  return true;
}

Result<std::optional<std::string>> read_question(int fd) {
  std::array<std::byte, kLengthBytes> length;
  const auto begun = read_exactly(fd, length);
  if (!begun) return begun.error();
  if (!*begun) return std::optional<std::string>();
  const auto size = load_le<std::uint32_t>(length);
  if (size == 0 || size > attest::EvidenceRequest::kMaxBytes) return Error(Errc::kTooLarge, "a question is too large");
  std::string text(size, '\0');
  const auto whole = read_exactly(fd, std::as_writable_bytes(std::span(text)));
  if (!whole) return whole.error();
  if (!*whole) return Error(Errc::kMalformed, "a question is cut");
  return std::optional(std::move(text));
}

Result<> write_answer(int fd, std::string_view text) {
  const std::string message = framed(text);
  for (std::string_view rest = message; !rest.empty();) {
    const ssize_t n = ::write(fd, rest.data(), rest.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno_error("cannot answer the keeper", errno);
    rest.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

Result<attest::ProducedEvidence> produce(attest::Producer& producer, ByteView nonce,
                                         std::chrono::milliseconds between_attempts) {
  auto evidence = producer.produce(nonce);
  for (int i = 1; i < kAttempts && !evidence && evidence.error().code() == Errc::kConflict; ++i) {
    std::this_thread::sleep_for(between_attempts);
    evidence = producer.produce(nonce);
  }
  return evidence;
}

std::string failure(const Error& why) {
  return kFailed + std::string(std::string_view(why.message()).substr(0, kMaxReason));
}

std::string answer_to(const attest::EvidenceRequest& question, attest::Producer& producer,
                      std::chrono::milliseconds between_attempts) {
  auto evidence = produce(producer, question.nonce, between_attempts);
  if (!evidence) return failure(evidence.error());
  attest::EvidenceAnswer answer{.sender = question.sender, .vouched = {}, .place = {}, .parts = {}, .statement = {}};
  answer.place.size = {1};
  answer.place.root = question.nonce;
  answer.parts.push_back({.name = "cpu", .evidence = *std::move(evidence)});
  auto text = attest::write_evidence_answer(answer);
  if (!text) return failure(text.error());
  if (text->size() > CpuEvidence::kAnswerMax) return kFailed + std::string("its evidence is too large");
  return *std::move(text);
}

}  // namespace

CpuEvidence::CpuEvidence(UniqueFd attesters, attest::Kind kind, std::chrono::milliseconds patience)
    : attesters_(std::move(attesters)), kind_(kind), patience_(patience) {}

Result<> CpuEvidence::meet_new_attester() {
  auto socket = receive_open_file(attesters_.get());
  if (!socket) return socket.error().code() == Errc::kNotFound ? Result<>() : socket.error().in("a new attester");
  const int flags = ::fcntl(socket->get(), F_GETFL);
  if (flags < 0 || ::fcntl(socket->get(), F_SETFL, flags | O_NONBLOCK) != 0) {
    return errno_error("cannot set up the socket of a new attester", errno);
  }
  // INVARIANT: `asked_` and `received_` are of this socket.
  socket_ = *std::move(socket);
  asked_.reset();
  received_.clear();
  return {};
}

Error CpuEvidence::broken(Error why) {
  socket_.reset();
  asked_.reset();
  return why;
}

Result<> CpuEvidence::wait(short events, Time until) {
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    if (left.count() <= 0) return Error(Errc::kDeadlineExceeded, "the processor's interface does not answer");
    pollfd one{.fd = socket_.get(), .events = events, .revents = 0};
    const int ready = ::poll(&one, 1, static_cast<int>(std::min<std::int64_t>(left.count(), 60'000)));
    if (ready > 0) return {};
    if (ready < 0 && errno != EINTR) return errno_error("cannot wait for the attester", errno);
  }
}

Result<> CpuEvidence::send(std::string_view text) {
  const std::string message = framed(text);
  for (std::string_view rest = message; !rest.empty();) {
    const ssize_t n = ::write(socket_.get(), rest.data(), rest.size());
    if (n > 0) {
      rest.remove_prefix(static_cast<std::size_t>(n));
    } else if (errno == EAGAIN) {
      // A part of a message is of no use to either end.
      if (auto done = wait(POLLOUT, until_); !done) return broken(done.error());
    } else if (errno != EINTR) {
      return broken(gone());
    }
  }
  return {};
}

Result<std::optional<std::string>> CpuEvidence::receive(Time until) {
  while (true) {
    if (received_.size() >= kLengthBytes) {
      const auto size = load_le<std::uint32_t>(as_bytes(received_).first(kLengthBytes));
      if (size == 0 || size > kAnswerMax) return broken(Error(Errc::kTooLarge, "the attester's answer is too large"));
      if (received_.size() > kLengthBytes + size) {
        return broken(Error(Errc::kMalformed, "the attester answers what was not asked"));
      }
      if (received_.size() == kLengthBytes + size) {
        std::string text = received_.substr(kLengthBytes);
        received_.clear();
        return std::optional(std::move(text));
      }
    }
    std::array<char, 16 * 1024> buffer;
    const ssize_t n = ::read(socket_.get(), buffer.data(), buffer.size());
    if (n > 0) {
      received_.append(buffer.data(), static_cast<std::size_t>(n));
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
      return broken(gone());
    } else if (errno == EAGAIN) {
      const auto done = wait(POLLIN, until);
      if (!done && done.error().code() == Errc::kDeadlineExceeded) return std::optional<std::string>();
      if (!done) return broken(done.error());
    }
  }
}

Result<> CpuEvidence::begin(const attest::ChannelNonce& nonce) {
  if (auto done = meet_new_attester(); !done) return done;
  if (!socket_.valid()) return gone();
  if (asked_) {
    // Nobody waits for that answer any longer; it must be read before another comes.
    const auto late = receive({});
    if (!late) return late.error();
    if (!*late) return Error(Errc::kUnavailable, "the processor's interface has not answered the last question yet");
    asked_.reset();
  }
  until_ = std::chrono::steady_clock::now() + patience_;
  attest::EvidenceRequest question{
      .nonce = nonce, .sender = attest::Sender::kServer, .kinds = {kind_}, .key = {}, .lease = {}};
  if (auto done = send(attest::write_evidence_request(question)); !done) return done;
  asked_ = nonce;
  return {};
}

Result<attest::ProducedEvidence> CpuEvidence::take() {
  if (!asked_) return gone();
  auto text = receive(until_);
  if (!text) return text.error();
  if (!*text) return Error(Errc::kDeadlineExceeded, "the processor's interface does not answer");
  const attest::ChannelNonce asked = *std::exchange(asked_, std::nullopt);
  if ((*text)->front() == kFailed) return Error(Errc::kUnavailable, (*text)->substr(1));
  auto read = attest::read_answer(**text);
  if (!read) return broken(read.error().in("the attester's answer"));
  auto* const answer = std::get_if<attest::EvidenceAnswer>(&*read);
  const bool fits = answer != nullptr && answer->place.root == asked && answer->parts.size() == 1 &&
                    answer->parts.front().evidence.kind == kind_;
  if (!fits) return broken(Error(Errc::kVerifyFailed, "the attester answers something else than was asked"));
  return std::move(answer->parts.front().evidence);
}

Result<> answer_questions(int socket, attest::Producer& producer, std::chrono::milliseconds between_attempts) {
  while (true) {
    const auto text = read_question(socket);
    if (!text) return text.error();
    if (!*text) return {};
    const auto question = attest::read_evidence_request(**text);
    if (!question) return question.error().in("a question of the keeper's");
    if (auto done = write_answer(socket, answer_to(*question, producer, between_attempts)); !done) return done;
  }
}

}  // namespace redoubt
