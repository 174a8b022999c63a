// notify.toml is written by people and comes with bundles.
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "notify/message.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace redoubt;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto settings = notify::parse_notify_settings(text, "fuzz.toml");
  if (!settings) return 0;
  // Whatever an endpoint is, no text of a notice gets out of its place.
  const notify::Notice notice{.id = "0123456789abcdef",
                              .incident = "0123456789abcdef",
                              .title = text.substr(0, 300),
                              .text = text,
                              .time = {1'780'000'000'000}};
  const auto secret = crypto::Secret::copy_of(as_bytes("https://hooks.example/services/T/B/secret"));
  for (const notify::Endpoint& endpoint : settings->endpoints) {
    const auto message = notify::write_message(endpoint, secret, notice, notice.time);
    if (!message) continue;
    REDOUBT_CHECK(message->body.size() <= notify::kPagerDutyBodyMax);
    for (const auto& [name, value] : message->headers) {
      REDOUBT_CHECK((name + value).find_first_of("\r\n") == std::string::npos);
    }
    if (endpoint.type == notify::EndpointType::kSmtp) continue;
    REDOUBT_CHECK(message->body.find('\n') == std::string::npos);
  }
  return 0;
}
