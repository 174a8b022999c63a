#include "inspect/match.h"

#include <cstdio>

namespace redoubt::inspect {

std::string_view to_string(Family family) {
  switch (family) {
    case Family::kPersonal:
      return "personal";
    case Family::kSecret:
      return "secret";
    case Family::kAttack:
      return "attack";
    case Family::kUser:
      return "user";
    case Family::kContract:
      return "contract";
  }
  return "";
}

std::string_view to_string(Encoding encoding) {
  switch (encoding) {
    case Encoding::kPlain:
      return "plain";
    case Encoding::kBase64:
      return "base64";
    case Encoding::kHex:
      return "hex";
    case Encoding::kEscapes:
      return "escapes";
    case Encoding::kSpaced:
      return "spaced";
  }
  return "";
}

std::string explain(const Match& match) {
  char confidence[16];
  std::snprintf(confidence, sizeof confidence, "%.2f", static_cast<double>(match.confidence));
  std::string out(match.kind);
  out += " at " + std::to_string(match.span.begin_points) + "-" + std::to_string(match.span.end_points) + ", ";
  out += std::string(confidence) + ": rule " + std::string(match.why.rule);
  if (!match.why.check.empty()) out += ", " + std::string(match.why.check) + " holds";
  if (!match.why.context.empty()) out += ", near `" + std::string(match.why.context) + "`";
  for (const Encoding encoding : match.why.decoded) {
    if (encoding != Encoding::kPlain) out += ", in " + std::string(to_string(encoding));
  }
  if (match.flag_only) out += ", to be flagged only";
  return out;
}

}  // namespace redoubt::inspect
