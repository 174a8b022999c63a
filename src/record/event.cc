#include "record/internal/event.h"

#include <algorithm>
#include <array>

#include "record/internal/cutter.h"

namespace redoubt::record {
namespace {

Enumerated principal_type(PrincipalType type) {
  switch (type) {
    case PrincipalType::kUser:
      return {1, "User"};
    case PrincipalType::kAdmin:
      return {2, "Admin"};
    case PrincipalType::kSystem:
      return {3, "System"};
    case PrincipalType::kService:
      return {4, "Service"};
    case PrincipalType::kUnknown:
      break;
  }
  return {0, "Unknown"};
}

}  // namespace

void write_head(RecordWriter& json, const Head& head) {
  json << R"({"category_uid":6,"category_name":"Application Activity","class_uid":6003,"class_name":"API Activity")";
  json.enumerated(R"(,"activity_id":)", R"(,"activity_name":)", head.activity);
  json.member(R"(,"type_uid":)", 6003 * 100 + head.activity.id);
  json << R"(,"type_name":"API Activity: )" << head.activity.caption << R"(")";
  json.member(R"(,"time":)", head.time.value);
  json.enumerated(R"(,"severity_id":)", R"(,"severity":)", head.severity);
  json.enumerated(R"(,"status_id":)", R"(,"status":)", head.status);

  json << R"(,"metadata":{"version":"1.8.0","event_code":")" << to_string(head.stage) << R"(")";
  if (!head.uid.empty()) {
    // The uid is hexadecimal by contract; whatever it is, it is escaped, and the suffix goes inside its quotes.
    std::array<char, kUidSizeMax + 16> buffer;
    char* end = std::copy(head.uid.begin(), head.uid.end(), buffer.data());
    *end++ = '.';
    const std::string_view stage = to_string(head.stage);
    end = std::copy(stage.begin(), stage.end(), end);
    json << R"(,"uid":)";
    json.text({buffer.data(), static_cast<std::size_t>(end - buffer.data())});
  }
  json.optional_text(R"(,"correlation_uid":)", head.correlation_uid);
  json.optional_text(R"(,"log_name":)", head.source.log_origin);
  json.optional_text(R"(,"tenant_uid":)", head.source.tenant);
  json << R"(,"product":{"name":"Redoubt","vendor_name":"Redoubt")";
  json.optional_text(R"(,"version":)", head.source.product_version);
  json << "}";
  if (!head.profiles.empty()) json << R"(,"profiles":[)" << head.profiles << "]";
  if (head.truncated) json << R"(,"is_truncated":true)";
  json << "}";
}

void write_actor(RecordWriter& json, std::string_view uid, std::string_view name, PrincipalType type,
                 std::string_view credential_uid) {
  json << R"(,"actor":{"user":{)";
  if (uid.empty()) {
    // Without a uid it is nobody: a principal of this name has a uid.
    json << R"("name":"unauthenticated","type_id":0,"type":"Unknown"}})";
    return;
  }
  json << R"("uid":)";
  json.text(uid);
  json.optional_text(R"(,"name":)", name);
  json.enumerated(R"(,"type_id":)", R"(,"type":)", principal_type(type));
  json.optional_text(R"(,"credential_uid":)", credential_uid);
  json << "}}";
}

void write_api(RecordWriter& json, std::string_view operation, std::string_view request_uid, std::string_view service,
               ApiResponse response) {
  json << R"(,"api":{"operation":)";
  json.text(operation.empty() ? std::string_view("unknown") : operation);
  if (!request_uid.empty()) {
    json << R"(,"request":{"uid":)";
    json.text(request_uid);
    json << "}";
  }
  if (!service.empty()) {
    json << R"(,"service":{"name":)";
    json.text(service);
    json << "}";
  }
  if (response.code != 0) {
    json.member(R"(,"response":{"code":)", response.code);
    json.optional_text(R"(,"error":)", response.error);
    json << "}";
  } else if (!response.error.empty()) {
    json << R"(,"response":{"error":)";
    json.text(response.error);
    json << "}";
  }
  json << "}";
}

void begin_unmapped(RecordWriter& json, Stage stage) {
  json << R"(,"unmapped":{"redoubt":{"format":1,"stage":")" << to_string(stage) << R"(")";
}

void end_record(RecordWriter& json) {
  json << "}}}";
}

}  // namespace redoubt::record
