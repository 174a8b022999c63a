// The stand-in's server: HTTP/1.1 on one thread and one epoll, with the faults that tests ask for.
//
//   Result<std::unique_ptr<Server>> server = Server::create("127.0.0.1:0", options);
//   Result<> ended = (*server)->run(stop_fd);
//
// Bounds: a connection holds at most one request of HttpLimits and about 64 KiB of what follows it; a stream is
// produced only as fast as it is read; beyond max_connections accepting pauses.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "standin/chat.h"
#include "standin/http_request.h"

namespace redoubt::standin {

struct Options {
  std::vector<std::string> models = {"standin"};
  ReplyShape shape;
  std::chrono::milliseconds delay{0};        // before the first byte of a chat reply
  std::chrono::milliseconds token_delay{0};  // before each event of a stream that carries content

  // Faults. `hang` accepts, reads and never answers; `nonsense` answers the first bytes with some that are not HTTP,
  // then closes; `fail_status` answers chat requests with that status.
  bool hang = false;
  bool nonsense = false;
  std::optional<int> fail_status;
  // Ends a stream after so many events, a whole reply halfway: with a reset (RST), or with an orderly close (FIN).
  std::optional<std::size_t> reset_after_chunks;
  std::optional<std::size_t> close_after_chunks;

  std::size_t max_connections = 16'384;
  HttpLimits limits;
};

class Server {
 public:
  // `address`: `HOST:PORT` or `[HOST]:PORT`, numeric; port 0 takes a free one. Errors: kInvalidArgument for the
  // address; kIo, kPermissionDenied or kUnavailable (in use) from the system.
  static Result<std::unique_ptr<Server>> create(std::string_view address, Options options);
  ~Server();

  // `http://HOST:PORT` as bound.
  const std::string& url() const;

  // Serves on the calling thread until `stop_fd` (an eventfd or a signalfd, kept by the caller) is readable; then
  // closes every connection. Errors: kIo.
  Result<> run(int stop_fd);

 private:
  struct Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace redoubt::standin
