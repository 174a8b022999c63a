// `redoubt ledger verify-proof`: one proof file, offline, with nothing but a key or a trust policy.
#include <algorithm>
#include <cstdio>

#include "base/file.h"
#include "encoding/base64.h"
#include "redoubt/commands.h"
#include "redoubt/verify_proof.h"
#include "tlog/cose_receipt.h"
#include "tlog/proof_file.h"

namespace redoubt::app {
namespace {

constexpr std::uint64_t kMaxRecordBytes = 65'535;  // what an entry bundle can hold

Result<Bytes> read(const std::string& path, std::uint64_t limit) {
  PosixFileSystem fs;
  return read_file(fs, path, limit);
}

Result<tlog::Hash> leaf_of(const VerifyProofOptions& options) {
  if (options.leaf.empty()) {
    const auto record = read(options.record_file, kMaxRecordBytes);
    if (!record) return record.error();
    return tlog::leaf_hash(*record);
  }
  const auto bytes = encoding::base64_decode(options.leaf);
  tlog::Hash leaf{};
  if (!bytes || bytes->size() != leaf.size()) {
    return Error(Errc::kInvalidArgument, "--leaf is the base64 of 32 bytes, as the receipt says after `leaf=`");
  }
  std::copy(bytes->begin(), bytes->end(), leaf.begin());
  return leaf;
}

// Of the log's keys that may have signed it. The tree's size is not under the signature, so of a key that was revoked
// nothing counts, from whichever size it was.
Result<ProvenEntry> verify_cose(const Common& common, const LedgerAccess& access, const tlog::Hash& leaf,
                                ByteView receipt) {
  if (!access.policy_file.empty()) {
    return Error(Errc::kInvalidArgument, "a receipt of COSE has no cosignatures: it is verified with the log's key");
  }
  auto history = signer_history(common, access);
  if (!history) return history.error();
  Error last(Errc::kVerifyFailed, "every key of the log was revoked");
  for (std::size_t i = 0; i < history->terms().size(); ++i) {
    const tlog::SignerTerm& term = history->terms()[i];
    if (term.revoked_at) continue;
    const auto verified = tlog::verify_cose_receipt(receipt, leaf, {&term.key, 1});
    if (!verified) {
      last = verified.error();
      continue;
    }
    tlog::Checkpoint checkpoint{
        .origin = verified->origin, .size = verified->size, .root = verified->root, .extensions = {}};
    if (auto counts = history->accepts(i, checkpoint); !counts) return counts.error();
    return ProvenEntry{std::move(checkpoint), verified->index, leaf, Signer{*std::move(history), i}, std::nullopt};
  }
  return last;
}

bool is_cose(ByteView file) {
  return !file.empty() && file[0] == std::byte{0xd2};  // tag 18; a proof file is text
}

Result<ProvenEntry> verify(const Common& common, const LedgerAccess& access, const VerifyProofOptions& options) {
  const auto leaf = leaf_of(options);
  if (!leaf) return leaf.error();
  const auto file = read(options.file, tlog::kMaxProofFileSize);
  if (!file) return file.error();
  if (is_cose(*file)) {
    auto proven = verify_cose(common, access, *leaf, *file);
    if (!proven) return proven.error().in(options.file);
    return proven;
  }
  return verify_entry(common, access, *leaf, as_chars(*file), options.file);
}

}  // namespace

Result<ProvenEntry> verify_entry(const Common& common, const LedgerAccess& access, const tlog::Hash& leaf,
                                 std::string_view proof, const std::string& name) {
  if (access.policy_file.empty()) {
    auto history = signer_history(common, access);
    if (!history) return history.error();
    const auto parts = tlog::parse_proof_file(proof);
    if (!parts) return parts.error().in(name);
    const auto across = tlog::open_checkpoint_across(parts->checkpoint, *history);
    if (!across) return across.error().in("checkpoint").in(name);
    Signer signer{*std::move(history), across->term};
    auto verified = tlog::verify_proof_file(proof, leaf, {&signer.key(), 1});
    if (!verified) return verified.error().in(name);
    return ProvenEntry{std::move(verified->checkpoint), verified->index, leaf, std::move(signer), std::nullopt};
  }
  auto policy = trust_policy(common, access);
  if (!policy) return policy.error();
  auto checked = tlog::check_proof_file(proof, leaf, *policy);
  if (!checked) return checked.error().in(name);
  return ProvenEntry{checked->checkpoint.checkpoint, checked->index, leaf, std::nullopt,
                     Standing{*std::move(policy), std::move(checked->checkpoint)}};
}

int run_ledger_verify_proof(const Common& common, const LedgerAccess& access, const VerifyProofOptions& options) {
  const auto proven = verify(common, access, options);
  if (!proven) return report(proven.error(), common.json);
  const tlog::Checkpoint& checkpoint = proven->checkpoint;
  if (common.json) {
    std::string out;
    encoding::JsonWriter json(out);
    json.begin_object();
    json.member("index", proven->index.value);
    json.member("origin", checkpoint.origin);
    json.member("leaf", encoding::base64(proven->leaf));
    json.member("tree_size", checkpoint.size.value);
    json.member("root", encoding::base64(checkpoint.root));
    write_signer(json, proven->signer);
    write_standing(json, proven->standing);
    json.end_object();
    std::printf("%s\n", out.c_str());
    return exit_status(proven->standing);
  }
  std::printf("included    entry %llu, leaf %s\n", static_cast<unsigned long long>(proven->index.value),
              encoding::base64(proven->leaf).c_str());
  std::printf("log         %s\n", checkpoint.origin.c_str());
  std::printf("checkpoint  %llu entries, root %s\n", static_cast<unsigned long long>(checkpoint.size.value),
              encoding::base64(checkpoint.root).c_str());
  print_signer(proven->signer);
  print_standing(proven->standing);
  return exit_status(proven->standing);
}

}  // namespace redoubt::app
