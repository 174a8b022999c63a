#include "attest/intel_quote.h"

#include <algorithm>

namespace redoubt::attest {

namespace {

constexpr std::size_t kHeaderSize = 48;
constexpr std::uint16_t kEcdsaP256 = 2;
// 939A7233-F79C-4CA9-940A-0DB3957F0607.
constexpr std::array<std::uint8_t, 16> kIntelQeVendor{0x93, 0x9a, 0x72, 0x33, 0xf7, 0x9c, 0x4c, 0xa9,
                                                      0x94, 0x0a, 0x0d, 0xb3, 0x95, 0x7f, 0x06, 0x07};
// Types of a version 5 body.
constexpr std::uint16_t kBodySgx = 1;
constexpr std::uint16_t kBodyTd10 = 2;
constexpr std::uint16_t kBodyTd15 = 3;
// Types of certification data.
constexpr std::uint16_t kPckCertificateChain = 5;
constexpr std::uint16_t kQeReportCertificationData = 6;

// Takes parts from the front; once one is not there, all that follow are empty and good() is false.
class Reader {
 public:
  explicit Reader(ByteView bytes) : rest_(bytes) {}

  bool good() const { return good_; }
  bool at_end() const { return good_ && rest_.empty(); }

  ByteView take(std::size_t size) {
    if (!good_ || size > rest_.size()) {
      good_ = false;
      return {};
    }
    const ByteView out = rest_.first(size);
    rest_ = rest_.subspan(size);
    return out;
  }
  template <class T>
  T number() {
    const ByteView bytes = take(sizeof(T));
    return good_ ? load_le<T>(bytes) : T{0};
  }
  template <std::size_t N>
  void copy(std::array<std::byte, N>& out) {
    std::ranges::copy(take(N), out.begin());
  }

 private:
  ByteView rest_;
  bool good_ = true;
};

Error malformed(const char* what) {
  return {Errc::kMalformed, what};
}

// Precondition: `bytes` has SgxReport::kSize.
SgxReport read_sgx_report(ByteView bytes) {
  Reader in(bytes);
  SgxReport out;
  in.copy(out.cpu_svn);
  in.copy(out.misc_select);
  in.take(12);
  in.copy(out.isv_ext_prod_id);
  in.copy(out.attributes);
  in.copy(out.mr_enclave);
  in.take(32);
  in.copy(out.mr_signer);
  in.take(32);
  in.copy(out.config_id);
  out.isv_prod_id = in.number<std::uint16_t>();
  out.isv_svn = in.number<std::uint16_t>();
  out.config_svn = in.number<std::uint16_t>();
  in.take(42);
  in.copy(out.isv_family_id);
  in.copy(out.report_data);
  return out;
}

// Precondition: `bytes` has TdReport::kSize10 or kSize15.
TdReport read_td_report(ByteView bytes) {
  Reader in(bytes);
  TdReport out;
  in.copy(out.tee_tcb_svn);
  in.copy(out.mr_seam);
  in.copy(out.mr_signer_seam);
  in.copy(out.seam_attributes);
  in.copy(out.td_attributes);
  in.copy(out.xfam);
  in.copy(out.mr_td);
  in.copy(out.mr_config_id);
  in.copy(out.mr_owner);
  in.copy(out.mr_owner_config);
  for (auto& rtmr : out.rtmrs) in.copy(rtmr);
  in.copy(out.report_data);
  if (!in.at_end()) {
    in.copy(out.tee_tcb_svn2.emplace());
    in.copy(out.mr_service_td.emplace());
  }
  return out;
}

Result<> read_body(Reader& in, IntelQuote& quote) {
  std::size_t size = quote.tee == IntelTee::kSgx ? SgxReport::kSize : TdReport::kSize10;
  if (quote.version >= 5) {
    const auto type = in.number<std::uint16_t>();
    const auto stated = in.number<std::uint32_t>();
    if (quote.tee == IntelTee::kSgx ? type != kBodySgx : type != kBodyTd10 && type != kBodyTd15) {
      return malformed("the type of the quote's body is not one of its TEE");
    }
    if (type == kBodyTd15) size = TdReport::kSize15;
    if (stated != size) return malformed("the size of the quote's body is not that of its type");
  }
  const ByteView body = in.take(size);
  if (!in.good()) return malformed("the quote ends within its report");
  if (quote.tee == IntelTee::kSgx) {
    quote.report = read_sgx_report(body);
    return {};
  }
  const TdReport report = read_td_report(body);
  constexpr std::uint64_t kKnown = TdReport::kUnderDebug | TdReport::kIcssd | TdReport::kLass |
                                   TdReport::kSeptVeDisable | TdReport::kMigratable | TdReport::kPks |
                                   TdReport::kKeyLocker | TdReport::kTpa | TdReport::kPerfmon;
  if ((report.attributes() & ~kKnown) != 0) return malformed("reserved attributes of the trust domain are set");
  quote.report = report;
  return {};
}

// The report of the quoting enclave, its signature, and what was certified: the inside of certification data of type 6,
// and in version 3 the same bytes without that frame.
void read_qe(Reader& in, IntelQuote& quote, std::uint16_t& type) {
  quote.qe_report_bytes = in.take(SgxReport::kSize);
  quote.qe_signature = in.take(64);
  quote.qe_auth_data = in.take(in.number<std::uint16_t>());
  type = in.number<std::uint16_t>();
  quote.pck_chain = as_chars(in.take(in.number<std::uint32_t>()));
}

Result<> read_signature_data(ByteView data, IntelQuote& quote) {
  Reader in(data);
  quote.signature = in.take(64);
  quote.attestation_key = in.take(64);
  std::uint16_t type = 0;
  if (quote.version == 3) {
    read_qe(in, quote, type);
  } else {
    const auto outer = in.number<std::uint16_t>();
    Reader inner(in.take(in.number<std::uint32_t>()));
    if (outer != kQeReportCertificationData) return malformed("the certification data is not that of a QE report");
    read_qe(inner, quote, type);
    if (!inner.at_end()) return malformed("the certification data does not have the size that it states");
  }
  if (!in.at_end()) return malformed("the signature data does not have the size that it states");
  if (type != kPckCertificateChain) {
    // Types 1 to 3 name the platform (PPID), 4 is a certificate alone: for either the chain would have to be fetched.
    return Error(Errc::kMalformed, "the certification data is of type " + std::to_string(type) +
                                       ", not 5: the quote carries no chain of PCK certificates");
  }
  quote.qe_report = read_sgx_report(quote.qe_report_bytes);
  return {};
}

}  // namespace

std::string_view to_string(IntelTee tee) {
  return tee == IntelTee::kSgx ? "SGX" : "TDX";
}

Result<IntelQuote> parse_intel_quote(ByteView bytes) {
  Reader in(bytes);
  Reader header(in.take(kHeaderSize));
  if (!in.good()) return malformed("the quote ends within its header");
  IntelQuote out;
  out.version = header.number<std::uint16_t>();
  if (out.version < 3 || out.version > 5) return malformed("the version of a quote is 3, 4 or 5");
  if (header.number<std::uint16_t>() != kEcdsaP256) return malformed("the attestation key is not ECDSA over P-256");
  const auto tee = header.number<std::uint32_t>();  // reserved, and so zero, in version 3
  out.tee = static_cast<IntelTee>(tee);
  if (out.tee != IntelTee::kSgx && (out.tee != IntelTee::kTdx || out.version == 3)) {
    return malformed("the TEE type is not SGX, nor TDX in a version that has it");
  }
  header.take(4);  // the SVNs of QE and PCE: the QE's report and the PCK certificate say the same, with more behind it
  if (!std::ranges::equal(header.take(16), std::as_bytes(std::span(kIntelQeVendor)))) {
    return malformed("the quoting enclave is not of Intel");
  }
  header.copy(out.user_data);
  if (auto read = read_body(in, out); !read) return read.error();
  const std::size_t signed_size = kHeaderSize + (out.version >= 5 ? 6 : 0) +
                                  (out.tee == IntelTee::kSgx                     ? SgxReport::kSize
                                   : std::get<TdReport>(out.report).tee_tcb_svn2 ? TdReport::kSize15
                                                                                 : TdReport::kSize10);
  out.signed_part = bytes.first(signed_size);
  const auto size = in.number<std::uint32_t>();
  const ByteView data = in.take(size);
  if (!in.good()) return malformed("the quote ends within its signature data");
  out.size = signed_size + 4 + size;
  if (auto read = read_signature_data(data, out); !read) return read.error();
  return out;
}

}  // namespace redoubt::attest
