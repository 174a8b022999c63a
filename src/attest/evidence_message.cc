#include "attest/evidence_message.h"

#include <algorithm>
#include <array>
#include <utility>

#include "attest/internal/fields.h"
#include "attest/internal/json_members.h"
#include "encoding/base64.h"
#include "encoding/json_reader.h"
#include "encoding/json_writer.h"

namespace redoubt::attest {

namespace {

using encoding::JsonWriter;
using simdjson::dom::element;

constexpr std::string_view kCollectionType = "urn:uuid:04cd9938-0084-4da1-9ce4-376bc0fa531e";
constexpr std::string_view kTypeMember = "__cmwc_t";
constexpr std::string_view kTypePrefix = "application/vnd.redoubt.";
constexpr std::string_view kStatement = "statement";
constexpr std::string_view kStatementType = "application/json";
constexpr std::size_t kMaxDepth = 4;

// Indicator of a record: bits of what it may be (cm-type).
constexpr std::uint64_t kReferenceValues = 1;
constexpr std::uint64_t kEndorsements = 2;
constexpr std::uint64_t kEvidence = 4;

std::uint64_t indicator_of(Role role) {
  switch (role) {
    case Role::kChain:
    case Role::kVek:
    case Role::kCrl:
    case Role::kCollateral:
    case Role::kTcbInfo:
    case Role::kQeIdentity:
    case Role::kPckCrl:
    case Role::kRootCrl:
    case Role::kTcbIssuerChain:
    case Role::kAkCert:
    case Role::kEkCert:
      return kEndorsements;
    case Role::kRim:
      return kReferenceValues;
    default:
      return kEvidence;
  }
}

std::string type_of(Kind kind, Role role) {
  return std::string(kTypePrefix) + std::string(to_string(kind)) + "." + std::string(to_string(role));
}

bool is_part_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 && name != kStatement && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

Error malformed(std::string_view what) {
  return {Errc::kMalformed, "the message: " + std::string(what)};
}

Result<Bytes> read_base64url(std::string_view text, std::string_view name) {
  auto bytes = encoding::base64url_decode(text);
  if (!bytes) return malformed("`" + std::string(name) + "` is not in base64url");
  return bytes;
}

template <std::size_t N>
Result<> read_fixed(std::string_view text, std::string_view name, std::array<std::byte, N>& out) {
  const auto bytes = read_base64url(text, name);
  if (!bytes) return bytes.error();
  if (bytes->size() != N) return malformed("`" + std::string(name) + "` has another length");
  std::ranges::copy(*bytes, out.begin());
  return {};
}

template <std::size_t N>
Result<> read_fixed(JsonMembers& members, std::string_view name, std::array<std::byte, N>& out) {
  const auto text = members.text(name);
  if (!text) return text.error();
  return read_fixed(*text, name, out);
}

template <std::size_t N>
Result<> read_fixed(JsonMembers& members, std::string_view name, std::optional<std::array<std::byte, N>>& out) {
  if (!members.get(name)) return {};
  out.emplace();
  return read_fixed(members, name, *out);
}

void write_record(JsonWriter& out, std::string_view type, ByteView value, std::uint64_t indicator) {
  out.begin_array();
  out.value(type);
  out.value(encoding::base64url(value));
  out.value(indicator);
  out.end_array();
}

struct Record {
  std::string_view type;
  Bytes value;
  std::uint64_t indicator = 0;
};

Result<Record> read_record(const element& json, std::string_view name) {
  simdjson::dom::array items;
  if (json.get_array().get(items) != simdjson::SUCCESS || items.size() != 3) {
    return malformed("`" + std::string(name) + "` is no record of type, value and indicator");
  }
  Record out;
  std::string_view value;
  if (items.at(0).get_string().get(out.type) != simdjson::SUCCESS ||
      items.at(1).get_string().get(value) != simdjson::SUCCESS ||
      items.at(2).get_uint64().get(out.indicator) != simdjson::SUCCESS) {
    return malformed("`" + std::string(name) + "` is no record of type, value and indicator");
  }
  auto bytes = read_base64url(value, name);
  if (!bytes) return bytes.error();
  out.value = *std::move(bytes);
  return out;
}

// `application/vnd.redoubt.KIND.ROLE`; the role is the record's name as well.
Result<Kind> read_kind(const Record& record, std::string_view name) {
  const auto role = find_role(name);
  if (!role || *role == Role::kRoot) return malformed("`" + std::string(name) + "` is no file of evidence");
  for (const Kind each : kKinds) {
    if (record.type == type_of(each, *role) && record.indicator == indicator_of(*role)) return each;
  }
  return malformed("`" + std::string(name) + "` is of another type than its name");
}

Result<EvidenceAnswer::Part> read_part(const element& json, std::string_view name) {
  simdjson::dom::object files;
  if (!is_part_name(name) || json.get_object().get(files) != simdjson::SUCCESS || files.size() == 0) {
    return malformed("`evidence` has a member that is no part");
  }
  EvidenceAnswer::Part out{.name = std::string(name), .evidence = {.kind = Kind::kSevSnp, .files = {}}};
  for (const auto& [label, value] : files) {
    auto record = read_record(value, label);
    if (!record) return record.error();
    const auto kind = read_kind(*record, label);
    if (!kind) return kind.error();
    if (out.evidence.files.empty()) out.evidence.kind = *kind;
    if (out.evidence.kind != *kind) return malformed("a part has files of two kinds");
    out.evidence.files.push_back({*find_role(label), std::move(record->value)});
  }
  return out;
}

Result<> read_evidence(const element& json, EvidenceAnswer& out) {
  simdjson::dom::object members;
  std::string_view type;
  if (json.get_object().get(members) != simdjson::SUCCESS ||
      members.at_key(kTypeMember).get_string().get(type) != simdjson::SUCCESS || type != kCollectionType) {
    return malformed("`evidence` is no collection of the type expected");
  }
  if (members.size() > EvidenceAnswer::kMaxParts + 2) return Error(Errc::kTooLarge, "the message has too many parts");
  for (const auto& [name, value] : members) {
    if (name == kTypeMember) continue;
    if (name == kStatement) {
      auto record = read_record(value, name);
      if (!record) return record.error();
      if (record->type != kStatementType || record->indicator != kEvidence) {
        return malformed("`statement` is of another type");
      }
      out.statement = std::move(record->value);
      continue;
    }
    auto part = read_part(value, name);
    if (!part) return part.error();
    out.parts.push_back(*std::move(part));
  }
  if (out.parts.empty()) return malformed("`evidence` has no part");
  if (out.parts.size() > EvidenceAnswer::kMaxParts) return Error(Errc::kTooLarge, "the message has too many parts");
  return {};
}

Result<BatchPlace> read_place(JsonMembers& members) {
  auto batch = members.object("batch");
  if (!batch) return batch.error();
  BatchPlace out;
  const auto index = batch->number("index");
  if (!index) return index.error();
  const auto size = batch->number("size");
  if (!size) return size.error();
  if (*size == 0 || *size > BindingBatch::kMax || *index >= *size) return malformed("`batch` is no place in one");
  out.index = {*index};
  out.size = {*size};
  if (auto read = read_fixed(*batch, "root", out.root); !read) return read.error();
  const auto path = batch->array("path");
  if (!path) return path.error();
  for (const element& each : *path) {
    std::string_view text;
    if (out.path.size() == 7 || each.get_string().get(text) != simdjson::SUCCESS) {
      return malformed("`path` is no list of at most 7 hashes");
    }
    if (auto read = read_fixed(text, "path", out.path.emplace_back()); !read) return read.error();
  }
  if (auto all = batch->check_all_read(); !all) return all.error();
  return out;
}

Result<LeaseProof> read_lease_proof(JsonMembers& lease) {
  LeaseProof out{};
  if (auto read = read_fixed(lease, "evidence", out.evidence); !read) return read.error();
  if (auto read = read_fixed(lease, "bundle", out.bundle); !read) return read.error();
  if (auto read = read_fixed(lease, "mac", out.mac); !read) return read.error();
  const auto expires = lease.number("expires");
  if (!expires) return expires.error();
  constexpr std::uint64_t kLatest = 253'402'300'799'999;  // the year 9999
  if (*expires > kLatest) return malformed("`expires` is no time");
  out.expires = UnixMillis{static_cast<std::int64_t>(*expires)};
  if (auto all = lease.check_all_read(); !all) return all.error();
  return out;
}

// The members that every message has.
Result<Sender> read_head(JsonMembers& members) {
  const auto protocol = members.text("protocol");
  if (!protocol) return protocol.error();
  if (*protocol != kExchangeProtocol) return malformed("it is of another protocol");
  const auto name = members.text("sender");
  if (!name) return name.error();
  const auto sender = find_sender(*name);
  if (!sender) return malformed("`sender` is no end of a channel");
  return *sender;
}

void write_head(JsonWriter& out, Sender sender) {
  out.member("protocol", kExchangeProtocol);
  out.member("sender", to_string(sender));
}

void write_base64url(JsonWriter& out, std::string_view name, ByteView bytes) {
  out.member(name, encoding::base64url(bytes));
}

Result<> check_parts(const EvidenceAnswer& answer) {
  if (answer.parts.empty()) return Error(Errc::kInvalidArgument, "an answer has a part");
  if (answer.parts.size() > EvidenceAnswer::kMaxParts) return Error(Errc::kTooLarge, "an answer has at most 16 parts");
  for (const EvidenceAnswer::Part& part : answer.parts) {
    const auto named = std::ranges::count(answer.parts, part.name, &EvidenceAnswer::Part::name);
    const auto& files = part.evidence.files;
    const bool is_bad = std::ranges::any_of(files, [&](const ProducedEvidence::File& file) {
      return file.role == Role::kRoot || std::ranges::count(files, file.role, &ProducedEvidence::File::role) != 1;
    });
    if (!is_part_name(part.name) || named != 1 || files.empty() || is_bad) {
      return Error(Errc::kInvalidArgument, "`" + part.name + "` is no part that an answer can have");
    }
  }
  return {};
}

std::vector<const ProducedEvidence::File*> files_by_name(const ProducedEvidence& evidence) {
  std::vector<const ProducedEvidence::File*> out;
  for (const auto& each : evidence.files) out.push_back(&each);
  std::ranges::sort(out, {}, [](const auto* each) { return to_string(each->role); });
  return out;
}

}  // namespace

std::string write_evidence_request(const EvidenceRequest& request) {
  std::string text;
  JsonWriter out(text);
  out.begin_object();
  write_head(out, request.sender);
  write_base64url(out, "nonce", request.nonce);
  if (!request.kinds.empty()) {
    out.key("kinds");
    out.begin_array();
    for (const Kind each : request.kinds) out.value(to_string(each));
    out.end_array();
  }
  if (request.key) write_base64url(out, "key", *request.key);
  if (request.lease) write_base64url(out, "lease", *request.lease);
  out.end_object();
  return text;
}

Result<EvidenceRequest> read_evidence_request(std::string_view text) {
  encoding::JsonReader reader({.max_bytes = EvidenceRequest::kMaxBytes, .max_depth = 2});
  const auto json = reader.parse(text);
  if (!json) return json.error();
  auto members = JsonMembers::of(*json, "the message");
  if (!members) return members.error();
  EvidenceRequest out;
  const auto sender = read_head(*members);
  if (!sender) return sender.error();
  out.sender = *sender;
  if (auto read = read_fixed(*members, "nonce", out.nonce); !read) return read.error();
  if (members->get("kinds")) {
    const auto kinds = members->array("kinds");
    if (!kinds) return kinds.error();
    for (const element& each : *kinds) {
      std::string_view name;
      const auto kind = each.get_string().get(name) == simdjson::SUCCESS ? find_kind(name) : std::nullopt;
      if (!kind || std::ranges::count(out.kinds, *kind) != 0) return malformed("`kinds` are no kinds, each once");
      out.kinds.push_back(*kind);
    }
    if (out.kinds.empty()) return malformed("`kinds` are none");
  }
  if (auto read = read_fixed(*members, "key", out.key); !read) return read.error();
  if (auto read = read_fixed(*members, "lease", out.lease); !read) return read.error();
  if (out.lease && !out.key) return malformed("`lease` goes on for nobody: `key` is not there");
  if (auto all = members->check_all_read(); !all) return all.error();
  return out;
}

Result<std::string> write_evidence_answer(const EvidenceAnswer& answer) {
  if (auto checked = check_parts(answer); !checked) return checked.error();
  std::string text;
  JsonWriter out(text);
  out.begin_object();
  write_head(out, answer.sender);
  if (answer.vouched.lease_key) write_base64url(out, "lease_key", *answer.vouched.lease_key);
  if (answer.vouched.bundle) write_base64url(out, "bundle", *answer.vouched.bundle);
  out.key("batch");
  out.begin_object();
  out.member("index", answer.place.index.value);
  out.member("size", answer.place.size.value);
  write_base64url(out, "root", answer.place.root);
  out.key("path");
  out.begin_array();
  for (const tlog::Hash& each : answer.place.path) out.value(encoding::base64url(each));
  out.end_array();
  out.end_object();
  out.key("evidence");
  out.begin_object();
  out.member(kTypeMember, kCollectionType);
  if (answer.statement) {
    out.key(kStatement);
    write_record(out, kStatementType, *answer.statement, kEvidence);
  }
  for (const EvidenceAnswer::Part& part : answer.parts) {
    out.key(part.name);
    out.begin_object();
    for (const ProducedEvidence::File& file : part.evidence.files) {
      out.key(to_string(file.role));
      write_record(out, type_of(part.evidence.kind, file.role), file.bytes, indicator_of(file.role));
    }
    out.end_object();
  }
  out.end_object();
  out.end_object();
  if (text.size() > EvidenceAnswer::kMaxBytes) return Error(Errc::kTooLarge, "the answer is larger than 1 MiB");
  return text;
}

std::string write_lease_proof(const LeaseProof& proof, Sender sender) {
  std::string text;
  JsonWriter out(text);
  out.begin_object();
  write_head(out, sender);
  out.key("lease");
  out.begin_object();
  write_base64url(out, "evidence", proof.evidence);
  write_base64url(out, "bundle", proof.bundle);
  out.member("expires", proof.expires.value);
  write_base64url(out, "mac", proof.mac);
  out.end_object();
  out.end_object();
  return text;
}

Result<Answer> read_answer(std::string_view text) {
  encoding::JsonReader reader({.max_bytes = EvidenceAnswer::kMaxBytes, .max_depth = kMaxDepth});
  const auto json = reader.parse(text);
  if (!json) return json.error();
  auto members = JsonMembers::of(*json, "the message");
  if (!members) return members.error();
  const auto sender = read_head(*members);
  if (!sender) return sender.error();
  if (members->get("lease")) {
    auto lease = members->object("lease");
    if (!lease) return lease.error();
    auto proof = read_lease_proof(*lease);
    if (!proof) return proof.error();
    if (auto all = members->check_all_read(); !all) return all.error();
    return Answer(*proof);
  }
  EvidenceAnswer out;
  out.sender = *sender;
  if (auto read = read_fixed(*members, "lease_key", out.vouched.lease_key); !read) return read.error();
  if (auto read = read_fixed(*members, "bundle", out.vouched.bundle); !read) return read.error();
  auto place = read_place(*members);
  if (!place) return place.error();
  out.place = *std::move(place);
  const auto evidence = members->get("evidence");
  if (!evidence) return malformed("`evidence` is not there");
  if (auto read = read_evidence(*evidence, out); !read) return read.error();
  if (auto all = members->check_all_read(); !all) return all.error();
  return Answer(std::move(out));
}

crypto::Sha256Digest evidence_digest(const EvidenceAnswer& answer) {
  Bytes fields;
  append_field(fields, as_bytes("redoubt attestation evidence v1"));
  std::vector<const EvidenceAnswer::Part*> parts;
  for (const EvidenceAnswer::Part& each : answer.parts) parts.push_back(&each);
  std::ranges::sort(parts, {}, [](const auto* each) -> std::string_view { return each->name; });
  for (const EvidenceAnswer::Part* part : parts) {
    Bytes files;
    for (const ProducedEvidence::File* file : files_by_name(part->evidence)) {
      append_field(files, as_bytes(to_string(file->role)));
      append_field(files, file->bytes);
    }
    append_field(fields, as_bytes(part->name));
    append_field(fields, as_bytes(to_string(part->evidence.kind)));
    append_field(fields, files);
  }
  // A part has three fields, so one field more is a statement.
  if (answer.statement) append_field(fields, *answer.statement);
  return crypto::sha256(fields);
}

Bytes part_nonce(const ReportData& quoted, const std::optional<Bytes>& statement) {
  return statement ? to_bytes(crypto::sha256(*statement)) : to_bytes(quoted);
}

}  // namespace redoubt::attest
