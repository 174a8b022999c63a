#include "encoding/cose.h"

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "encoding/base64.h"
#include "encoding/cbor_writer.h"

namespace redoubt::encoding {
namespace {

using CoseCase = std::map<std::string, std::string>;

// The cases of testdata/cose_sign1.txt. Whether signatures hold is checked where keys are (attest).
std::vector<CoseCase> cose_cases() {
  std::vector<CoseCase> cases(1);
  std::ifstream in(std::string(REDOUBT_SOURCE_DIR) + "/src/encoding/testdata/cose_sign1.txt");
  EXPECT_TRUE(in.is_open());
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with('#')) continue;
    if (line.empty()) {
      if (!cases.back().empty()) cases.emplace_back();
      continue;
    }
    const auto equals = line.find(" =");
    cases.back()[line.substr(0, equals)] = line.size() > equals + 3 ? line.substr(equals + 3) : "";
  }
  return cases;
}

Bytes message_of(std::string_view protected_header, std::string_view unprotected, std::string_view rest) {
  const Bytes header = *hex_decode(protected_header);
  Bytes out = *hex_decode("84");
  CborWriter(out).bytes(header);
  append(out, *hex_decode(unprotected));
  append(out, *hex_decode(rest));
  return out;
}

std::string cose_fault(std::string_view protected_header, std::string_view unprotected = "a0",
                       std::string_view rest = "41004100") {
  const Bytes bytes = message_of(protected_header, unprotected, rest);
  const auto message = CoseSign1::read(bytes, {}, {395});
  return message ? "" : message.error().message();
}

TEST(CoseSign1, ReadsTheExamplesOfRfc9052AndTheWorkingGroup) {
  std::size_t read_cases = 0;
  const auto cases = cose_cases();
  for (const CoseCase& each : cases) {
    SCOPED_TRACE(each.at("name"));
    const Bytes bytes = *hex_decode(each.at("message"));
    const auto message = CoseSign1::read(bytes);
    EXPECT_EQ(message.has_value(), each.at("expect") != "refused");
    if (!message) continue;
    ++read_cases;
    EXPECT_EQ(hex(message->to_be_signed(*hex_decode(each.at("external")), *message->payload())),
              each.at("to_be_signed"));
    EXPECT_EQ(message->unprotected_header().size(), 1U);
  }
  EXPECT_EQ(cases.size(), 12U);
  EXPECT_EQ(read_cases, 9U);
}

TEST(CoseSign1, WritesWhatItReads) {
  for (const CoseCase& each : cose_cases()) {
    const Bytes bytes = *hex_decode(each.at("message"));
    const auto message = CoseSign1::read(bytes, {.tag_required = true});
    if (!message) continue;
    Bytes key_id;
    {
      CborWriter cbor(key_id);
      cbor.begin_map();
      cbor.integer(cose::kKeyId);
      cbor.bytes(*message->unprotected_header().find(cose::kKeyId).bytes());
      cbor.end_map();
    }
    EXPECT_EQ(hex(write_cose_sign1(message->protected_bytes(), key_id, message->payload(), message->signature())),
              each.at("message"));
  }
}

TEST(CoseSign1, AnEmptyProtectedHeaderSignsAsNone) {
  const Bytes none;
  const Bytes empty_map = *hex_decode("a0");
  EXPECT_EQ(hex(cose::sign1_to_be_signed(none, {}, none)), "846a5369676e617475726531404040");
  EXPECT_EQ(cose::sign1_to_be_signed(none, {}, none), cose::sign1_to_be_signed(empty_map, {}, none));
}

TEST(CoseSign1, APayloadMayBeDetached) {
  const Bytes bytes = message_of("a10127", "a0", "f64100");
  const auto message = CoseSign1::read(bytes);
  ASSERT_TRUE(message.has_value());
  EXPECT_FALSE(message->payload().has_value());
  EXPECT_EQ(message->algorithm(), cose::kEdDsa);
}

TEST(CoseSign1, RefusesOtherShapes) {
  for (const std::string_view each :
       {"00", "80", "8340a0f6", "8543a10127a0f6410000", "8443a10127a0004100", "8440a0f600", "84a10127a0f64100",
        "8443a1012780f64100", "d28443a10127a0f6", "a0", "d1d28443a10127a0f64100"}) {
    const Bytes bytes = *hex_decode(each);
    const auto message = CoseSign1::read(bytes);
    ASSERT_FALSE(message.has_value()) << each;
    EXPECT_EQ(message.error().code(), Errc::kMalformed) << each;
  }
}

TEST(CoseSign1, TellsWhatFollowsTheMessage) {
  Bytes bytes = message_of("a10127", "a0", "f64100");
  bytes.push_back(std::byte{0});
  EXPECT_EQ(CoseSign1::read(bytes).error().message(), "cose: bytes after the message");
  const auto message = CoseSign1::read(bytes, {.trailing_allowed = true});
  ASSERT_TRUE(message.has_value());
  EXPECT_EQ(message->rest().size(), 1U);
}

TEST(CoseSign1, WantsAnAlgorithmThatIsProtected) {
  EXPECT_EQ(cose_fault("a0", "a10126"), "cose: no algorithm in the protected header, or not a number");
  EXPECT_EQ(cose_fault("a101654553323536"), "cose: no algorithm in the protected header, or not a number");
  EXPECT_EQ(cose_fault("a10127"), "");
}

TEST(CoseSign1, ALabelStandsOnce) {
  EXPECT_EQ(cose_fault("a10127", "a10126"), "cose: a parameter in both headers");
  EXPECT_EQ(cose_fault("a20127616100", "a1616101"), "cose: a parameter in both headers");
  EXPECT_NE(cose_fault("a201270127"), "");
  EXPECT_EQ(cose_fault("a20127410000"), "cose: a label that is neither number nor text");
  EXPECT_EQ(cose_fault("a10127", "a1410000"), "cose: a label that is neither number nor text");
}

TEST(CoseSign1, WhatIsCriticalMustBeUnderstood) {
  EXPECT_EQ(cose_fault("a30127028119018b19018b01"), "");
  EXPECT_EQ(cose_fault("a3012702820119018b19018b01"), "");
  EXPECT_EQ(cose_fault("a30127028119018c19018c01"), "cose: `crit` names a parameter that is not known here");
  EXPECT_EQ(cose_fault("a3012702816161616100"), "cose: `crit` names a parameter that is not known here");
  EXPECT_EQ(cose_fault("a20127028119018b"), "cose: `crit` names a parameter that is not in the protected header");
  EXPECT_EQ(cose_fault("a201270280"), "cose: `crit` is no list of labels");
  EXPECT_EQ(cose_fault("a2012702f6"), "cose: `crit` is no list of labels");
  EXPECT_EQ(cose_fault("a10127", "a1028101"), "cose: `crit` in the unprotected header");
}

TEST(CoseSign1, IsReadAsStreamedOnlyWhenAsked) {
  const Bytes bytes = *hex_decode("9f43a10127a0f64100ff");
  EXPECT_FALSE(CoseSign1::read(bytes).has_value());
  EXPECT_TRUE(CoseSign1::read(bytes, {.form = CborForm::kStreamed}).has_value());
}

TEST(CoseSign1, NamesAlgorithmsAsTheRegistryDoes) {
  EXPECT_EQ(cose::algorithm_name(cose::kEs384), "ES384");
  EXPECT_EQ(cose::algorithm_name(-65535), "RS1");
  EXPECT_EQ(cose::algorithm_name(-999), "-999");
}

}  // namespace
}  // namespace redoubt::encoding
