#include "notify/settings.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/config.h"

namespace redoubt::notify {
namespace {

constexpr std::array<std::string_view, 5> kTypes = {"webhook", "slack", "pagerduty", "smtp", "alertmanager"};
constexpr std::size_t kNameMax = 32;
constexpr std::size_t kUrlMax = 2048;
constexpr std::size_t kAddressMax = 254;
constexpr std::chrono::milliseconds kEscalateMin = std::chrono::minutes(1);
constexpr std::chrono::milliseconds kEscalateMax = std::chrono::hours(24 * 7);

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= kNameMax &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string_view::npos;
}

bool is_printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7F; });
}

// What may stand between `<` and `>` of a mail's address: nothing that could end it, or begin another line.
bool is_address(std::string_view text) {
  const std::size_t at = text.find('@');
  return text.size() <= kAddressMax && is_printable(text) && at != std::string_view::npos && at > 0 &&
         at + 1 < text.size() && text.find('@', at + 1) == std::string_view::npos &&
         text.find_first_of("<>()[],;:\\\"") == std::string_view::npos;
}

bool needs_secret(EndpointType type) {
  return type == EndpointType::kWebhook || type == EndpointType::kSlack || type == EndpointType::kPagerDuty;
}

// Whether an endpoint of the type names its address in the file.
bool has_url(EndpointType type) {
  return type != EndpointType::kSlack;
}

class SettingsReader {
 public:
  explicit SettingsReader(NotifySettings& out) : out_(out) {}

  Result<> endpoint(const ConfigSection& section) {
    Endpoint each;
    auto name = section.get_string("name");
    if (!name) return name.error();
    each.name = *std::move(name);
    if (!is_name(each.name)) return section.error_at("name", "has 1 to 32 of a-z 0-9 -");
    if (out_.find(each.name) != nullptr) return section.error_at("name", "is the name of another endpoint, too");
    const auto type = section.get_string("type");
    if (!type) return type.error();
    const auto at = std::find(kTypes.begin(), kTypes.end(), *type);
    if (at == kTypes.end()) {
      return section.error_at("type", "must be `webhook`, `slack`, `pagerduty`, `smtp` or `alertmanager`");
    }
    each.type = static_cast<EndpointType>(at - kTypes.begin());
    for (auto [key, value] :
         {std::pair("url", &each.url), std::pair("secret_file", &each.secret_file), std::pair("user", &each.user),
          std::pair("from", &each.from), std::pair("ca_file", &each.ca_file)}) {
      auto text = section.get_string(key, "");
      if (!text) return text.error();
      *value = *std::move(text);
    }
    auto to = section.get_strings("to", std::vector<std::string>());
    if (!to) return to.error();
    each.to = *std::move(to);
    for (auto [key, value] :
         {std::pair("allow_private", &each.allow_private), std::pair("allow_plain", &each.allow_plain)}) {
      const auto flag = section.get_bool(key, false);
      if (!flag) return flag.error();
      *value = *flag;
    }
    if (auto fits = check(section, each); !fits) return fits;
    out_.endpoints.push_back(std::move(each));
    return {};
  }

  Result<> contact(const ConfigSection& section) {
    Contact each;
    auto role = section.get_string("role");
    if (!role) return role.error();
    each.role = *std::move(role);
    if (!is_name(each.role)) return section.error_at("role", "has 1 to 32 of a-z 0-9 -");
    if (out_.has_role(each.role)) return section.error_at("role", "is that of another contact, too");
    auto endpoints = section.get_strings("endpoints");
    if (!endpoints) return endpoints.error();
    each.endpoints = *std::move(endpoints);
    if (each.endpoints.empty()) return section.error_at("endpoints", "names one at least");
    for (const std::string& name : each.endpoints) {
      if (out_.find(name) == nullptr) return section.error_at("endpoints", "names one that there is not");
    }
    out_.contacts.push_back(std::move(each));
    return {};
  }

  Result<> rule(const ConfigSection& section) {
    ContactRule each;
    for (auto [key, value] : {std::pair("roles", &each.roles), std::pair("escalate_to", &each.escalate_to)}) {
      auto roles = section.get_strings(key, std::vector<std::string>());
      if (!roles) return roles.error();
      *value = *std::move(roles);
      for (const std::string& role : *value) {
        if (!out_.has_role(role)) return section.error_at(key, "names a role that no contact has");
      }
    }
    if (each.roles.empty()) return section.error_at("roles", "names one at least");
    const auto kinds = section.get_strings("kinds", std::vector<std::string>());
    if (!kinds) return kinds.error();
    for (const std::string& kind : *kinds) {
      const auto known = parse_notice_kind(kind);
      if (!known) return section.error_at("kinds", "names a kind that there is not");
      each.kinds.insert(*known);
    }
    const auto severity = section.get_string("severity", "low");
    if (!severity) return severity.error();
    const auto known = parse_severity(*severity);
    if (!known) return section.error_at("severity", "must be `low`, `medium`, `high` or `critical`");
    each.severity = *known;
    const auto after =
        section.get_duration("escalate_after", std::chrono::milliseconds(0), {kEscalateMin, kEscalateMax});
    if (!after) return after.error();
    each.escalate_after = *after;
    if ((each.escalate_after.count() == 0) != each.escalate_to.empty()) {
      return section.error_at("escalate_after", "and `escalate_to` belong together");
    }
    out_.rules.push_back(std::move(each));
    return {};
  }

 private:
  static Result<> check(const ConfigSection& section, const Endpoint& each) {
    const bool smtp = each.type == EndpointType::kSmtp;
    if (each.secret_file.empty() && needs_secret(each.type)) {
      return section.error_at("secret_file", "must name the file that holds its secret");
    }
    if (!has_url(each.type) && !each.url.empty()) {
      return section.error_at("url", "is the secret of such an endpoint: `secret_file` names the file that holds it");
    }
    const bool known_url = each.type == EndpointType::kPagerDuty && each.url.empty();
    if (has_url(each.type) && !known_url) {
      if (auto fits = check_url(each, each.url); !fits) return section.error_at("url", fits.error().message());
    }
    if (each.allow_plain && !each.allow_private) {
      return section.error_at("allow_plain", "goes with `allow_private` only: nothing leaves the network without TLS");
    }
    if (!smtp && (!each.user.empty() || !each.from.empty() || !each.to.empty())) {
      return section.error_at("type", "is not `smtp`: `user`, `from` and `to` are its alone");
    }
    if (!smtp) return {};
    if (!is_address(each.from)) return section.error_at("from", "must be an address: `redoubt@example.org`");
    if (each.to.empty() || each.to.size() > kMailReceiversMax ||
        !std::all_of(each.to.begin(), each.to.end(), is_address)) {
      return section.error_at("to", "must be 1 to 32 addresses");
    }
    if (each.user.empty() != each.secret_file.empty()) {
      return section.error_at("user", "and `secret_file`, of the password, belong together");
    }
    if (!each.user.empty() && (!is_printable(each.user) || each.user.size() > kAddressMax)) {
      return section.error_at("user", "must be printable ASCII");
    }
    return {};
  }

  NotifySettings& out_;
};

}  // namespace

std::string_view to_string(EndpointType type) {
  return kTypes.at(static_cast<std::size_t>(type));
}

bool is_endpoint_name(std::string_view text) {
  return is_name(text);
}

const Endpoint* NotifySettings::find(std::string_view endpoint) const {
  const auto found =
      std::find_if(endpoints.begin(), endpoints.end(), [&](const Endpoint& each) { return each.name == endpoint; });
  return found == endpoints.end() ? nullptr : &*found;
}

bool NotifySettings::has_role(std::string_view role) const {
  return std::any_of(contacts.begin(), contacts.end(), [&](const Contact& each) { return each.role == role; });
}

Result<> check_url(const Endpoint& endpoint, std::string_view url) {
  const auto wrong = [](std::string_view why) { return Error(Errc::kInvalidArgument, std::string(why)); };
  if (url.size() > kUrlMax || !is_printable(url)) return wrong("must be at most 2,048 printable characters");
  const bool mail = endpoint.type == EndpointType::kSmtp;
  const std::string_view safe = mail ? "smtps://" : "https://";
  const std::string_view plain = mail ? "smtp://" : "http://";
  // Mail without a TLS port begins in the clear and must change to TLS: curl_transport.cc.
  const bool plainly = url.starts_with(plain);
  if (!url.starts_with(safe) && !plainly) {
    return wrong(mail ? "must begin with `smtps://` or `smtp://`" : "must begin with `https://`");
  }
  if (plainly && !mail && !endpoint.allow_plain) return wrong("must begin with `https://`, or `allow_plain` be true");
  const std::string_view rest = url.substr(url.find("//") + 2);
  const std::string_view host = rest.substr(0, rest.find_first_of("/?#"));
  if (host.empty() || host.starts_with(':')) return wrong("must name a host");
  if (host.find('@') != std::string_view::npos) return wrong("must hold no user: `secret_file` names what is secret");
  if (url.find_first_of("#\\\"<>{}") != std::string_view::npos) return wrong("must hold none of # \\ \" < > { }");
  return {};
}

std::optional<UrlTarget> target_of(const Endpoint& endpoint, std::string_view url) {
  if (!check_url(endpoint, url)) return std::nullopt;
  const std::string_view scheme = url.substr(0, url.find(':'));
  std::string_view authority = url.substr(url.find("//") + 2);
  authority = authority.substr(0, authority.find_first_of("/?#"));
  UrlTarget out{.host = {},
                .port = scheme == "https"   ? std::uint16_t{443}
                        : scheme == "http"  ? std::uint16_t{80}
                        : scheme == "smtps" ? std::uint16_t{465}
                                            : std::uint16_t{25}};
  std::size_t end = authority.find(':');
  if (authority.starts_with('[')) {
    end = authority.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    out.host = authority.substr(1, end - 1);
    ++end;
    if (end < authority.size() && authority[end] != ':') return std::nullopt;
  } else {
    out.host = authority.substr(0, end);
  }
  if (end >= authority.size()) return out;
  const std::string_view port = authority.substr(end + 1);
  const auto [last, error] = std::from_chars(port.data(), port.data() + port.size(), out.port);
  if (error != std::errc() || last != port.data() + port.size() || out.port == 0) return std::nullopt;
  return out;
}

Result<NotifySettings> parse_notify_settings(std::string_view toml, const std::string& name) {
  auto file = ConfigFile::parse(toml, name);
  if (!file) return file.error();
  NotifySettings out;
  SettingsReader reader(out);
  struct Part {
    std::string_view key;
    std::size_t most;
    Result<> (SettingsReader::*read)(const ConfigSection&);
  };
  for (const Part& part :
       {Part{"endpoint", kEndpointsMax, &SettingsReader::endpoint},
        Part{"contact", kContactsMax, &SettingsReader::contact}, Part{"rule", kRulesMax, &SettingsReader::rule}}) {
    const std::vector<ConfigSection> sections = file->sections(part.key);
    if (sections.size() > part.most) {
      return file->error_at(part.key, "stands there more than " + std::to_string(part.most) + " times");
    }
    for (const ConfigSection& section : sections) {
      if (auto done = (reader.*part.read)(section); !done) return done.error();
    }
  }
  if (auto known = file->check_all_read(); !known) return known.error();
  return out;
}

}  // namespace redoubt::notify
