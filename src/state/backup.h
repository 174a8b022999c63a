// Backups of the tables: made while the engine goes on, sealed to one reader, and used only as far as the ledger bears
// them out.
//
//   engine.propose(propose_backup_begin(recipient_hex, engine.version_of(kBackupsObject)), …);   // who takes one,
//   first auto made = backup(engine.path(), {.recipient = key, .checkpoint_note = note}, files, "/backup/state.rdb");
//   engine.propose(propose_backup_record(*made, actor, engine.version_of(…)), …);     // so that the ledger knows it
//   …
//   auto restored = restore("/backup/state.rdb", keys, path, projections, source, files);
//
// A stolen backup alone opens nothing: its content key is sealed to an X25519 key (HPKE, RFC 9180) that is kept
// elsewhere. Who made a backup is not proven by it, for anybody may seal to a public key; so what comes out of it is
// compared with the ledger before it is used. docs/formats/state-backup.md has the form.
//
// Blocking, and long for large tables: on a thread of its own, or in a process of its own.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/file.h"
#include "base/result.h"
#include "crypto/hpke.h"
#include "record/fact_record.h"
#include "state/engine.h"
#include "state/projection.h"
#include "tlog/hash.h"

namespace redoubt::state {

inline constexpr std::size_t kBackupNoteMax = 64 * 1024;  // bytes of a checkpoint note

struct BackupHeader {
  std::uint64_t applied = 0;  // the tables are those after this fact
  tlog::Hash leaf_hash{};     // its
  UnixMillis made;
  std::uint64_t content_size = 0;  // bytes of the database in it
  std::string checkpoint_note;     // of the ledger when it was made, for whoever looks at a backup alone; may be empty
};

struct BackupSettings {
  crypto::X25519PublicKey recipient{};
  std::string checkpoint_note;
  UnixMillis now;
};

struct BackupMade {
  BackupHeader header;
  std::string digest;  // of all tables, hexadecimal
};

// Backs up the tables at `path` into the new file `to`, which is there whole or not at all. An engine may go on with
// the tables. Errors: kNotFound when there are no tables; kAlreadyExists when there is such a file; kInvalidArgument
// when no fact was folded yet; kTooLarge for the note; those of the disk.
Result<BackupMade> backup(const std::string& path, const BackupSettings& settings, FileSystem& files,
                          const std::string& to);

// Of which each backup is a version.
inline constexpr std::string_view kBackupsObject = "state/backups";

// The fact that somebody takes a backup; it comes before it, so that none is taken that is not on record. Nothing is
// believed because of it. `recipient`: SHA-256 of the public key that the backup is going to be sealed to, in
// lower-case hexadecimal; `expects`: engine.version_of(kBackupsObject). The actor is the caller's to fill in.
// kInvalidArgument for a recipient of another form.
Result<Proposal> propose_backup_begin(std::string_view recipient, std::uint64_t expects);

// The fact that says what the tables were: a backup that the ledger knows is restored without folding all of it again.
// `expects` is engine.version_of("backup/APPLIED").
Proposal propose_backup_record(const BackupMade& made, const record::FactActor& actor, std::uint64_t expects);

// What a backup says of itself, unproven. Errors: kMalformed, kUnsupported for another version, kIo.
Result<BackupHeader> read_backup_header(File& file);

struct RestoreReport {
  std::uint64_t backed_up = 0;           // the fact that the backup's tables end with
  std::optional<std::uint64_t> applied;  // and those restored
  std::uint64_t replayed = 0;            // facts folded since
  bool known_to_ledger = false;  // a fact has their digest; else all facts were folded again, and came to the same
};

// Tables at `path`, which must not be there, from a backup: opened, found whole, found to be what the ledger says, and
// brought up to the ledger, erasures included, before they are put in place. No engine runs meanwhile. Errors:
// kVerifyFailed when the backup is not for this key or was altered, when its tables end with a fact that is not the
// ledger's (it was rolled back, or is another one), or are not what the ledger says; kCorrupt when they are damaged;
// kNotFound when they are older than what the ledger still has; kUnsupported when a later program made them;
// kAlreadyExists; and those of the source and the disk. Then nothing is at `path`.
Result<RestoreReport> restore(const std::string& from, const crypto::X25519KeyPair& key, const std::string& path,
                              std::span<Projection* const> projections, FactSource& source, FileSystem& files);

}  // namespace redoubt::state
