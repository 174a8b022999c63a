// Servers of nobody's that show evidence in the forms of others, over their TLS key.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "attest/key_verifier.h"
#include "attest/tests/support/dcap_world.h"
#include "attest/tests/support/snp_world.h"
#include "crypto/digest.h"
#include "crypto/sha256.h"
#include "crypto/x509.h"
#include "encoding/base64.h"

namespace redoubt::attest {

// A gzip member (RFC 1952) with one block that is not compressed (RFC 1951 §3.2.4): at most 65,535 bytes.
inline Bytes gzip_of(ByteView content) {
  std::uint32_t crc = 0xffff'ffff;
  for (const std::byte each : content) {
    crc ^= static_cast<std::uint32_t>(each);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1U) != 0 ? 0xedb8'8320U : 0U);
  }
  Bytes out = *encoding::hex_decode("1f8b0800000000000003");
  std::array<std::byte, 5> block{std::byte{1}};
  store_le<std::uint16_t>(MutableByteView(block).subspan(1), static_cast<std::uint16_t>(content.size()));
  store_le<std::uint16_t>(MutableByteView(block).subspan(3), static_cast<std::uint16_t>(~content.size()));
  std::array<std::byte, 8> end{};
  store_le<std::uint32_t>(end, ~crc);
  store_le<std::uint32_t>(MutableByteView(end).subspan(4), static_cast<std::uint32_t>(content.size()));
  append(out, block);
  append(out, content);
  append(out, end);
  return out;
}

inline std::string tinfoil_document(const std::string& predicate, ByteView body) {
  return R"({"format":"https://tinfoil.sh/predicate/)" + predicate + R"(","body":")" + encoding::base64(body) + R"("})";
}

// The report data of Tinfoil's version 2, with a key for HPKE of nobody's.
inline Bytes tinfoil_report_data(const crypto::PublicKey& key) {
  Bytes out;
  append(out, crypto::sha256(key.spki()));
  out.resize(64, std::byte{0x99});
  return out;
}

// Where a TDX quote of version 4 has these.
constexpr std::size_t kRtmr3At = 48 + 472;
constexpr std::size_t kQuoteDataAt = 48 + 520;

// Terms with one part, `cpu`, that is `kind`, and one reference value.
inline KeyTerms key_terms(Kind kind, ClaimObject claims, std::vector<CollateralItem> collateral,
                          const std::string& root) {
  KeyTerms out;
  out.policy.parts.emplace("cpu", PartPolicy{.kind = kind, .policy = {}});
  EXPECT_TRUE(out.references.add({"approved", kind, std::move(claims)}));
  for (CollateralItem& each : collateral) EXPECT_TRUE(out.collateral.add(std::move(each)));
  out.files.push_back({kind, Role::kRoot, to_bytes(as_bytes(root))});
  return out;
}

// A guest of SEV-SNP that shows itself as Tinfoil's do.
struct TinfoilWorld {
  explicit TinfoilWorld(const std::function<void(Bytes&)>& change = [](Bytes&) {})
      : tls("model.example", {.is_authority = false}), snp(terms(tls, change)) {}

  static SnpTerms terms(const crypto::TestAuthority& tls, const std::function<void(Bytes&)>& change) {
    return {.change = [&tls, change](Bytes& report) {
      std::ranges::copy(tinfoil_report_data(tls.public_key()), report.begin() + 0x50);
      change(report);
    }};
  }
  crypto::Certificate leaf() const { return *crypto::Certificate::from_der(tls.certificate()); }
  std::string document() const { return tinfoil_document("sev-snp-guest/v2", gzip_of(snp.report)); }
  KeyTerms key_terms() const {
    return attest::key_terms(Kind::kSevSnp, {{"measurement", std::string(96, '2')}},
                             {{Kind::kSevSnp, Role::kVek, {}, snp.vek.certificate()}}, snp.roots());
  }

  crypto::TestAuthority tls;
  SnpWorld snp;
};

// One event of dstack's, as its log has it, and its digest.
struct DstackEvent {
  std::string name;
  Bytes payload;

  crypto::Digest digest() const {
    const Bytes type = *encoding::hex_decode("01000008");
    const ByteView colon = as_bytes(":");
    return crypto::digest(crypto::HashAlgorithm::kSha384, {type, colon, as_bytes(name), colon, payload});
  }
  std::string json() const {
    return R"({"imr":3,"event_type":134217729,"digest":")" + encoding::hex(digest().view()) + R"(","event":")" + name +
           R"(","event_payload":")" + encoding::hex(payload) + R"("})";
  }
};

// A trust domain that shows itself as dstack's do.
struct DstackWorld {
  static std::vector<DstackEvent> booted() {
    return {{"system-preparing", {}},
            {"app-id", Bytes(20, std::byte{0xa1})},
            {"compose-hash", Bytes(32, std::byte{0xc2})},
            {"instance-id", Bytes(20, std::byte{0x13})},
            {"boot-mr-done", {}},
            {"key-provider", to_bytes(as_bytes(R"({"name":"none","id":""})"))},
            {"system-ready", {}}};
  }
  static std::string log_of(const std::vector<DstackEvent>& events) {
    std::string out = R"([{"imr":0,"event_type":1,"digest":"00","event":"","event_payload":"00"})";
    for (const DstackEvent& each : events) out += "," + each.json();
    return out + "]";
  }

  // `log`: what the certificate has instead of the log of `events`, which RTMR 3 is of.
  explicit DstackWorld(const std::vector<DstackEvent>& events = booted(), std::string log = {}, DcapTerms terms = {})
      : tls("app.example",
            {.is_authority = false, .extensions_for = [&](const crypto::PublicKey& key) {
               terms.change_signed = [&, before = terms.change_signed](Bytes& quote) {
                 crypto::Digest rtmr(std::array<std::byte, 48>{});
                 for (const DstackEvent& each : events) {
                   rtmr = crypto::digest(crypto::HashAlgorithm::kSha384, {rtmr.view(), each.digest().view()});
                 }
                 std::ranges::copy(rtmr.view(), quote.begin() + kRtmr3At);
                 const crypto::Digest data =
                     crypto::digest(crypto::HashAlgorithm::kSha512, {as_bytes("ratls-cert:"), key.spki()});
                 std::ranges::copy(data.view(), quote.begin() + kQuoteDataAt);
                 before(quote);
               };
               tdx.emplace(terms);
               if (log.empty()) log = log_of(events);
               return std::vector<std::pair<std::string, Bytes>>{{"1.3.6.1.4.1.62397.1.1", der(0x04, tdx->quote)},
                                                                 {"1.3.6.1.4.1.62397.1.2", der(0x04, as_bytes(log))}};
             }}) {}

  crypto::Certificate leaf() const { return *crypto::Certificate::from_der(tls.certificate()); }
  KeyTerms key_terms() const {
    const std::string zero(96, '0');
    const ClaimObject pins{{"mrtd", std::string(96, '5')},
                           {"rtmr", ClaimObject{{"0", zero}, {"1", zero}, {"2", zero}}},
                           {"dstack", ClaimObject{{"app_id", ByteView(Bytes(20, std::byte{0xa1}))},
                                                  {"compose_hash", ByteView(Bytes(32, std::byte{0xc2}))}}}};
    return attest::key_terms(Kind::kTdx, pins,
                             {{Kind::kTdx, Role::kCollateral, {}, to_bytes(as_bytes(tdx->collateral()))}},
                             tdx->root.pem());
  }

  std::optional<DcapWorld> tdx;  // before `tls`, which makes it
  crypto::TestAuthority tls;
};

}  // namespace redoubt::attest
