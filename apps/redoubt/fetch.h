// Plain blocking HTTP for commands, on the project's own client.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/http_client.h"
#include "redoubt/output.h"
#include "tlog/log_verifier.h"

namespace redoubt::app {

struct Reply {
  int status = 0;
  std::string body;
  std::vector<std::string> headers;  // those that were wanted, in that order; empty where there is none
};

struct FetchRequest {
  net::Method method = net::Method::kGet;
  std::string path;
  std::string_view body;
  std::string_view media_type = "application/json";  // of the body, unless that is empty
  std::vector<net::HeaderField> headers;             // beside the key and the media type
  std::vector<std::string_view> wanted;              // names of header fields of the reply
};

class Fetcher {
 public:
  // `url`: where paths begin. `key`: API key to present; empty for none. `ca_file`: PEM trust anchors for https; empty:
  // the system's.
  static Result<std::unique_ptr<Fetcher>> create(std::string_view url, std::string key, std::string ca_file);
  // By a Unix domain socket; its path has at most 107 bytes.
  static std::unique_ptr<Fetcher> create_local(std::string socket, std::string key);
  ~Fetcher();

  // Of each connection from now on (net::HttpClient::guard()). `guard` must outlive this.
  void guard(net::ConnectionGuard& guard);

  // One exchange; the reply's body at most `limit` bytes (kTooLarge).
  Result<Reply> exchange(const FetchRequest& request, std::uint64_t limit);
  // One whose body is taken as it comes: `take` is given each piece of an answer of 200 and returns whether to go on;
  // after a no, or at the body's end, the reply comes, without a body. Another answer is as exchange() has it, of at
  // most kOtherMax bytes.
  using Take = std::function<bool(std::string_view piece)>;
  static constexpr std::uint64_t kOtherMax = 64 * 1024;
  Result<Reply> stream(const FetchRequest& request, const Take& take);
  Result<Reply> get(const std::string& path, std::uint64_t limit);
  Result<Reply> post(const std::string& path, std::string_view json, std::uint64_t limit);

 private:
  struct Impl;
  explicit Fetcher(std::unique_ptr<Impl> impl);
  Result<Reply> run_one(const FetchRequest& request, std::uint64_t limit, const Take* take);

  std::unique_ptr<Impl> impl_;
};

// Whom a command trusts for https: `ca_file` if one was given; the folder's own authority, if it has one, when the URL
// is that of the folder's server (`own_server`) or the folder was named; else the system's (empty).
std::string trust_anchors(const Common& common, const std::string& ca_file, bool own_server);

// A log's files below a URL.
class HttpResourceReader final : public tlog::ResourceReader {
 public:
  explicit HttpResourceReader(Fetcher& fetcher) : fetcher_(fetcher) {}
  Result<Bytes> fetch(const std::string& path, std::uint64_t limit) override;

 private:
  Fetcher& fetcher_;
};

// What went wrong, from a reply that is not 200: the detail of RFC 9457 or an OpenAI-shaped message where there is one.
Error reply_error(const Reply& reply, std::string_view what);

}  // namespace redoubt::app
