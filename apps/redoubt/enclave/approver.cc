#include "redoubt/enclave/approver.h"

#include "keys/key_file.h"

namespace redoubt::app {

namespace {

constexpr std::size_t kScalarBytes = 32;

}  // namespace

Result<crypto::P256PrivateKey> load_approver(FileSystem& fs, const Layout& layout, const ApproverOptions& options) {
  if (!options.shares.empty()) {
    const auto scalar = keys::open_quorum(fs, layout.approver_quorum(), options.shares);
    if (!scalar) return scalar.error();
    return crypto::P256PrivateKey::from_scalar(scalar->reveal());
  }
  if (options.key.empty() && fs.open(layout.approver_quorum(), OpenMode::kReadOnly)) {
    return Error(Errc::kInvalidArgument,
                 "the approver's key is held in shares here: `--approver-share FILE`, once for each that it takes");
  }
  const auto scalar =
      keys::load_key_file(options.key.empty() ? layout.approver_key() : options.key, kApproverKind, kScalarBytes);
  if (!scalar && scalar.error().code() == Errc::kNotFound) {
    return scalar.error().in("the approver's key (`--approver-key FILE` says where it is)");
  }
  if (!scalar) return scalar.error();
  return crypto::P256PrivateKey::from_scalar(scalar->reveal());
}

Result<NewApprover> make_approver(FileSystem& fs, const Layout& layout, const keys::QuorumSize& size) {
  NewApprover out{.key = crypto::P256PrivateKey::generate(), .files = {layout.approver_key()}};
  const std::string shares = approver_share(layout);
  if (size.count != 0) out.files = keys::share_paths(size, shares);
  const auto done = size.count == 0 ? keys::create_key_file(layout.approver_key(), kApproverKind, out.key.scalar())
                                    : keys::write_quorum(fs, out.key.scalar(), size, layout.approver_quorum(), shares);
  if (!done) return done.error();
  return out;
}

}  // namespace redoubt::app
