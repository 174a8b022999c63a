#include "ledger/internal/segment_writer.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace redoubt::ledger::internal {
namespace {

constexpr std::size_t kBlock = kDirectBlockSize;

constexpr std::size_t round_up(std::size_t size) {
  return (size + kBlock - 1) / kBlock * kBlock;
}

}  // namespace

SegmentWriter::SegmentWriter(std::size_t max_commit_bytes) : max_commit_bytes_(max_commit_bytes) {
  blocks_.reset(static_cast<std::byte*>(std::aligned_alloc(kBlock, round_up(kBlock + max_commit_bytes))));
  REDOUBT_CHECK(blocks_ != nullptr);
}

void SegmentWriter::attach(std::unique_ptr<File> file, std::uint64_t file_size, std::uint64_t end, ByteView tail,
                           std::size_t pending) {
  REDOUBT_CHECK(tail.size() == end % kBlock && pending <= max_commit_bytes_);
  std::memmove(blocks_.get() + tail.size(), blocks_.get() + tail_size_, pending);
  std::copy(tail.begin(), tail.end(), blocks_.get());
  tail_size_ = tail.size();
  file_ = std::move(file);
  room_ = file_size / kBlock * kBlock;
  end_ = end;
}

Result<> SegmentWriter::append(std::size_t size) {
  REDOUBT_CHECK(attached() && fits(size) && size <= max_commit_bytes_);
  const std::size_t used = tail_size_ + size;
  const std::size_t whole = round_up(used);
  std::memset(blocks_.get() + used, 0, whole - used);
  if (auto done = file_->write_at(end_ - tail_size_, ByteView(blocks_.get(), whole)); !done) return done;
  if (auto done = file_->sync_data(); !done) return done;
  end_ += size;
  tail_size_ = used % kBlock;
  std::memmove(blocks_.get(), blocks_.get() + used - tail_size_, tail_size_);
  return {};
}

}  // namespace redoubt::ledger::internal
