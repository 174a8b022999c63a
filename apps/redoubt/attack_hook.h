// What an attacker who has taken over the gateway can do, for tests: runs inside the confined gateway, with all that it
// has, and obeys the test. In `redoubt-attacked` alone (tests/faults/attack); the product has none of it.
#pragma once

namespace redoubt::attack {

// The socket that the test passed, by the environment variable REDOUBT_ATTACK_FD; -1 without.
int agent_descriptor();

// Starts the agent's thread, which ends with the socket. Call once the process is confined: the thread is, too.
void start_agent();

}  // namespace redoubt::attack
