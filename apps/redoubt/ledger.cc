// `redoubt ledger …`: checkpoints, proofs, whole logs, and single records for a person to read.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "base/file.h"
#include "encoding/base64.h"
#include "encoding/json_reader.h"
#include "keys/key_file.h"
#include "ledger/open_request.h"
#include "ledger/reader.h"
#include "record/describe.h"
#include "record/opening.h"
#include "redoubt/commands.h"
#include "redoubt/fetch.h"
#include "redoubt/layout.h"
#include "redoubt/ledger_tier.h"
#include "redoubt/standing.h"
#include "tlog/cose_receipt.h"
#include "tlog/entry_bundle.h"
#include "tlog/log_verifier.h"
#include "tlog/proof.h"
#include "tlog/proof_file.h"

namespace redoubt::app {
namespace {

constexpr std::uint64_t kMaxProofBytes = 2 * 1024 * 1024;

Result<std::string> read_text(const std::string& path, std::uint64_t limit) {
  PosixFileSystem fs;
  auto bytes = read_file(fs, path, limit);
  if (!bytes) return bytes.error();
  return std::string(as_chars(*bytes));
}

std::string first_line(std::string text) {
  text.resize(std::min(text.find_first_of("\r\n"), text.size()));
  return text;
}

ledger::LedgerReader folder_reader(FileSystem& fs, const Common& common, const LedgerAccess& access) {
  return ledger::LedgerReader(fs, Layout(common.dir).ledger(), access.tenant);
}

// Where the log's files are on a server.
std::string server_path(const LedgerAccess& access) {
  return access.tenant.empty() ? "/ledger/" : "/ledger/t/" + access.tenant + "/";
}

std::string api_key(const LedgerAccess& access) {
  if (!access.key.empty()) return access.key;
  const char* from_environment = std::getenv("REDOUBT_KEY");
  return from_environment == nullptr ? "" : from_environment;
}

Result<std::unique_ptr<Fetcher>> server(const Common& common, const LedgerAccess& access) {
  std::string url = access.url;
  if (url.empty()) {
    auto address = read_text(Layout(common.dir).run() + "/address", 1024);
    if (!address) return Error(Errc::kUnavailable, "no server runs from `" + common.dir + "`; give --url");
    url = first_line(*std::move(address));
  }
  return Fetcher::create(url, api_key(access), trust_anchors(common, access.ca_file, access.url.empty()));
}

Result<tlog::SignerHistory> server_history(const Common& common, const LedgerAccess& access, Fetcher& fetcher) {
  HttpResourceReader reader(fetcher);
  return signer_history(common, access, &reader, server_path(access).substr(1));
}

// A log without records has none; so has a folder that is no ledger, and the reason given tells them apart.
Error no_checkpoint(const Error& error) {
  return error.code() == Errc::kNotFound ? error.in("no checkpoint yet") : error;
}

// The log's checkpoint, verified.
struct OpenedCheckpoint {
  std::string note;
  tlog::Checkpoint checkpoint;
  std::optional<Signer> signer;
};

// The log's own checkpoint, or one that is given, for who trusts one of the log's keys.
Result<OpenedCheckpoint> open_note(std::string note, tlog::SignerHistory history) {
  auto across = tlog::open_checkpoint_across(note, history);
  if (!across) return across.error().in("checkpoint");
  return OpenedCheckpoint{std::move(note), std::move(across->checkpoint), Signer{std::move(history), across->term}};
}

// `name` is `checkpoint` or `cosigned`.
Result<OpenedCheckpoint> load_note(const Common& common, const LedgerAccess& access, const std::string& name) {
  if (access.url.empty()) {
    PosixFileSystem fs;
    ledger::LedgerReader reader = folder_reader(fs, common, access);
    auto note = reader.fetch(name, tlog::kMaxNoteSize);
    if (!note) return no_checkpoint(note.error());
    auto history = signer_history(common, access, &reader);
    if (!history) return history.error();
    return open_note(std::string(as_chars(*note)), *std::move(history));
  }
  auto fetcher = server(common, access);
  if (!fetcher) return fetcher.error();
  auto reply = (*fetcher)->get(server_path(access) + name, tlog::kMaxNoteSize);
  if (!reply) return reply.error();
  if (reply->status != 200) return no_checkpoint(reply_error(*reply, "checkpoint"));
  auto history = server_history(common, access, **fetcher);
  if (!history) return history.error();
  return open_note(std::move(reply->body), *std::move(history));
}

// The last one; under a policy the last that witnesses have cosigned, if it covers so many entries.
Result<OpenedCheckpoint> load_checkpoint(const Common& common, const LedgerAccess& access, std::uint64_t entries = 0) {
  if (!access.policy_file.empty()) {
    auto cosigned = load_note(common, access, "cosigned");
    if (cosigned && cosigned->checkpoint.size.value >= entries) return cosigned;
  }
  return load_note(common, access, "checkpoint");
}

Result<std::string> make_proof_file(const Common& common, const LedgerAccess& access, const ProveOptions& options) {
  PosixFileSystem fs;
  ledger::LedgerReader reader = folder_reader(fs, common, access);
  auto opened = load_checkpoint(common, access, options.index + 1);
  if (!opened) return opened.error();
  const tlog::LeafIndex index{options.index};
  if (index.value >= opened->checkpoint.size.value) {
    return Error(Errc::kNotFound, "record " + std::to_string(index.value) + " is not covered by the checkpoint of " +
                                      std::to_string(opened->checkpoint.size.value) + " entries");
  }
  auto proof = tlog::inclusion_proof(reader, index, opened->checkpoint.size);
  if (!proof) return proof.error();
  return tlog::format_proof_file(
      {.extra = std::nullopt, .index = index, .proof = *std::move(proof), .checkpoint = opened->note});
}

struct Proven {
  std::string file;
  tlog::VerifiedProof proof;
  tlog::Hash leaf{};
  std::optional<Signer> signer;
  std::optional<Standing> standing;
};

// Of the checkpoint in a proof file of the log.
Result<Signer> signer_of(const Common& common, const LedgerAccess& access, const std::string& proof) {
  const auto parts = tlog::parse_proof_file(proof);
  if (!parts) return parts.error();
  PosixFileSystem fs;
  std::optional<tlog::SignerHistory> history;
  if (access.url.empty()) {
    ledger::LedgerReader reader = folder_reader(fs, common, access);
    auto verified = signer_history(common, access, &reader);
    if (!verified) return verified.error();
    history = *std::move(verified);
  } else {
    const auto fetcher = server(common, access);
    if (!fetcher) return fetcher.error();
    auto verified = server_history(common, access, **fetcher);
    if (!verified) return verified.error();
    history = *std::move(verified);
  }
  auto opened = open_note(parts->checkpoint, *std::move(history));
  if (!opened) return opened.error();
  return *std::move(opened->signer);
}

Result<Proven> prove(const Common& common, const LedgerAccess& access, const ProveOptions& options) {
  Proven out;
  if (access.url.empty()) {
    auto file = make_proof_file(common, access, options);
    if (!file) return file.error();
    out.file = *std::move(file);
  } else {
    auto fetcher = server(common, access);
    if (!fetcher) return fetcher.error();
    auto reply = (*fetcher)->get(server_path(access) + "receipt/" + std::to_string(options.index), kMaxProofBytes);
    if (!reply) return reply.error();
    if (reply->status != 200) return reply_error(*reply, "receipt");
    out.file = std::move(reply->body);
  }
  if (!options.leaf.empty()) {
    auto leaf = encoding::base64_decode(options.leaf);
    if (!leaf || leaf->size() != out.leaf.size()) {
      return Error(Errc::kInvalidArgument, "--leaf is the base64 of 32 bytes, as the receipt says after `leaf=`");
    }
    std::copy(leaf->begin(), leaf->end(), out.leaf.begin());
  } else if (access.url.empty()) {
    PosixFileSystem fs;
    auto entry = folder_reader(fs, common, access).read_entry({options.index});
    if (!entry) return entry.error();
    out.leaf = tlog::leaf_hash(entry->leaf);
  } else {
    return Error(Errc::kInvalidArgument, "with --url, give --leaf: the leaf hash of the receipt to be proven");
  }
  const std::string receipt = "receipt " + std::to_string(options.index);
  if (access.policy_file.empty()) {
    auto signer = signer_of(common, access, out.file);
    if (!signer) return signer.error().in(receipt);
    auto verified = tlog::verify_proof_file(out.file, out.leaf, {&signer->key(), 1}, signer->history.origin());
    if (!verified) return verified.error().in(receipt);
    out.proof = *std::move(verified);
    out.signer = *std::move(signer);
  } else {
    auto policy = trust_policy(common, access);
    if (!policy) return policy.error();
    auto checked = tlog::check_proof_file(out.file, out.leaf, *policy);
    if (!checked) return checked.error().in(receipt);
    out.proof = {checked->checkpoint.checkpoint, checked->index, std::move(checked->extra)};
    out.standing = Standing{*std::move(policy), std::move(checked->checkpoint)};
  }
  if (out.proof.index.value != options.index) {
    return Error(Errc::kVerifyFailed, "the proof is for record " + std::to_string(out.proof.index.value) + ", not " +
                                          std::to_string(options.index));
  }
  return out;
}

bool is_url(std::string_view text) {
  return text.starts_with("http://") || text.starts_with("https://");
}

void show_progress(std::uint64_t done, std::uint64_t total) {
  std::fprintf(stderr, "\r%llu of %llu entries", static_cast<unsigned long long>(done),
               static_cast<unsigned long long>(total));
  if (done == total) std::fprintf(stderr, "\r\033[K");
}

struct VerifiedLog {
  tlog::LogReport report;
  std::optional<Signer> signer;
  std::optional<Standing> standing;
  std::optional<SignerTier> tier;
};

Result<VerifiedLog> verify(const Common& common, const LedgerAccess& access, const VerifyOptions& options) {
  std::optional<std::string> checkpoint;
  if (!options.checkpoint_file.empty()) {
    auto text = read_text(options.checkpoint_file, tlog::kMaxNoteSize);
    if (!text) return text.error();
    checkpoint = *std::move(text);
  }
  PosixFileSystem fs;
  std::unique_ptr<Fetcher> fetcher;
  std::unique_ptr<tlog::ResourceReader> reader;
  if (is_url(options.where)) {
    auto made = Fetcher::create(options.where, api_key(access), trust_anchors(common, access.ca_file, false));
    if (!made) return made.error();
    fetcher = *std::move(made);
    reader = std::make_unique<HttpResourceReader>(*fetcher);
  } else if (ledger::LedgerReader::is_ledger(fs, options.where)) {
    reader = std::make_unique<ledger::LedgerReader>(fs, options.where, access.tenant);
  } else {
    reader = std::make_unique<tlog::DirectoryReader>(fs, options.where);
  }
  if (!checkpoint) {
    // Under a policy the last one that witnesses have cosigned: ours may have it beside a newer one.
    Result<Bytes> note = Error(Errc::kNotFound, "");
    if (!access.policy_file.empty()) note = reader->fetch("cosigned", tlog::kMaxNoteSize);
    if (!note) note = reader->fetch("checkpoint", tlog::kMaxNoteSize);
    if (!note) return no_checkpoint(note.error());
    checkpoint = as_chars(*note);
  }
  std::optional<Standing> standing;
  std::optional<Signer> signer;
  if (access.policy_file.empty()) {
    auto history = signer_history(common, access, reader.get());
    if (!history) return history.error();
    // A log with one key need not be named like it.
    if (history->terms().size() > 1) {
      auto opened = open_note(*checkpoint, *std::move(history));
      if (!opened) return opened.error();
      signer = *std::move(opened->signer);
    }
  } else {
    auto checked = check_standing(common, access, *checkpoint);
    if (!checked) return checked.error();
    standing = *std::move(checked);
  }
  auto vkey = signer     ? Result<tlog::VerifierKey>(signer->key())
              : standing ? Result<tlog::VerifierKey>(standing->log_key())
                         : verifier_key(common, access);
  if (!vkey) return vkey.error();
  const bool progress = ::isatty(STDERR_FILENO) == 1 && !common.json;
  auto verified =
      tlog::verify_log(*reader, *vkey, checkpoint, progress ? tlog::LogProgress(show_progress) : tlog::LogProgress());
  if (!verified) return verified.error();
  if (signer) {
    auto continued = tlog::check_handovers(*reader, signer->history, verified->checkpoint);
    if (!continued) return continued.error();
  }
  std::optional<SignerTier> tier;
  if (!options.require_tier.empty()) {
    auto reached = check_signer_tier(*reader, verified->checkpoint, *vkey, options.require_tier, options.accepted);
    if (!reached) return reached.error();
    tier = *std::move(reached);
  }
  return VerifiedLog{*std::move(verified), std::move(signer), std::move(standing), std::move(tier)};
}

// Asks the keeper of a running server for the values of a record.
Result<Bytes> open_values(const Common& common, const LedgerAccess& access, const ShowOptions& options,
                          const std::string& origin) {
  const std::string path = options.opener_file.empty() ? Layout(common.dir).opener_key() : options.opener_file;
  auto seed = keys::load_key_file(path, "opener", 32);
  if (!seed) return seed.error();
  auto opener = crypto::Ed25519PrivateKey::from_seed(seed->reveal());
  if (!opener) return opener.error();
  const auto reader = crypto::X25519KeyPair::generate();
  auto request = ledger::sign_open_request(*opener, origin, {options.index}, SystemClock().now(), reader.public_key,
                                           options.reason);
  if (!request) return request.error();
  auto fetcher = server(common, access);
  if (!fetcher) return fetcher.error();
  std::string body;
  encoding::JsonWriter json(body);
  json.begin_object();
  json.member("request", encoding::base64(ledger::encode_open_request(*request)));
  json.end_object();
  auto reply = (*fetcher)->post(server_path(access) + "open", body, 4 * 1024 * 1024);
  if (!reply) return reply.error();
  if (reply->status != 200) return reply_error(*reply, "opening the values");
  encoding::JsonReader json_reader;
  auto root = json_reader.parse(reply->body);
  if (!root) return root.error();
  simdjson::dom::object object;
  if (root->get(object) != simdjson::SUCCESS) return Error(Errc::kMalformed, "the server's answer is not an object");
  auto sealed = encoding::base64_decode(encoding::string_member(object, "sealed"));
  if (!sealed) return sealed.error();
  return ledger::open_opened(*request, reader, *sealed);
}

// The record's bytes: from the folder, or from a server's entry bundle with an auditor's key.
Result<Bytes> record_bytes(const Common& common, const LedgerAccess& access, std::uint64_t index) {
  if (access.url.empty()) {
    PosixFileSystem fs;
    auto entry = folder_reader(fs, common, access).read_entry({index});
    if (!entry) return entry.error();
    return std::move(entry->leaf);
  }
  auto fetcher = server(common, access);
  if (!fetcher) return fetcher.error();
  auto opened = load_checkpoint(common, access);
  if (!opened) return opened.error();
  if (index >= opened->checkpoint.size.value) return Error(Errc::kNotFound, "no record " + std::to_string(index));
  const std::uint64_t bundle = index / tlog::kTileWidth;
  const unsigned width = tlog::tile_width(0, bundle, opened->checkpoint.size);
  HttpResourceReader reader(**fetcher);
  auto bytes = reader.fetch(server_path(access).substr(1) + tlog::bundle_path(bundle, width), tlog::kMaxBundleSize);
  if (!bytes) return bytes.error();
  auto entries = tlog::decode_entry_bundle(*bytes);
  if (!entries) return entries.error();
  if (index % tlog::kTileWidth >= entries->size()) return Error(Errc::kVerifyFailed, "the bundle is too short");
  return to_bytes((*entries)[index % tlog::kTileWidth]);
}

// A receipt of COSE has one signature, the log's: who trusts witnesses keeps to the proof file.
Result<> write_cose_receipt(const Proven& proven, const std::string& path) {
  if (!proven.signer) {
    return Error(Errc::kInvalidArgument,
                 "--cose wants the log's key, not a trust policy: a receipt has no cosignatures");
  }
  const auto receipt = tlog::make_cose_receipt(proven.file, proven.signer->key());
  if (!receipt) return receipt.error();
  PosixFileSystem fs;
  return write_file_atomically(fs, path, *receipt);
}

}  // namespace

int run_ledger_checkpoint(const Common& common, const LedgerAccess& access) {
  auto opened = load_checkpoint(common, access);
  if (!opened) return report(opened.error(), common.json);
  std::optional<Standing> standing;
  if (!access.policy_file.empty()) {
    auto checked = check_standing(common, access, opened->note);
    if (!checked) return report(checked.error(), common.json);
    standing = *std::move(checked);
  }
  if (!common.json) {
    std::printf("%s", opened->note.c_str());
    if (standing) print_standing(standing, stderr);  // so that the output is the note alone
    return exit_status(standing);
  }
  std::string out;
  encoding::JsonWriter json(out);
  json.begin_object();
  json.member("origin", opened->checkpoint.origin);
  json.member("size", opened->checkpoint.size.value);
  json.member("root", encoding::base64(opened->checkpoint.root));
  json.member("note", opened->note);
  write_signer(json, opened->signer);
  write_standing(json, standing);
  json.end_object();
  std::printf("%s\n", out.c_str());
  return exit_status(standing);
}

// What to hand out to whoever is to verify the log: a tenant's is the folder's key under the name of its log.
int run_ledger_vkey(const Common& common, const LedgerAccess& access) {
  auto vkey = verifier_key(common, access);
  if (!vkey) return report(vkey.error(), common.json);
  if (!common.json) {
    std::printf("%s\n", vkey->format().c_str());
    return kSuccess;
  }
  std::string out;
  encoding::JsonWriter json(out);
  json.begin_object();
  json.member("ok", true);
  json.member("origin", vkey->name());
  json.member("vkey", vkey->format());
  json.end_object();
  std::printf("%s\n", out.c_str());
  return kSuccess;
}

int run_ledger_prove(const Common& common, const LedgerAccess& access, const ProveOptions& options) {
  auto proven = prove(common, access, options);
  if (!proven) return report(proven.error(), common.json);
  if (!options.cose.empty()) {
    if (auto done = write_cose_receipt(*proven, options.cose); !done) return report(done.error(), common.json);
  }
  if (!options.output.empty()) {
    PosixFileSystem fs;
    if (auto done = write_file_atomically(fs, options.output, as_bytes(proven->file)); !done) {
      return report(done.error(), common.json);
    }
  }
  const tlog::Checkpoint& checkpoint = proven->proof.checkpoint;
  if (common.json) {
    std::string out;
    encoding::JsonWriter json(out);
    json.begin_object();
    json.member("index", options.index);
    json.member("origin", checkpoint.origin);
    json.member("leaf", encoding::base64(proven->leaf));
    json.member("tree_size", checkpoint.size.value);
    json.member("root", encoding::base64(checkpoint.root));
    json.member("proof", proven->file);
    write_signer(json, proven->signer);
    write_standing(json, proven->standing);
    json.end_object();
    std::printf("%s\n", out.c_str());
    return exit_status(proven->standing);
  }
  std::printf("receipt %llu verified\n", static_cast<unsigned long long>(options.index));
  std::printf("log         %s\n", checkpoint.origin.c_str());
  std::printf("leaf        %s\n", encoding::base64(proven->leaf).c_str());
  std::printf("checkpoint  %llu entries, root %s\n", static_cast<unsigned long long>(checkpoint.size.value),
              encoding::base64(checkpoint.root).c_str());
  print_signer(proven->signer);
  print_standing(proven->standing);
  return exit_status(proven->standing);
}

int run_ledger_verify(const Common& common, const LedgerAccess& access, const VerifyOptions& options) {
  auto checked = verify(common, access, options);
  if (!checked) return report(checked.error(), common.json);
  const tlog::LogReport* verified = &checked->report;
  std::uint64_t tiles = 0;
  for (const std::uint64_t count : verified->tiles) tiles += count;
  if (common.json) {
    std::string out;
    encoding::JsonWriter json(out);
    json.begin_object();
    json.member("origin", verified->checkpoint.origin);
    json.member("entries", verified->checkpoint.size.value);
    json.member("entry_bytes", verified->entry_bytes);
    json.member("bundles", verified->bundles);
    json.member("tiles", tiles);
    json.member("root", encoding::base64(verified->checkpoint.root));
    write_signer(json, checked->signer);
    write_signer_tier(json, checked->tier);
    write_standing(json, checked->standing);
    json.end_object();
    std::printf("%s\n", out.c_str());
    return exit_status(checked->standing);
  }
  std::printf("verified    %llu entries (%llu bytes), %llu tiles, root %s\n",
              static_cast<unsigned long long>(verified->checkpoint.size.value),
              static_cast<unsigned long long>(verified->entry_bytes), static_cast<unsigned long long>(tiles),
              encoding::base64(verified->checkpoint.root).c_str());
  std::printf("log         %s\n", verified->checkpoint.origin.c_str());
  print_signer(checked->signer);
  print_signer_tier(checked->tier);
  print_standing(checked->standing);
  return exit_status(checked->standing);
}

int run_ledger_show(const Common& common, const LedgerAccess& access, const ShowOptions& options) {
  auto leaf = record_bytes(common, access, options.index);
  if (!leaf) return report(leaf.error(), common.json);
  Bytes opening_bytes;
  record::Opening opening;
  if (options.open) {
    auto vkey = verifier_key(common, access);
    if (!vkey) return report(vkey.error(), common.json);
    auto values = open_values(common, access, options, vkey->name());
    if (!values) return report(values.error(), common.json);
    opening_bytes = *std::move(values);
    auto decoded = record::decode_opening(opening_bytes);
    if (!decoded) return report(decoded.error(), common.json);
    opening = *std::move(decoded);
    if (auto done = record::check_opening(opening, *leaf); !done) return report(done.error(), common.json);
  }
  if (common.json) {
    std::string out;
    encoding::JsonWriter json(out);
    json.begin_object();
    json.member("ok", true);
    json.member("index", options.index);
    json.member("leaf", encoding::base64(tlog::leaf_hash(*leaf)));
    json.key("record");
    json.raw(as_chars(*leaf));
    if (options.open) {
      json.key("values");
      json.begin_object();
      for (const record::OpeningValue& value : opening.values) {
        json.key(value.field);
        if (value.value_present) {
          json.value(value.value);
        } else {
          json.null();
        }
      }
      json.end_object();
    }
    json.end_object();
    std::printf("%s\n", out.c_str());
    return kSuccess;
  }
  auto text = record::describe(*leaf, options.open ? &opening : nullptr);
  if (!text) return report(text.error(), common.json);
  std::printf("index  %llu\nleaf   %s\n\n%s", static_cast<unsigned long long>(options.index),
              encoding::base64(tlog::leaf_hash(*leaf)).c_str(), text->c_str());
  if (!text->ends_with('\n')) std::printf("\n");
  return kSuccess;
}

}  // namespace redoubt::app
