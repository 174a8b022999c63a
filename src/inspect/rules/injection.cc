// Instructions to set instructions aside, and to give them away.
#include "inspect/internal/rule.h"

namespace redoubt::inspect::internal {
namespace {

// What stands between words, words that fill, and what is to be set aside.
#define REDOUBT_GAP R"re([^\w]{1,5})re"
#define REDOUBT_FILL(n) R"re((?:[\w']{1,14}[^\w]{1,4}){0,)re" n R"re(}?)re"
#define REDOUBT_OLD                                                                                                   \
  "(?:previous|prior|preceding|above|earlier|existing|original|initial|former|foregoing|past|system|current|default|" \
  "openai(?:'s)?|all your|any of your|your|the)"
#define REDOUBT_ORDERS                                                                                                \
  "(?:instructions?|prompts?|directives?|directions|guidelines|commands|orders|programming|constraints|restrictions|" \
  "system message|safety|content polic(?:y|ies)|rules)"

constexpr LiteralRule kInjection[] = {
    {.name = "ignore_instructions",
     .kind = "PROMPT_INJECTION",
     .literals = "ignore |disregard |forget |override |bypass |neglect |discard |overlook ",
     .pattern = "(?:ignore|disregard|forget|override|bypass|neglect|discard|overlook)" REDOUBT_GAP REDOUBT_FILL("3")
         REDOUBT_OLD REDOUBT_GAP REDOUBT_FILL("2") REDOUBT_ORDERS,
     .base = 0.85F,
     .near = 0.85F,
     .source = "OWASP LLM01:2025; MITRE ATLAS AML.T0051",
     .flags = kIgnoreCase,
     .width = 160},
    {.name = "ignore_everything_before",
     .kind = "PROMPT_INJECTION",
     .literals = "ignore |disregard |forget ",
     .pattern = "(?:ignore|disregard|forget)" REDOUBT_GAP "(?:all|everything|anything|what)" REDOUBT_GAP REDOUBT_FILL(
         "4") R"re((?:before|above|previously|prior to (?:this|now)|told (?:you )?(?:before|earlier|previously)|so far|until now|you (?:have )?(?:know|learned|were told)))re",
     .base = 0.7F,
     .near = 0.7F,
     .source = "OWASP LLM01:2025",
     .flags = kIgnoreCase,
     .width = 120},
    {.name = "do_not_follow",
     .kind = "PROMPT_INJECTION",
     .literals = "do not follow |don't follow |dont follow |stop following |do not obey |no longer follow |no longer "
                 "bound |not bound by ",
     .pattern = "(?:do not follow|don'?t follow|stop following|do not obey|no longer follow|(?:no longer |not )bound "
                "by)" REDOUBT_GAP REDOUBT_FILL("3") REDOUBT_OLD REDOUBT_GAP REDOUBT_FILL("2") REDOUBT_ORDERS,
     .base = 0.8F,
     .near = 0.8F,
     .source = "OWASP LLM01:2025",
     .flags = kIgnoreCase,
     .width = 140},
    {.name = "new_instructions",
     .kind = "PROMPT_INJECTION",
     .literals = "new instructions:|updated instructions:|system override|admin override|real instructions|important "
                 "instruction|new system prompt|begin new instructions",
     .pattern =
         R"re((?:(?:new|updated|real) instructions(?::| are)|(?:system|admin) override|important instructions?:? (?:to|for) (?:the )?(?:ai|assistant|model)|new system prompt|begin new instructions))re",
     .base = 0.75F,
     .near = 0.75F,
     .source = "OWASP LLM01:2025",
     .flags = kIgnoreCase,
     .width = 80},
    {.name = "other_languages",
     .kind = "PROMPT_INJECTION",
     .literals = "ignoriere |vergiss |missachte |ignora |olvida |ignorez |oubliez |oublie |ne tenez pas "
                 "compte|dimentica |esqueça |ignorar |negeer |vergeet |zignoruj |игнорируй|забудь|忽略|无视|無視|이전",
     .pattern =
         R"re((?:(?:ignoriere|vergiss|missachte)[^\w]{1,4}(?:\w+[^\w]{1,4}){0,3}(?:anweisung|instruktion|vorgabe|regel)\w*|(?:ignora|olvida|ignorar)[^\w]{1,4}(?:\w+[^\w]{1,4}){0,3}(?:instruc|istruzion|indicacion|ordenes|reglas)\w*|(?:ignorez|oubliez|oublie|ne tenez pas compte)[^\w]{1,4}(?:\w+[^\w]{1,4}){0,4}(?:instructions|consignes|directives)|(?:dimentica|esqueça)[^\w]{1,4}(?:\w+[^\w]{1,4}){0,3}(?:istruzioni|instruções)|(?:negeer|vergeet)[^\w]{1,4}(?:\w+[^\w]{1,4}){0,3}instructies|zignoruj[^\w]{1,4}(?:\w+[^\w]{1,4}){0,3}(?:instrukcje|polecenia)|(?:игнорируй|забудь).{1,60}(?:инструкци|указани)|(?:忽略|无视|無視).{0,36}(?:指令|指示|提示)|이전.{0,24}(?:지시|명령).{0,24}무시))re",
     .base = 0.8F,
     .near = 0.8F,
     .source = "OWASP LLM01:2025",
     .flags = kIgnoreCase | kOpenEnd,
     .width = 160},
    {.name = "role_markers",
     .kind = "PROMPT_INJECTION",
     .literals = "<\\|im_start\\|>|<<SYS>>|[INST]|<\\|system\\|>|<\\|start_header_id\\|>|<\\|endofprompt\\|>|[/"
                 "INST]|<start_of_turn>",
     .pattern =
         R"re((?:<\|im_start\|>(?:system|user|assistant)?|<<SYS>>|\[/?INST\]|<\|system\|>|<\|start_header_id\|>|<\|endofprompt\|>|<start_of_turn>))re",
     .base = 0.7F,
     .near = 0.7F,
     .source = "chat templates of models",
     .flags = kInWord | kOpenEnd,
     .width = 40},
    {.name = "reveal_system_prompt",
     .kind = "SYSTEM_PROMPT_EXTRACTION",
     .literals = "prompt|preprompt|instruction|directive|system message",
     .pattern =
         R"re((?:repeat|print|show|reveal|output|display|tell me|share|leak|dump|give me|write|recite|summarize|return|what(?:'s| is| are| was| were)|copy|translate|spell)[^\w]{1,4}(?:[\w']{1,14}[^\w]{1,4}){0,5}?(?:your|the|this|hidden|secret|entire|full|exact|above)[^\w]{1,4}(?:[\w']{1,14}[^\w]{1,4}){0,2}?(?:system (?:prompt|message|instructions?)|(?:initial|original|hidden|secret|previous|full|base|core|developer) (?:prompt|instructions?|directives?|system message)|pre-?prompt|prompt (?:above|verbatim)|instructions (?:above|verbatim|you were given|given to you)))re",
     .base = 0.85F,
     .near = 0.85F,
     .source = "OWASP LLM07:2025; MITRE ATLAS AML.T0056",
     .flags = kIgnoreCase | kInside,
     .width = 200},
    {.name = "repeat_words_above",
     .kind = "SYSTEM_PROMPT_EXTRACTION",
     .literals = "above|before this|prior to this|preceding this|starting with|starting from",
     .pattern =
         R"re((?:repeat|output|print|write|copy|return|recite|say)[^\w]{1,4}(?:[\w']{1,14}[^\w]{1,4}){0,5}?(?:words|text|everything|sentences|lines|content|all|tokens|conversation|message)[^\w]{1,4}(?:[\w']{1,14}[^\w]{1,4}){0,3}?(?:above|before this|prior to this|starting (?:with|from)[^\w]{1,4}(?:the phrase[^\w]{1,4})?you are|preceding this))re",
     .base = 0.7F,
     .near = 0.7F,
     .source = "OWASP LLM07:2025",
     .flags = kIgnoreCase | kInside,
     .width = 180},
    {.name = "your_instructions",
     .kind = "SYSTEM_PROMPT_EXTRACTION",
     .literals = "your initial |your original |your system |your hidden |your secret |your full |your exact |your "
                 "complete |your first |your base |your core |your entire |your underlying |your internal ",
     .pattern =
         R"re(your (?:(?:initial|original|system|hidden|secret|full|exact|complete|first|base|core|entire|underlying|internal) ){1,2}(?:prompt|instructions?|directives?|system message|guidelines)[^\w]{1,3}(?:verbatim|word for word|in full|exactly|in a code block|in markdown|as is|please))re",
     .base = 0.8F,
     .near = 0.8F,
     .source = "OWASP LLM07:2025",
     .flags = kIgnoreCase,
     .width = 140},
};
#undef REDOUBT_GAP
#undef REDOUBT_FILL
#undef REDOUBT_OLD
#undef REDOUBT_ORDERS

}  // namespace

std::span<const LiteralRule> injection_phrases() {
  return kInjection;
}

}  // namespace redoubt::inspect::internal
