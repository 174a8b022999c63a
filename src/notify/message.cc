#include "notify/message.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>

#include "crypto/kdf.h"
#include "encoding/base64.h"
#include "encoding/json_writer.h"

namespace redoubt::notify {
namespace {

constexpr std::size_t kSecretMax = 4096;
constexpr std::size_t kTextMax = 8 * 1024;
constexpr std::size_t kDetailMax = 2 * 1024;
constexpr std::size_t kMailLine = 76;     // RFC 2045 §6.8
constexpr std::size_t kEncodedWord = 45;  // bytes in one, so that it has at most 75 characters: RFC 2047 §2

std::string one_line(std::string_view text, std::size_t max) {
  std::string out(cut_text(text, max));
  std::replace_if(out.begin(), out.end(), [](char c) { return (c >= 0 && c < ' ') || c == 0x7F; }, ' ');
  return out;
}

std::string title_of(const Notice& notice) {
  std::string out = notice.exercise ? "EXERCISE: " : "";
  out.append("[").append(to_string(notice.severity)).append("] ").append(to_string(notice.kind)).append(": ");
  return out + notice.title;
}

// RFC 3339, and RFC 5322 §3.3.
std::string time_with(UnixMillis time, bool mail) {
  using namespace std::chrono;
  constexpr std::array<const char*, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array<const char*, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const sys_time<milliseconds> at{milliseconds(time.value)};
  const sys_days day = floor<days>(at);
  const year_month_day date(day);
  const hh_mm_ss clock(floor<seconds>(at - day));
  const auto month = static_cast<unsigned>(date.month());
  std::array<char, 64> out{};
  const int size =
      mail
          ? std::snprintf(out.data(), out.size(), "%s, %u %s %d %02d:%02d:%02d +0000",
                          kDays.at(weekday(day).c_encoding()), static_cast<unsigned>(date.day()), kMonths.at(month - 1),
                          static_cast<int>(date.year()), static_cast<int>(clock.hours().count()),
                          static_cast<int>(clock.minutes().count()), static_cast<int>(clock.seconds().count()))
          : std::snprintf(out.data(), out.size(), "%04d-%02u-%02uT%02d:%02d:%02dZ", static_cast<int>(date.year()),
                          month, static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()),
                          static_cast<int>(clock.minutes().count()), static_cast<int>(clock.seconds().count()));
  return {out.data(), static_cast<std::size_t>(std::max(size, 0))};
}

std::string rfc3339(UnixMillis time) {
  return time_with(time, false);
}

void write_details(encoding::JsonWriter& json, const Notice& notice) {
  json.begin_object();
  json.member("incident", notice.incident);
  json.member("tenant", notice.tenant);
  json.member("kind", to_string(notice.kind));
  json.member("exercise", notice.exercise);
  json.member("text", cut_text(notice.text, kTextMax));
  const std::size_t count = std::min(notice.details.size(), kDetailsMax);
  // A list, since nothing says that no name is there twice.
  json.key("more");
  json.begin_array();
  for (std::size_t i = 0; i < count; ++i) {
    json.begin_object();
    json.member("name", cut_text(notice.details[i].first, 64));
    json.member("value", cut_text(notice.details[i].second, kDetailMax));
    json.end_object();
  }
  json.end_array();
  json.end_object();
}

// ---- webhook

std::string webhook_body(const Notice& notice) {
  std::string out;
  encoding::JsonWriter json(out);
  json.begin_object();
  json.member("type", "redoubt." + std::string(to_string(notice.kind)));
  json.member("timestamp", rfc3339(notice.time));
  json.key("data");
  json.begin_object();
  json.member("notice", notice.id);
  json.member("severity", to_string(notice.severity));
  json.member("title", one_line(notice.title, kPagerDutySummaryMax));
  json.member("link", notice.link);
  json.key("details");
  write_details(json, notice);
  json.end_object();
  json.end_object();
  return out;
}

// ---- PagerDuty Events API v2

std::string_view pagerduty_severity(Severity severity) {
  constexpr std::array<std::string_view, 4> kNames = {"info", "warning", "error", "critical"};
  return kNames.at(static_cast<std::size_t>(severity));
}

std::string pagerduty_body(const crypto::Secret& key, const Notice& notice) {
  std::string out;
  encoding::JsonWriter json(out);
  json.begin_object();
  json.member("routing_key", as_chars(key.reveal()));
  json.member("event_action", notice.kind == NoticeKind::kIncidentClosed ? "resolve" : "trigger");
  json.member("dedup_key",
              cut_text("redoubt-" + (notice.incident.empty() ? notice.id : notice.incident), kPagerDutyDedupMax));
  json.key("payload");
  json.begin_object();
  json.member("summary", one_line(title_of(notice), kPagerDutySummaryMax));
  json.member("source", "redoubt");
  json.member("severity", pagerduty_severity(notice.severity));
  json.member("timestamp", rfc3339(notice.time));
  json.member("class", to_string(notice.kind));
  json.key("custom_details");
  write_details(json, notice);
  json.end_object();
  if (!notice.link.empty()) {
    json.key("links");
    json.begin_array();
    json.begin_object();
    json.member("href", notice.link);
    json.member("text", "Redoubt");
    json.end_object();
    json.end_array();
  }
  json.end_object();
  return out;
}

// ---- Slack

// The three characters that begin mentions, links and entities: "Formatting text for app surfaces".
std::string slack_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else {
      out += c;
    }
  }
  return out;
}

std::string slack_body(const Notice& notice) {
  std::string text = title_of(notice);
  if (!notice.text.empty()) text.append("\n").append(notice.text);
  for (const auto& [name, value] : notice.details) text.append("\n").append(name).append(": ").append(value);
  text.append("\nincident ").append(notice.incident);
  // Escaped characters are up to five times as long.
  std::string escaped = slack_text(cut_text(text, kSlackTextMax));
  while (escaped.size() > kSlackTextMax) {
    text = std::string(cut_text(text, std::min(text.size(), kSlackTextMax) * 4 / 5));
    escaped = slack_text(text);
  }
  if (!notice.link.empty()) escaped.append("\n").append(slack_text(notice.link));
  std::string out;
  encoding::JsonWriter json(out);
  json.begin_object();
  json.member("text", escaped);
  json.member("mrkdwn", false);
  json.member("link_names", false);
  json.member("unfurl_links", false);
  json.member("unfurl_media", false);
  json.end_object();
  return out;
}

// ---- Prometheus Alertmanager API v2

std::string alertmanager_body(const Notice& notice, UnixMillis now) {
  std::string out;
  encoding::JsonWriter json(out);
  json.begin_array();
  json.begin_object();
  json.key("labels");
  json.begin_object();
  // Labels are what alerts are told apart by: those of one incident are one alert, which its end resolves.
  json.member("alertname", "RedoubtIncident");
  json.member("incident", notice.incident.empty() ? notice.id : notice.incident);
  json.member("tenant", one_line(notice.tenant, 256));
  json.member("exercise", notice.exercise ? "true" : "false");
  json.end_object();
  json.key("annotations");
  json.begin_object();
  json.member("summary", one_line(title_of(notice), kPagerDutySummaryMax));
  json.member("description", cut_text(notice.text, kTextMax));
  json.member("severity", to_string(notice.severity));
  json.end_object();
  if (notice.kind == NoticeKind::kIncidentClosed) {
    json.member("endsAt", rfc3339(now));
  } else {
    json.member("startsAt", rfc3339(notice.time));
    // Without a further notice the alert would be forgotten after Alertmanager's `resolve_timeout`, 5 minutes.
    json.member("endsAt", rfc3339({now.value + 24LL * 3600 * 1000}));
  }
  if (!notice.link.empty()) json.member("generatorURL", notice.link);
  json.end_object();
  json.end_array();
  return out;
}

// ---- mail

void append_base64_lines(std::string& out, std::string_view text) {
  const std::string encoded = encoding::base64(as_bytes(text));
  for (std::size_t at = 0; at < encoded.size(); at += kMailLine) {
    out.append(encoded, at, kMailLine).append("\r\n");
  }
}

// RFC 2047 §2: as encoded words, so that no byte of it is syntax.
std::string encoded_words(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::string_view part = cut_text(text, kEncodedWord);
    text.remove_prefix(std::max<std::size_t>(part.size(), 1));
    if (!out.empty()) out += "\r\n ";
    out.append("=?UTF-8?B?").append(encoding::base64(as_bytes(part))).append("?=");
  }
  return out;
}

std::string mail_body(const Endpoint& endpoint, const Notice& notice, UnixMillis now) {
  std::string out = "Date: " + time_with(now, true) + "\r\nFrom: <" + endpoint.from + ">\r\nTo: ";
  for (std::size_t i = 0; i < endpoint.to.size(); ++i) {
    out.append(i == 0 ? "<" : ",\r\n <").append(endpoint.to[i]).append(">");
  }
  const std::string domain = endpoint.from.substr(endpoint.from.find('@') + 1);
  out.append("\r\nMessage-ID: <").append(notice.id).append(".").append(endpoint.name).append("@").append(domain);
  out.append(">\r\nSubject: ").append(encoded_words(one_line(title_of(notice), 200)));
  out.append("\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n");
  out.append("Content-Transfer-Encoding: base64\r\n\r\n");
  std::string text = title_of(notice) + "\n\n" + std::string(cut_text(notice.text, kTextMax)) + "\n";
  const std::size_t count = std::min(notice.details.size(), kDetailsMax);
  for (std::size_t i = 0; i < count; ++i) {
    text.append(notice.details[i].first).append(": ");
    text.append(cut_text(notice.details[i].second, kDetailMax)).append("\n");
  }
  text.append("\nIncident ").append(notice.incident).append(", ").append(rfc3339(notice.time)).append("\n");
  text.append(notice.link).append("\n");
  append_base64_lines(out, text);
  return out;
}

Error no_secret(const Endpoint& endpoint, std::string_view what) {
  return {Errc::kInvalidArgument, "the secret of `" + endpoint.name + "` is no " + std::string(what)};
}

bool is_printable_secret(const crypto::Secret& secret) {
  const std::string_view text = as_chars(secret.reveal());
  return !text.empty() && text.size() <= kSecretMax &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7F; });
}

}  // namespace

Message::~Message() {
  for (std::string* const each : {&url, &body, &password}) {
    crypto::wipe({reinterpret_cast<std::byte*>(each->data()), each->size()});
  }
}

std::string_view cut_text(std::string_view text, std::size_t max) {
  if (text.size() <= max) return text;
  std::size_t end = max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return text.substr(0, end);
}

std::string webhook_signature(ByteView key, std::string_view id, std::int64_t seconds, std::string_view body) {
  const std::string time = std::to_string(seconds);
  const auto digest =
      crypto::hmac_sha256(key, {as_bytes(id), as_bytes("."), as_bytes(time), as_bytes("."), as_bytes(body)});
  return "v1," + encoding::base64(digest);
}

Result<Message> write_message(const Endpoint& endpoint, const crypto::Secret& secret, const Notice& notice,
                              UnixMillis now) {
  Message out;
  out.url = endpoint.url;
  out.headers.emplace_back("Content-Type", "application/json");
  switch (endpoint.type) {
    case EndpointType::kWebhook: {
      if (secret.size() < 24 || secret.size() > kSecretMax) return no_secret(endpoint, "key of 24 bytes or more");
      out.body = webhook_body(notice);
      const std::int64_t seconds = now.value / 1000;
      out.headers.emplace_back("webhook-id", notice.id);
      out.headers.emplace_back("webhook-timestamp", std::to_string(seconds));
      out.headers.emplace_back("webhook-signature", webhook_signature(secret.reveal(), notice.id, seconds, out.body));
      if (out.body.size() > kWebhookBodyMax) return Error(Errc::kTooLarge, "the notice is too large for a webhook");
      return out;
    }
    case EndpointType::kSlack: {
      const std::string_view url = as_chars(secret.reveal());
      if (!is_printable_secret(secret) || !check_url(endpoint, url)) return no_secret(endpoint, "URL");
      out.url = url;
      out.body = slack_body(notice);
      return out;
    }
    case EndpointType::kPagerDuty:
      if (!is_printable_secret(secret) || secret.size() > 256) return no_secret(endpoint, "routing key");
      if (out.url.empty()) out.url = kPagerDutyUrl;
      out.body = pagerduty_body(secret, notice);
      if (out.body.size() > kPagerDutyBodyMax) return Error(Errc::kTooLarge, "the notice is too large for PagerDuty");
      return out;
    case EndpointType::kAlertmanager:
      out.url += (out.url.ends_with('/') ? "" : "/") + std::string("api/v2/alerts");
      out.body = alertmanager_body(notice, now);
      return out;
    case EndpointType::kSmtp:
      break;
  }
  if (!endpoint.user.empty() && !is_printable_secret(secret)) return no_secret(endpoint, "password");
  out.headers.clear();
  out.user = endpoint.user;
  out.password = as_chars(secret.reveal());
  out.body = mail_body(endpoint, notice, now);
  return out;
}

}  // namespace redoubt::notify
