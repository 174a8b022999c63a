// Number plates.
#include "inspect/internal/checks.h"
#include "inspect/internal/rule.h"

namespace redoubt::inspect::internal {
namespace {

constexpr ShapeRule kVehicles[] = {
    {.name = "in_vehicle_registration",
     .kind = "IN_VEHICLE_REGISTRATION",
     .pattern =
         R"((AN|AP|AR|AS|BR|CG|CH|DD|DL|DN|GA|GJ|HP|HR|JH|JK|KA|KL|LA|LD|MH|ML|MN|MP|MZ|NL|OD|OR|PB|PY|RJ|SK|TN|TR|TS|UK|UP|WB)[ \-]?\d{1,2}[ \-]?[A-HJ-NP-Z]{1,3}[ \-]?\d{4})",
     .context = "rto|vehicle|plate|registration|car",
     .base = 0.55F,
     .near = 0.95F,
     .source = "Central Motor Vehicles Rules 1989, Rule 50"},
    {.name = "ng_vehicle_registration",
     .kind = "NG_VEHICLE_REGISTRATION",
     .pattern = R"((?-i)[A-Z]{3}[ \-]\d{3}[ \-]?[A-Z]{2})",
     .context = "plate|vehicle|registration|frsc|number plate|car|nigeria",
     .base = 0.3F,
     .near = 0.85F,
     .source = "FRSC, National Road Traffic Regulations 2012"},
    {.name = "tr_license_plate",
     .kind = "TR_LICENSE_PLATE",
     .pattern = R"((?-i)(0[1-9]|[1-7]\d|8[01]) [A-Z]{1,3} \d{2,4})",
     .context = "plaka|araç|plate|license plate|vehicle",
     .base = 0.35F,
     .near = 0.9F,
     .source = "Karayolları Trafik Yönetmeliği"},
    {.name = "ph_license_plate",
     .kind = "PH_LICENSE_PLATE",
     .pattern = R"((?-i)[A-Z]{3} ?\d{3,4})",
     .context = "plate number|lto|license plate|vehicle plate|plaka",
     .base = 0.1F,
     .near = 0.65F,
     .source = "LTO, Republic Act 4136"},
    {.name = "es_license_plate",
     .kind = "ES_LICENSE_PLATE",
     .pattern = R"((?-i)\d{4}[ \-]?[BCDFGHJ-NPR-TV-Z]{3})",
     .context = "matrícula|matricula|coche|vehículo",
     .base = 0.1F,
     .near = 0.85F,
     .source = "Real Decreto 2822/1998"},
    {.name = "fr_license_plate",
     .kind = "FR_LICENSE_PLATE",
     .pattern = R"((?-i)[A-HJ-NP-TV-Z]{2}-\d{3}-[A-HJ-NP-TV-Z]{2})",
     .context = "immatriculation|plaque|véhicule|voiture",
     .base = 0.5F,
     .near = 0.92F,
     .source = "Arrêté du 9 février 2009"},
    {.name = "it_license_plate",
     .kind = "IT_LICENSE_PLATE",
     .pattern = R"((?-i)[A-HJ-NPR-TV-Z]{2} ?\d{3} ?[A-HJ-NPR-TV-Z]{2})",
     .context = "targa|veicolo|auto",
     .base = 0.15F,
     .near = 0.88F,
     .source = "DPR 495/1992 Art. 255"},
};

}  // namespace

std::span<const ShapeRule> vehicle_shapes() {
  return kVehicles;
}

}  // namespace redoubt::inspect::internal
