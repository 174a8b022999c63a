#include "keeper/run_errand.h"

#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/file.h"
#include "confine/privileges.h"
#include "encoding/base64.h"
#include "keeper/key_sealing.h"
#include "keeper/keys_at_rest.h"
#include "keeper/new_keeper.h"
#include "keeper/signer_life.h"
#include "ledger/entry.h"
#include "ledger/errand.h"

namespace redoubt {
namespace {

constexpr int kNotDone = 3;
constexpr int kNoSuchArguments = 2;

// They are our own: `redoubt` wrote them. Paths are from the root.
struct ErrandArguments {
  SignerPlace place;
  sealing::SealingPaths paths;
  std::string approvals;
  std::string tpm;                           // from the keeper's folder; empty: none
  std::string approver;                      // public key, base64: for whom keys are sealed
  std::string recovery;                      // K/N
  std::vector<std::string> recovery_shares;  // files
  SignerToRevoke revoked;
  std::string at;  // as text
};

std::optional<ErrandArguments> parse_errand(std::span<char* const> arguments) {
  ErrandArguments out;
  const std::array<std::pair<std::string_view, std::string*>, 14> known{
      {{"--dir=", &out.place.root},
       {"--keeper=", &out.place.keeper},
       {"--ledger=", &out.place.ledger},
       {"--origin=", &out.place.origin},
       {"--sealing=", &out.paths.sealing},
       {"--recovery-quorum=", &out.paths.recovery_quorum},
       {"--recovery-prefix=", &out.paths.recovery_share},
       {"--approvals=", &out.approvals},
       {"--tpm=", &out.tpm},
       {"--approver=", &out.approver},
       {"--recovery=", &out.recovery},
       {"--tenant=", &out.revoked.tenant},
       {"--key=", &out.revoked.key},
       {"--at=", &out.at}}};
  constexpr std::string_view kRecoveryShare = "--recovery-share=";
  for (const std::string_view argument : arguments) {
    if (argument.starts_with(kRecoveryShare)) {
      out.recovery_shares.emplace_back(argument.substr(kRecoveryShare.size()));
      continue;
    }
    const auto found =
        std::find_if(known.begin(), known.end(), [&](const auto& each) { return argument.starts_with(each.first); });
    if (found == known.end()) return std::nullopt;
    *found->second = argument.substr(found->first.size());
  }
  out.paths.keeper = out.place.keeper;
  for (const std::string& path : {out.place.root, out.place.keeper, out.place.ledger, out.paths.sealing,
                                  out.paths.recovery_quorum, out.paths.recovery_share, out.approvals}) {
    if (!path.starts_with('/')) return std::nullopt;
  }
  return out;
}

// What `make` needs; nothing for the others.
Result<std::string> read_input() {
  std::string out;
  std::array<char, 4096> buffer;
  while (out.size() <= ledger::kMaxLeafBytes) {
    const ssize_t n = ::read(STDIN_FILENO, buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno_error("cannot read standard input", errno);
    if (n == 0) return out;
    out.append(buffer.data(), static_cast<std::size_t>(n));
  }
  return Error(Errc::kTooLarge, "standard input is larger than an entry of a ledger");
}

Result<crypto::P256PublicKey> parse_approver(const std::string& text) {
  const auto bytes = encoding::base64_decode(text);
  crypto::P256PublicKey key{};
  if (!bytes || bytes->size() != key.size()) return Error(Errc::kInvalidArgument, "`--approver` is no public key");
  std::ranges::copy(*bytes, key.begin());
  return key;
}

// One errand's work. The working folder is the keeper's, so that a TPM of software is found by a short name.
class Work {
 public:
  Work(const ErrandArguments& arguments, std::string input) : arguments_(arguments), input_(std::move(input)) {}

  Result<ledger::ErrandLines> make() {
    NewKeeper what;
    what.ledger = arguments_.place.ledger;
    what.paths = arguments_.paths;
    what.origin = arguments_.place.origin;
    what.first_record = std::move(input_);
    std::optional<tpm::Tpm> tpm;
    if (!arguments_.tpm.empty()) {
      const auto approver = parse_approver(arguments_.approver);
      if (!approver) return approver.error();
      const auto recovery = keys::QuorumSize::parse(arguments_.recovery, "--recovery");
      if (!recovery) return recovery.error();
      auto opened = open_tpm();
      if (!opened) return opened.error();
      tpm = *std::move(opened);
      what.approver = *approver;
      what.recovery = *recovery;
      what.tpm = &*tpm;
    }
    const auto made = make_keeper(fs_, SystemClock(), what);
    if (!made) return made.error();
    return made->lines();
  }

  Result<ledger::ErrandLines> seal_keys() {
    const auto approver = parse_approver(arguments_.approver);
    if (!approver) return approver.error();
    const auto recovery = keys::QuorumSize::parse(arguments_.recovery, "--recovery");
    if (!recovery) return recovery.error();
    auto tpm = open_tpm();
    if (!tpm) return tpm.error();
    return nothing_or_why(redoubt::seal_keys(fs_, arguments_.paths, *tpm, *approver, *recovery));
  }

  Result<ledger::ErrandLines> encrypt_keys() {
    // Before the TPM is asked, which says other things of a folder that was sealed long ago.
    if (auto clear = require_clear_signer(arguments_.place.keeper); !clear) return clear.error();
    const auto store = open_store();
    if (!store) return store.error();
    return nothing_or_why(redoubt::encrypt_keys(fs_, arguments_.place.keeper, *store));
  }

  Result<ledger::ErrandLines> recover_keys() {
    const auto approver = parse_approver(arguments_.approver);
    if (!approver) return approver.error();
    const auto storage_key = recover_storage_key(fs_, arguments_.paths, arguments_.recovery_shares);
    if (!storage_key) return storage_key.error();
    auto tpm = open_tpm();
    if (!tpm) return tpm.error();
    if (auto done = sealing::seal_storage_key(fs_, arguments_.paths, *tpm, *storage_key, *approver); !done) {
      return done.error();
    }
    return ledger::ErrandLines();
  }

  Result<ledger::ErrandLines> prepare_signer() {
    const auto store = open_store();
    if (!store) return store.error();
    const auto next = redoubt::prepare_signer(arguments_.place, *store);
    if (!next) return next.error();
    return next->lines();
  }

  Result<ledger::ErrandLines> rotate_signer() {
    const auto store = open_store();
    if (!store) return store.error();
    const auto changed = redoubt::rotate_signer(arguments_.place, *store);
    if (!changed) return changed.error();
    return changed->lines();
  }

  Result<ledger::ErrandLines> revoke_signer() {
    SignerToRevoke what = arguments_.revoked;
    const std::string& text = arguments_.at;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), what.at.value);
    if (error != std::errc() || end != text.data() + text.size()) {
      return Error(Errc::kInvalidArgument, "`--at` is a size");
    }
    const auto store = open_store();
    if (!store) return store.error();
    const auto revoked = redoubt::revoke_signer(arguments_.place, *store, what);
    if (!revoked) return revoked.error();
    return revoked->lines();
  }

 private:
  static Result<ledger::ErrandLines> nothing_or_why(const Result<>& done) {
    if (!done) return done.error();
    return ledger::ErrandLines();
  }

  Result<tpm::Tpm> open_tpm() const {
    auto opened = tpm::Tpm::open(arguments_.tpm);
    if (!opened) return opened.error().in("TPM");
    return opened;
  }

  // As a start opens it. The TPM has one user at a time where it is software's: it is closed again.
  Result<keys::KeyStore> open_store() {
    const auto approvals = sealing::read_approvals(fs_, arguments_.approvals);
    if (!approvals) return approvals.error();
    std::optional<tpm::Tpm> tpm;
    if (!arguments_.tpm.empty()) {
      auto opened = open_tpm();
      if (!opened) return opened.error();
      tpm = *std::move(opened);
    }
    auto keys = open_keys_at_rest(fs_, tpm ? &*tpm : nullptr, *approvals, arguments_.place.root);
    if (!keys) return keys.error();
    return std::move(keys->store);
  }

  const ErrandArguments& arguments_;
  std::string input_;
  PosixFileSystem fs_;
};

using Step = Result<ledger::ErrandLines> (Work::*)();
constexpr std::array<std::pair<std::string_view, Step>, 7> kErrands{{{"make", &Work::make},
                                                                     {"seal-keys", &Work::seal_keys},
                                                                     {"encrypt-keys", &Work::encrypt_keys},
                                                                     {"recover-keys", &Work::recover_keys},
                                                                     {"prepare-signer", &Work::prepare_signer},
                                                                     {"rotate-signer", &Work::rotate_signer},
                                                                     {"revoke-signer", &Work::revoke_signer}}};

Step find_errand(std::string_view verb) {
  const auto* const found = std::ranges::find(kErrands, verb, [](const auto& each) { return each.first; });
  return found == kErrands.end() ? nullptr : found->second;
}

Result<ledger::ErrandLines> run(Step step, const ErrandArguments& arguments) {
  auto input = read_input();
  if (!input) return input.error();
  if (auto done = confine::close_other_descriptors({}); !done) return done.error();
  const std::string& keeper = arguments.place.keeper;
  if (::chdir(keeper.c_str()) != 0) return errno_error("cannot enter `" + keeper + "`", errno);
  Work work(arguments, *std::move(input));
  return (work.*step)();
}

}  // namespace

bool is_errand(std::string_view verb) {
  return find_errand(verb) != nullptr;
}

int run_errand(std::string_view verb, std::span<char* const> arguments) {
  const auto parsed = parse_errand(arguments);
  if (!parsed) {
    std::fprintf(stderr, "redoubt-keeper: `%s` is started by `redoubt`\n", std::string(verb).c_str());
    return kNoSuchArguments;
  }
  ::prctl(PR_SET_DUMPABLE, 0);
  const auto done = run(find_errand(verb), *parsed);
  const std::string answer = ledger::format_errand_answer(done);
  const bool said = std::fwrite(answer.data(), 1, answer.size(), stdout) == answer.size() && std::fflush(stdout) == 0;
  return done && said ? 0 : kNotDone;
}

}  // namespace redoubt
