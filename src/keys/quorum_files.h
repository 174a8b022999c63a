// A quorum of a key (key_quorum.h) in files: one that anybody may read, and one for each person's share.
//
//   auto size = QuorumSize::parse("2/3", "--recovery");
//   auto paths = write_quorum(fs, key, *size, "recovery.quorum", "keys/recovery-share");
//   auto key = open_quorum(fs, "recovery.quorum", {"keys/recovery-share-1", "keys/recovery-share-3"});
//
// Any thread.
#pragma once

#include <string>
#include <vector>

#include "base/file.h"
#include "base/result.h"
#include "crypto/secret.h"

namespace redoubt::keys {

// `threshold` of `count` people; no quorum when `count` is 0.
struct QuorumSize {
  unsigned threshold = 0;
  unsigned count = 0;

  // `2/3`; empty: none. kInvalidArgument, with the option's name, for another form, and unless 2 <= threshold <= count
  // <= 8.
  static Result<QuorumSize> parse(const std::string& text, const std::string& option);
};

// The files of its shares: PREFIX-1 to PREFIX-COUNT.
std::vector<std::string> share_paths(const QuorumSize& size, const std::string& prefix);

// Writes the quorum's file, and those of the shares, for their owner alone to read. Errors: those of make_key_quorum()
// and create_private_file().
Result<> write_quorum(FileSystem& fs, const crypto::Secret& key, const QuorumSize& size, const std::string& file,
                      const std::string& prefix);

// What the shares in these files open. Errors: those of reading, and of KeyQuorum, with the file's name.
Result<crypto::Secret> open_quorum(FileSystem& fs, const std::string& file, const std::vector<std::string>& shares);

}  // namespace redoubt::keys
