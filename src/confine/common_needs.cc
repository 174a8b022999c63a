#include "confine/common_needs.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <array>
#include <cstdlib>
#include <filesystem>

namespace redoubt::confine {
namespace {

constexpr std::uint16_t kDnsPort = 53;

}  // namespace

bool is_address(const std::string& host) {
  std::array<unsigned char, sizeof(in6_addr)> space{};
  return ::inet_pton(AF_INET, host.c_str(), space.data()) == 1 ||
         ::inet_pton(AF_INET6, host.c_str(), space.data()) == 1;
}

void allow_name_lookup(Restrictions& wanted) {
  // Folders, since these files are replaced while we run.
  wanted.files.push_back({"/etc", FileUse::kRead, true});
  std::error_code error;
  const auto resolver = std::filesystem::canonical("/etc/resolv.conf", error);
  if (!error) wanted.files.push_back({resolver.parent_path().string(), FileUse::kRead, true});
  wanted.syscalls.add(name_lookup_syscalls());
  wanted.connect_ports.push_back(kDnsPort);  // answers that are too long for a datagram
}

void allow_trust_anchors(Restrictions& wanted) {
  for (const char* path : {"/etc/ssl/certs", "/etc/pki/tls/certs", "/etc/pki/ca-trust/extracted", "/usr/lib/ssl/certs",
                           "/usr/lib/ssl/cert.pem", "/usr/share/ca-certificates", "/usr/local/share/ca-certificates"}) {
    wanted.files.push_back({path, FileUse::kRead, true});
  }
  for (const char* variable : {"SSL_CERT_DIR", "SSL_CERT_FILE"}) {
    if (const char* path = std::getenv(variable)) wanted.files.push_back({path, FileUse::kRead, true});
  }
}

}  // namespace redoubt::confine
