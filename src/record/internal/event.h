// What all records have in common as OCSF events of class API Activity. Inside this module only.
#pragma once

#include <string_view>

#include "record/exchange_record.h"
#include "record/internal/record_writer.h"
#include "record/summary.h"

namespace redoubt::record {

inline constexpr Enumerated kCreate{1, "Create"};
inline constexpr Enumerated kRead{2, "Read"};
inline constexpr Enumerated kUpdate{3, "Update"};
inline constexpr Enumerated kDelete{4, "Delete"};
inline constexpr Enumerated kOtherActivity{99, "Other"};

inline constexpr Enumerated kInformational{1, "Informational"};
inline constexpr Enumerated kLow{2, "Low"};
inline constexpr Enumerated kMedium{3, "Medium"};

inline constexpr Enumerated kStatusUnknown{0, "Unknown"};
inline constexpr Enumerated kSuccess{1, "Success"};
inline constexpr Enumerated kFailure{2, "Failure"};
inline constexpr Enumerated kAdmitted{99, "Admitted"};

inline constexpr Enumerated kAllowedAction{1, "Allowed"};
inline constexpr Enumerated kDeniedAction{2, "Denied"};
inline constexpr Enumerated kAllowed{1, "Allowed"};
inline constexpr Enumerated kBlocked{2, "Blocked"};
inline constexpr Enumerated kRejected{25, "Rejected"};
inline constexpr Enumerated kUnauthorized{26, "Unauthorized"};
inline constexpr Enumerated kError{27, "Error"};

// What the beginning of every record says.
struct Head {
  Stage stage;
  Enumerated activity;
  Enumerated severity;
  Enumerated status;
  std::string_view uid;              // of the request; the event's uid is this and the stage
  std::string_view correlation_uid;  // of the exchange; may be empty
  UnixMillis time;
  RecordSource source;
  std::string_view profiles;  // JSON strings with commas; may be empty
  bool truncated = false;
};

// The functions write in this order: the head begins the record, and after begin_unmapped() come members of Redoubt's
// own until its end.
void write_head(RecordWriter& json, const Head& head);

void write_actor(RecordWriter& json, std::string_view uid, std::string_view name, PrincipalType type,
                 std::string_view credential_uid);

struct ApiResponse {
  int code = 0;            // 0: not written
  std::string_view error;  // may be empty
};

// Of what is not empty; the operation is always written.
void write_api(RecordWriter& json, std::string_view operation, std::string_view request_uid, std::string_view service,
               ApiResponse response);

void begin_unmapped(RecordWriter& json, Stage stage);
void end_record(RecordWriter& json);

}  // namespace redoubt::record
