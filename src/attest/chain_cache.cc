#include "attest/internal/chain_cache.h"

#include <algorithm>

#include "attest/internal/tpm_evidence.h"

namespace redoubt::attest {

namespace {

constexpr std::size_t kP256Size = 32;  // on P-256

// The digests of all that is asked about, in their roles. Their sizes say how many there are of each.
Bytes key_of(const crypto::ChainQuestion& question) {
  Bytes out;
  out.reserve(sizeof(crypto::Sha256Digest) *
                  (1 + question.others.size() + question.anchors.size() + question.lists.size()) +
              3 * sizeof(std::uint64_t));
  const auto add = [&](const auto& items) {
    std::array<std::byte, 8> count;
    store_be<std::uint64_t>(count, items.size());
    append(out, count);
    for (const auto& each : items) append(out, each.sha256());
  };
  append(out, question.leaf.sha256());
  add(question.others);
  add(question.anchors);
  add(question.lists);
  return out;
}

bool begins_as_pem(ByteView file) {
  return as_chars(file).find("-----BEGIN ") != std::string_view::npos;
}

Result<crypto::RevocationList> read_list(ByteView file) {
  return begins_as_pem(file) ? crypto::RevocationList::from_pem(as_chars(file))
                             : crypto::RevocationList::from_der(file);
}

// What these bytes are read to: known, or read by `read` and kept. Above `max_bytes` they are read each time. Errors of
// `read`; then nothing is kept.
template <class Value, class Read>
Result<Value> read_once(ByteCache<Value>& known, ByteView bytes, std::size_t max_bytes, const Read& read) {
  if (bytes.size() > max_bytes) return read();
  if (const Value* found = known.find(bytes)) return *found;
  Result<Value> value = read();
  if (value) known.put(bytes, *value);
  return value;
}

// The same of what is large, and shared rather than copied.
template <class Value, class Read>
Result<std::shared_ptr<const Value>> share_once(ByteCache<std::shared_ptr<const Value>>& known, ByteView bytes,
                                                std::size_t max_bytes, const Read& read) {
  return read_once(known, bytes, max_bytes, [&]() -> Result<std::shared_ptr<const Value>> {
    Result<Value> value = read();
    if (!value) return value.error();
    return std::make_shared<const Value>(*std::move(value));
  });
}

}  // namespace

tl::expected<crypto::Chain, crypto::ChainProblem> ChainCache::verify(const crypto::ChainQuestion& question) {
  const Bytes key = key_of(question);
  if (const crypto::Chain* chain = chains_.find(key)) {
    // At another time the question is asked again: what has ended is told by name.
    if (question.at < chain->not_before || question.at > chain->not_after) return crypto::verify_chain(question);
    ++hits_;
    return *chain;
  }
  auto chain = crypto::verify_chain(question);
  if (chain) chains_.put(key, *chain);
  return chain;
}

Result<crypto::Certificate> ChainCache::certificate(ByteView der) {
  for (const auto& certificates : read_elsewhere_) {
    for (const crypto::Certificate& each : certificates) {
      if (std::ranges::equal(each.der(), der)) return each;
    }
  }
  return read_once(certificates_, der, crypto::Certificate::kMaxBytes,
                   [&] { return crypto::Certificate::from_der(der); });
}

Result<std::vector<crypto::Certificate>> ChainCache::read_pem(std::string_view text) {
  const auto blocks = crypto::Certificate::der_in_pem(text);
  if (!blocks) return blocks.error();
  std::vector<crypto::Certificate> out;
  for (const Bytes& der : *blocks) {
    auto read = certificate(der);
    if (!read) return read.error();
    out.push_back(*std::move(read));
  }
  return out;
}

Result<std::vector<crypto::Certificate>> ChainCache::certificates(ByteView file) {
  if (begins_as_pem(file)) return read_once(bundles_, file, kMaxFileBytes, [&] { return read_pem(as_chars(file)); });
  auto read = certificate(file);
  if (!read) return read.error();
  return std::vector{*std::move(read)};
}

Result<crypto::RevocationList> ChainCache::list(ByteView file) {
  return read_once(lists_, file, kMaxFileBytes, [&] { return read_list(file); });
}

Result<std::shared_ptr<const SignedXml>> ChainCache::signed_xml(std::string_view text) {
  return share_once(documents_, as_bytes(text), SignedXml::kMaxBytes, [&] { return read_signed_xml(text); });
}

Result<std::shared_ptr<const IntelCollateral>> ChainCache::collateral(ByteView file) {
  return share_once(collateral_, file, kMaxCollateralBytes, [&] { return parse_intel_collateral(file); });
}
Result<std::shared_ptr<const TcbInfo>> ChainCache::tcb_info(std::string_view body) {
  return share_once(tcb_infos_, as_bytes(body), kMaxCollateralBytes, [&] { return parse_tcb_info(body); });
}
Result<std::shared_ptr<const QeIdentity>> ChainCache::qe_identity(std::string_view body) {
  return share_once(qe_identities_, as_bytes(body), kMaxCollateralBytes, [&] { return parse_qe_identity(body); });
}

Result<TpmPublic> ChainCache::tpm_public(ByteView area) {
  return read_once(tpm_keys_, area, kMaxTpmKeyBytes, [&] { return parse_tpm_public(area); });
}

Result<crypto::PublicKey> ChainCache::quote_key(ByteView point) {
  return read_once(quote_keys_, point, 2 * kP256Size, [&] {
    return crypto::PublicKey::from_point(crypto::KeyType::kP256, point.first(kP256Size), point.subspan(kP256Size));
  });
}

Result<std::shared_ptr<const PcrValues>> ChainCache::pcrs(ByteView text) {
  return share_once(pcrs_, text, kMaxTpmKeyBytes, [&] { return parse_pcrs(text); });
}

Result<HclRuntimeData> ChainCache::hcl_runtime_data(ByteView text) {
  return read_once(hcl_runtime_data_, text, kMaxTpmKeyBytes, [&] { return parse_hcl_runtime_data(text); });
}

}  // namespace redoubt::attest
