#include "gateway/commit_settings.h"

#include <string>

namespace redoubt::gateway {

void CommitSettings::set_default(ledger::CommitLevel level) {
  for (Operation& operation : operations_) operation.level = level;
}

bool CommitSettings::set(std::string_view name, ledger::CommitLevel level) {
  for (Operation& operation : operations_) {
    if (operation.name != name) continue;
    operation.level = level;
    return true;
  }
  return false;
}

ledger::CommitLevel CommitSettings::level(std::string_view name) const {
  for (const Operation& operation : operations_) {
    if (operation.name == name) return operation.level;
  }
  return ledger::CommitLevel::kDurable;
}

Result<> CommitSettings::check(bool has_quorum) const {
  for (const Operation& operation : operations_) {
    if (operation.level != ledger::CommitLevel::kCosigned || has_quorum) continue;
    return Error(Errc::kInvalidArgument, "replies to `" + std::string(operation.name) +
                                             "` are to wait for `cosigned`, but no witness policy with a quorum is "
                                             "configured");
  }
  return {};
}

}  // namespace redoubt::gateway
