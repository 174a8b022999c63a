#include "redoubt/administer/client.h"

#include <fcntl.h>

#include <array>
#include <cerrno>

#include "admin/operation.h"
#include "admin/router.h"
#include "crypto/secret.h"
#include "encoding/base64.h"
#include "record/terminal_text.h"
#include "redoubt/layout.h"

namespace redoubt::app {
namespace {

constexpr encoding::JsonLimits kReplyLimits{.max_bytes = AdminClient::kReplyMax, .max_depth = 64};

const std::vector<std::string_view> kWanted{"ETag", "Redoubt-Fact", "Idempotent-Replayed"};

std::string new_idempotency_key() {
  std::array<std::byte, 16> random;
  crypto::random_bytes(random);
  return encoding::hex(random);
}

Errc code_of(int status, std::string_view type) {
  switch (status) {
    case 401:
      return Errc::kUnauthenticated;
    case 403:
      return Errc::kPermissionDenied;
    case 404:
    case 410:
      return Errc::kNotFound;
    case 409:
      return type.ends_with(":already-exists") ? Errc::kAlreadyExists : Errc::kConflict;
    case 408:
    case 429:
    case 503:
      return Errc::kUnavailable;
    case 400:
    case 413:
    case 422:
      return Errc::kInvalidArgument;
    default:
      return Errc::kIo;
  }
}

// One line, whatever a server says.
Error error_of(encoding::JsonReader& reader, const AdminReply& reply) {
  std::string message = "the server answered with status " + std::to_string(reply.status);
  std::string_view type;
  simdjson::dom::object problem;
  if (auto root = reader.parse(reply.body); root && root->get(problem) == simdjson::SUCCESS) {
    type = encoding::string_member(problem, "type");
    std::string said(encoding::string_member(problem, "detail"));
    if (said.empty()) said = encoding::string_member(problem, "title");
    simdjson::dom::array faults;
    if (problem["errors"].get(faults) == simdjson::SUCCESS) {
      for (const simdjson::dom::element fault : faults) {
        simdjson::dom::object each;
        if (fault.get(each) != simdjson::SUCCESS) continue;
        said.append(": `").append(encoding::string_member(each, "pointer")).append("` ");
        said.append(encoding::string_member(each, "detail"));
      }
    }
    if (type.ends_with(":reason-required")) said = "this takes two persons: say --why, for whoever is to approve";
    if (!said.empty()) {
      message.clear();
      record::append_terminal_text(message, said);
    }
  }
  return Error(code_of(reply.status, type), message);
}

}  // namespace

AdminClient::AdminClient(AdminAccess access, UniqueFd folder, std::unique_ptr<Fetcher> fetcher)
    : access_(std::move(access)), folder_(std::move(folder)), fetcher_(std::move(fetcher)), reader_(kReplyLimits) {}

Result<std::unique_ptr<AdminClient>> AdminClient::open(AdminAccess access) {
  UniqueFd folder;
  std::unique_ptr<Fetcher> fetcher;
  if (access.url.empty()) {
    // By the open folder: the name of a socket is short, and the path to it need not be.
    const std::string run = access.where.substr(0, access.where.rfind('/'));
    folder = UniqueFd(::open(run.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!folder.valid()) {
      return Error(Errc::kUnavailable,
                   "no server runs there: " + errno_error("cannot open `" + run + "`", errno).message());
    }
    const std::string socket = "/proc/self/fd/" + std::to_string(folder.get()) + "/" + Layout::admin_socket_name();
    fetcher = Fetcher::create_local(socket, access.key);
  } else {
    auto made = Fetcher::create(access.url, access.key, access.ca_file);
    if (!made) return made.error();
    fetcher = *std::move(made);
  }
  return std::unique_ptr<AdminClient>(new AdminClient(std::move(access), std::move(folder), std::move(fetcher)));
}

Result<AdminReply> AdminClient::send(const FetchRequest& request) {
  auto reply = fetcher_->exchange(request, kReplyMax);
  if (!reply) return Error(reply.error().code(), "no answer at `" + access_.where + "`: " + reply.error().message());
  AdminReply out{.status = reply->status,
                 .body = std::move(reply->body),
                 .etag = std::move(reply->headers[0]),
                 .fact = std::move(reply->headers[1]),
                 .repeated = reply->headers[2] == "true"};
  if (out.status < 200 || out.status >= 300) return error_of(reader_, out);
  return out;
}

Result<AdminReply> AdminClient::get(const std::string& path) {
  return send({.path = std::string(admin::kPrefix) + path, .wanted = kWanted});
}

Result<AdminReply> AdminClient::change(const AdminChange& change) {
  const std::string idempotency_key = new_idempotency_key();
  FetchRequest request{.method = change.method,
                       .path = std::string(admin::kPrefix) + change.path,
                       .body = change.body,
                       .headers = {{"Idempotency-Key", idempotency_key}},
                       .wanted = kWanted};
  if (!change.why.empty()) request.path += "?why=" + path_segment(change.why);
  if (change.method == net::Method::kPatch) request.media_type = "application/merge-patch+json";
  if (!change.etag.empty()) request.headers.push_back({"If-Match", change.etag});
  auto reply = send(request);
  if (!reply && reply.error().code() == Errc::kUnavailable) reply = send(request);
  return reply;
}

Result<> AdminClient::each(const std::string& path, const std::function<void(simdjson::dom::object)>& take) {
  const std::string first = path + (path.find('?') == std::string::npos ? "?" : "&") + "limit=200";
  std::string page = first;
  while (true) {
    auto reply = get(page);
    if (!reply) return reply.error();
    auto root = reader_.parse(reply->body);
    if (!root) return root.error().in("the server's answer");
    simdjson::dom::object object;
    simdjson::dom::array items;
    if (root->get(object) != simdjson::SUCCESS || object["items"].get(items) != simdjson::SUCCESS) {
      return Error(Errc::kMalformed, "the server's answer is not a list");
    }
    for (const simdjson::dom::element item : items) {
      simdjson::dom::object each;
      if (item.get(each) == simdjson::SUCCESS) take(each);
    }
    const std::string_view next = encoding::string_member(object, "next");
    if (next.empty()) return {};
    page = first + "&cursor=" + path_segment(next);
  }
}

Result<> AdminClient::follow(const std::string& path, const EventReader::Take& take) {
  EventReader events;
  Result<> failed;
  bool begun = false;
  auto reply = fetcher_->stream({.path = std::string(admin::kPrefix) + path}, [&](std::string_view piece) {
    begun = true;
    const auto go_on = events.feed(piece, take);
    if (!go_on) failed = go_on.error();
    return go_on && *go_on;
  });
  if (begun) return failed;
  if (!reply) return Error(reply.error().code(), "no answer at `" + access_.where + "`: " + reply.error().message());
  if (reply->status != 200) return error_of(reader_, {.status = reply->status, .body = std::move(reply->body)});
  return {};
}

int report_admin(const Error& error, bool json) {
  const int status = report(error, json);
  switch (error.code()) {
    case Errc::kUnauthenticated:
    case Errc::kNotFound:
    case Errc::kConflict:
    case Errc::kAlreadyExists:
      return kAnswerIsNo;
    default:
      return status;
  }
}

std::string path_segment(std::string_view text) {
  return admin::percent_encode(text);
}

}  // namespace redoubt::app
