#include "redoubt/fetch.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <vector>

#include "base/file.h"
#include "encoding/json_reader.h"
#include "net/local_url.h"
#include "redoubt/layout.h"

namespace redoubt::app {

struct Fetcher::Impl {
  Impl(net::UpstreamUrl url, std::string k, net::ClientLimits limits)
      : sweep(io), client(io, sweep, std::move(url), std::move(limits)), key(std::move(k)) {}
  boost::asio::io_context io{1};
  net::DeadlineSweep sweep;
  net::HttpClient client;
  std::string key;
};

Fetcher::Fetcher(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Fetcher::~Fetcher() = default;

void Fetcher::guard(net::ConnectionGuard& guard) {
  impl_->client.guard(guard);
}

Result<std::unique_ptr<Fetcher>> Fetcher::create(std::string_view url, std::string key, std::string ca_file) {
  auto parsed = net::UpstreamUrl::parse(url);
  if (!parsed) return parsed.error();
  net::ClientLimits limits;
  limits.ca_file = std::move(ca_file);
  return std::unique_ptr<Fetcher>(
      new Fetcher(std::make_unique<Impl>(*std::move(parsed), std::move(key), std::move(limits))));
}

std::unique_ptr<Fetcher> Fetcher::create_local(std::string socket, std::string key) {
  return std::unique_ptr<Fetcher>(
      new Fetcher(std::make_unique<Impl>(net::local_url(std::move(socket)), std::move(key), net::ClientLimits{})));
}

std::string trust_anchors(const Common& common, const std::string& ca_file, bool own_server) {
  if (!ca_file.empty()) return ca_file;
  PosixFileSystem fs;
  std::string own = Layout(common.dir).tls_authority();
  if ((own_server || common.dir_given) && fs.open(own, OpenMode::kReadOnly)) return own;
  return {};
}

namespace {

// `take`: of an answer of 200, unless it is null.
net::Task<> run(net::HttpClient& client, const net::ClientRequest& request, const std::vector<std::string_view>& wanted,
                std::uint64_t limit, const Fetcher::Take* take, Result<Reply>& out) {
  auto response = co_await client.send(request);
  if (!response) {
    out = response.error();
    co_return;
  }
  Reply reply{.status = (*response)->status(), .body = {}, .headers = {}};
  for (const std::string_view name : wanted) reply.headers.emplace_back((*response)->header(name));
  while (true) {
    auto piece = co_await (*response)->read_some();
    if (!piece) {
      out = piece.error();
      co_return;
    }
    if (piece->empty()) break;
    if (take != nullptr && reply.status == 200) {
      if (!(*take)(*piece)) break;
      continue;
    }
    if (reply.body.size() + piece->size() > limit) {
      out = Error(Errc::kTooLarge, "the reply has more than " + std::to_string(limit) + " bytes");
      co_return;
    }
    reply.body += *piece;
  }
  out = std::move(reply);
}

}  // namespace

Result<Reply> Fetcher::exchange(const FetchRequest& wanted, std::uint64_t limit) {
  return run_one(wanted, limit, nullptr);
}

Result<Reply> Fetcher::stream(const FetchRequest& wanted, const Take& take) {
  return run_one(wanted, kOtherMax, &take);
}

Result<Reply> Fetcher::run_one(const FetchRequest& wanted, std::uint64_t limit, const Take* take) {
  const std::string authorization = "Bearer " + impl_->key;
  std::vector<net::HeaderField> fields = wanted.headers;
  if (!impl_->key.empty()) fields.push_back({"Authorization", authorization});
  if (!wanted.body.empty()) fields.push_back({"Content-Type", wanted.media_type});
  const net::ClientRequest request{
      .method = wanted.method, .path = wanted.path, .headers = fields, .body = wanted.body};
  Result<Reply> result = Error(Errc::kUnavailable, "no reply");
  impl_->io.restart();
  impl_->sweep.start();
  boost::asio::co_spawn(impl_->io, run(impl_->client, request, wanted.wanted, limit, take, result),
                        [this](std::exception_ptr error) {
                          impl_->sweep.stop();
                          if (error) std::rethrow_exception(error);
                        });
  impl_->io.run();
  return result;
}

Result<Reply> Fetcher::get(const std::string& path, std::uint64_t limit) {
  return exchange({.path = path}, limit);
}

Result<Reply> Fetcher::post(const std::string& path, std::string_view json, std::uint64_t limit) {
  return exchange({.method = net::Method::kPost, .path = path, .body = json}, limit);
}

Result<Bytes> HttpResourceReader::fetch(const std::string& path, std::uint64_t limit) {
  auto reply = fetcher_.get("/" + path, limit);
  if (!reply) return reply.error().in("`" + path + "`");
  if (reply->status == 404) return Error(Errc::kNotFound, "no resource `" + path + "`");
  if (reply->status != 200) return reply_error(*reply, "`" + path + "`");
  return to_bytes(as_bytes(reply->body));
}

Error reply_error(const Reply& reply, std::string_view what) {
  std::string message = std::string(what) + ": status " + std::to_string(reply.status);
  encoding::JsonReader reader({.max_bytes = 64 * 1024, .max_depth = 8});
  simdjson::dom::object object;
  if (auto root = reader.parse(reply.body); root && root->get(object) == simdjson::SUCCESS) {
    std::string_view detail = encoding::string_member(object, "detail");
    simdjson::dom::object error;
    if (detail.empty() && object["error"].get(error) == simdjson::SUCCESS) {
      detail = encoding::string_member(error, "message");
    }
    if (!detail.empty()) message += ", " + std::string(detail);
  }
  const bool denied = reply.status == 401 || reply.status == 403;
  return Error(denied ? Errc::kPermissionDenied : reply.status == 404 ? Errc::kNotFound : Errc::kUnavailable, message);
}

}  // namespace redoubt::app
