#include "record/describe.h"

#include <simdjson.h>

#include <array>
#include <charconv>
#include <cstdint>
#include <ctime>
#include <string_view>

#include "encoding/base64.h"
#include "encoding/json_reader.h"
#include "encoding/json_writer.h"
#include "record/exchange_record.h"
#include "record/summary.h"
#include "record/terminal_text.h"

namespace redoubt::record {
namespace {

using simdjson::dom::element;
using simdjson::dom::element_type;

constexpr std::size_t kKeyWidth = 14;
constexpr std::size_t kValueLineMax = 96;  // characters of an opened value in one line

std::string_view text_at(const element& record, std::string_view pointer) {
  std::string_view text;
  if (record.at_pointer(pointer).get(text) != simdjson::SUCCESS) return {};
  return text;
}

template <class T>
bool number_at(const element& record, std::string_view pointer, T& number) {
  return record.at_pointer(pointer).get(number) == simdjson::SUCCESS;
}

// `2026-11-21T04:50:00.123Z` (RFC 3339), or the bare number outside the years 0 to 9999.
std::string format_time(std::int64_t millis) {
  constexpr std::int64_t kFirst = -62'167'219'200'000;  // 0000-01-01T00:00:00Z
  constexpr std::int64_t kLast = 253'402'300'799'999;   // 9999-12-31T23:59:59.999Z
  if (millis < kFirst || millis > kLast) return std::to_string(millis) + " ms";
  std::int64_t seconds = millis / 1000;
  std::int64_t rest = millis % 1000;
  if (rest < 0) {
    rest += 1000;
    --seconds;
  }
  const std::time_t time = seconds;
  std::tm parts{};
  ::gmtime_r(&time, &parts);
  std::array<char, 32> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S.", &parts);
  std::string out(text.data(), size);
  if (out.size() < 20) out.insert(0, 20 - out.size(), '0');  // %Y does not pad years below 1000
  out += std::to_string(1000 + rest).substr(1);
  return out + "Z";
}

class Lines {
 public:
  // Untrusted text; nothing is written when it is empty.
  void untrusted(std::string_view key, std::string_view value) {
    if (value.empty()) return;
    begin(key);
    append_terminal_text(out_, value);
    out_ += '\n';
  }
  // Text of ours, possibly holding untrusted parts that are escaped already.
  void line(std::string_view key, std::string_view value) {
    begin(key);
    out_ += value;
    out_ += '\n';
  }
  // An opened value behind `|`, one line of it a line, long ones continued behind `:`. A mark stands before every
  // character of the value, so none of it can pass for a line of ours.
  void block(std::string_view value) {
    while (true) {
      const std::size_t end = value.find('\n');
      std::string_view rest = value.substr(0, end);
      std::string_view mark = "  | ";
      do {
        out_ += mark;
        append_terminal_text(out_, take_characters(rest, kValueLineMax));
        out_ += '\n';
        mark = "  : ";
      } while (!rest.empty());
      if (end == std::string_view::npos) break;
      value.remove_prefix(end + 1);
      if (value.empty()) break;
    }
  }
  void blank() { out_ += '\n'; }
  std::string take() { return std::move(out_); }

 private:
  void begin(std::string_view key) {
    out_ += key;
    out_.append(key.size() < kKeyWidth ? kKeyWidth - key.size() : 1, ' ');
  }
  static std::string_view take_characters(std::string_view& text, std::size_t count) {
    std::string_view all = text;
    while (count-- > 0 && !text.empty()) {
      char32_t code_point = 0;
      const std::size_t size = utf8_character(text, code_point);
      text.remove_prefix(size == 0 ? 1 : size);
    }
    return all.substr(0, all.size() - text.size());
  }

  std::string out_;
};

std::string safe(std::string_view text) {
  std::string out;
  append_terminal_text(out, text);
  return out;
}

// "`a` b" of two untrusted texts, either of which may be missing.
void add_word(std::string& line, std::string_view before, std::string_view word) {
  if (word.empty()) return;
  if (!line.empty()) line += before;
  append_terminal_text(line, word);
}

void describe_principal(Lines& lines, const element& record) {
  std::string line;
  const std::string_view uid = text_at(record, "/actor/user/uid");
  const std::string_view name = text_at(record, "/actor/user/name");
  if (uid.empty() && name.empty()) {
    lines.untrusted("by", text_at(record, "/actor/app_name"));
    return;
  }
  add_word(line, "", uid.empty() ? name : uid);
  if (!uid.empty() && !name.empty()) line += " (" + safe(name) + ")";
  const std::string_view type = text_at(record, "/actor/user/type");
  if (type != "Unknown") add_word(line, ", ", type);
  const std::string_view credential = text_at(record, "/actor/user/credential_uid");
  if (!credential.empty()) line += ", credential " + safe(credential);
  lines.line("principal", line);
}

void describe_request(Lines& lines, const element& record) {
  std::string line;
  add_word(line, "", text_at(record, "/http_request/http_method"));
  add_word(line, "", text_at(record, "/unmapped/redoubt/http_method"));
  add_word(line, " ", text_at(record, "/http_request/url/path"));
  std::uint64_t size = 0;
  if (number_at(record, "/http_request/body_length", size) && size > 0) line += ", " + std::to_string(size) + " bytes";
  bool stream = false;
  if (number_at(record, "/unmapped/redoubt/stream", stream) && stream) line += ", streamed";
  if (!line.empty()) lines.line("request", line);
  lines.untrusted("operation", text_at(record, "/api/operation"));

  std::string model;
  add_word(model, "", text_at(record, "/ai_model/name"));
  add_word(model, " of ", text_at(record, "/ai_model/ai_provider"));
  if (!model.empty()) lines.line("model", model);
  lines.untrusted("upstream", text_at(record, "/dst_endpoint/svc_name"));
}

void describe_decision(Lines& lines, const element& record) {
  simdjson::dom::array authorizations;
  if (record.at_key("authorizations").get(authorizations) != simdjson::SUCCESS) return;
  for (const element authorization : authorizations) {
    std::string line = safe(text_at(authorization, "/decision"));
    add_word(line, " by ", text_at(authorization, "/policy/name"));
    add_word(line, ", policy ", text_at(authorization, "/policy/uid"));
    add_word(line, ", version ", text_at(authorization, "/policy/version"));
    if (!line.empty()) lines.line("decision", line);
  }
}

// `crm_lookup, send_mail` of a list of names, or `labs (300 rows), notes` of objects with a name.
void describe_names(Lines& lines, std::string_view title, const element& record, std::string_view pointer) {
  simdjson::dom::array names;
  if (record.at_pointer(pointer).get(names) != simdjson::SUCCESS) return;
  std::string line;
  for (const element each : names) {
    std::string_view name;
    if (each.get(name) != simdjson::SUCCESS) name = text_at(each, "/name");
    add_word(line, ", ", name);
    std::uint64_t rows = 0;
    if (each.is_object() && number_at(each, "/rows", rows)) line += " (" + std::to_string(rows) + " rows)";
  }
  if (!line.empty()) lines.line(title, line);
}

void describe_touched(Lines& lines, const element& record) {
  describe_names(lines, "tools offered", record, "/unmapped/redoubt/tools_offered");
  describe_names(lines, "tools called", record, "/unmapped/redoubt/tools");
  describe_names(lines, "data sets", record, "/unmapped/redoubt/data");
}

// `2 credit_card in user (tokenise), 1 email_address in tool (flag)`, and how much of an answer was looked at.
void describe_inspection(Lines& lines, const element& record) {
  simdjson::dom::array matches;
  std::string line;
  if (record.at_pointer("/unmapped/redoubt/matches").get(matches) == simdjson::SUCCESS) {
    for (const element match : matches) {
      std::uint64_t count = 0;
      if (!number_at(match, "/count", count)) continue;
      if (!line.empty()) line += ", ";
      line += std::to_string(count);
      add_word(line, " ", text_at(match, "/kind"));
      add_word(line, " in ", text_at(match, "/where"));
      const std::string_view action = text_at(match, "/action");
      if (!action.empty()) line += " (" + safe(action) + ")";
    }
  }
  if (!line.empty()) lines.line("matches", line);

  std::array<std::uint64_t, 3> bytes{};
  if (number_at(record, "/unmapped/redoubt/inspected/scanned", bytes[0]) &&
      number_at(record, "/unmapped/redoubt/inspected/released", bytes[1]) &&
      number_at(record, "/unmapped/redoubt/inspected/withheld", bytes[2])) {
    std::string seen = std::to_string(bytes[0]) + " bytes, " + std::to_string(bytes[1]) + " released, " +
                       std::to_string(bytes[2]) + " withheld";
    std::uint64_t held = 0;
    if (number_at(record, "/unmapped/redoubt/inspected/held", held)) {
      seen += ", " + std::to_string(held) + " held back at most";
      bool beyond = false;
      if (number_at(record, "/unmapped/redoubt/inspected/beyond", beyond) && beyond) {
        seen += ", more than declared";
      }
    }
    lines.line("inspected", seen);
  }
}

void describe_result(Lines& lines, const element& record, const Summary& summary) {
  if (summary.stage == Stage::kOpened) {
    std::uint64_t index = 0;
    if (number_at(record, "/unmapped/redoubt/opened_index", index))
      lines.line("opened", "entry " + std::to_string(index));
    if (number_at(record, "/unmapped/redoubt/records", index)) {
      const std::string name = safe(text_at(record, "/unmapped/redoubt/dictionary"));
      lines.line("opened", "dictionary " + name + ", " + std::to_string(index) + " records, keyed for the gateway");
    }
    std::string fields;
    simdjson::dom::array names;
    if (record.at_pointer("/unmapped/redoubt/fields").get(names) == simdjson::SUCCESS) {
      for (const element name : names) {
        std::string_view text;
        if (name.get(text) == simdjson::SUCCESS) add_word(fields, ", ", text);
      }
    }
    if (!fields.empty()) lines.line("fields", fields);
    lines.untrusted("reason", text_at(record, "/unmapped/redoubt/reason"));
    return;
  }
  if (summary.stage == Stage::kAttested) {
    lines.untrusted("signer", text_at(record, "/unmapped/redoubt/signer"));
    lines.untrusted("machine", text_at(record, "/unmapped/redoubt/attester"));
    return;
  }
  if (summary.stage == Stage::kAdmission) return;

  std::string line;
  if (summary.stage == Stage::kDenial) line = "denied";
  add_word(line, ", ", text_at(record, "/status_detail"));
  std::int64_t number = 0;
  if (number_at(record, "/api/response/code", number)) line += ", HTTP " + std::to_string(number);
  add_word(line, ", ", text_at(record, "/api/response/error"));
  if (number_at(record, "/count", number)) line += ", " + std::to_string(number) + " times";
  if (number_at(record, "/duration", number)) line += ", " + std::to_string(number) + " ms";
  if (number_at(record, "/http_response/body_length", number) && number > 0) {
    line += ", " + std::to_string(number) + " bytes";
  }
  if (!line.empty()) lines.line("result", line);
  if (number_at(record, "/start_time", number)) lines.line("since", format_time(number));

  std::string tokens;
  const auto add_tokens = [&](std::string_view pointer, std::string_view label) {
    if (!number_at(record, pointer, number)) return;
    if (!tokens.empty()) tokens += ", ";
    tokens += std::to_string(number);
    tokens += label;
  };
  add_tokens("/message_context/prompt_tokens", " prompt");
  add_tokens("/message_context/completion_tokens", " completion");
  add_tokens("/message_context/total_tokens", " in all");
  if (!tokens.empty()) lines.line("tokens", tokens);
  if (summary.admission_index) lines.line("admission", "entry " + std::to_string(*summary.admission_index));
}

void describe_commitments(Lines& lines, const element& record, const Opening* opening) {
  simdjson::dom::object commitments;
  const bool has = record.at_pointer("/unmapped/redoubt/commitments").get(commitments) == simdjson::SUCCESS;
  if (has) {
    for (const auto [field, value] : commitments) {
      std::string_view text;
      if (value.get(text) != simdjson::SUCCESS) continue;
      lines.line("commitment", safe(field) + " " + safe(text));
    }
  }
  if (opening == nullptr) return;
  for (const OpeningValue& value : opening->values) {
    const std::string name = safe(value.field);
    const std::string_view recorded = has ? encoding::string_member(commitments, value.field) : std::string_view();
    lines.blank();
    if (recorded.empty() || !is_field_name(value.field)) {
      lines.line("opened", name + ": withheld, the record does not commit to it");
    } else if (!value.value_present) {
      lines.line("opened", name + ": not kept, " + std::to_string(value.value_size) + " bytes; salt " +
                               encoding::hex(value.salt) + " proves the original");
    } else if (value.value.size() != value.value_size ||
               encoding::hex(commit(value.salt, value.field, as_bytes(value.value))) != recorded) {
      lines.line("opened", name + ": withheld, it is NOT what the record commits to");
    } else {
      lines.line("opened", name + ": " + std::to_string(value.value_size) + " bytes, as committed");
      if (!value.value.empty()) lines.block(value.value);
    }
  }
}

// Indented JSON. Depth is bounded by the reader's limit.
void pretty(std::string& out, const element& value, std::size_t depth) {
  const auto new_line = [&](std::size_t level) {
    out += '\n';
    out.append(2 * level, ' ');
  };
  const auto quoted = [&](std::string_view text) {
    std::string json;
    encoding::append_json_string(json, text);
    append_terminal_text(out, json);
  };
  switch (value.type()) {
    case element_type::OBJECT: {
      const simdjson::dom::object object = value.get_object().value_unsafe();
      if (object.begin() == object.end()) {
        out += "{}";
        return;
      }
      out += '{';
      bool first = true;
      for (const auto [key, member] : object) {
        if (!first) out += ',';
        first = false;
        new_line(depth + 1);
        quoted(key);
        out += ": ";
        pretty(out, member, depth + 1);
      }
      new_line(depth);
      out += '}';
      return;
    }
    case element_type::ARRAY: {
      const simdjson::dom::array array = value.get_array().value_unsafe();
      if (array.begin() == array.end()) {
        out += "[]";
        return;
      }
      out += '[';
      bool first = true;
      for (const element item : array) {
        if (!first) out += ',';
        first = false;
        new_line(depth + 1);
        pretty(out, item, depth + 1);
      }
      new_line(depth);
      out += ']';
      return;
    }
    case element_type::STRING:
      quoted(value.get_string().value_unsafe());
      return;
    case element_type::INT64:
      out += std::to_string(value.get_int64().value_unsafe());
      return;
    case element_type::UINT64:
      out += std::to_string(value.get_uint64().value_unsafe());
      return;
    case element_type::DOUBLE: {
      std::array<char, 32> digits;
      const double number = value.get_double().value_unsafe();
      const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
      out.append(digits.data(), static_cast<std::size_t>(end - digits.data()));
      return;
    }
    case element_type::BOOL:
      out += value.get_bool().value_unsafe() ? "true" : "false";
      return;
    case element_type::NULL_VALUE:
      out += "null";
      return;
  }
}

// A JSON object of the record, indented, behind a name; nothing when there is none.
void describe_object(Lines& lines, std::string_view key, const element& record, std::string_view pointer) {
  element object;
  if (record.at_pointer(pointer).get(object) != simdjson::SUCCESS || !object.is_object()) return;
  std::string json;
  pretty(json, object, 1);
  lines.line(key, json);
}

void describe_fact(Lines& lines, const element& record) {
  std::string kind = safe(text_at(record, "/unmapped/redoubt/kind"));
  add_word(kind, ", ", text_at(record, "/activity_name"));
  lines.line("fact", kind);
  std::string object = safe(text_at(record, "/entity/uid"));
  add_word(object, ", version ", text_at(record, "/entity/version"));
  add_word(object, " to ", text_at(record, "/entity_result/version"));
  lines.line("object", object);
  std::uint64_t number = 0;
  if (number_at(record, "/unmapped/redoubt/previous", number))
    lines.line("previous", "entry " + std::to_string(number));
  lines.untrusted("on behalf of", text_at(record, "/unmapped/redoubt/on_behalf_of"));
  std::string proof = safe(text_at(record, "/unmapped/redoubt/method"));
  if (number_at(record, "/unmapped/redoubt/strength", number)) {
    proof += (proof.empty() ? "strength " : ", strength ") + std::to_string(number);
  }
  if (!proof.empty()) lines.line("proven by", proof);
  std::string approval = safe(text_at(record, "/unmapped/redoubt/approval"));
  simdjson::dom::array approvers;
  if (record.at_pointer("/unmapped/redoubt/approved_by").get(approvers) == simdjson::SUCCESS) {
    std::string_view before = approval.empty() ? "by " : ", by ";
    for (const element approver : approvers) {
      std::string_view text;
      if (approver.get(text) == simdjson::SUCCESS) approval += std::string(before) + safe(text);
      before = " and ";
    }
  }
  if (!approval.empty()) lines.line("approved", approval);
  describe_object(lines, "before", record, "/entity/data");
  describe_object(lines, "after", record, "/entity_result/data");
  describe_object(lines, "body", record, "/unmapped/redoubt/body");
}

}  // namespace

Result<std::string> describe(ByteView record_json, const Opening* opening) {
  encoding::JsonReader reader({.max_bytes = kRecordSizeMax});
  const Result<element> parsed = reader.parse(as_chars(record_json));
  if (!parsed) return parsed.error().in("record");
  const element& record = *parsed;
  if (!record.is_object()) return Error(Errc::kMalformed, "record is not a JSON object");

  const Result<Summary> summary = summarize(record_json);
  Lines lines;
  if (summary) {
    lines.line("record", to_string(summary->stage));
    lines.line("time", format_time(summary->time.value));
    lines.untrusted("exchange", summary->exchange_uid);
    lines.untrusted("log", text_at(record, "/metadata/log_name"));
    lines.untrusted("tenant", text_at(record, "/metadata/tenant_uid"));
    describe_principal(lines, record);
    if (summary->stage == Stage::kFact) describe_fact(lines, record);
    describe_request(lines, record);
    describe_touched(lines, record);
    describe_inspection(lines, record);
    describe_decision(lines, record);
    describe_result(lines, record, *summary);
    bool truncated = false;
    if (number_at(record, "/metadata/is_truncated", truncated) && truncated) lines.line("note", "some text was cut");
  } else {
    std::string json;
    pretty(json, record, 0);
    lines.line("record", "of a kind unknown here");
    return lines.take() + json + "\n";
  }
  describe_commitments(lines, record, opening);
  return lines.take();
}

}  // namespace redoubt::record
