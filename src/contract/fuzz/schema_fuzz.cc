// Two lines of any bytes, a schema and an instance: compiling and validating end, and with less work there is the same
// verdict or none.
#include <cstdint>

#include "base/check.h"
#include "contract/json_schema.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace redoubt;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t line = text.find('\n');
  const std::string_view schema = text.substr(0, line);
  contract::JsonSchemaOptions options{.max_work = 20'000};
  if (size % 2 == 1) options.dialect = contract::SchemaDialect::kDraft7;
  const auto compiled = contract::JsonSchema::compile(schema, options);
  if (!compiled || line == std::string_view::npos) return 0;
  static encoding::JsonReader reader({.max_bytes = 1 << 16, .max_depth = 32});
  const auto instance = reader.parse(text.substr(line + 1));
  if (!instance) return 0;
  const auto problems = compiled->validate(*instance);
  options.max_work = 40;
  const auto hasty = contract::JsonSchema::compile(schema, options)->validate(*instance);
  REDOUBT_CHECK(!hasty || (problems && hasty->empty() == problems->empty()));
  return 0;
}
