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

bool begins_as_pem(ByteView file) {
  return as_chars(file).find("-----BEGIN ") != std::string_view::npos;
}

Result<crypto::RevocationList> read_list(ByteView file) {
  return begins_as_pem(file) ? crypto::RevocationList::from_pem(as_chars(file))
                             : crypto::RevocationList::from_der(file);
}

}  // namespace

tl::expected<crypto::Chain, crypto::ChainProblem> ChainCache::verify(const crypto::ChainQuestion& question) {
  const crypto::Sha256Digest key = key_of(question);
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
  if (der.size() > crypto::Certificate::kMaxBytes) return crypto::Certificate::from_der(der);
  const crypto::Sha256Digest key = crypto::sha256(der);
  if (const auto* known = certificates_.find(key)) return *known;
  auto read = crypto::Certificate::from_der(der);
  if (read) certificates_.put(key, *read);
  return read;
}

void ChainCache::know(const crypto::Certificate& certificate) {
  if (certificates_.find(certificate.sha256()) == nullptr) certificates_.put(certificate.sha256(), certificate);
}

Result<std::vector<crypto::Certificate>> ChainCache::read_certificates(ByteView file) {
  if (!begins_as_pem(file)) {
    auto read = certificate(file);
    if (!read) return read.error();
    return std::vector{*std::move(read)};
  }
  const auto blocks = crypto::Certificate::der_in_pem(as_chars(file));
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
  if (file.size() > kMaxFileBytes) return read_certificates(file);
  const crypto::Sha256Digest key = crypto::sha256(file);
  if (const auto* known = bundles_.find(key)) return *known;
  auto read = read_certificates(file);
  if (read) bundles_.put(key, *read);
  return read;
}

Result<crypto::RevocationList> ChainCache::list(ByteView file) {
  if (file.size() > kMaxFileBytes) return read_list(file);
  const crypto::Sha256Digest key = crypto::sha256(file);
  if (const auto* known = lists_.find(key)) return *known;
  auto read = read_list(file);
  if (read) lists_.put(key, *read);
  return read;
}

Result<std::shared_ptr<const SignedXml>> ChainCache::signed_xml(std::string_view text) {
  if (text.size() > SignedXml::kMaxBytes) return read_signed_xml(text).error();
  const crypto::Sha256Digest key = crypto::sha256(as_bytes(text));
  if (const auto* known = documents_.find(key)) return *known;
  auto read = read_signed_xml(text);
  if (!read) return read.error();
  auto kept = std::make_shared<const SignedXml>(*std::move(read));
  documents_.put(key, kept);
  return kept;
}

Result<TpmPublic> ChainCache::tpm_public(ByteView area) {
  if (area.size() > kMaxFileBytes) return parse_tpm_public(area);
  const crypto::Sha256Digest key = crypto::sha256(area);
  if (const auto* known = tpm_keys_.find(key)) return *known;
  auto read = parse_tpm_public(area);
  if (read) tpm_keys_.put(key, *read);
  return read;
}

}  // namespace redoubt::attest
