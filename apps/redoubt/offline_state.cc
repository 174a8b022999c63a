#include "redoubt/offline_state.h"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>

#include "ledger/entry.h"

namespace redoubt::app {

Result<UniqueFd> lock_out_server(const Layout& layout) {
  UniqueFd lock(::open((layout.run() + "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!lock.valid()) return errno_error("cannot open the lock file of `" + layout.root + "`", errno);
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    return Error(Errc::kUnavailable, "a server runs from `" + layout.root + "`: stop it first");
  }
  return lock;
}

OfflineState::OfflineState(const Layout& layout, std::unique_ptr<keys::KeyWrapper> wrapper)
    : wrapper_(std::move(wrapper)),
      reader_(fs_, layout.ledger()),
      source_(fs_, layout.ledger(), nullptr, [this](std::uint64_t index) { return open_values(index); }) {}

Result<std::unique_ptr<OfflineState>> OfflineState::open(const Layout& layout, const keys::KeyStore* keys) {
  std::unique_ptr<keys::KeyWrapper> wrapper;
  if (keys != nullptr) {
    auto key = keys->load(layout.keeper() + "/wrap.key", "wrap", 32);
    if (!key) return key.error();
    wrapper = std::make_unique<keys::KeyWrapper>(*key);
  }
  return std::unique_ptr<OfflineState>(new OfflineState(layout, std::move(wrapper)));
}

Result<Bytes> OfflineState::open_values(std::uint64_t index) {
  if (!wrapper_) {
    ++unopened_;
    return Error(Errc::kNotFound, "values are not opened");
  }
  auto entry = reader_.read_entry({index});
  if (!entry) return entry.error();
  if (entry->sealed_opening.empty()) return Error(Errc::kNotFound, "the fact has no values");
  return wrapper_->open(ledger::opening_context(entry->header.exchange, entry->header.kind), entry->sealed_opening);
}

}  // namespace redoubt::app
