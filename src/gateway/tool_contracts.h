// The operator's contracts: for a tool, a JSON Schema that what a model tells it must fit, whatever callers say of it.
//
// Immutable; any thread.
#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "contract/json_schema.h"
#include "gateway/inspection.h"
#include "inspect/rules_file.h"

namespace redoubt::gateway {

class ToolContracts {
 public:
  ToolContracts() = default;
  // Errors: kMalformed for a schema that is not there or that no contract names, and, with the file's name, as
  // contract::JsonSchema::compile().
  static Result<ToolContracts> compile(std::span<const inspect::RulesFile::Contract> contracts,
                                       std::span<const SchemaFile> schemas);

  bool empty() const { return by_tool_.empty(); }
  // Null when the tool has none. As long-lived as this.
  const contract::JsonSchema* find(std::string_view tool) const;

 private:
  std::map<std::string, contract::JsonSchema, std::less<>> by_tool_;
};

}  // namespace redoubt::gateway
