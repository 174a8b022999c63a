// The keys to which callers seal requests (docs/formats/sealed-bodies.md): made in this process's memory, written
// nowhere, shown for an hour and good for another, and then wiped, so that what was recorded of the wire is never
// opened again.
//
// INVARIANT: at most two are there at a time, of two names.
//
// Any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>

#include "crypto/hpke.h"
#include "ohttp/key_configuration.h"

namespace redoubt::gateway {

class SealingKeys {
 public:
  using Time = std::chrono::steady_clock::time_point;

  static constexpr std::chrono::minutes kShown{60};  // to callers, as the one to seal to
  static constexpr std::chrono::minutes kGood{120};  // since it was made

  struct Key {
    ohttp::KeyConfiguration configuration;
    crypto::X25519KeyPair pair;
    Time made;
  };

  explicit SealingKeys(Time now);

  // The one to be shown now.
  std::shared_ptr<const Key> current(Time now);
  // The one of this name, if it is still good; else null.
  std::shared_ptr<const Key> find(std::uint8_t id, Time now);
  // To be called now and then: ends keys that nobody asks for, too.
  void tick(Time now);

 private:
  void rotate(Time now);  // with mutex_ held

  std::mutex mutex_;
  std::shared_ptr<const Key> current_;   // guarded by mutex_, as is the next
  std::shared_ptr<const Key> previous_;  // null: there is none
};

}  // namespace redoubt::gateway
