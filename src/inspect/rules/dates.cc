// Dates and times of day.
#include "inspect/internal/checks.h"
#include "inspect/internal/rule.h"

namespace redoubt::inspect::internal {
namespace {

constexpr std::string_view kDateWords =
    "date|birth|born|birthday|dob|expiry|expires|expiration|issued|valid|since|until|deadline|due|appointment|datum|"
    "geburtsdatum|geboren|geb|né|née|naissance|nacimiento|nacido|nascita|nato|nata|nascimento|дата|рождения|"
    "geboortedatum|"
    "on|date of";

#define REDOUBT_MONTHS                                                                                            \
  "(jan(uary)?|feb(ruary)?|mar(ch)?|apr(il)?|may|june?|july?|aug(ust)?|sept?(ember)?|oct(ober)?|nov(ember)?|dec(" \
  "ember)?)"

constexpr ShapeRule kDates[] = {
    {.name = "date_iso",
     .kind = "DATE_TIME",
     .pattern = R"(\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+\-]\d{2}:?\d{2})?)?)",
     .check = is_iso_date,
     .check_name = "calendar",
     .context = kDateWords,
     .base = 0.85F,
     .near = 0.95F,
     .source = "ISO 8601-1, RFC 3339"},
    {.name = "date_slashes",
     .kind = "DATE_TIME",
     .pattern = R"(\d{1,2}/\d{1,2}/(\d{4}|\d{2})|\d{4}/\d{1,2}/\d{1,2}|\d{1,2}-\d{1,2}-\d{4})",
     .check = is_numeric_date,
     .check_name = "calendar",
     .context = kDateWords,
     .base = 0.75F,
     .near = 0.95F,
     .source = "common forms"},
    {.name = "date_dots",
     .kind = "DATE_TIME",
     .pattern = R"(\d{1,2}\.\d{1,2}\.\d{4})",
     .check = is_numeric_date,
     .check_name = "calendar",
     .context = kDateWords,
     .base = 0.7F,
     .near = 0.95F,
     .source = "DIN 5008"},
    {.name = "date_dots_short",
     .kind = "DATE_TIME",
     .pattern = R"(\d{1,2}\.\d{1,2}\.\d{2}|\d{2}-\d{2}-\d{2})",
     .check = is_numeric_date,
     .check_name = "calendar",
     .context = "birth|born|dob|geburtsdatum|geboren|geb|naissance|nacimiento|nascita|birthday",
     .base = 0.2F,
     .near = 0.7F,
     .source = "common forms"},
    {.name = "date_day_month",
     .kind = "DATE_TIME",
     .pattern = R"(\d{1,2}(st|nd|rd|th)?( of)?[ \-])" REDOUBT_MONTHS R"((,?[ \-]\d{4})?)",
     .check = is_named_date,
     .check_name = "calendar",
     .context = kDateWords,
     .base = 0.7F,
     .near = 0.9F,
     .source = "common forms"},
    {.name = "date_month_day",
     .kind = "DATE_TIME",
     .pattern = REDOUBT_MONTHS R"(\.?[ \-]\d{1,2}(st|nd|rd|th)?(,? \d{4}|-\d{2,4})?)",
     .check = is_named_date,
     .check_name = "calendar",
     .context = kDateWords,
     .base = 0.7F,
     .near = 0.9F,
     .source = "common forms"},
};
#undef REDOUBT_MONTHS

}  // namespace

std::span<const ShapeRule> date_shapes() {
  return kDates;
}

}  // namespace redoubt::inspect::internal
