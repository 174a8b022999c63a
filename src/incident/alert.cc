#include "incident/alert.h"

#include <array>

#include "crypto/sha256.h"
#include "encoding/base64.h"
#include "incident/internal/names.h"

namespace redoubt::incident {
namespace {

constexpr std::array<std::string_view, 5> kStatuses = {"open", "acknowledged", "contained", "closed", "merged"};
constexpr std::array<std::string_view, 6> kCauses = {"none",   "true_positive", "false_positive",
                                                     "benign", "exercise",      "duplicate"};

}  // namespace

std::string alert_id(const behaviour::Signal& first) {
  const crypto::Sha256Digest digest = crypto::sha256(as_bytes(first.id()));
  std::string out;
  encoding::append_hex(out, ByteView(digest).first(8));
  return out;
}

std::string_view to_string(IncidentStatus status) {
  return kStatuses.at(static_cast<std::size_t>(status));
}

std::optional<IncidentStatus> parse_incident_status(std::string_view text) {
  return named<IncidentStatus>(kStatuses, text);
}

std::string_view to_string(Cause cause) {
  return kCauses.at(static_cast<std::size_t>(cause));
}

std::optional<Cause> parse_cause(std::string_view text) {
  return named<Cause>(kCauses, text);
}

}  // namespace redoubt::incident
