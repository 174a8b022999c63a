#include "gateway/ledger_routes.h"

#include <atomic>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <charconv>
#include <functional>
#include <memory>
#include <mutex>

#include "base/log.h"
#include "encoding/base64.h"
#include "encoding/json_reader.h"
#include "encoding/json_writer.h"
#include "gateway/internal/await_ledger.h"
#include "tlog/checkpoint.h"
#include "tlog/proof.h"
#include "tlog/proof_file.h"

namespace redoubt::gateway {
namespace {

using net::Exchange;
using net::HeaderField;

constexpr std::string_view kText = "text/plain; charset=utf-8";
constexpr std::string_view kBinary = "application/octet-stream";
constexpr std::string_view kProblem = "application/problem+json";
constexpr std::uint64_t kMaxResourceBytes = 32 * 1024 * 1024;

using Timer = boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                                boost::asio::wait_traits<std::chrono::steady_clock>, net::Executor>;

std::string_view title(int status) {
  switch (status) {
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 503:
      return "Service Unavailable";
    default:
      return "Internal Server Error";
  }
}

// RFC 9457.
net::Task<> problem(Exchange& exchange, int status, std::string_view detail,
                    std::span<const HeaderField> headers = {}) {
  std::string body;
  encoding::JsonWriter json(body);
  json.begin_object();
  json.member("title", title(status));
  json.member("status", status);
  json.member("detail", detail);
  json.end_object();
  [[maybe_unused]] const auto sent =
      co_await exchange.reply({.status = status, .content_type = kProblem, .headers = headers}, body);
}

net::Task<> unauthorized(Exchange& exchange) {
  const HeaderField fields[] = {{"WWW-Authenticate", "Bearer"}};
  co_await problem(exchange, 401, "this needs an API key", fields);
}

int status_of(const Error& error) {
  switch (error.code()) {
    case Errc::kNotFound:
      return 404;
    case Errc::kMalformed:
    case Errc::kInvalidArgument:
      return 400;
    case Errc::kPermissionDenied:
      return 403;
    case Errc::kUnavailable:
    case Errc::kResourceExhausted:
      return 503;
    default:
      return 500;
  }
}

net::Task<> fail(Exchange& exchange, const Error& error) {
  const int status = status_of(error);
  // Messages about files and the keeper name paths: they are for the operator's log, not for callers.
  std::string_view detail = error.message();
  if (status == 404) detail = "the log has no such entry or file, or not yet";
  if (status == 503) detail = "the ledger cannot answer now";
  if (status == 500) detail = "the ledger cannot be read";
  if (status >= 500) log::error("gateway", "the ledger cannot be read", {{"why", error.message()}});
  co_await problem(exchange, status, detail);
}

// C2SP tlog-proof of one entry under the last checkpoint.
Result<std::string> make_proof(ledger::LedgerReader& reader, tlog::LeafIndex index) {
  auto note = reader.checkpoint();
  if (!note) return note.error();
  const std::size_t text_end = note->find("\n\n");
  if (text_end == std::string::npos) return Error(Errc::kCorrupt, "the checkpoint is not a note");
  auto checkpoint = tlog::parse_checkpoint(note->substr(0, text_end + 1));
  if (!checkpoint) return checkpoint.error();
  if (index.value >= checkpoint->size.value) return Error(Errc::kNotFound, "no such record");
  auto proof = tlog::inclusion_proof(reader, index, checkpoint->size);
  if (!proof) return proof.error();
  return tlog::format_proof_file(
      {.extra = std::nullopt, .index = index, .proof = *std::move(proof), .checkpoint = *std::move(note)});
}

}  // namespace

struct LedgerFiles::Impl {
  explicit Impl(std::unique_ptr<ledger::LedgerReader> r) : reader(std::move(r)) {}
  std::unique_ptr<ledger::LedgerReader> reader;  // used by the pool's one thread
  std::atomic<std::size_t> queued{0};
  std::once_flag started;
  std::unique_ptr<boost::asio::thread_pool> pool;  // from the first read on: its thread is then confined, too
};

LedgerFiles::LedgerFiles(std::unique_ptr<ledger::LedgerReader> reader)
    : impl_(std::make_unique<Impl>(std::move(reader))) {}

LedgerFiles::~LedgerFiles() {
  if (impl_->pool) impl_->pool->join();
}

net::Task<Result<std::string>> LedgerFiles::run(boost::asio::io_context& io, const Read& read) {
  if (impl_->queued.fetch_add(1) >= kMaxQueued) {
    impl_->queued.fetch_sub(1);
    co_return Error(Errc::kResourceExhausted, "too many reads of the ledger at once");
  }
  std::call_once(impl_->started, [this] { impl_->pool = std::make_unique<boost::asio::thread_pool>(1); });
  co_return co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<net::Executor>&,
                                                 void(Result<std::string>)>(
      [&](auto handler) {
        // The work guard keeps the core's loop alive until the answer is back.
        boost::asio::post(*impl_->pool, [this, read, handler = std::move(handler),
                                         guard = boost::asio::make_work_guard(io)]() mutable {
          Result<std::string> result = read(*impl_->reader);
          impl_->queued.fetch_sub(1);
          boost::asio::post(guard.get_executor(), [handler = std::move(handler), result = std::move(result)]() mutable {
            std::move(handler)(std::move(result));
          });
        });
      },
      boost::asio::use_awaitable_t<net::Executor>());
}

LedgerRoutes::LedgerRoutes(boost::asio::io_context& io, Recorder& recorder, LedgerFiles& files)
    : io_(io), recorder_(recorder), files_(files) {}

net::Task<bool> LedgerRoutes::handle(Exchange& exchange, const ApiKeys& keys) {
  const net::RequestHead& head = exchange.request();
  const bool get = head.method == net::Method::kGet;
  if (head.path == "/healthz" || head.path == "/readyz") {
    co_await health(exchange, head.path == "/readyz");
    co_return true;
  }
  constexpr std::string_view kLedger = "/ledger/";
  if (!head.path.starts_with(kLedger)) co_return false;
  const std::string_view path = head.path.substr(kLedger.size());
  if (path == "open") {
    if (head.method != net::Method::kPost) {
      co_await problem(exchange, 405, "values are opened with POST");
    } else {
      co_await open_values(exchange);
    }
    co_return true;
  }
  if (!get) {
    co_await problem(exchange, 405, "the ledger is read with GET");
    co_return true;
  }
  int credentials = 0;
  const std::string_view authorization = head.header("authorization", &credentials);
  const ApiKey* const principal = credentials == 1 ? keys.find(authorization) : nullptr;
  constexpr std::string_view kReceipt = "receipt/";
  if (path.starts_with(kReceipt)) {
    if (principal == nullptr) {
      co_await unauthorized(exchange);
    } else {
      co_await receipt(exchange, path.substr(kReceipt.size()));
    }
    co_return true;
  }
  if (path.starts_with("tile/entries/")) {
    if (principal == nullptr) {
      co_await unauthorized(exchange);
      co_return true;
    }
    if (principal->role != Role::kAuditor) {
      co_await problem(exchange, 403, "entries are for auditors");
      co_return true;
    }
  }
  if (path == "checkpoint" || path.starts_with("tile/")) {
    co_await resource(exchange, path);
    co_return true;
  }
  co_return false;
}

net::Task<> LedgerRoutes::receipt(Exchange& exchange, std::string_view index_text) {
  tlog::LeafIndex index;
  const auto [end, error] = std::from_chars(index_text.data(), index_text.data() + index_text.size(), index.value);
  if (error != std::errc() || end != index_text.data() + index_text.size() || index_text.empty() ||
      (index_text.size() > 1 && index_text.front() == '0')) {
    co_await problem(exchange, 400, "a record's index is a decimal number");
    co_return;
  }
  const auto deadline = std::chrono::steady_clock::now() + kReceiptWait;
  const LedgerFiles::Read prove = [index](ledger::LedgerReader& reader) { return make_proof(reader, index); };
  Timer timer(io_);
  while (recorder_.client().published() <= index.value && recorder_.client().stopped().empty()) {
    // Published before this process began, or not yet?
    auto old = co_await files_.run(io_, prove);
    if (old) break;
    if (std::chrono::steady_clock::now() >= deadline) {
      const HeaderField fields[] = {{"Retry-After", "1"}};
      co_await problem(exchange, 503, "no checkpoint covers this record yet, or there is no such record", fields);
      co_return;
    }
    timer.expires_after(std::chrono::milliseconds(20));
    co_await timer.async_wait(net::use_task);
  }
  auto proof = co_await files_.run(io_, prove);
  if (!proof) {
    co_await fail(exchange, proof.error());
    co_return;
  }
  [[maybe_unused]] const auto sent =
      co_await exchange.reply({.status = 200, .content_type = kText, .headers = {}}, *proof);
}

net::Task<> LedgerRoutes::resource(Exchange& exchange, std::string_view path) {
  const LedgerFiles::Read fetch = [path = std::string(path)](ledger::LedgerReader& reader) -> Result<std::string> {
    auto read = reader.fetch(path, kMaxResourceBytes);
    if (!read) return read.error();
    return std::string(as_chars(*read));
  };
  auto bytes = co_await files_.run(io_, fetch);
  if (!bytes) {
    co_await fail(exchange, bytes.error());
    co_return;
  }
  const bool checkpoint = path == "checkpoint";
  // Tiles never change; the checkpoint does all the time (C2SP tlog-tiles, "Parameters").
  const HeaderField fields[] = {{"Cache-Control", checkpoint ? "no-cache" : "private, max-age=31536000, immutable"}};
  [[maybe_unused]] const auto sent =
      co_await exchange.reply({.status = 200, .content_type = checkpoint ? kText : kBinary, .headers = fields}, *bytes);
}

net::Task<> LedgerRoutes::open_values(Exchange& exchange) {
  auto body = co_await exchange.read_body();
  if (!body) {
    co_await problem(exchange, 400, "the request body cannot be read");
    co_return;
  }
  // {"request":"BASE64"} of ledger::encode_open_request.
  encoding::JsonReader reader({.max_bytes = 4096, .max_depth = 4});
  auto root = reader.parse(*body);
  simdjson::dom::object object;
  if (!root || root->get(object) != simdjson::SUCCESS) {
    co_await problem(exchange, 400, "expected a JSON object with `request`");
    co_return;
  }
  auto bytes = encoding::base64_decode(encoding::string_member(object, "request"));
  auto request = bytes ? ledger::decode_open_request(*bytes) : Result<ledger::OpenRequest>(bytes.error());
  if (!request) {
    co_await problem(exchange, 400, request.error().message());
    co_return;
  }
  auto sealed = co_await internal::await_open([&](ledger::LedgerClient::OpenWaiter* waiter) {
    auto done = recorder_.client().submit_open(*request, waiter);
    recorder_.flush_soon();
    return done;
  });
  if (!sealed) {
    co_await fail(exchange, sealed.error());
    co_return;
  }
  std::string reply;
  encoding::JsonWriter json(reply);
  json.begin_object();
  json.member("sealed", encoding::base64(*sealed));
  json.end_object();
  [[maybe_unused]] const auto sent =
      co_await exchange.reply({.status = 200, .content_type = "application/json", .headers = {}}, reply);
}

net::Task<> LedgerRoutes::health(Exchange& exchange, bool ready_wanted) {
  const bool ready = !ready_wanted || recorder_.ready();
  const bool stopped = !recorder_.client().stopped().empty();
  const std::string_view body = ready ? "ok\n" : stopped ? "not ready: the ledger stopped\n" : "not ready: starting\n";
  [[maybe_unused]] const auto sent =
      co_await exchange.reply({.status = ready ? 200 : 503, .content_type = kText, .headers = {}}, body);
}

}  // namespace redoubt::gateway
