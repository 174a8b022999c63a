#include "attest/binding_batch.h"

#include <algorithm>
#include <array>

#include "attest/internal/fields.h"
#include "base/check.h"
#include "crypto/digest.h"
#include "tlog/proof.h"
#include "tlog/tile.h"

namespace redoubt::attest {

namespace {

constexpr std::size_t kCountSize = 8;
constexpr std::string_view kLabel = "redoubt attested batch v1";
static_assert(BindingBatch::kMax < tlog::kTileWidth);

// A tree of one tile, not full: there is none above it.
class OneTile final : public tlog::TileSource {
 public:
  explicit OneTile(std::span<const tlog::Hash> leaves) : leaves_(leaves) {}

  Result<Bytes> read_tile(const tlog::TileId& id) override {
    Bytes out;
    for (const tlog::Hash& each : leaves_.first(id.width)) append(out, each);
    return out;
  }

 private:
  std::span<const tlog::Hash> leaves_;
};

ReportData quoted_of(const tlog::Hash& root, tlog::TreeSize size) {
  std::array<std::byte, 8> count;
  store_be(count, size.value);
  const Bytes fields = join_fields({as_bytes(kLabel), root, count});
  ReportData out;
  std::ranges::copy(crypto::digest(crypto::HashAlgorithm::kSha512, fields).view(), out.begin());
  return out;
}

}  // namespace

Result<BindingBatch> BindingBatch::make(std::span<const ReportData> bindings) {
  if (bindings.empty()) return Error(Errc::kInvalidArgument, "a batch has a binding");
  if (bindings.size() > kMax) return Error(Errc::kTooLarge, "a batch has at most 128 bindings");
  BindingBatch out;
  for (const ReportData& each : bindings) out.leaves_.push_back(tlog::leaf_hash(each));
  OneTile tile(out.leaves_);
  const auto root = tlog::tree_root(tile, {out.leaves_.size()});
  if (!root) return root.error();
  out.root_ = *root;
  out.quoted_ = quoted_of(*root, {out.leaves_.size()});
  return out;
}

Bytes BindingBatch::statement() const {
  Bytes out = to_bytes(root_);
  std::array<std::byte, kCountSize> count;
  store_be(count, std::uint64_t{leaves_.size()});
  append(out, count);
  return out;
}

Result<BatchPlace> batch_of(ByteView statement) {
  BatchPlace out;
  if (statement.size() != out.root.size() + kCountSize) return Error(Errc::kMalformed, "that is the root of no batch");
  std::ranges::copy(statement.first(out.root.size()), out.root.begin());
  out.size = {load_be<std::uint64_t>(statement.subspan(out.root.size()))};
  if (out.size.value == 0 || out.size.value > BindingBatch::kMax) {
    return Error(Errc::kMalformed, "no batch has that size");
  }
  return out;
}

ReportData quoted_for_batch(const BatchPlace& batch) {
  return quoted_of(batch.root, batch.size);
}

BatchPlace BindingBatch::place(std::size_t index) const {
  REDOUBT_CHECK(index < leaves_.size());
  OneTile tile(leaves_);
  auto path = tlog::inclusion_proof(tile, {index}, {leaves_.size()});
  REDOUBT_CHECK(path.has_value());  // the tile is in memory
  return {.index = {index}, .size = {leaves_.size()}, .root = root_, .path = *std::move(path)};
}

Result<ReportData> quoted_for(const ReportData& binding, const BatchPlace& place) {
  if (place.size.value > BindingBatch::kMax) {
    return Error(Errc::kVerifyFailed, "the batch is larger than a batch may be");
  }
  const auto included =
      tlog::verify_inclusion(tlog::leaf_hash(binding), place.index, place.size, place.path, place.root);
  if (!included) return Error(Errc::kVerifyFailed, "the evidence is not for this channel: it is not in its batch");
  return quoted_of(place.root, place.size);
}

}  // namespace redoubt::attest
