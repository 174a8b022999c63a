#include "ledger/internal/pair_check.h"

#include <cstdint>

namespace redoubt::ledger::internal {

bool PairCheck::take(const EntryHeader& header, Sequence sequence) {
  if (overflowed_ || (header.kind != EntryKind::kAdmission && header.kind != EntryKind::kOutcome)) return true;
  if (header.kind == EntryKind::kAdmission) {
    if (open_.size() == max_open_) {
      overflowed_ = true;
      exact_ = false;
      return true;
    }
    open_.insert_or_assign({header.log, header.index}, Admission{sequence, header.exchange});
    sequences_.insert(sequence);
    return true;
  }
  const auto admission = open_.find({header.log, header.admission_index});
  if (admission == open_.end() || admission->second.exchange != header.exchange) return !exact_;
  sequences_.erase(admission->second.sequence);
  open_.erase(admission);
  return true;
}

std::optional<Sequence> PairCheck::oldest() const {
  if (sequences_.empty()) return std::nullopt;
  return *sequences_.begin();
}

std::size_t PairCheck::open_count(LogNumber log) const {
  return static_cast<std::size_t>(std::distance(open_.lower_bound({log, 0}), open_.upper_bound({log, UINT64_MAX})));
}

std::vector<OpenAdmission> PairCheck::open(std::size_t limit) const {
  std::vector<OpenAdmission> out;
  for (const auto& [key, admission] : open_) {
    if (out.size() == limit) break;
    out.push_back({.log = key.first, .index = key.second, .exchange = admission.exchange});
  }
  return out;
}

}  // namespace redoubt::ledger::internal
