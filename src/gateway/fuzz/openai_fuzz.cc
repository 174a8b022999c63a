// Chat requests, usage and error bodies: limits hold, and an error body is JSON whatever it quotes.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "gateway/openai.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace redoubt;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  static encoding::JsonReader reader;
  if (const auto request = gateway::parse_chat_request(reader, input)) {
    REDOUBT_CHECK(!request->model.empty() && request->model.size() <= 256);
    // What is a chat request is an object: looking for its usage must not fail.
    REDOUBT_CHECK(gateway::parse_usage(reader, input));
  }
  const auto usage = gateway::parse_usage(reader, input);
  REDOUBT_CHECK(!usage || usage->text_bytes <= size);
  if (!usage) REDOUBT_CHECK(!gateway::parse_chat_request(reader, input));
  const std::string_view message = input.substr(0, 4096);
  const auto error = reader.parse(gateway::error_body(message, "api_error", message));
  REDOUBT_CHECK(error && (*error)["error"]["message"].is_string());
  return 0;
}
