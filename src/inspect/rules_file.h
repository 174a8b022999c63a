// What a person writes down about inspection, in TOML: which of the rules built in are used, rules of one's own, the
// form that tools' arguments must have, and cases to try the rules on (docs/inspection.md).
//
//   [inspection]
//   families = ["personal", "secret"]    # of the rules built in; without it, all
//   kinds = ["credit_card", "jwt"]       # likewise, in any case
//   min_confidence_percent = 50          # weaker matches are not reported
//   decode = true                        # look into base64, hexadecimal and escapes
//   buffer_streams = false               # streamed answers leave when they have ended
//
//   [[rule]]                             # always used
//   name = "case_number"
//   kind = "CASE_NUMBER"
//   pattern = 'C-\d{6}'
//
//   [[rule]]
//   name = "patient"
//   kind = "PATIENT"
//   pattern = '\b\d{8}\b'
//   dictionary = "patients"              # of what the pattern matches, the records of this dictionary alone
//                                        # or records = ["10203040"], to try a rule out
//
//   [[contract]]
//   tool = "transfer_money"
//   schema = "transfer.json"             # a JSON Schema that the tool's arguments must fit
//
//   [[case]]
//   text = "see case C-123456"
//   expect = ["CASE_NUMBER:C-123456"]
//
// Values; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "inspect/rules.h"

namespace redoubt::inspect {

struct RulesFile {
  struct Case {
    std::string text;
    std::vector<std::string> expect;  // `KIND:the text matched`, in order
  };

  // What a tool is told must fit the schema in this file. Who uses the rules says where the file is, and reads it.
  struct Contract {
    std::string tool;
    std::string schema;
  };

  // Records that stand in the file itself. Who uses the rules decides whether they may.
  struct Records {
    std::string rule;
    std::string dictionary;            // what the rule calls them: no name that a file may give
    std::vector<std::string> records;  // in normal form
  };

  RulesOptions options;  // without who keeps the dictionaries
  std::vector<Records> records;
  std::vector<Case> cases;
  std::vector<Contract> contracts;  // each tool once
  bool buffer_streams = false;
};

inline constexpr std::size_t kRulesFileMaxBytes = std::size_t{1} << 20;
inline constexpr std::size_t kUserRulesMax = 1000;
inline constexpr std::size_t kUserWordsMax = 20'000;  // of all rules: words, words of context and records
inline constexpr std::size_t kRuleNameMax = 64;       // bytes of a rule's name, and of a kind
inline constexpr std::size_t kUserPatternMaxBytes = 4096;
inline constexpr std::size_t kToolContractsMax = 256;
inline constexpr std::size_t kToolNameMax = 128;  // bytes

// `name` stands before line and column in messages. The rules are not compiled: whether a pattern is one,
// Rules::compile() says.
//
// Names and kinds consist of letters, digits, `_`, `-` and `.`; no kind is called like a family. Errors: kMalformed
// with the place, also for keys that mean nothing; kTooLarge.
Result<RulesFile> parse_rules_file(std::string_view text, const std::string& name);

}  // namespace redoubt::inspect
