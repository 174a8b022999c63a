// A log in memory, for tests and for programs that make logs to test with.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"
#include "base/result.h"
#include "tlog/checkpoint.h"
#include "tlog/cosignature.h"
#include "tlog/entry_bundle.h"
#include "tlog/frontier.h"
#include "tlog/hash.h"
#include "tlog/log_verifier.h"
#include "tlog/note.h"
#include "tlog/tile.h"

namespace redoubt::tlog::test {

inline Hash leaf(std::string_view entry) {
  return leaf_hash(as_bytes(entry));
}

// A signer whose key is `seed` 32 times.
inline NoteSigner make_signer(const std::string& name, std::uint8_t seed = 7) {
  const Bytes bytes(32, std::byte{seed});
  return *NoteSigner::create(name, *crypto::Ed25519PrivateKey::from_seed(bytes));
}

// A witness's, likewise.
inline Cosigner make_cosigner(const std::string& name, std::uint8_t seed) {
  const Bytes bytes(32, std::byte{seed});
  return *Cosigner::create(name, *crypto::Ed25519PrivateKey::from_seed(bytes));
}

// Everything a log publishes, in memory: the files by their paths, the tiles for proofs.
class MemoryLog : public ResourceReader, public TileSource {
 public:
  void append(std::string_view entry) {
    const std::uint64_t index = frontier_.size().value;
    if (index % kTileWidth == 0) bundles_.emplace_back();
    REDOUBT_CHECK(append_entry(bundles_.back(), as_bytes(entry)));
    frontier_.append(leaf(entry), [&](unsigned level, const Hash& hash) { redoubt::append(levels_.at(level), hash); });
  }

  // Writes the files that are new since the last call, and the checkpoint.
  void publish(const NoteSigner& signer) {
    for_each_new_tile(published_, size(), [&](const TileId& id) {
      files[tile_path(id)] = *read_tile(id);
      if (id.level == 0) files[bundle_path(id.index, id.width)] = bundles_.at(id.index);
    });
    published_ = size();
    const auto note = sign_checkpoint({signer.name(), size(), frontier_.root(), {}}, signer);
    REDOUBT_CHECK(note);
    files["checkpoint"] = to_bytes(as_bytes(*note));
  }

  Result<Bytes> fetch(const std::string& path, std::uint64_t limit) override {
    const auto found = files.find(path);
    if (found == files.end()) return Error(Errc::kNotFound, "no such file");
    if (found->second.size() > limit) return Error(Errc::kTooLarge, "the file is too large");
    return found->second;
  }

  Result<Bytes> read_tile(const TileId& id) override {
    ++reads;
    const Bytes& level = levels_.at(id.level);
    const std::size_t begin = id.index * kFullTileSize;
    if (begin + id.size_bytes() > level.size()) return Error(Errc::kNotFound, "no such tile");
    return to_bytes(ByteView(level).subspan(begin, id.size_bytes()));
  }

  TreeSize size() const { return frontier_.size(); }
  const Frontier& frontier() const { return frontier_; }
  Bytes& level(unsigned l) { return levels_.at(l); }

  std::map<std::string, Bytes> files;
  std::size_t reads = 0;

 private:
  Frontier frontier_;
  TreeSize published_;
  std::array<Bytes, 8> levels_;
  std::vector<Bytes> bundles_;
};

}  // namespace redoubt::tlog::test
