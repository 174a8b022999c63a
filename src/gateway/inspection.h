// What content is inspected by, in force with a bundle: the rules built in, what `inspection.toml` says of them and
// adds, and the forms that tools' arguments must have.
//
//   auto inspection = Inspection::load(text_of_inspection_toml);
//   access.inspection().rules()         // for scanners, one for each core and stream
//
// Policies name kinds in lower case, `credit_card`, and families, `personal`.
//
// Immutable; any thread.
#pragma once

#include <cstddef>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "gateway/content_actions.h"
#include "inspect/rules.h"

namespace redoubt::gateway {

class SealedDictionaries;
class ToolContracts;

struct SchemaFile {
  std::string name;  // without folder
  std::string text;
};

struct DictionaryFile {
  std::string name;  // without folder and ending
  std::string text;  // sealed
};

class Inspection {
 public:
  static constexpr std::size_t kMaxFileBytes = 1024 * 1024;

  // `toml`: of `inspection.toml` (inspect/rules_file.h, docs/inspection.md), empty when there is none: all built-in
  // rules. `schemas`: of `contracts/`; each is named by a contract, and each contract names one. `dictionaries`: of
  // `dictionaries/`, for rules, likewise; they are not opened by this. To compile rules takes most of a second; what
  // was loaded from the same texts and is still in use is not compiled again. Errors: kMalformed with the place, also
  // for records that are not sealed; kTooLarge; kResourceExhausted when the patterns need too much memory.
  static Result<std::shared_ptr<const Inspection>> load(std::string_view toml, std::span<const SchemaFile> schemas = {},
                                                        std::span<const DictionaryFile> dictionaries = {});

  // Never null.
  const std::shared_ptr<const inspect::Rules>& rules() const { return rules_; }
  // Never null.
  const std::shared_ptr<const ToolContracts>& contracts() const { return contracts_; }
  // What rules look up; null when none does. To be opened before texts are inspected.
  const std::shared_ptr<SealedDictionaries>& dictionaries() const { return dictionaries_; }
  // Whether streamed answers, where anything may come of what is found, leave when they have ended.
  bool buffers_streams() const { return buffers_streams_; }
  // Whether there are matches of that name, which is a kind or a family, in lower case.
  bool knows(std::string_view name) const { return names_.contains(name); }

 private:
  Inspection(std::shared_ptr<const inspect::Rules> rules, std::shared_ptr<const ToolContracts> contracts,
             std::shared_ptr<SealedDictionaries> dictionaries, bool buffers_streams);
  std::shared_ptr<const inspect::Rules> rules_;
  std::shared_ptr<const ToolContracts> contracts_;
  std::shared_ptr<SealedDictionaries> dictionaries_;
  bool buffers_streams_;
  std::set<std::string, std::less<>> names_;
};

}  // namespace redoubt::gateway
