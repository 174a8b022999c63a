// The next segment, filled with zeros ahead of need by a thread of its own.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>

#include "base/file.h"

namespace redoubt::ledger::internal {

class SpareSegment {
 public:
  // `size`: whole blocks of kDirectBlockSize. `fs` must outlive this object and be safe to use from a second thread.
  SpareSegment(FileSystem& fs, std::string path, std::uint64_t size);
  ~SpareSegment();  // stops the preparation and waits for it

  // Begins to make the file, unless that is under way or done.
  void prepare();

  // The file, from FileSystem::open_direct(), zero-filled and synced, still under its spare name. Waits for the
  // preparation; makes the file itself when that had not begun or has failed.
  Result<std::unique_ptr<File>> take();

 private:
  Result<std::unique_ptr<File>> make();

  FileSystem& fs_;
  const std::string path_;
  const std::uint64_t size_;
  std::thread thread_;
  std::atomic<bool> stop_{false};
  Result<std::unique_ptr<File>> made_;  // guarded by joining thread_
};

}  // namespace redoubt::ledger::internal
