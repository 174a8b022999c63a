#include "contract/json_schema.h"

#include <algorithm>

#include "contract/internal/schema.h"
#include "contract/internal/schema_compiler.h"
#include "contract/internal/validation.h"

namespace redoubt::contract {
namespace {

constexpr encoding::JsonLimits kSchemaLimits{.max_bytes = 1024 * 1024, .max_depth = 64};

}  // namespace

struct JsonSchema::Compiled {
  explicit Compiled(const JsonSchemaOptions& wanted) : document(kSchemaLimits), options(wanted) {}

  internal::Document document;
  JsonSchemaOptions options;
};

JsonSchema::JsonSchema(std::unique_ptr<const Compiled> compiled) : compiled_(std::move(compiled)) {}
JsonSchema::JsonSchema(JsonSchema&&) noexcept = default;
JsonSchema& JsonSchema::operator=(JsonSchema&&) noexcept = default;
JsonSchema::~JsonSchema() = default;

Result<JsonSchema> JsonSchema::compile(std::string_view text, const JsonSchemaOptions& options) {
  auto compiled = std::make_unique<Compiled>(options);
  internal::Document& document = compiled->document;
  const auto root = document.reader.parse(text);
  if (!root) return root.error();
  document.root.json = *root;
  if (auto done = internal::SchemaCompiler(document, options).compile(); !done) return done.error();
  return JsonSchema(std::move(compiled));
}

Result<std::vector<SchemaProblem>> JsonSchema::validate(simdjson::dom::element instance) const {
  internal::Validation validation(compiled_->options.max_work,
                                  std::max<std::size_t>(compiled_->options.max_problems, 1));
  const bool valid =
      validation.check(compiled_->document.schemas.front(), internal::Value(instance), internal::Place());
  if (validation.exceeded()) return Error(Errc::kTooLarge, "validating the value takes more work than the limit");
  if (valid) return std::vector<SchemaProblem>();
  return validation.take_problems();
}

}  // namespace redoubt::contract
