// An engine over a fake ledger, in a folder of its own.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "state/engine.h"
#include "state/tests/support/fake_ledger.h"
#include "state/tests/support/toy.h"

namespace redoubt::state::test {

class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// No file of this process can grow beyond `bytes` while this lives.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(std::uint64_t bytes);
  ~FileSizeLimit();
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  std::uint64_t before_;
};

class StateTest : public testing::Test {
 protected:
  // Opens the engine with projections whose memory is empty; what the ledger and the disk have stays.
  Result<> open();
  void open_or_fail() {
    auto opened = open();
    ASSERT_TRUE(opened) << opened.error().message();
  }
  // Ends the engine and begins anew.
  void reopen() {
    engine.reset();
    open_or_fail();
  }
  // Proposes and waits for the answer.
  Result<Applied> change(Proposal proposal);
  void change_or_fail(Proposal proposal);
  // As SQLite itself sees the file; the engine may be open.
  static std::string integrity(const std::string& path);
  // Changes the file with SQLite alone; the engine must be closed.
  void execute(const std::string& sql) const;
  std::vector<std::string> set_aside() const;  // names of files set aside, sorted
  // Whether the projections' memory is what their tables say.
  void expect_memory_is_as_loaded();

  TemporaryFolder folder;
  std::string path = folder / "state.db";
  FakeLedger ledger;
  FakePublisher publisher;
  std::unique_ptr<Toy> toy;
  std::unique_ptr<Watcher> watcher;
  std::vector<Projection*> projections() { return {toy.get(), watcher.get()}; }
  Engine::Settings settings{.path = path};
  std::unique_ptr<Engine> engine;  // last: it ends first
};

}  // namespace redoubt::state::test
