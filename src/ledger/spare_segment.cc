#include "ledger/internal/spare_segment.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "base/check.h"
#include "base/log.h"

namespace redoubt::ledger::internal {
namespace {

// A commit of the moment waits behind one piece.
constexpr std::size_t kPieceBytes = 256 * 1024;

}  // namespace

SpareSegment::SpareSegment(FileSystem& fs, std::string path, std::uint64_t size, bool on_callers_thread)
    : fs_(fs),
      path_(std::move(path)),
      size_(size),
      on_callers_thread_(on_callers_thread),
      made_(std::unique_ptr<File>()) {
  REDOUBT_CHECK(size % kDirectBlockSize == 0);
}

SpareSegment::~SpareSegment() {
  stop_ = true;
  if (thread_.joinable()) thread_.join();
}

void SpareSegment::prepare() {
  if (begun_.exchange(true)) return;
  if (thread_.joinable()) thread_.join();  // one that failed
  const auto work = [this] {
    made_ = make();
    if (!made_) begun_ = false;
  };
  if (on_callers_thread_) {
    work();
  } else {
    thread_ = std::thread(work);
  }
}

Result<std::unique_ptr<File>> SpareSegment::take() {
  if (thread_.joinable()) thread_.join();
  auto made = std::exchange(made_, Result<std::unique_ptr<File>>(std::unique_ptr<File>()));
  if (!made || *made == nullptr) made = make();
  begun_ = false;
  allocated_ = false;
  return made;
}

// Always a file of its own: where a crash can leave a renamed file under both its names, the one of the last segment
// may still be this path, and must only lose the name.
Result<std::unique_ptr<File>> SpareSegment::make() {
  if (auto gone = fs_.remove(path_); !gone && gone.error().code() != Errc::kNotFound) return gone.error();
  auto file = fs_.open_direct(path_, OpenMode::kCreateNew);
  auto filled = file ? fill(**file) : Result<>(file.error());
  if (filled) return file;
  if (!stop_) {
    log::warning("ledger", "the next segment could not be prepared; it will be tried again",
                 {{"why", filled.error().message()}});
  }
  // On a full disk others need the room more.
  [[maybe_unused]] const auto given_back = fs_.remove(path_);
  allocated_ = false;
  return filled.error();
}

Result<> SpareSegment::fill(File& file) {
  if (auto done = file.allocate(size_); !done) return done;
  allocated_ = true;
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
    if (auto done = file.write_at(at, ByteView(zeros.get(), n)); !done) return done;
  }
  return file.sync_data();
}

}  // namespace redoubt::ledger::internal
