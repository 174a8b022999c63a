#include "admin/call.h"

#include <algorithm>

#include "admin/services.h"
#include "base/check.h"
#include "base/timestamp.h"
#include "crypto/secret.h"
#include "encoding/base64.h"

namespace redoubt::admin {
namespace {

const std::string* find(const Parameters& parameters, std::string_view name) {
  const auto found = std::find_if(parameters.begin(), parameters.end(), [&](const auto& p) { return p.first == name; });
  return found == parameters.end() ? nullptr : &found->second;
}

}  // namespace

Change::~Change() {
  crypto::wipe(std::as_writable_bytes(std::span(secret)));
}

std::optional<simdjson::dom::element> Body::element(std::string_view name) const {
  simdjson::dom::element value;
  if (object_.at_key(name).get(value) != simdjson::SUCCESS) return std::nullopt;
  return value;
}

bool Body::has(std::string_view name) const {
  return element(name).has_value();
}

bool Body::is_null(std::string_view name) const {
  const auto value = element(name);
  return value && value->is_null();
}

std::string_view Body::text(std::string_view name) const {
  return encoding::string_member(object_, name);
}

std::optional<std::uint64_t> Body::integer(std::string_view name) const {
  std::uint64_t number = 0;
  const auto value = element(name);
  if (!value || value->get(number) != simdjson::SUCCESS) return std::nullopt;
  return number;
}

std::optional<bool> Body::flag(std::string_view name) const {
  bool flag = false;
  const auto value = element(name);
  if (!value || value->get(flag) != simdjson::SUCCESS) return std::nullopt;
  return flag;
}

std::vector<std::string> Body::texts(std::string_view name) const {
  std::vector<std::string> out;
  simdjson::dom::array array;
  const auto value = element(name);
  if (!value || value->get(array) != simdjson::SUCCESS) return out;
  for (const simdjson::dom::element item : array) {
    std::string_view text;
    if (item.get(text) == simdjson::SUCCESS) out.emplace_back(text);
  }
  return out;
}

std::optional<UnixMillis> Body::time(std::string_view name) const {
  return parse_timestamp(text(name));
}

std::string Body::json(std::string_view name) const {
  const auto value = element(name);
  return value ? simdjson::minify(*value) : std::string();
}

const std::string& Call::path_value(std::string_view name) const {
  const std::string* value = find(arguments.path, name);
  REDOUBT_CHECK(value != nullptr);
  return *value;
}

std::optional<std::string> Call::query_value(std::string_view name) const {
  const std::string* value = find(arguments.query, name);
  return value != nullptr ? std::optional(*value) : std::nullopt;
}

std::optional<bool> Call::query_flag(std::string_view name) const {
  const std::string* value = find(arguments.query, name);
  return value != nullptr ? std::optional(*value == "true") : std::nullopt;
}

Result<> Call::require(std::string_view action, const Resource& resource) {
  AdminRuling ruling;
  // A key may narrow what its holder may do; then policies decide.
  const std::string_view scope = operation.acts() ? kWriteScope : kReadScope;
  if (caller.key != nullptr && caller.key->allows_scope(scope)) {
    ruling = services.authorizer.rule({.caller = caller, .action = action, .resource = resource, .now = now});
  }
  if (ruling.permit) {
    asked = true;
    return {};
  }
  refusal = std::move(ruling);
  return Error(Errc::kPermissionDenied, "no policy permits `" + std::string(action) + "` on `" + resource.type +
                                            "::" + resource.id + "` with this key");
}

record::FactActor actor_of(const Call& call) {
  return {.principal = call.caller.principal->id,
          .credential = call.caller.key->id,
          .on_behalf_of = call.caller.principal->owner,
          .method = "api_key",
          .strength = 1};
}

const Resource kServer{.type = "Server", .id = "redoubt", .tenant = {}};

Result<Resource> server_resource(Call& /*call*/) {
  return kServer;
}

std::string make_cursor(const Operation& operation, std::string_view key) {
  const std::string text = std::string(operation.id) + '\n' + std::string(key);
  return encoding::base64url(as_bytes(text));
}

Result<std::string> read_cursor(const Operation& operation, std::string_view cursor) {
  const Error foreign(Errc::kMalformed, "`cursor` is not one that this list gave");
  const auto bytes = encoding::base64url_decode(cursor);
  if (!bytes) return foreign;
  const std::string_view text = as_chars(*bytes);
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos || text.substr(0, end) != operation.id || end + 1 == text.size()) return foreign;
  return std::string(text.substr(end + 1));
}

}  // namespace redoubt::admin
