// Rules, their tests and their taxonomy as they lie in folders.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "sigma/rule_set.h"
#include "sigma/taxonomy.h"

namespace redoubt::app::behaviour_verbs {

struct RuleFolder {
  std::vector<sigma::RuleFile> files;  // `*.yml`, sorted by path
  sigma::Taxonomy taxonomy;
  std::string taxonomy_file;  // empty: none was found
};

// Files and folders, which are gone through with all that is in them, as links are not followed. At most 10,000 files.
// The taxonomy is that of `taxonomy_file`, or `taxonomy.yaml` in the first path's folder or in one above it. Errors:
// kNotFound (a path, or no rules), kTooLarge, kIo, those of parse_taxonomy().
Result<RuleFolder> read_rule_folder(const std::vector<std::string>& paths, const std::string& taxonomy_file);

// The text of the tests beside a rule file; nothing when there are none.
Result<std::optional<std::string>> read_tests_beside(const std::string& rule_file);

}  // namespace redoubt::app::behaviour_verbs
