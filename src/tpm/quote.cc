#include "tpm/quote.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "encoding/base64.h"
#include "encoding/json_writer.h"
#include "tpm/internal/device.h"
#include "tpm/internal/marshal.h"
#include "tpm/internal/pcr_select.h"
#include "tpm/internal/primaries.h"

namespace redoubt::tpm {

namespace {

using encoding::base64;
using encoding::JsonWriter;
using internal::Device;
using internal::out;
using internal::Owned;
using internal::Place;

constexpr int kQuoteTries = 4;
constexpr unsigned kGoSha256 = 5;  // crypto.SHA256, as go-attestation numbers the digests of registers

// Whether the statement is of these registers and values.
bool covers(const TPMS_ATTEST& attest, const PcrValues& pcrs) {
  return attest.magic == TPM2_GENERATED_VALUE && attest.type == TPM2_ST_ATTEST_QUOTE &&
         internal::marshal(Tss2_MU_TPML_PCR_SELECTION_Marshal, attest.attested.quote.pcrSelect) ==
             selection_of(pcrs).encode() &&
         std::ranges::equal(internal::view(attest.attested.quote.pcrDigest), pcr_digest(pcrs));
}

}  // namespace

struct Quoter::Impl {
  Impl(Tpm& tpm, AttestationKey its_key) : device(TpmAccess::of(tpm)), key(std::move(its_key)) {}

  Result<Place> load();
  Result<Place> load_anew();
  // Nothing when the registers do not hold `registers`.
  Result<std::optional<Quote>> quote_once(const Place& loaded, PcrSelection pcrs, ByteView data);

  Device& device;
  const AttestationKey key;
  std::optional<TPMS_CONTEXT> context;  // the loaded key as the TPM has handed it out, encrypted for itself
  PcrValues registers;                  // as they were read last
};

// Making the storage key takes a TPM longer than anything else here, so the loaded key is taken back from the TPM's own
// hand. A TPM that was reset refuses what it handed out before (Part 1 §30.3).
Result<Place> Quoter::Impl::load() {
  if (context) {
    ESYS_TR handle = ESYS_TR_NONE;
    if (Esys_ContextLoad(device.esys(), &*context, &handle) == TSS2_RC_SUCCESS) return Place(device, handle);
    context.reset();
  }
  return load_anew();
}

Result<Place> Quoter::Impl::load_anew() {
  const auto storage = internal::make_storage_key(device);
  if (!storage) return storage.error();
  auto loaded =
      internal::load(device, *storage,
                     {.public_area = key.public_area, .private_area = key.private_area, .parent_name = key.parent_name},
                     "the attestation key");
  if (!loaded) return loaded.error();
  Owned<TPMS_CONTEXT> saved;
  // Without it the next quote takes longer, and nothing else.
  if (Esys_ContextSave(device.esys(), loaded->place.get(), out(saved)) == TSS2_RC_SUCCESS) context = *saved;
  return std::move(loaded->place);
}

Result<std::optional<Quote>> Quoter::Impl::quote_once(const Place& loaded, PcrSelection pcrs, ByteView data) {
  const auto qualifying = internal::sized<TPM2B_DATA>(data);
  const auto selection = internal::selection_list(pcrs);
  TPMT_SIG_SCHEME scheme{};
  scheme.scheme = TPM2_ALG_NULL;  // the key's own
  Owned<TPM2B_ATTEST> attest;
  Owned<TPMT_SIGNATURE> signature;
  const auto done = device.check(Esys_Quote(device.esys(), loaded.get(), ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE,
                                            &qualifying, &scheme, &selection, out(attest), out(signature)),
                                 "quote its registers");
  if (!done) return done.error();
  const auto statement =
      internal::unmarshal<TPMS_ATTEST>(Tss2_MU_TPMS_ATTEST_Unmarshal, internal::view(*attest), "a quote");
  if (!statement) return statement.error();
  if (!covers(*statement, registers)) return std::optional<Quote>();
  return std::optional(Quote{.attest = to_bytes(internal::view(*attest)),
                             .signature = internal::marshal(Tss2_MU_TPMT_SIGNATURE_Marshal, *signature),
                             .pcrs = registers,
                             .qualifying_data = to_bytes(data)});
}

Quoter::Quoter(Tpm& tpm, AttestationKey key) : impl_(std::make_unique<Impl>(tpm, std::move(key))) {}
Quoter::Quoter(Quoter&&) noexcept = default;
Quoter& Quoter::operator=(Quoter&&) noexcept = default;
Quoter::~Quoter() = default;

const AttestationKey& Quoter::key() const {
  return impl_->key;
}

Result<Quote> Quoter::quote(PcrSelection pcrs, ByteView qualifying_data) {
  if (pcrs.empty()) return Error(Errc::kInvalidArgument, "no register was selected");
  if (qualifying_data.size() < kMinQualifyingData || qualifying_data.size() > kMaxQualifyingData) {
    return Error(Errc::kInvalidArgument, "a quote's qualifying data has 32 to 64 bytes");
  }
  const auto loaded = impl_->load();
  if (!loaded) return loaded.error();
  for (int i = 0; i < kQuoteTries; ++i) {
    // What was read last is right unless a register was extended since, and the quote tells: it has their digest.
    if (i > 0 || selection_of(impl_->registers) != pcrs) {
      auto values = internal::read_pcrs(impl_->device, pcrs);
      if (!values) return values.error();
      impl_->registers = *std::move(values);
    }
    auto quote = impl_->quote_once(*loaded, pcrs, qualifying_data);
    if (!quote) return quote.error();
    if (*quote) return **std::move(quote);
  }
  return Error(Errc::kConflict, "registers changed while they were quoted");
}

std::string pcrs_json(const PcrValues& pcrs) {
  std::string text;
  JsonWriter json(text);
  json.begin_object();
  json.member("bank", "sha256");
  json.key("pcrs");
  json.begin_object();
  for (const auto& [pcr, value] : pcrs) {
    json.key(std::to_string(pcr));
    json.value_hex(value);
  }
  json.end_object();
  json.end_object();
  return text;
}

std::string evidence_json(const AttestationKey& key, const Quote& quote, const MeasurementLog& log) {
  std::string text;
  JsonWriter json(text);
  json.begin_object();
  json.key("Static");
  json.begin_object();
  json.member("TPMVersion", 2);
  json.end_object();
  json.key("AK");
  json.begin_object();
  json.member("Public", base64(key.public_area));
  json.member("CreateData", base64(key.creation_data));
  json.member("CreateAttestation", base64(key.creation_attest));
  json.member("CreateSignature", base64(key.creation_signature));
  json.end_object();
  json.key("Quote");
  json.begin_object();
  json.member("Nonce", base64(quote.qualifying_data));
  json.member("Alg", TPM2_ALG_SHA256);
  json.member("Quote", base64(quote.attest));
  json.member("Signature", base64(quote.signature));
  json.end_object();
  json.key("Log");
  json.begin_object();
  json.key("PCRs");
  json.begin_array();
  for (const auto& [pcr, value] : quote.pcrs) {
    json.begin_object();
    json.member("Index", pcr);
    json.member("Digest", base64(value));
    json.member("DigestAlg", kGoSha256);
    json.end_object();
  }
  json.end_array();
  json.member("PCRAlg", TPM2_ALG_SHA256);
  json.member("Raw", base64(log.encode()));
  json.end_object();
  json.end_object();
  return text;
}

}  // namespace redoubt::tpm
