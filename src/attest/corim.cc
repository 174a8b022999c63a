#include "attest/corim.h"

#include <algorithm>
#include <array>

#include "attest/cose_signature.h"
#include "encoding/base64.h"
#include "encoding/cbor_reader.h"
#include "encoding/cbor_writer.h"
#include "encoding/cose.h"

namespace redoubt::attest {

namespace cose = encoding::cose;
using encoding::CborArray;
using encoding::CborDocument;
using encoding::CborForm;
using encoding::CborMap;
using encoding::CborMember;
using encoding::CborType;
using encoding::CborValue;
using encoding::CborWriter;

namespace {

// Numbers of draft-ietf-rats-corim-10: tags (§12.2), and members of maps (§4, §5).
constexpr std::uint64_t kCorimTag = 501;
constexpr std::uint64_t kComidTag = 506;
constexpr std::uint64_t kSvnTag = 552;
constexpr std::uint64_t kBytesTag = 560;
constexpr std::uint64_t kTimeTag = 1;
constexpr std::int64_t kMetaHeader = 8;
namespace manifest {
constexpr std::int64_t kId = 0, kTags = 1, kValidity = 4;
}
namespace validity {
constexpr std::int64_t kNotBefore = 0, kNotAfter = 1;
}
namespace meta {
constexpr std::int64_t kSigner = 0, kSignerName = 0;
}
namespace comid {
constexpr std::int64_t kIdentity = 1, kTriples = 4, kTagId = 0, kReferences = 0;
}
namespace environment {
constexpr std::int64_t kClass = 0, kVendor = 1, kModel = 2;
}
namespace measurement {
constexpr std::int64_t kKey = 0, kValue = 1;
constexpr std::int64_t kSvn = 1, kDigests = 2, kFlags = 3, kRawValue = 4, kName = 11, kRegisters = 14;
constexpr std::int64_t kIsDebug = 3;
}  // namespace measurement

constexpr std::string_view kVendor = "Redoubt";
constexpr std::string_view kContentType = "application/rim+cbor";
constexpr encoding::CborLimits kLimits{.max_bytes = Corim::kMaxBytes, .max_depth = 32, .max_items = 8 * 1024 * 1024};

// The IANA registry of named information hash algorithms (RFC 6920 §9.4).
struct NamedHash {
  std::int64_t id;
  std::size_t size;
};
constexpr std::array<NamedHash, 3> kHashes{{{1, 32}, {7, 48}, {8, 64}}};

// Claims that are digests of code or state; other bytes are raw values.
constexpr std::array<std::string_view, 7> kDigestClaims{"measurement", "mrtd",  "mrenclave", "mrsigner",
                                                        "fwid",        "build", "policy"};

Error malformed(std::string what) {
  return {Errc::kMalformed, "the CoRIM: " + std::move(what)};
}
Error unsupported(std::string what) {
  return {Errc::kUnsupported, "the CoRIM: " + std::move(what)};
}

// An error unless a map has these members alone.
Result<> has_only(const CborMap& map, std::initializer_list<std::int64_t> known, std::string_view what) {
  for (const CborMember member : map) {
    const auto key = member.key.integer();
    if (!key || std::ranges::find(known, *key) == known.end()) {
      return unsupported(std::string(what) + " has a member " + (key ? std::to_string(*key) : "that is no number") +
                         " that is not read here");
    }
  }
  return {};
}

std::string to_hex(ByteView bytes) {
  return encoding::hex(bytes);
}

// [[algorithm, digest]], exactly one.
Result<std::string> read_digest(const CborValue& value) {
  const CborArray list = value.array();
  const CborArray digest = list.at(0).array();
  const auto algorithm = digest.at(0).integer();
  const auto bytes = digest.at(1).bytes();
  if (!list || digest.size() != 2 || !algorithm || !bytes) return malformed("a digest is an algorithm and bytes");
  if (list.size() != 1) return unsupported("several digests of one measurement");
  const auto known = std::ranges::find(kHashes, *algorithm, &NamedHash::id);
  if (known == kHashes.end()) return unsupported("the digest algorithm " + std::to_string(*algorithm));
  if (known->size != bytes->size()) return malformed("a digest has another length than its algorithm's");
  return to_hex(*bytes);
}

Result<Claim> read_registers(const CborMap& registers, std::string_view name) {
  if (!registers || registers.size() == 0) return malformed("integrity registers are a map");
  ClaimObject object;
  ClaimList list;
  for (const CborMember member : registers) {
    const auto index = member.key.unsigned_integer();
    if (!index) return unsupported("an integrity register whose name is no number");
    auto digest = read_digest(member.value);
    if (!digest) return digest.error();
    if (*index == list.size()) list.emplace_back(*digest);
    object.emplace_back(std::to_string(*index), *std::move(digest));
  }
  if (name != "rtmrs") return Claim(std::move(object));
  if (list.size() != object.size()) return malformed("`rtmrs` has gaps");
  return Claim(std::move(list));
}

Result<Claim> read_value(const CborMap& value, std::string_view name) {
  using namespace measurement;
  if (auto done = has_only(value, {kSvn, kDigests, kFlags, kRawValue, kName, kRegisters}, "a measurement"); !done) {
    return done.error();
  }
  if (value.size() != 1) return unsupported("a measurement of `" + std::string(name) + "` with several values");
  if (const CborValue digests = value.find(kDigests)) {
    auto digest = read_digest(digests);
    if (!digest) return digest.error();
    return Claim(*std::move(digest));
  }
  if (const CborValue raw = value.find(kRawValue)) {
    const auto bytes = raw.tagged(kBytesTag).bytes();
    if (!bytes) return malformed("a raw value is bytes with tag 560");
    return Claim(*bytes);
  }
  if (const CborValue svn = value.find(kSvn)) {
    const auto number = svn.type() == CborType::kTag ? svn.tagged(kSvnTag).unsigned_integer() : svn.unsigned_integer();
    if (!number) return unsupported("a security version that is no exact number");
    return Claim(*number);
  }
  if (const CborValue text = value.find(kName)) {
    if (!text.text()) return malformed("a name is text");
    return Claim(std::string(*text.text()));
  }
  if (const CborValue flags = value.find(kFlags)) {
    const auto debug = flags.map().find(kIsDebug).boolean();
    if (!debug || flags.map().size() != 1 || name != "debug") return unsupported("flags but for `debug`'s is-debug");
    return Claim(*debug);
  }
  return read_registers(value.find(kRegisters).map(), name);
}

Result<std::optional<Kind>> read_environment(const CborMap& map) {
  const CborMap class_of = map.find(environment::kClass).map();
  if (auto done = has_only(map, {environment::kClass}, "an environment"); !done) return done.error();
  if (auto done = has_only(class_of, {environment::kVendor, environment::kModel}, "a class"); !done)
    return done.error();
  const auto vendor = class_of.find(environment::kVendor).text();
  const auto model = class_of.find(environment::kModel).text();
  if (!vendor || !model) return malformed("a class has a vendor and a model");
  if (*vendor != kVendor) return unsupported("environments of the vendor `" + std::string(*vendor) + "`");
  if (*model == "statement") return std::optional<Kind>();
  const auto kind = find_kind(*model);
  if (!kind) return unsupported("environments of the model `" + std::string(*model) + "`");
  return std::optional(*kind);
}

Result<ReferenceValue> read_comid(const CborValue& tag) {
  const auto content = tag.tagged(kComidTag).bytes();
  if (!content) return unsupported("a tag that is no CoMID");
  const auto document = CborDocument::read(*content, CborForm::kDeterministic, kLimits);
  if (!document) return malformed(document.error().message());
  const CborMap map = document->root().map();
  if (auto done = has_only(map, {comid::kIdentity, comid::kTriples}, "a CoMID"); !done) return done.error();
  const CborMap identity = map.find(comid::kIdentity).map();
  const CborMap triples = map.find(comid::kTriples).map();
  if (auto done = has_only(identity, {comid::kTagId}, "a tag's identity"); !done) return done.error();
  if (auto done = has_only(triples, {comid::kReferences}, "triples"); !done) return done.error();
  const auto name = identity.find(comid::kTagId).text();
  const CborArray references = triples.find(comid::kReferences).array();
  const CborArray record = references.at(0).array();
  if (!name || name->empty() || references.size() != 1 || record.size() != 2) {
    return unsupported("a CoMID without a name in text and exactly one reference triple");
  }
  const auto kind = read_environment(record.at(0).map());
  if (!kind) return kind.error();
  ReferenceValue out{std::string(*name), *kind, {}};
  const CborArray measurements = record.at(1).array();
  if (!measurements) return malformed("measurements are a list");
  for (const CborValue each : measurements) {
    const CborMap one = each.map();
    if (auto done = has_only(one, {measurement::kKey, measurement::kValue}, "a measurement"); !done)
      return done.error();
    const auto key = one.find(measurement::kKey).text();
    if (!key || key->empty()) return unsupported("a measurement whose key is no text");
    if (find_claim(out.claims, *key) != nullptr) return malformed("the measurement `" + std::string(*key) + "` twice");
    auto claim = read_value(one.find(measurement::kValue).map(), *key);
    if (!claim) return claim.error();
    out.claims.emplace_back(std::string(*key), *std::move(claim));
  }
  return out;
}

Result<std::optional<UnixMillis>> read_time(const CborValue& value) {
  if (!value) return std::optional<UnixMillis>();
  const auto seconds = value.tagged(kTimeTag).integer();
  constexpr std::int64_t kLast = 253'402'300'799;  // the year 9999
  if (!seconds || *seconds < 0 || *seconds > kLast) return malformed("a time is seconds since 1970 with tag 1");
  return std::optional(UnixMillis{*seconds * 1000});
}

Result<Corim> read_manifest(ByteView payload) {
  const auto document = CborDocument::read(payload, CborForm::kDeterministic, kLimits);
  if (!document) return malformed(document.error().message());
  const CborMap map = document->root().tagged(kCorimTag).map();
  if (!map) return malformed("no manifest with tag 501");
  if (auto done = has_only(map, {manifest::kId, manifest::kTags, manifest::kValidity}, "the manifest"); !done) {
    return done.error();
  }
  Corim out;
  const auto id = map.find(manifest::kId).text();
  const CborArray tags = map.find(manifest::kTags).array();
  if (!id || !tags) return malformed("a manifest has an id in text, and tags");
  out.id = std::string(*id);
  if (const CborValue period = map.find(manifest::kValidity)) {
    if (auto done = has_only(period.map(), {validity::kNotBefore, validity::kNotAfter}, "validity"); !done) {
      return done.error();
    }
    const auto from = read_time(period.map().find(validity::kNotBefore));
    const auto to = read_time(period.map().find(validity::kNotAfter));
    if (!from || !to) return (from ? to : from).error();
    out.not_before = *from;
    out.not_after = *to;
  }
  for (const CborValue tag : tags) {
    auto reference = read_comid(tag);
    if (!reference) return reference.error();
    if (auto added = out.references.add(*std::move(reference)); !added) return added.error();
  }
  return out;
}

// Bytes in lower-case hexadecimal; nothing for other text.
std::optional<Bytes> bytes_of(const std::string& text) {
  if (text.empty() || text.find_first_not_of("0123456789abcdef") != std::string::npos) return std::nullopt;
  auto bytes = encoding::hex_decode(text);
  if (!bytes) return std::nullopt;
  return *std::move(bytes);
}

// How a claim is written, if it can be.
enum class Form : std::uint8_t { kFlag, kNumber, kDigest, kRawValue, kText, kRegisters };

const NamedHash* hash_of(const Claim& claim) {
  const auto bytes = claim.text() == nullptr ? std::nullopt : bytes_of(*claim.text());
  const auto known = bytes ? std::ranges::find(kHashes, bytes->size(), &NamedHash::size) : kHashes.end();
  return known == kHashes.end() ? nullptr : &*known;
}

// Registers by index, in the order of the claim; empty when it is none.
ClaimObject registers_of(const std::string& name, const Claim& claim) {
  ClaimObject out;
  if (name == "rtmrs") {
    if (claim.list() == nullptr) return {};
    for (const Claim& each : *claim.list()) out.emplace_back(std::to_string(out.size()), each);
  } else if (claim.object() != nullptr) {
    out = *claim.object();
  }
  const bool good = std::ranges::all_of(out, [](const auto& each) {
    const std::string& index = each.first;
    return !index.empty() && index.size() <= 4 && index.find_first_not_of("0123456789") == std::string::npos &&
           (index == "0" || index[0] != '0') && hash_of(each.second) != nullptr;
  });
  return good ? out : ClaimObject();
}

std::optional<Form> form_of(const std::string& name, const Claim& claim) {
  if (claim.boolean() != nullptr) return name == "debug" ? std::optional(Form::kFlag) : std::nullopt;
  if (claim.number() != nullptr) return Form::kNumber;
  if (claim.text() == nullptr)
    return registers_of(name, claim).empty() ? std::nullopt : std::optional(Form::kRegisters);
  if (!bytes_of(*claim.text())) return Form::kText;
  const bool is_digest = std::ranges::find(kDigestClaims, name) != kDigestClaims.end() && hash_of(claim) != nullptr;
  return is_digest ? Form::kDigest : Form::kRawValue;
}

void write_digest(CborWriter& out, const Claim& claim) {
  out.begin_array();
  out.begin_array();
  out.integer(hash_of(claim)->id);
  out.bytes(*bytes_of(*claim.text()));
  out.end_array();
  out.end_array();
}

// measurement-values-map. Precondition: form_of() gave `form`.
void write_value(CborWriter& out, const std::string& name, const Claim& claim, Form form) {
  using namespace measurement;
  out.begin_map();
  switch (form) {
    case Form::kFlag:
      out.integer(kFlags);
      out.begin_map();
      out.integer(kIsDebug);
      out.boolean(*claim.boolean());
      out.end_map();
      break;
    case Form::kNumber:
      out.integer(kSvn);
      out.tag(kSvnTag);
      out.unsigned_integer(*claim.number());
      break;
    case Form::kDigest:
      out.integer(kDigests);
      write_digest(out, claim);
      break;
    case Form::kRawValue:
      out.integer(kRawValue);
      out.tag(kBytesTag);
      out.bytes(*bytes_of(*claim.text()));
      break;
    case Form::kText:
      out.integer(kName);
      out.text(*claim.text());
      break;
    case Form::kRegisters:
      out.integer(kRegisters);
      out.begin_map();
      for (const auto& [index, digest] : registers_of(name, claim)) {
        out.integer(std::stoi(index));
        write_digest(out, digest);
      }
      out.end_map();
      break;
  }
  out.end_map();
}

Result<Bytes> write_comid(const ReferenceValue& reference) {
  for (const auto& [name, claim] : reference.claims) {
    if (form_of(name, claim)) continue;
    return Error(Errc::kUnsupported, "the claim `" + name + "` of `" + reference.name + "` has no form in a CoRIM");
  }
  Bytes bytes;
  CborWriter out(bytes);
  out.begin_map();
  out.integer(comid::kIdentity);
  out.begin_map();
  out.integer(comid::kTagId);
  out.text(reference.name);
  out.end_map();
  out.integer(comid::kTriples);
  out.begin_map();
  out.integer(comid::kReferences);
  out.begin_array();
  out.begin_array();
  out.begin_map();
  out.integer(environment::kClass);
  out.begin_map();
  out.integer(environment::kVendor);
  out.text(kVendor);
  out.integer(environment::kModel);
  out.text(reference.kind ? to_string(*reference.kind) : "statement");
  out.end_map();
  out.end_map();
  out.begin_array();
  for (const auto& [name, claim] : reference.claims) {
    out.begin_map();
    out.integer(measurement::kKey);
    out.text(name);
    out.integer(measurement::kValue);
    write_value(out, name, claim, *form_of(name, claim));
    out.end_map();
  }
  out.end_array();
  out.end_array();
  out.end_array();
  out.end_map();
  out.end_map();
  return bytes;
}

Bytes write_protected_header(const std::string& signer) {
  Bytes meta_bytes;
  {
    CborWriter out(meta_bytes);
    out.begin_map();
    out.integer(meta::kSigner);
    out.begin_map();
    out.integer(meta::kSignerName);
    out.text(signer);
    out.end_map();
    out.end_map();
  }
  Bytes header;
  CborWriter out(header);
  out.begin_map();
  out.integer(cose::kAlgorithm);
  out.integer(cose::kEdDsa);
  out.integer(cose::kContentType);
  out.text(kContentType);
  out.integer(kMetaHeader);
  out.bytes(meta_bytes);
  out.end_map();
  return header;
}

Result<std::string> read_meta(const encoding::CoseSign1& message) {
  if (message.protected_header().find(cose::kContentType).text() != kContentType) {
    return malformed("the content type is not `application/rim+cbor`");
  }
  const auto bytes = message.protected_header().find(kMetaHeader).bytes();
  if (!bytes) return malformed("corim-meta is not among the protected headers");
  const auto document = CborDocument::read(*bytes, CborForm::kDeterministic);
  if (!document) return malformed(document.error().message());
  const auto name = document->root().map().find(meta::kSigner).map().find(meta::kSignerName).text();
  if (!name) return malformed("corim-meta names no signer");
  return std::string(*name);
}

}  // namespace

bool looks_like_corim(ByteView bytes) {
  return !bytes.empty() && bytes[0] == std::byte{0xd2};  // tag 18
}

Result<Corim> read_corim(ByteView bytes, const crypto::PublicKey& signer, UnixMillis at) {
  const auto message = encoding::CoseSign1::read(bytes, {.tag_required = true, .limits = kLimits}, {kMetaHeader});
  if (!message) return message.error().in("the CoRIM");
  if (!message->payload()) return malformed("its content is not in it");
  const auto verified = verify_cose_sign1(*message, signer, {}, *message->payload(),
                                          {cose::kEdDsa, cose::kEd25519, cose::kEs256, cose::kEs384, cose::kEs512});
  if (!verified) return verified.error().in("the CoRIM");
  auto name = read_meta(*message);
  if (!name) return name.error();
  auto out = read_manifest(*message->payload());
  if (!out) return out;
  out->signer = *std::move(name);
  if ((out->not_before && at < *out->not_before) || (out->not_after && at > *out->not_after)) {
    return Error(Errc::kVerifyFailed, "the CoRIM `" + out->id + "` is not valid at the time asked about");
  }
  return out;
}

Result<Bytes> write_corim(const Corim& corim, const crypto::Ed25519PrivateKey& key) {
  std::vector<Bytes> tags;
  for (const ReferenceValue& each : corim.references.all()) {
    auto bytes = write_comid(each);
    if (!bytes) return bytes.error();
    tags.push_back(*std::move(bytes));
  }
  Bytes payload;
  {
    CborWriter out(payload);
    out.tag(kCorimTag);
    out.begin_map();
    out.integer(manifest::kId);
    out.text(corim.id);
    out.integer(manifest::kTags);
    out.begin_array();
    for (const Bytes& each : tags) {
      out.tag(kComidTag);
      out.bytes(each);
    }
    out.end_array();
    if (corim.not_before || corim.not_after) {
      out.integer(manifest::kValidity);
      out.begin_map();
      for (const auto& [label, time] :
           {std::pair(validity::kNotBefore, corim.not_before), std::pair(validity::kNotAfter, corim.not_after)}) {
        if (!time) continue;
        out.integer(label);
        out.tag(kTimeTag);
        out.integer(time->value / 1000);
      }
      out.end_map();
    }
    out.end_map();
  }
  const Bytes header = write_protected_header(corim.signer);
  const crypto::Ed25519Signature signature = key.sign(cose::sign1_to_be_signed(header, {}, payload));
  return encoding::write_cose_sign1(header, Bytes{std::byte{0xa0}}, payload, signature);
}

}  // namespace redoubt::attest
