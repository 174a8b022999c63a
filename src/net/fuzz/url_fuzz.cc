// Upstream URLs: what is accepted, spelled out again, is the same URL.
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "net/http_client.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using redoubt::net::UpstreamUrl;
  const auto url = UpstreamUrl::parse({reinterpret_cast<const char*>(data), size});
  if (!url) return 0;
  REDOUBT_CHECK(!url->host.empty() && url->port != 0);
  REDOUBT_CHECK(url->base_path.empty() || (url->base_path.front() == '/' && url->base_path.back() != '/'));
  const bool ipv6 = url->host.find(':') != std::string::npos;
  const std::string host = ipv6 ? "[" + url->host + "]" : url->host;
  const std::string text =
      (url->tls ? "https://" : "http://") + host + ":" + std::to_string(url->port) + url->base_path;
  if (text.size() > 2048) return 0;  // the port may have been left out before
  const auto again = UpstreamUrl::parse(text);
  REDOUBT_CHECK(again && again->tls == url->tls && again->host == url->host && again->port == url->port &&
                again->base_path == url->base_path);
  return 0;
}
