// A whole JSON document, a request or an answer, with what inspection found in its texts.
//
//   auto inspected = InspectedJson::inspect(body, scanner);
//   … ask the policies about inspected->findings() …
//   auto body = inspected->changed(actions, placeholders);
//
// All of it is inspected: every string, every name of a member, every long number, each as a text of its own; of a
// message in several parts also the text that they make together.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "gateway/answer_contracts.h"
#include "gateway/changed_text.h"
#include "gateway/findings.h"
#include "gateway/text_places.h"
#include "inspect/scanner.h"

namespace redoubt::gateway {

class CleanWords;

class InspectedJson {
 public:
  // Of an answer. Precondition: JsonReader accepted `json`, which must outlive the result. With `restore`, values are
  // put back for their placeholders first, in the texts of an answer (answer_paths.h). With `contracts`, new for it,
  // what has to fit them and does not is a match as wide as its text. With `clean`, of the scanner's rules, those words
  // are not scanned again. Errors: the scanner's; nothing may pass then.
  static Result<InspectedJson> inspect(std::string_view json, inspect::Scanner& scanner,
                                       const Placeholders* restore = nullptr, AnswerContracts* contracts = nullptr,
                                       const CleanWords* clean = nullptr);
  // The same of a request whose messages have these roles. What the caller asks, the text of the last message of a
  // user, or else of the last message, is put behind `question`, up to `question_max` bytes; that may be null.
  static Result<InspectedJson> inspect_request(std::string_view json, inspect::Scanner& scanner,
                                               std::span<const Where> roles, std::string* question = nullptr,
                                               std::size_t question_max = 0, const CleanWords* clean = nullptr);

  const Findings& findings() const { return findings_; }
  // Those in which nothing was found: a record holds no content.
  const NamesTouched& names() const { return names_; }
  std::uint64_t scanned_bytes() const { return scanned_bytes_; }  // of text

  // The document with matches replaced, and values restored; empty when nothing is to change. `placeholders`: for what
  // is tokenised; null: that is redacted. Precondition: nothing is due to be held or blocked. kUnsupported for a match
  // that cannot be replaced, in the name of a member.
  Result<std::string> changed(const ContentActions& actions, Placeholders* placeholders) const;

 private:
  struct Text {
    std::string path;
    std::string text;
    std::size_t begin = 0;  // of the token in the document
    std::size_t end = 0;
    bool is_name = false;
    std::vector<inspect::Match> matches;
    std::vector<Restorer::Range> restored;
  };
  class Reading;

  std::string_view json_;
  std::vector<Text> texts_;  // those with anything in them
  Findings findings_;
  NamesTouched names_;
  std::uint64_t scanned_bytes_ = 0;
};

}  // namespace redoubt::gateway
