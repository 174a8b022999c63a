// `redoubt model …`: the registry of models.
#include <memory>

#include "redoubt/administer/bodies.h"
#include "redoubt/administer/identity_commands.h"

namespace redoubt::app {
namespace {

using net::Method;

struct ModelOptions {
  std::string name;
  std::string upstream;
  std::string provider;
  std::string description;
  std::string enabled;  // `true`, `false`; empty: not said

  std::string path() const { return "/models/" + path_segment(name); }
};

std::string body_of(const ModelOptions& options, bool made) {
  std::string body;
  encoding::JsonWriter json(body);
  json.begin_object();
  if (made) json.member("name", options.name);
  if (!options.upstream.empty()) json.member("upstream", options.upstream);
  if (!options.provider.empty()) json.member("provider", options.provider);
  if (!options.description.empty()) json.member("description", options.description);
  if (!options.enabled.empty()) json.member("enabled", options.enabled == "true");
  json.end_object();
  return body;
}

}  // namespace

void add_model_commands(CLI::App& app, AdminCommands& commands) {
  auto* const noun = commands.noun(app, "model", "the registry of models");
  const auto options = std::make_shared<ModelOptions>();

  auto* const list = commands.add(*noun, "list", "list models", [options](AdminSession& session) {
    return session.list(
        AdminSession::query("/models", {{"enabled", options->enabled}, {"provider", options->provider}}),
        {"name", "upstream", "provider", "enabled", "description"});
  });
  auto* const show = commands.add(*noun, "show", "show a model",
                                  [options](AdminSession& session) { return session.show(options->path()); });
  auto* const add = commands.add_change(*noun, "add", "enter a model", [options](AdminSession& session) {
    return session.create("/models", body_of(*options, true));
  });
  auto* const change =
      commands.add_change(*noun, "change", "change what is known of it", [options](AdminSession& session) {
        return session.patch(options->path(), [&](const simdjson::dom::object&) { return body_of(*options, false); });
      });
  auto* const remove = commands.add_change(*noun, "remove", "strike it out", [options](AdminSession& session) {
    return session.change(Method::kDelete, options->path());
  });
  for (auto* command : {show, add, change, remove}) {
    command->add_option("name", options->name, "the model, as callers ask for it")->required();
  }
  add->add_option("--upstream", options->upstream, "name of the configured upstream that serves it")->required();
  change->add_option("--upstream", options->upstream, "name of the configured upstream that serves it");
  for (auto* command : {add, change}) {
    command->add_option("--provider", options->provider, "who runs it; policies see it");
    command->add_option("--description", options->description, "for people");
  }
  list->add_option("--provider", options->provider, "run by this one");
  for (auto* command : {list, add, change}) {
    command->add_option("--enabled", options->enabled, "whether it may be asked for")
        ->check(CLI::IsMember({"true", "false"}));
  }
}

}  // namespace redoubt::app
