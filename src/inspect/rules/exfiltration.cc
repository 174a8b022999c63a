// Ways to carry data out, and to turn arguments of tools into commands.
#include "inspect/internal/rule.h"

namespace redoubt::inspect::internal {
namespace {

constexpr LiteralRule kExfiltration[] = {
    {.name = "markdown_image_with_data",
     .kind = "DATA_EXFILTRATION",
     .literals = "![",
     .pattern =
         R"re(!\[[^\]\n]{0,100}\]\(\s?<?https?://[^\s)<>]{3,200}[?&/][\w\-]{1,30}=(?:[^\s)]{0,40}(?:\{|%7B|\$|<|\[)[^\n)]{1,100}|[^\s)&]{48,400})\)?)re",
     .base = 0.8F,
     .near = 0.8F,
     .source = "OWASP LLM02:2025; MITRE ATLAS AML.T0057",
     .flags = kInWord | kOpenEnd,
     .width = 500},
    {.name = "link_with_placeholder",
     .kind = "DATA_EXFILTRATION",
     .literals = "](http",
     .pattern =
         R"re(\]\(https?://[^\s)]{3,200}[?&][\w\-]{1,30}=(?:\{|%7B|\$\{|<|\[)[^\n)]{0,60}(?:conversation|history|summary|secret|password|user|data|message|prompt|context|email|token|key)[^\n)]{0,60}\)?)re",
     .base = 0.75F,
     .near = 0.75F,
     .source = "OWASP LLM02:2025",
     .flags = kIgnoreCase | kInWord | kOpenEnd,
     .width = 400},
    {.name = "send_conversation",
     .kind = "DATA_EXFILTRATION",
     .literals = "send |post |upload |forward |transmit |exfiltrate |leak ",
     .pattern =
         R"re((?:send|post|upload|forward|transmit|exfiltrate|leak)[^\w]{1,3}(?:[\w']{1,14}[^\w]{1,3}){0,5}?(?:conversation|chat history|chat log|system prompt|user'?s? (?:data|messages?|input)|credentials|api keys?|passwords?|secrets?|environment variables|(?:previous|all) messages)[^\n]{0,80}?(?:to|at|via)[^\w]{1,4}[^\n]{0,30}?(?:https?://|www\.|[\w.\-]{1,40}@[\w.\-]{1,40}))re",
     .base = 0.8F,
     .near = 0.8F,
     .source = "OWASP LLM02:2025; MITRE ATLAS AML.T0024",
     .flags = kIgnoreCase | kOpenEnd,
     .width = 300},
    {.name = "shell_command",
     .kind = "TOOL_INJECTION",
     .literals = "; rm -rf|&& rm -rf|\\| bash|\\| sh|$(curl|$(wget|`curl|`wget|; curl |&& curl |; wget |&& wget |bash "
                 "-i >& /dev/tcp|nc -e /bin",
     .pattern =
         R"re((?:(?:;|&&) {0,2}rm -rf {1,2}[/~*$]|\| {0,2}(?:ba)?sh(?:\s|$|["'`])|(?:\$\(|`)(?:curl|wget) [^\n`)]{3,100}|(?:;|&&) {0,2}(?:curl|wget) [^\n]{0,80}https?://|bash -i >& /dev/tcp|nc -e /bin))re",
     .base = 0.6F,
     .near = 0.6F,
     .source = "CWE-78; OWASP LLM06:2025",
     .flags = kInWord | kOpenEnd,
     .width = 160},
    {.name = "sql_tautology",
     .kind = "TOOL_INJECTION",
     .literals = "' or |\" or |'; drop table|\"; drop table|union select |union all select ",
     .pattern =
         R"re((?:['"] {0,3}or {1,3}(?:'?1'? {0,2}= {0,2}'?1|''=')|['"] {0,2}; {0,2}drop table \w|['"] {0,2}union (?:all )?select [^\n]{1,60}(?:--|#|from)))re",
     .base = 0.6F,
     .near = 0.6F,
     .source = "CWE-89",
     .flags = kIgnoreCase | kInWord | kOpenEnd,
     .width = 120},
    {.name = "path_traversal",
     .kind = "TOOL_INJECTION",
     .literals = "../../|..\\\\..\\\\|file:///etc/|/etc/shadow|/proc/self/environ",
     .pattern =
         R"re((?:(?:\.\./){2,}(?:etc/|proc/|root/|home/|windows/|var/|\.ssh/)|(?:\.\.\\){2,}windows\\|file:///etc/(?:passwd|shadow)|/etc/shadow|/proc/self/environ))re",
     .base = 0.6F,
     .near = 0.6F,
     .source = "CWE-22",
     .flags = kIgnoreCase | kInWord | kOpenEnd,
     .width = 120},
    {.name = "metadata_service",
     .kind = "TOOL_INJECTION",
     .literals = "169.254.169.254|metadata.google.internal|100.100.100.200/latest",
     .pattern = R"re((?:169\.254\.169\.254|metadata\.google\.internal|100\.100\.100\.200/latest))re",
     .base = 0.65F,
     .near = 0.65F,
     .source = "CWE-918; cloud metadata services",
     .flags = kInWord | kOpenEnd,
     .width = 40},
    {.name = "python_escape",
     .kind = "TOOL_INJECTION",
     .literals = "__import__(|__subclasses__(|os.popen(|{{config|{{request|{{''.__class__|{{self.",
     .pattern =
         R"re((?:__import__\(\s?['"](?:os|subprocess|socket)['"]\)|__subclasses__\(\)|\{\{\s?(?:config|request|self|''\.__class__)[.|\[}]))re",
     .base = 0.6F,
     .near = 0.6F,
     .source = "CWE-94, CWE-1336",
     .flags = kInWord | kOpenEnd,
     .width = 60},
    {.name = "hidden_markup_order",
     .kind = "PROMPT_INJECTION",
     .literals = "<!--|display:none|display: none|font-size:0|font-size: 0|color:white",
     .pattern =
         R"re((?:<!--|display: ?none|font-size: ?0|color: ?white)[^\n]{0,120}?(?:ignore (?:all|previous|the)|assistant[:,]|system prompt|ai model|language model|instructions? (?:to|for) (?:the )?(?:ai|assistant|llm)))re",
     .base = 0.75F,
     .near = 0.75F,
     .source = "OWASP LLM01:2025, indirect injection",
     .flags = kIgnoreCase | kInWord | kOpenEnd,
     .width = 220},
};

}  // namespace

std::span<const LiteralRule> exfiltration_forms() {
  return kExfiltration;
}

}  // namespace redoubt::inspect::internal
