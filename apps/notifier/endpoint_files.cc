#include "notifier/endpoint_files.h"

namespace redoubt {
namespace {

constexpr std::size_t kSecretFileMax = 8 * 1024;
constexpr std::size_t kAuthoritiesMax = std::size_t{1024} * 1024;

std::string in_folder(const std::string& dir, const std::string& path) {
  return path.starts_with('/') ? path : dir + "/" + path;
}

}  // namespace

Result<crypto::Secret> read_endpoint_files(FileSystem& fs, const std::string& dir, notify::Endpoint& endpoint) {
  const std::string place = "endpoint `" + endpoint.name + "`";
  if (!endpoint.ca_file.empty()) {
    const auto authorities = read_file(fs, in_folder(dir, endpoint.ca_file), kAuthoritiesMax);
    if (!authorities) return authorities.error().in(place);
    endpoint.ca_pem = as_chars(*authorities);
  }
  if (endpoint.secret_file.empty()) return crypto::Secret();
  auto bytes = read_file(fs, in_folder(dir, endpoint.secret_file), kSecretFileMax);
  if (!bytes) return bytes.error().in(place);
  std::string_view text = as_chars(*bytes);
  while (text.ends_with('\n') || text.ends_with('\r')) text.remove_suffix(1);
  crypto::Secret out = crypto::Secret::copy_of(as_bytes(text));
  crypto::wipe(*bytes);
  return out;
}

}  // namespace redoubt
