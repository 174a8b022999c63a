// Scanners of one core: made once, for the rules in force, and used again, since each holds scratch memory that takes
// longer to make than most texts to scan.
//
// One thread.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "base/result.h"
#include "inspect/scanner.h"

namespace redoubt::gateway {

class ScannerPool {
 public:
  static constexpr std::size_t kMaxIdle = 64;

  // For whole texts. Valid until the next call. Errors: kResourceExhausted.
  Result<inspect::Scanner*> whole(const std::shared_ptr<const inspect::Rules>& rules);

  // A stream's, ready for a new one. The pool must outlive it. Errors: kResourceExhausted.
  struct GiveBack {
    ScannerPool* pool = nullptr;
    void operator()(inspect::StreamScanner* scanner) const { pool->take_back(scanner); }
  };
  using Stream = std::unique_ptr<inspect::StreamScanner, GiveBack>;
  Result<Stream> stream(const std::shared_ptr<const inspect::Rules>& rules);

 private:
  void take_back(inspect::StreamScanner* scanner);
  // Scanners of rules that are not in force any more are of no use.
  void use(const std::shared_ptr<const inspect::Rules>& rules);

  std::shared_ptr<const inspect::Rules> rules_;
  std::unique_ptr<inspect::Scanner> whole_;
  std::vector<std::unique_ptr<inspect::StreamScanner>> idle_;  // of rules_
};

}  // namespace redoubt::gateway
