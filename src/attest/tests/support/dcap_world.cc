#include "attest/tests/support/dcap_world.h"

#include <algorithm>

#include "attest/tests/support/snp_world.h"
#include "base/check.h"
#include "crypto/der.h"
#include "crypto/digest.h"
#include "encoding/base64.h"
#include "encoding/json_writer.h"

namespace redoubt::attest {

namespace {

using crypto::DerElement;
using crypto::TestAuthority;
using crypto::TestTerms;

const UnixMillis kFrom{DcapWorld::kNow.value - 1000};
const UnixMillis kTo{DcapWorld::kNow.value + 1000};

Bytes operator+(Bytes a, ByteView b) {
  append(a, b);
  return a;
}

template <class T>
Bytes number(T value) {
  Bytes out(sizeof(T));
  store_le<T>(out, value);
  return out;
}

// {number, value} of the SGX extensions: `arcs` are the last ones.
Bytes member(std::initializer_list<std::uint8_t> arcs, ByteView value) {
  Bytes oid;
  for (const std::uint8_t each : {0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 0x01, 0x0d, 0x01}) oid.push_back(std::byte{each});
  for (const std::uint8_t each : arcs) oid.push_back(std::byte{each});
  return der(DerElement::kSequence, der(DerElement::kObjectIdentifier, oid) + value);
}

Bytes octets(std::size_t size, std::uint8_t fill) {
  return der(DerElement::kOctetString, Bytes(size, std::byte{fill}));
}

Bytes sgx_extensions(const DcapTerms& terms) {
  Bytes tcb;
  for (std::uint8_t i = 0; i < 16; ++i) {
    append(tcb, member({2, static_cast<std::uint8_t>(i + 1)}, der_number(terms.platform_svns[i])));
  }
  append(tcb, member({2, 17}, der_number(terms.pce_svn)));
  append(tcb, member({2, 18}, octets(16, 7)));
  const Bytes yes{std::byte{0xff}};
  const Bytes no{std::byte{0}};
  const Bytes configuration = member({7, 1}, der(DerElement::kBoolean, yes)) +
                              member({7, 2}, der(DerElement::kBoolean, no)) +
                              member({7, 3}, der(DerElement::kBoolean, yes));
  const Bytes type{std::byte{1}};
  return der(DerElement::kSequence, member({1}, octets(16, 1)) + member({2}, der(DerElement::kSequence, tcb)) +
                                        member({3}, octets(2, 0)) + member({4}, octets(6, 0xb0)) +
                                        member({5}, der(DerElement::kEnumerated, type)) + member({6}, octets(16, 2)) +
                                        member({7}, der(DerElement::kSequence, configuration)));
}

TestTerms pck_terms(const DcapTerms& terms) {
  TestTerms out{.is_authority = false, .extensions = {{"1.2.840.113741.1.13.1", sgx_extensions(terms)}}};
  terms.change_pck(out);
  return out;
}

Bytes sgx_report(std::uint8_t prod_id, std::uint16_t isv_svn, ByteView report_data) {
  Bytes out(SgxReport::kSize);
  const MutableByteView bytes = out;
  bytes[48] = std::byte{0x05};  // INIT and MODE64
  std::ranges::fill(bytes.subspan(64, 32), std::byte{0x33});
  std::ranges::fill(bytes.subspan(128, 32), std::byte{0x44});
  bytes[256] = std::byte{prod_id};
  store_le<std::uint16_t>(bytes.subspan(258), isv_svn);
  std::ranges::copy(report_data, bytes.subspan(320).begin());
  return out;
}

Bytes td_report(const DcapTerms& terms) {
  Bytes out(terms.tdx15 ? TdReport::kSize15 : TdReport::kSize10);
  const MutableByteView bytes = out;
  const auto svns = [&](std::size_t at, const SvnArray& from) {
    std::ranges::transform(from, bytes.subspan(at).begin(), [](std::uint8_t each) { return std::byte{each}; });
  };
  svns(0, terms.tee_tcb_svn);
  store_le<std::uint64_t>(bytes.subspan(120), TdReport::kSeptVeDisable);
  std::ranges::fill(bytes.subspan(136, 48), std::byte{0x55});
  std::ranges::fill(bytes.subspan(520, 64), std::byte{0x66});
  if (terms.tdx15) svns(584, terms.tee_tcb_svn2);
  return out;
}

Bytes signed_part(const DcapTerms& terms) {
  Bytes out = number(terms.version) + number<std::uint16_t>(2) +
              number(terms.version == 3 ? 0U : static_cast<std::uint32_t>(terms.tee)) + Bytes(4) +
              *encoding::hex_decode("939a7233f79c4ca9940a0db3957f0607") + Bytes(20);
  const Bytes body = terms.tee == IntelTee::kTdx ? td_report(terms) : sgx_report(9, 1, Bytes(64, std::byte{0x66}));
  if (terms.version >= 5) {
    const std::uint16_t type = terms.tee == IntelTee::kSgx ? 1 : terms.tdx15 ? 3 : 2;
    out = out + number(type) + number(static_cast<std::uint32_t>(body.size()));
  }
  out = out + body;
  terms.change_signed(out);
  return out;
}

std::string replaced(std::string text, const Changes& changes) {
  for (const auto& [from, to] : changes) {
    const auto at = text.find(from);
    REDOUBT_CHECK(at != std::string::npos);
    text.replace(at, from.size(), to);
  }
  return text;
}

std::string level(const std::string& first, const std::string& pce, const std::string& module,
                  const std::string& status) {
  std::string sgx = R"({"svn":)" + first + R"(},{"svn":2},{"svn":2},{"svn":2})";
  std::string tdx = R"({"svn":)" + module + R"(},{"svn":0},{"svn":2},{"svn":0})";
  for (int i = 0; i < 12; ++i) {
    sgx += R"(,{"svn":0})";
    tdx += R"(,{"svn":0})";
  }
  return R"({"tcb":{"sgxtcbcomponents":[)" + sgx + R"(],"pcesvn":)" + pce + R"(,"tdxtcbcomponents":[)" + tdx +
         R"(]},"tcbDate":"2024-03-13T00:00:00Z",)" + status + "}";
}

}  // namespace

std::string make_tcb_info(IntelTee tee, const Changes& changes) {
  const std::string module = R"("mrsigner":")" + std::string(96, '0') +
                             R"(","attributes":"0000000000000000","attributesMask":"FFFFFFFFFFFFFFFF")";
  const std::string dates = R"("issueDate":"2025-06-01T00:00:00Z","nextUpdate":"2025-07-01T00:00:00Z",)";
  std::string text = R"({"id":")" + std::string(to_string(tee)) + R"(","version":3,)" + dates +
                     R"("fmspc":"B0B0B0B0B0B0","pceId":"0000","tcbType":0,"tcbEvaluationDataNumber":17,)";
  if (tee == IntelTee::kTdx) {
    text += R"("tdxModule":{)" + module + R"(},"tdxModuleIdentities":[{"id":"TDX_01",)" + module +
            R"(,"tcbLevels":[{"tcb":{"isvsvn":6},"tcbDate":"2024-03-13T00:00:00Z","tcbStatus":"UpToDate"},)"
            R"({"tcb":{"isvsvn":4},"tcbDate":"2023-08-09T00:00:00Z","tcbStatus":"OutOfDate",)"
            R"("advisoryIDs":["INTEL-SA-00004"]}]}],)";
  }
  text += R"("tcbLevels":[)" + level("2", "11", "5", R"("tcbStatus":"UpToDate")") + "," +
          level("2", "5", "4", R"("tcbStatus":"OutOfDate","advisoryIDs":["INTEL-SA-00001","INTEL-SA-00002"])") + "," +
          level("1", "5", "1", R"("tcbStatus":"Revoked","advisoryIDs":["INTEL-SA-00003"])") + "]}";
  return replaced(std::move(text), changes);
}

std::string make_qe_identity(IntelTee tee, const Changes& changes) {
  std::string signer;
  for (int i = 0; i < 32; ++i) signer += "44";
  const std::string text =
      R"({"id":")" + std::string(tee == IntelTee::kTdx ? "TD_QE" : "QE") +
      R"(","version":2,"issueDate":"2025-06-01T00:00:00Z","nextUpdate":"2025-07-01T00:00:00Z",)"
      R"("tcbEvaluationDataNumber":17,"miscselect":"00000000","miscselectMask":"FFFFFFFF",)"
      R"("attributes":"01000000000000000000000000000000","attributesMask":"FBFFFFFFFFFFFFFF0000000000000000",)"
      R"("mrsigner":")" +
      signer +
      R"(","isvprodid":2,"tcbLevels":[)"
      R"({"tcb":{"isvsvn":4},"tcbDate":"2024-03-13T00:00:00Z","tcbStatus":"UpToDate"},)"
      R"({"tcb":{"isvsvn":2},"tcbDate":"2022-03-13T00:00:00Z","tcbStatus":"OutOfDate",)"
      R"("advisoryIDs":["INTEL-SA-00001","INTEL-SA-00009"]}]})";
  return replaced(text, changes);
}

DcapWorld::DcapWorld(const DcapTerms& terms)
    : tee(terms.tee),
      root("Intel SGX Root CA"),
      ca(terms.ca_name, root),
      tcb_signer(terms.tcb_signer_name, root, {.is_authority = false}),
      pck(terms.pck_name, ca, pck_terms(terms)),
      root_list(root.revoke({}, kFrom, kTo)),
      pck_list(ca.revoke({}, kFrom, kTo)),
      tcb_info(terms.tcb_info.empty() ? make_tcb_info(terms.tee) : terms.tcb_info),
      qe_identity(terms.qe_identity.empty() ? make_qe_identity(terms.tee) : terms.qe_identity) {
  using crypto::HashAlgorithm;
  const TestAuthority key("attestation key");
  const Bytes spki = key.public_key().spki();
  const ByteView point = ByteView(spki).last(64);
  const Bytes auth_data(32, std::byte{0x77});
  Bytes qe_data(64);
  std::ranges::copy(crypto::digest(HashAlgorithm::kSha256, {point, auth_data}).view(), qe_data.begin());
  Bytes qe_report = sgx_report(2, terms.qe_isv_svn, qe_data);
  terms.change_qe_report(qe_report);
  const std::string chain = pck.pem() + ca.pem() + root.pem();
  const Bytes certification = qe_report + raw_signature(pck.sign(HashAlgorithm::kSha256, qe_report), 32) +
                              number<std::uint16_t>(32) + auth_data + number(terms.certification_type) +
                              number(static_cast<std::uint32_t>(chain.size())) + as_bytes(chain);
  quote = signed_part(terms);
  Bytes data = raw_signature(key.sign(HashAlgorithm::kSha256, quote), 32) + point;
  if (terms.version >= 4) {
    data = data + number<std::uint16_t>(6) + number(static_cast<std::uint32_t>(certification.size()));
  }
  data = data + certification;
  quote = quote + number(static_cast<std::uint32_t>(data.size())) + data;
}

std::string DcapWorld::signature_of(const std::string& body) const {
  return encoding::hex(raw_signature(tcb_signer.sign(crypto::HashAlgorithm::kSha256, as_bytes(body)), 32));
}

std::string DcapWorld::signed_json(const std::string& member, const std::string& body) const {
  return R"({")" + member + R"(":)" + body + R"(,"signature":")" + signature_of(body) + R"("})";
}

std::string DcapWorld::collateral() const {
  std::string text;
  encoding::JsonWriter out(text);
  out.begin_object();
  out.member("pck_crl_issuer_chain", ca.pem() + root.pem());
  out.member("root_ca_crl", encoding::hex(root_list));
  out.member("pck_crl", encoding::hex(pck_list));
  out.member("tcb_info_issuer_chain", tcb_signer.pem() + root.pem());
  out.member("tcb_info", tcb_info);
  out.member("tcb_info_signature", signature_of(tcb_info));
  out.member("qe_identity_issuer_chain", tcb_signer.pem() + root.pem());
  out.member("qe_identity", qe_identity);
  out.member("qe_identity_signature", signature_of(qe_identity));
  out.end_object();
  return text;
}

Bytes DcapWorld::binary_collateral() const {
  const std::string signer = tcb_signer.pem() + root.pem();
  const std::vector<std::string> items{ca.pem() + root.pem(),
                                       encoding::hex(root_list),
                                       encoding::hex(pck_list),
                                       signer,
                                       signed_json("tcbInfo", tcb_info),
                                       signer,
                                       signed_json("enclaveIdentity", qe_identity)};
  Bytes header = number<std::uint32_t>(3) + number(static_cast<std::uint32_t>(tee));
  Bytes content;
  for (const std::string& each : items) {
    header = header + number<std::uint64_t>(0x7f00) + number<std::uint64_t>(each.size() + 1);
    content = content + as_bytes(each) + Bytes(1);
  }
  return header + content;
}

Verdict DcapWorld::judge(ByteView of_quote, ByteView of_collateral, const Policy& policy) const {
  Verifier verifier(Trust::kNobody);
  return judge_by(verifier, of_quote, of_collateral, policy);
}

Verdict DcapWorld::judge_by(Verifier& verifier, ByteView of_quote, ByteView of_collateral, const Policy& policy,
                            UnixMillis at) const {
  const std::string roots = root.pem();
  Evidence evidence{.kind = tee == IntelTee::kTdx ? Kind::kTdx : Kind::kSgx, .inputs = {}, .at = at, .nonce = {}};
  evidence.inputs.set(Role::kQuote, of_quote);
  evidence.inputs.set(Role::kRoot, as_bytes(roots));
  if (!of_collateral.empty()) evidence.inputs.set(Role::kCollateral, of_collateral);
  return verifier.verify(evidence, policy);
}

}  // namespace redoubt::attest
