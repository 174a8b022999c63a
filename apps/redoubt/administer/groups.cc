// `redoubt identity group …`.
#include <memory>

#include "redoubt/administer/bodies.h"
#include "redoubt/administer/identity_nouns.h"

namespace redoubt::app {
namespace {

struct GroupOptions {
  std::string id;
  std::string tenant;
  std::string parent;
  NamesChange parents;

  std::string path() const { return "/groups/" + path_segment(id); }
};

std::string new_group(const GroupOptions& options) {
  std::string body;
  encoding::JsonWriter json(body);
  json.begin_object();
  json.member("id", options.id);
  if (!options.tenant.empty()) json.member("tenant", options.tenant);
  if (!options.parents.add.empty()) write_names(json, "parents", options.parents.add);
  json.end_object();
  return body;
}

std::string patch_of(const GroupOptions& options, const simdjson::dom::object& now) {
  std::string body;
  encoding::JsonWriter json(body);
  json.begin_object();
  if (options.parents.any()) write_names(json, "parents", options.parents.applied_to(names_in(now, "parents")));
  json.end_object();
  return body;
}

}  // namespace

void add_group_commands(CLI::App& identity, AdminCommands& commands) {
  auto* const noun = commands.noun(identity, "group", "groups, which policies speak of");
  const auto options = std::make_shared<GroupOptions>();
  const auto change = [&](const char* name, const char* about, AdminCommands::Run run) {
    auto* const command = commands.add_change(*noun, name, about, std::move(run));
    command->add_option("id", options->id, "the group")->required();
    return command;
  };

  auto* const create = change("create", "make a group", [options](AdminSession& session) {
    return session.create("/groups", new_group(*options));
  });
  create->add_option("--tenant", options->tenant, "whose members alone may be in it (default: anyone's)");
  create->add_option("--parent", options->parents.add, "a group that it is in (repeatable)")->allow_extra_args(false);

  auto* const list = commands.add(*noun, "list", "list groups", [options](AdminSession& session) {
    return session.list(AdminSession::query("/groups", {{"tenant", options->tenant}, {"parent", options->parent}}),
                        {"id", "tenant", "parents"});
  });
  list->add_option("--tenant", options->tenant, "of this tenant");
  list->add_option("--parent", options->parent, "directly in this group");

  commands
      .add(*noun, "show", "show a group", [options](AdminSession& session) { return session.show(options->path()); })
      ->add_option("id", options->id, "the group")
      ->required();

  auto* const update = change("change", "change which groups it is in", [options](AdminSession& session) {
    return session.patch(options->path(), [&](const simdjson::dom::object& now) { return patch_of(*options, now); });
  });
  update->add_option("--parent", options->parents.all, "the groups that it is in from then on (repeatable)")
      ->allow_extra_args(false)
      ->each([options](const std::string&) { options->parents.replace = true; });
  update->add_option("--add-parent", options->parents.add, "a group to put it into (repeatable)")
      ->allow_extra_args(false);
  update->add_option("--remove-parent", options->parents.remove, "a group to take it out of (repeatable)")
      ->allow_extra_args(false);

  change("delete", "delete it; nobody may be in it",
         [options](AdminSession& session) { return session.change(net::Method::kDelete, options->path()); });
}

}  // namespace redoubt::app
