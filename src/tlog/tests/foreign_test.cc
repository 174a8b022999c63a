// Data that other implementations made: what they accept and refuse, we accept and refuse.
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <optional>
#include <set>

#include "base/file.h"
#include "encoding/base64.h"
#include "encoding/json_reader.h"
#include "tlog/checkpoint.h"
#include "tlog/cosignature.h"
#include "tlog/log_verifier.h"
#include "tlog/note.h"
#include "tlog/proof.h"
#include "tlog/proof_file.h"
#include "tlog/tests/support.h"

namespace redoubt::tlog {
namespace {

namespace dom = simdjson::dom;

class Foreign : public ::testing::Test {
 protected:
  // Skips the test when the set is not there.
  void use(const std::string& set) {
    folder_ = test::data_folder() + set;
    if (!test::exists(folder_)) GTEST_SKIP() << "no test data at " << folder_ << " (set REDOUBT_DATA)";
  }
  std::string path(const std::string& name) const { return folder_ + "/" + name; }
  std::string text(const std::string& name) const { return test::read_text(path(name)); }
  dom::object json(const std::string& name) {
    content_ = text(name);
    const auto root = reader_.parse(content_);
    EXPECT_TRUE(root) << name;
    return root->get_object().value();
  }

  std::string folder_;
  std::string content_;
  encoding::JsonReader reader_;
  PosixFileSystem fs_;
};

std::string_view string_of(const dom::object& object, const char* name) {
  return object[name].get_string().value();
}

// By value, for a range-for would not keep the temporary alive.
dom::array array_of(const dom::element& element) {
  return element.get_array().value();
}

// A hash in base64; nothing when it has another length, as in cases that are meant to be refused.
std::optional<Hash> hash_of(std::string_view base64) {
  const auto bytes = encoding::base64_decode(base64);
  if (!bytes || bytes->size() != kHashSize) return std::nullopt;
  return test::to_hash(*bytes);
}

std::optional<std::vector<Hash>> hashes_of(const dom::object& object, const char* name) {
  std::vector<Hash> hashes;
  const dom::element element = object[name].value();
  if (element.is_null()) return hashes;
  for (const dom::element item : array_of(element)) {
    const auto hash = hash_of(item.is_null() ? "" : item.get_string().value());
    if (!hash) return std::nullopt;
    hashes.push_back(*hash);
  }
  return hashes;
}

std::vector<std::string> files_below(const std::string& folder) {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) files.push_back(entry.path().string().substr(folder.size() + 1));
  }
  std::sort(files.begin(), files.end());
  return files;
}

// transparency-dev/merkle's probes. Values that are no hash at all cannot be given to our functions, which take
// hashes; refusing to convert them is the refusal that is wanted.
TEST_F(Foreign, InclusionProbesGetTheRightVerdict) {
  use("merkle-probes/inclusion");
  if (IsSkipped()) return;
  int accepted = 0;
  int refused = 0;
  for (const std::string& name : files_below(folder_)) {
    const dom::object probe = json(name);
    const auto leaf = hash_of(string_of(probe, "leafHash"));
    const auto root = hash_of(string_of(probe, "root"));
    const auto proof = hashes_of(probe, "proof");
    const bool holds = leaf && root && proof &&
                       verify_inclusion(*leaf, {probe["leafIdx"].get_uint64().value()},
                                        {probe["treeSize"].get_uint64().value()}, *proof, *root)
                           .has_value();
    EXPECT_EQ(holds, !probe["wantErr"].get_bool().value()) << name;
    ++(holds ? accepted : refused);
  }
  EXPECT_GE(accepted, 3);
  EXPECT_GE(refused, 40);
}

TEST_F(Foreign, ConsistencyProbesGetTheRightVerdict) {
  use("merkle-probes/consistency");
  if (IsSkipped()) return;
  int accepted = 0;
  int refused = 0;
  for (const std::string& name : files_below(folder_)) {
    const dom::object probe = json(name);
    const auto old_root = hash_of(string_of(probe, "root1"));
    const auto new_root = hash_of(string_of(probe, "root2"));
    const auto proof = hashes_of(probe, "proof");
    const bool holds = old_root && new_root && proof &&
                       verify_consistency({probe["size1"].get_uint64().value()}, {probe["size2"].get_uint64().value()},
                                          *proof, *old_root, *new_root)
                           .has_value();
    EXPECT_EQ(holds, !probe["wantErr"].get_bool().value()) << name;
    ++(holds ? accepted : refused);
  }
  EXPECT_GE(accepted, 4);
  EXPECT_GE(refused, 50);
}

// The eight leaves of the Certificate Transparency tests, with roots and proofs by golang.org/x/mod/sumdb/tlog.
TEST_F(Foreign, EightLeavesHaveTheRootsAndProofsOfTheGoImplementation) {
  use("rfc6962-8-leaves");
  if (IsSkipped()) return;
  const dom::object vectors = json("vectors.json");
  const auto hex_hash = [](const dom::element& element) {
    return test::to_hash(*encoding::hex_decode(element.get_string().value()));
  };
  const auto hex_hashes = [&](const dom::element& element) {
    std::vector<Hash> hashes;
    for (const dom::element item : array_of(element)) hashes.push_back(hex_hash(item));
    return hashes;
  };
  test::MemoryLog log;
  std::vector<Hash> leaves;
  for (const dom::element item : array_of(vectors["leaves_hex"].value())) {
    const Bytes entry = *encoding::hex_decode(item.get_string().value());
    log.append(as_chars(entry));
    leaves.push_back(leaf_hash(entry));
  }
  ASSERT_EQ(leaves.size(), 8U);
  EXPECT_EQ(leaves, hex_hashes(vectors["leaf_hashes_hex"].value()));
  const auto roots = hex_hashes(vectors["roots_hex_size_1_to_8"].value());
  ASSERT_EQ(roots.size(), 8U);
  for (std::uint64_t size = 1; size <= 8; ++size) EXPECT_EQ(*tree_root(log, {size}), roots[size - 1]) << size;
  std::size_t count = 0;
  for (const dom::element item : array_of(vectors["inclusion"].value())) {
    const LeafIndex index{item["index"].get_uint64().value()};
    const TreeSize size{item["size"].get_uint64().value()};
    const auto proof = hex_hashes(item["proof"].value());
    EXPECT_EQ(*inclusion_proof(log, index, size), proof);
    EXPECT_TRUE(verify_inclusion(leaves[index.value], index, size, proof, roots[size.value - 1]));
    ++count;
  }
  EXPECT_EQ(count, 36U);
  count = 0;
  for (const dom::element item : array_of(vectors["consistency"].value())) {
    const TreeSize from{item["size1"].get_uint64().value()};
    const TreeSize to{item["size2"].get_uint64().value()};
    const auto proof = hex_hashes(item["proof"].value());
    EXPECT_EQ(*consistency_proof(log, from, to), proof);
    EXPECT_TRUE(verify_consistency(from, to, proof, roots[from.value - 1], roots[to.value - 1]));
    ++count;
  }
  EXPECT_EQ(count, 36U);
}

TEST_F(Foreign, TesseraLogVerifiesAtEachOfItsCheckpoints) {
  use("tessera-log-15");
  if (IsSkipped()) return;
  std::string vkey = text("vkey.txt");
  vkey.erase(vkey.find_last_not_of(" \n") + 1);
  const auto key = VerifierKey::parse(vkey);
  ASSERT_TRUE(key) << key.error().message();
  DirectoryReader reader(fs_, folder_);
  test::FileTiles tiles(reader);
  std::vector<Checkpoint> checkpoints;
  for (std::uint64_t size = 0; size <= 10; ++size) {
    const std::string note = text("checkpoint." + std::to_string(size));
    const auto report = verify_log(reader, *key, note);
    ASSERT_TRUE(report) << size << ": " << report.error().message();
    EXPECT_EQ(report->checkpoint.size.value, size);
    EXPECT_TRUE(report->origin_is_key_name);
    EXPECT_EQ(*tree_root(tiles, {size}), report->checkpoint.root);
    checkpoints.push_back(report->checkpoint);
    // What Tessera wrote is what we would write.
    EXPECT_TRUE(note.starts_with(*format_checkpoint(report->checkpoint) + "\n"));
  }
  for (const Checkpoint& from : checkpoints) {
    for (const Checkpoint& to : checkpoints) {
      if (from.size > to.size) continue;
      const auto proof = consistency_proof(tiles, from.size, to.size);
      ASSERT_TRUE(proof);
      EXPECT_TRUE(verify_consistency(from.size, to.size, *proof, from.root, to.root));
    }
  }
}

TEST_F(Foreign, TesseraLogIsRefusedAfterAnyChangeOfAByteOfItsFiles) {
  use("tessera-log-15");
  if (IsSkipped()) return;
  std::string vkey = text("vkey.txt");
  vkey.erase(vkey.find_last_not_of(" \n") + 1);
  const auto key = VerifierKey::parse(vkey);
  ASSERT_TRUE(key);
  DirectoryReader reader(fs_, folder_);
  std::set<std::string> altered;
  for (unsigned size = 1; size <= 10; ++size) {
    const std::string note = text("checkpoint." + std::to_string(size));
    for (const std::string& name : {tile_path({0, 0, size}), bundle_path(0, size)}) {
      const auto bytes = reader.fetch(name, kMaxBundleSize);
      ASSERT_TRUE(bytes) << name;
      for (std::size_t position = 0; position < bytes->size(); ++position) {
        test::AlteringReader changed(reader, name, position);
        const auto refused = verify_log(changed, *key, note);
        ASSERT_FALSE(refused) << name << " at " << position;
        ASSERT_EQ(refused.error().code(), Errc::kVerifyFailed);
      }
      altered.insert(name);
    }
    std::string changed = note;
    changed[changed.find('\n') + 1] ^= 1;
    EXPECT_FALSE(verify_log(reader, *key, changed));
  }
  EXPECT_EQ(altered.size(), 20U);
}

// Tiles that hash to the checkpoint's root, over bundles that are placeholders.
TEST_F(Foreign, MirroredTilesHaveTheCheckpointsRootButTheirBundlesAreRefused) {
  use("skylight-mirror-300/witness/mirror");
  if (IsSkipped()) return;
  std::string log_folder;
  for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
    if (entry.is_directory()) log_folder = entry.path();
  }
  ASSERT_FALSE(log_folder.empty());
  DirectoryReader reader(fs_, log_folder);
  const auto note = parse_note(test::read_text(log_folder + "/checkpoint"));
  ASSERT_TRUE(note) << note.error().message();
  const auto checkpoint = parse_checkpoint(note->text);
  ASSERT_TRUE(checkpoint) << checkpoint.error().message();
  EXPECT_EQ(checkpoint->size.value, 300U);
  test::FileTiles tiles(reader);
  EXPECT_EQ(*tree_root(tiles, checkpoint->size), checkpoint->root);
  for (const std::uint64_t index : {0, 255, 256, 299}) {
    const Bytes tile = *tiles.read_tile({0, index / 256, tile_width(0, index / 256, checkpoint->size)});
    const Hash leaf = test::to_hash(ByteView(tile).subspan(index % 256 * kHashSize, kHashSize));
    const auto proof = inclusion_proof(tiles, {index}, checkpoint->size);
    ASSERT_TRUE(proof);
    EXPECT_TRUE(verify_inclusion(leaf, {index}, checkpoint->size, *proof, checkpoint->root));
  }

  // Only a mirror signed it, with a cosignature, which holds.
  const std::string mirror_json = text("mirror.v0.json");
  const std::size_t key_begin = mirror_json.find("mirror.example.org+");
  ASSERT_NE(key_begin, std::string::npos);
  const auto mirror = VerifierKey::parse(mirror_json.substr(key_begin, mirror_json.find('"', key_begin) - key_begin));
  ASSERT_TRUE(mirror) << mirror.error().message();
  const auto cosigned = check_cosignatures(*note, {&*mirror, 1});
  ASSERT_TRUE(cosigned) << cosigned.error().message();
  EXPECT_EQ(cosigned->verified, (std::vector<Cosignature>{{0, 0x69546780, 0}}));
  Note later = *note;
  later.signatures[0].signature[7] ^= std::byte{1};
  EXPECT_EQ(check_cosignatures(later, {&*mirror, 1}).error().code(), Errc::kVerifyFailed);

  // Signed anew, to reach the entries.
  const NoteSigner signer = test::make_signer("rome2026h1.example.org");
  EXPECT_EQ(verify_log(reader, signer.verifier_key()).error().code(), Errc::kVerifyFailed);
  const auto refused = verify_log(reader, signer.verifier_key(), *sign_checkpoint(*checkpoint, signer));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Errc::kVerifyFailed);
  EXPECT_TRUE(refused.error().message().starts_with("tile/entries/000: ")) << refused.error().message();
}

// Three full tiles of leaf hashes from a Certificate Transparency log; the level above is made from them.
TEST_F(Foreign, CertificateTransparencyTilesGiveProofsThatHold) {
  use("navigli2025h2");
  if (IsSkipped()) return;
  class Tiles : public TileSource {
   public:
    Result<Bytes> read_tile(const TileId& id) override {
      const Bytes& level = id.level == 0 ? leaves : roots;
      return to_bytes(ByteView(level).subspan(id.index * kFullTileSize, id.size_bytes()));
    }
    Bytes leaves;
    Bytes roots;
  };
  Tiles tiles;
  Frontier frontier;
  DirectoryReader reader(fs_, folder_);
  for (std::uint64_t index = 0; index < 3; ++index) {
    const auto bytes = reader.fetch(tile_path({0, index, kTileWidth}), kFullTileSize);
    ASSERT_TRUE(bytes) << bytes.error().message();
    ASSERT_EQ(bytes->size(), kFullTileSize);
    append(tiles.leaves, *bytes);
    for (unsigned i = 0; i < kTileWidth; ++i) {
      frontier.append(test::to_hash(ByteView(*bytes).subspan(i * kHashSize, kHashSize)),
                      [&](unsigned level, const Hash& hash) {
                        if (level == 1) append(tiles.roots, hash);
                      });
    }
  }
  for (const std::uint64_t from : {1, 255, 256, 300, 512, 767, 768}) {
    const auto proof = consistency_proof(tiles, {from}, {768});
    ASSERT_TRUE(proof);
    EXPECT_TRUE(verify_consistency({from}, {768}, *proof, *tree_root(tiles, {from}), frontier.root())) << from;
  }
}

TEST_F(Foreign, StandardsExamplesAreReadAsFarAsTheyAreComplete) {
  use("c2sp-examples");
  if (IsSkipped()) return;
  const auto poem = parse_note(text("signed-note-0.txt"));
  ASSERT_TRUE(poem) << poem.error().message();
  EXPECT_TRUE(poem->text.ends_with("subito sera.\n"));
  ASSERT_EQ(poem->signatures.size(), 1U);
  EXPECT_EQ(poem->signatures[0].key_name, "quasimodo.example/salvatore");
  EXPECT_EQ(poem->signatures[0].key_id.value, 0x367ba04bU);
  EXPECT_EQ(poem->signatures[0].signature.size(), 64U);

  std::string vkey = text("signed-note.vkey");
  vkey.erase(vkey.find_last_not_of(" \n") + 1);
  const auto key = VerifierKey::parse(vkey);
  ASSERT_TRUE(key) << key.error().message();
  EXPECT_EQ(key->format(), vkey);
  const std::string message = text("signed-note-1.txt");
  const auto verified = verify_note(message, {&*key, 1});
  ASSERT_TRUE(verified) << verified.error().message();
  EXPECT_EQ(verified->note.text, "This is an example message.\n");
  std::string changed = message;
  changed[0] = 't';
  EXPECT_EQ(verify_note(changed, {&*key, 1}).error().code(), Errc::kVerifyFailed);

  const auto checkpoint_note = parse_note(text("tlog-checkpoint-0.txt"));
  ASSERT_TRUE(checkpoint_note);
  const auto checkpoint = parse_checkpoint(checkpoint_note->text);
  ASSERT_TRUE(checkpoint);
  EXPECT_EQ(checkpoint->origin, "example.com/behind-the-sofa");
  EXPECT_EQ(checkpoint->size.value, 20'852'163U);

  // The example's signatures are elided, and so is most of its inclusion proof.
  const auto file = parse_proof_file(text("tlog-proof-0.txt"));
  ASSERT_TRUE(file) << file.error().message();
  ASSERT_TRUE(file->extra);
  EXPECT_TRUE(as_chars(*file->extra).starts_with("age-v1.2.1-darwin-arm64.tar.gz"));
  EXPECT_EQ(file->index.value, 73'894U);
  EXPECT_EQ(file->proof.size(), 5U);
  EXPECT_FALSE(parse_note(file->checkpoint));
  const std::size_t blank = file->checkpoint.find("\n\n");
  EXPECT_EQ(parse_checkpoint(file->checkpoint.substr(0, blank + 1))->size.value, 109'482U);
}

// Sigstore's Rekor v2: the log's Ed25519 key from the trusted root; witness lines have no known key.
TEST_F(Foreign, RekorCheckpointsAndInclusionProofsVerifyWithTheTrustedRoot) {
  use("rekor2-bundles");
  if (IsSkipped()) return;
  const std::set<std::string> bad_checkpoints{
      "rekor2-checkpoint-missing-log-signature_fail", "rekor2-checkpoint-missing-root-hash_fail",
      "rekor2-checkpoint-missing-size_fail", "rekor2-checkpoint-no-matching-signature_fail"};
  int accepted = 0;
  int refused = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
    const std::string name = entry.path().filename();
    SCOPED_TRACE(name);
    if (!test::exists(path(name + "/trusted_root.json"))) continue;
    std::vector<VerifierKey> keys;
    for (const dom::element log : array_of(json(name + "/trusted_root.json")["tlogs"].value())) {
      if (log["publicKey"]["keyDetails"].get_string().value() != "PKIX_ED25519") continue;
      const Bytes der = *encoding::base64_decode(log["publicKey"]["rawBytes"].get_string().value());
      ASSERT_EQ(der.size(), 44U);  // RFC 8410 §4: twelve bytes of SubjectPublicKeyInfo, then the key
      crypto::Ed25519PublicKey public_key;
      std::copy(der.end() - 32, der.end(), public_key.begin());
      const std::string url(log["baseUrl"].get_string().value());
      keys.push_back(*VerifierKey::ed25519(url.substr(url.find("//") + 2), public_key));
      // Rekor's log id is the whole digest of which a note's key id is the beginning.
      const Bytes log_id = *encoding::base64_decode(log["logId"]["keyId"].get_string().value());
      EXPECT_EQ(keys.back().id().value, load_be<std::uint32_t>(log_id));
    }
    ASSERT_FALSE(keys.empty());
    const dom::array entries =
        json(name + "/bundle.sigstore.json")["verificationMaterial"]["tlogEntries"].get_array().value();
    for (const dom::element log_entry : entries) {
      dom::object inclusion;
      if (log_entry["inclusionProof"].get(inclusion) != simdjson::SUCCESS) continue;
      const std::string_view note = inclusion["checkpoint"]["envelope"].get_string().value();
      const auto checkpoint = open_checkpoint(note, keys);
      EXPECT_EQ(checkpoint.has_value(), !bad_checkpoints.contains(name));
      if (!checkpoint) {
        ++refused;
        continue;
      }
      ++accepted;
      const Bytes body = *encoding::base64_decode(log_entry["canonicalizedBody"].get_string().value());
      const LeafIndex index{std::stoull(std::string(inclusion["logIndex"].get_string().value()))};
      const auto proof = hashes_of(inclusion, "hashes");
      ASSERT_TRUE(proof);
      const Result<> held = verify_inclusion(leaf_hash(body), index, checkpoint->size, *proof, checkpoint->root);
      EXPECT_TRUE(held) << held.error().message();
      EXPECT_FALSE(verify_inclusion(leaf_hash(as_bytes("x")), index, checkpoint->size, *proof, checkpoint->root));

      // The same as a proof file.
      const auto file = format_proof_file({std::nullopt, index, *proof, std::string(note)});
      ASSERT_TRUE(file);
      EXPECT_TRUE(verify_proof_file(*file, leaf_hash(body), keys));
    }
  }
  EXPECT_GE(accepted, 10);
  EXPECT_EQ(refused, 4);
}

}  // namespace
}  // namespace redoubt::tlog
