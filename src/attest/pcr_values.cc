#include "attest/internal/pcr_values.h"

#include <algorithm>
#include <span>
#include <string>

#include "encoding/hex.h"

namespace redoubt::attest {

namespace {

constexpr std::size_t kUsualSizeMax = 64;  // of a value, SHA-512

}  // namespace

Result<> PcrValues::add(std::uint64_t index, ByteView value) {
  const std::size_t begin = make_room(value.size());
  std::ranges::copy(value, bytes_.begin() + static_cast<std::ptrdiff_t>(begin));
  return place(index, begin);
}

Result<> PcrValues::add_hex(std::uint64_t index, std::string_view digits) {
  const std::size_t begin = make_room(digits.size() / 2);
  if (auto decoded = encoding::hex_decode_into(std::span(bytes_).subspan(begin), digits); !decoded) {
    bytes_.resize(begin);
    return decoded.error();
  }
  return place(index, begin);
}

// Of that many bytes, at the end; where it begins.
std::size_t PcrValues::make_room(std::size_t size) {
  const std::size_t begin = bytes_.size();
  if (begin == 0 && size <= kUsualSizeMax) bytes_.reserve(kCount * size);
  bytes_.resize(begin + size);
  return begin;
}

// What stands at the end is the value of this index, if there can be one.
Result<> PcrValues::place(std::uint64_t index, std::size_t begin) {
  if (index >= kCount || has(static_cast<unsigned>(index))) {
    bytes_.resize(begin);
    return Error(Errc::kMalformed, index >= kCount ? "a PCR above 23" : "a PCR stands twice");
  }
  in_order_ = in_order_ && (indices_ >> index) == 0;
  places_[index] = {begin, bytes_.size() - begin};
  indices_ |= 1U << index;
  digest_.reset();
  claims_.reset();
  return {};
}

ByteView PcrValues::at(unsigned index) const {
  if (!has(index)) return {};
  return ByteView(bytes_).subspan(places_[index].begin, places_[index].size);
}

bool PcrValues::all_have(std::size_t size) const {
  for (unsigned i = 0; i < kCount; ++i) {
    if (has(i) && places_[i].size != size) return false;
  }
  return true;
}

const crypto::Digest& PcrValues::digest(crypto::HashAlgorithm algorithm) const {
  if (!digest_ || digest_->algorithm != algorithm) {
    Bytes sorted;
    if (!in_order_) {
      sorted.reserve(bytes_.size());
      for (unsigned i = 0; i < kCount; ++i) append(sorted, at(i));
    }
    digest_ = MadeDigest{algorithm, crypto::digest(algorithm, in_order_ ? bytes_ : sorted)};
  }
  return digest_->value;
}

const std::shared_ptr<const ClaimObject>& PcrValues::claims() const {
  if (claims_ == nullptr) {
    ClaimObject out;
    out.reserve(kCount);
    for (unsigned i = 0; i < kCount; ++i) {
      if (has(i)) out.emplace_back(std::to_string(i), at(i));
    }
    claims_ = std::make_shared<const ClaimObject>(std::move(out));
  }
  return claims_;
}

}  // namespace redoubt::attest
