#include "ledger/internal/spare_segment.h"

#include <algorithm>
#include <utility>

namespace redoubt::ledger::internal {

SpareSegment::SpareSegment(FileSystem& fs, std::string path, std::uint64_t size)
    : fs_(fs), path_(std::move(path)), size_(size), made_(std::unique_ptr<File>()) {}

SpareSegment::~SpareSegment() {
  stop_ = true;
  if (thread_.joinable()) thread_.join();
}

void SpareSegment::prepare() {
  if (thread_.joinable()) return;
  thread_ = std::thread([this] { made_ = make(); });
}

Result<std::unique_ptr<File>> SpareSegment::take() {
  if (!thread_.joinable()) return make();
  thread_.join();
  return std::exchange(made_, Result<std::unique_ptr<File>>(std::unique_ptr<File>()));
}

Result<std::unique_ptr<File>> SpareSegment::make() {
  auto file = fs_.open(path_, OpenMode::kCreateReadWrite);
  if (!file) return file.error();
  if (auto done = (*file)->truncate(0); !done) return done.error();
  // Small pieces, each synced: the commits of the moment wait behind one piece, not behind all.
  const Bytes zeros(1024 * 1024);
  for (std::uint64_t at = 0; at < size_; at += zeros.size()) {
    if (stop_) return Error(Errc::kCancelled, "preparation of the next segment was stopped");
    const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(zeros.size(), size_ - at));
    if (auto done = (*file)->write_at(at, ByteView(zeros).first(n)); !done) return done.error();
    if (auto done = (*file)->sync_data(); !done) return done.error();
  }
  return file;
}

}  // namespace redoubt::ledger::internal
