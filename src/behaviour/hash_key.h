// What an engine hashes names by when it reads a ledger: the same whenever that ledger is read, so that estimates and
// with them scores are the same, too.
#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.h"

namespace redoubt::behaviour {

// From the bytes of the ledger's first entry, the fact that made it, which has a random uid: nobody who cannot read
// entries knows the key. Any thread.
std::array<std::uint64_t, 2> hash_key_of(ByteView first_entry);

}  // namespace redoubt::behaviour
