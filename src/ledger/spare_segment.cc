#include "ledger/internal/spare_segment.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "base/check.h"

namespace redoubt::ledger::internal {
namespace {

// A commit of the moment waits behind one piece.
constexpr std::size_t kPieceBytes = 256 * 1024;

}  // namespace

SpareSegment::SpareSegment(FileSystem& fs, std::string path, std::uint64_t size)
    : fs_(fs), path_(std::move(path)), size_(size), made_(std::unique_ptr<File>()) {
  REDOUBT_CHECK(size % kDirectBlockSize == 0);
}

SpareSegment::~SpareSegment() {
  stop_ = true;
  if (thread_.joinable()) thread_.join();
}

void SpareSegment::prepare() {
  if (thread_.joinable()) return;
  thread_ = std::thread([this] { made_ = make(); });
}

Result<std::unique_ptr<File>> SpareSegment::take() {
  if (thread_.joinable()) {
    thread_.join();
    auto made = std::exchange(made_, Result<std::unique_ptr<File>>(std::unique_ptr<File>()));
    if (made) return made;
  }
  return make();
}

Result<std::unique_ptr<File>> SpareSegment::make() {
  auto file = fs_.open_direct(path_, OpenMode::kCreateReadWrite);
  if (!file) return file.error();
  if (auto done = (*file)->truncate(0); !done) return done.error();
  if (auto done = (*file)->allocate(size_); !done) return done.error();
  const std::size_t piece = std::min<std::uint64_t>(kPieceBytes, size_);
  struct Free {
    void operator()(std::byte* memory) const { std::free(memory); }
  };
  const std::unique_ptr<std::byte[], Free> zeros(static_cast<std::byte*>(std::aligned_alloc(kDirectBlockSize, piece)));
  REDOUBT_CHECK(zeros != nullptr);
  std::fill_n(zeros.get(), piece, std::byte{0});
  for (std::uint64_t at = 0; at < size_; at += piece) {
    if (stop_) return Error(Errc::kCancelled, "preparation of the next segment was stopped");
    const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(piece, size_ - at));
    if (auto done = (*file)->write_at(at, ByteView(zeros.get(), n)); !done) return done.error();
  }
  if (auto done = (*file)->sync_data(); !done) return done.error();
  return file;
}

}  // namespace redoubt::ledger::internal
