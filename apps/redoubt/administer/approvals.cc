// `redoubt identity approval …` and `marks`: acts that take two persons.
#include <memory>

#include "redoubt/administer/bodies.h"
#include "redoubt/administer/identity_nouns.h"

namespace redoubt::app {
namespace {

using net::Method;

struct ApprovalOptions {
  std::string id;
  std::string status;
  std::string requester;
  bool grant_only = false;
  NamesChange acts;

  std::string path() const { return "/approvals/" + path_segment(id); }
};

// Who approves has it done as well, unless they leave that to whoever asked.
Result<> grant(AdminSession& session, const ApprovalOptions& options) {
  auto read = session.client().get(options.path());
  if (!read) return read.error();
  auto granted = session.send(Method::kPost, options.path() + "/grant", {}, *read);
  if (!granted) return granted.error();
  if (options.grant_only) return session.answer(*granted);
  return session.create(options.path() + "/apply", {});
}

std::string acts_body(const ApprovalOptions& options, const simdjson::dom::object& now) {
  std::string body;
  encoding::JsonWriter json(body);
  json.begin_object();
  write_names(json, "acts", options.acts.applied_to(names_in(now, "acts")));
  json.end_object();
  return body;
}

Result<> marks(AdminSession& session, const ApprovalOptions& options) {
  if (!options.acts.any()) return session.show("/marked-acts");
  return session.put("/marked-acts", [&](const simdjson::dom::object& now) { return acts_body(options, now); });
}

}  // namespace

void add_approval_commands(CLI::App& identity, AdminCommands& commands) {
  auto* const noun = commands.noun(identity, "approval", "requests for acts that take two persons");
  const auto options = std::make_shared<ApprovalOptions>();
  const auto add_id = [&](CLI::App* command) { command->add_option("id", options->id, "the request")->required(); };
  const auto decide = [&](const char* verb, const char* about) {
    add_id(commands.add_change(*noun, verb, about, [options, verb = std::string(verb)](AdminSession& session) {
      return session.change(Method::kPost, options->path(), verb);
    }));
  };

  auto* const list = commands.add(*noun, "list", "list requests", [options](AdminSession& session) {
    return session.list(
        AdminSession::query("/approvals", {{"status", options->status}, {"requester", options->requester}}),
        {"id", "status", "kind", "object", "requester", "expires", "why"});
  });
  list->add_option("--status", options->status, "pending, granted, refused, used or withdrawn");
  list->add_option("--requester", options->requester, "made by this principal");
  add_id(commands.add(*noun, "show", "show a request: what it would change, and why",
                      [options](AdminSession& session) { return session.show(options->path()); }));

  auto* const grant_command =
      commands.add_change(*noun, "grant", "approve what another asked for, and have it done",
                          [options](AdminSession& session) { return grant(session, *options); });
  add_id(grant_command);
  grant_command->add_flag("--leave", options->grant_only, "leave having it done to whoever asked: `approval apply`");
  decide("refuse", "refuse it, or take back an approval that was not used");
  decide("withdraw", "withdraw your own request");
  add_id(commands.add(*noun, "apply", "have done what was approved",
                      [options](AdminSession& session) { return session.create(options->path() + "/apply", {}); }));

  auto* const marks_command =
      commands.add_change(identity, "marks", "show which acts take two persons, or change that",
                          [options](AdminSession& session) { return marks(session, *options); });
  marks_command->add_option("--add", options->acts.add, "a kind of fact, as state.erase (repeatable)")
      ->allow_extra_args(false);
  marks_command->add_option("--remove", options->acts.remove, "one that no longer takes two (repeatable)")
      ->allow_extra_args(false);
}

}  // namespace redoubt::app
