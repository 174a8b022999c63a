// An Attester that works on a thread of its own: the one thread that owns the TPM.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <variant>

#include "ledger/attester.h"

namespace redoubt::ledger {

class AttestingThread final : public Attester {
 public:
  // Both are called on the thread, one after another, and must return in finite time. `keeper_wake_fd`, the keeper's
  // eventfd, stays the caller's and outlives this.
  using Make = std::function<Result<Bytes>(ByteView statement)>;
  using Measure = std::function<Result<>(const Activation& activation)>;
  AttestingThread(Make make, Measure measure, int keeper_wake_fd);
  ~AttestingThread() override;  // waits for what is under way

  void begin(ByteView statement) override { begin_task(to_bytes(statement)); }
  void begin_measuring(const Activation& activation) override { begin_task(activation); }
  std::optional<Result<Bytes>> take() override;

 private:
  using Task = std::variant<Bytes, Activation>;  // a statement, or what is to be measured

  void begin_task(Task task);
  Result<Bytes> perform(const Task& task) const;
  void work();

  const Make make_;
  const Measure measure_;
  const int keeper_wake_fd_;
  std::mutex mutex_;
  std::condition_variable begun_;
  std::optional<Task> task_;
  std::optional<Result<Bytes>> made_;
  bool stop_ = false;
  std::thread thread_;  // last: it uses the others
};

}  // namespace redoubt::ledger
