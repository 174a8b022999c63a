// Telephone numbers.
#include "inspect/internal/checks.h"
#include "inspect/internal/rule.h"

namespace redoubt::inspect::internal {
namespace {

constexpr std::string_view kPhoneWords =
    "phone|telephone|tel|mobile|cell|cellphone|call|calls|called|calling|contact|reach|fax|number is|sms|text "
    "me|text|whatsapp|dial|hotline|"
    "landline|ring|phone number|my number|telefon|telefonnummer|rufnummer|handy|handynummer|mobil|mobilnummer|anrufen|"
    "téléphone|tél|portable|numéro|appelez|teléfono|móvil|llámame|llame|celular|telefono|cellulare|chiamare|telemóvel|"
    "telefone|ligue|telefoon|bellen|mobiel|puhelin|telefonszám|telefonu|телефон|тел|моб|звоните|τηλέφωνο|τηλ|"
    "extension|ext|callback|voicemail|answer|answering|answers|missed call|unreachable|anrufbeantworter";

constexpr ShapeRule kPhones[] = {
    {.name = "phone_international",
     .kind = "PHONE_NUMBER",
     .pattern = R"(\+\d{1,3}[ \-\.]?(\(\d{1,4}\)[ \-\.]?)?\d{1,5}([ \-\./]?\d{1,5}){1,5}(( ?x| ?ext\.? ?)\d{1,6})?)",
     .check = is_international_phone,
     .check_name = "E.164",
     .context = kPhoneWords,
     .base = 0.85F,
     .near = 0.98F,
     .source = "ITU-T E.164, E.123",
     .flags = kDecimalNeighbours},
    {.name = "phone_access_code",
     .kind = "PHONE_NUMBER",
     .pattern = R"(00\d{1,3}[ \-\.]\(?\d{1,5}\)?([ \-\.]?\d{2,5}){1,4}(( ?x| ?ext\.? ?)\d{1,6})?)",
     .check = is_international_phone,
     .check_name = "E.164",
     .context = kPhoneWords,
     .base = 0.7F,
     .near = 0.95F,
     .source = "ITU-T E.123"},
    {.name = "phone_us",
     .kind = "PHONE_NUMBER",
     .pattern =
         R"((1[ \-\.])?(\([2-9]\d{2}\)[ \-\.]?|[2-9]\d{2}[\-\.])[2-9]\d{2}[ \-\.]\d{4}(( ?x| ?ext\.? ?)\d{1,6})?)",
     .check = is_plain_phone,
     .check_name = "NANP",
     .context = kPhoneWords,
     .base = 0.75F,
     .near = 0.95F,
     .source = "NANPA, North American Numbering Plan"},
    {.name = "phone_us_bare",
     .kind = "PHONE_NUMBER",
     .pattern =
         R"((001[\-\.])?\(?\d{3}[)\-\. ]{1,2}\d{3}[\-\. ]\d{4}(( ?x| ?ext\.? ?)\d{1,6})?|\d{3}-\d{4}(x\d{2,6})?)",
     .check = is_plain_phone,
     .context = kPhoneWords,
     .base = 0.5F,
     .near = 0.85F,
     .source = "NANPA, North American Numbering Plan"},
    {.name = "phone_area_code",
     .kind = "PHONE_NUMBER",
     .pattern = R"(\(\d{2,5}\)[ \-]?\d{2,4}([ \-\.]?\d{2,4}){1,3}(x\d{1,6})?|\(\d{2,5}\) \d{5,8})",
     .check = is_plain_phone,
     .context = kPhoneWords,
     .base = 0.6F,
     .near = 0.9F,
     .source = "ITU-T E.123 2"},
    {.name = "phone_trunk_prefix",
     .kind = "PHONE_NUMBER",
     .pattern = R"(0\d{1,4}[ \-\./]\d{2,4}([ \-\.]?\d{2,4}){1,3}|0\d{1,4}[ \-/]\d{5,8}|0\d( \d{2}){4})",
     .check = is_plain_phone,
     .context = kPhoneWords,
     .base = 0.45F,
     .near = 0.9F,
     .source = "ITU-T E.123 2"},
    {.name = "phone_groups",
     .kind = "PHONE_NUMBER",
     .pattern =
         R"(\d{2,4}([ \-\.]\d{2,4}){2,5}|\d{3,4}[ \-]\d{4}|\d{3}[ \-]\d{2,3}[ \-]\d{2,3}[ \-]\d{2,3}|\d{2}[ \-]\d{6,8})",
     .check = is_plain_phone,
     .context = kPhoneWords,
     .base = 0.15F,
     .near = 0.7F,
     .source = "ITU-T E.123"},
    {.name = "phone_digits",
     .kind = "PHONE_NUMBER",
     .pattern = R"(\d{7,11})",
     .check = is_plain_phone,
     .context = kPhoneWords,
     .base = 0.1F,
     .near = 0.55F,
     .source = "ITU-T E.164"},
    {.name = "phone_cn_mobile",
     .kind = "PHONE_NUMBER",
     .pattern = R"(1[3-9]\d[ \-]?\d{4}[ \-]?\d{4})",
     .check = is_plain_phone,
     .context = kPhoneWords,
     .base = 0.4F,
     .near = 0.9F,
     .source = "MIIT, numbering plan of China"},
    {.name = "phone_us_ten_digits",
     .kind = "PHONE_NUMBER",
     .pattern = R"([2-9]\d{2}[2-9]\d{6}(x\d{1,6})?)",
     .check = is_plain_phone,
     .context = kPhoneWords,
     .base = 0.2F,
     .near = 0.75F,
     .source = "NANPA, North American Numbering Plan"},
};

}  // namespace

std::span<const ShapeRule> phone_shapes() {
  return kPhones;
}

}  // namespace redoubt::inspect::internal
