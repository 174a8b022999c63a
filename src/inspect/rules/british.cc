// National numbers of the United Kingdom and Ireland.
#include "inspect/internal/checks.h"
#include "inspect/internal/rule.h"

namespace redoubt::inspect::internal {
namespace {

constexpr ShapeRule kBritish[] = {
    {.name = "uk_nino",
     .kind = "UK_NINO",
     .pattern = R"([A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z][ \-]?\d{2}[ \-]?\d{2}[ \-]?\d{2}[ \-]?[A-D])",
     .check = is_nino,
     .check_name = "prefix",
     .context = "nino|national insurance|ni number|insurance number|ni no",
     .base = 0.65F,
     .near = 0.97F,
     .source = "HMRC, NIM39110"},
    {.name = "uk_passport",
     .kind = "UK_PASSPORT",
     .pattern = R"(\d{9}|[A-Z]{2}\d{7})",
     .context = "uk passport|british passport|passport|hm passport",
     .base = 0.05F,
     .near = 0.55F,
     .source = "HM Passport Office"},
    {.name = "uk_driving_licence",
     .kind = "UK_DRIVING_LICENCE",
     .pattern = R"([A-Z9]{5}\d[0156]\d[0-3]\d\d[A-Z9]{2}\d[A-Z]{2}( ?\d{2})?)",
     .context = "driving licence|driver|licence|dvla",
     .base = 0.85F,
     .near = 0.98F,
     .source = "DVLA, INF1D"},
    {.name = "uk_postcode",
     .kind = "UK_POSTCODE",
     .pattern = R"((?-i)(GIR ?0AA|[A-PR-UWYZ][A-HK-Y]?\d[A-Z0-9]? \d[ABD-HJLNP-UW-Z]{2}))",
     .context = "postcode|post code|address|postal|zip|uk|london",
     .base = 0.45F,
     .near = 0.85F,
     .source = "Royal Mail, Programmers' Guide to PAF"},
    {.name = "uk_vehicle_registration",
     .kind = "UK_VEHICLE_REGISTRATION",
     .pattern = R"((?-i)[A-HJ-PR-Y][A-HJ-PR-Y]\d{2} ?[A-HJ-PR-Z]{3})",
     .context = "registration|plate|vehicle|car|number plate|reg|dvla|vrn|licence plate",
     .base = 0.3F,
     .near = 0.85F,
     .source = "DVLA, INF104"},
    {.name = "uk_utr",
     .kind = "UK_UTR",
     .pattern = R"(\d{5} ?\d{5})",
     .context = "utr|unique taxpayer|taxpayer reference|self assessment",
     .base = 0.05F,
     .near = 0.85F,
     .source = "HMRC, Unique Taxpayer Reference"},
    {.name = "ie_pps",
     .kind = "IE_PPS",
     .pattern = R"(\d{7}[A-W][A-IW]?)",
     .check = is_pps,
     .check_name = "mod 23",
     .context = "pps|ppsn|personal public|pps number",
     .base = 0.4F,
     .near = 0.95F,
     .source = "Department of Social Protection, PPS Number"},
};

}  // namespace

std::span<const ShapeRule> british_shapes() {
  return kBritish;
}

}  // namespace redoubt::inspect::internal
