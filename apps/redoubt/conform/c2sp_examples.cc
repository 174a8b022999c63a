#include <algorithm>
#include <bit>
#include <set>

#include "encoding/base64.h"
#include "redoubt/conform/checks.h"
#include "redoubt/conform/fields.h"
#include "tlog/checkpoint.h"
#include "tlog/proof_file.h"
#include "tlog/subtree_proof.h"
#include "tlog/trust_policy.h"

namespace redoubt::app::conform {
namespace {

constexpr std::string_view kSignatureStart = "\u2014 ";
constexpr std::string_view kElision = "[...]";

std::string_view take_line(std::string_view& text) {
  const std::string_view line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(line.size() + 1, text.size()));
  return line;
}

// An example as it is printed: signatures may be shortened in the middle.
struct Example {
  std::string text;        // without the shortened signature lines
  std::size_t elided = 0;  // how many they were
};

Example without_elided_signatures(std::string_view text) {
  Example out;
  while (!text.empty()) {
    const std::string_view line = take_line(text);
    if (line.starts_with(kSignatureStart) && line.find(kElision) != std::string_view::npos) {
      ++out.elided;
    } else {
      out.text.append(line).append("\n");
    }
  }
  return out;
}

// How many hashes SUBTREE_SUBPROOF(start, end, D_n, b) has (draft-ietf-plants-merkle-tree-certs, "Generating a Subtree
// Consistency Proof"). Precondition: a subtree that is not empty, within the tree.
std::size_t subproof_length(std::uint64_t start, std::uint64_t end, std::uint64_t n, bool b) {
  if (start == 0 && end == n) return b ? 0 : 1;
  const std::uint64_t k = std::bit_floor(n - 1);
  if (end <= k) return 1 + subproof_length(start, end, k, b);
  if (k <= start) return 1 + subproof_length(start - k, end - k, n - k, b);
  return 1 + subproof_length(0, end - k, n - k, false);
}

class Examples {
 public:
  explicit Examples(DataSet& set) : set_(set) {}

  void run() {
    for (const std::string& path : set_.files()) {
      if (!path.ends_with(".vkey")) continue;
      if (const Result<> read = read_key(path); !read) set_.record(path, read);
    }
    for (const std::string& path : set_.files()) {
      if (!path.ends_with(".txt")) continue;
      const Result<std::string> text = set_.text(path);
      set_.record(path, text ? check(path, *text) : Result<>(text.error()));
    }
    for (std::size_t i = 0; i < keys_.size(); ++i) {
      set_.record(key_paths_[i], verified_with_.contains(i)
                                     ? Result<>()
                                     : Error(Errc::kVerifyFailed, "no example is signed with this key"));
    }
  }

 private:
  // Each key has one spelling, which ours must be.
  Result<> read_key(const std::string& path) {
    Result<std::string> text = set_.text(path, tlog::kMaxVerifierKeySize);
    if (!text) return text.error();
    text->resize(text->find_last_not_of("\r\n ") + 1);
    auto key = tlog::VerifierKey::parse(*text);
    if (!key) return key.error();
    if (key->format() != *text) return Error(Errc::kVerifyFailed, "written back otherwise");
    keys_.push_back(*std::move(key));
    key_paths_.push_back(path);
    return {};
  }

  Result<> check(const std::string& path, const std::string& text) {
    if (path.starts_with("signed-note-")) return check_note(path, text);
    if (path.starts_with("tlog-checkpoint-") || path.starts_with("tlog-cosignature-")) {
      const auto checkpoint = check_checkpoint(path, text);
      return checkpoint ? Result<>() : checkpoint.error();
    }
    if (path.starts_with("tlog-policy-")) {
      const auto policy = tlog::TrustPolicy::parse(text);
      return policy ? Result<>() : Result<>(policy.error());
    }
    if (path.starts_with("tlog-proof-")) return check_proof_file(path, text);
    if (path.starts_with("tlog-witness-")) return check_subtree_request(path, text);
    return Error(Errc::kUnsupported, "not understood: an example of another specification");
  }

  // A whole note verifies where a key is here; of the others the form is checked.
  Result<> check_note(const std::string& path, const std::string& text) {
    const Example example = without_elided_signatures(text);
    if (example.elided > 0) set_.note(path, std::to_string(example.elided) + " shortened signatures are not checked");
    if (example.elided > 0 && example.text.ends_with("\n\n")) return {};  // no signature is left
    const auto note = tlog::parse_note(example.text);
    if (!note) return note.error();
    const auto known = [&](const tlog::NoteSignature& signature) {
      return std::any_of(keys_.begin(), keys_.end(), [&](const tlog::VerifierKey& key) {
        return key.name() == signature.key_name && key.id() == signature.key_id;
      });
    };
    if (std::none_of(note->signatures.begin(), note->signatures.end(), known)) {
      set_.note(path, "only the note's form is checked: the key of its signature is not here");
      return {};
    }
    const auto verified = tlog::verify_note(example.text, keys_);
    if (!verified) return verified.error();
    verified_with_.insert(verified->verified.begin(), verified->verified.end());
    return {};
  }

  Result<tlog::Checkpoint> check_checkpoint(const std::string& path, const std::string& text) {
    if (const Result<> note = check_note(path, text); !note) return note.error();
    const std::size_t blank = text.find("\n\n");
    if (blank == std::string::npos) return Error(Errc::kMalformed, "no blank line ends the checkpoint's text");
    return tlog::parse_checkpoint(std::string_view(text).substr(0, blank + 1));
  }

  // A proof of something that is not in the example: its form, and its checkpoint.
  Result<> check_proof_file(const std::string& path, const std::string& text) {
    const auto file = tlog::parse_proof_file(text);
    if (!file) return file.error();
    set_.note(path, "the inclusion proof is not verified: the entry is not here");
    const auto checkpoint = check_checkpoint(path, file->checkpoint);
    if (!checkpoint) return checkpoint.error();
    if (file->index.value >= checkpoint->size.value)
      return Error(Errc::kVerifyFailed, "an index beyond the checkpoint");
    return {};
  }

  // C2SP tlog-witness, sign-subtree: `subtree START END`, the subtree's hash, cosignatures of it, the consistency
  // proof, an empty line and a checkpoint. The proof must hold, but for examples that are shortened and so not of a
  // real log: theirs must have the right length.
  Result<> check_subtree_request(const std::string& path, const std::string& text) {
    std::string_view rest = text;
    tlog::Subtree subtree;
    if (!parse_subtree_line(take_line(rest), subtree)) {
      return Error(Errc::kUnsupported, "not understood: no line `subtree START END`");
    }
    std::vector<tlog::Hash> hashes;  // the subtree's, then the proof
    for (std::string_view line = take_line(rest); !line.empty(); line = take_line(rest)) {
      if (line.starts_with(kSignatureStart)) {
        set_.note(path, "a cosignature of the subtree is not checked");
        continue;
      }
      const auto bytes = encoding::base64_decode(line);
      const auto hash = bytes ? to_hash(*bytes) : std::nullopt;
      if (!hash) return Error(Errc::kMalformed, "a proof line is not a hash");
      hashes.push_back(*hash);
    }
    if (hashes.empty()) return Error(Errc::kMalformed, "no subtree hash");
    const auto checkpoint = check_checkpoint(path, std::string(rest));
    if (!checkpoint) return checkpoint.error();
    const Result<> holds = tlog::verify_subtree_consistency(subtree, checkpoint->size, std::span(hashes).subspan(1),
                                                            hashes.front(), checkpoint->root);
    if (holds || text.find(kElision) == std::string::npos) return holds;
    if (!tlog::is_valid_subtree(subtree) || subtree.start == subtree.end || subtree.end > checkpoint->size.value ||
        hashes.size() != 1 + subproof_length(subtree.start, subtree.end, checkpoint->size.value, true)) {
      return holds;
    }
    set_.note(path, "of the consistency proof only the form is checked: its hashes are of no tree");
    return {};
  }

  static bool parse_subtree_line(std::string_view line, tlog::Subtree& subtree) {
    constexpr std::string_view kStart = "subtree ";
    if (!line.starts_with(kStart)) return false;
    line.remove_prefix(kStart.size());
    const std::size_t space = line.find(' ');
    return space != std::string_view::npos && parse_number(line.substr(0, space), subtree.start) &&
           parse_number(line.substr(space + 1), subtree.end);
  }

  DataSet& set_;
  std::vector<tlog::VerifierKey> keys_;
  std::vector<std::string> key_paths_;   // of each key
  std::set<std::size_t> verified_with_;  // positions in keys_
};

}  // namespace

void check_c2sp_examples(DataSet& set) {
  Examples(set).run();
}

}  // namespace redoubt::app::conform
