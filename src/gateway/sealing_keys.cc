#include "gateway/sealing_keys.h"

#include <array>
#include <utility>

#include "crypto/secret.h"

namespace redoubt::gateway {

namespace {

std::shared_ptr<const SealingKeys::Key> make_key(std::uint8_t id, SealingKeys::Time now) {
  auto pair = crypto::X25519KeyPair::generate();
  const crypto::X25519PublicKey public_key = pair.public_key;
  return std::make_shared<const SealingKeys::Key>(
      SealingKeys::Key{.configuration = {.id = id, .public_key = public_key}, .pair = std::move(pair), .made = now});
}

}  // namespace

// The first name is random: what was sealed to a key of an earlier start shall seldom meet one of its name.
SealingKeys::SealingKeys(Time now) {
  std::array<std::byte, 1> id;
  crypto::random_bytes(id);
  current_ = make_key(static_cast<std::uint8_t>(id[0]), now);
}

void SealingKeys::rotate(Time now) {
  if (now - current_->made >= kShown) {
    previous_ = std::move(current_);
    current_ = make_key(static_cast<std::uint8_t>(previous_->configuration.id + 1), now);
  }
  if (previous_ && now - previous_->made >= kGood) previous_.reset();
}

std::shared_ptr<const SealingKeys::Key> SealingKeys::current(Time now) {
  const std::lock_guard held(mutex_);
  rotate(now);
  return current_;
}

std::shared_ptr<const SealingKeys::Key> SealingKeys::find(std::uint8_t id, Time now) {
  const std::lock_guard held(mutex_);
  rotate(now);
  for (const auto& each : {current_, previous_}) {
    if (each && each->configuration.id == id) return each;
  }
  return nullptr;
}

void SealingKeys::tick(Time now) {
  const std::lock_guard held(mutex_);
  rotate(now);
}

}  // namespace redoubt::gateway
