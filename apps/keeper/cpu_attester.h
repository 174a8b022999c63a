// `redoubt-keeper attest --name=value …`, which `redoubt serve` starts where redoubt.toml names a processor
// (`enclave.cpu`): a process that asks the kernel's interface for evidence, and nothing else. It has no key, no file
// and no network; the keeper asks it (cpu_evidence.h) and goes on when it hangs.
//
// While it may, it opens what the interface needs; then it gives up its user and confines itself. It tells the launcher
// one line: `ok` and, behind a space, the interface; or `failed` and why.
#pragma once

#include <span>

namespace redoubt {

// `arguments`: those behind `attest`. Returns when the keeper's end of the socket is closed. The exit status: 0; 2 for
// arguments that are none; 3 when the interface is not there, or the process cannot be confined.
int run_cpu_attester(std::span<char* const> arguments);

}  // namespace redoubt
