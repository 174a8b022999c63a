#include "redoubt/keeper_errands.h"

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <string_view>
#include <utility>

#include "base/unique_fd.h"
#include "encoding/base64.h"
#include "redoubt/children.h"
#include "redoubt/commands.h"
#include "redoubt/descriptor_pairs.h"
#include "redoubt/sealing_paths.h"

namespace redoubt::app {
namespace {

std::string absolute(const std::string& path) {
  return std::filesystem::absolute(path).lexically_normal().string();
}

// What does not arrive is missed by who reads it: the program fails, and says so.
void write_all(const UniqueFd& fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(fd.get(), text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
}

// No more than shows that it is too much.
std::string read_answer(const UniqueFd& fd) {
  std::string out;
  std::array<char, 4096> buffer;
  while (out.size() <= ledger::kErrandAnswerBytesMax) {
    const ssize_t n = ::read(fd.get(), buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    out.append(buffer.data(), static_cast<std::size_t>(n));
  }
  return out;
}

struct Errand {
  std::string verb;
  std::vector<std::string> arguments;  // but for those of all
  std::string input;
};

[[noreturn]] void become_program(const Layout& layout, const Errand& errand, const Pipe& in, const Pipe& out,
                                 pid_t parent) {
  become_child("redoubt-keeper", parent);
  if (::dup2(in.read.get(), STDIN_FILENO) < 0 || ::dup2(out.write.get(), STDOUT_FILENO) < 0) ::_exit(kFailure);
  const Layout from_root(absolute(layout.root));
  const sealing::SealingPaths paths = sealing_paths(from_root);
  std::vector<std::string> arguments{sibling_program("redoubt-keeper"),
                                     errand.verb,
                                     "--dir=" + from_root.root,
                                     "--keeper=" + paths.keeper,
                                     "--ledger=" + from_root.ledger(),
                                     "--approvals=" + from_root.approvals(),
                                     "--sealing=" + paths.sealing,
                                     "--recovery-quorum=" + paths.recovery_quorum,
                                     "--recovery-prefix=" + paths.recovery_share};
  arguments.insert(arguments.end(), errand.arguments.begin(), errand.arguments.end());
  exec_program(std::move(arguments), {});
}

Result<ledger::ErrandLines> run(const Layout& layout, const Errand& errand) {
  auto in = Pipe::make();
  if (!in) return in.error();
  auto out = Pipe::make();
  if (!out) return out.error();
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child < 0) return errno_error("cannot start the keeper's program", errno);
  if (child == 0) become_program(layout, errand, *in, *out, parent);
  in->read.reset();
  out->write.reset();
  write_all(in->write, errand.input);
  in->write.reset();
  const std::string said = read_answer(out->read);
  out->read.reset();  // who says more than there is to say ends
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  auto answer = ledger::parse_errand_answer(said);
  if (answer && (!*answer || status == 0)) return *std::move(answer);
  return Error(Errc::kUnavailable,
               "the keeper's program, on the errand `" + errand.verb + "`, " +
                   (said.empty() ? "ended with " : "does not answer as it should, and ended with ") +
                   describe_end(status));
}

template <class Answer>
Result<Answer> ask(const Layout& layout, const Errand& errand) {
  const auto lines = run(layout, errand);
  if (!lines) return lines.error();
  return Answer::parse(*lines);
}

Result<> have_done(const Layout& layout, const Errand& errand) {
  const auto lines = run(layout, errand);
  if (!lines) return lines.error();
  if (!lines->empty()) return Error(Errc::kMalformed, "the keeper's program says more than it was asked");
  return {};
}

std::vector<std::string> words_of(const KeysToSeal& what) {
  return {"--tpm=" + what.tpm, "--approver=" + encoding::base64(what.approver), "--recovery=" + what.recovery};
}

std::vector<std::string> words_of(const SignerErrand& with) {
  return {"--origin=" + with.origin, "--tpm=" + with.tpm};
}

}  // namespace

Result<ledger::NewKeeperKeys> have_keys_made(const Layout& layout, const KeysToMake& what) {
  Errand errand{.verb = "make", .arguments = {}, .input = what.first_record};
  if (what.sealing) errand.arguments = words_of(*what.sealing);
  errand.arguments.push_back("--origin=" + what.origin);
  return ask<ledger::NewKeeperKeys>(layout, errand);
}

Result<> have_keys_sealed(const Layout& layout, const KeysToSeal& what) {
  return have_done(layout, {.verb = "seal-keys", .arguments = words_of(what), .input = {}});
}

Result<> have_keys_encrypted(const Layout& layout, const std::string& tpm) {
  return have_done(layout, {.verb = "encrypt-keys", .arguments = {"--tpm=" + tpm}, .input = {}});
}

// The names of their files: shares are read by who may open what they open.
Result<> have_keys_recovered(const Layout& layout, const KeysToSeal& what, const std::vector<std::string>& shares) {
  Errand errand{.verb = "recover-keys", .arguments = words_of(what), .input = {}};
  for (const std::string& path : shares) errand.arguments.push_back("--recovery-share=" + absolute(path));
  return have_done(layout, errand);
}

Result<ledger::NextSigner> have_signer_prepared(const Layout& layout, const SignerErrand& with) {
  return ask<ledger::NextSigner>(layout, {.verb = "prepare-signer", .arguments = words_of(with), .input = {}});
}

Result<ledger::ChangedSigner> have_signer_rotated(const Layout& layout, const SignerErrand& with) {
  return ask<ledger::ChangedSigner>(layout, {.verb = "rotate-signer", .arguments = words_of(with), .input = {}});
}

Result<ledger::RevokedSigner> have_signer_revoked(const Layout& layout, const SignerErrand& with,
                                                  const RevocationOfSigner& what) {
  Errand errand{.verb = "revoke-signer", .arguments = words_of(with), .input = {}};
  errand.arguments.insert(errand.arguments.end(),
                          {"--tenant=" + what.tenant, "--key=" + what.key, "--at=" + std::to_string(what.at)});
  return ask<ledger::RevokedSigner>(layout, errand);
}

}  // namespace redoubt::app
