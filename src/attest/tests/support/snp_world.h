// Reports of SEV-SNP, and chips, of nobody's: signed by authorities of the tests' own, under AMD's names.
#pragma once

#include <functional>
#include <string>

#include "attest/sev_snp_report.h"
#include "attest/verifier.h"
#include "base/bytes.h"
#include "crypto/tests/support/test_authority.h"

namespace redoubt::attest {

struct SnpTerms {
  std::string product = "Milan";
  std::string product_name;  // in the VEK; the product's when empty
  bool vlek = false;
  std::uint32_t version = 3;
  SnpTcbBytes reported_tcb{std::byte{3}, std::byte{1}, {}, {}, {}, {}, std::byte{8}, std::byte{0x73}};
  std::size_t hardware_id_size = 64;
  std::string vek_name;                                // AMD's when empty
  std::string ask_name;                                // AMD's when empty
  bool wrapped_id = false;                             // the chip's id as an OCTET STRING
  std::function<void(Bytes&)> change = [](Bytes&) {};  // of the report, before it is signed
  std::function<void(crypto::TestTerms&)> change_vek = [](crypto::TestTerms&) {};
};

// A chip of some product, the authorities above it, and a report of it.
struct SnpWorld {
  static constexpr UnixMillis kNow{1'750'000'000'000};

  explicit SnpWorld(const SnpTerms& terms = {});

  // The authorities, as `root` has them.
  std::string roots() const { return ark.pem() + ask.pem(); }
  Verdict judge(const Policy& policy = {}) const { return judge(report, vek.certificate(), roots(), policy); }
  static Verdict judge(ByteView report, ByteView vek, const std::string& roots, const Policy& policy = {},
                       ByteView crl = {});

  crypto::TestAuthority ark;
  crypto::TestAuthority ask;  // or ASVK
  crypto::TestAuthority vek;
  Bytes report;
};

// `r` and `s`, big-endian, of `size` bytes each, of an ECDSA signature in DER.
Bytes raw_signature(ByteView der, std::size_t size);

// DER of one element.
Bytes der(std::uint8_t tag, ByteView value);
Bytes der_number(std::uint32_t value);

}  // namespace redoubt::attest
