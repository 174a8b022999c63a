// Reference manifests of NVIDIA: a SWID tag (ISO/IEC 19770-2) of measurements that a driver or a VBIOS gives, as the
// TCG Reference Integrity Manifest Information Model 1.01 has it, signed by signed_xml.h.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "attest/internal/nvidia_report.h"
#include "attest/internal/signed_xml.h"
#include "base/result.h"

namespace redoubt::attest {

struct NvidiaRim {
  static constexpr std::size_t kMaxMeasurements = 256;
  static constexpr std::size_t kMaxAlternatives = 64;

  struct Measurement {
    std::uint8_t index;  // from 1, as reports have it; manifests count from 0
    bool active;         // whether a report must have one of the digests
    std::vector<Bytes> digests;
  };

  std::string id;       // tagId
  std::string creator;  // of the Entity whose role is tagCreator
  std::string product;  // `GH100`
  std::string version;  // of the driver or VBIOS
  std::vector<Measurement> measurements;
};

// From what was signed. Errors: kMalformed.
Result<NvidiaRim> read_nvidia_rim(const XmlElement& root);

// Indices of active measurements that the report has not, or has otherwise, in ascending order.
std::vector<std::uint8_t> differences(const NvidiaRim& rim, const NvidiaReport& report);

}  // namespace redoubt::attest
