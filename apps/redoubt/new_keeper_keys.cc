#include "redoubt/new_keeper_keys.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <string_view>
#include <utility>

#include "base/unique_fd.h"
#include "crypto/hpke.h"
#include "encoding/base64.h"
#include "redoubt/children.h"
#include "redoubt/commands.h"
#include "redoubt/sealing_paths.h"
#include "sealing/new_sealing.h"
#include "tlog/note.h"

namespace redoubt::app {
namespace {

constexpr std::size_t kMaxAnswerBytes = 4096;

struct Ends {
  UniqueFd read;
  UniqueFd write;

  static Result<Ends> make() {
    int fds[2];
    if (::pipe2(fds, O_CLOEXEC) != 0) return errno_error("cannot make a pipe", errno);
    return Ends{UniqueFd(fds[0]), UniqueFd(fds[1])};
  }
};

[[noreturn]] void become_maker(const Layout& layout, const KeysToMake& what, const Ends& in, const Ends& out,
                               pid_t parent) {
  become_child("redoubt-keeper", parent);
  if (::dup2(in.read.get(), STDIN_FILENO) < 0 || ::dup2(out.write.get(), STDOUT_FILENO) < 0) ::_exit(kFailure);
  const Layout absolute(std::filesystem::absolute(layout.root).string());
  const sealing::SealingPaths paths = sealing_paths(absolute);
  exec_program({sibling_program("redoubt-keeper"), "make", "--origin=" + what.origin, "--ledger=" + absolute.ledger(),
                "--keeper=" + paths.keeper, "--sealing=" + paths.sealing, "--recovery-quorum=" + paths.recovery_quorum,
                "--recovery-share=" + paths.recovery_share, "--tpm=" + what.tpm, "--approver=" + what.approver,
                "--recovery=" + what.recovery},
               {});
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

std::string read_answer(const UniqueFd& fd) {
  std::string out;
  std::array<char, 512> buffer;
  while (out.size() <= kMaxAnswerBytes) {
    const ssize_t n = ::read(fd.get(), buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    out.append(buffer.data(), static_cast<std::size_t>(n));
  }
  return out;
}

std::string_view take_line(std::string_view& rest) {
  const std::size_t end = rest.find('\n');
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  return line;
}

Result<MadeKeys> parse_answer(std::string_view answer, int status) {
  std::string_view rest = answer;
  const std::string_view verdict = take_line(rest);
  if (verdict.starts_with("failed ")) return Error(Errc::kUnavailable, std::string(verdict.substr(7)));
  if (verdict != "ok" || status != 0) {
    return Error(Errc::kUnavailable, "the keeper's program, which makes the keys, ended with " + describe_end(status));
  }
  MadeKeys out{.vkey = std::string(take_line(rest)), .dictionary = std::string(take_line(rest))};
  const auto vkey = tlog::VerifierKey::parse(out.vkey);
  const auto dictionary = encoding::base64_decode(out.dictionary);
  if (!vkey || !dictionary || dictionary->size() != crypto::X25519PublicKey().size() || !rest.empty()) {
    return Error(Errc::kMalformed, "the keeper's program answers with something else than the keys that it made");
  }
  return out;
}

}  // namespace

Result<MadeKeys> have_keys_made(const Layout& layout, const KeysToMake& what) {
  auto in = Ends::make();
  if (!in) return in.error();
  auto out = Ends::make();
  if (!out) return out.error();
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child < 0) return errno_error("cannot start the keeper's program", errno);
  if (child == 0) become_maker(layout, what, *in, *out, parent);
  in->read.reset();
  out->write.reset();
  write_all(in->write, what.first_record);
  in->write.reset();
  const std::string answer = read_answer(out->read);
  out->read.reset();  // who says more than there is to say ends
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return parse_answer(answer, status);
}

}  // namespace redoubt::app
