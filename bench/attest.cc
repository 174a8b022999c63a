// What judging evidence costs, beside the signatures that it must check at least. Ours in bench/versus/attest_snp and
// bench/versus/attest_dcap; bench/attest_ratios runs it for every kind.
//
//   bench_attest figures --kind tdx --input quote=FILE --input collateral=FILE --at TIME --seconds 5
//   bench_attest repeat --kind tdx --input quote=FILE --input collateral=FILE --at TIME --what cold --count 20
//
// Without the role `root`, the vendors' own are trusted. `figures` prints one line: processor time of one judgement
// with a verifier that knows the chains (`warm_us`) and with a new one (`cold_us`), and of as many bare checks of
// signatures as each needs (`bare_warm_us`, `bare_cold_us`), with the hashes that a log replays by; all by turns, in
// slices, of which medians are taken.
// `repeat` does one of the four as often as it is told, for who counts instructions.
#include <malloc.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "attest/anchors.h"
#include "attest/hcl_report.h"
#include "attest/intel_quote.h"
#include "attest/sev_snp_report.h"
#include "attest/tpm_structures.h"
#include "attest/verifier.h"
#include "base/timestamp.h"
#include "bench/usage.h"
#include "crypto/der.h"
#include "crypto/x509.h"
#include "encoding/base64.h"
#include "encoding/cose.h"
#include "encoding/json_reader.h"

namespace {

constexpr int kKeptBytes = 256 * 1024 * 1024;

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
  Kind kind{};
  UnixMillis at;
  std::map<Role, Bytes> files;
  Policy policy;

  Trust trust() const { return files.contains(Role::kRoot) ? Trust::kNobody : Trust::kVendors; }
  ByteView file(Role role) const {
    const auto found = files.find(role);
    if (found == files.end()) stop("`" + std::string(to_string(role)) + "` is not given");
    return found->second;
  }
  void accept(Verifier& verifier) const {
    Evidence evidence{.kind = kind, .inputs = {}, .at = at, .nonce = {}};
    for (const auto& [role, bytes] : files) evidence.inputs.set(role, bytes);
    if (const Verdict verdict = verifier.verify(evidence, policy); !verdict.accepted()) {
      stop("the evidence is refused: " + to_json(verdict));
    }
  }
};

// A signature that a judgement cannot do without, verified by the same function as there with a key that was read
// before; and how many of its sort a judgement checks.
struct Signature {
  std::function<bool()> holds;
  int warm = 0;
  int cold = 0;
};
using Signatures = std::vector<Signature>;

ByteView take_value(std::optional<ByteView> value) {
  if (!value) stop("a certificate has another form");
  return *value;
}

constexpr std::uint8_t kBitString = 0x03;

// The signature of `certificate`, of RSA or on P-384, by whichever of `issuers` made it.
Signature signature_of(const crypto::Certificate& certificate, const std::vector<crypto::Certificate>& issuers,
                       int warm, int cold) {
  crypto::DerReader outer(certificate.der());
  crypto::DerReader members(take_value(outer.next(crypto::DerElement::kSequence)));
  const ByteView body = take_value(members.next(crypto::DerElement::kSequence));
  const ByteView signed_part(body.data() - 4, body.size() + 4);  // its tag, and a length of two bytes
  (void)members.next();
  const ByteView value = take_value(members.next(kBitString)).subspan(1);  // the count of unused bits stands first
  for (const crypto::Certificate& issuer : issuers) {
    // `certificate` owns the bytes, and a copy shares them.
    Signature out{[certificate, key = issuer.public_key(), signed_part, value] {
                    return key.type() == crypto::KeyType::kRsa
                               ? key.verify_rsa(crypto::RsaPadding::kPss, crypto::HashAlgorithm::kSha384, signed_part,
                                                value)
                               : key.verify_ecdsa_der(crypto::HashAlgorithm::kSha384, signed_part, value);
                  },
                  warm, cold};
    if (out.holds()) return out;
  }
  stop("no certificate at hand signed the first");
}

std::vector<crypto::Certificate> with_vendors(Kind kind, std::vector<crypto::Certificate> others) {
  const auto vendor = vendor_certificates(kind);
  others.insert(others.end(), vendor.begin(), vendor.end());
  return others;
}

// DER, or PEM and its first.
crypto::Certificate read_certificate(ByteView file) {
  if (as_chars(file).starts_with("-----")) return take(crypto::Certificate::from_pem(as_chars(file))).front();
  return take(crypto::Certificate::from_der(file));
}

// The report by the VEK, P-384; cold, the VEK by the ASK and that by the ARK, too: RSA of 4,096 bits.
Signatures signatures_of_snp(Kind kind, ByteView report, ByteView vek_file) {
  const auto vek = read_certificate(vek_file);
  const auto parsed = take(parse_snp_report(report));
  const Bytes signed_part = to_bytes(report.first(SnpReport::kSignedSize));
  const auto by_vek = [key = vek.public_key(), parsed, signed_part] {
    return key.verify_ecdsa(crypto::HashAlgorithm::kSha384, signed_part, parsed.signature_r, parsed.signature_s);
  };
  return {{by_vek, 1, 1}, signature_of(vek, with_vendors(kind, {}), 0, 2)};
}

// Quote and QE report, P-256; cold, PCK certificate and its CA, too. With collateral, TCB info and QE identity; cold,
// their signer and two lists, too.
Signatures signatures_of_dcap(ByteView file, bool has_collateral) {
  const auto quote = take(parse_intel_quote(file));
  const auto key = take(crypto::PublicKey::from_point(crypto::KeyType::kP256, quote.attestation_key.first(32),
                                                      quote.attestation_key.subspan(32)));
  const auto by_key = [key, quote] {
    return key.verify_ecdsa(crypto::HashAlgorithm::kSha256, quote.signed_part, quote.signature.first(32),
                            quote.signature.subspan(32));
  };
  return {{by_key, 2, has_collateral ? 9 : 4}};
}

// The document by its certificate, P-384; cold, the certificates up to the root's, too.
Signatures signatures_of_nitro(ByteView file) {
  constexpr auto kForm = encoding::CborForm::kStreamed;
  auto message = take(encoding::CoseSign1::read(file, {.form = kForm}));
  const auto payload = take(encoding::CborDocument::read(*message.payload(), kForm));
  const auto fields = payload.root().map();
  const auto leaf = read_certificate(take_value(fields.find("certificate").bytes()));
  const auto below_root = static_cast<int>(fields.find("cabundle").array().size());
  const Bytes signed_part = message.to_be_signed({}, *message.payload());
  const auto by_leaf = [key = leaf.public_key(), signed_part, value = to_bytes(message.signature())] {
    return key.verify_ecdsa(crypto::HashAlgorithm::kSha384, signed_part, ByteView(value).first(48),
                            ByteView(value).subspan(48));
  };
  return {{by_leaf, 1, 1 + below_root}};
}

// A report of a GPU or a manifest: its own signature, P-384; cold, those of its certificates, too, the root's excepted,
// which is nobody's to check. What is measured is the first certificate's.
Signatures signatures_of_nvidia(const std::vector<crypto::Certificate>& certificates) {
  if (certificates.empty()) stop("no certificates");
  return {signature_of(certificates.front(), with_vendors(Kind::kNvidiaGpu, certificates), 1,
                       static_cast<int>(certificates.size()))};
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

// What a crypto-agile event log (TCG PC Client Platform Firmware Profile §10.2) extends with SHA-256, in its order.
struct Extension {
  std::uint32_t pcr;
  crypto::Sha256Digest digest;
};
std::vector<Extension> read_extensions(ByteView log) {
  constexpr std::uint16_t kSha256 = 0x000b;
  const auto take_bytes = [&](std::size_t size) {
    if (log.size() < size) stop("the event log is cut off");
    const ByteView out = log.first(size);
    log = log.subspan(size);
    return out;
  };
  const auto take_u32 = [&] { return load_le<std::uint32_t>(take_bytes(4)); };
  take_bytes(4 + 4 + 20);
  ByteView banks = take_bytes(take_u32()).subspan(24);
  std::map<std::uint16_t, std::size_t> sizes;
  for (auto left = load_le<std::uint32_t>(banks); left > 0; --left) {
    banks = banks.subspan(4);
    sizes[load_le<std::uint16_t>(banks)] = load_le<std::uint16_t>(banks.subspan(2));
  }
  std::vector<Extension> out;
  while (!log.empty()) {
    Extension event{.pcr = take_u32(), .digest = {}};
    constexpr std::uint32_t kNoAction = 0x03;
    const bool extends = take_u32() != kNoAction;
    for (auto left = take_u32(); left > 0; --left) {
      const auto bank = load_le<std::uint16_t>(take_bytes(2));
      const ByteView digest = take_bytes(sizes.at(bank));
      if (bank == kSha256) std::ranges::copy(digest, event.digest.begin());
    }
    take_bytes(take_u32());
    if (extends) out.push_back(event);
  }
  return out;
}

// Not a signature, but cryptography that nobody who judges a log can do without: one hash for each event.
Signature replay_of(ByteView log, ByteView pcrs) {
  encoding::JsonReader reader({.max_bytes = 64 * 1024, .max_depth = 8});
  simdjson::dom::object quoted;
  if (take(reader.parse(as_chars(pcrs)))["pcrs"].get_object().get(quoted) != simdjson::SUCCESS) stop("no PCRs");
  const auto extensions = read_extensions(log);
  std::map<std::uint32_t, Bytes> expected;
  for (const Extension& each : extensions) {
    expected[each.pcr] = take(encoding::hex_decode(encoding::string_member(quoted, std::to_string(each.pcr))));
  }
  const auto replays = [extensions, expected] {
    std::array<crypto::Sha256Digest, 24> registers{};
    for (const Extension& each : extensions) {
      registers.at(each.pcr) = crypto::sha256({registers.at(each.pcr), each.digest});
    }
    return std::ranges::all_of(
        expected, [&](const auto& each) { return std::ranges::equal(registers.at(each.first), each.second); });
  };
  return {replays, 1, 1};
}

// The quote by a pinned key; and the replay of its log, if there is one.
Signatures signatures_of_tpm(const Question& question) {
  const auto ak = take(parse_tpm_public(question.file(Role::kAk)));
  const auto signature = take(parse_tpm_signature(question.file(Role::kSignature)));
  const auto by_ak = [ak, signature, attest = to_bytes(question.file(Role::kAttest))] {
    return verify_tpm_signature(ak.key, signature, attest);
  };
  Signatures out{{by_ak, 1, 1}};
  if (question.files.contains(Role::kEventLog)) {
    out.push_back(replay_of(question.file(Role::kEventLog), question.file(Role::kPcrs)));
  }
  return out;
}

// What the CPU signed, and the quote by the key that is vouched for.
Signatures signatures_of_azure(const Question& question) {
  const auto report = take(parse_hcl_report(question.file(Role::kHclReport)));
  Signatures out =
      report.type == HclReportType::kSnp
          ? signatures_of_snp(question.kind, report.hardware_report.first(SnpReport::kSize), question.file(Role::kVek))
          : signatures_of_dcap(question.file(Role::kTdQuote), false);
  encoding::JsonReader reader({.max_bytes = 1024 * 1024, .max_depth = 8});
  simdjson::dom::object quote;
  if (take(reader.parse(as_chars(question.file(Role::kTpmQuote)))).get_object().get(quote) != simdjson::SUCCESS) {
    stop("the vTPM's quote is no object");
  }
  const auto member = [&](const char* name) {
    return take(encoding::hex_decode(encoding::string_member(quote, name)));
  };
  out.push_back({[key = report.ak, message = member("message"), value = member("signature")] {
                   return key.verify_rsa(crypto::RsaPadding::kPkcs1, crypto::HashAlgorithm::kSha256, message, value);
                 },
                 1, 1});
  return out;
}

Signatures signatures_of(const Question& question) {
  switch (question.kind) {
    case Kind::kSevSnp:
      return signatures_of_snp(question.kind, question.file(Role::kReport), question.file(Role::kVek));
    case Kind::kTdx:
    case Kind::kSgx:
      return signatures_of_dcap(question.file(Role::kQuote), question.files.contains(Role::kCollateral));
    case Kind::kNitro:
      return signatures_of_nitro(question.file(Role::kDocument));
    case Kind::kTpm:
      return signatures_of_tpm(question);
    case Kind::kAzureVtpm:
      return signatures_of_azure(question);
    case Kind::kNvidiaGpu:
      break;
  }
  if (!question.files.contains(Role::kRim)) {
    return signatures_of_nvidia(take(crypto::Certificate::from_pem(as_chars(question.file(Role::kChain)))));
  }
  return signatures_of_nvidia(read_manifest_certificates(as_chars(question.file(Role::kRim))));
}

// Processor time of one call, in microseconds.
template <class Call>
double cost_of(double seconds, const Call& call) {
  const auto start = bench::SteadyClock::now();
  const double begin = bench::cpu_seconds();
  std::size_t count = 0;
  do {
    for (int i = 0; i < 4; ++i) call();
    count += 4;
  } while (bench::seconds_since(start) < seconds);
  return (bench::cpu_seconds() - begin) * 1e6 / static_cast<double>(count);
}

void must_hold(const Signature& signature) {
  if (!signature.holds()) stop("a signature does not hold");
}

// What is measured of one question.
class Subject {
 public:
  explicit Subject(Question question)
      : question_(std::move(question)), signatures_(signatures_of(question_)), known_(question_.trust()) {
    question_.accept(known_);
    for (const Signature& each : signatures_) must_hold(each);
  }

  void warm() { question_.accept(known_); }
  void cold() const {
    Verifier fresh(question_.trust());
    question_.accept(fresh);
  }
  void bare(int Signature::* count) const {
    for (const Signature& each : signatures_) {
      for (int i = 0; i < each.*count; ++i) must_hold(each);
    }
  }

 private:
  const Question question_;
  const Signatures signatures_;
  Verifier known_;
};

// In slices by turns, so that what else the machine does meets all alike.
void print_figures(Subject& subject, double seconds) {
  constexpr int kSlices = 11;
  struct Figure {
    const char* name;
    std::function<void()> call;
    std::vector<double> costs;
  };
  Figure figures[] = {{"warm_us", [&] { subject.warm(); }, {}},
                      {"cold_us", [&] { subject.cold(); }, {}},
                      {"bare_warm_us", [&] { subject.bare(&Signature::warm); }, {}},
                      {"bare_cold_us", [&] { subject.bare(&Signature::cold); }, {}}};
  std::vector<double> warm_ratios;
  std::vector<double> cold_ratios;
  for (int slice = 0; slice < kSlices; ++slice) {
    for (Figure& each : figures) each.costs.push_back(cost_of(seconds / kSlices, each.call));
    warm_ratios.push_back(figures[0].costs.back() / figures[2].costs.back());
    cold_ratios.push_back(figures[1].costs.back() / figures[3].costs.back());
  }
  for (Figure& each : figures) std::printf("%s=%.1f ", each.name, bench::percentile(each.costs, 0.5));
  std::printf("warm_over_bare=%.2f cold_over_bare=%.2f\n", bench::percentile(warm_ratios, 0.5),
              bench::percentile(cold_ratios, 0.5));
}

void repeat(Subject& subject, const std::string& what, int count) {
  for (int i = 0; i < count; ++i) {
    if (what == "warm") subject.warm();
    if (what == "cold") subject.cold();
    if (what == "bare-warm") subject.bare(&Signature::warm);
    if (what == "bare-cold") subject.bare(&Signature::cold);
  }
}

struct Line {
  std::string kind;
  std::vector<std::string> inputs;
  std::string at;
  std::string policy =
      R"({"allow_trailing_bytes": true,
          "allow_tcb": ["UpToDate", "ConfigurationAndSWHardeningNeeded", "TDRelaunchAdvised"]})";

  Question question() const {
    Question out;
    const auto known = find_kind(kind);
    const auto time = parse_timestamp(at);
    if (!known || !time) stop("`" + (known ? at : kind) + "` is no " + (known ? "time" : "kind of evidence"));
    out.kind = *known;
    out.at = *time;
    for (const std::string& each : inputs) {
      const auto equals = each.find('=');
      const auto role = find_role(each.substr(0, equals));
      if (!role || equals == std::string::npos) stop("`" + each + "` is no ROLE=FILE");
      out.files[*role] = read_file(each.substr(equals + 1));
    }
    out.policy = take(parse_policy(policy));
    return out;
  }
};

}  // namespace

int main(int argc, char** argv) {
  // What a verifier gives back stays with the process, as in one that goes on: a new one each time would otherwise take
  // it from the kernel again, at some 20 us for each piece.
  ::mallopt(M_TRIM_THRESHOLD, kKeptBytes);
  ::mallopt(M_MMAP_THRESHOLD, kKeptBytes);
  CLI::App app{"What judging evidence costs"};
  app.require_subcommand(1);
  Line line;
  double seconds = 1;
  std::string what;
  int count = 1;
  CLI::App* figures = app.add_subcommand("figures", "Processor time of a judgement, and of bare signatures");
  CLI::App* repetition = app.add_subcommand("repeat", "One of them, some times over");
  for (CLI::App* each : {figures, repetition}) {
    each->add_option("--kind", line.kind)->required();
    each->add_option("--input", line.inputs, "ROLE=FILE")->required();
    each->add_option("--at", line.at)->required();
    each->add_option("--policy", line.policy, "JSON");
  }
  figures->add_option("--seconds", seconds, "of each figure");
  repetition->add_option("--what", what)
      ->required()
      ->check(CLI::IsMember({"nothing", "warm", "cold", "bare-warm", "bare-cold"}));
  repetition->add_option("--count", count)->check(CLI::Range(1, 1'000'000));
  CLI11_PARSE(app, argc, argv);
  Subject subject(line.question());
  if (*figures) {
    print_figures(subject, seconds);
  } else {
    repeat(subject, what, count);
  }
  return 0;
}
