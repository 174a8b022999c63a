// The launcher's side of attesters, with the real program and a folder that looks like a request of configfs-tsm. Of a
// whole server: tests/e2e/processor_test.py.
#include "redoubt/processor.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>

#include "base/pass_file.h"
#include "tests/support/temp_dir.h"

namespace redoubt::app {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

class ProcessorTest : public ::testing::Test {
 protected:
  ProcessorTest() {
    settings_.evidence.kind = attest::Kind::kSevSnp;
    settings_.evidence.tsm = dir_ / "report";
    fs::create_directory(settings_.evidence.tsm);
    // As the first start shows, what the kernel would make in a request is not there.
    Processor first;
    const auto refused = first.start(layout_, settings_);
    EXPECT_FALSE(refused);
    EXPECT_NE(refused.error().message().find("makes evidence of the kind `sev-snp`"), std::string::npos);
    for (const auto& request : fs::directory_iterator(settings_.evidence.tsm)) {
      std::ofstream(request.path() / "provider") << "sev_guest\n";
    }
    first.stop();  // which would remove the request, but for what is in it
  }
  ~ProcessorTest() override { processor_.stop(); }

  void start() {
    const auto done = processor_.start(layout_, settings_);
    ASSERT_TRUE(done) << done.error().message();
    keeper_ = UniqueFd(::dup(processor_.keepers_end()));
    processor_.close_keepers_end();
  }
  // As the launcher hears of it.
  void await_end() {
    int status = 0;
    const pid_t child = ::waitpid(-1, &status, 0);
    ASSERT_GT(child, 0);
    ASSERT_FALSE(processor_.ended(child + 1, status));
    ASSERT_TRUE(processor_.ended(child, status));
    ASSERT_FALSE(processor_.ended(child, status)) << "no process any more";
  }
  // Waits for what the launcher waits for, until there is nothing to wait for.
  void settle() {
    while (const auto wake = processor_.wake_at()) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(*wake - std::chrono::steady_clock::now());
      pollfd one{.fd = processor_.ready_fd(), .events = POLLIN, .revents = 0};
      if (::poll(&one, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0))) > 0) processor_.hear();
      processor_.act();
    }
  }

  const testing_support::TempDir dir_;
  const Layout layout_{dir_.path()};
  Processor::Settings settings_;
  Processor processor_;
  UniqueFd keeper_;
};

TEST_F(ProcessorTest, HasAnotherAttesterStartedWhenTheKeeperLeavesOne) {
  start();
  EXPECT_FALSE(processor_.wake_at()) << "it is ready, and nothing is to be done";
  for (int i = 0; i < 2; ++i) {
    auto socket = receive_open_file(keeper_.get());
    ASSERT_TRUE(socket) << socket.error().message();
    EXPECT_FALSE(receive_open_file(keeper_.get())) << "one for each";
    const auto begun = std::chrono::steady_clock::now();
    socket->reset();  // as for an answer that is none
    await_end();
    processor_.act();
    EXPECT_EQ(processor_.ready_fd(), -1) << "not at once";
    ASSERT_TRUE(processor_.wake_at());
    settle();
    EXPECT_GE(std::chrono::steady_clock::now() - begun, 1s);
  }
  EXPECT_TRUE(receive_open_file(keeper_.get()));
}

TEST_F(ProcessorTest, StartsNoneForAKeeperThatIsAboutToGo) {
  start();
  processor_.start_no_more();
  keeper_.reset();  // with the socket that is in it
  await_end();
  EXPECT_FALSE(processor_.wake_at());
  processor_.act();
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "there is no child";
}

TEST_F(ProcessorTest, LeavesNoAttesterThatTheKeeperDoesNotKnow) {
  start();
  keeper_.reset();
  await_end();
  const auto wake = processor_.wake_at();
  ASSERT_TRUE(wake);
  settle();  // the next gets ready, and nobody takes its socket
  await_end();
  ASSERT_TRUE(processor_.wake_at());
  EXPECT_GT(*processor_.wake_at(), *wake + 1s) << "later each time";
}

TEST_F(ProcessorTest, ConfiguredNowhereHasNothingToDo) {
  settings_.evidence.kind.reset();
  ASSERT_TRUE(processor_.start(layout_, settings_));
  EXPECT_EQ(processor_.keepers_end(), -1);
  EXPECT_EQ(processor_.ready_fd(), -1);
  EXPECT_FALSE(processor_.wake_at());
  EXPECT_FALSE(processor_.ended(-1, 0));
  processor_.act();
}

}  // namespace
}  // namespace redoubt::app
