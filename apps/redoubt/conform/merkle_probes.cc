#include "encoding/base64.h"
#include "redoubt/conform/checks.h"
#include "redoubt/conform/fields.h"
#include "tlog/proof.h"
#include "tlog/subtree_proof.h"

namespace redoubt::app::conform {
namespace {

// What is no hash at all cannot be given to the functions under test, which take hashes: refusing to convert it is the
// refusal that the probe wants.
Result<tlog::Hash> hash_of(std::string_view base64) {
  const Result<Bytes> bytes = encoding::base64_decode(base64);
  if (!bytes) return bytes.error();
  const auto hash = to_hash(*bytes);
  if (!hash) return Error(Errc::kMalformed, "not a hash");
  return *hash;
}

struct Hashes {
  std::vector<tlog::Hash> proof;
  tlog::Hash first{};   // the leaf, the older root or the subtree's
  tlog::Hash second{};  // the root
};

Result<Hashes> hashes_of(std::string_view first, std::string_view second, const std::vector<std::string_view>& proof) {
  Hashes out;
  for (const std::string_view item : proof) {
    const Result<tlog::Hash> hash = hash_of(item);
    if (!hash) return hash.error();
    out.proof.push_back(*hash);
  }
  const Result<tlog::Hash> one = hash_of(first);
  const Result<tlog::Hash> two = hash_of(second);
  if (!one) return one.error();
  if (!two) return two.error();
  out.first = *one;
  out.second = *two;
  return out;
}

// The verdict on the probe's proof. An error of `probe` itself shows in its done().
Result<> verdict(std::string_view kind, Fields& probe) {
  const bool of_leaf = kind.ends_with("inclusion");
  const Result<Hashes> hashes = hashes_of(probe.text(of_leaf ? "leafHash" : "root1"),
                                          probe.text(of_leaf ? "root" : "root2"), probe.texts("proof"));
  // Read before anything is decided, so that no member is left unread.
  tlog::LeafIndex leaf;
  tlog::TreeSize sizes[2];
  tlog::Subtree subtree;
  if (of_leaf) leaf.value = probe.number("leafIdx");
  if (kind.starts_with("subtree")) subtree = {probe.number("start"), probe.number("end")};
  if (kind == "inclusion") sizes[0].value = probe.number("treeSize");
  if (kind == "subtreeconsistency") sizes[0].value = probe.number("size");
  if (kind == "consistency") {
    sizes[0].value = probe.number("size1");
    sizes[1].value = probe.number("size2");
  }
  if (!hashes) return hashes.error();
  const auto& [proof, first, second] = *hashes;
  if (kind == "inclusion") return tlog::verify_inclusion(first, leaf, sizes[0], proof, second);
  if (kind == "consistency") return tlog::verify_consistency(sizes[0], sizes[1], proof, first, second);
  if (kind == "subtreeinclusion") return tlog::verify_subtree_inclusion(first, leaf, subtree, proof, second);
  return tlog::verify_subtree_consistency(subtree, sizes[0], proof, first, second);
}

Result<> check(std::string_view kind, const std::string& json) {
  encoding::JsonReader reader;
  const auto root = reader.parse(json);
  if (!root) return root.error();
  Fields probe(*root);
  const Result<> outcome = verdict(kind, probe);
  const bool wanted = !probe.flag("wantErr");
  probe.ignore("desc");
  if (const Result<> read = probe.done(); !read) return read.error();
  if (outcome.has_value() == wanted) return {};
  if (outcome) return Error(Errc::kVerifyFailed, "accepted, but must be refused");
  return outcome.error().in("refused, but must be accepted");
}

}  // namespace

void check_merkle_probes(DataSet& set) {
  for (const std::string& path : set.files()) {
    const std::string kind = path.substr(0, path.find('/'));
    if (kind != "inclusion" && kind != "consistency" && kind != "subtreeinclusion" && kind != "subtreeconsistency") {
      continue;
    }
    const Result<std::string> json = set.text(path);
    set.record(path, json ? check(kind, *json) : Result<>(json.error()));
  }
}

}  // namespace redoubt::app::conform
