// notify.toml: to where notices go, and who is told what.
//
//   [[endpoint]]
//   name = "pager"
//   type = "pagerduty"                    # `webhook`, `slack`, `pagerduty`, `smtp`, `alertmanager`
//   secret_file = "keys/pager.key"        # pagerduty: the routing key; webhook: what bodies are signed with;
//                                         # slack: the URL, which is the secret; smtp: the password
//   [[endpoint]]
//   name = "mail"
//   type = "smtp"
//   url = "smtps://mail.example:465"      # `smtp://` with STARTTLS, without which nothing is sent
//   user = "redoubt"
//   secret_file = "keys/mail.password"
//   from = "redoubt@example.org"
//   to = ["soc@example.org"]
//
//   [[contact]]
//   role = "soc"
//   endpoints = ["pager", "mail"]
//
//   [[rule]]
//   roles = ["soc"]
//   kinds = ["incident_opened"]           # without it, any
//   severity = "high"                     # at least; without it, any
//   escalate_after = "15m"                # when nobody has taken the incident by then,
//   escalate_to = ["ciso"]                # these are told, too
//
// Addresses come from this file alone, never from a notice. `allow_private = true` lets an endpoint be in a private
// network or on this machine, which is refused otherwise; `allow_plain = true` lets it be reached without TLS, and only
// where it is private.
//
// Values; any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "notify/notice.h"

namespace redoubt::notify {

inline constexpr std::size_t kEndpointsMax = 16;
inline constexpr std::size_t kContactsMax = 64;
inline constexpr std::size_t kRulesMax = 64;
inline constexpr std::size_t kMailReceiversMax = 32;

enum class EndpointType : std::uint8_t { kWebhook, kSlack, kPagerDuty, kSmtp, kAlertmanager };
std::string_view to_string(EndpointType type);  // `webhook`, `slack`, `pagerduty`, `smtp`, `alertmanager`

struct Endpoint {
  std::string name;  // 1 to 32 of a-z 0-9 -
  EndpointType type = EndpointType::kWebhook;
  std::string url;          // empty where the secret is the address (slack), or it is known (pagerduty)
  std::string secret_file;  // may be empty: alertmanager, smtp without a password
  std::string user;         // smtp
  std::string from;         // smtp
  std::vector<std::string> to;
  std::string ca_file;  // authorities in PEM, instead of the system's; empty: those
  std::string ca_pem;   // what that file holds: whoever sends reads it
  bool allow_private = false;
  bool allow_plain = false;
};

struct Contact {
  std::string role;  // 1 to 32 of a-z 0-9 -
  std::vector<std::string> endpoints;
};

struct ContactRule {
  std::vector<std::string> roles;
  std::set<NoticeKind> kinds;  // empty: any
  Severity severity = Severity::kLow;
  std::chrono::milliseconds escalate_after{0};  // 0: never
  std::vector<std::string> escalate_to;         // roles
};

struct NotifySettings {
  std::vector<Endpoint> endpoints;
  std::vector<Contact> contacts;
  std::vector<ContactRule> rules;

  const Endpoint* find(std::string_view endpoint) const;
  bool has_role(std::string_view role) const;  // of a contact
};

bool is_endpoint_name(std::string_view text);

// `name` is for messages. kMalformed with the place; kTooLarge.
Result<NotifySettings> parse_notify_settings(std::string_view toml, const std::string& name);

// What may stand for a URL of an endpoint of this type: its scheme, a host, no user, no fragment, printable ASCII, at
// most 2,048 bytes. kInvalidArgument, without the URL in the message: it may be a secret.
Result<> check_url(const Endpoint& endpoint, std::string_view url);

// Where such a URL leads: the port is the scheme's where none is said (https 443, http 80, smtps 465, smtp 25).
struct UrlTarget {
  std::string host;  // of IPv6 without brackets
  std::uint16_t port = 0;
};
// Nothing for what check_url() refuses or an improper port.
std::optional<UrlTarget> target_of(const Endpoint& endpoint, std::string_view url);

}  // namespace redoubt::notify
