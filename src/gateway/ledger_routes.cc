#include "gateway/ledger_routes.h"

#include <atomic>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <charconv>
#include <functional>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "base/log.h"
#include "encoding/base64.h"
#include "encoding/json_reader.h"
#include "encoding/json_writer.h"
#include "encoding/metrics_text.h"
#include "gateway/internal/await_ledger.h"
#include "gateway/internal/held_back.h"
#include "gateway/problem.h"
#include "identity/api_key.h"
#include "ledger/prove_entry.h"
#include "record/response_authorizer.h"

namespace redoubt::gateway {
namespace {

using net::Exchange;
using net::HeaderField;
using record::DenialReason;

constexpr std::string_view kText = "text/plain; charset=utf-8";
constexpr std::string_view kBinary = "application/octet-stream";
constexpr std::string_view kImmutable = "private, max-age=31536000, immutable";
constexpr std::string_view kPublicImmutable = "public, max-age=31536000, immutable";
// What a receipt's proof says of freshness, besides what is in it.
constexpr std::string_view kCosigned = "cosigned by a quorum of witnesses";
constexpr std::string_view kSingleSigner = "single signer, freshness unproven";
constexpr std::string_view kLedger = "/ledger/";
constexpr std::string_view kHashesOperation = "ledger.hashes";
constexpr std::string_view kReceiptOperation = "ledger.receipt";
constexpr std::uint64_t kMaxResourceBytes = 32 * 1024 * 1024;
constexpr std::size_t kMaxOpenRequestBytes = 4096;

using Timer = boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                                boost::asio::wait_traits<std::chrono::steady_clock>, net::Executor>;

int status_of(const Error& error) {
  switch (error.code()) {
    case Errc::kNotFound:
      return 404;
    case Errc::kMalformed:
    case Errc::kInvalidArgument:
      return 400;
    case Errc::kPermissionDenied:
      return 403;
    case Errc::kConflict:
      return 409;
    case Errc::kUnavailable:
    case Errc::kResourceExhausted:
      return 503;
    default:
      return 500;
  }
}

// What the asker is told. Messages about files and the keeper name paths: they are for the operator's log.
std::string_view detail_of(int status, const Error& error) {
  switch (status) {
    case 404:
      return "the log has no such entry or file, or not yet";
    case 503:
      return "the ledger cannot answer now";
    case 500:
      return "the ledger cannot be read";
    default:
      return error.message();
  }
}

net::Task<> reply_problem(Exchange& exchange, int status, std::string_view detail,
                          std::span<const HeaderField> headers = {}) {
  const std::string body = problem_body(status, detail);
  // One who has gone needs no answer.
  [[maybe_unused]] const auto sent =
      co_await exchange.reply({.status = status, .content_type = kProblemType, .headers = headers}, body);
}

net::Task<> fail(Exchange& exchange, const Error& error) {
  const int status = status_of(error);
  if (status >= 500) log::error("gateway", "the ledger cannot be read", {{"why", error.message()}});
  co_await reply_problem(exchange, status, detail_of(status, error));
}

// Which log a path under `/ledger/` means, and what of it.
struct LedgerPath {
  std::string_view tenant;  // empty: the system log
  std::string_view rest;
};

LedgerPath split_path(std::string_view path) {
  path.remove_prefix(kLedger.size());
  if (!path.starts_with("t/")) return {{}, path};
  path.remove_prefix(2);
  const std::size_t end = path.find('/');
  if (end == std::string_view::npos) return {path, {}};
  return {path.substr(0, end), path.substr(end + 1)};
}

record::ExchangeFacts facts_of(const Exchange& exchange, const Caller& caller, std::string_view operation) {
  return {.method = to_string(exchange.request().method),
          .path = exchange.request().path,
          .principal_uid = caller.principal->id,
          .principal_name = caller.principal->id,
          .principal_type = record_type(*caller.principal),
          .credential_uid = caller.key->id,
          .operation = operation,
          .upstream = "ledger"};
}

Result<ledger::OpenRequest> parse_open_request(std::string_view body) {
  encoding::JsonReader reader({.max_bytes = kMaxOpenRequestBytes, .max_depth = 4});
  auto root = reader.parse(body);
  if (!root) return root.error();
  simdjson::dom::object object;
  if (root->get(object) != simdjson::SUCCESS) {
    return Error(Errc::kMalformed, "expected a JSON object with `request`");
  }
  auto bytes = encoding::base64_decode(encoding::string_member(object, "request"));
  if (!bytes) return bytes.error();
  return ledger::decode_open_request(*bytes);
}

net::Task<Result<std::string>> read_file(LedgerFiles& files, boost::asio::io_context& io, const Log& log,
                                         std::string_view path) {
  const LedgerFiles::Read fetch = [path = std::string(path)](ledger::LedgerReader& reader) -> Result<std::string> {
    auto read = reader.fetch(path, kMaxResourceBytes);
    if (!read) return read.error();
    return std::string(as_chars(*read));
  };
  co_return co_await files.run(io, log, fetch);
}

}  // namespace

struct LedgerFiles::Impl {
  Impl(FileSystem& f, std::string d) : fs(f), directory(std::move(d)) {}

  ledger::LedgerReader& reader(const Log& log) {
    return readers.try_emplace(log.number, fs, directory, log.tenant).first->second;
  }

  FileSystem& fs;
  const std::string directory;
  std::unordered_map<ledger::LogNumber, ledger::LedgerReader> readers;  // used by the pool's one thread
  std::atomic<std::size_t> queued{0};
  std::once_flag started;
  std::unique_ptr<boost::asio::thread_pool> pool;  // from the first read on: its thread is then confined, too
};

LedgerFiles::LedgerFiles(FileSystem& fs, std::string directory)
    : impl_(std::make_unique<Impl>(fs, std::move(directory))) {}

LedgerFiles::~LedgerFiles() {
  if (impl_->pool) impl_->pool->join();
}

net::Task<Result<std::string>> LedgerFiles::run(boost::asio::io_context& io, const Log& log, const Read& read) {
  if (impl_->queued.fetch_add(1) >= kMaxQueued) {
    impl_->queued.fetch_sub(1);
    co_return Error(Errc::kResourceExhausted, "too many reads of the ledger at once");
  }
  std::call_once(impl_->started, [this] { impl_->pool = std::make_unique<boost::asio::thread_pool>(1); });
  co_return co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<net::Executor>&,
                                                 void(Result<std::string>)>(
      [&](auto handler) {
        // The work guard keeps the core's loop alive until the answer is back.
        boost::asio::post(*impl_->pool, [this, &log, read, handler = std::move(handler),
                                         guard = boost::asio::make_work_guard(io)]() mutable {
          Result<std::string> result = read(impl_->reader(log));
          impl_->queued.fetch_sub(1);
          boost::asio::post(guard.get_executor(), [handler = std::move(handler), result = std::move(result)]() mutable {
            std::move(handler)(std::move(result));
          });
        });
      },
      boost::asio::use_awaitable_t<net::Executor>());
}

struct LedgerRoutes::Refusal {
  DenialReason reason;
  int status;
  std::string_view code;  // static, for the record
  std::string_view detail;
};

struct LedgerRoutes::Asker {
  const Access& access;
  Caller caller;
  const Log& log;
  std::string policies = {};  // that determined the last decision
  bool decided = false;       // by policies
  std::string response = {};  // to an incident, that holds back

  record::ExchangeFacts facts(const Exchange& exchange, std::string_view operation) const {
    record::ExchangeFacts out = facts_of(exchange, caller, operation);
    if (decided) {
      out.authorizer = "cedar";
      out.policy_uid = policies;
      out.policy_version = access.bundle();
    }
    if (!response.empty()) {
      out.authorizer = record::kResponseAuthorizer;
      out.policy_uid = response;
    }
    return out;
  }
};

bool is_ledger_path(std::string_view path) {
  return path.starts_with(kLedger);
}

LedgerRoutes::LedgerRoutes(boost::asio::io_context& io, Recorder& recorder, DenialCounter& denials, LedgerFiles& files,
                           identity::EntityCache& entities, const CommitSettings& commit, bool asks_witnesses)
    : io_(io),
      recorder_(recorder),
      denials_(denials),
      files_(files),
      entities_(entities),
      commit_(commit),
      asks_witnesses_(asks_witnesses) {}

net::Task<> LedgerRoutes::refuse_stranger(Exchange& exchange, const Refusal& refusal) {
  const auto presented = identity::parse_authorization(exchange.request().header("authorization"));
  denials_.add(exchange.peer_address(), refusal.reason, refusal.status, refusal.code,
               presented && refusal.status == 401 ? presented->id : std::string_view());
  const HeaderField challenge[] = {{"WWW-Authenticate", "Bearer"}};
  const std::span<const HeaderField> headers = refusal.status == 401 ? challenge : std::span<const HeaderField>();
  co_await reply_problem(exchange, refusal.status, refusal.detail, headers);
}

net::Task<> LedgerRoutes::refuse(Exchange& exchange, const Asker& asker, std::string_view operation,
                                 const Refusal& refusal) {
  const std::string detail(refusal.detail);  // may point into an error of the caller's
  const record::ExchangeFacts facts = asker.facts(exchange, operation);
  auto receipt = co_await recorder_.deny(
      asker.log, facts, {.reason = refusal.reason, .http_status = refusal.status, .error_code = refusal.code},
      exchange.peer_address());
  const std::string receipt_text = receipt ? format_receipt(*receipt) : std::string();
  const HeaderField fields[] = {{"Redoubt-Receipt", receipt_text}};
  co_await reply_problem(exchange, refusal.status, detail, std::span(fields).first(receipt ? 1 : 0));
}

// Quarantine and a second factor are no less here: nobody reviews what is read.
net::Task<bool> LedgerRoutes::held_back(Exchange& exchange, Asker& asker, std::string_view operation) {
  if (asker.access.restrictions().empty()) co_return false;
  const std::string network = internal::network_of(recorder_, asker.access.restrictions(), exchange.peer_address());
  incident::Restriction held = asker.access.restriction(asker.caller, {.now = recorder_.now(), .network = network});
  if (!held.ends() && !held.step_up && !held.review) co_return false;
  asker.response = std::move(held.response);
  const auto [code, message] = internal::held_back_answer(held);
  const Refusal refusal{DenialReason::kAuthorization, 403, code, message};
  co_await refuse(exchange, asker, operation, refusal);
  co_return true;
}

net::Task<bool> LedgerRoutes::permitted(Exchange& exchange, Asker& asker, Action action) {
  const Ruling ruling = asker.access.rule({.principal = asker.caller.principal,
                                           .key = asker.caller.key,
                                           .action = action,
                                           .model = {},
                                           .log = asker.log.tenant.empty() ? "system" : asker.log.tenant,
                                           .time = recorder_.now(),
                                           .peer_address = exchange.peer_address(),
                                           .tls = !exchange.channel_binding().exporter.empty(),
                                           .purpose = {},
                                           .upstream_name = "ledger",
                                           .upstream_provider = {}},
                                          entities_);
  asker.policies = ruling.reasons_text();
  asker.decided = true;
  if (ruling.permit) co_return true;
  const std::string_view operation = action == Action::kReadEntries  ? kReadOperation
                                     : action == Action::kOpenValues ? kOpenOperation
                                                                     : kMetricsOperation;
  const Refusal refusal{DenialReason::kAuthorization, 403, "permission_denied",
                        "no policy permits this key to do that"};
  co_await refuse(exchange, asker, operation, refusal);
  co_return false;
}

net::Task<bool> LedgerRoutes::handle(Exchange& exchange, const Access* access, bool withdrawn) {
  const net::RequestHead& head = exchange.request();
  if (head.path == "/healthz" || head.path == "/readyz") {
    co_await health(exchange, head.path == "/readyz", access != nullptr, withdrawn);
    co_return true;
  }
  const bool metrics_wanted = head.path == kMetricsPath;
  if (!metrics_wanted && !is_ledger_path(head.path)) co_return false;
  if (access == nullptr) {
    const HeaderField fields[] = {{"Retry-After", "1"}};
    co_await reply_problem(exchange, 503,
                           withdrawn ? "changes that are recorded are not in force yet, so nothing is permitted"
                                     : "the policies are not in force yet",
                           fields);
    co_return true;
  }
  int credentials = 0;
  const std::string_view authorization = head.header("authorization", &credentials);
  const auto caller = credentials == 1 ? access->find(authorization, recorder_.now()) : std::nullopt;
  // Who belongs to a tenant that is not configured has no log: what cannot be recorded is nobody's.
  const Log* const own = caller ? recorder_.logs().find(caller->principal->tenant) : nullptr;
  std::optional<Asker> asker;
  if (own != nullptr) asker.emplace(Asker{.access = *access, .caller = *caller, .log = *own});
  Asker* const known = asker ? &*asker : nullptr;
  if (metrics_wanted) {
    co_await metrics(exchange, known);
  } else {
    co_await route(exchange, known);
  }
  co_return true;
}

net::Task<> LedgerRoutes::route(Exchange& exchange, Asker* asker) {
  constexpr std::string_view kReceipt = "receipt/";
  const auto [tenant, path] = split_path(exchange.request().path);
  const bool opening = path == "open";
  const bool entries_wanted = path.starts_with("tile/entries/");
  const bool hashes_wanted = path == "checkpoint" || path == "cosigned" || path == "signers" ||
                             path == ledger::kSignerEvidence || (path.starts_with("tile/") && !entries_wanted);
  const net::Method method = exchange.request().method;
  if (method != (opening ? net::Method::kPost : net::Method::kGet)) {
    const Refusal refusal{DenialReason::kMalformed, 405, "method_not_allowed",
                          opening ? "values are opened with POST" : "the ledger is read with GET"};
    co_await refuse_stranger(exchange, refusal);
    co_return;
  }
  const Log* const log = recorder_.logs().find(tenant);
  if (hashes_wanted && log != nullptr && log->public_log) {
    co_await resource(exchange, *log, path);
    co_return;
  }
  if (!opening && !entries_wanted && !hashes_wanted && !path.starts_with(kReceipt)) {
    const Refusal refusal{DenialReason::kMalformed, 404, "unknown_url", "no such resource"};
    co_await refuse_stranger(exchange, refusal);
    co_return;
  }
  if (asker == nullptr) {
    const Refusal refusal{DenialReason::kAuthentication, 401, "invalid_api_key", "this needs an API key"};
    co_await refuse_stranger(exchange, refusal);
    co_return;
  }
  const std::string_view operation = opening          ? kOpenOperation
                                     : entries_wanted ? kReadOperation
                                     : hashes_wanted  ? kHashesOperation
                                                      : kReceiptOperation;
  const bool stopped = co_await held_back(exchange, *asker, operation);
  if (stopped) co_return;
  if (log != &asker->log) {
    // The same whether there is such a tenant or not.
    const Refusal refusal{DenialReason::kAuthorization, 404, "unknown_log", "this key reads no such log"};
    co_await refuse(exchange, *asker, operation, refusal);
    co_return;
  }
  if (hashes_wanted) {
    co_await resource(exchange, *log, path);
    co_return;
  }
  if (path.starts_with(kReceipt)) {
    co_await receipt(exchange, *asker, path.substr(kReceipt.size()));
    co_return;
  }
  const bool may = co_await permitted(exchange, *asker, opening ? Action::kOpenValues : Action::kReadEntries);
  if (!may) co_return;
  if (opening) {
    co_await open_values(exchange, *asker);
  } else {
    co_await entries(exchange, *asker, path);
  }
}

net::Task<> LedgerRoutes::receipt(Exchange& exchange, const Asker& asker, std::string_view index_text) {
  tlog::LeafIndex index;
  const auto [end, error] = std::from_chars(index_text.data(), index_text.data() + index_text.size(), index.value);
  if (error != std::errc() || end != index_text.data() + index_text.size() || index_text.empty() ||
      (index_text.size() > 1 && index_text.front() == '0')) {
    const Refusal refusal{DenialReason::kMalformed, 400, "invalid_request", "a record's index is a decimal number"};
    co_await refuse(exchange, asker, kReceiptOperation, refusal);
    co_return;
  }
  const auto deadline = std::chrono::steady_clock::now() + kReceiptWait;
  const LedgerFiles::Read prove = [index](ledger::LedgerReader& reader) { return ledger::prove_entry(reader, index); };
  Timer timer(io_);
  while (recorder_.client().published(asker.log.number) <= index.value && recorder_.client().stopped().empty()) {
    // Published before this process began, or not yet?
    auto old = co_await files_.run(io_, asker.log, prove);
    if (old) break;
    if (std::chrono::steady_clock::now() >= deadline) {
      const HeaderField fields[] = {{"Retry-After", "1"}};
      co_await reply_problem(exchange, 503, "no checkpoint covers this record yet, or there is no such record", fields);
      co_return;
    }
    timer.expires_after(std::chrono::milliseconds(20));
    co_await timer.async_wait(net::use_task);
  }
  auto proof = co_await files_.run(io_, asker.log, prove);
  if (!proof) {
    co_await fail(exchange, proof.error());
    co_return;
  }
  const bool cosigned = recorder_.client().cosigned(asker.log.number) > index.value;
  const HeaderField fields[] = {{"Redoubt-Freshness", cosigned ? kCosigned : kSingleSigner}};
  [[maybe_unused]] const auto sent =
      co_await exchange.reply({.status = 200, .content_type = kText, .headers = fields}, *proof);
}

net::Task<> LedgerRoutes::resource(Exchange& exchange, const Log& log, std::string_view path) {
  auto bytes = co_await read_file(files_, io_, log, path);
  if (!bytes) {
    co_await fail(exchange, bytes.error());
    co_return;
  }
  const bool tile = path.starts_with("tile/");
  // Tiles never change; the checkpoint does all the time (C2SP tlog-tiles, "Parameters").
  const HeaderField fields[] = {{"Cache-Control", !tile ? "no-cache" : log.public_log ? kPublicImmutable : kImmutable}};
  [[maybe_unused]] const auto sent =
      co_await exchange.reply({.status = 200, .content_type = tile ? kBinary : kText, .headers = fields}, *bytes);
}

// Entries are records: who reads which of them is an exchange like any other, admitted before a byte leaves.
net::Task<> LedgerRoutes::entries(Exchange& exchange, const Asker& auditor, std::string_view path) {
  const record::ExchangeFacts facts = auditor.facts(exchange, kReadOperation);
  auto admission = co_await recorder_.admit(auditor.log, facts, {}, exchange.peer_address());
  if (!admission) {
    const HeaderField fields[] = {{"Retry-After", "1"}};
    co_await reply_problem(exchange, 503, "the reading cannot be recorded now", fields);
    co_return;
  }
  auto bytes = co_await read_file(files_, io_, auditor.log, path);
  const int status = bytes ? 200 : status_of(bytes.error());
  record::Outcome outcome{.http_status = status};
  if (bytes) outcome.response_size = bytes->size();
  if (!bytes)
    outcome.error_code = status == 404 ? "not_found" : status < 500 ? "invalid_request" : "ledger_unavailable";
  auto receipt = co_await admission->close(outcome, nullptr);
  if (!receipt) {
    const HeaderField fields[] = {{"Retry-After", "1"}};
    co_await reply_problem(exchange, 503, "the reading cannot be recorded now", fields);
    co_return;
  }
  const std::string receipt_text = format_receipt(*receipt);
  const ledger::CommitLevel level = commit_.level(kReadOperation);
  if (level != ledger::CommitLevel::kDurable) {
    auto reached = co_await admission->reach(level, receipt->index, commit_.timeout, 503);
    if (!reached) {
      const HeaderField fields[] = {
          {"Redoubt-Receipt", receipt_text}, {"Redoubt-Commit", "durable"}, {"Retry-After", "1"}};
      co_await reply_problem(exchange, 503, "the record of the reading has not come to its commit level", fields);
      co_return;
    }
  }
  if (!bytes) {
    co_await fail(exchange, bytes.error());
    co_return;
  }
  const HeaderField fields[] = {
      {"Cache-Control", kImmutable}, {"Redoubt-Receipt", receipt_text}, {"Redoubt-Commit", to_string(level)}};
  [[maybe_unused]] const auto sent =
      co_await exchange.reply({.status = 200, .content_type = kBinary, .headers = fields}, *bytes);
}

net::Task<> LedgerRoutes::open_values(Exchange& exchange, const Asker& auditor) {
  auto body = co_await exchange.read_body();
  // {"request":"BASE64"} of ledger::encode_open_request.
  auto request = body ? parse_open_request(*body) : Result<ledger::OpenRequest>(body.error());
  if (!request) {
    const bool large = request.error().code() == Errc::kTooLarge;
    const Refusal refusal{large ? DenialReason::kTooLarge : DenialReason::kMalformed, large ? 413 : 400,
                          large ? "request_too_large" : "invalid_request", request.error().message()};
    co_await refuse(exchange, auditor, kOpenOperation, refusal);
    co_return;
  }
  auto sealed = co_await internal::await_open([&](ledger::LedgerClient::OpenWaiter* waiter) {
    auto done = recorder_.client().submit_open(*request, waiter, auditor.log.number);
    recorder_.flush_soon();
    return done;
  });
  if (!sealed) {
    const int status = status_of(sealed.error());
    if (status >= 500) log::error("gateway", "values cannot be opened", {{"why", sealed.error().message()}});
    const Refusal refusal{status == 403  ? DenialReason::kAuthorization
                          : status < 500 ? DenialReason::kMalformed
                                         : DenialReason::kUnavailable,
                          status, "opening_refused", detail_of(status, sealed.error())};
    co_await refuse(exchange, auditor, kOpenOperation, refusal);
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

net::Task<> LedgerRoutes::health(Exchange& exchange, bool ready_wanted, bool in_force, bool withdrawn) {
  const ledger::LedgerClient& client = recorder_.client();
  const std::string obstacle = ready_wanted && obstacle_ ? obstacle_() : std::string();
  const bool serves = recorder_.ready() && !client.full() && in_force;
  const bool ready = !ready_wanted || (serves && obstacle.empty());
  const bool behind = client.ready() && !recorder_.ready();  // the ledger works, but its answers are overdue
  std::string good = "ok\n";
  if (const std::string_view remark = ready_wanted && remark_ ? remark_() : std::string_view(); !remark.empty()) {
    good.append(remark).append("\n");
  }
  const std::string kept = "not ready: below `enclave.min_tier`: " + obstacle + "\n";
  const std::string_view body = ready                       ? std::string_view(good)
                                : serves                    ? std::string_view(kept)
                                : !client.stopped().empty() ? "not ready: the ledger stopped\n"
                                : behind                    ? "not ready: the ledger does not answer\n"
                                : client.full()             ? "not ready: the ledger's disk is nearly full\n"
                                : withdrawn                 ? "not ready: the state is behind the ledger\n"
                                : recorder_.ready()         ? "not ready: the policies are not in force yet\n"
                                : asks_witnesses_           ? "not ready: asking witnesses\n"
                                                            : "not ready: starting\n";
  [[maybe_unused]] const auto sent =
      co_await exchange.reply({.status = ready ? 200 : 503, .content_type = kText, .headers = {}}, body);
}

net::Task<> LedgerRoutes::metrics(Exchange& exchange, Asker* asker) {
  if (exchange.request().method != net::Method::kGet) {
    const Refusal refusal{DenialReason::kMalformed, 405, "method_not_allowed", "metrics are read with GET"};
    co_await refuse_stranger(exchange, refusal);
    co_return;
  }
  if (asker == nullptr) {
    const Refusal refusal{DenialReason::kAuthentication, 401, "invalid_api_key", "this needs an API key"};
    co_await refuse_stranger(exchange, refusal);
    co_return;
  }
  const bool stopped = co_await held_back(exchange, *asker, kMetricsOperation);
  if (stopped) co_return;
  if (!asker->log.tenant.empty()) {
    // They tell how much every tenant does. Policies cannot permit that.
    const Refusal refusal{DenialReason::kAuthorization, 403, "permission_denied",
                          "this is for those who belong to no tenant"};
    co_await refuse(exchange, *asker, kMetricsOperation, refusal);
    co_return;
  }
  const bool may = co_await permitted(exchange, *asker, Action::kReadMetrics);
  if (!may) co_return;
  Result<std::string> text = Error(Errc::kUnavailable, "nothing is counted here");
  if (scrape_) text = co_await scrape_();
  if (!text) {
    log::error("gateway", "the metrics cannot be collected", {{"why", text.error().message()}});
    co_await reply_problem(exchange, 503, "the metrics cannot be collected now");
    co_return;
  }
  const HeaderField fields[] = {{"Cache-Control", "no-store"}};
  [[maybe_unused]] const auto sent = co_await exchange.reply(
      {.status = 200, .content_type = encoding::MetricsText::kContentType, .headers = fields}, *text);
}

}  // namespace redoubt::gateway
