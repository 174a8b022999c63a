#include "admin/models_projection.h"

#include "admin/forms.h"
#include "encoding/json_writer.h"

namespace redoubt::admin {
namespace {

using state::FoldedFact;
using state::Row;
using state::Tables;

constexpr std::string_view kCreate = "models.model.create";
constexpr std::string_view kUpdate = "models.model.update";
constexpr std::string_view kDelete = "models.model.delete";
constexpr std::string_view kObject = "model/";

constexpr std::string_view kSchema[] = {R"(
CREATE TABLE models_models(
  name TEXT NOT NULL PRIMARY KEY,
  upstream TEXT NOT NULL,
  provider TEXT NOT NULL,
  enabled INTEGER NOT NULL,
  description TEXT NOT NULL,
  version INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
)"};

Model model_of(const Row& row) {
  return {.name = std::string(row.text(0)),
          .upstream = std::string(row.text(1)),
          .provider = std::string(row.text(2)),
          .enabled = row.integer(3) != 0,
          .description = std::string(row.text(4)),
          .version = static_cast<std::uint64_t>(row.integer(5))};
}

// The model as the fact makes it: the body of a creation or an update has all of it.
Result<Model> model_in(const FoldedFact& fact) {
  const std::string_view object = fact.fact.object;
  Model out{.upstream = std::string(encoding::string_member(fact.body, "upstream")),
            .provider = std::string(encoding::string_member(fact.body, "provider")),
            .description = std::string(encoding::string_member(fact.body, "description")),
            .version = fact.fact.expects + 1};
  if (object.starts_with(kObject)) out.name = object.substr(kObject.size());
  bool has_all = fact.body.size() == 4 && fact.body.at_key("enabled").get(out.enabled) == simdjson::SUCCESS;
  for (const std::string_view member : {"upstream", "provider", "description"}) {
    has_all = has_all && fact.body.at_key(member).is_string();
  }
  if (!has_all) return Error(Errc::kInvalidArgument, "the fact has not the members of a model, and no others");
  if (auto form = check(out); !form) return form.error();
  return out;
}

std::string body_of(const Model& model) {
  std::string out;
  encoding::JsonWriter json(out);
  json.begin_object();
  json.member("upstream", model.upstream);
  json.member("provider", model.provider);
  json.member("enabled", model.enabled);
  json.member("description", model.description);
  json.end_object();
  return out;
}

Result<> check_member(std::string_view what, const Shape& shape, std::string_view text) {
  const std::string fault = check_text(shape, text);
  if (fault.empty()) return {};
  return Error(Errc::kInvalidArgument, "the model's " + std::string(what) + " " + fault);
}

}  // namespace

Result<> check(const Model& model) {
  if (auto form = check_member("name", kModelNameShape, model.name); !form) return form;
  if (auto form = check_member("upstream", kIdShape, model.upstream); !form) return form;
  if (auto form = check_member("provider", kProviderShape, model.provider); !form) return form;
  return check_member("description", kTextShape, model.description);
}

std::span<const std::string_view> ModelsProjection::schema_steps() const {
  return kSchema;
}

Result<> ModelsProjection::apply(const FoldedFact& fact, Tables& tables) {
  const std::string_view kind = fact.fact.kind;
  if (kind == kDelete) {
    if (fact.body.size() != 0) return Error(Errc::kInvalidArgument, "a deletion has no members");
    const std::string_view object = fact.fact.object;
    const std::string_view name = object.starts_with(kObject) ? object.substr(kObject.size()) : std::string_view();
    if (!tables.integer("SELECT version FROM models_models WHERE name = ?1", {name})) {
      return Error(Errc::kNotFound, "there is no model `" + std::string(name) + "`");
    }
    static_cast<void>(tables.run("DELETE FROM models_models WHERE name = ?1", {name}));
    return {};
  }
  if (kind != kCreate && kind != kUpdate)
    return Error(Errc::kInvalidArgument, "`" + fact.fact.kind + "` is no kind of fact");
  const auto model = model_in(fact);
  if (!model) return model.error();
  const bool there = tables.integer("SELECT version FROM models_models WHERE name = ?1", {model->name}).has_value();
  if (kind == kCreate) {
    if (there) return Error(Errc::kAlreadyExists, "there is a model `" + model->name + "`");
    const auto count = tables.integer("SELECT count(*) FROM models_models", {});
    if (count && *count >= static_cast<std::int64_t>(kModelsMax)) {
      return Error(Errc::kResourceExhausted, "there are as many models as there may be");
    }
  } else if (!there) {
    return Error(Errc::kNotFound, "there is no model `" + model->name + "`");
  }
  static_cast<void>(tables.run(
      "INSERT INTO models_models(name, upstream, provider, enabled, description, version) VALUES(?1, ?2, ?3, ?4, ?5, "
      "?6) "
      "ON CONFLICT(name) DO UPDATE SET upstream = ?2, provider = ?3, enabled = ?4, description = ?5, version = ?6",
      {model->name, model->upstream, model->provider, model->enabled, model->description, model->version}));
  return {};
}

Result<> ModelsProjection::load(Tables& tables) {
  Snapshot all;
  const auto take = [&](const Row& row) {
    auto model = std::make_shared<const Model>(model_of(row));
    const std::string& name = model->name;
    all.set(name, model);
    return true;
  };
  if (auto read =
          tables.each("SELECT name, upstream, provider, enabled, description, version FROM models_models", {}, take);
      !read) {
    return read;
  }
  models_ = std::move(all);
  return {};
}

void ModelsProjection::follow(const FoldedFact& fact, Tables& /*tables*/) {
  const std::string_view object = fact.fact.object;
  if (fact.fact.kind == kDelete) {
    models_.erase(object.substr(kObject.size()));
  } else if (fact.fact.kind == kCreate || fact.fact.kind == kUpdate) {
    // INVARIANT: apply() accepted it.
    auto model = std::make_shared<const Model>(*model_in(fact));
    const std::string name = model->name;
    models_.set(name, std::move(model));
  }
}

std::string model_object(std::string_view name) {
  return std::string(kObject) + std::string(name);
}

Result<state::Proposal> propose_model(const Model& wanted) {
  if (auto form = check(wanted); !form) return form.error();
  std::string body = body_of(wanted);
  return state::Proposal{.kind = std::string(kCreate),
                         .verb = record::FactVerb::kCreate,
                         .object = model_object(wanted.name),
                         .expects = wanted.version,
                         .body = body,
                         .after = body};
}

Result<state::Proposal> propose_model_change(const Model& now, const Model& wanted) {
  if (auto form = check(wanted); !form) return form.error();
  std::string body = body_of(wanted);
  return state::Proposal{.kind = std::string(kUpdate),
                         .verb = record::FactVerb::kUpdate,
                         .object = model_object(now.name),
                         .expects = now.version,
                         .body = body,
                         .before = body_of(now),
                         .after = body};
}

state::Proposal propose_model_deletion(const Model& now) {
  return {.kind = std::string(kDelete),
          .verb = record::FactVerb::kDelete,
          .object = model_object(now.name),
          .expects = now.version,
          .before = body_of(now)};
}

Result<std::optional<Model>> find_model(Tables& tables, std::string_view name) {
  std::optional<Model> out;
  const auto take = [&](const Row& row) {
    out = model_of(row);
    return false;
  };
  auto read =
      tables.each("SELECT name, upstream, provider, enabled, description, version FROM models_models WHERE name = ?1",
                  {name}, take);
  if (!read) return read.error();
  return out;
}

Result<std::vector<Model>> list_models(Tables& tables, const ModelFilter& filter, std::string_view after,
                                       std::size_t limit) {
  std::vector<Model> out;
  const auto take = [&](const Row& row) {
    out.push_back(model_of(row));
    return true;
  };
  auto read = tables.each(
      "SELECT name, upstream, provider, enabled, description, version FROM models_models "
      "WHERE name > ?1 AND (?2 IS NULL OR enabled = ?2) AND (?3 IS NULL OR provider = ?3) ORDER BY name LIMIT ?4",
      {after, filter.enabled, filter.provider, limit}, take);
  if (!read) return read.error();
  return out;
}

}  // namespace redoubt::admin
