// Names in a schema's document: which parts `$id` and anchors name, and what a reference means.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "base/result.h"
#include "contract/internal/schema.h"
#include "contract/internal/value.h"
#include "contract/json_schema.h"

namespace redoubt::contract::internal {

class SchemaIndex {
 public:
  SchemaIndex(Document& document, SchemaDialect dialect) : document_(document), dialect_(dialect) {}

  // Looks through a schema and those below it, once. Locations below belong to the resource that `$id` begins there.
  // Errors: as JsonSchema::compile.
  Result<> index(Location& schema);

  // The member or item of a location, or null; and the same where it is known to be there. To look for one takes as
  // long as there are members: once that has taken too long, nothing is found any more.
  Location* child(Location& of, std::string_view step);
  static Location& child(Location& of, std::string_view step, simdjson::dom::element json);
  bool exhausted() const { return lookups_.exhausted(); }

  // What `$ref` in a schema of `from` means. Errors: kUnsupported when it is not in this document.
  Result<Location*> resolve(const Resource& from, std::string_view reference);
  // The same for `$dynamicRef`. Errors, too: kUnsupported when which one it means depends on how it is come to.
  Result<Location*> resolve_dynamic(const Resource& from, std::string_view reference);

 private:
  Result<> name(Location& schema, const simdjson::dom::object& object);
  Result<> index_below(Location& schema, std::string_view keyword, simdjson::dom::element value);
  Result<> add_anchor(Location& schema, std::string_view anchor);
  Result<> add_resource(Location& schema, std::string uri);
  Location* follow(Location& root, std::string_view pointer);

  Document& document_;
  SchemaDialect dialect_;
  Work lookups_{20'000'000};
  std::multiset<std::string, std::less<>> dynamic_anchors_;
};

// Where keywords have schemas below them.
enum class Below : std::uint8_t { kNothing, kSchema, kList, kSchemaOrList, kMembers, kMembersOrNames };
Below below(std::string_view keyword, SchemaDialect dialect);

}  // namespace redoubt::contract::internal
