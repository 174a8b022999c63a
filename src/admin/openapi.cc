#include "admin/openapi.h"

#include <algorithm>
#include <map>
#include <set>

#include "admin/approval_operations.h"
#include "admin/forms.h"
#include "admin/internal/request_parts.h"
#include "admin/problem.h"
#include "encoding/json_writer.h"

namespace redoubt::admin {
namespace {

using encoding::JsonWriter;

constexpr Shape kLimitShape = integer_of(1, 200);
constexpr Shape kIdempotencyKeyShape =
    text_of({.kind = TextForm::Kind::kName, .min = 1, .max = 200, .first = "!-~", .rest = "!-~"});

// `{"name": …, "in": …, …}`.
void append_parameter(JsonWriter& json, std::string_view name, std::string_view in, bool required,
                      std::string_view description, const Shape& shape) {
  json.begin_object();
  json.member("name", name);
  json.member("in", in);
  if (required) json.member("required", true);
  json.member("description", description);
  json.key("schema");
  append_schema(json, shape);
  json.end_object();
}

void append_reference(JsonWriter& json, std::string_view place) {
  json.begin_object();
  json.member("$ref", "#/components/" + std::string(place));
  json.end_object();
}

void append_parameters(JsonWriter& json, const Operation& operation) {
  json.key("parameters");
  json.begin_array();
  for (const Parameter& parameter : operation.parameters) {
    const bool in_path = parameter.in == Parameter::In::kPath;
    append_parameter(json, parameter.name, in_path ? "path" : "query", in_path, parameter.description,
                     *parameter.shape);
  }
  if (operation.paged) {
    append_reference(json, "parameters/limit");
    append_reference(json, "parameters/cursor");
  }
  if (operation.versioned) append_reference(json, "parameters/If-Match");
  if (operation.wish != nullptr) {
    append_reference(json, "parameters/Idempotency-Key");
    if (may_need_approval(operation)) append_reference(json, "parameters/why");
  }
  json.end_array();
}

void append_content(JsonWriter& json, std::string_view media_type, const Shape* shape) {
  json.key("content");
  json.begin_object();
  json.key(media_type);
  json.begin_object();
  json.key("schema");
  if (shape != nullptr) {
    append_schema(json, *shape);
  } else {
    json.begin_object();
    json.member("type", media_type == internal::kJson ? "object" : "string");
    json.end_object();
  }
  json.end_object();
  json.end_object();
}

void append_headers(JsonWriter& json, const std::vector<std::string_view>& names) {
  if (names.empty()) return;
  json.key("headers");
  json.begin_object();
  for (const std::string_view name : names) {
    json.key(name);
    append_reference(json, "headers/" + std::string(name));
  }
  json.end_object();
}

void append_responses(JsonWriter& json, const Operation& operation) {
  json.key("responses");
  json.begin_object();
  json.key(std::to_string(operation.success));
  json.begin_object();
  json.member("description", operation.success == 204 ? "Done."
                             : operation.secret       ? "Done; with the secret, once."
                                                      : "As asked.");
  std::vector<std::string_view> headers;
  if (operation.etag) headers.push_back("ETag");
  if (operation.success == 201) headers.push_back("Location");
  if (operation.wish != nullptr) headers.insert(headers.end(), {"Redoubt-Fact", "Idempotent-Replayed"});
  append_headers(json, headers);
  if (operation.success != 204) append_content(json, operation.media_type, operation.response);
  json.end_object();

  if (may_need_approval(operation)) {
    json.key("202");
    append_reference(json, "responses/asked");
  }
  if (operation.etag && operation.read != nullptr) {
    json.key("304");
    json.begin_object();
    json.member("description", "The version that `If-None-Match` names is the present one.");
    json.end_object();
  }
  for (const int status : problem_statuses(operation)) {
    json.key(std::to_string(status));
    append_reference(json, "responses/" + std::to_string(status));
  }
  json.end_object();
}

void append_operation(JsonWriter& json, const Operation& operation) {
  std::string method(net::to_string(operation.method));
  for (char& c : method) c = static_cast<char>(c - 'A' + 'a');
  json.key(method);
  json.begin_object();
  json.member("operationId", operation.id);
  json.key("tags");
  json.begin_array();
  json.value(operation.tag);
  json.end_array();
  json.member("summary", operation.summary);
  if (!operation.description.empty()) json.member("description", operation.description);
  if (operation.action.empty()) {
    json.key("security");
    json.begin_array();
    json.end_array();
  } else {
    json.member("x-redoubt-action", operation.action);
  }
  append_parameters(json, operation);
  if (operation.request != nullptr) {
    json.key("requestBody");
    json.begin_object();
    json.member("required", true);
    append_content(json, internal::request_media_type(operation), operation.request);
    json.end_object();
  }
  append_responses(json, operation);
  json.end_object();
}

void append_paths(JsonWriter& json, const std::vector<const Operation*>& operations) {
  json.key("paths");
  json.begin_object();
  std::vector<std::string_view> done;
  for (const Operation* first : operations) {
    if (std::find(done.begin(), done.end(), first->path) != done.end()) continue;
    done.push_back(first->path);
    json.key(std::string(kPrefix) + std::string(first->path));
    json.begin_object();
    for (const Operation* operation : operations) {
      if (operation->path == first->path) append_operation(json, *operation);
    }
    json.end_object();
  }
  json.end_object();
}

// Shapes with a name that `shape` needs, by name.
void collect(const Shape& shape, std::map<std::string_view, const Shape*>& out) {
  if (!shape.name.empty() && !out.emplace(shape.name, &shape).second) return;
  for (const Field& field : shape.fields) collect(*field.shape, out);
  if (shape.items != nullptr) collect(*shape.items, out);
}

void append_schemas(JsonWriter& json, const std::vector<const Operation*>& operations) {
  std::map<std::string_view, const Shape*> shapes;
  collect(kProblemShape, shapes);
  collect(kApprovalShape, shapes);
  for (const Operation* operation : operations) {
    if (operation->request != nullptr) collect(*operation->request, shapes);
    if (operation->response != nullptr) collect(*operation->response, shapes);
  }
  json.key("schemas");
  json.begin_object();
  for (const auto& [name, shape] : shapes) {
    json.key(name);
    append_definition(json, *shape);
  }
  json.end_object();
}

void append_common_parameters(JsonWriter& json) {
  json.key("parameters");
  json.begin_object();
  json.key("limit");
  append_parameter(json, "limit", "query", false, "How many items at most; 50 unless it is given.", kLimitShape);
  json.key("cursor");
  append_parameter(json, "cursor", "query", false, "Where the page begins: `next` of the page before.", kCursorShape);
  json.key("why");
  append_parameter(json, "why", "query", false,
                   "The reason, for whoever is to approve. Needed when the act needs two persons.", kWhyShape);
  json.key("If-Match");
  append_parameter(json, "If-Match", "header", true,
                   "The ETag of the version that is to be changed, or `*` for any. Another version is a 409.",
                   kEntityTagShape);
  json.key("Idempotency-Key");
  append_parameter(json, "Idempotency-Key", "header", false,
                   "Names this request, for 24 hours: sent again, it is answered and not done again.",
                   kIdempotencyKeyShape);
  json.end_object();
}

void append_header(JsonWriter& json, std::string_view name, std::string_view description, const Shape& shape) {
  json.key(name);
  json.begin_object();
  json.member("description", description);
  json.key("schema");
  append_schema(json, shape);
  json.end_object();
}

void append_common_headers(JsonWriter& json) {
  json.key("headers");
  json.begin_object();
  append_header(json, "ETag", "The object's version.", kEntityTagShape);
  append_header(json, "Location", "Path of what was made.", kTextShape);
  append_header(json, "Redoubt-Fact", "Index of the fact in the system log.", kIndexShape);
  append_header(json, "Idempotent-Replayed", "There, as `true`, when an earlier request with this key had done it.",
                kBoolean);
  append_header(json, "Retry-After", "Seconds.", integer_of(0, 3600));
  append_header(json, "WWW-Authenticate", "How to say who is calling.", kTextShape);
  json.end_object();
}

void append_common_responses(JsonWriter& json) {
  json.key("responses");
  json.begin_object();
  json.key("asked");
  json.begin_object();
  json.member("description", "The act needs two persons: this request for approval was made.");
  append_headers(json, {"Location", "ETag", "Redoubt-Fact", "Idempotent-Replayed"});
  append_content(json, internal::kJson, &kApprovalShape);
  json.end_object();

  std::map<int, std::string> titles;
  for (const ProblemType* type : problems::kAll) {
    std::string& title = titles[type->status];
    title.append(title.empty() ? "`" : ". `").append(type->name).append("`: ").append(type->title);
  }
  for (const auto& [status, title] : titles) {
    json.key(std::to_string(status));
    json.begin_object();
    json.member("description", title + ".");
    if (status == 401) append_headers(json, {"WWW-Authenticate"});
    if (status == 429 || status == 503) append_headers(json, {"Retry-After"});
    append_content(json, kProblemMediaType, &kProblemShape);
    json.end_object();
  }
  json.end_object();
}

}  // namespace

bool may_need_approval(const Operation& operation) {
  return operation.wish != nullptr && operation.tag != kApprovalsTag;
}

std::vector<int> problem_statuses(const Operation& operation) {
  std::set<int> out{400, 406, 408, 431, 500, 503};
  if (!operation.action.empty()) out.insert({401, 403, 429});
  if (operation.path.find('{') != std::string_view::npos || operation.absent) out.insert(404);
  if (operation.acts()) out.insert({409, 413, 422});
  if (operation.inquire != nullptr) out.insert(422);
  if (operation.request != nullptr) out.insert(415);
  if (operation.versioned) out.insert(428);
  if (operation.media_type == internal::kEventStream) out.insert({410, 422});
  return {out.begin(), out.end()};
}

std::string openapi_document(const std::vector<const Operation*>& operations, std::string_view version) {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  json.member("openapi", "3.1.0");
  json.key("info");
  json.begin_object();
  json.member("title", "Redoubt administration");
  json.member("version", version);
  json.member("description",
              "Who is known, what is permitted, how much anyone may use. Every act is a fact in the ledger; an answer "
              "comes once it is durable and in force.");
  json.key("license");
  json.begin_object();
  json.member("name", "Apache-2.0");
  json.member("identifier", "Apache-2.0");
  json.end_object();
  json.end_object();
  json.key("security");
  json.begin_array();
  json.begin_object();
  json.key("key");
  json.begin_array();
  json.end_array();
  json.end_object();
  json.end_array();
  append_paths(json, operations);
  json.key("components");
  json.begin_object();
  append_schemas(json, operations);
  append_common_parameters(json);
  append_common_headers(json);
  append_common_responses(json);
  json.key("securitySchemes");
  json.begin_object();
  json.key("key");
  json.begin_object();
  json.member("type", "http");
  json.member("scheme", "bearer");
  json.member("description", "An API key, `rdk_…`.");
  json.end_object();
  json.end_object();
  json.end_object();
  json.end_object();
  return out;
}

}  // namespace redoubt::admin
