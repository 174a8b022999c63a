// A segment that is read behind its writer: what is new is read in large pieces, past the page cache.
//
// The writer writes past the page cache, too, and its writes drop the pages that they touch. Whoever reads commits one
// by one through that cache has pages read ahead that are not written yet, drops them with the next commit and reads
// them again (measured: a fifth of the processor time of watching behaviour).
//
// Small reads still go through the cache: whether there is another commit is asked many times a second, and must not
// cost a request to the disk each time.
#pragma once

#include <cstdlib>
#include <memory>
#include <string>

#include "base/file.h"

namespace redoubt::ledger::internal {

class TailFile final : public File {
 public:
  static constexpr std::size_t kWindow = std::size_t{128} << 10;     // bytes of a piece
  static constexpr std::size_t kLeastDirect = std::size_t{8} << 10;  // smaller reads go through the cache

  // Read only. Errors of FileSystem::open(); without direct reads, it does without.
  static Result<std::unique_ptr<File>> open(FileSystem& fs, const std::string& path);

  // What was read before the writer wrote there stays as it was: forget() when it does not say what it should.
  Result<std::size_t> read_at(std::uint64_t offset, MutableByteView out) override;
  // False: there was nothing to forget, so what was read was the file's.
  bool forget();

  Result<std::uint64_t> size() override { return cached_->size(); }
  Result<> write_at(std::uint64_t, ByteView) override { return read_only(); }
  Result<> sync_data() override { return read_only(); }
  Result<> truncate(std::uint64_t) override { return read_only(); }
  Result<> allocate(std::uint64_t) override { return read_only(); }

 private:
  struct Free {
    void operator()(std::byte* memory) const { std::free(memory); }
  };

  TailFile(std::unique_ptr<File> cached, std::unique_ptr<File> direct)
      : cached_(std::move(cached)), direct_(std::move(direct)) {}
  static Error read_only() { return {Errc::kPermissionDenied, "the file is open for reading only"}; }
  bool holds(std::uint64_t offset, std::size_t size) const;

  std::unique_ptr<File> cached_;
  std::unique_ptr<File> direct_;               // null: there is none, or it has failed
  std::unique_ptr<std::byte[], Free> window_;  // aligned, kWindow bytes; made with the first piece
  std::uint64_t begin_ = 0;                    // where the window is in the file
  std::size_t size_ = 0;                       // of what is in it
};

}  // namespace redoubt::ledger::internal
