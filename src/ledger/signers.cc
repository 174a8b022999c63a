#include "ledger/signers.h"

#include <algorithm>
#include <vector>

#include "ledger/logs.h"
#include "tlog/checkpoint.h"
#include "tlog/cose_receipt.h"

namespace redoubt::ledger {
namespace {

// Checkpoints that a log may have (docs/formats/hashes.md); the first two can be the newest one signed.
constexpr const char* kCheckpoints[] = {"checkpoint", "pending", "cosigned"};

std::string signers_path(const std::string& log_directory) {
  return log_directory + "/signers";
}

std::uint64_t unix_seconds(const Clock& clock) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(clock.now().value, 0) / 1000);
}

struct StoredCheckpoint {
  std::string path;
  std::string note;
  tlog::Checkpoint checkpoint;
};

// Those that there are; the largest, which is the last that was signed, in front.
Result<std::vector<StoredCheckpoint>> read_checkpoints(FileSystem& fs, const std::string& log_directory,
                                                       const tlog::NoteSigner& from, const tlog::NoteSigner& to) {
  const tlog::VerifierKey keys[] = {from.verifier_key(), to.verifier_key()};
  std::vector<StoredCheckpoint> out;
  for (const char* name : kCheckpoints) {
    std::string path = log_directory + "/" + name;
    auto note = read_file(fs, path, tlog::kMaxNoteSize);
    if (!note && note.error().code() == Errc::kNotFound) continue;
    if (!note) return note.error();
    auto checkpoint = tlog::open_checkpoint(as_chars(*note), keys, from.name());
    if (!checkpoint) return checkpoint.error().in(name);
    out.push_back({std::move(path), std::string(as_chars(*note)), *std::move(checkpoint)});
  }
  std::stable_sort(out.begin(), out.end(), [](const StoredCheckpoint& a, const StoredCheckpoint& b) {
    return a.checkpoint.size > b.checkpoint.size;
  });
  return out;
}

// Adds the handover to the log's history, unless it is there.
Result<> add_handover(FileSystem& fs, const std::string& log_directory, const tlog::NoteSigner& from,
                      const tlog::NoteSigner& to, const tlog::Checkpoint& last, const Clock& clock) {
  auto text = read_signers(fs, log_directory);
  if (!text) return text.error();
  auto history = tlog::SignerHistory::verify(from.verifier_key(), *text);
  if (!history) return history.error();
  if (history->current().key == to.verifier_key()) {
    if (auto same = history->accepts(history->terms().size() - 1, last); same && last.size == history->current().from) {
      return {};
    }
    return Error(Errc::kCorrupt, "the last checkpoint is not the one that was handed over");
  }
  auto longer = tlog::append_handover(*text, from, to, last, unix_seconds(clock));
  if (!longer) return longer.error();
  return write_file_atomically(fs, signers_path(log_directory), as_bytes(*longer));
}

// Signs the checkpoint with the new key as well, both ways that a log's key signs one, unless it did.
Result<> add_signature(FileSystem& fs, const tlog::NoteSigner& to, const StoredCheckpoint& stored) {
  const auto parsed = tlog::parse_note(stored.note);
  if (!parsed) return parsed.error();
  if (tlog::verify_note(stored.note, {&to.verifier_key(), 1})) return {};
  const std::string lines = to.signature_line(parsed->text) + tlog::cose_root_line(to, stored.checkpoint.root);
  return write_file_atomically(fs, stored.path, as_bytes(stored.note + lines));
}

// Handover first: a checkpoint that only the new key vouches for is then explained at every time.
Result<HandedOver> hand_over_log(FileSystem& fs, const std::string& directory, const std::string& tenant,
                                 const tlog::NoteSigner& system_from, const tlog::NoteSigner& system_to,
                                 const Clock& clock) {
  const std::string log = log_directory(directory, tenant);
  const auto from = system_from.with_name(log_origin(system_from.name(), tenant));
  if (!from) return from.error();
  const auto to = system_to.with_name(log_origin(system_to.name(), tenant));
  if (!to) return to.error();
  const auto stored = read_checkpoints(fs, log, *from, *to);
  if (!stored) return stored.error();
  tlog::Checkpoint last{.origin = from->name(), .size = {}, .root = tlog::empty_root(), .extensions = {}};
  if (!stored->empty()) last = stored->front().checkpoint;
  if (auto done = add_handover(fs, log, *from, *to, last, clock); !done) return done.error();
  for (const StoredCheckpoint& checkpoint : *stored) {
    if (auto done = add_signature(fs, *to, checkpoint); !done) return done.error();
  }
  return HandedOver{tenant, from->verifier_key(), to->verifier_key(), last.size};
}

}  // namespace

Result<std::string> read_signers(FileSystem& fs, const std::string& log_directory) {
  auto bytes = read_file(fs, signers_path(log_directory), tlog::kMaxSignersSize);
  if (bytes) return std::string(as_chars(*bytes));
  if (bytes.error().code() == Errc::kNotFound) return std::string();
  return bytes.error();
}

Result<> require_current_signer(FileSystem& fs, const std::string& log_directory, const tlog::VerifierKey& key) {
  const auto text = read_signers(fs, log_directory);
  if (!text) return text.error();
  const auto history = tlog::SignerHistory::verify(key, *text);
  if (!history) return history.error();
  if (history->current().key == key) return {};
  return Error(Errc::kVerifyFailed, "the signing key handed over at size " +
                                        std::to_string(history->terms()[history->trusted()].to->value) +
                                        " and must sign no more");
}

Result<std::vector<HandedOver>> hand_over(FileSystem& fs, const std::string& directory, const tlog::NoteSigner& from,
                                          const tlog::NoteSigner& to, const Clock& clock) {
  auto tenants = read_tenants(fs, directory);
  if (!tenants) return tenants.error();
  tenants->insert(tenants->begin(), std::string());
  std::vector<HandedOver> done;
  for (const std::string& tenant : *tenants) {
    // A tenant that has just been given a number has no folder, and nothing to hand over.
    const auto folder = fs.list(log_directory(directory, tenant));
    if (!folder && folder.error().code() == Errc::kNotFound && !tenant.empty()) continue;
    if (!folder) return folder.error();
    auto log = hand_over_log(fs, directory, tenant, from, to, clock);
    if (!log) return tenant.empty() ? log.error() : log.error().in("tenant `" + tenant + "`");
    done.push_back(*std::move(log));
  }
  return done;
}

Result<Revoked> revoke_signer(FileSystem& fs, const std::string& directory, std::string_view tenant,
                              const tlog::NoteSigner& signer, std::string_view key, tlog::TreeSize at,
                              const Clock& clock) {
  const auto tenants = read_tenants(fs, directory);
  if (!tenants) return tenants.error();
  if (!tenant.empty() && std::find(tenants->begin(), tenants->end(), tenant) == tenants->end()) {
    return Error(Errc::kNotFound, "no log of tenant `" + std::string(tenant) + "`");
  }
  const std::string log = log_directory(directory, tenant);
  const auto current = signer.with_name(log_origin(signer.name(), tenant));
  if (!current) return current.error();
  auto text = read_signers(fs, log);
  if (!text) return text.error();
  const auto history = tlog::SignerHistory::verify(current->verifier_key(), *text);
  if (!history) return history.error();
  const auto named = tlog::VerifierKey::parse(key);
  const auto is_meant = [&](const tlog::SignerTerm& term) {
    if (named) return std::ranges::equal(named->public_key(), term.key.public_key());
    const std::string vkey = term.key.format();
    return vkey.substr(term.key.name().size() + 1, 8) == key;
  };
  const auto term = std::find_if(history->terms().begin(), history->terms().end(), is_meant);
  if (term == history->terms().end()) {
    return Error(Errc::kInvalidArgument, "`" + std::string(key) + "` is no key of the log `" + current->name() + "`");
  }
  auto longer = tlog::append_revocation(*text, *current, term->key, at, unix_seconds(clock));
  if (!longer) return longer.error();
  if (auto done = write_file_atomically(fs, signers_path(log), as_bytes(*longer)); !done) return done.error();
  return Revoked{term->key, at};
}

}  // namespace redoubt::ledger
