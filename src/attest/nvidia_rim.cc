#include "attest/internal/nvidia_rim.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "encoding/base64.h"

namespace redoubt::attest {

namespace {

constexpr std::string_view kSwid = "http://standards.iso.org/iso/19770/-2/2015/schema.xsd";
constexpr std::string_view kSha384 = "http://www.w3.org/2001/04/xmlenc#sha384";
// The measurement of the video decoder, which is there only where that is enabled.
constexpr std::uint8_t kVideoDecoderIndex = 36;

Error malformed(std::string_view what) {
  return {Errc::kMalformed, "the manifest " + std::string(what)};
}

std::optional<std::size_t> number(const std::string* text, std::size_t max) {
  std::size_t out = 0;
  if (text == nullptr) return std::nullopt;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), out);
  if (error != std::errc() || end != text->data() + text->size() || out > max) return std::nullopt;
  return out;
}

// The one child of that name; null when there are none, or more.
const XmlElement* only_child(const XmlElement& parent, std::string_view name) {
  const XmlElement* out = nullptr;
  for (const XmlElement& each : parent.children) {
    if (each.space != kSwid || each.name != name) continue;
    if (out != nullptr) return nullptr;
    out = &each;
  }
  return out;
}

Result<NvidiaRim::Measurement> read_measurement(const XmlElement& resource) {
  const std::string* type = resource.attribute("type");
  const std::string* active = resource.attribute("active");
  const auto index = number(resource.attribute("index"), NvidiaRim::kMaxMeasurements - 2);
  const auto alternatives = number(resource.attribute("alternatives"), NvidiaRim::kMaxAlternatives);
  const auto size = number(resource.attribute("size"), NvidiaReport::kDigestSize);
  if (resource.space != kSwid || resource.name != "Resource" || type == nullptr || *type != "Measurement" || !index ||
      !alternatives || *alternatives == 0 || size != NvidiaReport::kDigestSize || active == nullptr ||
      (*active != "True" && *active != "False")) {
    return malformed("has a resource that is no measurement");
  }
  NvidiaRim::Measurement out{static_cast<std::uint8_t>(*index + 1), *active == "True", {}};
  for (std::size_t i = 0; i < *alternatives; ++i) {
    const std::string* text = resource.attribute("Hash" + std::to_string(i), kSha384);
    auto digest = text == nullptr ? Error(Errc::kMalformed, "") : encoding::hex_decode(*text);
    if (!digest || digest->size() != NvidiaReport::kDigestSize) return malformed("has a digest that is none");
    out.digests.push_back(*std::move(digest));
  }
  const auto stated = std::ranges::count(resource.attributes, kSha384, &XmlAttribute::space);
  if (static_cast<std::size_t>(stated) != *alternatives) return malformed("has more digests than it says");
  return out;
}

}  // namespace

Result<NvidiaRim> read_nvidia_rim(const XmlElement& root) {
  if (root.space != kSwid || root.name != "SoftwareIdentity") return malformed("is no SWID tag");
  const XmlElement* meta = only_child(root, "Meta");
  const XmlElement* payload = only_child(root, "Payload");
  const XmlElement* entity = only_child(root, "Entity");
  if (meta == nullptr || payload == nullptr || entity == nullptr) {
    return malformed("has not one Entity, one Meta and one Payload");
  }
  const std::string* id = root.attribute("tagId");
  const std::string* role = entity->attribute("role");
  const std::string* creator = entity->attribute("name");
  const std::string* product = meta->attribute("product");
  const std::string* version = meta->attribute("colloquialVersion");
  if (id == nullptr || role == nullptr || creator == nullptr || product == nullptr || version == nullptr ||
      (" " + *role + " ").find(" tagCreator ") == std::string::npos) {
    return malformed("does not say what it is of, or who made it");
  }
  NvidiaRim out{*id, *creator, *product, *version, {}};
  for (const XmlElement& each : payload->children) {
    if (out.measurements.size() == NvidiaRim::kMaxMeasurements) return malformed("has too many measurements");
    auto measurement = read_measurement(each);
    if (!measurement) return measurement.error();
    out.measurements.push_back(*std::move(measurement));
  }
  std::ranges::sort(out.measurements, {}, &NvidiaRim::Measurement::index);
  if (std::ranges::adjacent_find(out.measurements, {}, &NvidiaRim::Measurement::index) != out.measurements.end()) {
    return malformed("has a measurement twice");
  }
  if (std::ranges::none_of(out.measurements, &NvidiaRim::Measurement::active)) return malformed("measures nothing");
  return out;
}

std::vector<std::uint8_t> differences(const NvidiaRim& rim, const NvidiaReport& report) {
  std::vector<std::uint8_t> out;
  for (const NvidiaRim::Measurement& golden : rim.measurements) {
    if (!golden.active) continue;
    if (golden.index == kVideoDecoderIndex && report.video_decoder_enabled == false) continue;
    const auto measured = std::ranges::find(report.measurements, golden.index, &NvidiaReport::Measurement::index);
    const bool equal =
        measured != report.measurements.end() && std::ranges::any_of(golden.digests, [&](const Bytes& digest) {
          return std::ranges::equal(digest, measured->value);
        });
    if (!equal) out.push_back(golden.index);
  }
  return out;
}

}  // namespace redoubt::attest
