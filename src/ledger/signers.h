// Changing the key that signs a ledger's logs. One key signs all of them, each under its own origin; each log has its
// own file `signers` beside its checkpoint (docs/formats/signers.md).
//
// Nothing of this may run beside a keeper: whoever calls holds the keeper's lock. One thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/file.h"
#include "base/result.h"
#include "tlog/hash.h"
#include "tlog/note.h"
#include "tlog/signer_history.h"

namespace redoubt::ledger {

// The log's file `signers`; empty when there is none. `log_directory` as of log_directory().
Result<std::string> read_signers(FileSystem& fs, const std::string& log_directory);

// kVerifyFailed unless the log's history, where there is one, ends with this key: another keeps silent about the log
// from its handover on.
Result<> require_current_signer(FileSystem& fs, const std::string& log_directory, const tlog::VerifierKey& key);

// A log whose key is another.
struct HandedOver {
  std::string tenant;  // empty: the system log
  tlog::VerifierKey from;
  tlog::VerifierKey to;
  tlog::TreeSize size;  // of its last checkpoint
};

// Hands every log over from one key to the other, durably: to its `signers` a handover at its last checkpoint is added,
// and to that checkpoint the new key's signature, beside all that are there. Signers are those of the system log.
// Stopped anywhere, and called again with the same two keys, it does what is left; a log that is done is left as it is.
// Until it is done no key may sign. Errors: open_checkpoint's for a checkpoint that neither signed; kCorrupt when it is
// not the one handed over; append_handover's; the file system's.
Result<std::vector<HandedOver>> hand_over(FileSystem& fs, const std::string& directory, const tlog::NoteSigner& from,
                                          const tlog::NoteSigner& to, const Clock& clock);

struct Revoked {
  tlog::VerifierKey key;
  tlog::TreeSize at;
};

// Adds to the log's `signers`, durably, that signatures of an earlier key on trees larger than `at` do not count.
// `signer` is the system log's, with the current key. `key`: a vkey of any of the ledger's logs, or a key id of this
// one's, as eight hexadecimal digits. Errors: kInvalidArgument for a key that never handed this log over, and
// append_revocation's; kNotFound for a tenant without a log; the file system's.
Result<Revoked> revoke_signer(FileSystem& fs, const std::string& directory, std::string_view tenant,
                              const tlog::NoteSigner& signer, std::string_view key, tlog::TreeSize at,
                              const Clock& clock);

}  // namespace redoubt::ledger
