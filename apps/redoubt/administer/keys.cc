// `redoubt identity key …`. A key itself is shown once, alone on standard output.
#include <memory>

#include "redoubt/administer/bodies.h"
#include "redoubt/administer/identity_nouns.h"
#include "redoubt/administer/key_terms.h"

namespace redoubt::app {
namespace {

using net::Method;

struct KeyOptions {
  std::string id;
  std::string principal;
  KeyTerms terms;
  std::string overlap = "24h";
  std::string revoked;

  std::string path() const { return "/keys/" + path_segment(id); }
};

Result<> issue(AdminSession& session, const KeyOptions& options) {
  auto body = key_terms(options.terms, options.principal);
  if (!body) return body.error();
  return session.create("/keys", *std::move(body));
}

Result<> rotate(AdminSession& session, const KeyOptions& options) {
  auto overlap = parse_span(options.overlap);
  if (!overlap) return overlap.error();
  auto end = key_end(options.terms);
  if (!end) return end.error();
  std::string body;
  encoding::JsonWriter json(body);
  json.begin_object();
  json.member("overlap_s", overlap->count());
  if (!end->empty()) json.member("expires", *end);
  json.end_object();
  return session.change(Method::kPost, options.path(), "rotate", std::move(body));
}

}  // namespace

void add_key_commands(CLI::App& identity, AdminCommands& commands) {
  auto* const noun = commands.noun(identity, "key", "API keys");
  const auto options = std::make_shared<KeyOptions>();

  auto* const issue_command =
      commands.add_change(*noun, "issue", "issue a key; it is printed alone, once",
                          [options](AdminSession& session) { return issue(session, *options); });
  issue_command->add_option("principal", options->principal, "its holder")->required();
  add_key_terms(*issue_command, options->terms);

  auto* const list = commands.add(*noun, "list", "list keys", [options](AdminSession& session) {
    return session.list(
        AdminSession::query("/keys", {{"principal", options->principal}, {"revoked", options->revoked}}),
        {"id", "principal", "scopes", "models", "created", "expires", "revoked", "replaced_by"});
  });
  list->add_option("--principal", options->principal, "of this principal");
  list->add_option("--revoked", options->revoked, "those that are, or those that are not")
      ->check(CLI::IsMember({"true", "false"}));

  auto* const show = commands.add(*noun, "show", "show a key, without its secret",
                                  [options](AdminSession& session) { return session.show(options->path()); });
  auto* const rotate_command =
      commands.add_change(*noun, "rotate", "replace a key by one for the same; it is printed alone, once",
                          [options](AdminSession& session) { return rotate(session, *options); });
  rotate_command->add_option("--overlap", options->overlap, "how long the old one stays good, at most 30d")
      ->capture_default_str();
  add_key_end(*rotate_command, options->terms);
  auto* const revoke = commands.add_change(
      *noun, "revoke", "make a key worthless, on every core when this returns",
      [options](AdminSession& session) { return session.change(Method::kPost, options->path(), "revoke"); });
  for (auto* command : {show, rotate_command, revoke}) {
    command->add_option("id", options->id, "the key's name, which is no secret")->required();
  }
}

}  // namespace redoubt::app
