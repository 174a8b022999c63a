// National numbers of the Nordic and Baltic states.
#include "inspect/internal/checks.h"
#include "inspect/internal/rule.h"

namespace redoubt::inspect::internal {
namespace {

constexpr ShapeRule kNorthEurope[] = {
    {.name = "fi_personal_identity_code",
     .kind = "FI_PERSONAL_IDENTITY_CODE",
     .pattern = R"(\d{6}[+\-A-FU-Y]\d{3}[0-9A-FHJ-NPR-Y])",
     .check = is_hetu,
     .check_name = "mod 31",
     .context = "hetu|henkilötunnus|personbeteckning|personal identity",
     .base = 0.85F,
     .near = 0.99F,
     .source = "Digital and Population Data Services Agency, Decree 128/2010"},
    {.name = "se_personnummer",
     .kind = "SE_PERSONNUMMER",
     .pattern = R"((\d{2})?\d{6}[+\-]\d{4}|(19|20)\d{10}|\d{10})",
     .check = is_personnummer,
     .check_name = "luhn",
     .context = "personnummer|samordningsnummer|pnr|person nr|födelsenummer|swedish personal",
     .base = 0.5F,
     .near = 0.97F,
     .source = "Folkbokföringslagen (1991:481) §18; SKV 704"},
    {.name = "se_organisationsnummer",
     .kind = "SE_ORGANISATIONSNUMMER",
     .pattern = R"([125-9]\d[2-9]\d{3}-?\d{4})",
     .check = is_se_organisation,
     .check_name = "luhn",
     .context = "organisationsnummer|orgnr|org nr|organisationsnr|bolag",
     .base = 0.3F,
     .near = 0.93F,
     .source = "Lag (1974:174) om identitetsbeteckning"},
    {.name = "dk_cpr",
     .kind = "DK_CPR",
     .pattern = R"(\d{6}-\d{4}|\d{10}|\d{6} \d{4})",
     .check = is_cpr,
     .check_name = "calendar",
     .context = "cpr|cpr nummer|personnummer|cpr nr",
     .base = 0.3F,
     .near = 0.93F,
     .source = "CPR-kontoret, Personnummeret i CPR"},
    {.name = "no_fodselsnummer",
     .kind = "NO_FODSELSNUMMER",
     .pattern = R"(\d{6} ?\d{5})",
     .check = is_fodselsnummer,
     .check_name = "mod 11",
     .context = "fødselsnummer|personnummer|d nummer|fnr|fodselsnummer",
     .base = 0.65F,
     .near = 0.98F,
     .source = "Folkeregisterforskriften §2-2-3"},
    {.name = "is_kennitala",
     .kind = "IS_KENNITALA",
     .pattern = R"(\d{6}-?\d{4})",
     .check = is_kennitala,
     .check_name = "mod 11",
     .context = "kennitala|kt",
     .base = 0.35F,
     .near = 0.96F,
     .source = "Registers Iceland"},
    {.name = "ee_lt_personal_code",
     .kind = "BALTIC_PERSONAL_CODE",
     .pattern = R"([1-8]\d{10})",
     .check = is_isikukood,
     .check_name = "mod 11",
     .context = "isikukood|asmens kodas|personal code|ik|a k",
     .base = 0.4F,
     .near = 0.97F,
     .source = "EVS 585:2007; Lietuvos gyventojų registro įstatymas"},
    {.name = "lv_personal_code",
     .kind = "LV_PERSONAL_CODE",
     .pattern = R"(\d{6}-\d{5}|\d{11})",
     .check = is_lv_code,
     .check_name = "mod 11",
     .context = "personas kods|personal code|p k",
     .base = 0.3F,
     .near = 0.95F,
     .source = "Fizisko personu reģistra likums"},
};

}  // namespace

std::span<const ShapeRule> north_europe_shapes() {
  return kNorthEurope;
}

}  // namespace redoubt::inspect::internal
