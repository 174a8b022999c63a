#include "encoding/base64.h"
#include "redoubt/conform/checks.h"
#include "redoubt/conform/fields.h"
#include "tlog/frontier.h"
#include "tlog/proof.h"

namespace redoubt::app::conform {
namespace {

// The one tile of a tree too small to have others.
class SmallTree final : public tlog::TileSource {
 public:
  Result<> append(ByteView entry) {
    if (leaves_.size() + 1 >= tlog::kTileWidth) return Error(Errc::kTooLarge, "more leaves than one partial tile has");
    leaves_.push_back(tlog::leaf_hash(entry));
    frontier_.append(leaves_.back());
    roots_.push_back(frontier_.root());
    return {};
  }

  Result<Bytes> read_tile(const tlog::TileId& id) override {
    if (id.level != 0 || id.index != 0 || id.width > leaves_.size()) return Error(Errc::kNotFound, "no such tile");
    Bytes tile;
    for (unsigned i = 0; i < id.width; ++i) redoubt::append(tile, leaves_[i]);
    return tile;
  }

  const std::vector<tlog::Hash>& leaves() const { return leaves_; }
  const std::vector<tlog::Hash>& roots() const { return roots_; }  // of the trees of 1, 2, … leaves

 private:
  std::vector<tlog::Hash> leaves_;
  std::vector<tlog::Hash> roots_;
  tlog::Frontier frontier_;
};

Result<std::vector<tlog::Hash>> hashes_of(const std::vector<std::string_view>& texts) {
  std::vector<tlog::Hash> hashes;
  for (const std::string_view text : texts) {
    const Result<Bytes> bytes = encoding::hex_decode(text);
    if (!bytes) return bytes.error();
    const auto hash = to_hash(*bytes);
    if (!hash) return Error(Errc::kMalformed, "`" + std::string(text) + "` is not a hash");
    hashes.push_back(*hash);
  }
  return hashes;
}

Result<> compare(const Result<std::vector<tlog::Hash>>& theirs, const Result<std::vector<tlog::Hash>>& ours) {
  if (!theirs) return theirs.error();
  if (!ours) return ours.error();
  if (*theirs != *ours) return Error(Errc::kVerifyFailed, "other hashes than ours");
  return {};
}

Result<> check_inclusion(simdjson::dom::element vector, SmallTree& tree) {
  Fields fields(vector);
  const tlog::LeafIndex index{fields.number("index")};
  const tlog::TreeSize size{fields.number("size")};
  const auto proof = hashes_of(fields.texts("proof"));
  if (const Result<> read = fields.done(); !read) return read.error();
  if (const Result<> same = compare(proof, tlog::inclusion_proof(tree, index, size)); !same) return same.error();
  return tlog::verify_inclusion(tree.leaves()[index.value], index, size, *proof, tree.roots()[size.value - 1]);
}

Result<> check_consistency(simdjson::dom::element vector, SmallTree& tree) {
  Fields fields(vector);
  const tlog::TreeSize from{fields.number("size1")};
  const tlog::TreeSize to{fields.number("size2")};
  const auto proof = hashes_of(fields.texts("proof"));
  if (const Result<> read = fields.done(); !read) return read.error();
  if (from.value == 0) return Error(Errc::kUnsupported, "not understood: a proof from the empty tree");
  if (const Result<> same = compare(proof, tlog::consistency_proof(tree, from, to)); !same) return same.error();
  return tlog::verify_consistency(from, to, *proof, tree.roots()[from.value - 1], tree.roots()[to.value - 1]);
}

Result<> check_file(DataSet& set, const std::string& path) {
  const Result<std::string> json = set.text(path);
  if (!json) return json.error();
  encoding::JsonReader reader;
  const auto root = reader.parse(*json);
  if (!root) return root.error();
  Fields fields(*root);
  const auto entries = fields.texts("leaves_hex");
  const auto leaves = hashes_of(fields.texts("leaf_hashes_hex"));
  const auto roots = hashes_of(fields.texts("roots_hex_size_1_to_" + std::to_string(entries.size())));
  const auto inclusion = fields.items("inclusion");
  const auto consistency = fields.items("consistency");
  if (const Result<> read = fields.done(); !read) return read.error();
  SmallTree tree;
  for (const std::string_view entry : entries) {
    const Result<Bytes> bytes = encoding::hex_decode(entry);
    if (!bytes) return bytes.error();
    if (const Result<> appended = tree.append(*bytes); !appended) return appended.error();
  }
  set.record(path + " leaf hashes", compare(leaves, tree.leaves()));
  set.record(path + " roots", compare(roots, tree.roots()));
  for (std::size_t i = 0; i < inclusion.size(); ++i) {
    set.record(path + " inclusion " + std::to_string(i), check_inclusion(inclusion[i], tree));
  }
  for (std::size_t i = 0; i < consistency.size(); ++i) {
    set.record(path + " consistency " + std::to_string(i), check_consistency(consistency[i], tree));
  }
  return {};
}

}  // namespace

void check_tree_vectors(DataSet& set) {
  for (const std::string& path : set.files()) {
    if (!path.ends_with(".json")) continue;
    if (const Result<> checked = check_file(set, path); !checked) set.record(path, checked);
  }
}

}  // namespace redoubt::app::conform
