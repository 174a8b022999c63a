// The approver's key, which people hold: in a file, or in shares.
#pragma once

#include <string>
#include <vector>

#include "base/file.h"
#include "base/result.h"
#include "crypto/certificate.h"
#include "keys/quorum_files.h"
#include "redoubt/layout.h"

namespace redoubt::app {

inline constexpr std::string_view kApproverKind = "approver";

// Where an approver's key comes from: a key file, or shares. Neither: the folder's own key file.
struct ApproverOptions {
  std::string key;
  std::vector<std::string> shares;
};
Result<crypto::P256PrivateKey> load_approver(FileSystem& fs, const Layout& layout, const ApproverOptions& options);

// What the names of the files of its shares begin with, which are made with it.
inline std::string approver_share(const Layout& layout) {
  return layout.keys() + "/approver-share";
}

struct NewApprover {
  crypto::P256PrivateKey key;
  std::vector<std::string> files;  // the key's, or those of its shares
};
// Makes the key of a folder that has none, and writes what people hold of it to DIR/keys. `size`: of its quorum;
// without one, the key itself. kAlreadyExists.
Result<NewApprover> make_approver(FileSystem& fs, const Layout& layout, const keys::QuorumSize& size);

}  // namespace redoubt::app
