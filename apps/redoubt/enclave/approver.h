// Keys that people hold: the approver's, and quorums of it and of the storage key.
#pragma once

#include <string>
#include <vector>

#include "base/file.h"
#include "base/result.h"
#include "crypto/certificate.h"
#include "crypto/secret.h"
#include "redoubt/layout.h"

namespace redoubt::app {

inline constexpr std::string_view kApproverKind = "approver";

// k of n people; none when `count` is 0.
struct Quorum {
  unsigned threshold = 0;
  unsigned count = 0;

  // `2/3`. kInvalidArgument, with the option's name, for another form, and unless 2 <= k <= n <= 8.
  static Result<Quorum> parse(const std::string& text, const std::string& option);
};

// Writes the quorum's file, and the shares as PREFIX-1 to PREFIX-N, for their owner alone to read: the paths.
Result<std::vector<std::string>> write_quorum(FileSystem& fs, const crypto::Secret& key, const Quorum& quorum,
                                              const std::string& file, const std::string& prefix);
// What the shares in these files open. Errors: those of keys::KeyQuorum, with the file's name.
Result<crypto::Secret> open_quorum(FileSystem& fs, const std::string& file, const std::vector<std::string>& shares);

// Where an approver's key comes from: a key file, or shares. Neither: the folder's own key file.
struct ApproverOptions {
  std::string key;
  std::vector<std::string> shares;
};
Result<crypto::P256PrivateKey> load_approver(FileSystem& fs, const Layout& layout, const ApproverOptions& options);

}  // namespace redoubt::app
