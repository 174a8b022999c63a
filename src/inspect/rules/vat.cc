// VAT numbers, with the prefix of the state.
#include "inspect/internal/checks.h"
#include "inspect/internal/rule.h"

namespace redoubt::inspect::internal {
namespace {

constexpr std::string_view kVatWords =
    "vat|vat number|vat "
    "id|tax|ust|ustid|umsatzsteuer|mwst|uid|tva|nif|iva|partita|btw|moms|alv|pvm|dph|ddv|pdv|áfa|afa|ддс|"
    "φπα|αφμ|vies|vatin|intracommunautaire|codice iva|steuernummer|p iva|vat no|vat reg";
constexpr std::string_view kSource = "Directive 2006/112/EC Art. 215; European Commission, VIES FAQ Q11";

// One rule for each form; the check knows each state's digits.
constexpr ShapeRule kVat[] = {
    {.name = "eu_vat_digits",
     .kind = "EU_VAT",
     .pattern = R"((BE ?[01]|DE ?\d|EE ?\d|EL ?\d|GR ?\d|PT ?\d)\d{2}[ \.]?\d{3}[ \.]?\d{2,3}|(BG|LT) ?\d{9})",
     .check = is_eu_vat,
     .check_name = "check digits of the state",
     .context = kVatWords,
     .base = 0.6F,
     .near = 0.98F,
     .source = kSource},
    {.name = "eu_vat_eight",
     .kind = "EU_VAT",
     .pattern = R"((DK|FI|HU|LU|MT|SI|CZ)[ \-]?\d{8}|DK ?\d{2} \d{2} \d{2} \d{2})",
     .check = is_eu_vat,
     .check_name = "check digits of the state",
     .context = kVatWords,
     .base = 0.6F,
     .near = 0.98F,
     .source = kSource},
    {.name = "eu_vat_ten",
     .kind = "EU_VAT",
     .pattern =
         R"((BG|PL|SK|CZ|BE) ?\d{10}|CZ ?\d{9}|PL ?\d{3}-\d{3}-\d{2}-\d{2}|RO ?\d{6,10}|(HR|IT|LV) ?\d{11}|LT ?\d{12}|SE ?\d{10}01|SE ?\d{6}-\d{4}-01)",
     .check = is_eu_vat,
     .check_name = "check digits of the state",
     .context = kVatWords,
     .base = 0.6F,
     .near = 0.98F,
     .source = kSource},
    {.name = "eu_vat_letters",
     .kind = "EU_VAT",
     .pattern =
         R"(ATU ?\d{8}|CY ?\d{8}[A-Z]|ES ?[A-Z0-9]\d{7}[A-Z0-9]|FR ?[A-HJ-NP-Z0-9]{2} ?\d{3} ?\d{3} ?\d{3}|IE ?\d[0-9A-Z+*]\d{5}[A-Z]{1,2}|NL ?\d{9}B\d{2}|(XI|GB) ?(\d{9}|\d{3} \d{4} \d{2}|\d{12})|CHE[ \-]?\d{3}\.?\d{3}\.?\d{3}( ?(MWST|TVA|IVA))?|NO ?\d{9} ?MVA)",
     .check = is_eu_vat,
     .check_name = "check digits of the state",
     .context = kVatWords,
     .base = 0.7F,
     .near = 0.98F,
     .source = kSource},
};

}  // namespace

std::span<const ShapeRule> vat_shapes() {
  return kVat;
}

}  // namespace redoubt::inspect::internal
