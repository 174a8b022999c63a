// The launcher's part of evidence by the processor (SEV-SNP, TDX, SGX, Nitro), beside the TPM's: has a process ask the
// kernel's interface, and gives the keeper a socket to it (keeper/cpu_attester.h).
//
//   Processor processor;
//   processor.start(layout, {.evidence = settings.cpu, …});   // before the keeper
//   …  keeper: processor.keepers_end()
//   processor.stop();                                         // after it
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
  // gets. Errors: kUnavailable when the machine has nothing of the kind, or the attester does not start.
  Result<> start(const Layout& layout, const Settings& settings);

  // The keeper's end of the socket, to be closed here once the keeper has it; -1: there is none.
  int keepers_end() const { return keepers_end_.get(); }
  void close_keepers_end() { keepers_end_.reset(); }

  // Whether it was the attester that ended.
  bool ended(pid_t child, int status);
  // Ends the attester, which may hang in the kernel: that is not waited for. Removes the request. After the keeper.
  void stop();

 private:
  Result<std::string> wait_ready(const UniqueFd& ready);

  UniqueFd keepers_end_;
  std::string request_;  // of configfs-tsm; empty: none
  pid_t attester_ = -1;
};

}  // namespace redoubt::app
