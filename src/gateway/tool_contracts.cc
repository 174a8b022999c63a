#include "gateway/tool_contracts.h"

#include <algorithm>

#include "gateway/answer_contracts.h"

namespace redoubt::gateway {

Result<ToolContracts> ToolContracts::compile(std::span<const inspect::RulesFile::Contract> contracts,
                                             std::span<const SchemaFile> schemas) {
  for (const SchemaFile& file : schemas) {
    const auto names = [&](const inspect::RulesFile::Contract& contract) { return contract.schema == file.name; };
    if (std::ranges::none_of(contracts, names)) {
      return Error(Errc::kMalformed, "contracts/" + file.name + ": no contract in inspection.toml names it");
    }
  }
  ToolContracts out;
  for (const inspect::RulesFile::Contract& contract : contracts) {
    const auto file = std::ranges::find(schemas, contract.schema, &SchemaFile::name);
    if (file == schemas.end()) {
      return Error(Errc::kMalformed, "inspection.toml: there is no file `contracts/" + contract.schema + "`");
    }
    auto schema = contract::JsonSchema::compile(file->text, schema_options());
    if (!schema) return schema.error().in("contracts/" + file->name);
    out.by_tool_.emplace(contract.tool, *std::move(schema));
  }
  return out;
}

const contract::JsonSchema* ToolContracts::find(std::string_view tool) const {
  const auto known = by_tool_.find(tool);
  return known == by_tool_.end() ? nullptr : &known->second;
}

}  // namespace redoubt::gateway
