#include "attest/internal/signed_xml.h"

#include <libxml/c14n.h>
#include <libxml/parser.h>
#include <libxml/tree.h>
#include <libxml/xmlerror.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>

#include "crypto/digest.h"
#include "encoding/base64.h"

namespace redoubt::attest {

namespace {

constexpr int kMaxDepth = 16;
constexpr std::size_t kMaxNodes = 64 * 1024;
constexpr std::size_t kMaxCertificates = 8;
constexpr std::size_t kSignatureSize = 96;

constexpr std::string_view kDsig = "http://www.w3.org/2000/09/xmldsig#";
constexpr std::string_view kEnveloped = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
constexpr std::string_view kEcdsaSha384 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384";
constexpr std::string_view kSha384 = "http://www.w3.org/2001/04/xmldsig-more#sha384";

struct CanonicalForm {
  std::string_view name;
  xmlC14NMode mode;
};
constexpr CanonicalForm kCanonicalForms[] = {
    {"http://www.w3.org/TR/2001/REC-xml-c14n-20010315", XML_C14N_1_0},
    {"http://www.w3.org/2006/12/xml-c14n11", XML_C14N_1_1},
    {"http://www.w3.org/2001/10/xml-exc-c14n#", XML_C14N_EXCLUSIVE_1_0},
};

template <auto Function>
struct Deleter {
  template <class T>
  void operator()(T* object) const {
    Function(object);
  }
};
using Document = std::unique_ptr<xmlDoc, Deleter<xmlFreeDoc>>;
using ParserContext = std::unique_ptr<xmlParserCtxt, Deleter<xmlFreeParserCtxt>>;
struct XmlFree {
  void operator()(xmlChar* text) const { xmlFree(text); }
};
using XmlText = std::unique_ptr<xmlChar, XmlFree>;

// libxml2 prints to standard error what nobody asked it to keep quiet about; its handler is the thread's.
class Quiet {
 public:
  Quiet() : handler_(xmlStructuredError), context_(xmlStructuredErrorContext) {
    xmlSetStructuredErrorFunc(nullptr, [](void*, xmlError*) {});
  }
  ~Quiet() { xmlSetStructuredErrorFunc(context_, handler_); }
  Quiet(const Quiet&) = delete;
  Quiet& operator=(const Quiet&) = delete;

 private:
  xmlStructuredErrorFunc handler_;
  void* context_;
};

Error malformed_xml(std::string_view what) {
  return {Errc::kMalformed, "xml: " + std::string(what)};
}

std::string_view text_of(const xmlChar* text) {
  return text == nullptr ? std::string_view() : reinterpret_cast<const char*>(text);
}

Result<Document> parse(std::string_view text) {
  if (text.size() > SignedXml::kMaxBytes) return Error(Errc::kTooLarge, "xml: larger than 1 MiB");
  // A document type is where entities and their expansion begin. Refused before anything is parsed.
  if (text.find("<!DOCTYPE") != std::string_view::npos || text.find('\0') != std::string_view::npos) {
    return malformed_xml("a document type, or a zero byte");
  }
  const ParserContext context(xmlNewParserCtxt());
  if (!context) return Error(Errc::kResourceExhausted, "xml: no memory");
  Document document(xmlCtxtReadMemory(context.get(), text.data(), static_cast<int>(text.size()), nullptr, "UTF-8",
                                      XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING));
  if (!document || context->wellFormed != 1 || context->nsWellFormed != 1) return malformed_xml("not well-formed");
  if (document->intSubset != nullptr || document->extSubset != nullptr) return malformed_xml("a document type");
  return document;
}

// Every node is an element or text; namespaces are absolute (Canonical XML is not defined for others).
Result<> check_nodes(const xmlNode* parent, int depth, std::size_t& count) {
  if (depth > kMaxDepth) return Error(Errc::kTooLarge, "xml: nested too deep");
  for (const xmlNode* node = parent->children; node != nullptr; node = node->next) {
    if (++count > kMaxNodes) return Error(Errc::kTooLarge, "xml: too many nodes");
    if (node->type == XML_TEXT_NODE) continue;
    if (node->type != XML_ELEMENT_NODE) return malformed_xml("something else than elements and text");
    for (const xmlNs* space = node->nsDef; space != nullptr; space = space->next) {
      if (text_of(space->href).find(':') == std::string_view::npos)
        return malformed_xml("a namespace that is relative");
    }
    if (const auto inside = check_nodes(node, depth + 1, count); !inside) return inside;
  }
  return {};
}

bool is(const xmlNode* node, std::string_view name) {
  return node != nullptr && node->type == XML_ELEMENT_NODE && text_of(node->name) == name && node->ns != nullptr &&
         text_of(node->ns->href) == kDsig;
}

std::size_t count_signatures(const xmlNode* parent) {
  std::size_t count = 0;
  for (const xmlNode* node = parent->children; node != nullptr; node = node->next) {
    if (is(node, "Signature")) ++count;
    count += count_signatures(node);
  }
  return count;
}

// The element children of `parent` if they are exactly these of xmldsig, with nothing but white space between them.
std::optional<std::vector<xmlNode*>> children(xmlNode* parent, std::initializer_list<std::string_view> names) {
  std::vector<xmlNode*> out;
  for (xmlNode* node = parent->children; node != nullptr; node = node->next) {
    if (node->type == XML_TEXT_NODE && xmlIsBlankNode(node) == 1) continue;
    if (out.size() == names.size() || !is(node, names.begin()[out.size()])) return std::nullopt;
    out.push_back(node);
  }
  if (out.size() != names.size()) return std::nullopt;
  return out;
}

std::string value_of(const xmlAttr* attribute) {
  const xmlNode* text = attribute->children;
  if (text == nullptr) return {};
  if (text->next == nullptr && text->type == XML_TEXT_NODE) return std::string(text_of(text->content));
  const XmlText value(xmlNodeListGetString(attribute->doc, text, 1));
  return std::string(text_of(value.get()));
}

// The value of the only attribute, which has no namespace; nothing when there are others.
std::optional<std::string> only_attribute(xmlNode* node, const char* name) {
  const xmlAttr* attribute = node->properties;
  if (attribute == nullptr || attribute->next != nullptr || attribute->ns != nullptr ||
      text_of(attribute->name) != name) {
    return std::nullopt;
  }
  return value_of(attribute);
}

bool has_no_attributes(std::initializer_list<xmlNode*> nodes) {
  return std::ranges::all_of(nodes, [](const xmlNode* node) { return node->properties == nullptr; });
}

// Base64 with white space between, as §4.3 has it.
Result<Bytes> base64_content(xmlNode* node) {
  for (const xmlNode* child = node->children; child != nullptr; child = child->next) {
    if (child->type != XML_TEXT_NODE) return malformed_xml("elements where base64 belongs");
  }
  const XmlText content(xmlNodeGetContent(node));
  std::string compact(text_of(content.get()));
  std::erase_if(compact, [](char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; });
  return encoding::base64_decode(compact);
}

Result<xmlC14NMode> canonical_form(const std::string& name) {
  const auto* form = std::ranges::find(kCanonicalForms, name, &CanonicalForm::name);
  if (form == std::end(kCanonicalForms)) {
    return Error(Errc::kUnsupported, "xml: the canonical form `" + name.substr(0, 128) + "` is not accepted");
  }
  return form->mode;
}

// The canonical form of `subtree`, or of the whole document.
std::optional<Bytes> canonical(xmlDoc* document, xmlC14NMode mode, xmlNode* subtree) {
  const std::unique_ptr<xmlBuffer, Deleter<xmlBufferFree>> buffer(xmlBufferCreate());
  if (!buffer) return std::nullopt;
  xmlOutputBuffer* out = xmlOutputBufferCreateBuffer(buffer.get(), nullptr);
  if (out == nullptr) return std::nullopt;
  // Namespace nodes have no parent of their own: the element that they are of comes with them.
  const auto inside = [](void* top, xmlNode* node, xmlNode* parent) -> int {
    const bool own_parent = node->type != XML_NAMESPACE_DECL;
    for (const xmlNode* at = own_parent ? node : parent; at != nullptr; at = at->parent) {
      if (at == top) return 1;
    }
    return 0;
  };
  const int written = xmlC14NExecute(document, subtree == nullptr ? nullptr : +inside, subtree, mode, nullptr, 0, out);
  if (xmlOutputBufferClose(out) < 0 || written < 0) return std::nullopt;
  const auto* data = reinterpret_cast<const std::byte*>(xmlBufferContent(buffer.get()));
  return Bytes(data, data + xmlBufferLength(buffer.get()));
}

struct Reference {
  xmlC14NMode form;
  Bytes digest;
};

// §4.4.3: the whole document, without its signature, in a canonical form.
Result<Reference> read_reference(xmlNode* node) {
  const auto uri = only_attribute(node, "URI");
  const auto parts = children(node, {"Transforms", "DigestMethod", "DigestValue"});
  if (!uri || !uri->empty() || !parts) return malformed_xml("a reference to something else than the whole document");
  const auto transforms = children((*parts)[0], {"Transform", "Transform"});
  if (!transforms || !has_no_attributes({(*parts)[0], (*parts)[2]})) return malformed_xml("other transforms than two");
  const auto envelope = only_attribute((*transforms)[0], "Algorithm");
  const auto form_name = only_attribute((*transforms)[1], "Algorithm");
  const auto digest_name = only_attribute((*parts)[1], "Algorithm");
  const bool bare = children((*transforms)[0], {}) && children((*transforms)[1], {}) && children((*parts)[1], {});
  if (!envelope || *envelope != kEnveloped || !form_name || !digest_name || !bare) {
    return malformed_xml("other transforms than of an enveloped signature");
  }
  if (*digest_name != kSha384) {
    return Error(Errc::kUnsupported, "xml: the digest `" + digest_name->substr(0, 128) + "` is not accepted");
  }
  const auto form = canonical_form(*form_name);
  if (!form) return form.error();
  auto digest = base64_content((*parts)[2]);
  if (!digest) return digest.error().in("xml: the digest");
  return Reference{*form, *std::move(digest)};
}

// §4.5.4: certificates, and nothing that would have to be fetched.
Result<std::vector<Bytes>> read_certificates_of(xmlNode* key_info) {
  const auto data = children(key_info, {"X509Data"});
  if (!data || !has_no_attributes({key_info, data->front()})) return malformed_xml("a key that is not of certificates");
  std::vector<Bytes> out;
  for (xmlNode* node = data->front()->children; node != nullptr; node = node->next) {
    if (node->type == XML_TEXT_NODE && xmlIsBlankNode(node) == 1) continue;
    if (!is(node, "X509Certificate") || !has_no_attributes({node}))
      return malformed_xml("a key that is not of certificates");
    if (out.size() == kMaxCertificates) return Error(Errc::kTooLarge, "xml: more than 8 certificates");
    auto der = base64_content(node);
    if (!der) return der.error().in("xml: a certificate");
    if (der->empty() || der->front() != std::byte{0x30}) return malformed_xml("a certificate that is not DER");
    out.push_back(*std::move(der));
  }
  if (out.empty()) return malformed_xml("no certificate");
  return out;
}

XmlElement copy(xmlNode* node) {
  const auto space_of = [](const xmlNs* space) {
    return space == nullptr ? std::string() : std::string(text_of(space->href));
  };
  XmlElement out{space_of(node->ns), std::string(text_of(node->name)), {}, {}};
  for (const xmlAttr* each = node->properties; each != nullptr; each = each->next) {
    out.attributes.push_back({space_of(each->ns), std::string(text_of(each->name)), value_of(each)});
  }
  for (xmlNode* child = node->children; child != nullptr; child = child->next) {
    if (child->type == XML_ELEMENT_NODE) out.children.push_back(copy(child));
  }
  return out;
}

}  // namespace

const std::string* XmlElement::attribute(std::string_view attribute_name, std::string_view attribute_space) const {
  for (const XmlAttribute& each : attributes) {
    if (each.name == attribute_name && each.space == attribute_space) return &each.value;
  }
  return nullptr;
}

bool SignedXml::is_signed_by(const crypto::PublicKey& key) const {
  const ByteView rs = signature;
  return digest_matches && key.type() == crypto::KeyType::kP384 &&
         key.verify_ecdsa(crypto::HashAlgorithm::kSha384, signed_info, rs.first(rs.size() / 2),
                          rs.subspan(rs.size() / 2));
}

Result<SignedXml> read_signed_xml(std::string_view text) {
  const Quiet quiet;
  const auto document = parse(text);
  if (!document) return document.error();
  xmlNode* root = xmlDocGetRootElement(document->get());
  std::size_t nodes = 0;
  if (const auto checked = check_nodes(reinterpret_cast<xmlNode*>(document->get()), 0, nodes); !checked) {
    return checked.error();
  }

  xmlNode* signature = nullptr;
  for (xmlNode* node = root->children; node != nullptr; node = node->next) {
    if (is(node, "Signature")) signature = node;
  }
  if (signature == nullptr || count_signatures(root) != 1 || is(root, "Signature")) {
    return malformed_xml("not exactly one signature, a child of the root");
  }
  const auto parts = children(signature, {"SignedInfo", "SignatureValue", "KeyInfo"});
  if (!parts || !has_no_attributes({signature, (*parts)[0], (*parts)[1]}))
    return malformed_xml("a signature of other parts");
  const auto info = children((*parts)[0], {"CanonicalizationMethod", "SignatureMethod", "Reference"});
  if (!info || !children((*info)[0], {}) || !children((*info)[1], {}))
    return malformed_xml("SignedInfo of other parts");
  const auto form_name = only_attribute((*info)[0], "Algorithm");
  const auto method = only_attribute((*info)[1], "Algorithm");
  if (!form_name || !method) return malformed_xml("SignedInfo without algorithms");
  if (*method != kEcdsaSha384) {
    return Error(Errc::kUnsupported, "xml: the signature method `" + method->substr(0, 128) + "` is not accepted");
  }
  const auto form = canonical_form(*form_name);
  if (!form) return form.error();
  const auto reference = read_reference((*info)[2]);
  if (!reference) return reference.error();
  auto value = base64_content((*parts)[1]);
  if (!value || value->size() != kSignatureSize) return malformed_xml("a signature of another size");

  SignedXml out;
  out.signature = *std::move(value);
  auto certificates = read_certificates_of((*parts)[2]);
  if (!certificates) return certificates.error();
  out.certificates = *std::move(certificates);
  // INVARIANT: without its signature, the document is what the reference is to, and that alone is handed on.
  xmlUnlinkNode(signature);
  std::unique_ptr<xmlNode, Deleter<xmlFreeNode>> unlinked(signature);
  const auto content = canonical(document->get(), reference->form, nullptr);
  out.root = copy(root);
  // The canonical form of SignedInfo depends on what it stands in, and on nothing beside it, so that nothing else needs
  // to be walked.
  while (root->children != nullptr) {
    xmlNode* beside = root->children;
    xmlUnlinkNode(beside);
    xmlFreeNode(beside);
  }
  if (xmlAddChild(root, signature) == nullptr) return malformed_xml("no memory");
  (void)unlinked.release();
  auto signed_info = canonical(document->get(), *form, (*parts)[0]);
  if (!signed_info || !content) return malformed_xml("a document without a canonical form");
  out.signed_info = *std::move(signed_info);
  const crypto::Digest digest = crypto::digest(crypto::HashAlgorithm::kSha384, *content);
  out.digest_matches = std::ranges::equal(digest.view(), reference->digest);
  return out;
}

}  // namespace redoubt::attest
