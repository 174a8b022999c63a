// What judging evidence costs, beside the signatures that it must check at least. Ours in bench/versus/attest_snp and
// bench/versus/attest_dcap.
//
//   bench_attest figures --kind tdx --evidence QUOTE --endorsements COLLATERAL --root ROOT --at TIME --seconds 5
//   bench_attest judge --kind tdx --root ROOT --at TIME < LINES
//
// Without a root, the vendors' own are trusted. Of `nvidia-gpu` the evidence is a reference manifest, and there are no
// endorsements. `figures` prints one line: processor time of one judgement with a verifier that knows the chains
// (`warm_us`) and with a new one (`cold_us`), and of as many bare checks of a signature as each needs (`bare_warm_us`,
// `bare_cold_us`). `judge` answers `accept` or `refuse REASON` for each line of input: evidence and endorsements in
// hexadecimal.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "attest/anchors.h"
#include "attest/intel_quote.h"
#include "attest/sev_snp_report.h"
#include "attest/verifier.h"
#include "base/timestamp.h"
#include "bench/usage.h"
#include "crypto/der.h"
#include "crypto/x509.h"
#include "encoding/base64.h"

namespace {

using namespace redoubt;
using namespace redoubt::attest;
using bench::stop;
using bench::take;

Bytes read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) stop("cannot read `" + path + "`");
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  return to_bytes(as_bytes(text));
}

struct Question {
  std::string kind;
  std::string root_file;
  std::string at;
  Bytes root;

  Trust trust() const { return root.empty() ? Trust::kVendors : Trust::kNobody; }

  Verdict ask(Verifier& verifier, ByteView evidence_file, ByteView endorsements) const {
    Evidence evidence{.kind = *find_kind(kind), .inputs = {}, .at = *parse_timestamp(at), .nonce = {}};
    switch (evidence.kind) {
      case Kind::kNvidiaGpu:
        evidence.inputs.set(Role::kRim, evidence_file);
        break;
      case Kind::kSevSnp:
        evidence.inputs.set(Role::kReport, evidence_file);
        evidence.inputs.set(Role::kVek, endorsements);
        break;
      default:
        evidence.inputs.set(Role::kQuote, evidence_file);
        evidence.inputs.set(Role::kCollateral, endorsements);
    }
    if (!root.empty()) evidence.inputs.set(Role::kRoot, root);
    Policy policy;
    policy.allow_trailing_bytes = true;
    policy.allow_tcb = {"UpToDate", "ConfigurationAndSWHardeningNeeded", "TDRelaunchAdvised"};
    return verifier.verify(evidence, policy);
  }
};

// Processor time of one call, in microseconds.
template <class Call>
double cost_of(double seconds, const Call& call) {
  const auto start = bench::SteadyClock::now();
  const double begin = bench::cpu_seconds();
  std::size_t count = 0;
  while (bench::seconds_since(start) < seconds) {
    for (int i = 0; i < 8; ++i) call();
    count += 8;
  }
  return (bench::cpu_seconds() - begin) * 1e6 / static_cast<double>(count);
}

void must(bool good) {
  if (!good) stop("a signature does not hold");
}

constexpr std::uint8_t kBitString = 0x03;

ByteView take_value(std::optional<ByteView> value) {
  if (!value) stop("a certificate has another form");
  return *value;
}

// What a judgement cannot do without: as many signatures as it must check, each verified by the same function as there,
// with a key that was read before.
struct Bare {
  double warm = 0;
  double cold = 0;
};

// The report by the VEK; cold, the VEK by the ASK and that by the ARK, too: RSA of 4,096 bits.
Bare bare_snp(const Question& question, ByteView report, ByteView vek_file, double seconds) {
  const auto vek = take(crypto::Certificate::from_der(vek_file));
  const auto parsed = take(parse_snp_report(report));
  const auto vendor = vendor_certificates(Kind::kSevSnp);
  const auto roots = question.root.empty() ? std::vector(vendor.begin(), vendor.end())
                                           : take(crypto::Certificate::from_pem(as_chars(question.root)));
  const double report_cost = cost_of(seconds, [&] {
    must(vek.public_key().verify_ecdsa(crypto::HashAlgorithm::kSha384, report.first(SnpReport::kSignedSize),
                                       parsed.signature_r, parsed.signature_s));
  });
  // Of a certificate: what is signed stands first, with a length of two bytes; the signature is last.
  const ByteView whole = vek.der();
  const ByteView body = whole.subspan(4, 4 + load_be<std::uint16_t>(whole.subspan(6)));
  double chain_cost = 0;
  for (const crypto::Certificate& each : roots) {
    if (!each.public_key().verify_rsa(crypto::RsaPadding::kPss, crypto::HashAlgorithm::kSha384, body,
                                      whole.last(512))) {
      continue;
    }
    chain_cost = cost_of(seconds, [&] {
      must(each.public_key().verify_rsa(crypto::RsaPadding::kPss, crypto::HashAlgorithm::kSha384, body,
                                        whole.last(512)));
    });
  }
  return {report_cost, report_cost + 2 * chain_cost};
}

// Quote, QE report, TCB info and QE identity; cold, PCK certificate, its CA, the signer of TCB data and two lists, too.
Bare bare_dcap(ByteView file, double seconds) {
  const auto quote = take(parse_intel_quote(file));
  const auto key = take(crypto::PublicKey::from_point(crypto::KeyType::kP256, quote.attestation_key.first(32),
                                                      quote.attestation_key.subspan(32)));
  const double one = cost_of(seconds, [&] {
    must(key.verify_ecdsa(crypto::HashAlgorithm::kSha256, quote.signed_part, quote.signature.first(32),
                          quote.signature.subspan(32)));
  });
  return {4 * one, 9 * one};
}

// The certificates of a manifest, in its order.
std::vector<crypto::Certificate> read_manifest_certificates(std::string_view text) {
  constexpr std::string_view kBegin = "<ds:X509Certificate>";
  std::vector<crypto::Certificate> out;
  for (auto at = text.find(kBegin); at != std::string_view::npos; at = text.find(kBegin, at + 1)) {
    const auto begin = at + kBegin.size();
    std::string base64(text.substr(begin, text.find('<', begin) - begin));
    std::erase_if(base64, [](char c) { return c <= ' '; });
    out.push_back(take(crypto::Certificate::from_der(take(encoding::base64_decode(base64)))));
  }
  return out;
}

// Of a manifest: its own signature; cold, those of its certificates, too, the root's excepted, which is nobody's to
// check. All are of the same kind: what is measured is the first certificate's, by whichever of the others signed it.
Bare bare_rim(ByteView manifest, double seconds) {
  const auto certificates = read_manifest_certificates(as_chars(manifest));
  if (certificates.empty()) stop("no certificates in the manifest");
  crypto::DerReader outer(certificates.front().der());
  crypto::DerReader members(take_value(outer.next(crypto::DerElement::kSequence)));
  const ByteView body = take_value(members.next(crypto::DerElement::kSequence));
  const ByteView signed_part(body.data() - 4, body.size() + 4);  // its tag, and a length of two bytes
  (void)members.next();
  const ByteView signature = take_value(members.next(kBitString)).subspan(1);  // the count of unused bits stands first
  for (const crypto::Certificate& each : certificates) {
    const auto check = [&] {
      return each.public_key().verify_ecdsa_der(crypto::HashAlgorithm::kSha384, signed_part, signature);
    };
    if (!check()) continue;
    const double one = cost_of(seconds, [&] { must(check()); });
    return {one, one * static_cast<double>(certificates.size())};
  }
  stop("no certificate of the manifest signed its first");
}

Bare bare_of(const Question& question, ByteView evidence, ByteView endorsements, double seconds) {
  if (question.kind == "sev-snp") return bare_snp(question, evidence, endorsements, seconds);
  if (question.kind == "nvidia-gpu") return bare_rim(evidence, seconds);
  return bare_dcap(evidence, seconds);
}

void print_figures(const Question& question, const Bytes& evidence, const Bytes& endorsements, double seconds) {
  const auto check = [&](Verifier& verifier) {
    if (const Verdict verdict = question.ask(verifier, evidence, endorsements); !verdict.accepted()) {
      stop("the evidence is refused: " + to_json(verdict));
    }
  };
  Verifier known(question.trust());
  check(known);
  const double warm = cost_of(seconds, [&] { check(known); });
  const double cold = cost_of(seconds, [&] {
    Verifier fresh(question.trust());
    check(fresh);
  });
  const Bare bare = bare_of(question, evidence, endorsements, seconds);
  std::printf("warm_us=%.1f cold_us=%.1f bare_warm_us=%.1f bare_cold_us=%.1f warm_over_bare=%.2f cold_over_bare=%.2f\n",
              warm, cold, bare.warm, bare.cold, warm / bare.warm, cold / bare.cold);
}

void answer_lines(const Question& question) {
  Verifier verifier(question.trust());
  std::string evidence;
  std::string endorsements;
  while (std::cin >> evidence >> endorsements) {
    const Verdict verdict =
        question.ask(verifier, take(encoding::hex_decode(evidence)), take(encoding::hex_decode(endorsements)));
    const auto reason = verdict.reason();
    std::printf("%s\n", reason ? ("refuse " + std::string(to_string(*reason))).c_str() : "accept");
  }
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"What judging evidence costs"};
  app.require_subcommand(1);
  Question question;
  std::string evidence;
  std::string endorsements;
  double seconds = 1;
  CLI::App* figures = app.add_subcommand("figures", "Processor time of a judgement, and of bare signatures");
  CLI::App* judge = app.add_subcommand("judge", "Answers for lines of evidence");
  for (CLI::App* each : {figures, judge}) {
    each->add_option("--kind", question.kind)
        ->required()
        ->check(CLI::IsMember({"sev-snp", "tdx", "sgx", "nvidia-gpu"}));
    each->add_option("--root", question.root_file);
    each->add_option("--at", question.at)->required();
  }
  figures->add_option("--evidence", evidence)->required();
  figures->add_option("--endorsements", endorsements);
  figures->add_option("--seconds", seconds, "of each figure");
  CLI11_PARSE(app, argc, argv);
  if (!parse_timestamp(question.at)) stop("`" + question.at + "` is no time");
  if (!question.root_file.empty()) question.root = read_file(question.root_file);
  if (*judge) {
    answer_lines(question);
  } else {
    print_figures(question, read_file(evidence), endorsements.empty() ? Bytes() : read_file(endorsements), seconds);
  }
  return 0;
}
