// TPMs that do not answer, or answer what no TPM would: nothing waits for ever, and nothing is believed.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <functional>
#include <thread>

#include "base/scratch_folder.h"
#include "base/unique_fd.h"
#include "tpm/pcr.h"
#include "tpm/tpm.h"

namespace redoubt::tpm {
namespace {

// A socket at which one caller is served by `behave`, on a thread of its own.
class FakeTpm {
 public:
  explicit FakeTpm(std::function<void(int)> behave) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = scratch_.path() + "/tpm";
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    EXPECT_EQ(::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    EXPECT_EQ(::listen(listener_.get(), 1), 0);
    thread_ = std::thread([this, behave = std::move(behave)] {
      const UniqueFd caller(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      std::array<char, 512> command;
      if (caller.valid() && ::read(caller.get(), command.data(), command.size()) > 0) behave(caller.get());
    });
  }
  ~FakeTpm() { thread_.join(); }
  Result<Tpm> open(std::chrono::milliseconds timeout = std::chrono::seconds(20)) const {
    return Tpm::open("swtpm:path=" + scratch_.path() + "/tpm", {.command_timeout = timeout});
  }

 private:
  ScratchFolder scratch_ = *ScratchFolder::make();
  UniqueFd listener_{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  std::thread thread_;
};

void answer(int caller, std::string_view bytes) {
  EXPECT_EQ(::write(caller, bytes.data(), bytes.size()), std::ssize(bytes));
}
Errc refusal(const Result<Tpm>& opened) {
  EXPECT_FALSE(opened);
  return opened ? Errc{} : opened.error().code();
}

class Transport : public ::testing::Test {
 protected:
  // tpm2-tss reads it once, and writes to standard error what is provoked here.
  static void SetUpTestSuite() { ::setenv("TSS2_LOG", "all+NONE", 1); }
};

TEST_F(Transport, RefusesWhatIsNoTpm) {
  EXPECT_EQ(refusal(Tpm::open("")), Errc::kInvalidArgument);
  EXPECT_EQ(refusal(Tpm::open("/dev/tpm0")), Errc::kInvalidArgument);
  EXPECT_EQ(refusal(Tpm::open("mssim:host=localhost")), Errc::kInvalidArgument);
  EXPECT_EQ(refusal(Tpm::open("swtpm:path=" + std::string(200, 'a'))), Errc::kInvalidArgument);
  EXPECT_EQ(refusal(Tpm::open("device:/nonexistent/tpm")), Errc::kNotFound);
  EXPECT_EQ(refusal(Tpm::open("swtpm:path=/nonexistent/tpm")), Errc::kNotFound);
}

TEST_F(Transport, GivesUpOnATpmThatDoesNotAnswer) {
  const auto begin = std::chrono::steady_clock::now();
  const FakeTpm tpm([](int caller) {
    char byte = 0;
    EXPECT_EQ(::read(caller, &byte, 1), 0) << "one command, and then nothing more";
  });
  EXPECT_EQ(refusal(tpm.open(std::chrono::milliseconds(50))), Errc::kDeadlineExceeded);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
}

TEST_F(Transport, GivesUpOnATpmThatStopsWithinItsAnswer) {
  const FakeTpm tpm([](int caller) {
    answer(caller, std::string_view("\x80\x01\0\0\0\x20\0\0", 8));
    char byte = 0;
    EXPECT_EQ(::read(caller, &byte, 1), 0);
  });
  EXPECT_EQ(refusal(tpm.open(std::chrono::milliseconds(50))), Errc::kDeadlineExceeded);
}

TEST_F(Transport, SaysThatATpmIsGone) {
  EXPECT_EQ(refusal(FakeTpm([](int) {}).open()), Errc::kUnavailable);
  EXPECT_EQ(refusal(FakeTpm([](int caller) { answer(caller, "abc"); }).open()), Errc::kUnavailable);
}

TEST_F(Transport, RefusesAnswersOfSizesThatNoneHas) {
  for (const std::string_view size : {std::string_view("\0\0\0\0", 4), std::string_view("\0\0\0\x09", 4),
                                      std::string_view("\0\0\x10\x01", 4), std::string_view("\xff\xff\xff\xff", 4)}) {
    const FakeTpm tpm([size](int caller) {
      answer(caller, "\x80\x01" + std::string(size) + std::string(4, '\0'));
      char byte = 0;
      EXPECT_EQ(::read(caller, &byte, 1), 0);
    });
    EXPECT_EQ(refusal(tpm.open()), Errc::kUnavailable);
  }
}

TEST_F(Transport, BelievesNoAnswerThatIsNotOfTheCommand) {
  // Success, with nothing after it.
  const FakeTpm empty([](int caller) { answer(caller, std::string_view("\x80\x01\0\0\0\x0a\0\0\0\0", 10)); });
  EXPECT_FALSE(empty.open());
  // A list of above four thousand million properties.
  const FakeTpm endless([](int caller) {
    answer(caller, std::string_view("\x80\x01\0\0\0\x17\0\0\0\0\0\0\0\0\x06\xff\xff\xff\xff\0\0\0\0", 23));
  });
  EXPECT_FALSE(endless.open());
  // TPM_RC_FAILURE: the TPM found itself broken.
  const FakeTpm failed([](int caller) { answer(caller, std::string_view("\x80\x01\0\0\0\x0a\0\0\x01\x01", 10)); });
  EXPECT_EQ(refusal(failed.open()), Errc::kUnavailable);
  // TPM_RC_LOCKOUT.
  const FakeTpm locked([](int caller) { answer(caller, std::string_view("\x80\x01\0\0\0\x0a\0\0\x09\x21", 10)); });
  const auto refused = locked.open();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Errc::kUnavailable);
  EXPECT_NE(refused.error().message().find("locked out"), std::string::npos) << refused.error().message();
}

}  // namespace
}  // namespace redoubt::tpm
