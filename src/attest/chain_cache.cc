#include "attest/internal/chain_cache.h"

namespace redoubt::attest {

namespace {

crypto::Sha256Digest key_of(const crypto::ChainQuestion& question) {
  crypto::Sha256 hash;
  const auto add = [&](const auto& items) {
    std::array<std::byte, 8> count;
    store_be<std::uint64_t>(count, items.size());
    hash.update(count);
    for (const auto& each : items) hash.update(each.sha256());
  };
  hash.update(question.leaf.sha256());
  add(question.others);
  add(question.anchors);
  add(question.lists);
  return hash.finish();
}

}  // namespace

tl::expected<crypto::Chain, crypto::ChainProblem> ChainCache::verify(const crypto::ChainQuestion& question) {
  const crypto::Sha256Digest key = key_of(question);
  if (const auto found = by_key_.find(key); found != by_key_.end()) {
    const crypto::Chain& chain = found->second->chain;
    // At another time the question is asked again: what has ended is told by name.
    if (question.at >= chain.not_before && question.at <= chain.not_after) {
      entries_.splice(entries_.begin(), entries_, found->second);
      ++hits_;
      return chain;
    }
    return crypto::verify_chain(question);
  }
  auto chain = crypto::verify_chain(question);
  if (!chain) return chain;
  if (entries_.size() == capacity_) {
    by_key_.erase(entries_.back().key);
    entries_.pop_back();
  }
  entries_.push_front({key, *chain});
  by_key_.emplace(key, entries_.begin());
  return chain;
}

}  // namespace redoubt::attest
