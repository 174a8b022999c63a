// Backups come from wherever they were kept: header and chunks are read before anything about them is proven. The key
// is fixed, so that mutations of the seeds, which are sealed to it, reach every part.
#include <algorithm>
#include <array>
#include <cstdlib>

#include "state/internal/backup_file.h"

namespace {

using namespace redoubt;

class Memory final : public File {
 public:
  explicit Memory(ByteView bytes = {}) : bytes_(bytes.begin(), bytes.end()) {}
  Result<std::size_t> read_at(std::uint64_t offset, MutableByteView out) override {
    if (offset >= bytes_.size()) return std::size_t{0};
    const std::size_t count = std::min<std::size_t>(out.size(), bytes_.size() - offset);
    std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(offset), count, out.begin());
    return count;
  }
  Result<> write_at(std::uint64_t offset, ByteView bytes) override {
    // Never more than came in: no seal is smaller than what it holds.
    if (offset + bytes.size() > (std::uint64_t{1} << 24)) std::abort();
    bytes_.resize(std::max<std::size_t>(bytes_.size(), offset + bytes.size()));
    std::copy(bytes.begin(), bytes.end(), bytes_.begin() + static_cast<std::ptrdiff_t>(offset));
    return {};
  }
  Result<> sync_data() override { return {}; }
  Result<> truncate(std::uint64_t size) override {
    bytes_.resize(size);
    return {};
  }
  Result<> allocate(std::uint64_t) override { return {}; }
  Result<std::uint64_t> size() override { return std::uint64_t{bytes_.size()}; }
  const Bytes& bytes() const { return bytes_; }

 private:
  Bytes bytes_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  if (size > (1U << 20)) return 0;
  static const auto key = crypto::X25519KeyPair::from_private(std::array<std::byte, 32>{std::byte{1}, std::byte{2}});
  Memory backup(ByteView(reinterpret_cast<const std::byte*>(data), size));
  const auto header = state::read_backup_header(backup);
  Memory out;
  const auto opened = state::open_backup(backup, *key, out);
  if (!opened) return 0;
  // What opens is what its header says, and can be sealed again.
  if (!header || opened->content_size != out.bytes().size()) std::abort();
  Memory again;
  if (!state::seal_backup(*opened, key->public_key, out, again)) std::abort();
  if (again.bytes().size() != size) std::abort();
  return 0;
}
