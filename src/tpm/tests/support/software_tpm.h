// A TPM in software (swtpm) with a state of its own, which a test starts, stops and starts again as one does a machine;
// and tpm2-tools, beside it.
#pragma once

#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>

#include "base/bytes.h"
#include "base/check.h"
#include "base/scratch_folder.h"
#include "tpm/measurement_log.h"
#include "tpm/pcr.h"
#include "tpm/tpm.h"

namespace redoubt::tpm::testing {

class SoftwareTpm : public ::testing::Test {
 protected:
  void SetUp() override {
    // Before any use: tpm2-tss reads it once, and says on standard error what tests provoke.
    ::setenv("TSS2_LOG", "all+NONE", 1);
    if (std::system("command -v swtpm tpm2_checkquote >/dev/null") != 0) {
      GTEST_SKIP() << "swtpm and tpm2-tools are not installed";
    }
    start();
  }
  void TearDown() override { stop(); }

  std::filesystem::path path() const { return scratch_.path(); }
  std::string where() const { return "swtpm:path=" + (path() / "tpm").string(); }

  // A machine that is switched on: registers are zeros, memory is as it was. Of its boot it measures `firmware`.
  void start(const std::string& firmware = std::string(64, 'a')) {
    const std::string command =
        "cd '" + path().string() +
        "' && exec swtpm socket --tpm2 --tpmstate dir=. --ctrl type=unixio,path=tpm.ctrl --server type=unixio,path=tpm"
        " --flags not-need-init,startup-clear --pid file=pid >>out 2>&1";
    std::array<const char*, 4> arguments{"sh", "-c", command.c_str(), nullptr};
    ASSERT_EQ(::posix_spawn(&pid_, "/bin/sh", nullptr, nullptr, const_cast<char* const*>(arguments.data()), environ),
              0);
    // Its sockets are there before it writes its number.
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (read("pid").empty() && std::chrono::steady_clock::now() < until) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    ASSERT_TRUE(run("tpm2_pcrextend 4:sha256=" + firmware)) << said();
  }
  // As a power cut does.
  void stop() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    EXPECT_EQ(::waitpid(pid_, nullptr, 0), pid_);
    pid_ = 0;
    std::filesystem::remove(path() / "pid");
  }
  void restart(const std::string& firmware = std::string(64, 'a')) {
    stop();
    start(firmware);
  }

  // One at a time is served: an object that has the TPM must be gone before tools are run.
  Tpm open() const {
    auto tpm = Tpm::open(where());
    if (!tpm) ADD_FAILURE() << tpm.error().message();
    REDOUBT_CHECK(tpm);
    return *std::move(tpm);
  }

  // A command in the folder, with tpm2-tools led to this TPM.
  bool run(const std::string& command) const {
    return std::system(
               ("cd '" + path().string() + "' && export TPM2TOOLS_TCTI=" + where() + " && " + command + " >>out 2>&1")
                   .c_str()) == 0;
  }
  std::string said() const { return std::string(as_chars(read("out"))); }
  Bytes read(const std::string& name) const {
    std::ifstream in(path() / name, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    return to_bytes(as_bytes(text));
  }
  void write(const std::string& name, ByteView bytes) const {
    std::ofstream(path() / name, std::ios::binary).write(as_chars(bytes).data(), std::ssize(bytes));
  }

 private:
  ScratchFolder scratch_ = *ScratchFolder::make();
  pid_t pid_ = 0;
};

template <class T>
std::string why(const Result<T>& result) {
  return result ? "it worked" : result.error().message();
}
template <class T>
Errc code_of(const Result<T>& result) {
  EXPECT_FALSE(result);
  return result ? Errc{} : result.error().code();
}

inline Measurement measurement(std::string_view value, unsigned pcr = 14) {
  return {.pcr = pcr, .name = "redoubt.program", .value = to_bytes(as_bytes(value))};
}

}  // namespace redoubt::tpm::testing
