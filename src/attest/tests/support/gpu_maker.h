// For tests: reports and manifests of a GPU of the tests' own, right or wrong in one place.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "attest/tests/support/ecdsa_raw.h"
#include "crypto/digest.h"
#include "crypto/tests/support/test_authority.h"
#include "encoding/base64.h"

namespace redoubt::attest {

struct GpuMaker {
  static constexpr UnixMillis kTime{1'750'000'000'000};
  using Field = std::pair<std::uint16_t, Bytes>;

  // SEQUENCE { SEQUENCE { OID id-sha384, OCTET STRING } }, as far as a device's extension matters.
  static Bytes dice(ByteView fwid) {
    Bytes out = *encoding::hex_decode("303f303d06096086480165030402020430");
    append(out, fwid);
    return out;
  }
  static crypto::TestTerms terms(bool is_authority, Bytes extension = {}) {
    crypto::TestTerms out{.is_authority = is_authority,
                          .key_usage = is_authority ? "keyCertSign,cRLSign" : "digitalSignature",
                          .hash = crypto::HashAlgorithm::kSha384,
                          .key = crypto::KeyType::kP384};
    if (!extension.empty()) out.extensions = {{"2.23.133.5.4.1", std::move(extension)}};
    return out;
  }
  static Bytes text(std::string_view value) {
    Bytes out = to_bytes(as_bytes(value));
    out.push_back(std::byte{0});
    return out;
  }
  static Bytes filled(std::size_t size, int value) { return Bytes(size, static_cast<std::byte>(value)); }

  Bytes firmware = filled(48, 0xf1);
  crypto::TestAuthority root{"Test device root", terms(true)};
  crypto::TestAuthority middle{"Test device middle", root, terms(true)};
  std::optional<crypto::TestAuthority> device{std::in_place, "Test device", middle, terms(false, dice(firmware))};

  Bytes nonce = filled(32, 9);
  std::string request = "11e001ff";
  std::string response = "11600000";
  std::vector<std::pair<std::uint8_t, Bytes>> measurements{{1, filled(48, 1)}, {2, filled(48, 2)}, {36, filled(48, 3)}};
  std::vector<Field> opaque{{3, text("550.1")},
                            {6, *encoding::hex_decode("009f009601000000")},
                            {11, filled(1, 0x55)},
                            {20, filled(48, 0xf1)},
                            {77, filled(3, 0)}};

  void replace(std::uint16_t type, std::optional<Bytes> value) {
    std::erase_if(opaque, [&](const Field& each) { return each.first == type; });
    if (value) opaque.emplace_back(type, *value);
  }

  static void number(Bytes& out, std::size_t value, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) out.push_back(static_cast<std::byte>(value >> (8 * i)));
  }
  Bytes make() const {
    Bytes record;
    for (const auto& [index, value] : measurements) {
      number(record, index, 1);
      number(record, 1, 1);
      number(record, value.size() + 3, 2);
      number(record, 1, 1);
      number(record, value.size(), 2);
      append(record, value);
    }
    Bytes fields;
    for (const auto& [type, value] : opaque) {
      number(fields, type, 2);
      number(fields, value.size(), 2);
      append(fields, value);
    }
    Bytes out = *encoding::hex_decode(request);
    append(out, nonce);
    number(out, 0, 1);
    append(out, *encoding::hex_decode(response));
    number(out, measurements.size(), 1);
    number(out, record.size(), 3);
    append(out, record);
    append(out, filled(32, 8));
    number(out, fields.size(), 2);
    append(out, fields);
    append(out, ecdsa_raw(device->sign(crypto::HashAlgorithm::kSha384, out), 48));
    return out;
  }
  std::string chain() const { return device->pem() + middle.pem() + root.pem(); }
};

// A signed manifest as text, which is canonical as it stands, so that no other program is needed to sign it.
struct RimMaker {
  crypto::TestAuthority root{"Test manifest root", GpuMaker::terms(true)};
  std::optional<crypto::TestAuthority> signer{std::in_place, "Test signer", root, GpuMaker::terms(false)};

  static constexpr std::string_view kSpaces =
      R"(xmlns="http://standards.iso.org/iso/19770/-2/2015/schema.xsd" xmlns:h="http://www.w3.org/2001/04/xmlenc#sha384")";

  std::string version = "550.1";
  std::string head = R"(<Entity name="Maker" role="softwareCreator tagCreator"></Entity>)";
  std::string resources = resource(0, 1) + resource(1, 2);
  std::string method = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384";
  std::string digest_method = "http://www.w3.org/2001/04/xmldsig-more#sha384";
  std::string uri;
  std::string envelope = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
  std::string form = "http://www.w3.org/2006/12/xml-c14n11";
  std::string more_key_info;
  std::vector<const crypto::TestAuthority*> more_certificates;

  static std::string resource(int index, int fill, std::string_view active = "True") {
    return R"(<Resource active=")" + std::string(active) + R"(" alternatives="1" index=")" + std::to_string(index) +
           R"(" size="48" type="Measurement" h:Hash0=")" + encoding::hex(GpuMaker::filled(48, fill)) +
           R"("></Resource>)";
  }
  std::string content() const {
    return head + R"(<Meta colloquialVersion=")" + version + R"(" product="T100"></Meta><Payload>)" + resources +
           "</Payload>";
  }
  static std::string whole(const std::string& inside) {
    return "<SoftwareIdentity " + std::string(kSpaces) + R"( tagId="t-1">)" + inside + "</SoftwareIdentity>";
  }
  std::string signature() const {
    const std::string document = whole(content());
    const std::string info =
        R"(<ds:CanonicalizationMethod Algorithm=")" + form + R"("></ds:CanonicalizationMethod>)" +
        R"(<ds:SignatureMethod Algorithm=")" + method + R"("></ds:SignatureMethod><ds:Reference URI=")" + uri +
        R"("><ds:Transforms><ds:Transform Algorithm=")" + envelope + R"("></ds:Transform><ds:Transform Algorithm=")" +
        form + R"("></ds:Transform></ds:Transforms><ds:DigestMethod Algorithm=")" + digest_method +
        R"("></ds:DigestMethod><ds:DigestValue>)" +
        encoding::base64(crypto::digest(crypto::HashAlgorithm::kSha384, as_bytes(document)).view()) +
        "</ds:DigestValue></ds:Reference>";
    // The canonical form of a part has the namespaces that it inherits, in the order of their prefixes.
    const std::string dsig = R"(xmlns:ds="http://www.w3.org/2000/09/xmldsig#")";
    std::string spaces(kSpaces);
    spaces.insert(spaces.find("xmlns:h="), dsig + " ");
    const std::string canonical = "<ds:SignedInfo " + spaces + ">" + info + "</ds:SignedInfo>";
    const Bytes value = ecdsa_raw(signer->sign(crypto::HashAlgorithm::kSha384, as_bytes(canonical)), 48);
    std::string certificates;
    const auto add = [&](const crypto::TestAuthority& each) {
      certificates += "<ds:X509Certificate>" + encoding::base64(each.certificate()) + "</ds:X509Certificate>";
    };
    add(*signer);
    add(root);
    for (const auto* each : more_certificates) add(*each);
    return "<ds:Signature " + dsig + "><ds:SignedInfo>" + info + "</ds:SignedInfo><ds:SignatureValue>" +
           encoding::base64(value) + "</ds:SignatureValue><ds:KeyInfo><ds:X509Data>" + certificates + "</ds:X509Data>" +
           more_key_info + "</ds:KeyInfo></ds:Signature>";
  }
  std::string make() const { return whole(content() + signature()); }
};

}  // namespace redoubt::attest
