#include "ledger/internal/tail_file.h"

#include <cstring>
#include <utility>

#include "base/check.h"

namespace redoubt::ledger::internal {

Result<std::unique_ptr<File>> TailFile::open(FileSystem& fs, const std::string& path) {
  auto cached = fs.open(path, OpenMode::kReadOnly);
  if (!cached) return cached.error();
  auto direct = fs.open_direct(path, OpenMode::kReadOnly);
  return std::unique_ptr<File>(new TailFile(*std::move(cached), direct ? *std::move(direct) : nullptr));
}

bool TailFile::holds(std::uint64_t offset, std::size_t size) const {
  return offset >= begin_ && offset - begin_ <= size_ && size <= size_ - (offset - begin_);
}

Result<std::size_t> TailFile::read_at(std::uint64_t offset, MutableByteView out) {
  if (!holds(offset, out.size())) {
    const std::uint64_t begin = offset / kDirectBlockSize * kDirectBlockSize;
    if (!direct_ || out.size() < kLeastDirect || out.size() > kWindow - (offset - begin)) {
      return cached_->read_at(offset, out);
    }
    if (!window_) {
      window_.reset(static_cast<std::byte*>(std::aligned_alloc(kDirectBlockSize, kWindow)));
      REDOUBT_CHECK(window_ != nullptr);
    }
    size_ = 0;
    const auto n = direct_->read_at(begin, {window_.get(), kWindow});
    if (!n) direct_.reset();  // the end of a file that is no whole blocks, or a disk that fails: the cache will tell
    begin_ = begin;
    size_ = n ? *n : 0;
    if (!holds(offset, out.size())) return cached_->read_at(offset, out);
  }
  std::memcpy(out.data(), window_.get() + (offset - begin_), out.size());
  return out.size();
}

bool TailFile::forget() {
  return std::exchange(size_, 0) != 0;
}

}  // namespace redoubt::ledger::internal
