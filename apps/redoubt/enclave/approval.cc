#include "redoubt/enclave/approval.h"

#include <utility>

#include "redoubt/enclave.h"

namespace redoubt::app {

Result<tpm::ApprovalFile> make_approval(const sealing::Sealing& sealing, const Approved& what,
                                        const crypto::P256PrivateKey& approver) {
  if (approver.public_key() != sealing.approver) {
    return Error(Errc::kVerifyFailed, "this is not the key of the approver of these keys");
  }
  auto measured = expected_measurements(what.programs, what.configuration);
  if (!measured) return measured.error();
  tpm::ApprovalFile out{.counter = sealing.counter,
                        .version = what.version,
                        .boot = what.boot,
                        .measured = *std::move(measured),
                        .signature = {}};
  if (auto done = out.sign(sealing.purpose(), approver); !done) return done.error();
  return out;
}

std::string approval_path(const Layout& layout, std::uint64_t version) {
  return layout.approvals() + "/" + std::to_string(version) + std::string(sealing::kApprovalSuffix);
}

Result<> write_approval(FileSystem& fs, const Layout& layout, const std::string& path,
                        const tpm::ApprovalFile& approval) {
  if (path.starts_with(layout.approvals() + "/")) {
    if (auto done = fs.make_directory(layout.approvals()); !done) return done;
  }
  const std::string text = approval.format();
  return write_file_atomically(fs, path, as_bytes(text));
}

Result<> approve_first(const Layout& layout, const sealing::NewSealing& made, const std::string& configuration,
                       const crypto::P256PrivateKey& approver) {
  PosixFileSystem fs;
  const auto approval = make_approval(
      made.sealing,
      {.version = made.version, .boot = made.boot, .programs = measured_programs(), .configuration = configuration},
      approver);
  if (!approval) return approval.error();
  return write_approval(fs, layout, approval_path(layout, made.version), *approval);
}

}  // namespace redoubt::app
