#include "tlog/witness.h"

#include <algorithm>

#include "crypto/sha256.h"
#include "encoding/base64.h"
#include "tlog/fork_proof.h"
#include "tlog/internal/text.h"
#include "tlog/proof.h"

namespace redoubt::tlog {
namespace {

constexpr std::string_view kText = "text/plain; charset=utf-8";

WitnessReply reply(int status, std::string_view message) {
  return {status, kText, std::string(message) + "\n", {}};
}

WitnessReply failure(const Error& error, const std::string& origin) {
  return {500, kText, "the witness cannot cosign now\n", "log `" + origin + "` is not cosigned: " + error.message()};
}

std::string hash_of(std::string_view origin) {
  return encoding::hex(crypto::sha256(as_bytes(origin)));
}

// The checkpoint as it is kept: of the signatures submitted only the log's, each once, so that nobody else decides what
// the witness stores and shows.
std::string kept_note(const Note& note, std::span<const VerifierKey> log_keys, std::string_view cosignature) {
  std::string kept = note.text;
  kept += '\n';
  for (const VerifierKey& key : log_keys) {
    const auto line = std::find_if(note.signatures.begin(), note.signatures.end(), [&](const NoteSignature& signature) {
      return signature.key_name == key.name() && signature.key_id == key.id();
    });
    if (line != note.signatures.end()) kept += format_signature_line(*line);
  }
  kept += cosignature;
  return kept;
}

Result<> check_keys(const WitnessLog& log, const VerifierKey& own_key) {
  const auto refuse = [&](const char* why) {
    return Error(Errc::kInvalidArgument, "log `" + log.origin + "`: " + why);
  };
  if (log.keys.empty()) return refuse("has no key");
  for (const VerifierKey& key : log.keys) {
    if (auto usable = require_log_key(key); !usable) return usable.error().in("log `" + log.origin + "`");
    if (std::ranges::equal(key.public_key(), own_key.public_key())) return refuse("a key is the witness's own");
  }
  return {};
}

}  // namespace

Result<std::vector<WitnessLog>> parse_witness_logs(std::string_view text) {
  if (text.size() > kMaxWitnessLogsSize) return Error(Errc::kTooLarge, "the list of logs is too long");
  std::vector<WitnessLog> logs;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (line.empty() || line.starts_with('#')) continue;
    const auto refuse = [&](std::string_view why) {
      return Error(Errc::kMalformed, "line " + std::to_string(number) + ": " + std::string(why));
    };
    const std::size_t space = line.find(' ');
    Result<VerifierKey> key = VerifierKey::parse(line.substr(0, space));
    if (!key) return refuse(key.error().message());
    if (const auto usable = require_log_key(*key); !usable) return refuse(usable.error().message());
    const std::string origin(space == std::string_view::npos ? key->name() : line.substr(space + 1));
    if (origin.empty() || !internal::is_note_text(origin)) return refuse("the origin is not a line of text");
    auto log = std::ranges::find(logs, origin, &WitnessLog::origin);
    if (log == logs.end()) log = logs.insert(logs.end(), {origin, {}});
    if (std::ranges::find(log->keys, *key) == log->keys.end()) log->keys.push_back(*std::move(key));
  }
  return logs;
}

Result<Witness> Witness::open(FileSystem& fs, std::string folder, Cosigner cosigner, std::vector<WitnessLog> logs,
                              const Clock& clock) {
  Witness witness(fs, std::move(cosigner), clock);
  for (WitnessLog& known : logs) {
    if (auto checked = check_keys(known, witness.verifier_key()); !checked) return checked.error();
    const std::string hash = hash_of(known.origin);
    Log log{std::move(known), folder + "/" + hash, {}, false, {}};
    if (auto made = fs.make_directory(log.folder); !made) return made.error();
    const auto [place, is_new] = witness.logs_.emplace(hash, std::move(log));
    if (!is_new) return Error(Errc::kInvalidArgument, "log `" + place->second.known.origin + "` is there twice");
  }
  if (auto synced = fs.sync_directory(folder); !synced) return synced.error();
  for (auto& [hash, log] : witness.logs_) {
    if (auto loaded = witness.load(log); !loaded) log.refused = loaded.error();
  }
  return witness;
}

Result<> Witness::load(Log& log) const {
  const std::string path = log.folder + "/checkpoint";
  log.fork_kept = fs_.open(log.folder + "/fork-proof", OpenMode::kReadOnly).has_value();
  Result<Latest> latest = read_latest(log, path);
  if (!latest && latest.error().code() == Errc::kNotFound) {
    // A fork is shown against something that was cosigned.
    if (log.fork_kept) return Error(Errc::kCorrupt, "`" + path + "` is gone, and a fork proof beside it is not");
    return {};
  }
  if (!latest) return latest.error().in("`" + path + "`");
  // What reads as written may be in the page cache alone, left there by a program that was ended or whose sync failed.
  // It is written anew before anybody is told of it.
  if (auto written = write_file_atomically(fs_, path, as_bytes(latest->note)); !written) return written;
  log.latest = *std::move(latest);
  return {};
}

// The witness's own cosignature is what makes the state believed: it was made when the log's signature had been
// verified. A key of the log that has gone since is no reason to forget what it signed.
Result<Witness::Latest> Witness::read_latest(const Log& log, const std::string& path) const {
  const Result<Bytes> bytes = read_file(fs_, path, kMaxNoteSize);
  if (!bytes) return bytes.error();
  Latest latest;
  latest.note = as_chars(*bytes);
  std::vector<VerifierKey> keys = log.known.keys;
  keys.push_back(verifier_key());
  const Result<VerifiedNote> verified = verify_note(latest.note, keys);
  if (!verified) return verified.error();
  const Result<Cosignatures> own = check_cosignatures(verified->note, {&verifier_key(), 1});
  if (!own) return own.error();
  if (own->verified.empty()) return Error(Errc::kVerifyFailed, "this witness did not cosign it");
  latest.unix_seconds = own->verified.front().unix_seconds;
  Result<Checkpoint> checkpoint = parse_checkpoint(verified->note.text);
  if (!checkpoint) return checkpoint.error();
  if (checkpoint->origin != log.known.origin) return Error(Errc::kCorrupt, "it is another log's");
  latest.checkpoint = *std::move(checkpoint);
  return latest;
}

// Quotations are of C2SP tlog-witness, add-checkpoint.
WitnessReply Witness::add_checkpoint(std::string_view body) {
  const Result<WitnessRequest> request = parse_witness_request(body);
  if (!request) return reply(request.error().code() == Errc::kTooLarge ? 413 : 400, request.error().message());
  // The text before the last empty line, which is none when there is no such line; the signatures after it are for the
  // log's keys to judge.
  const std::size_t text_size = request->checkpoint.rfind("\n\n") + 1;
  Result<Checkpoint> checkpoint = parse_checkpoint(std::string_view(request->checkpoint).substr(0, text_size));
  if (!checkpoint) return reply(400, checkpoint.error().message());
  // "If the checkpoint origin is unknown, the witness MUST respond with a '404 Not Found' HTTP status code."
  const auto found = logs_.find(hash_of(checkpoint->origin));
  if (found == logs_.end()) return reply(404, "unknown log");
  Log& log = found->second;
  // "The witness MUST respond with a '403 Forbidden' HTTP status code if either no signature from a trusted key for the
  // origin is present, or a signature line's key name and ID match a trusted key but the signature itself fails to
  // verify". Nothing that this log did not sign gets further, or leaves a trace.
  const Result<VerifiedNote> verified = verify_note(request->checkpoint, log.known.keys);
  if (!verified) return reply(403, verified.error().message());
  if (log.refused) return reply(503, "the witness does not know what it cosigned of this log before");
  if (std::optional<WitnessReply> refusal = judge(log, *request, *checkpoint)) {
    refusal->alert = keep_fork_proof(log, *request);
    return *std::move(refusal);
  }
  return cosign(log, verified->note, *std::move(checkpoint));
}

std::optional<WitnessReply> Witness::judge(const Log& log, const WitnessRequest& request,
                                           const Checkpoint& checkpoint) const {
  const TreeSize latest_size = log.latest ? log.latest->checkpoint.size : TreeSize{0};
  const Hash latest_root = log.latest ? log.latest->checkpoint.root : empty_root();
  // "The old size MUST be equal to or lower than the checkpoint size. Otherwise, the witness MUST respond with a '400
  // Bad Request' HTTP status code."
  if (request.old_size > checkpoint.size) return reply(400, "the old size is larger than the checkpoint's");
  // "The witness MUST check that the old size matches the size of the latest checkpoint it cosigned […] (or zero if it
  // never cosigned a checkpoint for that origin). If it doesn't match, […] '409 Conflict'".
  if (request.old_size != latest_size) {
    return WitnessReply{409, kWitnessSizeType, format_witness_size(latest_size), {}};
  }
  if (checkpoint.size.value == 0 && checkpoint.root != empty_root()) {
    return reply(422, "the root is not that of the empty tree");
  }
  // "If the old size matches the checkpoint size, the witness MUST check that the root hashes are also identical. If
  // they don't match, the witness MUST respond with a '409 Conflict' HTTP status code." Not with the size as its body:
  // asking again with that size would not help.
  if (checkpoint.size == latest_size && checkpoint.root != latest_root) {
    return reply(409, "another root was cosigned at this size");
  }
  // "The proof MUST be empty if the old size is zero. If the Merkle Consistency Proof doesn't verify, the witness MUST
  // respond with a '422 Unprocessable Entity' HTTP status code."
  const auto consistent = verify_consistency(latest_size, checkpoint.size, request.proof, latest_root, checkpoint.root);
  if (!consistent) return reply(422, consistent.error().message());
  return std::nullopt;
}

// "The witness MUST persist the new checkpoint before responding."
WitnessReply Witness::cosign(Log& log, const Note& note, Checkpoint checkpoint) {
  const std::int64_t now = clock_.now().value / 1000;
  const std::uint64_t unix_seconds =
      std::max(now > 0 ? static_cast<std::uint64_t>(now) : 0, log.latest ? log.latest->unix_seconds : 0);
  const Result<std::string> line = cosigner_.signature_line(note.text, unix_seconds);
  if (!line) return failure(line.error(), log.known.origin);
  Latest latest{std::move(checkpoint), kept_note(note, log.known.keys, *line), unix_seconds};
  if (auto written = write_file_atomically(fs_, log.folder + "/checkpoint", as_bytes(latest.note)); !written) {
    // The file may hold either checkpoint now. Neither a later request nor a restart trusts it: both write it as a
    // whole before anything cosigned leaves, so that the one that failed was never seen by anybody.
    return failure(written.error(), log.known.origin);
  }
  log.latest = std::move(latest);
  return {200, kText, *line, {}};
}

// "If the origin is known, and the signature is valid, the witness MAY log the request even if the consistency proof
// doesn't verify (but MUST NOT cosign the checkpoint) as it might be proof of log misbehavior." One proof is enough,
// and bounds what a log can make the witness store.
std::string Witness::keep_fork_proof(Log& log, const WitnessRequest& request) const {
  if (!log.latest || log.fork_kept) return {};
  const auto checkpoint = open_checkpoint(request.checkpoint, log.known.keys, log.known.origin);
  if (!checkpoint) return {};
  ForkProof proof{{}, log.latest->note, request.checkpoint};
  if (checkpoint->size != log.latest->checkpoint.size) proof.path = request.proof;
  if (!verify_fork_proof(proof, log.known.keys)) return {};
  const std::string path = log.folder + "/fork-proof";
  const auto text = format_fork_proof(proof);
  const auto kept = text ? write_file_atomically(fs_, path, as_bytes(*text)) : Result<>(text.error());
  const std::string alert = "log `" + log.known.origin + "` has forked: ";
  if (!kept) return alert + "the proof is not kept: " + kept.error().message();
  log.fork_kept = true;
  return alert + "the proof is in `" + path + "`";
}

WitnessReply Witness::checkpoint(std::string_view origin_hash) const {
  const auto found = logs_.find(origin_hash);
  if (found == logs_.end()) return reply(404, "unknown log");
  const Log& log = found->second;
  if (log.refused) return reply(503, "the witness does not know what it cosigned of this log before");
  if (!log.latest) return reply(404, "the witness has not cosigned a checkpoint of this log");
  return {200, kText, log.latest->note, {}};
}

std::vector<RefusedLog> Witness::refused() const {
  std::vector<RefusedLog> refused;
  for (const auto& [hash, log] : logs_) {
    if (log.refused) refused.push_back({log.known.origin, *log.refused});
  }
  return refused;
}

}  // namespace redoubt::tlog
