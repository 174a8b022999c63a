// Texts for rules whose matches chance does not make: digests, structures, and what is found without a pattern. Keys
// and numbers in them are nobody's.
#pragma once

#include <string_view>

namespace redoubt::inspect::tests {

struct RuleExample {
  std::string_view rule;
  std::string_view text;
};

inline constexpr RuleExample kRuleExamples[] = {
    {"email_address", "mail ann.lee@example.com today"},
    {"url", "see https://example.com/a?b=c today"},
    {"url_www", "see www.example.com/a today"},
    {"url_domain", "see example.com today"},
    {"ipv6", "host fe80::1ff:fe23:4567:890a is up"},
    {"mac_address", "card 00:1a:2b:3c:4d:5e is up"},
    {"private_key",
     "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIBkg4LVWM9nuwNSk3yByxZpYRTBnVJk5GkMcAhUKZcVUoAoGCCqGSM49\n"
     "-----END EC PRIVATE KEY-----\n"},
    {"url_credentials", "db postgres://ann:h4Kq9zWm@db.example.com/x today"},
    {"invisible_text", "hello \xe2\x80\xae there"},
    {"repetition",
     "abababababababababababababababababababababababababababababababababababababababababababababababababababababababab"
     "abababababababababababababababababababababababababababababababababababababababababababababababababababababababab"
     "abababababababababababababababababababababababababababababababababababababababababababababababababababababababab"
     "abababababababababababababababababababababababababababababababababababababababababababababababababababababababab"
     "abababababababababababababababababababababababababababababababababababababababababababababababababababababababa"
     "b"},
    {"gibberish",
     "xqzvk jdhwq wvxz pqjkz zxvbn qwjxk vzqxj kxqzv bvqxz jqzxw xqzvk jdhwq wvxz pqjkz zxvbn qwjxk vzqxj kxqzv bvqxz "
     "jqzxw vzqxj kxqzv bvqxz jqzxw"},
    {"iban", "konto DE89 3704 0044 0532 0130 00 bitte"},
    {"bitcoin_address", "pay 1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa today"},
    {"litecoin_address", "pay LKw153AcvmYxEgLbzBMrTA8ntqFsPt6vff today"},
    {"tron_address", "pay TAgFotEWzqRr93i5QK2GhHmAbQduYnXKDr today"},
    {"bech32_address", "pay bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4 today"},
    {"jwt", "t eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln x"},
    {"mrz_td3", "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10\n"},
    {"mrz_td2", "I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<\nD231458907UTO7408122F1204159<<<<<<<6\n"},
    {"pypi_token", "t pypi-AgEIcHlwaS5vcmcCJGQ4Yz9kLTdhM2ItNGUxZi1iMjk1LTBjNmE4ZTE3ZjNkMgACKlszLCJi today"},
    {"mrz_td1", "I<UTOD231458907<<<<<<<<<<<<<<<\n7408122F1204159UTO<<<<<<<<<<<6\nERIKSSON<<ANNA<MARIA<<<<<<<<<<\n"},
};

}  // namespace redoubt::inspect::tests
