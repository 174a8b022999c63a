#include "attest/internal/tpm_evidence.h"

#include <charconv>

#include "attest/internal/json_text.h"
#include "encoding/base64.h"

namespace redoubt::attest {

namespace {

using simdjson::dom::element;

constexpr std::size_t kMaxPcrsBytes = 64 * 1024;

Error malformed(std::string message) {
  return {Errc::kMalformed, std::move(message)};
}

std::optional<crypto::HashAlgorithm> find_bank(std::string_view name) {
  for (const auto each : {crypto::HashAlgorithm::kSha1, crypto::HashAlgorithm::kSha256, crypto::HashAlgorithm::kSha384,
                          crypto::HashAlgorithm::kSha512}) {
    if (to_string(each) == name) return each;
  }
  return std::nullopt;
}

// Calls `read` for each member that it takes, and keeps the first error.
class FirstError {
 public:
  template <class T>
  T take(Result<T> result) {
    if (result) return *std::move(result);
    if (!error_) error_ = result.error();
    return T{};
  }
  void take(const Result<>& result) {
    if (!result && !error_) error_ = result.error();
  }
  const std::optional<Error>& error() const { return error_; }

 private:
  std::optional<Error> error_;
};

// Confidential Containers' trustee.
Result<TpmEvidence> read_trustee(JsonMembers& root) {
  FirstError first;
  TpmEvidence out;
  out.ak = out.keep(first.take(root.base64("ak_public")));
  auto quote = root.object("tpm_quote");
  if (!quote) return quote.error();
  out.attest = out.keep(first.take(quote->base64("message")));
  out.signature = out.keep(first.take(quote->base64("signature")));
  const auto list = quote->array("pcrs");
  if (!list) return list.error();
  out.pcrs = std::make_shared<const PcrValues>(first.take(read_pcr_list(*list)));
  first.take(quote->check_all_read());
  first.take(root.check_all_read());
  if (first.error()) return *first.error();
  return out;
}

// go-attestation numbers digests in two ways: a TPM's, and Go's own in its list of PCRs.
std::optional<crypto::HashAlgorithm> go_hash(std::uint64_t number) {
  switch (number) {
    case 3:
      return crypto::HashAlgorithm::kSha1;
    case 5:
      return crypto::HashAlgorithm::kSha256;
    case 6:
      return crypto::HashAlgorithm::kSha384;
    case 7:
      return crypto::HashAlgorithm::kSha512;
    default:
      return std::nullopt;
  }
}

Result<PcrValues> read_go_pcrs(const simdjson::dom::array& list, crypto::HashAlgorithm bank) {
  PcrValues out;
  out.bank = bank;
  for (const element each : list) {
    FirstError first;
    auto pcr = JsonMembers::of(each, "a PCR");
    if (!pcr) return pcr.error();
    const auto index = first.take(pcr->number("Index"));
    const auto hash = go_hash(first.take(pcr->number("DigestAlg")));
    const Bytes value = first.take(pcr->base64("Digest"));
    first.take(pcr->check_all_read());
    if (first.error()) return *first.error();
    if (hash != bank) return malformed("a PCR of another bank than the quote's");
    if (auto done = out.add(index, value); !done) return done.error();
  }
  return out;
}

Result<TpmEvidence> read_go_attestation(JsonMembers& root) {
  FirstError first;
  TpmEvidence out;
  auto fixed = root.object("Static");
  auto ak = root.object("AK");
  auto quote = root.object("Quote");
  auto log = root.object("Log");
  for (const auto* each : {&fixed, &ak, &quote, &log}) {
    if (!*each) return each->error();
  }
  if (first.take(fixed->number("TPMVersion")) != 2) return malformed("the evidence is of no TPM 2.0");
  fixed->get("EKPem");  // says nothing of the attestation key
  first.take(fixed->check_all_read());

  out.ak = out.keep(first.take(ak->base64("Public")));
  out.ak_is_public_area = true;
  auto& creation = out.creation.emplace();
  creation.data = out.keep(first.take(ak->base64("CreateData")));
  creation.attest = out.keep(first.take(ak->base64("CreateAttestation")));
  creation.signature = out.keep(first.take(ak->base64("CreateSignature")));
  ak->get("UseTCSDActivationFormat");
  first.take(ak->check_all_read());

  out.nonce = out.keep(first.take(quote->base64("Nonce")));
  const auto bank = hash_of(static_cast<TpmAlgorithm>(first.take(quote->number("Alg")) & 0xffff));
  out.attest = out.keep(first.take(quote->base64("Quote")));
  out.signature = out.keep(first.take(quote->base64("Signature")));
  first.take(quote->check_all_read());
  if (!bank) return malformed("the quote is of a bank that is not known");

  const auto list = log->array("PCRs");
  if (!list) return list.error();
  out.pcrs = std::make_shared<const PcrValues>(first.take(read_go_pcrs(*list, *bank)));
  log->get("PCRAlg");
  out.event_log = out.keep(first.take(log->base64("Raw")));
  first.take(log->check_all_read());
  first.take(root.check_all_read());
  if (first.error()) return *first.error();
  return out;
}

}  // namespace

Result<Bytes> read_byte_array(const simdjson::dom::array& list) {
  Bytes out;
  for (const element each : list) {
    std::uint64_t number = 0;
    if (each.get_uint64().get(number) != simdjson::SUCCESS || number > 255) {
      return malformed("a list of bytes holds something else");
    }
    out.push_back(static_cast<std::byte>(number));
  }
  return out;
}

Result<PcrValues> read_pcr_list(const simdjson::dom::array& list) {
  PcrValues out;
  std::uint64_t index = 0;
  for (const element each : list) {
    std::string_view digits;
    simdjson::dom::array numbers;
    if (each.get_string().get(digits) == simdjson::SUCCESS) {
      if (auto done = out.add_hex(index++, digits); !done) return done.error();
      continue;
    }
    if (each.get_array().get(numbers) != simdjson::SUCCESS) return malformed("a PCR is no text and no list");
    const auto value = read_byte_array(numbers);
    if (!value) return value.error();
    if (auto done = out.add(index++, *value); !done) return done.error();
  }
  return out;
}

Result<PcrValues> parse_pcrs(ByteView text) {
  const auto json = JsonText::parse(text, kMaxPcrsBytes);
  if (!json) return json.error();
  auto root = JsonMembers::of(json->root(), "the list of PCRs");
  if (!root) return root.error();
  const auto name = root->text("bank");
  if (!name) return name.error();
  PcrValues out;
  out.bank = find_bank(*name);
  if (!out.bank) return malformed("`bank` is no bank that is known");
  const auto pcrs = root->get("pcrs");
  simdjson::dom::object values;
  if (!pcrs || pcrs->get_object().get(values) != simdjson::SUCCESS) return malformed("`pcrs` is no object");
  for (const auto& member : values) {
    unsigned index = 0;
    const char* end = member.key.data() + member.key.size();
    const auto [at, problem] = std::from_chars(member.key.data(), end, index);
    std::string_view digits;
    // One spelling for each index.
    if (problem != std::errc{} || at != end || (member.key.size() > 1 && member.key.front() == '0') ||
        member.value.get_string().get(digits) != simdjson::SUCCESS) {
      return malformed("a PCR is an index and a text");
    }
    if (auto done = out.add_hex(index, digits); !done) return done.error();
  }
  if (auto all = root->check_all_read(); !all) return all.error();
  return out;
}

Result<TpmEvidence> parse_tpm_evidence(ByteView text) {
  const auto json = JsonText::parse(text, Evidence::kMaxFileBytes);
  if (!json) return json.error();
  auto root = JsonMembers::of(json->root(), "the evidence");
  if (!root) return root.error();
  if (root->get("ak_public")) return read_trustee(*root);
  if (root->get("AK")) return read_go_attestation(*root);
  return malformed("the evidence has neither `ak_public` nor `AK`");
}

}  // namespace redoubt::attest
