// A request with a tool, and an operator's contract for that tool.
#pragma once

#include <string>
#include <string_view>

#include "base/check.h"
#include "gateway/answer_contracts.h"

namespace redoubt::gateway::test {

inline constexpr std::string_view kTransferSchema =
    R"({"type":"object","properties":{"amount":{"type":"integer","minimum":1},"to":{"type":"string"}},)"
    R"("required":["amount","to"],"additionalProperties":false})";
inline constexpr std::string_view kTransfer =
    R"({"model":"m","messages":[],"tools":[{"type":"function","function":{"name":"ping"}},)"
    R"({"type":"function","function":{"name":"transfer","strict":true,"parameters":{"type":"object","properties":)"
    R"({"amount":{"type":"integer","minimum":1},"to":{"type":"string"}},"required":["amount","to"],)"
    R"("additionalProperties":false}}},{"type":"custom","custom":{"name":"shell"}}]})";

inline ChatRequest chat_request(std::string_view body) {
  encoding::JsonReader reader;
  auto chat = parse_chat_request(reader, body);
  REDOUBT_CHECK(chat.has_value());
  return *std::move(chat);
}

// `transfer`: an amount of at most 100.
inline ToolContracts own_contracts() {
  const inspect::RulesFile::Contract contract{.tool = "transfer", .schema = "transfer.json"};
  const SchemaFile file{.name = "transfer.json",
                        .text = R"({"properties":{"amount":{"maximum":100}},"required":["amount"]})"};
  auto out = ToolContracts::compile({&contract, 1}, {&file, 1});
  REDOUBT_CHECK(out.has_value());
  return *std::move(out);
}

}  // namespace redoubt::gateway::test
