// Registers, counters and histories of a software TPM.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <string>
#include <thread>

#include "base/unique_fd.h"
#include "encoding/base64.h"
#include "tpm/history_log.h"
#include "tpm/measurement_log.h"
#include "tpm/nv_index.h"
#include "tpm/tests/support/software_tpm.h"

namespace redoubt::tpm {
namespace {

using testing::code_of;
using testing::measurement;
using testing::why;

constexpr NvHandle kIndex = 0x0180'5555;

class TpmMemory : public testing::SoftwareTpm {};

// A character device behind which a socket's TPM is: a terminal whose other end passes bytes on, both ways.
class Device {
 public:
  explicit Device(const std::string& socket_path) {
    EXPECT_TRUE(::grantpt(master_.get()) == 0 && ::unlockpt(master_.get()) == 0);
    path_ = ::ptsname(master_.get());
    terminal_ = UniqueFd(::open(path_.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC));
    termios settings{};
    ::cfmakeraw(&settings);
    EXPECT_EQ(::tcsetattr(terminal_.get(), TCSANOW, &settings), 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, socket_path.c_str(), socket_path.size() + 1);
    EXPECT_EQ(::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    EXPECT_EQ(::pipe2(stop_.data(), O_CLOEXEC), 0);
    thread_ = std::thread([this] { pass_on(); });
  }
  ~Device() {
    ::close(stop_[1]);
    thread_.join();
    ::close(stop_[0]);
  }
  const std::string& path() const { return path_; }

 private:
  void pass_on() {
    std::array<pollfd, 3> ends{pollfd{master_.get(), POLLIN, 0}, pollfd{socket_.get(), POLLIN, 0},
                               pollfd{stop_[0], POLLIN, 0}};
    while (::poll(ends.data(), ends.size(), -1) > 0 && ends[2].revents == 0) {
      for (std::size_t i = 0; i < 2; ++i) {
        std::array<char, 4096> bytes;
        if ((ends[i].revents & POLLIN) == 0) continue;
        const auto count = ::read(ends[i].fd, bytes.data(), bytes.size());
        if (count <= 0 || ::write(ends[1 - i].fd, bytes.data(), static_cast<std::size_t>(count)) != count) return;
      }
    }
  }

  UniqueFd master_{::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)};
  UniqueFd terminal_;
  UniqueFd socket_{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  std::array<int, 2> stop_{};
  std::string path_;
  std::thread thread_;
};

TEST_F(TpmMemory, IsReachedThroughADeviceToo) {
  const Device device((path() / "tpm").string());
  auto tpm = Tpm::open("device:" + device.path());
  ASSERT_TRUE(tpm) << why(tpm);
  EXPECT_FALSE(tpm->identity().is_emulated) << "a device may be either";
  EXPECT_EQ(tpm->identity().manufacturer, "IBM");
  const auto counter = create_counter(*tpm, kIndex);
  ASSERT_TRUE(counter) << why(counter);
  EXPECT_EQ(*increment_counter(*tpm, kIndex), *counter + 1);
  EXPECT_TRUE(read_pcrs(*tpm, *PcrSelection::from_bits(0xff'ffff)));
}

TEST_F(TpmMemory, ReadsRegistersThatOthersExtended) {
  Tpm tpm = open();
  const auto values = read_pcrs(tpm, *PcrSelection::from_bits(0xff'ffff));
  ASSERT_TRUE(values) << why(values);
  ASSERT_EQ(values->size(), kPcrCount);
  crypto::Sha256Digest firmware;
  firmware.fill(std::byte{0xaa});
  EXPECT_EQ(values->at(4), crypto::sha256({crypto::Sha256Digest{}, firmware}));
  EXPECT_EQ(values->at(14), crypto::Sha256Digest{});
  EXPECT_EQ(code_of(read_pcrs(tpm, {})), Errc::kInvalidArgument);
}

TEST_F(TpmMemory, MeasuresWhatItsLogReplaysTo) {
  MeasurementLog log;
  {
    Tpm tpm = open();
    ASSERT_TRUE(measure(tpm, log, measurement("program")));
    ASSERT_TRUE(measure(tpm, log, measurement("policy")));
    ASSERT_TRUE(measure(tpm, log, measurement("other", 8)));
  }
  // A process that comes later goes on with the log of the one before.
  auto later = MeasurementLog::decode(log.encode());
  ASSERT_TRUE(later) << why(later);
  {
    Tpm tpm = open();
    ASSERT_TRUE(measure(tpm, *later, measurement("models")));
    EXPECT_EQ(*read_pcrs(tpm, {8, 14}), later->replay());
    // Without it, nothing that is measured could be explained.
    MeasurementLog empty;
    EXPECT_EQ(code_of(measure(tpm, empty, measurement("program"))), Errc::kConflict);
    EXPECT_TRUE(empty.measurements().empty());
  }
  ASSERT_TRUE(run("tpm2_pcrextend 14:sha256=" + std::string(64, 'c'))) << said();
  Tpm tpm = open();
  EXPECT_EQ(code_of(measure(tpm, *later, measurement("models"))), Errc::kConflict) << "somebody else extended it";
}

TEST_F(TpmMemory, RefusesRegistersThatAreNotForMeasurements) {
  Tpm tpm = open();
  const auto before = read_pcrs(tpm, *PcrSelection::from_bits(0xff'ffff));
  MeasurementLog log;
  for (const unsigned pcr : {0U, 4U, 7U, 16U, 17U, 22U, 23U, 24U, 4'000'000'000U}) {
    EXPECT_EQ(code_of(measure(tpm, log, measurement("program", pcr))), Errc::kInvalidArgument) << pcr;
  }
  EXPECT_EQ(*read_pcrs(tpm, *PcrSelection::from_bits(0xff'ffff)), *before);
  EXPECT_TRUE(log.measurements().empty());
}

TEST_F(TpmMemory, ACounterNeverGoesBack) {
  std::uint64_t value = 0;
  {
    Tpm tpm = open();
    EXPECT_EQ(code_of(read_counter(tpm, kIndex)), Errc::kNotFound);
    const auto made = create_counter(tpm, kIndex);
    ASSERT_TRUE(made) << why(made);
    value = *made;
    EXPECT_EQ(code_of(create_counter(tpm, kIndex)), Errc::kAlreadyExists);
    EXPECT_EQ(*increment_counter(tpm, kIndex), value + 1);
    EXPECT_EQ(*read_counter(tpm, kIndex), value + 1);
  }
  restart();
  Tpm tpm = open();
  EXPECT_EQ(*read_counter(tpm, kIndex), value + 1) << "after a power cut";
  EXPECT_EQ(*increment_counter(tpm, kIndex), value + 2);
  ASSERT_TRUE(remove_nv_index(tpm, kIndex));
  EXPECT_EQ(*create_counter(tpm, kIndex), value + 3) << "made again, it begins above";
  EXPECT_EQ(code_of(create_counter(tpm, 0x0100'0000)), Errc::kInvalidArgument);
}

TEST_F(TpmMemory, ACounterHasTheNameThatApproversComputeAndAnotherIndexIsNone) {
  {
    Tpm tpm = open();
    ASSERT_TRUE(create_counter(tpm, kIndex));
  }
  ASSERT_TRUE(run("tpm2_nvreadpublic " + std::to_string(kIndex))) << said();
  EXPECT_NE(said().find("name: " + encoding::hex(counter_name(kIndex))), std::string::npos) << said();
  ASSERT_TRUE(run("tpm2_nvdefine 0x01805556 -C o -s 8 -a 'ownerread|authread|ownerwrite|authwrite|no_da|nt=counter'") &&
              run("tpm2_nvdefine 0x01805557 -C o -s 8 -a 'ownerread|authread|ownerwrite|authwrite|no_da'"))
      << said();
  Tpm tpm = open();
  EXPECT_EQ(code_of(read_counter(tpm, 0x0180'5556)), Errc::kVerifyFailed) << "never incremented";
  EXPECT_EQ(code_of(increment_counter(tpm, 0x0180'5557)), Errc::kVerifyFailed) << "no counter";
}

TEST_F(TpmMemory, AHistoryIsExtendedAndWhoMakesItAgainIsNoticed) {
  const auto authorisation = crypto::Secret::random(32);
  const crypto::Sha256Digest digest = crypto::sha256(as_bytes("entry"));
  crypto::Sha256Digest expected = crypto::sha256(Bytes(64));
  {
    Tpm tpm = open();
    const auto made = create_history(tpm, kIndex, authorisation);
    ASSERT_TRUE(made) << why(made);
    auto value = read_history(tpm, kIndex, authorisation);
    ASSERT_TRUE(value) << why(value);
    EXPECT_EQ(*value, expected);
    const auto extended = extend_history(tpm, kIndex, authorisation, digest);
    ASSERT_TRUE(extended) << why(extended);
    expected = crypto::sha256({expected, digest});
    EXPECT_EQ(*read_history(tpm, kIndex, authorisation), expected);
    const auto wrong = crypto::Secret::random(32);
    EXPECT_EQ(code_of(read_history(tpm, kIndex, wrong)), Errc::kPermissionDenied);
    EXPECT_EQ(code_of(extend_history(tpm, kIndex, wrong, digest)), Errc::kPermissionDenied);
    EXPECT_EQ(code_of(create_history(tpm, kIndex + 1, crypto::Secret::random(15))), Errc::kInvalidArgument);
    EXPECT_EQ(code_of(create_history(tpm, kIndex + 1, crypto::Secret::random(33))), Errc::kInvalidArgument);
  }
  restart();
  Tpm tpm = open();
  EXPECT_EQ(*read_history(tpm, kIndex, authorisation), expected);
  // The owner deletes it, and extends a new one in the same way.
  const auto theirs = crypto::Secret::random(32);
  ASSERT_TRUE(remove_nv_index(tpm, kIndex));
  ASSERT_TRUE(create_history(tpm, kIndex, theirs) && extend_history(tpm, kIndex, theirs, digest));
  EXPECT_EQ(code_of(read_history(tpm, kIndex, authorisation)), Errc::kPermissionDenied);
}

TEST_F(TpmMemory, AHistoryCatchesUpWithItsLogAndKnowsWhenEitherWasPutBack) {
  const auto authorisation = crypto::Secret::random(32);
  const auto event = [](std::uint64_t index) {
    return HistoryEvent{.digest = crypto::sha256(as_bytes(std::to_string(index))), .index = index};
  };
  Tpm tpm = open();
  HistoryLog log(kIndex);
  EXPECT_EQ(code_of(catch_up(tpm, log, authorisation)), Errc::kNotFound);
  ASSERT_TRUE(create_history(tpm, kIndex, authorisation));
  ASSERT_TRUE(log.add(event(1)));
  const HistoryLog before = log;
  ASSERT_TRUE(log.add(event(2)) && log.add(event(3)));
  for (int i = 0; i < 2; ++i) {
    const auto done = catch_up(tpm, log, authorisation);
    ASSERT_TRUE(done) << why(done);
    EXPECT_EQ(*read_history(tpm, kIndex, authorisation), log.value());
  }
  EXPECT_EQ(code_of(catch_up(tpm, before, authorisation)), Errc::kVerifyFailed) << "an old log";
  EXPECT_EQ(code_of(catch_up(tpm, log, crypto::Secret::random(32))), Errc::kPermissionDenied);
  HistoryLog other(kIndex);
  ASSERT_TRUE(other.add(event(1)) && other.add(event(2)) && other.add(event(4)));
  EXPECT_EQ(code_of(catch_up(tpm, other, authorisation)), Errc::kVerifyFailed) << "another past";
  EXPECT_EQ(*read_history(tpm, kIndex, authorisation), log.value()) << "and nothing was extended";
}

TEST_F(TpmMemory, RegistersCatchUpWithWhatWasWrittenDownBefore) {
  MeasurementLog log;
  ASSERT_TRUE(log.add(measurement("program", 12)) && log.add(measurement("configuration", 13)));
  Tpm tpm = open();
  ASSERT_TRUE(catch_up(tpm, MeasurementLog()));
  ASSERT_TRUE(catch_up(tpm, log));
  EXPECT_EQ(*read_pcrs(tpm, {12, 13}), log.replay());
  // Killed after writing, before extending.
  ASSERT_TRUE(log.add(measurement("program 2", 12)) && log.add(measurement("program 3", 12)));
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(catch_up(tpm, log));
    EXPECT_EQ(*read_pcrs(tpm, {12, 13}), log.replay());
  }
  MeasurementLog other;
  ASSERT_TRUE(other.add(measurement("program", 12)) && other.add(measurement("something else", 12)));
  EXPECT_EQ(code_of(catch_up(tpm, other)), Errc::kConflict);
  EXPECT_EQ(*read_pcrs(tpm, {12, 13}), log.replay()) << "nothing was extended";
}

TEST_F(TpmMemory, ATpmThatGoesAwayIsUnavailableAndNothingHangs) {
  Tpm tpm = open();
  ASSERT_TRUE(create_counter(tpm, kIndex));
  stop();
  EXPECT_EQ(code_of(read_counter(tpm, kIndex)), Errc::kUnavailable);
  EXPECT_EQ(code_of(read_pcrs(tpm, {4})), Errc::kUnavailable);
  const auto again = Tpm::open(where());
  EXPECT_FALSE(again);
  start();
}

TEST_F(TpmMemory, ALockOutByOthersKeepsNothingOfOursOut) {
  // An index of others that counts wrong authorisations, and one try.
  ASSERT_TRUE(run("tpm2_dictionarylockout -s -n 1 -t 1000 -l 1000") &&
              run("tpm2_nvdefine " + std::to_string(kIndex) +
                  " -C o -s 32 -g sha256 -a 'authread|authwrite|nt=extend' -p right-right-right-right"))
      << said();
  EXPECT_FALSE(run("tpm2_nvread " + std::to_string(kIndex) + " -C " + std::to_string(kIndex) + " -P wrong"));
  EXPECT_FALSE(run("tpm2_nvread " + std::to_string(kIndex) + " -C " + std::to_string(kIndex) + " -P wrong"));
  Tpm tpm = open();
  // Nothing of ours is kept out by that.
  ASSERT_TRUE(create_counter(tpm, kIndex + 1));
  MeasurementLog log;
  EXPECT_TRUE(measure(tpm, log, measurement("program")));
}

}  // namespace
}  // namespace redoubt::tpm
