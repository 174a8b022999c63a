#include <algorithm>
#include <cctype>

#include "encoding/base64.h"
#include "redoubt/conform/checks.h"
#include "redoubt/conform/fields.h"
#include "tlog/checkpoint.h"
#include "tlog/proof.h"

namespace redoubt::app::conform {
namespace {

namespace dom = simdjson::dom;

constexpr std::string_view kBundleName = "bundle.sigstore.json";

// What the verification of a bundle's log entry needs of the bundle (protobuf-specs, sigstore_bundle and
// sigstore_rekor).
struct LogEntry {
  Bytes log_id;  // SHA-256 of what identifies the log's key; a note's key id is its beginning
  Bytes body;    // what the log hashed
  bool has_proof = false;
  std::uint64_t index = 0;
  std::uint64_t size = 0;
  Bytes root;
  std::vector<tlog::Hash> hashes;
  std::string checkpoint;
};

// Numbers are strings in protobuf's JSON.
bool read_number(const dom::object& object, const char* name, std::uint64_t& value) {
  return parse_number(encoding::string_member(object, name), value);
}

bool read_base64(const dom::object& object, const char* name, Bytes& value) {
  auto bytes = encoding::base64_decode(encoding::string_member(object, name));
  if (!bytes) return false;
  value = *std::move(bytes);
  return !value.empty();
}

Error malformed(const std::string& name) {
  return {Errc::kMalformed, "not understood: `" + name + "` of a log entry"};
}

Result<LogEntry> parse_entry(dom::element element) {
  LogEntry out;
  dom::object entry;
  dom::object log_id;
  if (element.get(entry) != simdjson::SUCCESS) return malformed("tlogEntries");
  if (entry["logId"].get(log_id) != simdjson::SUCCESS || !read_base64(log_id, "keyId", out.log_id) ||
      out.log_id.size() != tlog::kHashSize) {
    return malformed("logId");
  }
  if (!read_base64(entry, "canonicalizedBody", out.body)) return malformed("canonicalizedBody");
  dom::element member;
  if (entry["inclusionProof"].get(member) != simdjson::SUCCESS) return out;
  out.has_proof = true;
  dom::object proof;
  dom::object checkpoint;
  if (member.get(proof) != simdjson::SUCCESS) return malformed("inclusionProof");
  if (proof["checkpoint"].get(checkpoint) != simdjson::SUCCESS) return malformed("checkpoint");
  out.checkpoint = encoding::string_member(checkpoint, "envelope");
  if (!read_number(proof, "logIndex", out.index)) return malformed("logIndex");
  if (!read_number(proof, "treeSize", out.size)) return malformed("treeSize");
  if (!read_base64(proof, "rootHash", out.root)) return malformed("rootHash");
  dom::array hashes;
  if (proof["hashes"].get(hashes) != simdjson::SUCCESS) return out;  // a tree of one entry needs none
  for (const dom::element item : hashes) {
    std::string_view text;
    if (item.get(text) != simdjson::SUCCESS) return malformed("hashes");
    const auto bytes = encoding::base64_decode(text);
    const auto hash = bytes ? to_hash(*bytes) : std::nullopt;
    if (!hash) return malformed("hashes");
    out.hashes.push_back(*hash);
  }
  return out;
}

Result<std::vector<LogEntry>> parse_bundle(const std::string& json) {
  encoding::JsonReader reader;
  const auto root = reader.parse(json);
  if (!root) return root.error();
  dom::array elements;
  if (root->at_pointer("/verificationMaterial/tlogEntries").get(elements) != simdjson::SUCCESS) {
    return Error(Errc::kMalformed, "not understood: no `verificationMaterial.tlogEntries`");
  }
  std::vector<LogEntry> entries;
  for (const dom::element element : elements) {
    auto entry = parse_entry(element);
    if (!entry) return entry.error();
    entries.push_back(*std::move(entry));
  }
  return entries;
}

// An Ed25519 SubjectPublicKeyInfo is these twelve bytes and the key (RFC 8410 §4).
constexpr std::string_view kEd25519Prefix("\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00", 12);

// The logs' Ed25519 keys, under the names with which Rekor v2 signs: the URLs without scheme. Logs with keys of other
// kinds are older ones, whose checkpoints have no signature that is read here.
Result<std::vector<tlog::VerifierKey>> log_keys(const std::string& json) {
  encoding::JsonReader reader;
  const auto root = reader.parse(json);
  if (!root) return root.error();
  dom::array logs;
  if ((*root)["tlogs"].get(logs) != simdjson::SUCCESS) return Error(Errc::kMalformed, "not understood: no `tlogs`");
  std::vector<tlog::VerifierKey> keys;
  for (const dom::element log : logs) {
    dom::object description;
    dom::object key;
    if (log.get(description) != simdjson::SUCCESS || description["publicKey"].get(key) != simdjson::SUCCESS) {
      return Error(Errc::kMalformed, "not understood: a log without `publicKey`");
    }
    if (encoding::string_member(key, "keyDetails") != "PKIX_ED25519") continue;
    Bytes der;
    crypto::Ed25519PublicKey public_key;
    if (!read_base64(key, "rawBytes", der) || !as_chars(der).starts_with(kEd25519Prefix) ||
        der.size() != kEd25519Prefix.size() + public_key.size()) {
      return Error(Errc::kMalformed, "not understood: a log's Ed25519 key");
    }
    std::copy_n(der.begin() + kEd25519Prefix.size(), public_key.size(), public_key.begin());
    std::string_view url = encoding::string_member(description, "baseUrl");
    if (const std::size_t scheme = url.find("://"); scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
    if (url.ends_with('/')) url.remove_suffix(1);
    auto parsed = tlog::VerifierKey::ed25519(std::string(url), public_key);
    if (!parsed) return parsed.error();
    keys.push_back(*std::move(parsed));
  }
  if (keys.empty()) return Error(Errc::kMalformed, "not understood: no log with an Ed25519 key");
  return keys;
}

// Without the log's key a signature cannot be verified; whose it claims to be can be seen.
Result<tlog::Checkpoint> unverified_checkpoint(const LogEntry& entry) {
  const auto note = tlog::parse_note(entry.checkpoint);
  if (!note) return note.error();
  const auto by_log = [&](const tlog::NoteSignature& signature) {
    return signature.key_id.value == load_be<std::uint32_t>(entry.log_id);
  };
  if (std::none_of(note->signatures.begin(), note->signatures.end(), by_log)) {
    return Error(Errc::kVerifyFailed, "no signature claims to be of the log's key");
  }
  return tlog::parse_checkpoint(note->text);
}

// That the checkpoint is the log's, and holds the entry.
Result<> verify(const LogEntry& entry, const std::optional<std::vector<tlog::VerifierKey>>& keys) {
  if (!entry.has_proof) return Error(Errc::kVerifyFailed, "no inclusion proof");
  const auto checkpoint = keys ? tlog::open_checkpoint(entry.checkpoint, *keys) : unverified_checkpoint(entry);
  if (!checkpoint) return checkpoint.error();
  if (entry.size != checkpoint->size.value || to_hash(entry.root) != checkpoint->root) {
    return Error(Errc::kVerifyFailed, "the proof is for another tree than the checkpoint's");
  }
  return tlog::verify_inclusion(tlog::leaf_hash(entry.body), {entry.index}, checkpoint->size, entry.hashes,
                                checkpoint->root);
}

// A bundle fails for what its README says: here only for what concerns the log. Bundles that fail for a timestamp, a
// certificate or the artifact's signature have a log entry as good as any.
bool concerns_the_log(std::string readme) {
  std::transform(readme.begin(), readme.end(), readme.begin(), [](unsigned char c) { return std::tolower(c); });
  return readme.find("checkpoint") != std::string::npos || readme.find("inclusion") != std::string::npos;
}

Result<> check(DataSet& set, const std::string& folder, const std::string& name) {
  const Result<std::string> bundle = set.text(folder + std::string(kBundleName));
  if (!bundle) return bundle.error();
  const auto entries = parse_bundle(*bundle);
  if (!entries) return entries.error();
  std::optional<std::vector<tlog::VerifierKey>> keys;
  if (const std::string path = folder + "trusted_root.json"; set.has(path)) {
    const Result<std::string> json = set.text(path);
    auto parsed = json ? log_keys(*json) : Result<std::vector<tlog::VerifierKey>>(json.error());
    if (!parsed) return parsed.error().in("trusted_root.json");
    keys = *std::move(parsed);
  } else {
    set.note(name, "the checkpoint's signature is not checked, only whose it claims to be: no trusted_root.json");
  }

  bool wanted = true;
  if (name.ends_with("_fail")) {
    const Result<std::string> readme = set.text(folder + "README");
    if (!readme) return Error(Errc::kUnsupported, "not understood: no README says what must fail");
    wanted = !concerns_the_log(*readme);
    if (wanted) set.note(name, "the log entry must verify: what fails is not the checkpoint or the inclusion proof");
  }
  Result<> outcome = entries->empty() ? Result<>(Error(Errc::kVerifyFailed, "no log entry")) : Result<>();
  for (const LogEntry& entry : *entries) {
    if (outcome) outcome = verify(entry, keys);
  }
  if (outcome.has_value() == wanted) return {};
  if (outcome) return Error(Errc::kVerifyFailed, "accepted, but must be refused");
  return outcome.error().in("refused, but must be accepted");
}

// What goes into parts of a bundle's verification that have nothing to do with the log.
bool is_input_of_other_parts(std::string_view name) {
  return name == "artifact" || name == "identity" || name == "issuer" || name == "key.pub";
}

}  // namespace

void check_rekor_bundles(DataSet& set) {
  for (const std::string& path : set.files()) {
    const std::string folder(folder_of(path));
    if (name_of(path) == kBundleName) {
      const std::string case_name = folder.empty() ? set.name() : folder.substr(0, folder.size() - 1);
      set.record(path, check(set, folder, case_name));
    } else if (is_input_of_other_parts(name_of(path))) {
      set.set_aside(path, "for parts of a bundle other than the log entry");
    }
  }
}

}  // namespace redoubt::app::conform
