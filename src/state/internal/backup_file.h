// The file of a backup: header, then the content in sealed chunks. docs/formats/state-backup.md.
#pragma once

#include <cstdint>

#include "base/file.h"
#include "base/result.h"
#include "crypto/hpke.h"
#include "state/backup.h"

namespace redoubt::state {

inline constexpr std::size_t kBackupChunkSize = 64 * 1024;  // bytes before sealing

// Writes header and content to `out`, from its beginning. header.content_size bytes are read from `content`.
Result<> seal_backup(const BackupHeader& header, const crypto::X25519PublicKey& recipient, File& content, File& out);

// Opens the content into `out`, from its beginning. After an error `out` holds part of it, and none of it may be used.
Result<BackupHeader> open_backup(File& backup, const crypto::X25519KeyPair& key, File& out);

}  // namespace redoubt::state
