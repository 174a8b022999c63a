// Secrets that their whole form gives away, not how they begin.
#include "inspect/internal/checks.h"
#include "inspect/internal/rule.h"

namespace redoubt::inspect::internal {
namespace {

constexpr ShapeRule kSecretShapes[] = {
    {.name = "telegram_bot_token",
     .kind = "TELEGRAM_TOKEN",
     .pattern = R"re((?-i)\d{8,10}:AA[A-Za-z0-9_\-]{32,33})re",
     .check = is_random,
     .check_name = "entropy",
     .base = 0.96F,
     .near = 0.96F,
     .source = "Telegram, Bot API"},
    {.name = "mailchimp_key",
     .kind = "MAILCHIMP_KEY",
     .pattern = R"re([a-f0-9]{32}-us\d{1,2})re",
     .check = is_random,
     .check_name = "entropy",
     .base = 0.95F,
     .near = 0.95F,
     .source = "Mailchimp, API keys"},
    {.name = "maxmind_key",
     .kind = "MAXMIND_KEY",
     .pattern = R"re((?-i)[A-Za-z0-9]{6}_[A-Za-z0-9]{29}_mmk)re",
     .check = is_random,
     .check_name = "entropy",
     .base = 0.96F,
     .near = 0.96F,
     .source = "MaxMind, license keys"},
    {.name = "twilio_key",
     .kind = "TWILIO_KEY",
     .pattern = R"re((?-i)(SK|AC)[0-9a-f]{32})re",
     .check = is_random,
     .check_name = "entropy",
     .base = 0.85F,
     .near = 0.85F,
     .source = "Twilio, API keys and account SIDs"},
    {.name = "discord_bot_token",
     .kind = "DISCORD_TOKEN",
     .pattern = R"re((?-i)[MNO][A-Za-z0-9]{23,27}\.[A-Za-z0-9_\-]{6}\.[A-Za-z0-9_\-]{27,40})re",
     .check = is_random,
     .check_name = "entropy",
     .base = 0.93F,
     .near = 0.93F,
     .source = "Discord, API reference"},
};

}  // namespace

std::span<const ShapeRule> secret_shapes() {
  return kSecretShapes;
}

}  // namespace redoubt::inspect::internal
