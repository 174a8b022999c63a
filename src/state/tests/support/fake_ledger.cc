#include "state/tests/support/fake_ledger.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/check.h"
#include "base/file.h"
#include "base/unique_fd.h"

namespace redoubt::state::test {

namespace {

void write_framed(int fd, std::string_view text) {
  std::string out(4, '\0');
  store_le<std::uint32_t>(MutableByteView(reinterpret_cast<std::byte*>(out.data()), 4),
                          static_cast<std::uint32_t>(text.size()));
  out += text;
  REDOUBT_CHECK(::write(fd, out.data(), out.size()) == static_cast<ssize_t>(out.size()));
}

}  // namespace

FakeLedger::FakeLedger(std::string path) : path_(std::move(path)) {
  PosixFileSystem files;
  auto content = read_file(files, path_, 1ULL << 30);
  if (!content) return;
  ByteView rest(*content);
  const auto take = [&]() -> std::optional<std::string> {
    if (rest.size() < 4) return std::nullopt;
    const auto size = load_le<std::uint32_t>(rest);
    if (rest.size() - 4 < size) return std::nullopt;
    std::string text(as_chars(rest.subspan(4, size)));
    rest = rest.subspan(4 + size);
    return text;
  };
  // A torn last entry is none: it was never acknowledged.
  for (;;) {
    auto record = take();
    auto opening = take();
    if (!record || !opening) return;
    entries_.push_back({.record = *std::move(record), .opening = *std::move(opening)});
  }
}

std::uint64_t FakeLedger::put(std::string record, std::string opening) {
  if (!path_.empty()) {
    const UniqueFd fd(::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600));
    REDOUBT_CHECK(fd.valid());
    write_framed(fd.get(), record);
    write_framed(fd.get(), opening);
    REDOUBT_CHECK(!sync || ::fdatasync(fd.get()) == 0);
  }
  entries_.push_back({.record = std::move(record), .opening = std::move(opening)});
  return entries_.size() - 1;
}

void FakeLedger::append(std::string record, std::string opening, std::function<void(Result<std::uint64_t>)> done) {
  if (before_append) before_append();
  if (fail_next) {
    const Failure failure = *fail_next;
    fail_next.reset();
    if (failure.kept) put(std::move(record), std::move(opening));
    waiting_.push_back([done = std::move(done), failure] { done(failure.error); });
    return;
  }
  const std::uint64_t index = put(std::move(record), std::move(opening));
  if (after_append) after_append();
  waiting_.push_back([done = std::move(done), index] { done(index); });
}

void FakeLedger::deliver() {
  while (!waiting_.empty()) {
    const auto next = std::move(waiting_.front());
    waiting_.pop_front();
    next();
  }
}

FactSource::Entry FakeLedger::entry(std::uint64_t index) const {
  const Stored& stored = entries_[index];
  return {.index = index,
          .leaf_hash = tlog::leaf_hash(as_bytes(stored.record)),
          .record = as_bytes(stored.record),
          .has_opening = !stored.opening.empty()};
}

Result<> FakeLedger::read(std::uint64_t from, const std::function<Result<bool>(const Entry&)>& take) {
  for (std::uint64_t i = std::max(from, first_); i < entries_.size(); ++i) {
    if (leave_out == i) continue;
    auto more = take(entry(i));
    if (!more) return more.error();
    if (!*more) return {};
  }
  return {};
}

Result<FactSource::Entry> FakeLedger::read_one(std::uint64_t index) {
  if (index >= entries_.size() || index < first_) return Error(Errc::kNotFound, "there is no such entry");
  return entry(index);
}

Result<Bytes> FakeLedger::open(std::uint64_t index) {
  if (open_error) return *open_error;
  ++openings_read_;
  if (index >= entries_.size() || index < first_ || entries_[index].opening.empty() || entries_[index].destroyed) {
    return Error(Errc::kNotFound, "the entry has no values");
  }
  return to_bytes(as_bytes(entries_[index].opening));
}

void FakeLedger::destroy_opening(std::uint64_t index) {
  entries_[index].destroyed = true;
  entries_[index].opening.clear();
}

void FakePublisher::release() {
  while (!held.empty()) {
    const auto next = std::move(held.front());
    held.pop_front();
    next();
  }
}

}  // namespace redoubt::state::test
