// The recursive definitions of RFC 6962 §2.1, written down as they stand there: slow, and plainly right.
#pragma once

#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "crypto/sha256.h"
#include "tlog/hash.h"

namespace redoubt::tlog::test {

class ReferenceTree {
 public:
  void append(std::string_view entry) { leaves_.push_back(leaf_hash(as_bytes(entry))); }

  // §2.1: MTH(D[begin:end])
  Hash mth(std::uint64_t begin, std::uint64_t end) {
    if (begin == end) return crypto::sha256(ByteView{});
    if (end - begin == 1) return leaves_.at(begin);
    const auto known = memory_.find({begin, end});
    if (known != memory_.end()) return known->second;
    const std::uint64_t k = split(end - begin);
    Bytes input{std::byte{1}};
    redoubt::append(input, mth(begin, begin + k));
    redoubt::append(input, mth(begin + k, end));
    return memory_[{begin, end}] = crypto::sha256(input);
  }

  // §2.1.1: PATH(m, D[begin:end])
  std::vector<Hash> path(std::uint64_t m, std::uint64_t begin, std::uint64_t end) {
    if (end - begin == 1) return {};
    const std::uint64_t k = split(end - begin);
    std::vector<Hash> result;
    if (m < k) {
      result = path(m, begin, begin + k);
      result.push_back(mth(begin + k, end));
    } else {
      result = path(m - k, begin + k, end);
      result.push_back(mth(begin, begin + k));
    }
    return result;
  }

  // §2.1.2: SUBPROOF(m, D[begin:end], b)
  std::vector<Hash> subproof(std::uint64_t m, std::uint64_t begin, std::uint64_t end, bool b) {
    if (m == end - begin) return b ? std::vector<Hash>{} : std::vector<Hash>{mth(begin, end)};
    const std::uint64_t k = split(end - begin);
    std::vector<Hash> result;
    if (m <= k) {
      result = subproof(m, begin, begin + k, b);
      result.push_back(mth(begin + k, end));
    } else {
      result = subproof(m - k, begin + k, end, false);
      result.push_back(mth(begin, begin + k));
    }
    return result;
  }

  // draft-ietf-plants-merkle-tree-certs, "Generating a Subtree Consistency Proof":
  // SUBTREE_SUBPROOF(start, finish, D[begin:end], b), start and finish counted from begin
  std::vector<Hash> subtree_subproof(std::uint64_t start, std::uint64_t finish, std::uint64_t begin, std::uint64_t end,
                                     bool b) {
    if (start == finish) return {};
    const std::uint64_t n = end - begin;
    if (start == 0 && finish == n) return b ? std::vector<Hash>{} : std::vector<Hash>{mth(begin, end)};
    const std::uint64_t k = split(n);
    std::vector<Hash> result;
    if (finish <= k) {
      result = subtree_subproof(start, finish, begin, begin + k, b);
      result.push_back(mth(begin + k, end));
    } else {
      result = k <= start ? subtree_subproof(start - k, finish - k, begin + k, end, b)
                          : subtree_subproof(0, finish - k, begin + k, end, false);
      result.push_back(mth(begin, begin + k));
    }
    return result;
  }

 private:
  static std::uint64_t split(std::uint64_t n) {
    std::uint64_t k = 1;
    while (k * 2 < n) k *= 2;
    return k;
  }

  std::vector<Hash> leaves_;
  std::map<std::pair<std::uint64_t, std::uint64_t>, Hash> memory_;
};

}  // namespace redoubt::tlog::test
