// An Attester that makes its evidence on a thread of its own: the one thread that owns the TPM.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

#include "ledger/attester.h"

namespace redoubt::ledger {

class AttestingThread final : public Attester {
 public:
  // `make` is called on the thread, with one statement after another, and must return in finite time. `keeper_wake_fd`,
  // the keeper's eventfd, stays the caller's and outlives this.
  using Make = std::function<Result<Bytes>(ByteView statement)>;
  AttestingThread(Make make, int keeper_wake_fd);
  ~AttestingThread() override;  // waits for what is under way

  void begin(ByteView statement) override;
  std::optional<Result<Bytes>> take() override;

 private:
  void work();

  const Make make_;
  const int keeper_wake_fd_;
  std::mutex mutex_;
  std::condition_variable begun_;
  std::optional<Bytes> statement_;
  std::optional<Result<Bytes>> made_;
  bool stop_ = false;
  std::thread thread_;  // last: it uses the others
};

}  // namespace redoubt::ledger
