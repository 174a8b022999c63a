// `redoubt identity principal …`: who is known.
#include <cstdint>
#include <memory>

#include "redoubt/administer/bodies.h"
#include "redoubt/administer/identity_nouns.h"
#include "redoubt/administer/key_terms.h"

namespace redoubt::app {
namespace {

using net::Method;

struct PrincipalOptions {
  std::string id;
  std::string type = "application";
  std::string tenant;
  std::string owner;
  std::string display_name;
  NamesChange groups;
  bool no_owner = false;
  bool no_display_name = false;
  KeyTerms terms;
  // break-glass
  std::string group;
  std::uint64_t minutes = 60;
  std::string reason;
  // list
  std::string only_type;
  std::string enabled;
  bool deleted = false;

  std::string path() const { return "/principals/" + path_segment(id); }
};

std::string new_principal(const PrincipalOptions& options) {
  std::string body;
  encoding::JsonWriter json(body);
  json.begin_object();
  json.member("id", options.id);
  json.member("type", options.type);
  if (!options.tenant.empty()) json.member("tenant", options.tenant);
  if (!options.owner.empty()) json.member("owner", options.owner);
  if (!options.groups.add.empty()) write_names(json, "groups", options.groups.add);
  if (!options.display_name.empty()) json.member("display_name", options.display_name);
  json.end_object();
  return body;
}

std::string patch_of(const PrincipalOptions& options, const simdjson::dom::object& now) {
  std::string body;
  encoding::JsonWriter json(body);
  json.begin_object();
  if (options.groups.any()) write_names(json, "groups", options.groups.applied_to(names_in(now, "groups")));
  if (!options.owner.empty()) json.member("owner", options.owner);
  if (options.no_owner) {
    json.key("owner");
    json.null();
  }
  if (!options.display_name.empty()) json.member("display_name", options.display_name);
  if (options.no_display_name) {
    json.key("display_name");
    json.null();
  }
  json.end_object();
  return body;
}

Result<> open_break_glass(AdminSession& session, const PrincipalOptions& options) {
  std::string body;
  encoding::JsonWriter json(body);
  json.begin_object();
  json.member("group", options.group);
  json.member("minutes", options.minutes);
  json.member("reason", options.reason);
  json.end_object();
  return session.change(Method::kPost, options.path(), "break-glass", body);
}

}  // namespace

void add_principal_commands(CLI::App& identity, AdminCommands& commands) {
  auto* const noun = commands.noun(identity, "principal", "people and programs");
  const auto options = std::make_shared<PrincipalOptions>();
  const auto change = [&](const char* name, const char* about, AdminCommands::Run run) {
    auto* const command = commands.add_change(*noun, name, about, std::move(run));
    command->add_option("id", options->id, "the principal")->required();
    return command;
  };

  auto* const create = change("create", "make a principal known", [options](AdminSession& session) {
    return session.create("/principals", new_principal(*options));
  });
  create->add_option("--type", options->type, "user, service_account, application or agent")->capture_default_str();
  create->add_option("--tenant", options->tenant, "whose it is (default: nobody's)");
  create->add_option("--owner", options->owner, "of an application or agent: whom it acts for");
  create->add_option("--group", options->groups.add, "a group that it is in (repeatable)")->allow_extra_args(false);
  create->add_option("--display-name", options->display_name, "a name for people; kept sealed");

  auto* const list = commands.add(*noun, "list", "list principals", [options](AdminSession& session) {
    return session.list(AdminSession::query("/principals", {{"type", options->only_type},
                                                            {"tenant", options->tenant},
                                                            {"group", options->group},
                                                            {"owner", options->owner},
                                                            {"enabled", options->enabled},
                                                            {"deleted", options->deleted ? "true" : ""}}),
                        {"id", "type", "tenant", "groups", "owner", "enabled", "display_name"});
  });
  list->add_option("--type", options->only_type, "of this type");
  list->add_option("--tenant", options->tenant, "of this tenant");
  list->add_option("--group", options->group, "directly in this group");
  list->add_option("--owner", options->owner, "acting for this principal");
  list->add_option("--enabled", options->enabled, "those that are, or those that are not")
      ->check(CLI::IsMember({"true", "false"}));
  list->add_flag("--deleted", options->deleted, "those that were deleted, instead");

  commands
      .add(*noun, "show", "show a principal",
           [options](AdminSession& session) { return session.show(options->path()); })
      ->add_option("id", options->id, "the principal")
      ->required();

  auto* const update = change("change", "change its groups, owner or display name", [options](AdminSession& session) {
    return session.patch(options->path(), [&](const simdjson::dom::object& now) { return patch_of(*options, now); });
  });
  update->add_option("--group", options->groups.all, "the groups that it is in from then on (repeatable)")
      ->allow_extra_args(false)
      ->each([options](const std::string&) { options->groups.replace = true; });
  update->add_option("--add-group", options->groups.add, "a group to put it into (repeatable)")
      ->allow_extra_args(false);
  update->add_option("--remove-group", options->groups.remove, "a group to take it out of (repeatable)")
      ->allow_extra_args(false);
  auto* const owner = update->add_option("--owner", options->owner, "whom it acts for");
  update->add_flag("--no-owner", options->no_owner, "it acts for nobody")->excludes(owner);
  auto* const display_name = update->add_option("--display-name", options->display_name, "a name for people");
  update->add_flag("--no-display-name", options->no_display_name, "none")->excludes(display_name);

  change("enable", "let its keys be good again",
         [options](AdminSession& session) { return session.change(Method::kPost, options->path(), "enable"); });
  change("disable", "let none of its keys be good",
         [options](AdminSession& session) { return session.change(Method::kPost, options->path(), "disable"); });
  change("delete", "delete it: its keys are revoked, its name stays taken",
         [options](AdminSession& session) { return session.change(Method::kDelete, options->path()); });
  auto* const reset = change("reset", "revoke all its keys and issue one", [options](AdminSession& session) {
    auto body = key_terms(options->terms, {});
    if (!body) return Result<>(body.error());
    return session.change(Method::kPost, options->path(), "reset", *body);
  });
  add_key_terms(*reset, options->terms);

  auto* const open =
      change("break-glass", "put it into a group for some hours; always takes two persons, and is an alarm",
             [options](AdminSession& session) { return open_break_glass(session, *options); });
  open->add_option("group", options->group, "the group")->required();
  open->add_option("--minutes", options->minutes, "how long, at most 480")->capture_default_str();
  open->add_option("--reason", options->reason, "for the record and the alarm")->required();
  auto* const end = change("end-break-glass", "end that early", [options](AdminSession& session) {
    return session.change(Method::kDelete, options->path(), "break-glass/" + path_segment(options->group));
  });
  end->add_option("group", options->group, "the group")->required();
}

}  // namespace redoubt::app
