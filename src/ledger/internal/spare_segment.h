// The next segment, filled with zeros ahead of need by a thread of its own.
//
// A preparation that failed is not trusted and not fatal: its bytes are given back to the disk, and the next prepare()
// or take() makes the file anew from nothing. Only a take() whose own attempt fails says so to the caller.
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
  // `fs` must outlive this object and be safe to use from a second thread. Precondition: `size` is a multiple of
  // kDirectBlockSize. `on_callers_thread`: no thread; prepare() returns when the file is made, so that a test sees
  // operations in one order.
  SpareSegment(FileSystem& fs, std::string path, std::uint64_t size, bool on_callers_thread = false);
  ~SpareSegment();  // stops the preparation and waits for it

  // Begins to make the file, unless that is under way or done. Begins again when it failed.
  void prepare();

  // The file (from open_direct()), zero-filled and synced, still under its spare name. Waits for the preparation; makes
  // the file itself when that had not begun or has failed.
  Result<std::unique_ptr<File>> take();

  // Bytes that the file system must still give for it; 0 once they are set aside.
  std::uint64_t lacks_bytes() const { return allocated_ ? 0 : size_; }

 private:
  Result<std::unique_ptr<File>> make();
  Result<> fill(File& file);

  FileSystem& fs_;
  const std::string path_;
  const std::uint64_t size_;
  const bool on_callers_thread_;
  std::thread thread_;
  std::atomic<bool> stop_{false};
  std::atomic<bool> begun_{false};  // and has not failed
  std::atomic<bool> allocated_{false};
  Result<std::unique_ptr<File>> made_;  // null until made; guarded by joining thread_
};

}  // namespace redoubt::ledger::internal
