#include "record/fact_record.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include "encoding/base64.h"
#include "encoding/json_writer.h"

// The form of a fact stands once, in lay_out(): a Writer goes through it and appends, a Reader goes through it and
// takes off the front what the Writer would have appended, into the same members. Texts are such that none needs an
// escape, so they lie between their quotation marks as they are.

namespace redoubt::record {
namespace {

struct VerbForm {
  FactVerb verb;
  std::string_view caption;
  std::string_view json;
};
// By FactVerb.
constexpr std::array<VerbForm, 6> kVerbs = {{
    {FactVerb::kCreate, "Create",
     R"(,"activity_id":1,"activity_name":"Create","type_uid":300401,"type_name":"Entity Management: Create")"},
    {FactVerb::kUpdate, "Update",
     R"(,"activity_id":3,"activity_name":"Update","type_uid":300403,"type_name":"Entity Management: Update")"},
    {FactVerb::kDelete, "Delete",
     R"(,"activity_id":4,"activity_name":"Delete","type_uid":300404,"type_name":"Entity Management: Delete")"},
    {FactVerb::kEnable, "Enable",
     R"(,"activity_id":8,"activity_name":"Enable","type_uid":300408,"type_name":"Entity Management: Enable")"},
    {FactVerb::kDisable, "Disable",
     R"(,"activity_id":9,"activity_name":"Disable","type_uid":300409,"type_name":"Entity Management: Disable")"},
    {FactVerb::kOther, "Other",
     R"(,"activity_id":99,"activity_name":"Other","type_uid":300499,"type_name":"Entity Management: Other")"},
}};

struct SeverityForm {
  FactSeverity severity;
  std::string_view caption;
  std::string_view json;
};
// By FactSeverity.
constexpr std::array<SeverityForm, 2> kSeverities = {{
    {FactSeverity::kInformational, "Informational", R"(,"severity_id":1,"severity":"Informational")"},
    {FactSeverity::kHigh, "High", R"(,"severity_id":4,"severity":"High")"},
}};

constexpr std::string_view kBegin = R"({"category_uid":3,"category_name":"Identity & Access Management",)"
                                    R"("class_uid":3004,"class_name":"Entity Management")";

// What the record that is read says beside the fact.
struct SourceTexts {
  std::string_view log_origin;
  std::string_view tenant;
  std::string_view product_version;
};

// What kind of thing an object is: the part of its name before the first slash.
std::string_view type_of(std::string_view object) {
  return object.substr(0, object.find('/'));
}

// Whether a state before or after is written.
bool is_kept(std::string_view json) {
  return !json.empty() && json.size() <= kFactStateMax;
}

// What a character may be part of. A fact is some hundred characters of names: each is looked up once.
enum CharacterClass : std::uint8_t {
  kHexCharacter = 1,
  kNameCharacter = 2,   // of objects and ids
  kWordCharacter = 4,   // of methods
  kKindCharacter = 8,   // of kinds
  kPlainCharacter = 16  // of what is written between quotation marks as it is
};

constexpr std::array<std::uint8_t, 256> kClasses = [] {
  std::array<std::uint8_t, 256> classes{};
  for (unsigned c = 0; c < classes.size(); ++c) {
    const bool digit = c >= '0' && c <= '9';
    const bool letter = c >= 'a' && c <= 'z';
    const bool escaped = c < 0x20 || c == '"' || c == '\\';
    if (digit || (c >= 'a' && c <= 'f')) classes[c] |= kHexCharacter;
    if (c > 0x20 && c < 0x7f && !escaped) classes[c] |= kNameCharacter;
    if (digit || letter || c == '_') classes[c] |= kWordCharacter;
    if (digit || letter || c == '_' || c == '.') classes[c] |= kKindCharacter;
    if (!escaped) classes[c] |= kPlainCharacter;
  }
  return classes;
}();

bool all_are(CharacterClass wanted, std::string_view text) {
  std::uint8_t common = wanted;
  for (const char c : text) common &= kClasses[static_cast<unsigned char>(c)];
  return common == wanted;
}

bool is_hex(std::string_view text, std::size_t size) {
  return text.size() == size && all_are(kHexCharacter, text);
}

class DecimalText {
 public:
  template <std::integral T>
  explicit DecimalText(T value)
      : size_(static_cast<std::size_t>(std::to_chars(text_.data(), text_.data() + text_.size(), value).ptr -
                                       text_.data())) {}
  std::string_view view() const { return {text_.data(), size_}; }

 private:
  std::array<char, 24> text_;
  std::size_t size_;
};

class Writer {
 public:
  explicit Writer(std::string& out) : out_(out) {}

  void constant(std::string_view json) { out_.append(json); }
  void text(std::string_view before, std::string_view value) {
    out_.append(before).append(value);
    out_.push_back('"');
  }
  void optional_text(std::string_view before, std::string_view value) {
    if (!value.empty()) text(before, value);
  }
  template <std::integral T>
  void number(std::string_view before, T value) {
    out_.append(before).append(DecimalText(value).view());
  }
  void optional_number(std::string_view before, const std::optional<std::uint64_t>& value) {
    if (value) number(before, *value);
  }
  void verb(FactVerb verb) { out_.append(kVerbs[static_cast<std::size_t>(verb)].json); }
  void severity(FactSeverity severity) { out_.append(kSeverities[static_cast<std::size_t>(severity)].json); }
  void optional_state(std::string_view before, std::string_view json) {
    if (is_kept(json)) out_.append(before).append(json);
  }
  void approvers(const std::vector<std::string>& names) {
    std::string_view separator = R"(,"approved_by":[")";
    for (const std::string& name : names) {
      text(separator, name);
      separator = R"(,")";
    }
    if (!names.empty()) out_.push_back(']');
  }
  void commitments(const std::vector<std::pair<std::string, Commitment>>& all) {
    std::string_view separator = R"(,"commitments":{")";
    for (const auto& [field, commitment] : all) {
      text(separator, field);
      out_.append(R"(:")");
      encoding::append_hex(out_, commitment);
      out_.push_back('"');
      separator = R"(,")";
    }
    if (!all.empty()) out_.push_back('}');
  }
  void last_object(std::string_view before, std::string_view json, std::string_view after) {
    out_.append(before).append(json).append(after);
  }

 private:
  std::string& out_;
};

// Takes a JSON object off `text`, as far as its brackets tell: whether it is one is checked later. Empty when it is
// not.
std::string_view take_object(std::string_view& text) {
  if (!text.starts_with('{')) return {};
  std::size_t depth = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    switch (text[i]) {
      case '{':
        ++depth;
        break;
      case '}':
        if (--depth == 0) {
          const std::string_view object = text.substr(0, i + 1);
          text.remove_prefix(i + 1);
          return object;
        }
        break;
      case '"': {
        // What ends it, unless something is escaped before.
        const std::size_t end = text.find('"', i + 1);
        if (end == std::string_view::npos) return {};
        if (text[end - 1] != '\\') {
          i = end;
          break;
        }
        for (++i; i < text.size() && text[i] != '"'; ++i) {
          if (text[i] == '\\') ++i;
        }
        break;
      }
      default:
        break;
    }
  }
  return {};
}

// Once something is not as it must be, the rest is not looked at.
class Reader {
 public:
  explicit Reader(std::string_view record) : rest_(record) {}

  bool whole() const { return ok_ && rest_.empty(); }

  void constant(std::string_view json) { ok_ = ok_ && take(json); }
  void text(std::string_view before, std::string& value) {
    constant(before);
    value = quoted();
  }
  // What is there but empty would not have been written.
  template <class Text>
  void optional_text(std::string_view before, Text& value) {
    value = Text();
    if (!ok_ || !take(before)) return;
    value = quoted();
    ok_ = ok_ && !value.empty();
  }
  template <std::integral T>
  void number(std::string_view before, T& value) {
    constant(before);
    if (!ok_) return;
    T read = 0;
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), read);
    // One spelling: no leading zeros, no `-0`.
    ok_ = error == std::errc() && take(DecimalText(read).view()) && rest_.data() == end;
    if (ok_) value = read;
  }
  void optional_number(std::string_view before, std::optional<std::uint64_t>& value) {
    value.reset();
    if (!ok_ || !take(before)) return;
    number({}, value.emplace());
  }
  void verb(FactVerb& verb) {
    if (!ok_) return;
    const auto form = std::find_if(kVerbs.begin(), kVerbs.end(), [&](const VerbForm& each) { return take(each.json); });
    ok_ = form != kVerbs.end();
    if (ok_) verb = form->verb;
  }
  void severity(FactSeverity& severity) {
    if (!ok_) return;
    const auto form =
        std::find_if(kSeverities.begin(), kSeverities.end(), [&](const SeverityForm& each) { return take(each.json); });
    ok_ = form != kSeverities.end();
    if (ok_) severity = form->severity;
  }
  void optional_state(std::string_view before, std::string& json) {
    json.clear();
    if (!ok_ || !take(before)) return;
    const std::string_view object = take_object(rest_);
    ok_ = is_kept(object);
    json.assign(object);
  }
  void approvers(std::vector<std::string>& names) {
    names.clear();
    if (!ok_ || !rest_.starts_with(R"(,"approved_by":[)")) return;
    text(R"(,"approved_by":[")", names.emplace_back());
    while (ok_ && names.size() < kFactApproversMax && rest_.starts_with(',')) text(R"(,")", names.emplace_back());
    constant("]");
  }
  void commitments(std::vector<std::pair<std::string, Commitment>>& all) {
    all.clear();
    std::string_view separator = R"(,"commitments":{")";
    while (ok_ && all.size() < kCommitmentsMax && rest_.starts_with(separator)) {
      auto& [field, commitment] = all.emplace_back();
      text(separator, field);
      constant(R"(:")");
      const std::string_view hex = quoted();
      ok_ = ok_ && is_hex(hex, 2 * commitment.size());
      if (!ok_) return;
      const Result<Bytes> bytes = encoding::hex_decode(hex);
      std::copy(bytes->begin(), bytes->end(), commitment.begin());
      separator = R"(,")";
    }
    if (!all.empty()) constant("}");
  }
  // The last member, so that its end needs not be looked for.
  void last_object(std::string_view before, std::string& json, std::string_view after) {
    constant(before);
    ok_ = ok_ && rest_.ends_with(after);
    if (!ok_) return;
    json.assign(rest_.substr(0, rest_.size() - after.size()));
    rest_ = {};
  }

 private:
  // The text up to the next quotation mark; what was taken last ends in one.
  std::string_view quoted() {
    const std::size_t end = ok_ ? rest_.find('"') : std::string_view::npos;
    ok_ = end != std::string_view::npos;
    if (!ok_) return {};
    const std::string_view text = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    return text;
  }
  bool take(std::string_view front) {
    if (!rest_.starts_with(front)) return false;
    rest_.remove_prefix(front.size());
    return true;
  }

  std::string_view rest_;
  bool ok_ = true;
};

// `Io` is Writer or Reader; a Reader's `fact` and `source` are filled in. What is said twice is a constant by then.
template <class Io, class AnyFact, class AnySource>
void lay_out(Io& io, AnyFact& fact, AnySource& source) {
  io.constant(kBegin);
  io.verb(fact.verb);
  io.number(R"(,"time":)", fact.time.value);
  io.severity(fact.severity);
  io.constant(R"(,"status_id":1,"status":"Success")");

  io.text(R"(,"metadata":{"version":"1.8.0","event_code":"fact","uid":")", fact.uid);
  io.optional_text(R"(,"log_name":")", source.log_origin);
  io.optional_text(R"(,"tenant_uid":")", source.tenant);
  io.constant(R"(,"product":{"name":"Redoubt","vendor_name":"Redoubt")");
  io.optional_text(R"(,"version":")", source.product_version);

  io.text(R"(}},"actor":{"user":{"uid":")", fact.actor.principal);
  io.optional_text(R"(,"credential_uid":")", fact.actor.credential);

  io.text(R"(}},"entity":{"uid":")", fact.object);
  io.constant(R"(,"type_id":99,"type":")");
  io.constant(type_of(fact.object));
  io.number(R"(","version":")", fact.expects);
  io.constant(R"(")");
  io.optional_state(R"(,"data":)", fact.before);

  io.constant(R"(},"entity_result":{"uid":")");
  io.constant(fact.object);
  io.constant(R"(","type_id":99,"type":")");
  io.constant(type_of(fact.object));
  io.constant(R"(","version":")");
  io.constant(DecimalText(fact.expects + 1).view());
  io.constant(R"(")");
  io.optional_state(R"(,"data":)", fact.after);

  io.text(R"(},"unmapped":{"redoubt":{"format":1,"stage":"fact","kind":")", fact.kind);
  io.optional_number(R"(,"previous":)", fact.previous);
  io.optional_text(R"(,"on_behalf_of":")", fact.actor.on_behalf_of);
  io.optional_text(R"(,"method":")", fact.actor.method);
  io.number(R"(,"strength":)", fact.actor.strength);
  io.optional_text(R"(,"approval":")", fact.approval);
  io.approvers(fact.approved_by);
  io.optional_text(R"(,"idempotency_key":")", fact.idempotency_key);
  io.optional_text(R"(,"idempotency_request":")", fact.idempotency_request);
  io.commitments(fact.commitments);
  io.last_object(R"(,"body":)", fact.body, "}}}");
}

// The largest record, from the limits: names are written as they are, and an object's and its type twice.
constexpr std::size_t kConstantMax = 2048;
static_assert(kFactBodyMax + 2 * kFactStateMax + (8 + kFactApproversMax) * (kFactNameMax + 3) + kFactKindMax +
                  kFactMethodMax + kNameSizeMax + 2 * kLabelSizeMax +
                  kCommitmentsMax * (kFieldNameSizeMax + 2 * sizeof(Commitment) + 6) + kConstantMax <=
              kRecordSizeMax);

Error invalid(std::string_view member, std::string_view form) {
  return Error(Errc::kInvalidArgument, "a fact's " + std::string(member) + " " + std::string(form));
}

bool is_kind(std::string_view text) {
  return !text.empty() && text[0] >= 'a' && text[0] <= 'z' && text.size() <= kFactKindMax &&
         all_are(kKindCharacter, text);
}

bool is_plain(std::string_view text, std::size_t max) {
  return text.size() <= max && all_are(kPlainCharacter, text) && encoding::is_utf8(text);
}

Result<> check_source(const RecordSource& source) {
  constexpr std::string_view kForm = "has not the form it must have";
  if (!is_plain(source.log_origin, kNameSizeMax)) return invalid("log origin", kForm);
  if (!is_plain(source.tenant, kLabelSizeMax)) return invalid("tenant", kForm);
  if (!is_plain(source.product_version, kLabelSizeMax)) return invalid("product version", kForm);
  return {};
}

Result<> check_actor(const FactActor& actor) {
  constexpr std::string_view kForm = "is not a name of 1 to 256 visible characters";
  if (!is_fact_name(actor.principal)) return invalid("principal", kForm);
  if (!actor.credential.empty() && !is_fact_name(actor.credential)) return invalid("credential", kForm);
  if (!actor.on_behalf_of.empty() && !is_fact_name(actor.on_behalf_of)) return invalid("on_behalf_of", kForm);
  if (actor.method.size() > kFactMethodMax || !all_are(kWordCharacter, actor.method))
    return invalid("method", "is not of a-z, 0-9 and _");
  if (actor.strength < 0 || actor.strength > kFactStrengthMax) return invalid("strength", "is not 0 to 9");
  return {};
}

// All but the JSON in it.
Result<> check_names(const Fact& fact) {
  if (!is_hex(fact.uid, 32)) return invalid("uid", "is not 32 lower-case hexadecimal characters");
  if (!is_kind(fact.kind)) return invalid("kind", "is not 1 to 128 of a-z, 0-9, _ and ., a letter first");
  constexpr std::string_view kName = "is not a name of 1 to 256 visible characters";
  if (!is_fact_name(fact.object)) return invalid("object", kName);
  if (fact.expects == UINT64_MAX) return invalid("expects", "has no next version");
  if (auto done = check_actor(fact.actor); !done) return done;
  if (!fact.approval.empty() && !is_fact_name(fact.approval)) return invalid("approval", kName);
  if (fact.approved_by.size() > kFactApproversMax) return invalid("approved_by", "names more than 16");
  if (!std::all_of(fact.approved_by.begin(), fact.approved_by.end(), is_fact_name))
    return invalid("approved_by", kName);
  const bool idempotent = !fact.idempotency_key.empty() || !fact.idempotency_request.empty();
  if (idempotent && !(is_hex(fact.idempotency_key, 64) && is_hex(fact.idempotency_request, 64))) {
    return invalid("idempotency", "is not two times 64 lower-case hexadecimal characters");
  }
  if (fact.commitments.size() > kCommitmentsMax) return invalid("commitments", "are more than 16");
  for (auto each = fact.commitments.begin(); each != fact.commitments.end(); ++each) {
    if (!is_field_name(each->first)) return invalid("commitments", "have a field that is none");
    const auto same = [&](const auto& earlier) { return earlier.first == each->first; };
    if (std::any_of(fact.commitments.begin(), each, same)) return invalid("commitments", "name a field twice");
  }
  return {};
}

// `json` is as `Fact::body` must be. The result is the reader's.
Result<simdjson::dom::object> check_object(encoding::JsonReader& reader, std::string_view member, std::string_view json,
                                           std::size_t max) {
  if (json.size() > max) return invalid(member, "is longer than it may be");
  // Other control characters are not JSON.
  const auto has = [&](char c) { return json.find(c) != std::string_view::npos; };
  const bool one_line = !has('\n') && !has('\r') && !has('\t');
  if (!json.starts_with('{') || !json.ends_with('}') || !one_line) return invalid(member, "is not one line of JSON");
  const auto parsed = reader.parse(json);
  if (!parsed) return Error(Errc::kInvalidArgument, parsed.error().in("a fact's " + std::string(member)).message());
  return parsed->get_object().value_unsafe();
}

// The body last: it is then what the reader holds.
Result<simdjson::dom::object> check_json(encoding::JsonReader& reader, const Fact& fact) {
  for (const auto& [member, json] : {std::pair<std::string_view, std::string_view>{"before", fact.before},
                                     std::pair<std::string_view, std::string_view>{"after", fact.after}}) {
    if (!is_kept(json)) continue;
    if (auto object = check_object(reader, member, json, kFactStateMax); !object) return object;
  }
  return check_object(reader, "body", fact.body, kFactBodyMax);
}

// A record that is not laid out as a fact: of another kind, or an error.
Result<> check_other(ByteView record) {
  encoding::JsonReader reader({.max_bytes = kRecordSizeMax});
  const auto parsed = reader.parse(as_chars(record));
  if (!parsed) return parsed.error().in("record");
  if (!parsed->is_object()) return Error(Errc::kMalformed, "record is not a JSON object");
  std::string_view stage;
  if (parsed->at_pointer("/unmapped/redoubt/stage").get(stage) != simdjson::SUCCESS || stage != "fact") {
    return {};
  }
  std::uint64_t format = 1;
  if (parsed->at_pointer("/unmapped/redoubt/format").get(format) == simdjson::SUCCESS && format > 1) {
    return Error(Errc::kUnsupported, "a fact of a later format");
  }
  return Error(Errc::kMalformed, "a fact that has not the form of one");
}

}  // namespace

bool is_fact_name(std::string_view text) {
  return !text.empty() && text.size() <= kFactNameMax && all_are(kNameCharacter, text);
}

std::string_view to_string(FactVerb verb) {
  return kVerbs[static_cast<std::size_t>(verb)].caption;
}

std::string_view to_string(FactSeverity severity) {
  return kSeverities[static_cast<std::size_t>(severity)].caption;
}

Result<> append_fact(std::string& out, const Fact& fact, const RecordSource& source) {
  if (auto done = check_source(source); !done) return done;
  if (auto done = check_names(fact); !done) return done;
  encoding::JsonReader reader({.max_bytes = kFactBodyMax, .max_depth = kFactDepthMax});
  if (auto object = check_json(reader, fact); !object) return object.error();
  Writer writer(out);
  lay_out(writer, fact, source);
  return {};
}

bool begins_as_fact(ByteView record) {
  return as_chars(record).starts_with(kBegin);
}

Result<const Fact*> FactReader::read(ByteView record) {
  if (record.size() > kRecordSizeMax) return Error(Errc::kTooLarge, "record is longer than a record may be");
  SourceTexts source;
  Reader reader(as_chars(record));
  lay_out(reader, fact_, source);
  if (!reader.whole()) {
    if (auto other = check_other(record); !other) return other.error();
    return nullptr;
  }
  const auto malformed = [](const Error& error) { return Error(Errc::kMalformed, error.message()); };
  if (auto done = check_source({source.log_origin, source.tenant, source.product_version}); !done) {
    return malformed(done.error());
  }
  if (auto done = check_names(fact_); !done) return malformed(done.error());
  auto body = check_json(reader_, fact_);
  if (!body) return malformed(body.error());
  body_ = *body;
  return &fact_;
}

}  // namespace redoubt::record
