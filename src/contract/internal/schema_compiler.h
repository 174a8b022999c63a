// Makes schemas of a document: reads each keyword, refuses what has not the form that it must have.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "contract/internal/schema.h"
#include "contract/internal/schema_index.h"
#include "contract/json_schema.h"

namespace redoubt::contract::internal {

class SchemaCompiler {
 public:
  // `document`, whose root has its element, must outlive the compiler.
  SchemaCompiler(Document& document, const JsonSchemaOptions& options);

  // Errors: as JsonSchema::compile.
  Result<> compile();

 private:
  void read_dialect();
  void fill(Schema& schema);
  void fill_types(Schema& schema);
  void fill_values(Schema& schema);
  void fill_number(Schema& schema);
  void fill_string(Schema& schema);
  void fill_array(Schema& schema);
  void fill_object(Schema& schema);
  void fill_dependents(ObjectRules& rules);
  void fill_references(Schema& schema);
  void fill_alternatives(Schema& schema);

  // Of the schema that is being filled. Each gives nothing when the keyword is absent, or refuses its value.
  Location* keyword(std::string_view name);
  std::optional<Decimal> number(std::string_view name);
  std::uint64_t count(std::string_view name, std::uint64_t absent);
  std::optional<std::string_view> text(std::string_view name);
  bool flag(std::string_view name);
  const Schema* schema_of(std::string_view name);
  std::vector<const Schema*> schemas_of(std::string_view name);
  std::vector<std::string> names(Location& list);
  std::optional<Pattern> pattern(Location& at, std::string_view text);

  const Schema* schema_at(Location& location);
  void refuse(const Location& at, Errc code, std::string_view what);

  Document& document_;
  JsonSchemaOptions options_;
  SchemaDialect dialect_;
  std::optional<SchemaIndex> index_;
  Location* at_ = nullptr;  // the schema that is being filled
  std::vector<std::pair<Location*, Schema*>> unfilled_;
  std::size_t patterns_ = 0;
  std::optional<Error> error_;  // the first one
};

}  // namespace redoubt::contract::internal
