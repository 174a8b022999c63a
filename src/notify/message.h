// A notice as each kind of endpoint takes it. The limits that receivers publish are kept here, before anything is sent:
//
//   PagerDuty Events API v2   512 KB a body, `dedup_key` 255 characters, `summary` 1,024
//   Slack incoming webhooks   texts of 3,000 characters (40,000 at most); about one message a second (lane.h)
//   webhooks                  256 KiB a body, ours; signed as Standard Webhooks 1.0 has it
//   Alertmanager API v2       labels and annotations as texts
//   SMTP                      RFC 5322; lines of 76 characters
//
// Texts of notices are anybody's. In no form can they become more than texts: no mention or link in Slack, no header of
// a mail.
//
// Any thread.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "crypto/secret.h"
#include "notify/notice.h"
#include "notify/settings.h"

namespace redoubt::notify {

inline constexpr std::size_t kPagerDutyBodyMax = std::size_t{512} * 1000;
inline constexpr std::size_t kPagerDutyDedupMax = 255;
inline constexpr std::size_t kPagerDutySummaryMax = 1024;
inline constexpr std::size_t kSlackTextMax = 3000;
inline constexpr std::size_t kWebhookBodyMax = std::size_t{256} * 1024;
inline constexpr std::string_view kPagerDutyUrl = "https://events.pagerduty.com/v2/enqueue";

// Holds secrets: for the sender alone, not longer than sending takes, and wiped then.
struct Message {
  Message() = default;
  Message(Message&&) noexcept = default;
  Message& operator=(Message&&) noexcept = default;
  Message(const Message&) = delete;
  Message& operator=(const Message&) = delete;
  ~Message();

  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;  // of HTTP
  std::string body;
  std::string user;  // of SMTP
  std::string password;
};

// `secret` is what the endpoint's file held, without the line's end. `now` goes into signatures. kInvalidArgument when
// the secret is none that such an endpoint can have; without it in the message.
Result<Message> write_message(const Endpoint& endpoint, const crypto::Secret& secret, const Notice& notice,
                              UnixMillis now);

// `v1,` and base64 of HMAC-SHA-256 over `ID.SECONDS.BODY`: Standard Webhooks 1.0, "Signature scheme".
std::string webhook_signature(ByteView key, std::string_view id, std::int64_t seconds, std::string_view body);

// At most `max` bytes of whole characters.
std::string_view cut_text(std::string_view text, std::size_t max);

}  // namespace redoubt::notify
