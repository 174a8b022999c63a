// `redoubt enclave approve`.
#include <algorithm>
#include <cstdio>
#include <optional>
#include <utility>

#include "base/config.h"
#include "redoubt/enclave.h"
#include "redoubt/enclave/approval.h"
#include "redoubt/enclave/next_bundle.h"
#include "redoubt/enclave/verbs.h"
#include "redoubt/settings.h"

namespace redoubt::app::enclave_verbs {

namespace {

struct Made {
  tpm::ApprovalFile approval;
  std::string path;
  bool was_there = false;
  std::optional<NextBundle> next;
};

// Those of this approver for these keys, the latest first.
std::vector<sealing::KeptApproval> valid_approvals(std::vector<sealing::KeptApproval> all,
                                                   const sealing::Sealing& sealing) {
  std::erase_if(all, [&](const sealing::KeptApproval& each) {
    return !each.file.is_signed_by(sealing.approver, sealing.purpose());
  });
  std::ranges::sort(all, [](const auto& a, const auto& b) { return a.file.version > b.file.version; });
  return all;
}

Result<tpm::PcrValues> boot_registers(FileSystem& fs, const Layout& layout, const sealing::Sealing& sealing,
                                      const std::vector<sealing::KeptApproval>& approvals, bool read) {
  if (!sealing.boot) return tpm::PcrValues();
  if (!read && !approvals.empty()) return approvals.front().file.boot;
  if (!read) {
    return Error(Errc::kInvalidArgument,
                 "there is no approval to take the firmware's registers from: `--read-boot`, on the machine itself");
  }
  const auto settings = load_settings(fs, layout.config());
  if (!settings) return settings.error();
  auto tpm = tpm::Tpm::open(settings->tpm);
  if (!tpm) return tpm.error();
  return tpm::read_pcrs(*tpm, {0, 1, 2, 3, 4, 5, 6, 7});
}

bool of_the_same(const tpm::ApprovalFile& one, const tpm::ApprovalFile& other) {
  return one.counter == other.counter && one.state().pcr_digest == other.state().pcr_digest;
}

Result<Made> approve_start(FileSystem& fs, const Layout& layout, const sealing::Sealing& sealing,
                           const ApproveOptions& options, const crypto::P256PrivateKey& key) {
  auto kept = sealing::read_approvals(fs, layout.approvals());
  if (!kept) return kept.error();
  const auto approvals = valid_approvals(*std::move(kept), sealing);
  if (approvals.empty() && !options.version) {
    return Error(Errc::kInvalidArgument, "there is no approval to count from: `--version` says which one this is");
  }
  const auto boot = boot_registers(fs, layout, sealing, approvals, options.read_boot);
  if (!boot) return boot.error();
  const std::string path = options.configuration.empty() ? layout.config() : options.configuration;
  const auto configuration = read_file(fs, path, ConfigFile::kMaxSizeBytes);
  if (!configuration) return configuration.error();
  auto approval = make_approval(sealing,
                                {.version = options.version ? *options.version : approvals.front().file.version + 1,
                                 .boot = *boot,
                                 .programs = measured_programs(options.programs),
                                 .configuration = std::string(as_chars(*configuration))},
                                key);
  if (!approval) return approval.error();
  if (!options.version && options.out.empty()) {
    for (const sealing::KeptApproval& each : approvals) {
      if (of_the_same(each.file, *approval)) {
        return Made{.approval = each.file, .path = each.path, .was_there = true, .next = std::nullopt};
      }
    }
  }
  Made made{.approval = *std::move(approval), .path = options.out, .was_there = false, .next = std::nullopt};
  if (made.path.empty()) made.path = approval_path(layout, made.approval.version);
  if (auto done = write_approval(fs, layout, made.path, made.approval); !done) return done.error();
  return made;
}

Result<Made> make(const Common& common, const ApproveOptions& options) {
  PosixFileSystem fs;
  const Layout layout(common.dir);
  const auto sealing = sealing::Sealing::load(fs, layout.sealing());
  if (!sealing && sealing.error().code() == Errc::kNotFound) {
    return Error(Errc::kNotFound, "the keys of `" + layout.root + "` are not sealed: there is nothing to approve");
  }
  if (!sealing) return sealing.error();
  std::optional<NextBundle> next;
  if (options.bring_into_force) {
    auto chosen = choose_next_bundle(fs, layout);
    if (!chosen) return chosen.error();
    next = *std::move(chosen);
  }
  const auto key = load_approver(fs, layout, options.approver);
  if (!key) return key.error();
  auto made = approve_start(fs, layout, *sealing, options, *key);
  if (!made || !next) return made;
  if (auto done = approve_next_bundle(fs, layout, *sealing, *next, *key); !done) return done.error();
  made->next = std::move(next);
  return made;
}

}  // namespace

int approve(const Common& common, const ApproveOptions& options) {
  const auto made = make(common, options);
  if (!made) return report(made.error(), common.json);
  if (common.json) {
    std::string out;
    encoding::JsonWriter json(out);
    json.begin_object();
    json.member("ok", true);
    json.member("version", made->approval.version);
    json.member("file", made->path);
    json.member("new", !made->was_there);
    write_next_bundle(json, made->next);
    json.end_object();
    std::printf("%s\n", out.c_str());
    return kSuccess;
  }
  std::printf("%s  as version %llu, in %s\n", made->was_there ? "approved before" : "approved       ",
              static_cast<unsigned long long>(made->approval.version), made->path.c_str());
  if (!made->was_there) {
    std::printf(
        "\nIt holds from the next start on. When that has worked, `redoubt enclave supersede` ends the approvals "
        "before "
        "it.\n");
  }
  print_next_bundle(made->next);
  return kSuccess;
}

}  // namespace redoubt::app::enclave_verbs
