// Addresses and numbers of devices.
#include "inspect/internal/checks.h"
#include "inspect/internal/rule.h"

namespace redoubt::inspect::internal {
namespace {

constexpr ShapeRule kNetwork[] = {
    {.name = "ipv4",
     .kind = "IP_ADDRESS",
     .pattern = R"(\d{1,3}(\.\d{1,3}){3}(/\d{1,2})?)",
     .check = is_ipv4,
     .check_name = "structure",
     .context = "ip|ipv4|address|host|server|gateway|subnet|dns|ping|client|addr|adresse|adresse ip",
     .base = 0.7F,
     .near = 0.95F,
     .source = "RFC 791, RFC 4632"},
    {.name = "mac_dashes",
     .kind = "MAC_ADDRESS",
     .pattern = R"([0-9A-F]{2}(-[0-9A-F]{2}){5}|[0-9A-F]{4}(\.[0-9A-F]{4}){2})",
     .check = is_mac,
     .context = "mac|ethernet|hardware|wifi|lan|interface",
     .base = 0.8F,
     .near = 0.95F,
     .source = "IEEE 802 8.1"},
    {.name = "imei",
     .kind = "IMEI",
     .pattern = R"(\d{15}|\d{2}[ \-]?\d{6}[ \-]?\d{6}[ \-]?\d)",
     .check = is_imei,
     .check_name = "luhn",
     .context = "imei|device|handset|phone|mobile|gerät|telefon|imei number",
     .base = 0.3F,
     .near = 0.9F,
     .source = "3GPP TS 23.003 6.2"},
    {.name = "iccid",
     .kind = "ICCID",
     .pattern = R"(89\d{16,18})",
     .check = is_iccid,
     .check_name = "luhn",
     .context = "iccid|sim|esim|sim card",
     .base = 0.3F,
     .near = 0.95F,
     .source = "ITU-T E.118"},
    {.name = "vin",
     .kind = "VIN",
     .pattern = R"([A-HJ-NPR-Z0-9]{17})",
     .check = is_vin,
     .check_name = "mod 11",
     .context = "vin|vehicle|chassis|car|fahrgestellnummer|fin|vehicle identification|bastidor|telaio",
     .base = 0.55F,
     .near = 0.95F,
     .source = "ISO 3779, 49 CFR 565.15"},
};

}  // namespace

std::span<const ShapeRule> network_shapes() {
  return kNetwork;
}

}  // namespace redoubt::inspect::internal
