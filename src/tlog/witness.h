// A witness: cosigns checkpoints of the logs it knows, each only when it continues what it cosigned of that log before
// (C2SP tlog-witness). It keeps one checkpoint a log and no entries, and answers requests whatever carries them; HTTP
// is the caller's.
//
//   auto witness = Witness::open(fs, "state", std::move(cosigner), {{"example.com/log", {log_key}}}, clock);
//   const WitnessReply reply = witness->add_checkpoint(body);       // POST …/add-checkpoint
//   const WitnessReply last = witness->checkpoint(origin_hash);     // GET …/ORIGIN-HASH/checkpoint
//
// In its folder, for each log, in a folder named by the SHA-256 of the origin in hexadecimal:
//   checkpoint    the last one cosigned: the log's signatures that were verified and the witness's cosignature
//   fork-proof    the first contradiction that the log was caught in (tlog/fork_proof.h)
//
// INVARIANT: whatever leaves here cosigned has been durable before, and nothing that contradicts it is cosigned after,
// whenever the program or the machine ends. So the folder must neither be lost nor restored from a backup while the key
// lives on, and belongs to one Witness at a time: the caller holds a lock.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/file.h"
#include "base/result.h"
#include "tlog/checkpoint.h"
#include "tlog/cosignature.h"
#include "tlog/note.h"
#include "tlog/witness_request.h"

namespace redoubt::tlog {

// A log to be witnessed. While a log changes its key it has both; a key that goes takes with it the proof that what it
// signed was contradicted later.
struct WitnessLog {
  std::string origin;
  std::vector<VerifierKey> keys;  // the log's own, at least one
};

// Logs, one key a line: a verifier key and, where the log's origin is not the key's name, a space and the origin. Lines
// of one origin are keys of one log. Empty lines and lines that begin with `#` count for nothing. kMalformed with the
// line's number; kTooLarge above kMaxWitnessLogsSize.
inline constexpr std::size_t kMaxWitnessLogsSize = 1024 * 1024;  // bytes
Result<std::vector<WitnessLog>> parse_witness_logs(std::string_view text);

// To be answered over HTTP.
struct WitnessReply {
  int status = 0;
  std::string_view content_type;  // static
  std::string body;
  std::string alert;  // for the operator and nobody else: a fork, or what the disk or the clock does; mostly empty
};

// A log that the witness refuses to serve, because it does not know what it cosigned before.
struct RefusedLog {
  std::string origin;
  Error why;
};

// One thread at a time, which waits for the disk: this is what makes judging and persisting one step.
class Witness {
 public:
  // Reads what was cosigned before and makes it durable anew. `folder` must exist; it and `fs` and `clock` outlive the
  // witness. A log whose state cannot be read, is not cosigned by this witness or has a signature that does not hold is
  // refused from the start: see refused(). Errors: kInvalidArgument when a log has no key, a key that is not a log's or
  // the witness's own key, or an origin appears twice; the file system's, for `folder` itself.
  static Result<Witness> open(FileSystem& fs, std::string folder, Cosigner cosigner, std::vector<WitnessLog> logs,
                              const Clock& clock);

  // `body` as of POST add-checkpoint. Statuses:
  //   200  cosigned, and durable; the body is the cosignature line
  //   400  malformed, or the old size is larger than the checkpoint's
  //   403  no signature of a key of the log, or one that does not hold or cannot be read
  //   404  unknown origin
  //   409  another old size than the one cosigned last, which the body says, as `text/x.tlog.size`; or another root at
  //        that same size
  //   413  above kMaxWitnessRequestSize
  //   422  a proof that does not hold or must be empty, or an empty tree with another root than that
  //   500  it could not be made durable, or the clock stands before 1970; nothing was cosigned
  //   503  a log that is refused
  // A request that is refused and shows the log's fork leaves a fork proof, the first of each log. Times of
  // cosignatures of a log never run backwards, whatever the clock does.
  WitnessReply add_checkpoint(std::string_view body);

  // The last checkpoint cosigned of the log whose origin has this SHA-256, in lower-case hexadecimal, as a signed note.
  // 404 when there is none; 503 as above.
  WitnessReply checkpoint(std::string_view origin_hash) const;

  std::vector<RefusedLog> refused() const;
  const VerifierKey& verifier_key() const { return cosigner_.verifier_key(); }

 private:
  // What was cosigned last.
  struct Latest {
    Checkpoint checkpoint;
    std::string note;
    std::uint64_t unix_seconds = 0;
  };
  struct Log {
    WitnessLog known;
    std::string folder;
    std::optional<Latest> latest;
    bool fork_kept = false;
    std::optional<Error> refused;
  };

  Witness(FileSystem& fs, Cosigner cosigner, const Clock& clock)
      : fs_(fs), cosigner_(std::move(cosigner)), clock_(clock) {}

  Result<> load(Log& log) const;
  Result<Latest> read_latest(const Log& log, const std::string& path) const;
  std::optional<WitnessReply> judge(const Log& log, const WitnessRequest& request, const Checkpoint& checkpoint) const;
  WitnessReply cosign(Log& log, const Note& note, Checkpoint checkpoint);
  // What the operator must know of it; empty when the request shows no fork, or one is kept already.
  std::string keep_fork_proof(Log& log, const WitnessRequest& request) const;

  FileSystem& fs_;
  Cosigner cosigner_;
  const Clock& clock_;
  std::map<std::string, Log, std::less<>> logs_;  // by the hash of the origin
};

}  // namespace redoubt::tlog
