// Anything that may be submitted to a witness, by strangers and by a log that tells two stories: never two cosignatures
// that contradict each other.
//
// The input is a sequence of steps: form u8, then for
//   0  a request as its bytes: length u16 LE, the bytes
//   1  a request in good form: story u8, old size u8, size u8, from which size the proof leads u8, what to change of it
//      u8, the signer u8
//   2  a restart
//   3  a look at the last checkpoint
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "crypto/sha256.h"
#include "encoding/base64.h"
#include "tests/support/fault_file_system.h"
#include "tlog/cosignature.h"
#include "tlog/fork_proof.h"
#include "tlog/proof.h"
#include "tlog/tests/memory_log.h"
#include "tlog/witness.h"

namespace redoubt::tlog {
namespace {

constexpr std::uint64_t kMaxSize = 32;
constexpr std::uint64_t kLieAt = 3;  // the two stories agree on the entries before
const std::string kOrigin = "example.com/log";

class SteppingClock final : public Clock {
 public:
  UnixMillis now() const override { return {milliseconds}; }
  std::chrono::steady_clock::time_point steady() const override { return {}; }
  std::int64_t milliseconds = 1'700'000'000'000;
};

struct Story {
  explicit Story(const std::string& word) {
    for (std::uint64_t i = 0; i < kMaxSize; ++i) log.append((i < kLieAt ? "" : word) + std::to_string(i));
    for (std::uint64_t size = 0; size <= kMaxSize; ++size) roots.push_back(*tree_root(log, {size}));
  }
  test::MemoryLog log;
  std::vector<Hash> roots;
};

struct Input {
  ByteView rest;
  std::uint64_t byte() {
    if (rest.empty()) return 0;
    const auto value = std::to_integer<std::uint64_t>(rest.front());
    rest = rest.subspan(1);
    return value;
  }
  std::string_view bytes(std::size_t size) {
    const ByteView taken = rest.first(std::min(size, rest.size()));
    rest = rest.subspan(taken.size());
    return as_chars(taken);
  }
};

class World {
 public:
  World() {
    REDOUBT_CHECK(fs_.make_directory("/state"));
    restart();
  }

  void restart() {
    witness_.reset();
    auto opened = Witness::open(fs_, "/state", test::make_cosigner("example.com/witness", 42),
                                {{kOrigin, {signer_.verifier_key()}}}, clock_);
    REDOUBT_CHECK(opened && opened->refused().empty());
    witness_.emplace(*std::move(opened));
  }

  void submit(std::string_view body) {
    clock_.milliseconds += 500;
    const WitnessReply reply = witness_->add_checkpoint(body);
    switch (reply.status) {
      case 200:
        break;
      case 409:
        REDOUBT_CHECK(reply.content_type != kWitnessSizeType || parse_witness_size(reply.body));
        return;
      case 400:
      case 403:
      case 404:
      case 413:
      case 422:
        return;
      default:
        REDOUBT_CHECK(!"a status that nothing here asks for");
    }
    const auto request = parse_witness_request(body);
    REDOUBT_CHECK(request);
    judge(request->checkpoint + reply.body);
    look();
  }

  void look() {
    const WitnessReply reply = witness_->checkpoint(encoding::hex(crypto::sha256(as_bytes(kOrigin))));
    REDOUBT_CHECK((reply.status == 200) == (size_.has_value()));
    if (reply.status == 200) judge(reply.body);
    const auto proof = fs_.content("/state/" + encoding::hex(crypto::sha256(as_bytes(kOrigin))) + "/fork-proof");
    REDOUBT_CHECK(!proof || verify_fork_proof(as_chars(*proof), {&signer_.verifier_key(), 1}));
  }

  void step(Input& input) {
    switch (input.byte() % 4) {
      case 0: {
        const std::uint64_t low = input.byte();
        return submit(input.bytes(low | input.byte() << 8));
      }
      case 1:
        return submit(make_request(input));
      case 2:
        return restart();
      default:
        return look();
    }
  }

 private:
  // INVARIANT: everything cosigned is signed by the log, of one story, and grows, as its times do.
  void judge(const std::string& note) {
    const auto checkpoint = open_checkpoint(note, {&signer_.verifier_key(), 1}, kOrigin);
    REDOUBT_CHECK(checkpoint);
    const auto cosignatures = check_cosignatures(note, {&witness_->verifier_key(), 1});
    REDOUBT_CHECK(cosignatures && cosignatures->verified.size() == 1);
    const std::uint64_t unix_seconds = cosignatures->verified.front().unix_seconds;
    REDOUBT_CHECK(unix_seconds >= last_time_);
    last_time_ = unix_seconds;
    const std::uint64_t size = checkpoint->size.value;
    REDOUBT_CHECK(size <= kMaxSize && size >= size_.value_or(0));
    size_ = size;
    for (std::size_t i = 0; i < 2; ++i) {
      if (stories()[i].roots[size] != checkpoint->root) possible_[i] = false;
    }
    REDOUBT_CHECK(possible_[0] || possible_[1]);
  }

  std::string make_request(Input& input) {
    const std::uint64_t told = input.byte() % 2;
    Story& story = stories()[told];
    const std::uint64_t old_size = input.byte() % (kMaxSize + 2);
    const std::uint64_t size = input.byte() % (kMaxSize + 1);
    const std::uint64_t from = std::min(input.byte() % (kMaxSize + 1), size);
    WitnessRequest request{{old_size}, *consistency_proof(story.log, {from}, {size}), {}};
    Hash root = story.roots[size];
    const std::uint64_t change = input.byte();
    if (change % 8 == 1) request.proof.push_back(root);
    if (change % 8 == 2 && !request.proof.empty()) request.proof.pop_back();
    if (change % 8 == 3 && !request.proof.empty()) request.proof[change / 8 % request.proof.size()][0] ^= std::byte{1};
    if (change % 8 == 4) request.proof.insert(request.proof.begin(), story.roots[from]);
    if (change % 8 == 5) root = stories()[1 - told].roots[size];
    const std::uint64_t who = input.byte();
    request.checkpoint = *sign_checkpoint({kOrigin, {size}, root, {}}, who % 8 == 1 ? stranger_ : signer_);
    return *format_witness_request(request);
  }

  static std::array<Story, 2>& stories() {
    static std::array<Story, 2> both{Story("entry "), Story("other ")};
    return both;
  }

  testing_support::FaultFileSystem fs_;
  SteppingClock clock_;
  NoteSigner signer_ = test::make_signer(kOrigin);
  NoteSigner stranger_ = test::make_signer(kOrigin, 8);
  std::optional<Witness> witness_;
  std::optional<std::uint64_t> size_;  // of the largest tree cosigned
  std::uint64_t last_time_ = 0;
  std::array<bool, 2> possible_{true, true};
};

}  // namespace
}  // namespace redoubt::tlog

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace redoubt;
  tlog::World world;
  tlog::Input input{{reinterpret_cast<const std::byte*>(data), size}};
  for (int steps = 0; steps < 20 && !input.rest.empty(); ++steps) world.step(input);
  world.look();
  return 0;
}
