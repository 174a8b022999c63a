// Plain blocking HTTP for commands, on the project's own client.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/http_client.h"
#include "tlog/log_verifier.h"

namespace redoubt::app {

struct Reply {
  int status = 0;
  std::string body;
};

class Fetcher {
 public:
  // `url`: where paths begin. `key`: API key to present; empty for none.
  static Result<std::unique_ptr<Fetcher>> create(std::string_view url, std::string key);
  ~Fetcher();

  // One exchange; the reply's body at most `limit` bytes (kTooLarge).
  Result<Reply> get(const std::string& path, std::uint64_t limit);
  Result<Reply> post(const std::string& path, std::string_view json, std::uint64_t limit);

 private:
  struct Impl;
  explicit Fetcher(std::unique_ptr<Impl> impl);
  Result<Reply> exchange(net::Method method, const std::string& path, std::string_view body, std::uint64_t limit);

  std::unique_ptr<Impl> impl_;
};

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
