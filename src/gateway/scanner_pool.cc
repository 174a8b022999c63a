#include "gateway/scanner_pool.h"

#include <utility>

namespace redoubt::gateway {

void ScannerPool::use(const std::shared_ptr<const inspect::Rules>& rules) {
  if (rules_ == rules) return;
  rules_ = rules;
  whole_.reset();
  idle_.clear();
}

Result<inspect::Scanner*> ScannerPool::whole(const std::shared_ptr<const inspect::Rules>& rules) {
  use(rules);
  if (whole_ == nullptr) {
    auto made = inspect::Scanner::create(rules);
    if (!made) return made.error();
    whole_ = *std::move(made);
  }
  return whole_.get();
}

Result<ScannerPool::Stream> ScannerPool::stream(const std::shared_ptr<const inspect::Rules>& rules) {
  use(rules);
  if (!idle_.empty()) {
    auto scanner = std::move(idle_.back());
    idle_.pop_back();
    return Stream(scanner.release(), {this});
  }
  auto made = inspect::StreamScanner::create(rules);
  if (!made) return made.error();
  return Stream(made->release(), {this});
}

void ScannerPool::take_back(inspect::StreamScanner* scanner) {
  std::unique_ptr<inspect::StreamScanner> owned(scanner);
  if (&owned->rules() != rules_.get() || idle_.size() >= kMaxIdle) return;
  owned->reset();  // what is left of the text in it is overwritten
  idle_.push_back(std::move(owned));
}

}  // namespace redoubt::gateway
