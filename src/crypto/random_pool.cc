#include "crypto/random_pool.h"

#include <algorithm>

#include "crypto/secret.h"

namespace redoubt::crypto {

RandomPool::~RandomPool() {
  wipe(bytes_);
}

void RandomPool::fill(MutableByteView out) {
  if (out.size() > bytes_.size()) {
    random_bytes(out);
    return;
  }
  if (left_ < out.size()) {
    random_bytes(bytes_);
    left_ = bytes_.size();
  }
  const auto taken = MutableByteView(bytes_).last(left_).first(out.size());
  std::copy(taken.begin(), taken.end(), out.begin());
  wipe(taken);
  left_ -= out.size();
}

}  // namespace redoubt::crypto
