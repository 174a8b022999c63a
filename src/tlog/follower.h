// Follows a log while it grows, and trusts nothing but its key.
//
//   LogFollower follower(keys, origin);
//   follower.advance(log);                         // a new checkpoint, and proof that it continues the last one
//   follower.start_at(log, from);                  // once
//   while (follower.next() < follower.size())
//     follower.read(log, [](LeafIndex index, const Hash& leaf, ByteView entry) { … });
//
// INVARIANT: every checkpoint taken is signed by the log's key and its tree begins with that of each one taken before;
// every entry handed out is in the tree of the last checkpoint, at the index that is said.
//
// Entries are read bundle by bundle. The frontier over all entries up to and with the bundle's gives a root, and a
// consistency proof from that root to the checkpoint's shows that these entries, at these places, are what was signed
// (RFC 6962 §2.1.2). Memory: one bundle (at most 16 MiB) and the tiles of one proof, however long the log.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "tlog/checkpoint.h"
#include "tlog/fork_proof.h"
#include "tlog/frontier.h"
#include "tlog/log_verifier.h"
#include "tlog/note.h"

namespace redoubt::tlog {

// One thread. A value: what it knows is no larger than two checkpoints and a frontier.
class LogFollower {
 public:
  // `keys`: the log's, several after a rotation; at least one.
  LogFollower(std::vector<VerifierKey> keys, std::string origin) : keys_(std::move(keys)), origin_(std::move(origin)) {}

  // Fetches the checkpoint and takes it when the log has grown; false when it is the one taken last. Errors:
  // kVerifyFailed when the log did not sign it, when it does not continue the last one (then fork() may have the
  // proof), or when the tiles are not those of the checkpoint; kNotFound before the log's first; the reader's.
  Result<bool> advance(ResourceReader& log);

  // From which entry on read() reads; the first time it is called. Entries before are not read: tiles show where the
  // tree stands. kInvalidArgument beyond size(); kVerifyFailed when the tiles are not those of the checkpoint.
  Result<> start_at(ResourceReader& log, LeafIndex from);

  // The rest of the bundle that next() is in, as far as the checkpoint goes, verified before the first is handed out;
  // nothing at the end. Returns how many. Errors: kVerifyFailed when the bundle does not have its form, or its entries
  // are not in the log; the reader's. After an error it may be called again.
  using OnEntry = std::function<void(LeafIndex index, const Hash& leaf, ByteView entry)>;
  Result<std::size_t> read(ResourceReader& log, const OnEntry& on_entry);

  TreeSize size() const { return checkpoint_.size; }              // of the last checkpoint
  std::uint64_t next() const { return frontier_.size().value; }   // index of the next entry
  const std::optional<ForkProof>& fork() const { return fork_; }  // why advance() refused, where it can be proven
  const std::string& note() const { return note_; }               // the last checkpoint, as published

 private:
  Result<> refuse_smaller(ResourceReader& log, const std::string& note, const Checkpoint& checkpoint);

  std::vector<VerifierKey> keys_;
  std::string origin_;
  std::string note_;  // empty before the first
  Checkpoint checkpoint_;
  Frontier frontier_;
  std::optional<ForkProof> fork_;
};

}  // namespace redoubt::tlog
