// Quotes of SGX and TDX, and platforms, of nobody's: signed by authorities of the tests' own, under Intel's names, with
// collateral.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "attest/intel_quote.h"
#include "attest/tcb.h"
#include "attest/verifier.h"
#include "base/bytes.h"
#include "crypto/tests/support/test_authority.h"

namespace redoubt::attest {

struct DcapTerms {
  IntelTee tee = IntelTee::kTdx;
  std::uint16_t version = 4;
  bool tdx15 = false;  // of version 5: a body of TDX 1.5
  SvnArray tee_tcb_svn{5, 0, 2};
  SvnArray tee_tcb_svn2{5, 0, 2};
  SvnArray platform_svns{2, 2, 2, 2};
  std::uint16_t pce_svn = 11;
  std::uint16_t qe_isv_svn = 4;
  std::string tcb_info;     // the one of make_tcb_info() when empty
  std::string qe_identity;  // the one of make_qe_identity() when empty
  std::string pck_name = "Intel SGX PCK Certificate";
  std::string ca_name = "Intel SGX PCK Platform CA";
  std::string tcb_signer_name = "Intel SGX TCB Signing";
  std::uint16_t certification_type = 5;
  std::function<void(Bytes&)> change_signed = [](Bytes&) {};          // header and body, before they are signed
  std::function<void(Bytes&)> change_qe_report = [](Bytes&) {};       // before it is signed
  std::function<void(crypto::TestTerms&)> change_pck = [](auto&) {};  // its certificate
};

// TCB info of the platform that DcapTerms has by default, on which it is up to date. Each text replaces another in it.
using Changes = std::vector<std::pair<std::string, std::string>>;
std::string make_tcb_info(IntelTee tee, const Changes& changes = {});
std::string make_qe_identity(IntelTee tee, const Changes& changes = {});

struct DcapWorld {
  static constexpr UnixMillis kNow{1'750'000'000'000};

  explicit DcapWorld(const DcapTerms& terms = {});

  // Collateral as JSON, and in its binary form.
  std::string collateral() const;
  Bytes binary_collateral() const;
  // `body` signed by the signer of TCB data, as the service gives it.
  std::string signed_json(const std::string& member, const std::string& body) const;
  std::string signature_of(const std::string& body) const;  // in hexadecimal

  Verdict judge(const Policy& policy = {}) const { return judge(quote, as_bytes(collateral()), policy); }
  Verdict judge(ByteView of_quote, ByteView of_collateral, const Policy& policy = {}) const;
  // By a verifier that may have seen more.
  Verdict judge_by(Verifier& verifier, ByteView of_quote, ByteView of_collateral, const Policy& policy = {},
                   UnixMillis at = kNow) const;

  IntelTee tee;
  crypto::TestAuthority root;
  crypto::TestAuthority ca;
  crypto::TestAuthority tcb_signer;
  crypto::TestAuthority pck;
  Bytes root_list;
  Bytes pck_list;
  std::string tcb_info;
  std::string qe_identity;
  Bytes quote;
};

}  // namespace redoubt::attest
