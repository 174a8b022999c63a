// The operations of /admin/v1, one table entry each: what the router, the checks of a request and the OpenAPI document
// are made from. Each resource has a file with its shapes, its handlers and its part of the table.
//
//   constexpr Operation kOperations[] = {
//       {.id = "getGroup", .tag = "groups", .summary = "…", .method = net::Method::kGet, .path = "/groups/{id}",
//        .action = "readIdentities", .parameters = kOne, .response = &kGroupShape, .resource = group_resource,
//        .read = read_group}, …};
//
// A handler does not wait, but those of `inquire` and `perform`. What reads gives its answer. What acts gives the
// change that is wanted; everything that all changes have in common (versions, idempotency, acts that need two persons,
// the ledger, waiting) is done once, around it (admin_api.cc).
//
// Constants with static lifetime.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "admin/shape.h"
#include "base/result.h"
#include "net/exchange.h"
#include "net/task.h"
#include "state/engine.h"

namespace redoubt::admin {

struct Call;
class EventSource;

struct Parameter {
  enum class In : std::uint8_t { kPath, kQuery };

  std::string_view name;
  In in = In::kQuery;
  const Shape* shape = nullptr;
  std::string_view description;
};

// What an operation is about, for policies: the entity that is the request's resource, and its tenant.
struct Resource {
  std::string type;  // of the schema: `User`, `Group`, `Server`…
  std::string id;
  std::string tenant;  // empty: none
};

// What a call is answered with.
struct Answer {
  int status = 0;  // 0: the operation's own
  std::string body;
  std::optional<std::uint64_t> version;  // ETag
  std::string location;                  // path of what was made
};

// A change that is wanted.
struct Change {
  state::Proposal proposal;
  std::string id;         // of what changes, as in its path
  std::string secret;     // of a key: shown in the answer, once. Empty when an earlier call made the change. Wiped
  std::string secret_of;  // id of that key

  explicit Change(state::Proposal wanted, std::string of = {}) : proposal(std::move(wanted)), id(std::move(of)) {}
  Change(Change&&) noexcept = default;
  Change& operator=(Change&&) = delete;
  ~Change();
};

struct Operation {
  std::string_view id;  // operationId
  std::string_view tag;
  std::string_view summary;  // one line
  std::string_view description;
  net::Method method = net::Method::kGet;
  std::string_view path;    // below kPrefix; `{name}` stands for one segment
  std::string_view action;  // of the policies; empty: anyone, and nobody is asked who they are
  std::span<const Parameter> parameters;
  const Shape* request = nullptr;  // null: it has no body
  std::size_t max_body_bytes = 1024 * 1024;
  const Shape* response = nullptr;  // null: none, or of another media type
  std::string_view media_type = "application/json";
  int success = 200;
  bool paged = false;      // a list: has `limit` and `cursor`, and its answer `next`
  bool etag = false;       // the answer has a version
  bool versioned = false;  // an act that needs If-Match
  bool secret = false;     // the answer holds a secret, once
  bool absent = false;     // what it is about need not be there, though its path names nothing
  bool recorded = false;   // a read that is recorded: it shows what is personal, or much at once

  // What it is about, asked of policies before the body is read; kNotFound when there is no such thing. Null: the body
  // says it, and the wish asks (Call::require); one that did not ask is denied.
  Result<Resource> (*resource)(Call& call) = nullptr;
  // One of the five; none for what the API serves by itself (the document).
  Result<Answer> (*read)(Call& call) = nullptr;
  // What reads and must wait for another thread's answer.
  net::Task<Result<Answer>> (*inquire)(Call& call) = nullptr;
  Result<Change> (*wish)(Call& call) = nullptr;
  // What is more than one fact: waits until all of it is in force. Has no body and no conditions.
  net::Task<Result<Answer>> (*perform)(Call& call) = nullptr;
  // What is told as it comes (event_stream.h); its media type is text/event-stream.
  std::unique_ptr<EventSource> (*events)() = nullptr;
  // What a wish is answered with, once it is in force; null: an empty answer.
  Result<Answer> (*show)(Call& call, const Change& change) = nullptr;

  bool acts() const { return wish != nullptr || perform != nullptr; }
};

inline constexpr std::string_view kPrefix = "/admin/v1";

// All of them, in the order of the document.
std::vector<const Operation*> all_operations();

}  // namespace redoubt::admin
