// `redoubt state backup-key`, `backup` and `restore`.
#include <algorithm>
#include <charconv>
#include <cstdio>

#include "base/clock.h"
#include "crypto/hpke.h"
#include "crypto/sha256.h"
#include "encoding/base64.h"
#include "encoding/json_writer.h"
#include "keys/key_file.h"
#include "redoubt/administer/client.h"
#include "redoubt/enclave/offline_keys.h"
#include "redoubt/offline_state.h"
#include "redoubt/state_tables.h"
#include "state/backup.h"

namespace redoubt::app {
namespace {

constexpr std::string_view kKind = "state-backup";
constexpr std::size_t kKeyBytes = 32;

// To which backups are sealed.
std::string public_key_path(const Layout& layout) {
  return layout.root + "/backup.pub";
}

Result<crypto::X25519KeyPair> make_key(FileSystem& fs, const Layout& layout, const std::string& file) {
  if (auto there = fs.open(public_key_path(layout), OpenMode::kReadOnly); there) {
    return Error(Errc::kAlreadyExists,
                 "there is a key already: move `" + public_key_path(layout) + "` away to change it");
  }
  auto pair = crypto::X25519KeyPair::generate();
  if (auto done = keys::create_key_file(file, kKind, pair.private_key); !done) return done.error();
  const std::string line = encoding::base64(pair.public_key) + "\n";
  if (auto done = write_file_atomically(fs, public_key_path(layout), as_bytes(line)); !done) return done.error();
  return pair;
}

Result<crypto::X25519PublicKey> load_public_key(FileSystem& fs, const std::string& path) {
  auto text = read_file(fs, path, 1024);
  if (!text && text.error().code() == Errc::kNotFound) {
    return Error(Errc::kNotFound, "there is no `" + path + "`: make one with `redoubt state backup-key`");
  }
  if (!text) return text.error();
  std::string_view line = as_chars(*text);
  line = line.substr(0, line.find('\n'));
  const auto bytes = encoding::base64_decode(line);
  crypto::X25519PublicKey key;
  if (!bytes || bytes->size() != key.size()) return Error(Errc::kMalformed, "`" + path + "` holds no public key");
  std::copy(bytes->begin(), bytes->end(), key.begin());
  return key;
}

Error without_server(const Error& why) {
  return {Errc::kUnavailable, "a backup is put on record by the server, and none runs: " + why.message()};
}

struct RecordedBackup {
  state::BackupMade made;
  std::uint64_t fact = 0;  // that says who took it
};

// By the server of this folder and no other, whose tables are copied. The index of the fact.
Result<std::uint64_t> put_on_record(const Common& common, const BackupOptions& options,
                                    const crypto::X25519PublicKey& recipient) {
  auto access = find_access(common, {.profile = {}, .url = {}, .ca_file = {}, .key_file = options.key_file});
  if (!access) return access.error();
  auto client = AdminClient::open(*std::move(access));
  if (!client && client.error().code() == Errc::kUnavailable) return without_server(client.error());
  if (!client) return client.error();
  std::string body;
  encoding::JsonWriter json(body);
  json.begin_object();
  json.member("recipient", encoding::hex(crypto::sha256(recipient)));
  json.end_object();
  auto done = (*client)->change({.method = net::Method::kPost, .path = "/state/backups", .body = std::move(body)});
  if (!done && done.error().code() == Errc::kUnavailable) return without_server(done.error());
  if (!done) return done.error();
  if (done->asked()) {
    return Error(Errc::kPermissionDenied,
                 "`state.backup.begin` takes two persons here, and a backup is taken by one: nothing was taken");
  }
  std::uint64_t fact = 0;
  const std::string& said = done->fact;
  if (std::from_chars(said.data(), said.data() + said.size(), fact).ec == std::errc()) return fact;
  return Error(Errc::kMalformed, "the server does not say which fact it is");
}

Result<RecordedBackup> back_up(FileSystem& fs, const Common& common, const BackupOptions& options) {
  const Layout layout(common.dir);
  auto recipient = load_public_key(fs, public_key_path(layout));
  if (!recipient) return recipient.error();
  if (auto there = fs.open(options.file, OpenMode::kReadOnly); there || there.error().code() != Errc::kNotFound) {
    return Error(Errc::kAlreadyExists, "there is `" + options.file + "` already");
  }
  auto fact = put_on_record(common, options, *recipient);
  if (!fact) return fact.error();
  auto note = ledger::LedgerReader(fs, layout.ledger()).checkpoint();
  if (!note && note.error().code() != Errc::kNotFound) return note.error();
  auto made = state::backup(tables_path(layout),
                            {.recipient = *recipient,
                             .checkpoint_note = note ? std::string(*note) : std::string(),
                             .now = SystemClock().now()},
                            fs, options.file);
  if (!made) return made.error();
  return RecordedBackup{*std::move(made), *fact};
}

Result<state::RestoreReport> restore(FileSystem& fs, const Layout& layout, const BackupOptions& options) {
  const auto lock = lock_out_server(layout);
  if (!lock) return lock.error();
  auto secret = keys::load_key_file(options.key, kKind, kKeyBytes);
  if (!secret) return secret.error();
  auto pair = crypto::X25519KeyPair::from_private(secret->reveal());
  if (!pair) return pair.error();
  const auto keys = open_store_offline(layout, true);
  if (!keys) return keys.error();
  auto offline = OfflineState::open(layout, &*keys);
  if (!offline) return offline.error();
  if (auto done = fs.make_directory(layout.state()); !done) return done.error();
  auto report =
      state::restore(options.file, *pair, tables_path(layout), (*offline)->projections(), (*offline)->source(), fs);
  if (!report && report.error().code() == Errc::kAlreadyExists) {
    return Error(Errc::kAlreadyExists,
                 "there are tables: move `" + tables_path(layout) + "` and what begins like it away");
  }
  return report;
}

void print(const std::string& out) {
  std::printf("%s\n", out.c_str());
}

}  // namespace

int run_state_backup_key(const Common& common, const BackupOptions& options) {
  PosixFileSystem fs;
  const Layout layout(common.dir);
  const auto made = make_key(fs, layout, options.key);
  if (!made) return report(made.error(), common.json);
  if (!common.json) {
    std::printf("private key  %s: keep it elsewhere; without it no backup opens\npublic key   %s\n",
                options.key.c_str(), public_key_path(layout).c_str());
    return kSuccess;
  }
  std::string out;
  encoding::JsonWriter json(out);
  json.begin_object();
  json.member("ok", true);
  json.member("private_key", options.key);
  json.member("public_key", public_key_path(layout));
  json.end_object();
  print(out);
  return kSuccess;
}

int run_state_backup(const Common& common, const BackupOptions& options) {
  PosixFileSystem fs;
  const auto done = back_up(fs, common, options);
  if (!done) return report_admin(done.error(), common.json);
  const state::BackupMade& made = done->made;
  if (!common.json) {
    std::printf(
        "on record    as fact %llu\ntables       as they are after fact %llu\ndigest       %s\nbytes        %llu\n",
        static_cast<unsigned long long>(done->fact), static_cast<unsigned long long>(made.header.applied),
        made.digest.c_str(), static_cast<unsigned long long>(made.header.content_size));
    return kSuccess;
  }
  std::string out;
  encoding::JsonWriter json(out);
  json.begin_object();
  json.member("ok", true);
  json.member("fact", done->fact);
  json.member("applied", made.header.applied);
  json.member("digest", made.digest);
  json.member("bytes", made.header.content_size);
  json.end_object();
  print(out);
  return kSuccess;
}

int run_state_restore(const Common& common, const BackupOptions& options) {
  PosixFileSystem fs;
  const auto restored = restore(fs, Layout(common.dir), options);
  if (!restored) return report(restored.error(), common.json);
  if (!common.json) {
    std::printf(
        "backup       as of fact %llu; %s\nsince then   %llu facts folded\n",
        static_cast<unsigned long long>(restored->backed_up),
        restored->known_to_ledger ? "the ledger has its digest" : "all facts were folded again, and came to the same",
        static_cast<unsigned long long>(restored->replayed));
    return kSuccess;
  }
  std::string out;
  encoding::JsonWriter json(out);
  json.begin_object();
  json.member("ok", true);
  json.member("backed_up", restored->backed_up);
  if (restored->applied) json.member("applied", *restored->applied);
  json.member("replayed", restored->replayed);
  json.member("known_to_ledger", restored->known_to_ledger);
  json.end_object();
  print(out);
  return kSuccess;
}

}  // namespace redoubt::app
