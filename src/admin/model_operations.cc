#include "admin/model_operations.h"

#include "admin/call.h"
#include "admin/forms.h"
#include "admin/router.h"
#include "admin/services.h"

namespace redoubt::admin {
namespace {

using net::Method;

// ---- shapes

constexpr std::string_view kUpstreamText = "Name of the configured upstream that serves it.";
constexpr std::string_view kProviderText = "Who runs it; policies see it.";

constexpr Field kModelFields[] = {
    {"name", &kModelNameShape, "As callers ask for it.", kRequired},
    {"upstream", &kIdShape, kUpstreamText, kRequired},
    {"provider", &kProviderShape, kProviderText, kRequired},
    {"enabled", &kBoolean, "Whether it may be asked for at all.", kRequired},
    {"description", &kTextShape, "", kRequired},
    {"version", &kVersionShape, "Of the object, as in ETag.", kRequired},
};
constexpr Shape kModel = object_of("Model", kModelFields);
constexpr Shape kModelList = page_of<kModel>("ModelList");

constexpr Field kNewModelFields[] = {
    {"name", &kModelNameShape, "As callers ask for it.", kRequired},
    {"upstream", &kIdShape, kUpstreamText, kRequired},
    {"provider", &kProviderShape, kProviderText},
    {"enabled", &kBoolean, "Unless it is false, it is."},
    {"description", &kTextShape, ""},
};
constexpr Shape kNewModel = object_of("NewModel", kNewModelFields, kClosed);

constexpr Field kModelPatchFields[] = {
    {"upstream", &kIdShape, kUpstreamText},
    {"provider", &kProviderShape, kProviderText},
    {"enabled", &kBoolean, ""},
    {"description", &kTextShape, ""},
};
constexpr Shape kModelPatch = object_of("ModelPatch", kModelPatchFields, kClosed, 1);

constexpr Parameter kOne[] = {{.name = "name",
                               .in = Parameter::In::kPath,
                               .shape = &kModelNameShape,
                               .description = "The model's name; a slash in it is written `%2F`."}};
constexpr Parameter kFilters[] = {
    {.name = "enabled", .shape = &kBoolean, .description = "Those that are, or those that are not."},
    {.name = "provider", .shape = &kProviderShape, .description = "Run by this one."},
};

// ---- handlers

Result<Model> find(Call& call, std::string_view name) {
  auto model = find_model(call.services.engine.tables(), name);
  if (!model) return model.error();
  if (!*model) return Error(Errc::kNotFound, "there is no model `" + std::string(name) + "`");
  return *std::move(*model);
}

Result<Resource> model_resource(Call& call) {
  return Resource{.type = "Model", .id = call.path_value("name"), .tenant = {}};
}

void write_model(encoding::JsonWriter& json, const Model& model) {
  json.begin_object();
  json.member("name", model.name);
  json.member("upstream", model.upstream);
  json.member("provider", model.provider);
  json.member("enabled", model.enabled);
  json.member("description", model.description);
  json.member("version", model.version);
  json.end_object();
}

Result<Answer> list(Call& call) {
  const ModelFilter filter{.enabled = call.query_flag("enabled"), .provider = call.query_value("provider")};
  const auto models =
      list_models(call.services.engine.tables(), filter, call.arguments.page.after, call.arguments.page.limit + 1);
  if (!models) return models.error();
  return list_answer(call, *models, [](const Model& model) { return model.name; }, write_model);
}

Answer answer_with(const Model& model) {
  Answer out{.version = model.version, .location = std::string(kPrefix) + "/models/" + percent_encode(model.name)};
  encoding::JsonWriter json(out.body);
  write_model(json, model);
  return out;
}

Result<Answer> get(Call& call) {
  const auto model = find(call, call.path_value("name"));
  if (!model) return model.error();
  return answer_with(*model);
}

Result<Answer> show(Call& call, const Change& change) {
  const auto model = find(call, change.id);
  if (!model) return model.error();
  return answer_with(*model);
}

Result<Change> create(Call& call) {
  const Body& body = call.body;
  Model wanted{.name = std::string(body.text("name")),
               .upstream = std::string(body.text("upstream")),
               .provider = std::string(body.text("provider")),
               .enabled = body.flag("enabled").value_or(true),
               .description = std::string(body.text("description"))};
  if (find(call, wanted.name)) return Error(Errc::kAlreadyExists, "there is a model `" + wanted.name + "`");
  wanted.version = call.services.engine.version_of(model_object(wanted.name));
  auto proposal = propose_model(wanted);
  if (!proposal) return proposal.error();
  return Change(*std::move(proposal), wanted.name);
}

Result<Change> patch(Call& call) {
  const auto now = find(call, call.path_value("name"));
  if (!now) return now.error();
  Model wanted = *now;
  const Body& body = call.body;
  if (body.has("upstream")) wanted.upstream = body.text("upstream");
  if (body.has("provider")) wanted.provider = body.text("provider");
  if (body.has("description")) wanted.description = body.text("description");
  wanted.enabled = body.flag("enabled").value_or(now->enabled);
  auto proposal = propose_model_change(*now, wanted);
  if (!proposal) return proposal.error();
  return Change(*std::move(proposal), now->name);
}

Result<Change> remove(Call& call) {
  const auto now = find(call, call.path_value("name"));
  if (!now) return now.error();
  return Change(propose_model_deletion(*now), now->name);
}

constexpr std::string_view kTag = "models";
constexpr Operation kOperations[] = {
    {.id = "listModels",
     .tag = kTag,
     .summary = "List models",
     .method = Method::kGet,
     .path = "/models",
     .action = "readModels",
     .parameters = kFilters,
     .response = &kModelList,
     .paged = true,
     .resource = server_resource,
     .read = list},
    {.id = "createModel",
     .tag = kTag,
     .summary = "Enter a model",
     .method = Method::kPost,
     .path = "/models",
     .action = "changeModels",
     .request = &kNewModel,
     .response = &kModel,
     .success = 201,
     .etag = true,
     .resource = server_resource,
     .wish = create,
     .show = show},
    {.id = "getModel",
     .tag = kTag,
     .summary = "Show a model",
     .method = Method::kGet,
     .path = "/models/{name}",
     .action = "readModels",
     .parameters = kOne,
     .response = &kModel,
     .etag = true,
     .resource = model_resource,
     .read = get},
    {.id = "updateModel",
     .tag = kTag,
     .summary = "Change a model",
     .description = "A JSON merge patch (RFC 7396).",
     .method = Method::kPatch,
     .path = "/models/{name}",
     .action = "changeModels",
     .parameters = kOne,
     .request = &kModelPatch,
     .response = &kModel,
     .etag = true,
     .versioned = true,
     .resource = model_resource,
     .wish = patch,
     .show = show},
    {.id = "deleteModel",
     .tag = kTag,
     .summary = "Strike a model out",
     .method = Method::kDelete,
     .path = "/models/{name}",
     .action = "changeModels",
     .parameters = kOne,
     .success = 204,
     .versioned = true,
     .resource = model_resource,
     .wish = remove},
};

}  // namespace

std::span<const Operation> model_operations() {
  return kOperations;
}

}  // namespace redoubt::admin
