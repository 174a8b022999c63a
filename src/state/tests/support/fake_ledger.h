// A system log for tests: entries in memory, and in a file when it is given one, so that it outlives a process that is
// killed. Sink and source in one. Nothing is answered before deliver().
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "state/engine.h"

namespace redoubt::state::test {

class FakeLedger final : public FactSink, public FactSource {
 public:
  FakeLedger() = default;
  // Reads what is in the file; appends to it, synced.
  explicit FakeLedger(std::string path);

  // ---- FactSink
  void append(std::string record, std::string opening, std::function<void(Result<std::uint64_t>)> done) override;
  UnixMillis now() override { return clock; }
  record::RecordSource source() const override {
    return {.log_origin = "redoubt.example/ledger", .product_version = "0.1.0"};
  }
  // Answers what waits, and what its answers make wait.
  void deliver();
  std::size_t waiting() const { return waiting_.size(); }

  // ---- FactSource
  Result<std::uint64_t> size() override { return std::uint64_t{entries_.size()}; }
  Result<std::uint64_t> first() override { return first_; }
  Result<> read(std::uint64_t from, const std::function<Result<bool>(const Entry&)>& take) override;
  Result<Entry> read_one(std::uint64_t index) override;
  Result<Bytes> open(std::uint64_t index) override;

  // ---- what tests do to it
  // An entry as it is, by anybody.
  std::uint64_t put(std::string record, std::string opening = {});
  // The entry's values are gone for good.
  void destroy_opening(std::uint64_t index);
  // Entries before `index` are gone.
  void drop_before(std::uint64_t index) { first_ = index; }
  // The log as if the last ones had never been.
  void cut(std::uint64_t size) { entries_.resize(size); }
  const std::string& record(std::uint64_t index) const { return entries_[index].record; }
  const std::string& opening(std::uint64_t index) const { return entries_[index].opening; }
  std::uint64_t openings_read() const { return openings_read_; }

  UnixMillis clock{1'780'000'000'000};
  // Whether what is appended to the file is synced.
  bool sync = true;
  // This entry is passed over by read().
  std::optional<std::uint64_t> leave_out;
  // The next append ends so; `kept` says whether the entry is in the log all the same, and at once.
  struct Failure {
    Error error;
    bool kept = false;
  };
  std::optional<Failure> fail_next;
  // Answers of open(), when it is set, for every entry.
  std::optional<Error> open_error;
  // Called right before an entry is written, and right after it is durable.
  std::function<void()> before_append;
  std::function<void()> after_append;

 private:
  struct Stored {
    std::string record;
    std::string opening;
    bool destroyed = false;
  };
  Entry entry(std::uint64_t index) const;

  std::string path_;
  std::vector<Stored> entries_;
  std::uint64_t first_ = 0;
  std::uint64_t openings_read_ = 0;
  std::deque<std::function<void()>> waiting_;
};

// Publishes at once, or when told to.
class FakePublisher final : public Publisher {
 public:
  void publish(std::function<void()> everywhere) override {
    ++published;
    if (on_publish) on_publish();
    if (hold) {
      held.push_back(std::move(everywhere));
    } else {
      everywhere();
    }
  }
  void release();

  int published = 0;
  bool hold = false;
  std::deque<std::function<void()>> held;
  std::function<void()> on_publish;
};

}  // namespace redoubt::state::test
