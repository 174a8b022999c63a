// Whether a text that has the form of an identifier is one: check digits and structure, each by the document named at
// its rule in rules/. All take text in that form, with its separators, in either case.
#pragma once

#include <string_view>

namespace redoubt::inspect::internal {

// checks_accounts.cc
bool is_card(std::string_view text);
bool is_iban(std::string_view text);
bool is_aba(std::string_view text);
bool is_base58_address(std::string_view text);
bool is_bech32_address(std::string_view text);
bool is_ethereum_address(std::string_view text);
bool is_lei(std::string_view text);
bool is_isin(std::string_view text);
bool is_clabe(std::string_view text);
bool is_cbu(std::string_view text);

// checks_things.cc: devices, vehicles, networks, documents, dates
bool is_imei(std::string_view text);
bool is_iccid(std::string_view text);
bool is_vin(std::string_view text);
bool is_ipv4(std::string_view text);
bool is_ipv6(std::string_view text);
bool is_mac(std::string_view text);
bool is_mrz(std::string_view text);
bool is_domain(std::string_view text);
bool is_numeric_date(std::string_view text);
bool is_iso_date(std::string_view text);
bool is_named_date(std::string_view text);
bool is_plain_phone(std::string_view text);
bool is_international_phone(std::string_view text);

// checks_health.cc
bool is_npi(std::string_view text);
bool is_dea(std::string_view text);
bool is_nhs(std::string_view text);
bool is_lanr(std::string_view text);
bool is_kvnr(std::string_view text);
bool is_au_medicare(std::string_view text);
bool is_cns(std::string_view text);

// checks_america.cc
bool is_ssn(std::string_view text);
bool is_itin(std::string_view text);
bool is_sin(std::string_view text);
bool is_cpf(std::string_view text);
bool is_cnpj(std::string_view text);
bool is_curp(std::string_view text);
bool is_cuit(std::string_view text);
bool is_rut(std::string_view text);

// checks_europe.cc
bool is_nino(std::string_view text);
bool is_nif(std::string_view text);
bool is_cif(std::string_view text);
bool is_fiscal_code(std::string_view text);
bool is_it_vat(std::string_view text);
bool is_pesel(std::string_view text);
bool is_nip(std::string_view text);
bool is_hetu(std::string_view text);
bool is_de_tax_id(std::string_view text);
bool is_de_pension(std::string_view text);
bool is_de_document(std::string_view text);
bool is_personnummer(std::string_view text);
bool is_se_organisation(std::string_view text);
bool is_nir(std::string_view text);
bool is_siren(std::string_view text);
bool is_siret(std::string_view text);
bool is_bsn(std::string_view text);
bool is_be_national(std::string_view text);
bool is_pt_nif(std::string_view text);
bool is_rodne_cislo(std::string_view text);
bool is_cnp(std::string_view text);
bool is_egn(std::string_view text);
bool is_oib(std::string_view text);
bool is_cpr(std::string_view text);
bool is_fodselsnummer(std::string_view text);
bool is_isikukood(std::string_view text);
bool is_lv_code(std::string_view text);
bool is_pps(std::string_view text);
bool is_ahv(std::string_view text);
bool is_at_svnr(std::string_view text);
bool is_taj(std::string_view text);
bool is_afm(std::string_view text);
bool is_amka(std::string_view text);
bool is_emso(std::string_view text);
bool is_kennitala(std::string_view text);
bool is_rnokpp(std::string_view text);
bool is_inn(std::string_view text);
bool is_snils(std::string_view text);
bool is_tr_id(std::string_view text);

// checks_asia.cc: Asia, the Pacific, Africa
bool is_aadhaar(std::string_view text);
bool is_gstin(std::string_view text);
bool is_in_pan(std::string_view text);
bool is_rrn(std::string_view text);
bool is_frn(std::string_view text);
bool is_kr_brn(std::string_view text);
bool is_thai_id(std::string_view text);
bool is_nric(std::string_view text);
bool is_uen(std::string_view text);
bool is_cn_id(std::string_view text);
bool is_my_number(std::string_view text);
bool is_tw_id(std::string_view text);
bool is_hk_id(std::string_view text);
bool is_my_nric(std::string_view text);
bool is_nik(std::string_view text);
bool is_il_id(std::string_view text);
bool is_abn(std::string_view text);
bool is_acn(std::string_view text);
bool is_tfn(std::string_view text);
bool is_ird(std::string_view text);
bool is_za_id(std::string_view text);

// checks_vat.cc: with the prefix of the state
bool is_eu_vat(std::string_view text);

// checks_secrets.cc
bool is_random(std::string_view text);           // as varied as a random key; no word, no counting, no placeholder
bool is_very_random(std::string_view text);      // the same of what has no other mark: stricter
bool is_provider_key(std::string_view text);     // of what stands behind a provider's name: between the two
bool is_random_not_hex(std::string_view text);   // random, and behind its prefix no digest
bool is_password(std::string_view text);         // what somebody would take for a password, and no placeholder
bool is_bare_password(std::string_view text);    // the same without quotes: no name of something either
bool is_strong_password(std::string_view text);  // the same in prose: of several kinds of characters
bool is_jwt(std::string_view text);              // RFC 7519: a header and claims that are JSON objects
// The password in the authority of a URL, a part of `text`; empty when there is none, or a placeholder.
std::string_view url_password(std::string_view text);

}  // namespace redoubt::inspect::internal
