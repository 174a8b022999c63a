// A client of /admin/v1 for commands: blocking, one call after the other.
//
//   auto client = AdminClient::open(common, *find_access(common, options));
//   auto group = (*client)->get("/groups/auditors");
//   auto done = (*client)->change({.method = net::Method::kPatch, .path = "/groups/auditors", .body = patch,
//                                  .etag = group->etag});
//
// A change has an Idempotency-Key, and is sent again, once, when the connection was lost: the server does it once.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"
#include "encoding/json_reader.h"
#include "net/exchange.h"
#include "redoubt/administer/access.h"
#include "redoubt/administer/event_reader.h"
#include "redoubt/fetch.h"

namespace redoubt::app {

struct AdminReply {
  int status = 0;
  std::string body;  // JSON; empty when there is none
  std::string etag;
  std::string fact;       // index of the fact that the change is, in the system log
  bool repeated = false;  // the answer to the first sending was lost; this one has no secret
  // The change takes two persons: it is not made, and `body` is the request for it.
  bool asked() const { return status == 202; }
};

struct AdminChange {
  net::Method method = net::Method::kPost;
  std::string path;  // below /admin/v1
  std::string body = {};
  std::string etag = {};  // of the version that was looked at; empty for what has none
  std::string why = {};   // for whoever is to approve
};

class AdminClient {
 public:
  static constexpr std::size_t kReplyMax = 64 * 1024 * 1024;  // bytes; a bundle's files are the longest

  // Connects with the first call.
  static Result<std::unique_ptr<AdminClient>> open(AdminAccess access);

  // Errors of all calls: kUnavailable when no server answers or it says `not now`; what the server answers with a
  // problem (RFC 9457): kUnauthenticated, kPermissionDenied, kNotFound, kConflict, kAlreadyExists, kInvalidArgument;
  // kIo when it failed. The message is the problem's, one line.
  Result<AdminReply> get(const std::string& path);
  Result<AdminReply> change(const AdminChange& change);
  // Every item of a list, page by page; `path` may have a query. `take` must not call the client.
  Result<> each(const std::string& path, const std::function<void(simdjson::dom::object)>& take);

  // A stream of events, until it ends, its connection is lost, or `take`, which must not call the client, returns
  // false. Errors: as get()'s when it does not begin; kTooLarge for an event that is too long.
  Result<> follow(const std::string& path, const EventReader::Take& take);

  const AdminAccess& access() const { return access_; }

 private:
  AdminClient(AdminAccess access, UniqueFd folder, std::unique_ptr<Fetcher> fetcher);
  Result<AdminReply> send(const FetchRequest& request);

  const AdminAccess access_;
  const UniqueFd folder_;  // of the socket
  const std::unique_ptr<Fetcher> fetcher_;
  encoding::JsonReader reader_;
};

// Sentences for the exit status: a server's no is an answer (1), a mistake of the caller usage (2), the rest a failure.
int report_admin(const Error& error, bool json);

// One segment of a path, and one value of a query.
std::string path_segment(std::string_view text);

}  // namespace redoubt::app
