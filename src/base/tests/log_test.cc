#include "base/log.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

#include "base/unique_fd.h"

namespace redoubt {
namespace {

struct Pipe {
  Pipe() {
    int fds[2];
    EXPECT_EQ(::pipe(fds), 0);
    read = UniqueFd(fds[0]);
    write = UniqueFd(fds[1]);
  }
  // What lies in it.
  std::string take() const {
    std::string out;
    char piece[4096];
    pollfd readable{read.get(), POLLIN, 0};
    while (::poll(&readable, 1, 0) == 1) {
      const ssize_t n = ::read(read.get(), piece, sizeof piece);
      if (n <= 0) break;
      out.append(piece, static_cast<std::size_t>(n));
    }
    return out;
  }

  UniqueFd read;
  UniqueFd write;
};

// In a process of its own, whose standard error is a pipe that nobody reads for a while.
TEST(Log, AFullPipeDropsLinesAndHoldsUpNobody) {
  Pipe lines;
  Pipe filled;
  Pipe emptied;
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    ::alarm(60);  // a child that blocks is ended, and that is a failure
    ::dup2(lines.write.get(), STDERR_FILENO);
    const std::string text(1000, 'x');
    for (int i = 0; i < 1000; ++i) log::info("test", text);
    char byte = 0;
    const bool told = ::write(filled.write.get(), &byte, 1) == 1 && ::read(emptied.read.get(), &byte, 1) == 1;
    log::info("test", "after the pause");
    ::_exit(told ? 0 : 1);
  }
  char byte = 0;
  filled.write.reset();
  ASSERT_EQ(::read(filled.read.get(), &byte, 1), 1) << "the writer was held up";
  const std::string first = lines.take();
  ASSERT_GT(first.size(), 10'000u);
  EXPECT_LT(first.size(), 500'000u);  // of a million bytes
  EXPECT_EQ(first.find("lost"), std::string::npos);
  EXPECT_EQ(first.back(), '\n') << "a line was cut";
  ASSERT_EQ(::write(emptied.write.get(), &byte, 1), 1);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  const std::string rest = lines.take();
  EXPECT_NE(rest.find("warning log: lines were lost, because nobody reads them lines="), std::string::npos) << rest;
  EXPECT_NE(rest.find("info test: after the pause\n"), std::string::npos) << rest;
}

TEST(Log, ALongLineIsCutAndStaysOneLine) {
  Pipe lines;
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    ::dup2(lines.write.get(), STDERR_FILENO);
    log::warning("test", std::string(10'000, 'x'));
    ::_exit(0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  const std::string line = lines.take();
  EXPECT_EQ(line.size(), 4096u);
  EXPECT_EQ(line.find('\n'), line.size() - 1);
}

}  // namespace
}  // namespace redoubt
