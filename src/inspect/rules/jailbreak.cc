// Scaffolds of jailbreaks: personas without rules, modes that do not exist.
#include "inspect/internal/rule.h"

namespace redoubt::inspect::internal {
namespace {

constexpr LiteralRule kJailbreak[] = {
    {.name = "do_anything_now",
     .kind = "JAILBREAK",
     .literals = "do anything now|do anything and everything",
     .pattern = R"re(do anything (?:now|and everything))re",
     .base = 0.85F,
     .near = 0.85F,
     .source = "Shen et al. 2024, In-The-Wild Jailbreak Prompts",
     .flags = kIgnoreCase,
     .width = 40},
    {.name = "dan_persona",
     .kind = "JAILBREAK",
     .literals = "DAN|STAN|DUDE|AIM|UCAR|JailBreak|AntiGPT|BetterDAN|EvilBot|NECO|SWITCH|DevMode|Maximum",
     .pattern =
         R"re((?i:act(?:ing)? as|you are(?: now)?(?: going to)?|pretend to be|become|respond as|called|named|be)[^\w]{1,4}(?:[\w']{1,14}[^\w]{1,4}){0,5}?(?:DAN|STAN|DUDE|AIM|UCAR|JailBreak|AntiGPT|BetterDAN|EvilBot|NECO|SWITCH|DevMode|Maximum)[^\w])re",
     .base = 0.75F,
     .near = 0.75F,
     .source = "Shen et al. 2024",
     .flags = kInside,
     .width = 140},
    {.name = "mode_enabled",
     .kind = "JAILBREAK",
     .literals = "developer mode|jailbreak|dan mode|god mode|debug mode|opposite mode|evil mode|unrestricted mode|sudo "
                 "mode|maintenance mode|anti-dan|developer-mode",
     .pattern =
         R"re((?:(?:chatgpt |gpt |ai )?(?:developer|dan|god|debug|opposite|evil|unrestricted|sudo|maintenance)[ \-]mode[^\w]{1,5}(?:\w+[^\w]{1,4}){0,3}?(?:enabled|activated|on|output|response|unlocked|v\d|active|engaged)|jailbr(?:eak|oken)[\])][^\w]{0,3}|jailbreak (?:mode|prompt|enabled|response|output|version)))re",
     .base = 0.8F,
     .near = 0.8F,
     .source = "Shen et al. 2024",
     .flags = kIgnoreCase | kOpenEnd,
     .width = 100},
    {.name = "no_restrictions",
     .kind = "JAILBREAK",
     .literals = "restriction|guideline|limitation|constraint|filter|boundaries|consideration|policies|compass|rules|"
                 "standards|restraint|programming|principles|concerns",
     .pattern =
         R"re((?:(?:without|no|free (?:from|of)|(?:not |un)bound by|ha(?:ve|s) no|do(?:es)?(?: not|n't) have|unrestricted by|devoid of|lacks)[^\w]{1,3}(?:any |all |the |its |typical |usual |such |openai'?s? ){0,3}(?:(?:ethical|moral|legal|content|safety|programming|internal|built-?in)(?:,| or| and|/| )+){1,3}(?:(?:ethical|moral|legal|content|safety)(?: |,|or )*)?(?:restrictions?|guidelines?|limitations?|constraints?|filters?|boundaries|considerations|policies|compass|rules|standards|restraints|programming|principles|concerns)))re",
     .base = 0.75F,
     .near = 0.75F,
     .source = "Shen et al. 2024; MITRE ATLAS AML.T0054",
     .flags = kIgnoreCase | kInside,
     .width = 160},
    {.name = "never_refuse",
     .kind = "JAILBREAK",
     .literals = "never refuse|cannot refuse|can't refuse|can not refuse|must never refuse|never say no|not "
                 "refuse|never reject|refusing to answer|never decline|never censor|never warn",
     .pattern =
         R"re((?:never|cannot|can't|can not|must not|will not|not allowed to)[^\w]{1,3}(?:ever )?(?:refuse|say no|reject|decline|censor|warn)[^\w]{1,3}(?:\w+[^\w]{1,4}){0,5}?(?:request|question|order|prompt|user|answer|task|instruction|command|direct|anything|me|content|response|information)\w{0,2})re",
     .base = 0.7F,
     .near = 0.7F,
     .source = "Shen et al. 2024",
     .flags = kIgnoreCase | kOpenEnd | kInWord,
     .width = 120},
    {.name = "language_model_denial",
     .kind = "JAILBREAK",
     .literals = "as an ai language model|as an ai|i'm sorry, but|i cannot fulfill|i apologize, but",
     .pattern =
         R"re((?:as an ai(?: language model)?|i'?m sorry,? but|i cannot fulfill|i apologize,? but)[^\n]{0,100}?(?:(?:are|is) (?:not allowed|forbidden|prohibited|banned)|never (?:use|say|include|write)|do not (?:use|say|include|write) (?:the )?(?:phrase|words|sentence)))re",
     .base = 0.65F,
     .near = 0.65F,
     .source = "Shen et al. 2024",
     .flags = kIgnoreCase | kOpenEnd | kInWord,
     .width = 200},
    {.name = "stay_in_character",
     .kind = "JAILBREAK",
     .literals = "stay in character|stay a dan|break character|breaking character|out of character|remain in "
                 "character|stay in dan|tokens",
     .pattern =
         R"re((?:stay in character!?"?[^\w]{1,3}(?:to |if |and |i will|as a reminder)|(?:if|when)? ?you (?:break|are breaking) character|stay a dan|stay in dan|(?:tokens?|points?)[^\n]{0,80}(?:deducted|lose all|cease to exist|you (?:will )?die|terminated)))re",
     .base = 0.65F,
     .near = 0.65F,
     .source = "Shen et al. 2024",
     .flags = kIgnoreCase | kOpenEnd | kInWord,
     .width = 150},
    {.name = "two_answers",
     .kind = "JAILBREAK",
     .literals = "two responses|two ways|two different responses|two answers|both as|normal response|classic]|🔓|[🔒",
     .pattern =
         R"re((?:two (?:different )?(?:responses|ways|answers)[^\n]{0,160}(?:chatgpt|gpt|dan|developer|jailb|unfiltered|normal)|🔓[^\n]{0,20}(?:jailbreak|developer mode|dan|unlocked|output)|🔒[^\n]{0,20}classic))re",
     .base = 0.8F,
     .near = 0.8F,
     .source = "Shen et al. 2024",
     .flags = kIgnoreCase | kOpenEnd | kInWord,
     .width = 230},
    {.name = "unethical_persona",
     .kind = "JAILBREAK",
     .literals = "unfiltered|amoral|unethical|immoral|uncensored|machiavellian|unhinged",
     .pattern =
         R"re((?:unfiltered|amoral|unethical|immoral|uncensored|machiavellian|unhinged)(?:,? and |, ?| )(?:(?:and |completely |totally |fully )*(?:unfiltered|amoral|unethical|immoral|illegal|uncensored|unrestricted|unbiased|evil|harmful|chatbot|ai|assistant|language model|responses?|answers?|version|bot|character|gpt))[^\w])re",
     .base = 0.6F,
     .near = 0.6F,
     .source = "Shen et al. 2024",
     .flags = kIgnoreCase | kOpenEnd,
     .width = 90},
    {.name = "prefix_answer",
     .kind = "JAILBREAK",
     .literals = "start your |begin your |sure, here |absolutely! here|start with ",
     .pattern =
         R"re((?:start|begin)(?: your (?:response|answer|reply|output))? with[^\w]{1,5}(?:(?:the )?(?:phrase|words|sentence|following)[^\w]{1,5})?(?:sure,? (?:here|i)|absolutely!? here|of course!? here|yes,? (?:i can|here)))re",
     .base = 0.75F,
     .near = 0.75F,
     .source = "Wei et al. 2023, Jailbroken",
     .flags = kIgnoreCase,
     .width = 110},
    {.name = "openai_policy_ignored",
     .kind = "JAILBREAK",
     .literals = "openai",
     .pattern =
         R"re(openai(?:'?s)?[^\w]{1,3}(?:\w+[^\w]{1,3}){0,2}?(?:polic(?:y|ies)|guidelines|rules|restrictions|limitations|content polic(?:y|ies))[^\n.]{0,60}?(?:do(?:es)? not apply|don'?t apply|ignored|removed|lifted|disabled|no longer|bypass|replaced|not be followed|can be))re",
     .base = 0.8F,
     .near = 0.8F,
     .source = "Shen et al. 2024",
     .flags = kIgnoreCase | kOpenEnd,
     .width = 160},
};

}  // namespace

std::span<const LiteralRule> jailbreak_phrases() {
  return kJailbreak;
}

}  // namespace redoubt::inspect::internal
