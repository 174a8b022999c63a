// One quote for many who wait: a machine takes milliseconds to seconds for a quote, and all bindings
// (channel_binding.h) that came meanwhile share the next. They are the leaves of an RFC 6962 tree, the quote is over
// its root and size, and each gets the path of its own leaf. A binding alone is a tree of one leaf: there is no second
// form.
//
//   auto batch = BindingBatch::make(bindings);
//   auto evidence = producer.produce(batch->quoted());
//   answer(i, evidence, batch->place(i));
//
// Leaves are hashed with a prefix that inner nodes do not have (RFC 6962 §2.1), so a binding is never taken for a pair
// of hashes; and who is not in the tree has no path to its root.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "attest/channel_binding.h"
#include "base/result.h"
#include "tlog/hash.h"

namespace redoubt::attest {

// Where one binding stands in a batch.
struct BatchPlace {
  tlog::LeafIndex index;
  tlog::TreeSize size;
  tlog::Hash root{};
  std::vector<tlog::Hash> path;  // RFC 6962 §2.1.1

  friend bool operator==(const BatchPlace&, const BatchPlace&) = default;
};

// A value that does not change. Any thread.
class BindingBatch {
 public:
  static constexpr std::size_t kMax = 128;  // so that a path has at most 7 hashes

  // kInvalidArgument for none; kTooLarge for more than kMax.
  static Result<BindingBatch> make(std::span<const ReportData> bindings);

  std::size_t size() const { return leaves_.size(); }
  // What the quote is over: SHA-512 of the fields, each behind its length (u32, big-endian): `redoubt attested batch
  // v1`, the root, the size (u64, big-endian).
  const ReportData& quoted() const { return quoted_; }
  const tlog::Hash& root() const { return root_; }
  // All that whoever has the quote made needs to know: the root, and the size (u64, big-endian).
  Bytes statement() const;
  // Precondition: index < size().
  BatchPlace place(std::size_t index) const;

 private:
  BindingBatch() = default;

  std::vector<tlog::Hash> leaves_;
  tlog::Hash root_{};
  ReportData quoted_{};
};

// What a quote must be over for `binding` to stand at this place. kVerifyFailed when the path does not lead from the
// binding to the root, or the tree is larger than a batch may be.
Result<ReportData> quoted_for(const ReportData& binding, const BatchPlace& place);

// The batch of a statement: its root and size, and no path. kMalformed when it is none, or of a size that no batch has.
Result<BatchPlace> batch_of(ByteView statement);
// What the quote of that batch is over.
ReportData quoted_for_batch(const BatchPlace& batch);

}  // namespace redoubt::attest
