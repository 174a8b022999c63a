// XML with an enveloped signature (W3C XML Signature 1.1 §6.6.4), in the one shape that NVIDIA's reference manifests
// have: so that what was signed and what is read are the same.
//
// Accepted is a document in UTF-8 of elements, attributes and text alone: no document type, entities of its own,
// comments, processing instructions or CDATA sections, within kMaxBytes. It has exactly one Signature element, a child
// of the root, with the members of §4.1 in their order and no other attributes or elements than these:
//
//   SignedInfo: CanonicalizationMethod (Canonical XML 1.0 or 1.1, or exclusive, without comments), SignatureMethod
//     ecdsa-sha384, one Reference to the whole document (URI ""), transformed by enveloped-signature and one of the
//     same canonical forms, digested by SHA-384; SignatureValue; KeyInfo with X509Certificates.
//
// Nothing is fetched, and no key is believed: certificates are handed to the caller. Canonical forms are libxml2's.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/public_key.h"

namespace redoubt::attest {

struct XmlAttribute {
  std::string space;  // the namespace; empty: none
  std::string name;
  std::string value;
};

struct XmlElement {
  std::string space;
  std::string name;
  std::vector<XmlAttribute> attributes;
  std::vector<XmlElement> children;

  // An attribute's value; null when there is none.
  const std::string* attribute(std::string_view attribute_name, std::string_view attribute_space = "") const;
};

struct SignedXml {
  static constexpr std::size_t kMaxBytes = 1024 * 1024;

  std::vector<Bytes> certificates;  // of KeyInfo in their order, DER, not looked into; one at least
  XmlElement root;                  // what was signed: the document without its Signature
  bool digest_matches = false;      // whether SignedInfo states the digest of the document
  Bytes signed_info;                // canonical: what the signature is over
  Bytes signature;                  // r and s of ECDSA on P-384

  // Whether digest and signature both hold, under `key`.
  bool is_signed_by(const crypto::PublicKey& key) const;
};

// Errors: kTooLarge; kMalformed with the reason; kUnsupported, with its name, for another algorithm. Any thread.
Result<SignedXml> read_signed_xml(std::string_view text);

}  // namespace redoubt::attest
