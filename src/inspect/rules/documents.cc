// Machine readable zones of travel documents.
#include "inspect/internal/checks.h"
#include "inspect/internal/rule.h"

namespace redoubt::inspect::internal {
namespace {

constexpr LiteralRule kDocuments[] = {
    {.name = "mrz_td3",
     .kind = "MRZ",
     .literals = "P<|PD|PS|PO|PM|V<",
     .pattern =
         R"re([PV][A-Z<][A-Z<]{3}[A-Z<]{39}\s{1,2}[A-Z0-9<]{9}[0-9][A-Z<]{3}\d{6}\d[MF<X]\d{6}\d[A-Z0-9<]{14}[0-9<]\d)re",
     .check = is_mrz,
     .check_name = "ICAO 9303",
     .base = 0.98F,
     .near = 0.98F,
     .source = "ICAO 9303-4 4.2",
     .width = 96},
    {.name = "mrz_td2",
     .kind = "MRZ",
     .literals = "I<|ID|A<|C<|P<|V<",
     .pattern =
         R"re([IACPV][A-Z<][A-Z<]{3}[A-Z<]{31}\s{1,2}[A-Z0-9<]{9}[0-9<][A-Z<]{3}\d{6}\d[MF<X]\d{6}\d[A-Z0-9<]{7}\d)re",
     .check = is_mrz,
     .check_name = "ICAO 9303",
     .base = 0.98F,
     .near = 0.98F,
     .source = "ICAO 9303-6 4.2",
     .width = 80},
    {.name = "mrz_td1",
     .kind = "MRZ",
     .literals = "I<|ID|A<|AR|C<|IR|IP|IT|IS",
     .pattern =
         R"re([IAC][A-Z<][A-Z<]{3}[A-Z0-9<]{9}[0-9<][A-Z0-9<]{15}\s{1,2}\d{6}\d[MF<X]\d{6}\d[A-Z<]{3}[A-Z0-9<]{11}\d\s{1,2}[A-Z<]{30})re",
     .check = is_mrz,
     .check_name = "ICAO 9303",
     .base = 0.98F,
     .near = 0.98F,
     .source = "ICAO 9303-5 4.2",
     .width = 100},
};

}  // namespace

std::span<const LiteralRule> document_literals() {
  return kDocuments;
}

}  // namespace redoubt::inspect::internal
