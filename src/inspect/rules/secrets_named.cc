// Providers whose keys have no mark of their own: recognised where the provider's name stands before the value.
#include "inspect/internal/assignment.h"
#include "inspect/internal/checks.h"
#include "inspect/internal/rule.h"

namespace redoubt::inspect::internal {
namespace {

// The provider's name, the rest of the name that the value is given to, a sign of giving, and the value. `>`: the value
// is the content of an element.
#define REDOUBT_NAMED(name_, literals_, value_)                                            \
  {.name = name_ "_named",                                                                 \
   .kind = "PROVIDER_KEY",                                                                 \
   .literals = literals_,                                                                  \
   .pattern = "(?:" literals_ ")[\\w .\\-]{0,28}" REDOUBT_TYPED "\\s{0,3}(?:" REDOUBT_SIGN \
              "|[,>])\\s{0,16}[\"'`]?(" value_ ")",                                        \
   .check = is_provider_key,                                                               \
   .check_name = "entropy",                                                                \
   .base = 0.85F,                                                                          \
   .near = 0.85F,                                                                          \
   .source = "each provider's API documentation",                                          \
   .flags = kIgnoreCase | kAssigned,                                                       \
   .width = 260}

constexpr LiteralRule kSecretsNamed[] = {
    REDOUBT_NAMED("adafruit", "adafruit", "[a-z0-9_\\-]{32}"),
    REDOUBT_NAMED("adobe", "adobe", "p8e-[a-z0-9]{32}|[a-f0-9]{32}"),
    REDOUBT_NAMED("algolia", "algolia", "[a-z0-9]{32}"),
    REDOUBT_NAMED("artifactory", "artifactory", "[A-Za-z0-9]{64,73}"),
    REDOUBT_NAMED("airtable", "airtable", "[a-z0-9]{17}"),
    REDOUBT_NAMED("alibaba", "alibaba|aliyun", "[a-z0-9]{30}"),
    REDOUBT_NAMED("asana", "asana", "[a-z0-9]{32}"),
    REDOUBT_NAMED("atlassian", "atlassian|confluence|jira", "[a-z0-9]{20,24}"),
    REDOUBT_NAMED("beamer", "beamer", "b_[a-z0-9=_\\-]{44}"),
    REDOUBT_NAMED("bitbucket", "bitbucket", "[A-Za-z0-9=_\\-]{32,64}"),
    REDOUBT_NAMED("bittrex", "bittrex", "[a-z0-9]{32}"),
    REDOUBT_NAMED("cloudflare", "cloudflare", "[a-z0-9_\\-]{37,40}"),
    REDOUBT_NAMED("codecov", "codecov", "[a-z0-9]{32}|[0-9a-f\\-]{36}"),
    REDOUBT_NAMED("cohere", "cohere", "[A-Za-z0-9]{40}"),
    REDOUBT_NAMED("coinbase", "coinbase", "[a-z0-9_\\-]{64}"),
    REDOUBT_NAMED("confluent", "confluent", "[a-z0-9]{16}|[A-Za-z0-9+/]{64}"),
    REDOUBT_NAMED("contentful", "contentful", "[A-Za-z0-9=_\\-]{43}"),
    REDOUBT_NAMED("datadog", "datadog|dd_api|dd_app", "[a-z0-9]{32,40}"),
    REDOUBT_NAMED("discord", "discord", "[a-f0-9]{64}|[A-Za-z0-9=_\\-]{32}|\\d{18}"),
    REDOUBT_NAMED("droneci", "droneci|drone_ci", "[a-z0-9]{32}"),
    REDOUBT_NAMED("dropbox", "dropbox",
                  "[a-z0-9]{15}|sl\\.[A-Za-z0-9_\\-]{130,150}|[a-z0-9]{11}AAAAAAAAAA[a-z0-9_=\\-]{43}"),
    REDOUBT_NAMED("etsy", "etsy", "[a-z0-9]{24}"),
    REDOUBT_NAMED("fastly", "fastly", "[A-Za-z0-9=_\\-]{32}"),
    REDOUBT_NAMED("finicity", "finicity", "[a-f0-9]{32}|[a-z0-9]{20}"),
    REDOUBT_NAMED("finnhub", "finnhub", "[a-z0-9]{20}"),
    REDOUBT_NAMED("flickr", "flickr", "[a-z0-9]{32}"),
    REDOUBT_NAMED("freshbooks", "freshbooks", "[a-z0-9]{64}"),
    REDOUBT_NAMED("gitter", "gitter", "[a-z0-9_\\-]{40}"),
    REDOUBT_NAMED("heroku", "heroku", "[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"),
    REDOUBT_NAMED("hubspot", "hubspot", "[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"),
    REDOUBT_NAMED("intercom", "intercom", "[A-Za-z0-9=_\\-]{60}"),
    REDOUBT_NAMED("intra42", "intra42", "s-s4t2(?:ud|af)-[a-f0-9]{64}"),
    REDOUBT_NAMED("jfrog", "jfrog|bintray|xray_|xraytoken", "[A-Za-z0-9]{64,73}"),
    REDOUBT_NAMED("linear", "linear_|linear-|lineartoken|linearsecret|linearclient", "[a-f0-9]{32}"),
    REDOUBT_NAMED("meraki", "meraki", "[a-f0-9]{40}"),
    REDOUBT_NAMED("kraken", "kraken", "[A-Za-z0-9/=_+\\-]{80,90}"),
    REDOUBT_NAMED("kucoin", "kucoin", "[a-f0-9]{24}|[0-9a-f\\-]{36}"),
    REDOUBT_NAMED("launchdarkly", "launchdarkly", "[A-Za-z0-9=_\\-]{40}"),
    REDOUBT_NAMED("linkedin", "linkedin", "[A-Za-z0-9]{14,16}"),
    REDOUBT_NAMED("mailchimp", "mailchimp", "[a-f0-9]{32}"),
    REDOUBT_NAMED("mailgun", "mailgun", "[a-f0-9]{32}-[a-f0-9]{8}-[a-f0-9]{8}|[a-f0-9]{32}"),
    REDOUBT_NAMED("mattermost", "mattermost", "[a-z0-9]{26}"),
    REDOUBT_NAMED("messagebird", "messagebird|message-bird|message_bird", "[A-Za-z0-9]{25}|[0-9a-f\\-]{36}"),
    REDOUBT_NAMED("netlify", "netlify", "[A-Za-z0-9=_\\-]{40,46}|nfp_[A-Za-z0-9]{36}"),
    REDOUBT_NAMED("newrelic", "newrelic|new_relic|new-relic", "[A-Za-z0-9]{64}|[a-f0-9]{40}NRAL"),
    REDOUBT_NAMED("nytimes", "nytimes|new york times|newyorktimes", "[A-Za-z0-9=_\\-]{32}"),
    REDOUBT_NAMED("okta", "okta", "00[A-Za-z0-9=_\\-]{40}"),
    REDOUBT_NAMED("plaid", "plaid", "[A-Za-z0-9]{24,30}"),
    REDOUBT_NAMED("privateai", "privateai|private_ai", "[a-z0-9]{32}"),
    REDOUBT_NAMED("rapidapi", "rapidapi", "[A-Za-z0-9_\\-]{50}"),
    REDOUBT_NAMED("sentry", "sentry", "[a-f0-9]{64}"),
    REDOUBT_NAMED("sumologic", "sumologic|sumo_|sumo-|sumotoken|sumokey|sumoaccess",
                  "su[A-Za-z0-9]{12}|[A-Za-z0-9]{64}"),
    REDOUBT_NAMED("squarespace", "squarespace", "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    REDOUBT_NAMED("sonar", "sonar", "[a-z0-9=_\\-]{40}"),
    REDOUBT_NAMED("snyk", "snyk", "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    REDOUBT_NAMED("sendbird", "sendbird", "[a-f0-9]{40}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    REDOUBT_NAMED("telegram", "telegr", "\\d{5,16}:A[A-Za-z0-9_\\-]{34}"),
    REDOUBT_NAMED("travis", "travis", "[A-Za-z0-9_\\-]{22}"),
    REDOUBT_NAMED("trello", "trello", "[A-Za-z0-9]{32}|[a-f0-9]{64}"),
    REDOUBT_NAMED("twitch", "twitch", "[a-z0-9]{30}"),
    REDOUBT_NAMED("twitter", "twitter", "[A-Za-z0-9]{25}|[A-Za-z0-9]{50}|\\d{15,25}-[A-Za-z0-9]{20,40}"),
    REDOUBT_NAMED("webex", "webex|wiz_|wiz-", "[A-Za-z0-9]{53}|[a-f0-9]{64}"),
    REDOUBT_NAMED("yandex", "yandex", "[a-z0-9_\\-]{39,60}"),
    REDOUBT_NAMED("zendesk", "zendesk", "[A-Za-z0-9]{40}"),
    REDOUBT_NAMED("lob", "lob", "(?:live|test)_[a-f0-9]{35}"),
    REDOUBT_NAMED("segment", "segment", "[A-Za-z0-9]{32}"),
    REDOUBT_NAMED("mixpanel", "mixpanel", "[a-f0-9]{32}"),
    REDOUBT_NAMED("amplitude", "amplitude", "[a-f0-9]{32}"),
    REDOUBT_NAMED("pagerduty", "pagerduty", "[A-Za-z0-9+_\\-]{20}"),
    REDOUBT_NAMED("opsgenie", "opsgenie", "[0-9a-f\\-]{36}"),
    REDOUBT_NAMED("bugsnag", "bugsnag", "[a-f0-9]{32}"),
    REDOUBT_NAMED("rollbar", "rollbar", "[a-f0-9]{32}"),
    REDOUBT_NAMED("cloudinary", "cloudinary", "[A-Za-z0-9_\\-]{27}"),
    REDOUBT_NAMED("pusher", "pusher", "[a-f0-9]{20}"),
    REDOUBT_NAMED("paypal", "paypal", "E[A-Za-z0-9_\\-]{79}|A[A-Za-z0-9_\\-]{79}"),
    REDOUBT_NAMED("spotify", "spotify", "[a-f0-9]{32}"),
    REDOUBT_NAMED("steam", "steam", "[A-F0-9]{32}"),
    REDOUBT_NAMED("jenkins", "jenkins", "[a-f0-9]{32,34}"),
    REDOUBT_NAMED("elevenlabs", "elevenlabs|xi-api", "[a-f0-9]{32}|sk_[a-f0-9]{48}"),
    REDOUBT_NAMED("mistral", "mistral", "[A-Za-z0-9]{32}"),
    REDOUBT_NAMED("deepseek", "deepseek|together_|together-|togetherai|together ai", "[A-Za-z0-9\\-]{35,64}"),
};
#undef REDOUBT_NAMED

}  // namespace

std::span<const LiteralRule> named_secrets() {
  return kSecretsNamed;
}

}  // namespace redoubt::inspect::internal
