#include "attest/intel_collateral.h"

#include <algorithm>

#include "base/timestamp.h"
#include "encoding/base64.h"
#include "encoding/json_reader.h"
#include "encoding/json_texts.h"

namespace redoubt::attest {

using simdjson::dom::element;
using simdjson::dom::object;

namespace {

constexpr encoding::JsonLimits kLimits{.max_bytes = IntelCollateral::kMaxBytes, .max_depth = 16};

Error malformed(std::string message) {
  return {Errc::kMalformed, std::move(message)};
}

// Reads members of one object, and remembers the first that is not in its form. An object that was not there has none.
class Fields {
 public:
  Fields(std::optional<object> members, std::string& fault) : members_(members), fault_(fault) {}

  std::string_view text(std::string_view name) {
    std::string_view out;
    note(at(name).get_string().get(out) == simdjson::SUCCESS, name);
    return out;
  }
  std::uint64_t number(std::string_view name, std::uint64_t max = UINT64_MAX) {
    std::uint64_t out = 0;
    note(at(name).get_uint64().get(out) == simdjson::SUCCESS && out <= max, name);
    return out;
  }
  UnixMillis time(std::string_view name) {
    const auto out = parse_timestamp(text(name));
    note(out.has_value(), name);
    return out.value_or(UnixMillis{});
  }
  template <std::size_t N>
  void bytes(std::string_view name, std::array<std::byte, N>& out) {
    const auto read = encoding::hex_decode(text(name));
    const bool good = read && read->size() == N;
    if (good) std::ranges::copy(*read, out.begin());
    note(good, name);
  }
  std::optional<object> members(std::string_view name) {
    object out;
    if (!note(at(name).get_object().get(out) == simdjson::SUCCESS, name)) return std::nullopt;
    return out;
  }
  bool has(std::string_view name) const { return at(name).error() == simdjson::SUCCESS; }
  // Calls `take` with each member of a list of objects.
  template <class Take>
  void each(std::string_view name, const Take& take) {
    simdjson::dom::array list;
    if (!note(at(name).get_array().get(list) == simdjson::SUCCESS, name)) return;
    if (!note(list.size() <= TcbInfo::kMaxLevels, name)) return;
    for (const element item : list) {
      object out;
      if (!note(item.get_object().get(out) == simdjson::SUCCESS, name)) return;
      take(Fields(out, fault_));
    }
  }
  bool note(bool good, std::string_view name) {
    if (!good && fault_.empty()) fault_ = "`" + std::string(name) + "` is missing or not in its form";
    return good;
  }

  std::vector<std::string> texts_if_any(std::string_view name) {
    std::vector<std::string> out;
    if (!has(name)) return out;
    simdjson::dom::array list;
    note(at(name).get_array().get(list) == simdjson::SUCCESS, name);
    for (const element item : list) {
      std::string_view text;
      if (!note(item.get_string().get(text) == simdjson::SUCCESS, name)) break;
      out.emplace_back(text);
    }
    return out;
  }

 private:
  simdjson::simdjson_result<element> at(std::string_view name) const {
    if (!members_) return simdjson::NO_SUCH_FIELD;
    return members_->at_key(name);
  }

  std::optional<object> members_;
  std::string& fault_;
};

TcbVerdict read_verdict(Fields& level) {
  TcbVerdict out;
  const auto status = find_tcb_status(level.text("tcbStatus"));
  level.note(status.has_value(), "tcbStatus");
  out.status = status.value_or(TcbStatus::kRevoked);
  out.date = level.time("tcbDate");
  out.advisories = level.texts_if_any("advisoryIDs");
  return out;
}

std::vector<IsvLevel> read_isv_levels(Fields& fields, std::string& fault) {
  std::vector<IsvLevel> out;
  fields.each("tcbLevels", [&](Fields level) {
    Fields tcb(level.members("tcb"), fault);
    out.push_back({static_cast<std::uint16_t>(tcb.number("isvsvn", 0xffff)), read_verdict(level)});
  });
  return out;
}

TdxModule read_module(Fields& fields) {
  TdxModule out;
  fields.bytes("mrsigner", out.mr_signer);
  fields.bytes("attributes", out.attributes);
  fields.bytes("attributesMask", out.attributes_mask);
  return out;
}

SvnArray read_components(Fields& tcb, std::string_view name) {
  SvnArray out{};
  std::size_t count = 0;
  tcb.each(name, [&](Fields component) {
    const auto svn = static_cast<std::uint8_t>(component.number("svn", 255));
    if (count < out.size()) out[count] = svn;
    ++count;
  });
  tcb.note(count == out.size(), name);
  return out;
}

// Version 2 has a member for each.
SvnArray read_numbered_components(Fields& tcb) {
  SvnArray out{};
  for (std::size_t i = 0; i < out.size(); ++i) {
    const std::string number = std::to_string(i + 1);
    const std::string name = "sgxtcbcomp" + std::string(2 - number.size(), '0') + number + "svn";
    out[i] = static_cast<std::uint8_t>(tcb.number(name, 255));
  }
  return out;
}

Result<object> parse_object(encoding::JsonReader& reader, std::string_view text) {
  const auto root = reader.parse(text);
  if (!root) return root.error();
  object out;
  if (root->get_object().get(out) != simdjson::SUCCESS) return malformed("it is no object");
  return out;
}

std::string_view without_zero(std::string_view text) {
  if (text.ends_with('\0')) text.remove_suffix(1);
  return text;
}

Result<> read_signature(std::string_view digits, SignedJson& out) {
  const auto bytes = encoding::hex_decode(digits);
  if (!bytes || bytes->size() != out.signature.size()) return malformed("a signature has 64 bytes in hexadecimal");
  std::ranges::copy(*bytes, out.signature.begin());
  return {};
}

Result<IntelCollateral> parse_json(std::string_view text) {
  encoding::JsonReader reader(kLimits);
  const auto members = parse_object(reader, text);
  if (!members) return members.error();
  IntelCollateral out;
  std::optional<std::string> tcb_signature;
  std::optional<std::string> qe_signature;
  std::optional<std::string> tcb_info;
  std::optional<std::string> qe_identity;
  std::optional<std::string> root_ca_crl;
  std::optional<std::string> pck_crl;
  std::optional<std::string> unused;  // what some writers add: the chain that the quote has, too
  const std::array<std::pair<std::string_view, std::optional<std::string>*>, 10> kMembers{{
      {"pck_crl_issuer_chain", &out.pck_crl_issuer_chain},
      {"root_ca_crl", &root_ca_crl},
      {"pck_crl", &pck_crl},
      {"tcb_info_issuer_chain", &out.tcb_info_issuer_chain},
      {"tcb_info", &tcb_info},
      {"tcb_info_signature", &tcb_signature},
      {"qe_identity_issuer_chain", &out.qe_identity_issuer_chain},
      {"qe_identity", &qe_identity},
      {"qe_identity_signature", &qe_signature},
      {"pck_certificate_chain", &unused},
  }};
  for (const auto& member : *members) {
    const auto known = std::ranges::find(kMembers, member.key, [](const auto& each) { return each.first; });
    if (known == kMembers.end()) return malformed("`" + std::string(member.key) + "` is no item of collateral");
    if (member.value.is_null() && known->second == &unused) continue;
    std::string_view value;
    if (member.value.get_string().get(value) != simdjson::SUCCESS) {
      return malformed("`" + std::string(member.key) + "` is no text");
    }
    *known->second = std::string(value);
  }
  const auto sign = [](std::optional<std::string>& body, const std::optional<std::string>& signature,
                       std::string_view member, std::optional<SignedJson>& signed_json) -> Result<> {
    if (!body) return signature ? Result<>(malformed("a signature of nothing")) : Result<>();
    if (!signature) {
      auto read = parse_signed_json(*body, member);
      if (!read) return read.error();
      signed_json = *std::move(read);
      return {};
    }
    signed_json.emplace().body = *std::move(body);
    return read_signature(*signature, *signed_json);
  };
  if (auto done = sign(tcb_info, tcb_signature, "tcbInfo", out.tcb_info); !done) return done.error().in("`tcb_info`");
  if (auto done = sign(qe_identity, qe_signature, "enclaveIdentity", out.qe_identity); !done) {
    return done.error().in("`qe_identity`");
  }
  const auto decode = [](const std::optional<std::string>& digits, std::optional<Bytes>& list) -> Result<> {
    if (!digits) return {};
    auto bytes = encoding::hex_decode(*digits);
    if (!bytes) return bytes.error();
    list = *std::move(bytes);
    return {};
  };
  if (auto done = decode(root_ca_crl, out.root_ca_crl); !done) return done.error().in("`root_ca_crl`");
  if (auto done = decode(pck_crl, out.pck_crl); !done) return done.error().in("`pck_crl`");
  return out;
}

// The structure of the quote verification library, written out: its pointers mean nothing here and are passed over.
Result<IntelCollateral> parse_binary(ByteView file) {
  constexpr std::size_t kItems = 7;
  constexpr std::size_t kHeader = 8 + kItems * 16;
  if (file.size() < kHeader) return malformed("the collateral ends within its header");
  IntelCollateral out;
  const auto version = load_le<std::uint32_t>(file) & 0xffff;  // the major one
  if (version < 1 || version > 4) return malformed("the version of the collateral is not known");
  const auto tee = load_le<std::uint32_t>(file.subspan(4));
  if (tee != 0 && tee != static_cast<std::uint32_t>(IntelTee::kTdx)) return malformed("the TEE type is not known");
  out.tee = static_cast<IntelTee>(tee);
  std::array<ByteView, kItems> items;
  ByteView rest = file.subspan(kHeader);
  for (std::size_t i = 0; i < kItems; ++i) {
    const auto size = load_le<std::uint64_t>(file.subspan(8 + i * 16 + 8));
    if (size > rest.size()) return malformed("the collateral ends within an item");
    items[i] = rest.first(static_cast<std::size_t>(size));
    rest = rest.subspan(static_cast<std::size_t>(size));
  }
  if (!rest.empty()) return malformed("bytes follow the collateral");
  const auto text = [&](std::size_t i, std::optional<std::string>& into) {
    if (!items[i].empty()) into = std::string(without_zero(as_chars(items[i])));
  };
  const auto list = [&](std::size_t i, std::optional<Bytes>& into) -> Result<> {
    if (items[i].empty()) return {};
    auto bytes = read_list_bytes(items[i]);
    if (!bytes) return bytes.error();
    into = *std::move(bytes);
    return {};
  };
  const auto json = [&](std::size_t i, std::string_view member, std::optional<SignedJson>& into) -> Result<> {
    if (items[i].empty()) return {};
    auto read = parse_signed_json(without_zero(as_chars(items[i])), member);
    if (!read) return read.error();
    into = *std::move(read);
    return {};
  };
  text(0, out.pck_crl_issuer_chain);
  if (auto done = list(1, out.root_ca_crl); !done) return done.error().in("the root's list");
  if (auto done = list(2, out.pck_crl); !done) return done.error().in("the PCK's list");
  text(3, out.tcb_info_issuer_chain);
  if (auto done = json(4, "tcbInfo", out.tcb_info); !done) return done.error().in("TCB info");
  text(5, out.qe_identity_issuer_chain);
  if (auto done = json(6, "enclaveIdentity", out.qe_identity); !done) return done.error().in("QE identity");
  return out;
}

}  // namespace

Result<IntelCollateral> parse_intel_collateral(ByteView file) {
  if (file.size() > IntelCollateral::kMaxBytes) return Error(Errc::kTooLarge, "collateral has at most 4 MiB");
  const std::string_view text = as_chars(file);
  const auto begin = text.find_first_not_of(" \t\r\n");
  if (begin != std::string_view::npos && text[begin] == '{') return parse_json(text);
  return parse_binary(file);
}

Result<SignedJson> parse_signed_json(std::string_view text, std::string_view member) {
  encoding::JsonReader reader(kLimits);
  const auto members = parse_object(reader, text);
  if (!members) return members.error();
  if (members->size() != 2) return malformed("signed JSON has a body, a signature, and nothing else");
  const auto place = encoding::find_json_value(text, "/" + std::string(member));
  if (!place) return malformed("`" + std::string(member) + "` is not there");
  SignedJson out;
  out.body = std::string(text.substr(place->begin, place->end - place->begin));
  if (auto done = read_signature(encoding::string_member(*members, "signature"), out); !done) return done.error();
  return out;
}

Result<Bytes> read_list_bytes(ByteView file) {
  const bool is_der = !file.empty() && file[0] == std::byte{0x30};  // a SEQUENCE; in hexadecimal that is a `3`
  if (is_der || as_chars(file).find("-----BEGIN ") != std::string_view::npos) return to_bytes(file);
  auto bytes = encoding::hex_decode(without_zero(as_chars(file)));
  if (!bytes) return malformed("no revocation list in DER, PEM or hexadecimal");
  return bytes;
}

Result<TcbInfo> parse_tcb_info(std::string_view body) {
  encoding::JsonReader reader(kLimits);
  const auto members = parse_object(reader, body);
  if (!members) return members.error().in("TCB info");
  std::string fault;
  Fields fields(*members, fault);
  TcbInfo out;
  out.version = fields.number("version");
  if (fault.empty() && out.version != 2 && out.version != 3) {
    return Error(Errc::kUnsupported, "TCB info of version " + std::to_string(out.version));
  }
  out.id = out.version == 2 ? "SGX" : std::string(fields.text("id"));
  out.issued = fields.time("issueDate");
  out.next_update = fields.time("nextUpdate");
  fields.bytes("fmspc", out.fmspc);
  fields.bytes("pceId", out.pce_id);
  if (fields.number("tcbType") != 0 && fault.empty()) return Error(Errc::kUnsupported, "a TCB of an unknown type");
  out.evaluation_number = fields.number("tcbEvaluationDataNumber");
  const bool tdx = out.id == "TDX";
  if (tdx) {
    Fields module(fields.members("tdxModule"), fault);
    out.tdx_module = read_module(module);
    if (fields.has("tdxModuleIdentities")) {
      fields.each("tdxModuleIdentities", [&](Fields identity) {
        std::string id(identity.text("id"));
        TdxModule of = read_module(identity);
        out.tdx_modules.push_back({std::move(id), of, read_isv_levels(identity, fault)});
      });
    }
  }
  fields.each("tcbLevels", [&](Fields level) {
    Fields tcb(level.members("tcb"), fault);
    TcbLevel& into = out.levels.emplace_back();
    into.sgx_svns = out.version == 2 ? read_numbered_components(tcb) : read_components(tcb, "sgxtcbcomponents");
    into.pce_svn = static_cast<std::uint16_t>(tcb.number("pcesvn", 0xffff));
    if (tdx) into.tdx_svns = read_components(tcb, "tdxtcbcomponents");
    into.verdict = read_verdict(level);
  });
  if (!fault.empty()) return malformed("TCB info: " + fault);
  return out;
}

Result<QeIdentity> parse_qe_identity(std::string_view body) {
  encoding::JsonReader reader(kLimits);
  const auto members = parse_object(reader, body);
  if (!members) return members.error().in("QE identity");
  std::string fault;
  Fields fields(*members, fault);
  if (const auto version = fields.number("version"); fault.empty() && version != 2) {
    return Error(Errc::kUnsupported, "a QE identity of version " + std::to_string(version));
  }
  QeIdentity out;
  out.id = std::string(fields.text("id"));
  out.issued = fields.time("issueDate");
  out.next_update = fields.time("nextUpdate");
  out.evaluation_number = fields.number("tcbEvaluationDataNumber");
  fields.bytes("miscselect", out.misc_select);
  fields.bytes("miscselectMask", out.misc_select_mask);
  fields.bytes("attributes", out.attributes);
  fields.bytes("attributesMask", out.attributes_mask);
  fields.bytes("mrsigner", out.mr_signer);
  out.isv_prod_id = static_cast<std::uint16_t>(fields.number("isvprodid", 0xffff));
  out.levels = read_isv_levels(fields, fault);
  if (!fault.empty()) return malformed("QE identity: " + fault);
  return out;
}

}  // namespace redoubt::attest
