#include "redoubt/behaviour/mesh_ask.h"

#include <bit>
#include <cstdio>

#include "base/timestamp.h"
#include "encoding/json_reader.h"
#include "redoubt/behaviour/mesh_text.h"

namespace redoubt::app {
namespace {

using behaviour::MeshQuery;
using behaviour::MeshQuestion;

// The names of a set's members, with commas between them.
template <class Member>
std::string names_of(std::uint32_t set) {
  std::string out;
  for (; set != 0; set &= set - 1) {
    out += out.empty() ? "" : ",";
    out += to_string(static_cast<Member>(std::countr_zero(set)));
  }
  return out;
}

std::string time_text(UnixMillis time, UnixMillis unless) {
  return time == unless ? std::string() : format_timestamp(time);
}

}  // namespace

std::string mesh_path(const admin::MeshAsked& asked) {
  const MeshQuery& query = asked.query;
  const std::string at = asked.at ? format_timestamp(*asked.at) : "";
  std::string path = "/mesh";
  if (!query.node.empty()) path += "/nodes/" + path_segment(query.node);
  if (query.question == MeshQuestion::kStats || query.question == MeshQuestion::kNode) {
    return AdminSession::query(std::move(path), {{"at", at}});
  }
  path.append("/").append(to_string(query.question));
  const behaviour::Window always;
  const auto flag = [](bool set) { return std::string_view(set ? "true" : ""); };
  // What a question does not take, the server says.
  return AdminSession::query(
      std::move(path),
      {{"to", query.to},
       {"types", query.types == behaviour::kAllTypes ? "" : names_of<behaviour::NodeType>(query.types)},
       {"kinds", query.kinds ? names_of<behaviour::EdgeKind>(*query.kinds) : ""},
       {"since", time_text(query.window.from, always.from)},
       {"until", time_text(query.window.until, always.until)},
       {"order", query.order ? to_string(*query.order) : ""},
       {"depth", query.depth == 0 ? "" : std::to_string(query.depth)},
       {"in_time_order", flag(query.in_time_order)},
       {"connected", flag(query.against_edges)},
       {"only_did", flag(query.only_did)},
       {"policies", flag(asked.policies)},
       {"at", at},
       {"against", asked.against ? format_timestamp(*asked.against) : ""},
       {"growth", asked.against ? std::to_string(static_cast<std::uint64_t>(query.growth)) : ""},
       {"limit", query.question == MeshQuestion::kPath ? "" : std::to_string(query.limit)},
       {"cursor", query.cursor}});
}

Result<bool> ask_server(const admin::MeshAsked& asked, AdminSession& session) {
  const auto reply = session.client().get(mesh_path(asked));
  if (!reply) return reply.error();
  encoding::JsonReader reader({.max_bytes = AdminClient::kReplyMax, .max_depth = 64});
  const auto answer = reader.parse(reply->body);
  if (!answer) return answer.error();
  std::printf("%s", session.json() ? (reply->body + "\n").c_str() : mesh_text(*answer).c_str());
  bool found = true;
  return (*answer)["found"].get(found) != simdjson::SUCCESS || found;
}

}  // namespace redoubt::app
