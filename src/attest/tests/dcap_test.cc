// Quotes of SGX and TDX that are made here, with collateral: what is refused, and why.
#include <gtest/gtest.h>

#include "attest/anchors.h"
#include "attest/intel_collateral.h"
#include "attest/tests/support/dcap_world.h"
#include "encoding/base64.h"

namespace redoubt::attest {
namespace {

std::string answer_of(const Verdict& verdict) {
  const auto reason = verdict.reason();
  return reason ? std::string(to_string(*reason)) : "accepted";
}

std::string status_of(const Verdict& verdict) {
  const Claim* status = find_claim(verdict.claims, "tcb_status");
  return status == nullptr ? "" : *status->text();
}

std::function<void(Bytes&)> set_byte(std::size_t offset, std::uint8_t value) {
  return [=](Bytes& bytes) { bytes[offset] = std::byte{value}; };
}

DcapTerms tdx15(SvnArray at_launch, SvnArray now) {
  return {.version = 5, .tdx15 = true, .tee_tcb_svn = at_launch, .tee_tcb_svn2 = now};
}

TEST(FamiliarCertificates, AreSignedByTheVendorsAnchorAndAreNone) {
  const auto anchors = vendor_certificates(Kind::kTdx);
  const auto familiar = familiar_certificates(Kind::kTdx);
  ASSERT_EQ(familiar.size(), 3U);
  for (const crypto::Certificate& each : familiar) {
    EXPECT_TRUE(crypto::verify_chain({.leaf = each, .others = {}, .anchors = anchors, .at = each.not_before()}))
        << each.common_name();
    EXPECT_FALSE(each.is_self_signed());
  }
  EXPECT_TRUE(familiar_certificates(Kind::kSevSnp).empty());
}

TEST(Dcap, AcceptsEachVersionOfBothTees) {
  for (const DcapTerms& terms :
       {DcapTerms{.tee = IntelTee::kSgx, .version = 3}, DcapTerms{.tee = IntelTee::kSgx, .version = 4},
        DcapTerms{.tee = IntelTee::kSgx, .version = 5}, DcapTerms{.version = 4}, DcapTerms{.version = 5},
        DcapTerms{.version = 5, .tdx15 = true}}) {
    const DcapWorld world(terms);
    const Verdict verdict = world.judge();
    EXPECT_EQ(answer_of(verdict), "accepted") << terms.version << ": " << to_json(verdict);
    EXPECT_EQ(status_of(verdict), "UpToDate");
    EXPECT_EQ(answer_of(world.judge(world.quote, world.binary_collateral())), "accepted");
  }
}

TEST(Dcap, IsMalformedAtEveryShorterLength) {
  for (const DcapTerms& terms : {DcapTerms{.tee = IntelTee::kSgx, .version = 3}, DcapTerms{.version = 5}}) {
    const DcapWorld world(terms);
    for (std::size_t length = 0; length < world.quote.size(); ++length) {
      EXPECT_FALSE(parse_intel_quote(ByteView(world.quote).first(length))) << length;
    }
    const Bytes collateral = world.binary_collateral();
    for (std::size_t length = 0; length < collateral.size(); ++length) {
      EXPECT_FALSE(parse_intel_collateral(ByteView(collateral).first(length))) << length;
    }
    const std::string json = world.collateral();
    for (std::size_t length = 0; length < json.size(); ++length) {
      EXPECT_FALSE(parse_intel_collateral(as_bytes(std::string_view(json).substr(0, length)))) << length;
    }
  }
}

TEST(Dcap, RefusesAQuoteThatIsNotInItsForm) {
  const std::vector<std::pair<const char*, std::function<void(Bytes&)>>> changes{
      {"version", set_byte(0, 6)},
      {"type of the key", set_byte(2, 3)},
      {"TEE type", set_byte(4, 0x82)},
      {"vendor", set_byte(12, 0)},
      {"reserved attribute 8", set_byte(48 + 121, 1)},
      {"reserved attribute 26", set_byte(48 + 123, 0x14)},
      {"reserved attribute 61", set_byte(48 + 127, 0x20)},
  };
  for (const auto& [what, change] : changes) {
    EXPECT_EQ(answer_of(DcapWorld({.change_signed = change}).judge()), "malformed") << what;
  }
  for (const std::uint16_t type : {0, 1, 2, 3, 4, 6, 7, 8}) {
    const DcapWorld world({.certification_type = type});
    EXPECT_EQ(answer_of(world.judge()), "malformed") << type;
    EXPECT_EQ(parse_intel_quote(world.quote).error().message(),
              "the certification data is of type " + std::to_string(type) +
                  ", not 5: the quote carries no chain of PCK certificates");
  }
  // A body of another type or size than the version 5 header says.
  EXPECT_EQ(answer_of(DcapWorld({.version = 5, .change_signed = set_byte(48, 3)}).judge()), "malformed");
  EXPECT_EQ(answer_of(DcapWorld({.version = 5, .change_signed = set_byte(48, 1)}).judge()), "malformed");
  EXPECT_EQ(answer_of(DcapWorld({.version = 5, .change_signed = set_byte(50, 0x49)}).judge()), "malformed");
  // Of the other TEE.
  const DcapWorld sgx({.tee = IntelTee::kSgx});
  DcapWorld tdx;
  EXPECT_EQ(answer_of(tdx.judge(sgx.quote, as_bytes(tdx.collateral()))), "malformed");
  // Parts inside that do not fill each other.
  Bytes longer = tdx.quote;
  longer.push_back(std::byte{0});
  EXPECT_EQ(answer_of(tdx.judge(longer, as_bytes(tdx.collateral()))), "trailing");
  const std::size_t size_at = 48 + TdReport::kSize10;
  store_le<std::uint32_t>(MutableByteView(longer).subspan(size_at),
                          static_cast<std::uint32_t>(longer.size() - size_at - 4));
  EXPECT_EQ(answer_of(tdx.judge(longer, as_bytes(tdx.collateral()))), "malformed");
}

TEST(Dcap, RefusesForgedAuthoritiesWithTheRightNames) {
  const DcapWorld real;
  const DcapWorld forged;
  EXPECT_EQ(answer_of(real.judge(forged.quote, as_bytes(real.collateral()))), "chain");
  EXPECT_EQ(answer_of(real.judge(real.quote, as_bytes(forged.collateral()))), "chain");
  EXPECT_EQ(answer_of(real.judge(real.quote, forged.binary_collateral())), "chain");
}

TEST(Dcap, RefusesKeysOfAnotherPurpose) {
  EXPECT_EQ(answer_of(DcapWorld({.pck_name = "Intel SGX TCB Signing"}).judge()), "chain");
  EXPECT_EQ(answer_of(DcapWorld({.ca_name = "Intel SGX Another CA"}).judge()), "chain");
  EXPECT_EQ(answer_of(DcapWorld({.tcb_signer_name = "Intel SGX PCK Certificate"}).judge()), "chain");
  // Not on the curve that quotes are signed with: its signatures do not fit.
  const auto p384 = [](crypto::TestTerms& pck) { pck.key = crypto::KeyType::kP384; };
  EXPECT_EQ(answer_of(DcapWorld({.change_pck = p384}).judge()), "signature");
}

TEST(Dcap, RefusesWhatTheSignaturesDoNotCover) {
  DcapWorld world;
  const std::string collateral = world.collateral();
  const auto flipped = [&](std::size_t offset) {
    Bytes quote = world.quote;
    quote[offset] ^= std::byte{1};
    return answer_of(world.judge(quote, as_bytes(collateral)));
  };
  const std::size_t data = 48 + TdReport::kSize10 + 4;
  EXPECT_EQ(flipped(48 + 136), "signature");                    // MRTD
  EXPECT_EQ(flipped(data), "signature");                        // the quote's signature
  EXPECT_EQ(flipped(data + 128 + 6 + 64), "signature");         // the QE's report
  EXPECT_EQ(flipped(data + 128 + 6 + 384), "signature");        // the QE's signature
  EXPECT_EQ(flipped(data + 128 + 6 + 448 + 2 + 3), "binding");  // the QE's own data
  // A QE that vouches for no key, or for more than one.
  EXPECT_EQ(answer_of(DcapWorld({.change_qe_report = set_byte(320, 0)}).judge()), "binding");
  EXPECT_EQ(answer_of(DcapWorld({.change_qe_report = set_byte(320 + 63, 1)}).judge()), "binding");
}

TEST(Dcap, RefusesAQuotingEnclaveThatIsNotIntels) {
  EXPECT_EQ(answer_of(DcapWorld({.change_qe_report = set_byte(128, 0)}).judge()), "tcb");    // MRSIGNER
  EXPECT_EQ(answer_of(DcapWorld({.change_qe_report = set_byte(256, 3)}).judge()), "tcb");    // ISVPRODID
  EXPECT_EQ(answer_of(DcapWorld({.change_qe_report = set_byte(16, 1)}).judge()), "tcb");     // MISCSELECT
  EXPECT_EQ(answer_of(DcapWorld({.change_qe_report = set_byte(48, 0x15)}).judge()), "tcb");  // ATTRIBUTES
  EXPECT_EQ(answer_of(DcapWorld({.change_qe_report = set_byte(48, 0x07)}).judge({.allow_debug = true})), "debug");
  EXPECT_EQ(answer_of(DcapWorld({.qe_isv_svn = 1}).judge()), "tcb");
}

TEST(Dcap, RefusesDebugUnlessItIsAllowed) {
  for (const std::uint8_t bit : {0x01, 0x02, 0x10, 0x80}) {
    const DcapWorld world({.change_signed = set_byte(48 + 120, bit)});
    EXPECT_EQ(answer_of(world.judge()), "debug");
    EXPECT_EQ(answer_of(world.judge({.allow_debug = true})), "accepted");
  }
  const DcapWorld enclave({.tee = IntelTee::kSgx, .version = 3, .change_signed = set_byte(48 + 48, 0x07)});
  EXPECT_EQ(answer_of(enclave.judge()), "debug");
  EXPECT_EQ(answer_of(enclave.judge({.allow_debug = true})), "accepted");
}

TEST(Dcap, RefusesAModuleThatIsNotIntels) {
  EXPECT_EQ(answer_of(DcapWorld({.change_signed = set_byte(48 + 64, 1)}).judge()), "tcb");   // MRSIGNERSEAM
  EXPECT_EQ(answer_of(DcapWorld({.change_signed = set_byte(48 + 112, 1)}).judge()), "tcb");  // SEAMATTRIBUTES
  EXPECT_EQ(answer_of(DcapWorld({.tee_tcb_svn = {6, 2, 2}}).judge()), "tcb");  // no module of this version
  EXPECT_EQ(answer_of(DcapWorld({.tee_tcb_svn = {3, 1, 2}}).judge()), "tcb");  // none of its levels
}

TEST(Dcap, RefusesCollateralOfAnotherPlatform) {
  const auto with = [](const Changes& changes) {
    return answer_of(DcapWorld({.tcb_info = make_tcb_info(IntelTee::kTdx, changes)}).judge());
  };
  EXPECT_EQ(with({{"B0B0B0B0B0B0", "B0B0B0B0B0B1"}}), "tcb");
  EXPECT_EQ(with({{R"("pceId":"0000")", R"("pceId":"0001")"}}), "tcb");
  EXPECT_EQ(answer_of(DcapWorld({.tcb_info = make_tcb_info(IntelTee::kSgx)}).judge()), "tcb");
  EXPECT_EQ(answer_of(DcapWorld({.qe_identity = make_qe_identity(IntelTee::kSgx)}).judge()), "tcb");
  DcapWorld world;
  Bytes binary = world.binary_collateral();
  binary[4] = std::byte{0};
  EXPECT_EQ(answer_of(world.judge(world.quote, binary)), "tcb");
}

TEST(Dcap, RefusesCollateralThatIsNotOfItsTime) {
  const auto with = [](const Changes& changes) {
    return std::pair(answer_of(DcapWorld({.tcb_info = make_tcb_info(IntelTee::kTdx, changes)}).judge()),
                     answer_of(DcapWorld({.qe_identity = make_qe_identity(IntelTee::kTdx, changes)}).judge()));
  };
  const std::pair<std::string, std::string> expired("expired", "expired");
  EXPECT_EQ(with({{R"("nextUpdate":"2025-07)", R"("nextUpdate":"2025-06)"}}), expired);
  EXPECT_EQ(with({{R"("issueDate":"2025-06-01)", R"("issueDate":"2025-06-30)"}}), expired);
}

TEST(Dcap, RefusesCollateralThatIsNotInItsForm) {
  const auto with = [](const Changes& changes) {
    return answer_of(DcapWorld({.tcb_info = make_tcb_info(IntelTee::kTdx, changes)}).judge());
  };
  EXPECT_EQ(with({{R"("version":3)", R"("version":4)"}}), "malformed");
  EXPECT_EQ(with({{R"("tcbType":0)", R"("tcbType":1)"}}), "malformed");
  EXPECT_EQ(with({{R"("pcesvn":11)", R"("pcesvn":65536)"}}), "malformed");
  EXPECT_EQ(with({{R"({"svn":2})", R"({"svn":256})"}}), "malformed");
  EXPECT_EQ(with({{R"(,{"svn":0})", ""}}), "malformed");
  EXPECT_EQ(with({{R"("UpToDate")", R"("Uptodate")"}}), "malformed");
  EXPECT_EQ(with({{R"("issueDate":"2025-06-01T00:00:00Z")", R"("issueDate":"today")"}}), "malformed");
  EXPECT_EQ(with({{R"("tcbEvaluationDataNumber":17,)", ""}}), "malformed");
  EXPECT_EQ(with({{R"("tcbEvaluationDataNumber":17)", R"("tcbEvaluationDataNumber":17,"more":{})"}}), "accepted");
  DcapWorld world;
  const auto judge = [&](std::string text) { return answer_of(world.judge(world.quote, as_bytes(text))); };
  const std::string collateral = world.collateral();
  EXPECT_EQ(judge(collateral), "accepted");
  EXPECT_EQ(judge(R"({"more":"",)" + collateral.substr(1)), "malformed");
  EXPECT_EQ(judge(R"({"pck_certificate_chain":"",)" + collateral.substr(1)), "accepted");
  EXPECT_EQ(judge(R"({"pck_crl":"",)" + collateral.substr(1)), "malformed");  // twice
  EXPECT_EQ(judge(collateral + "x"), "malformed");
}

// What was read and verified before is no excuse for what comes now.
TEST(Dcap, RefusesChangedCollateralWhereTheRightOneIsKnown) {
  DcapWorld world;
  Verifier verifier(Trust::kNobody);
  const auto judge = [&](const std::string& collateral, const Policy& policy = {}, UnixMillis at = DcapWorld::kNow) {
    return answer_of(world.judge_by(verifier, world.quote, as_bytes(collateral), policy, at));
  };
  const std::string right = world.collateral();
  ASSERT_EQ(judge(right), "accepted");
  ASSERT_EQ(judge(right), "accepted");
  // One digit of each body, and of each signature.
  const std::string number = R"(tcbEvaluationDataNumber\":1)";
  const std::string signature = R"(_signature":")";
  for (const std::size_t at : {right.find(number) + number.size(), right.rfind(number) + number.size(),
                               right.find(signature) + signature.size(), right.rfind(signature) + signature.size()}) {
    std::string changed = right;
    changed[at] = changed[at] == '8' ? '9' : '8';
    EXPECT_EQ(judge(changed), "signature") << at;
  }
  EXPECT_EQ(judge(right), "accepted");
  // Another signer of the same bodies, of no root that is trusted.
  const DcapWorld stranger;
  ASSERT_EQ(stranger.tcb_info, world.tcb_info);
  EXPECT_EQ(judge(stranger.collateral()), "chain");
  // What is over, rolled back, or withdrawn.
  EXPECT_EQ(judge(right, {}, UnixMillis{DcapWorld::kNow.value + 90LL * 24 * 3600 * 1000}), "expired");
  EXPECT_EQ(judge(right, {.min_tcb_evaluation = 18}), "tcb");
  world.root_list = world.root.revoke({&world.tcb_signer}, UnixMillis{DcapWorld::kNow.value - 1000},
                                      UnixMillis{DcapWorld::kNow.value + 1000});
  EXPECT_EQ(judge(world.collateral()), "revoked");
  EXPECT_EQ(judge(right), "accepted");
}

// Signed as it may be: what is looked for inside an object that is not there is not there either.
TEST(Dcap, RefusesCollateralWithoutAnObjectThatItNeeds) {
  for (const std::string member :
       {R"("tcb":{)", R"("tdxModule":{)", R"("sgxtcbcomponents":[)", R"("tdxtcbcomponents":[)", R"("tcbLevels":[)"}) {
    const std::string name = member.substr(0, member.size() - 1);
    for (const std::string& other : {std::string(R"("other":)"), name + R"(null,"other":)", name + R"("","other":)"}) {
      const Changes changes{{member, other + member.back()}};
      EXPECT_EQ(answer_of(DcapWorld({.tcb_info = make_tcb_info(IntelTee::kTdx, changes)}).judge()), "malformed")
          << other;
    }
  }
  const Changes changes{{R"("tcb":)", R"("other":)"}};
  EXPECT_EQ(answer_of(DcapWorld({.qe_identity = make_qe_identity(IntelTee::kTdx, changes)}).judge()), "malformed");
}

TEST(Dcap, TellsWhatIsMissing) {
  const DcapWorld world;
  EXPECT_EQ(answer_of(world.judge(world.quote, {})), "tcb");
  const Verdict lenient = world.judge(world.quote, {}, {.require_collateral = false});
  EXPECT_EQ(answer_of(lenient), "accepted");
  EXPECT_EQ(status_of(lenient), "");
  // A relying party that knows how new collateral is cannot do without it.
  EXPECT_EQ(answer_of(world.judge(world.quote, {}, {.require_collateral = false, .min_tcb_evaluation = 1})), "tcb");
}

TEST(Dcap, RefusesCollateralThatWasRolledBack) {
  const DcapWorld world;
  EXPECT_EQ(answer_of(world.judge({.min_tcb_evaluation = 17})), "accepted");
  EXPECT_EQ(answer_of(world.judge({.min_tcb_evaluation = 18})), "tcb");
  const Changes newer{{R"("tcbEvaluationDataNumber":17)", R"("tcbEvaluationDataNumber":18)"}};
  const DcapWorld half({.tcb_info = make_tcb_info(IntelTee::kTdx, newer)});
  EXPECT_EQ(answer_of(half.judge({.min_tcb_evaluation = 18})), "tcb") << "the QE identity is still the old one";
}

TEST(Dcap, LooksUpRevocation) {
  const UnixMillis from{DcapWorld::kNow.value - 1000};
  const UnixMillis to{DcapWorld::kNow.value + 1000};
  DcapWorld world;
  world.pck_list = world.ca.revoke({&world.pck}, from, to);
  EXPECT_EQ(answer_of(world.judge()), "revoked");
  world.pck_list = world.ca.revoke({}, from, from);
  EXPECT_EQ(answer_of(world.judge()), "expired");
  world.pck_list = world.root.revoke({}, from, to);
  EXPECT_EQ(answer_of(world.judge()), "chain") << "the PCK's list is of the root";
  world.pck_list = world.ca.revoke({}, from, to);
  world.root_list = world.root.revoke({&world.ca}, from, to);
  EXPECT_EQ(answer_of(world.judge()), "revoked");
  world.root_list = world.root.revoke({&world.tcb_signer}, from, to);
  EXPECT_EQ(answer_of(world.judge()), "revoked");
  EXPECT_EQ(answer_of(world.judge(world.quote, world.binary_collateral())), "revoked");
}

TEST(Dcap, FindsTheLevelThatThePlatformReached) {
  const auto status = [](const DcapTerms& terms) {
    const Verdict verdict = DcapWorld(terms).judge();
    return answer_of(verdict) + " " + status_of(verdict);
  };
  EXPECT_EQ(status({}), "accepted UpToDate");
  EXPECT_EQ(status({.pce_svn = 10}), "tcb OutOfDate");
  EXPECT_EQ(status({.tee_tcb_svn = {4, 0, 2}}), "tcb OutOfDate");
  EXPECT_EQ(status({.platform_svns = {1, 2, 2, 2}}), "tcb Revoked");
  EXPECT_EQ(status({.platform_svns = {2, 2, 2, 1}}), "tcb ");
  EXPECT_EQ(status({.tee_tcb_svn = {6, 1, 2}}), "accepted UpToDate");  // by the identity of the module
  EXPECT_EQ(status({.tee_tcb_svn = {4, 1, 2}}), "tcb OutOfDate");
  EXPECT_EQ(status({.qe_isv_svn = 2}), "tcb OutOfDate");
  const Verdict old = DcapWorld({.pce_svn = 10, .qe_isv_svn = 2}).judge({.allow_tcb = {"OutOfDate"}});
  EXPECT_EQ(answer_of(old), "accepted");
  EXPECT_EQ(*find_claim(old.claims, "advisories"),
            Claim(ClaimList{"INTEL-SA-00001", "INTEL-SA-00002", "INTEL-SA-00009"}));
  EXPECT_EQ(*find_claim(old.claims, "tcb_date")->text(), "2022-03-13T00:00:00.000Z");
}

TEST(Dcap, AdvisesARelaunchAfterAnUpdateOfTheModule) {
  const auto status = [](const DcapTerms& terms) { return status_of(DcapWorld(terms).judge()); };
  EXPECT_EQ(status(tdx15({4, 1, 2}, {6, 1, 2})), "TDRelaunchAdvised");
  EXPECT_EQ(status(tdx15({4, 0, 2}, {5, 0, 2})), "TDRelaunchAdvised");
  EXPECT_EQ(status(tdx15({4, 1, 2}, {4, 1, 2})), "OutOfDate");
  EXPECT_EQ(status(tdx15({6, 1, 2}, {4, 1, 2})), "UpToDate");
  EXPECT_EQ(status(tdx15({6, 1, 2}, {6, 7, 2})), "") << "a module that TCB info does not know";
  DcapTerms old_qe = tdx15({4, 1, 2}, {6, 1, 2});
  old_qe.qe_isv_svn = 2;
  EXPECT_EQ(status(old_qe), "OutOfDate");
  DcapTerms configured = tdx15({4, 1, 2}, {6, 1, 2});
  configured.tcb_info = make_tcb_info(IntelTee::kTdx, {{R"("tcbStatus":"UpToDate"},{"tcb":{"sgx)",
                                                        R"("tcbStatus":"ConfigurationNeeded"},{"tcb":{"sgx)"}});
  EXPECT_EQ(status(configured), "TDRelaunchAdvisedConfigurationNeeded");
}

TEST(Tcb, ConvergesStatuses) {
  using enum TcbStatus;
  const auto both = [](TcbStatus platform, TcbStatus part) {
    return converge({.status = platform, .date = {}, .advisories = {}}, {.status = part, .date = {}, .advisories = {}})
        .status;
  };
  EXPECT_EQ(both(kUpToDate, kUpToDate), kUpToDate);
  EXPECT_EQ(both(kSwHardeningNeeded, kUpToDate), kSwHardeningNeeded);
  EXPECT_EQ(both(kSwHardeningNeeded, kOutOfDate), kOutOfDate);
  EXPECT_EQ(both(kConfigurationNeeded, kOutOfDate), kOutOfDateConfigurationNeeded);
  EXPECT_EQ(both(kConfigurationAndSwHardeningNeeded, kOutOfDate), kOutOfDateConfigurationNeeded);
  EXPECT_EQ(both(kOutOfDateConfigurationNeeded, kOutOfDate), kOutOfDateConfigurationNeeded);
  EXPECT_EQ(both(kUpToDate, kConfigurationNeeded), kConfigurationNeeded);
  EXPECT_EQ(both(kSwHardeningNeeded, kConfigurationNeeded), kConfigurationAndSwHardeningNeeded);
  for (const TcbStatus each : {kUpToDate, kOutOfDate, kConfigurationNeeded, kRevoked}) {
    EXPECT_EQ(both(each, kRevoked), kRevoked);
    EXPECT_EQ(both(kRevoked, each), kRevoked);
    EXPECT_EQ(judge_relaunch(kRevoked, each), kRevoked);
  }
  EXPECT_EQ(judge_relaunch(kOutOfDateConfigurationNeeded, kUpToDate), kTdRelaunchAdvisedConfigurationNeeded);
  EXPECT_EQ(find_tcb_status("TDRelaunchAdvised"), std::nullopt) << "no status of collateral";
}

TEST(IntelCollateral, ReadsTheVeryBytesThatAreSigned) {
  const std::string body = R"( {"version" : 2,  "x":"é\u00e9" })";
  const std::string text = R"({ "signature":")" + std::string(128, 'a') + R"(", "tcbInfo":)" + body + " }";
  const auto read = parse_signed_json(text, "tcbInfo");
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->body, body.substr(1));
  EXPECT_FALSE(parse_signed_json(text, "enclaveIdentity"));
  EXPECT_FALSE(parse_signed_json(R"({"tcbInfo":{},"signature":"aa"})", "tcbInfo"));
  EXPECT_FALSE(parse_signed_json(R"({"tcbInfo":{},"signature":")" + std::string(128, 'a') + R"(","x":1})", "tcbInfo"));
}

TEST(IntelCollateral, ReadsTcbInfoOfVersion2) {
  std::string components;
  for (int i = 1; i <= 16; ++i) {
    components +=
        R"("sgxtcbcomp)" + std::string(i < 10 ? "0" : "") + std::to_string(i) + R"(svn":)" + std::to_string(i) + ",";
  }
  const auto info = parse_tcb_info(
      R"({"version":2,"issueDate":"2021-01-01T00:00:00Z","nextUpdate":"2021-02-01T00:00:00Z","fmspc":"00906EA10000",)"
      R"("pceId":"0000","tcbType":0,"tcbEvaluationDataNumber":5,"tcbLevels":[{"tcb":{)" +
      components + R"("pcesvn":7},"tcbDate":"2020-01-01T00:00:00Z","tcbStatus":"UpToDate"}]})");
  ASSERT_TRUE(info) << info.error().message();
  EXPECT_EQ(info->id, "SGX");
  EXPECT_EQ(info->levels.at(0).sgx_svns[15], 16);
  EXPECT_EQ(info->levels.at(0).pce_svn, 7);
}

}  // namespace
}  // namespace redoubt::attest
