// One call of /admin/v1, as its handler sees it: who calls, and what they sent, parsed and checked.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "admin/authorizer.h"
#include "admin/operation.h"
#include "base/clock.h"
#include "encoding/json_reader.h"
#include "encoding/json_writer.h"
#include "record/fact_record.h"

namespace redoubt::admin {

struct Services;

// The part of a list that is asked for.
struct Page {
  std::size_t limit = 0;
  std::string after;  // key of the last one seen; empty: from the beginning
};
// What a key must be for, if it says what it is for: to read here, and to act.
inline constexpr std::string_view kReadScope = "admin.read";
inline constexpr std::string_view kWriteScope = "admin.write";

inline constexpr std::size_t kPageDefault = 50;
inline constexpr std::size_t kPageMax = 200;

// The JSON object that was sent, which fits the operation's shape; so a member that is there has its type. Views are
// valid while the handler runs.
class Body {
 public:
  Body() = default;
  explicit Body(simdjson::dom::object object) : object_(object) {}

  bool has(std::string_view name) const;               // also as null
  bool is_null(std::string_view name) const;           // there, and null
  std::string_view text(std::string_view name) const;  // empty when it is absent or null
  std::optional<std::uint64_t> integer(std::string_view name) const;
  std::optional<bool> flag(std::string_view name) const;
  std::vector<std::string> texts(std::string_view name) const;
  std::optional<UnixMillis> time(std::string_view name) const;
  // The member as JSON, for what another module reads: minified.
  std::string json(std::string_view name) const;
  std::optional<simdjson::dom::element> element(std::string_view name) const;

 private:
  simdjson::dom::object object_;
};

using Parameters = std::vector<std::pair<std::string_view, std::string>>;

// What the target says: decoded, and fitting the operation's parameters.
struct Arguments {
  Parameters path;
  Parameters query;  // those that were given
  Page page;
  std::string why;  // of an act: for whoever is to approve
};

struct Call {
  const Operation& operation;
  Services& services;
  Caller caller;
  UnixMillis now;
  Arguments arguments;
  Body body;  // while wish() runs

  const std::string& path_value(std::string_view name) const;  // INVARIANT: the operation's template has it
  std::optional<std::string> query_value(std::string_view name) const;
  std::optional<bool> query_flag(std::string_view name) const;

  // Whether policies permit the caller this, besides what the operation asks itself. After a no the handler returns the
  // error, kPermissionDenied, and the call is recorded as denied.
  Result<> require(std::string_view action, const Resource& resource);

  bool asked = false;                  // policies were asked, and permitted
  std::optional<AdminRuling> refusal;  // what they said when they did not
};

// Who acts, as facts name them.
record::FactActor actor_of(const Call& call);

// What an operation without an object of its own is about: this server.
extern const Resource kServer;
Result<Resource> server_resource(Call& call);

// Writes the answer of a list: `write` is called for each of `items`, which are up to one more than the page has;
// `key_of` gives what `cursor` begins after.
template <class Item, class KeyOf, class Write>
Answer list_answer(const Call& call, const std::vector<Item>& items, KeyOf key_of, Write write);

// Opaque to callers; of this operation alone.
std::string make_cursor(const Operation& operation, std::string_view key);
// kMalformed for what make_cursor() did not make for this operation.
Result<std::string> read_cursor(const Operation& operation, std::string_view cursor);

template <class Item, class KeyOf, class Write>
Answer list_answer(const Call& call, const std::vector<Item>& items, KeyOf key_of, Write write) {
  Answer out;
  encoding::JsonWriter json(out.body);
  json.begin_object();
  json.key("items");
  json.begin_array();
  const std::size_t shown = std::min(items.size(), call.arguments.page.limit);
  for (std::size_t i = 0; i < shown; ++i) write(json, items[i]);
  json.end_array();
  if (items.size() > shown) json.member("next", make_cursor(call.operation, key_of(items[shown - 1])));
  json.end_object();
  return out;
}

}  // namespace redoubt::admin
