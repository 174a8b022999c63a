#include "keeper/make.h"

#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "base/file.h"
#include "confine/privileges.h"
#include "encoding/base64.h"
#include "keeper/new_keeper.h"
#include "ledger/entry.h"

namespace redoubt {
namespace {

constexpr int kNotMade = 3;
constexpr int kNoSuchArguments = 2;

struct MakeArguments {
  NewKeeper what;        // but for what is opened and read
  std::string tpm;       // from the keeper's folder; empty: none
  std::string approver;  // base64, with a TPM
  std::string recovery;  // K/N
};

// They are our own: `redoubt init` wrote them. Paths are from the root.
std::optional<MakeArguments> parse_make(std::span<char* const> arguments) {
  MakeArguments out;
  sealing::SealingPaths& paths = out.what.paths;
  const std::array<std::pair<std::string_view, std::string*>, 9> known{{{"--origin=", &out.what.origin},
                                                                        {"--ledger=", &out.what.ledger},
                                                                        {"--keeper=", &paths.keeper},
                                                                        {"--sealing=", &paths.sealing},
                                                                        {"--recovery-quorum=", &paths.recovery_quorum},
                                                                        {"--recovery-share=", &paths.recovery_share},
                                                                        {"--tpm=", &out.tpm},
                                                                        {"--approver=", &out.approver},
                                                                        {"--recovery=", &out.recovery}}};
  for (const std::string_view argument : arguments) {
    const auto found =
        std::find_if(known.begin(), known.end(), [&](const auto& each) { return argument.starts_with(each.first); });
    if (found == known.end()) return std::nullopt;
    *found->second = argument.substr(found->first.size());
  }
  const auto is_path = [](const std::string& text) { return text.starts_with('/'); };
  if (out.what.origin.empty() || !is_path(out.what.ledger) || !is_path(paths.keeper)) return std::nullopt;
  if (!out.tpm.empty() &&
      !(is_path(paths.sealing) && is_path(paths.recovery_quorum) && is_path(paths.recovery_share))) {
    return std::nullopt;
  }
  return out;
}

Result<std::string> read_record() {
  std::string out;
  std::array<char, 4096> buffer;
  while (out.size() <= ledger::kMaxLeafBytes) {
    const ssize_t n = ::read(STDIN_FILENO, buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno_error("cannot read the first record", errno);
    if (n == 0) return out;
    out.append(buffer.data(), static_cast<std::size_t>(n));
  }
  return Error(Errc::kTooLarge, "the first record is larger than an entry");
}

Result<NewKeeperKeys> make(const MakeArguments& arguments) {
  NewKeeper what = arguments.what;
  auto record = read_record();
  if (!record) return record.error();
  what.first_record = *std::move(record);
  if (auto done = confine::close_other_descriptors({}); !done) return done.error();
  std::optional<tpm::Tpm> tpm;
  if (!arguments.tpm.empty()) {
    const auto approver = encoding::base64_decode(arguments.approver);
    if (!approver || approver->size() != what.approver.size()) {
      return Error(Errc::kInvalidArgument, "`--approver` is no public key");
    }
    std::ranges::copy(*approver, what.approver.begin());
    const auto recovery = keys::QuorumSize::parse(arguments.recovery, "--recovery");
    if (!recovery) return recovery.error();
    what.recovery = *recovery;
    // The name of a TPM of software is short, and from here.
    if (::chdir(what.paths.keeper.c_str()) != 0) return errno_error("cannot enter `" + what.paths.keeper + "`", errno);
    auto opened = tpm::Tpm::open(arguments.tpm);
    if (!opened) return opened.error().in("TPM");
    tpm = *std::move(opened);
    what.tpm = &*tpm;
  }
  PosixFileSystem fs;
  return make_keeper(fs, SystemClock(), what);
}

}  // namespace

int run_make(std::span<char* const> arguments) {
  const auto parsed = parse_make(arguments);
  if (!parsed) {
    std::fprintf(stderr, "redoubt-keeper: `make` is started by `redoubt init`\n");
    return kNoSuchArguments;
  }
  ::prctl(PR_SET_DUMPABLE, 0);
  const auto made = make(*parsed);
  if (!made) {
    std::printf("failed %s\n", made.error().message().c_str());
    return kNotMade;
  }
  std::printf("ok\n%s\n%s\n", made->signer.format().c_str(), encoding::base64(made->dictionary).c_str());
  return std::fflush(stdout) == 0 ? 0 : kNotMade;
}

}  // namespace redoubt
