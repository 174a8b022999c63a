#include "admin/ledger_facts.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>

#include "crypto/secret.h"
#include "keys/sealing_key.h"
#include "ledger/log_scan.h"

namespace redoubt::admin {
namespace {

using SteadyClock = std::chrono::steady_clock;

struct OpenAnswer final : ledger::LedgerClient::OpenWaiter {
  explicit OpenAnswer(ledger::LedgerClient& from) : client(from) {}
  ~OpenAnswer() override { client.abandon(this); }
  OpenAnswer(const OpenAnswer&) = delete;
  OpenAnswer& operator=(const OpenAnswer&) = delete;
  void opened(Result<Bytes> answer) override { result = std::move(answer); }

  ledger::LedgerClient& client;
  std::optional<Result<Bytes>> result;
};

// Waits for the keeper to wake this thread.
void await_wake(ledger::LedgerClient& client, int wake_fd, SteadyClock::duration longest) {
  if (!client.prepare_sleep()) return;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(longest).count();
  pollfd wake{wake_fd, POLLIN, 0};
  if (::poll(&wake, 1, static_cast<int>(std::clamp<std::int64_t>(left, 0, 1000))) > 0) {
    std::uint64_t count = 0;
    [[maybe_unused]] const ssize_t ignored = ::read(wake_fd, &count, sizeof count);
  }
  client.wake();
}

}  // namespace

struct LedgerFactSink::Append final : ledger::LedgerClient::AppendWaiter {
  Append(LedgerFactSink& from, std::function<void(Result<std::uint64_t>)> then) : sink(from), done(std::move(then)) {}
  void appended(Result<ledger::Appended> result) override {
    sink.answer(this, result ? Result<std::uint64_t>(result->index.value) : Result<std::uint64_t>(result.error()));
  }

  LedgerFactSink& sink;
  std::function<void(Result<std::uint64_t>)> done;
};

LedgerFactSink::LedgerFactSink(ledger::LedgerClient& client, const Clock& clock, net::Executor executor, Source source)
    : client_(client), clock_(clock), executor_(std::move(executor)), source_(std::move(source)) {}

LedgerFactSink::~LedgerFactSink() {
  *alive_ = false;
  for (const auto& append : appends_) client_.abandon(append.get());
}

void LedgerFactSink::append(std::string record, std::string opening, std::function<void(Result<std::uint64_t>)> done) {
  appends_.push_back(std::make_unique<Append>(*this, std::move(done)));
  Append* const append = appends_.back().get();
  client_.recording(now());
  Result<> submitted = Error(Errc::kTooLarge, "a fact, or what it keeps sealed, is larger than an entry may be");
  if (record.size() <= ledger::kMaxLeafBytes && opening.size() + keys::kSealOverheadBytes <= ledger::kMaxOpeningBytes) {
    ledger::EntryHeader header;
    crypto::random_bytes(header.exchange);
    submitted = client_.submit_fact(header, record, opening, append);
  }
  if (submitted) {
    client_.flush();
    return;
  }
  // Not from within this call.
  boost::asio::post(executor_, [this, alive = alive_, append, error = submitted.error()] {
    if (*alive) answer(append, error);
  });
}

void LedgerFactSink::answer(Append* append, Result<std::uint64_t> result) {
  if (result) durable_ = std::max(durable_.load(), *result + 1);
  const auto done = std::move(append->done);
  std::erase_if(appends_, [&](const auto& each) { return each.get() == append; });
  done(std::move(result));
}

UnixMillis LedgerFactSink::now() {
  latest_ = std::max({latest_, clock_.now(), client_.earliest_time()});
  return latest_;
}

record::RecordSource LedgerFactSink::source() const {
  return {.log_origin = source_.log_origin, .tenant = {}, .product_version = source_.product_version};
}

Result<Bytes> KeeperOpener::operator()(std::uint64_t index) const {
  const auto deadline = SteadyClock::now() + timeout_;
  OpenAnswer answer(*client_);
  if (auto done = client_->submit_open_fact({index}, &answer); !done) return done.error();
  client_->flush();
  while (true) {
    if (auto done = client_->poll(); !done) return done.error();
    if (answer.result) return *std::move(answer.result);
    const auto left = deadline - SteadyClock::now();
    if (left <= SteadyClock::duration::zero()) {
      return Error(Errc::kDeadlineExceeded, "the keeper does not open a fact in time");
    }
    await_wake(*client_, wake_fd_, left);
  }
}

LedgerFactSource::LedgerFactSource(FileSystem& fs, std::string directory, const LedgerFactSink* sink, Open open)
    : fs_(fs), directory_(std::move(directory)), sink_(sink), open_(std::move(open)), reader_(fs, directory_) {}

Result<std::uint64_t> LedgerFactSource::size() {
  const auto size = reader_.size();
  if (!size) return size;
  return std::max(*size, durable());
}

Result<> LedgerFactSource::read(std::uint64_t from, const std::function<Result<bool>(const Entry&)>& take) {
  auto scan = ledger::LogScan::open(fs_, directory_, {}, {from});
  if (!scan) return scan.error();
  std::uint64_t next = from;
  while (true) {
    const auto entry = scan->next();
    if (!entry) return entry.error();
    if (!*entry) break;
    const ledger::EntryHeader& header = (*entry)->header;
    next = header.index + 1;
    // The kind is not in the tree. Were it believed alone, a fact could be made to be passed over.
    if ((header.kind == ledger::EntryKind::kFact) != record::begins_as_fact((*entry)->leaf)) {
      return Error(Errc::kCorrupt, "entry " + std::to_string(header.index) + " is a fact that is not kept as one, or " +
                                       "kept as a fact and is none");
    }
    if (header.kind != ledger::EntryKind::kFact) continue;
    const auto go_on = take({.index = header.index,
                             .leaf_hash = (*entry)->leaf_hash,
                             .record = (*entry)->leaf,
                             .has_opening = header.opening_size > 0});
    if (!go_on) return go_on.error();
    if (!*go_on) return {};
  }
  if (next < durable()) return Error(Errc::kUnavailable, "the last facts are not published yet");
  return {};
}

Result<state::FactSource::Entry> LedgerFactSource::read_one(std::uint64_t index) {
  auto entry = reader_.read_entry({index});
  if (!entry && entry.error().code() == Errc::kNotFound && index < durable()) {
    return Error(Errc::kUnavailable, "the last facts are not published yet");
  }
  if (!entry) return entry.error();
  one_ = *std::move(entry);
  return Entry{.index = index,
               .leaf_hash = tlog::leaf_hash(one_.leaf),
               .record = one_.leaf,
               .has_opening = !one_.sealed_opening.empty()};
}

}  // namespace redoubt::admin
