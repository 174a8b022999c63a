// `redoubt enclave supersede`.
#include <algorithm>
#include <cstdio>

#include "base/file.h"
#include "redoubt/enclave/offline_enclave.h"
#include "redoubt/enclave/verbs.h"
#include "sealing/keeper_keys.h"
#include "tpm/nv_index.h"

namespace redoubt::app::enclave_verbs {

namespace {

// A counter is raised one by one; nobody approves so often.
constexpr std::uint64_t kMaxSteps = 1000;

struct Superseded {
  std::uint64_t before = 0;  // the counter's value
  std::uint64_t now = 0;
  std::size_t removed = 0;  // approvals that are over
};

Result<std::uint64_t> raise_counter(tpm::Tpm& tpm, tpm::NvHandle counter, std::uint64_t from, std::uint64_t to) {
  if (to > from && to - from > kMaxSteps) {
    return Error(Errc::kInvalidArgument,
                 "version " + std::to_string(to) + " is more than 1,000 after the counter's " + std::to_string(from));
  }
  std::uint64_t value = from;
  while (value < to) {
    const auto next = tpm::increment_counter(tpm, counter);
    if (!next) return next.error();
    value = *next;
  }
  return value;
}

Result<std::uint64_t> choose_version(FileSystem& fs, const Layout& layout, const SupersedeOptions& options) {
  if (options.version) return *options.version;
  const auto opened = sealing::read_opened_version(fs, layout.keeper());
  if (!opened) return opened.error();
  if (*opened == 0) {
    return Error(Errc::kInvalidArgument, "no start has opened the keys yet: `--version` says which one goes on");
  }
  return *opened;
}

Result<Superseded> end_before(OfflineEnclave& enclave, const SupersedeOptions& options) {
  PosixFileSystem fs;
  const Layout& layout = enclave.layout();
  if (auto done = enclave.load(); !done) return done.error();
  if (enclave.tpm() == kSoftwareTpm) {  // which has one user at a time
    if (auto done = enclave.lock_out(); !done) return done.error();
  }
  const auto sealing = sealing::Sealing::load(fs, layout.sealing());
  if (!sealing) return sealing.error();
  const auto version = choose_version(fs, layout, options);
  if (!version) return version.error();
  const auto approvals = sealing::read_approvals(fs, layout.approvals());
  if (!approvals) return approvals.error();
  const bool goes_on = std::ranges::any_of(*approvals, [&](const sealing::KeptApproval& each) {
    return each.file.version >= *version && each.file.is_signed_by(sealing->approver, sealing->purpose());
  });
  if (!goes_on) {
    return Error(Errc::kInvalidArgument, "there is no approval of version " + std::to_string(*version) +
                                             " or after it: nothing would open the keys");
  }
  auto tpm = enclave.open();
  if (!tpm) return tpm.error();
  const auto before = tpm::read_counter(*tpm, sealing->counter);
  if (!before) return before.error();
  const auto now = raise_counter(*tpm, sealing->counter, *before, *version);
  if (!now) return now.error();
  Superseded out{.before = *before, .now = *now};
  for (const sealing::KeptApproval& each : *approvals) {
    if (each.file.counter != sealing->counter || each.file.version >= *now) continue;
    if (auto done = fs.remove(each.path); !done) return done.error();
    ++out.removed;
  }
  return out;
}

}  // namespace

int supersede(const Common& common, const SupersedeOptions& options) {
  OfflineEnclave enclave((Layout(common.dir)));
  const auto done = end_before(enclave, options);
  if (!done) return report(done.error(), common.json);
  if (common.json) {
    std::string out;
    encoding::JsonWriter json(out);
    json.begin_object();
    json.member("ok", true);
    json.member("before", done->before);
    json.member("counter", done->now);
    json.member("removed", std::uint64_t{done->removed});
    json.end_object();
    std::printf("%s\n", out.c_str());
    return kSuccess;
  }
  std::printf("counter    %llu, before %llu\napprovals  %zu that are over were removed\n",
              static_cast<unsigned long long>(done->now), static_cast<unsigned long long>(done->before), done->removed);
  return kSuccess;
}

}  // namespace redoubt::app::enclave_verbs
