// A request, a tool's name and what a model tells it, a line each: whatever they are, checking ends, finds at most one
// thing for each of the two contracts, and finds the same however the text was cut.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "gateway/answer_contracts.h"

namespace {

using namespace redoubt;

std::string_view take_line(std::string_view& text) {
  const std::string_view line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(line.size() + 1, text.size()));
  return line;
}

gateway::ToolContracts own_contracts() {
  const inspect::RulesFile::Contract contract{.tool = "t", .schema = "t.json"};
  const gateway::SchemaFile file{.name = "t.json", .text = R"({"type":"object","maxProperties":2})"};
  auto out = gateway::ToolContracts::compile({&contract, 1}, {&file, 1});
  REDOUBT_CHECK(out.has_value());
  return *std::move(out);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const gateway::ToolContracts own = own_contracts();
  std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string_view request = take_line(text);
  const std::string_view tool = take_line(text);
  encoding::JsonReader reader({.max_bytes = 1 << 20});
  const auto chat = gateway::parse_chat_request(reader, request);
  if (!chat) return 0;
  const auto kinds = [&](std::size_t piece_bytes) {
    gateway::AnswerContracts contracts(*chat, request, own);
    const std::string call = "/choices/0/delta/tool_calls/0/function";
    contracts.add(call + "/name", tool);
    REDOUBT_CHECK(!tool.empty() || !contracts.calls_undescribed(call + "/name", tool));
    for (std::size_t at = 0; at < text.size(); at += piece_bytes) {
      const std::string_view piece = text.substr(at, piece_bytes);
      contracts.add(call + "/arguments", piece);
      contracts.add("/choices/0/delta/content", piece);
    }
    std::string out;
    for (const auto& fault : contracts.faults()) {
      REDOUBT_CHECK(gateway::is_contract_kind(fault.kind));
      (out += fault.path) += fault.kind;
    }
    return out;
  };
  const std::string whole = kinds(std::max<std::size_t>(text.size(), 1));
  REDOUBT_CHECK(kinds(1) == whole && kinds(7) == whole);
  return 0;
}
