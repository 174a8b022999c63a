// The launcher's part of evidence by the processor (SEV-SNP, TDX, SGX, Nitro), beside the TPM's: has a process ask the
// kernel's interface, and gives the keeper a socket to it (keeper/cpu_attester.h).
//
//   Processor processor;
//   processor.start(layout, {.evidence = settings.cpu, …});   // before the keeper
//   …  keeper: processor.keepers_end()
//   …  hear(), act(), ended()                                 // while the keeper runs
//   processor.start_no_more();                                // before the keeper goes
//   processor.stop();                                         // after it
//
// That process reads what a host wrote, and may be ended by it. Then another is started at the pace of restart_pace.h,
// by the same words: the same program (of the file that was open from the beginning, whatever lies at its path by now),
// user, confinement and request of configfs-tsm. The launcher is what it was at the start, so the new one is what the
// first was; one that cannot confine itself says so and ends, as at the start. Each has a socket of its own to the
// keeper, which gets its end once the attester is ready; the launcher keeps neither end.
//
// One thread, and no other in the process.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "attest/evidence.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "confine/privileges.h"
#include "redoubt/layout.h"
#include "redoubt/restart_pace.h"
#include "redoubt/settings.h"

namespace redoubt::app {

// What this machine has, the best first; empty: nothing that makes evidence.
struct FoundProcessor {
  attest::Kind kind;
  std::string interface;  // for a person
};
std::vector<FoundProcessor> find_processors(const Layout& layout, const CpuSettings& evidence);

// Whether what the configuration names is there. kUnavailable; nothing is wrong where it names none.
Result<> check_processor(const Layout& layout, const CpuSettings& evidence);

class Processor {
 public:
  struct Settings {
    CpuSettings evidence;
    std::optional<confine::UserIds> user;  // the attester's
    bool require_confinement = false;
  };

  // Nothing where none is configured. As root, or whoever may: makes the request of configfs-tsm, which the attester
  // gets. Waits until it is ready, at most ten seconds. Errors: kUnavailable when the machine has nothing of the kind,
  // or the attester does not start; stop() all the same.
  Result<> start(const Layout& layout, const Settings& settings);

  // Where the keeper finds the sockets of attesters (base/pass_file.h), to be closed here once the keeper has it; -1:
  // there are none.
  int keepers_end() const { return keepers_end_.get(); }
  void close_keepers_end() { keepers_end_.reset(); }

  // Whether it was the attester that ended.
  bool ended(pid_t child, int status);
  // Readable when an attester that was started again has said whether it is ready: hear() then. -1: none is expected
  // to.
  int ready_fd() const { return ready_.get(); }
  void hear();
  // When to call act() at the latest; nothing: not before something happens.
  std::optional<RestartPace::Time> wake_at() const;
  // Starts the attester that is to be started, and ends the one that does not get ready. Waits for neither.
  void act();

  // What ends from now on is not started again.
  void start_no_more() { ending_ = true; }
  // Ends the attester, which may hang in the kernel: that is not waited for. Removes the request. After the keeper.
  void stop();

 private:
  Result<> begin();
  std::optional<Result<std::string>> read_readiness();

  std::vector<std::string> words_;  // of each attester, but for its descriptors; empty: none is configured
  std::string kind_;
  UniqueFd program_;
  UniqueFd to_keeper_;  // the sockets of attesters go through it
  UniqueFd keepers_end_;
  std::string request_;  // of configfs-tsm; empty: none
  pid_t launcher_ = 0;
  pid_t attester_ = -1;
  // Of an attester that is not ready yet.
  UniqueFd socket_;  // the keeper's end
  UniqueFd ready_;
  RestartPace::Time ready_until_{};
  std::string said_;     // so far
  std::string trouble_;  // why it does not attest; empty: it does, or may yet
  RestartPace pace_;
  bool ending_ = false;
};

}  // namespace redoubt::app
