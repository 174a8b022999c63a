// Values that the standards themselves, or their issuers, give as examples; and the same with one digit changed.
#include "inspect/internal/checks.h"
#include "inspect/internal/letter_pairs.h"

#include <gtest/gtest.h>

#include <string>

namespace redoubt::inspect::internal {
namespace {

struct Example {
  const char* name;
  bool (*check)(std::string_view);
  const char* valid;
  const char* invalid;
};

const Example kExamples[] = {
    {"card", is_card, "4111 1111 1111 1111", "4111 1111 1111 1112"},
    {"card of 15 digits", is_card, "378282246310005", "378282246310006"},
    {"iban", is_iban, "GB82 WEST 1234 5698 7654 32", "GB82 WEST 1234 5698 7654 33"},
    {"iban of another country's length", is_iban, "DE89370400440532013000", "DE8937040044053201300"},
    {"aba", is_aba, "021000021", "021000022"},
    {"base58check", is_base58_address, "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb"},
    {"bech32", is_bech32_address, "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
     "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5"},
    {"bech32m", is_bech32_address, "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
     "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj1"},
    {"imei", is_imei, "490154203237518", "490154203237519"},
    {"vin", is_vin, "1M8GDM9AXKP042788", "1M8GDM9AXKP042789"},
    {"ipv4", is_ipv4, "192.0.2.1", "192.0.2.256"},
    {"ipv4 with a leading zero", is_ipv4, "192.0.2.10", "192.0.2.010"},
    {"ipv6", is_ipv6, "2001:db8::1", "2001:db8::1::2"},
    {"mrz of a passport", is_mrz,
     "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10",
     "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<11"},
    {"mrz of a card", is_mrz,
     "I<UTOD231458907<<<<<<<<<<<<<<<\n7408122F1204159UTO<<<<<<<<<<<6\nERIKSSON<<ANNA<MARIA<<<<<<<<<<",
     "I<UTOD231458907<<<<<<<<<<<<<<<\n7408122F1204159UTO<<<<<<<<<<<7\nERIKSSON<<ANNA<MARIA<<<<<<<<<<"},
    {"npi", is_npi, "1234567893", "1234567894"},
    {"nhs", is_nhs, "943 476 5919", "943 476 5918"},
    {"ssn", is_ssn, "531-21-7351", "000-21-7351"},
    {"cpf", is_cpf, "111.444.777-35", "111.444.777-36"},
    {"cnpj", is_cnpj, "11.222.333/0001-81", "11.222.333/0001-82"},
    {"rut", is_rut, "12.345.678-5", "12.345.678-4"},
    {"nif", is_nif, "12345678Z", "12345678A"},
    {"nie", is_nif, "X1234567L", "X1234567A"},
    {"codice fiscale", is_fiscal_code, "RSSMRA85T10A562S", "RSSMRA85T10A562T"},
    {"pesel", is_pesel, "44051401359", "44051401358"},
    {"hetu", is_hetu, "131052-308T", "131052-308U"},
    {"german tax id", is_de_tax_id, "86095742719", "86095742718"},
    {"german pension number", is_de_pension, "15070649C103", "15070649C104"},
    {"personnummer", is_personnummer, "811228-9874", "811228-9875"},
    {"nir", is_nir, "255081416802538", "255081416802539"},
    {"bsn", is_bsn, "111222333", "111222334"},
    {"belgian national number", is_be_national, "85.07.30-033.28", "85.07.30-033.29"},
    {"oib", is_oib, "94577403194", "94577403195"},
    {"ahv", is_ahv, "756.9217.0769.85", "756.9217.0769.84"},
    {"aadhaar", is_aadhaar, "2341 2341 2346", "2341 2341 2347"},
    {"gstin", is_gstin, "27AAPFU0939F1ZV", "27AAPFU0939F1ZW"},
    {"abn", is_abn, "51 824 753 556", "51 824 753 557"},
    {"acn", is_acn, "004 085 616", "004 085 617"},
    {"tfn", is_tfn, "123 456 782", "123 456 783"},
    {"nric", is_nric, "S1234567D", "S1234567E"},
    {"chinese id", is_cn_id, "11010519491231002X", "110105194912310021"},
    {"hong kong id", is_hk_id, "A123456(3)", "A123456(4)"},
    {"taiwanese id", is_tw_id, "A123456789", "A123456788"},
    {"south african id", is_za_id, "8001015009087", "8001015009088"},
    {"turkish id", is_tr_id, "10000000146", "10000000147"},
    {"inn", is_inn, "7707083893", "7707083894"},
    {"snils", is_snils, "112-233-445 95", "112-233-445 96"},
    {"vat of Austria", is_eu_vat, "ATU13585627", "ATU13585628"},
    {"vat of Belgium", is_eu_vat, "BE0428759497", "BE0428759498"},
    {"vat of Germany", is_eu_vat, "DE136695976", "DE136695977"},
    {"vat of Denmark", is_eu_vat, "DK13585628", "DK13585627"},
    {"vat of Estonia", is_eu_vat, "EE100931558", "EE100931557"},
    {"vat of Finland", is_eu_vat, "FI20774740", "FI20774741"},
    {"vat of France", is_eu_vat, "FR40303265045", "FR41303265045"},
    {"vat of Greece", is_eu_vat, "EL094259216", "EL094259217"},
    {"vat of Hungary", is_eu_vat, "HU12892312", "HU12892313"},
    {"vat of Italy", is_eu_vat, "IT00743110157", "IT00743110158"},
    {"vat of Luxembourg", is_eu_vat, "LU15027442", "LU15027443"},
    {"vat of Malta", is_eu_vat, "MT11679112", "MT11679113"},
    {"vat of the Netherlands", is_eu_vat, "NL004495445B01", "NL004495446B01"},
    {"vat of Poland", is_eu_vat, "PL8567346215", "PL8567346216"},
    {"vat of Portugal", is_eu_vat, "PT501964843", "PT501964842"},
    {"vat of Romania", is_eu_vat, "RO18547290", "RO18547291"},
    {"vat of Sweden", is_eu_vat, "SE123456789701", "SE123456789601"},
    {"vat of Slovenia", is_eu_vat, "SI50223054", "SI50223055"},
    {"vat of Slovakia", is_eu_vat, "SK2022749619", "SK2022749618"},
};

TEST(LetterPairs, TellWordsFromRandomLetters) {
  for (const char* word :
       {"password", "Administrator", "Geheimnis", "contrasena", "HTTP_REQUEST_AUTH_TYPE", "node.id"}) {
    EXPECT_TRUE(is_wordlike(word)) << word;
  }
  for (const char* row : {"iqyorxth", "pedrguqbijcqk", "LXJXQWZIWI", "qfbaviishhc"})
    EXPECT_FALSE(is_wordlike(row)) << row;
}

TEST(Checks, HoldForPublishedExamplesAndNotForOthers) {
  for (const Example& example : kExamples) {
    EXPECT_TRUE(example.check(example.valid)) << example.name << ": " << example.valid;
    EXPECT_FALSE(example.check(example.invalid)) << example.name << ": " << example.invalid;
  }
}

}  // namespace
}  // namespace redoubt::inspect::internal
