#include "attest/collateral_bundle.h"

#include <algorithm>

#include "encoding/base64.h"
#include "encoding/json_reader.h"

namespace redoubt::attest {

namespace {

// What a bundle may supply.
constexpr std::array kSupplied{Role::kChain,      Role::kVek,    Role::kCrl,     Role::kCollateral,     Role::kTcbInfo,
                               Role::kQeIdentity, Role::kPckCrl, Role::kRootCrl, Role::kTcbIssuerChain, Role::kRim};

}  // namespace

Result<> CollateralBundle::add(CollateralItem item) {
  if (std::ranges::find(kSupplied, item.role) == kSupplied.end()) {
    return Error(Errc::kInvalidArgument, "`" + std::string(to_string(item.role)) + "` is no collateral");
  }
  if (items_.size() == kMaxItems) return Error(Errc::kTooLarge, "more than 4,096 items of collateral");
  if (item.data.size() > Evidence::kMaxFileBytes) return Error(Errc::kTooLarge, "collateral of more than 16 MiB");
  items_.push_back(std::move(item));
  return {};
}

Result<CollateralBundle> CollateralBundle::parse(std::string_view text) {
  encoding::JsonReader reader({.max_bytes = std::size_t{64} << 20, .max_depth = 16});
  const auto root = reader.parse(text);
  if (!root) return root.error().in("the collateral");
  simdjson::dom::object file;
  simdjson::dom::array list;
  if (root->get_object().get(file) != simdjson::SUCCESS || file.size() != 1 ||
      file["items"].get_array().get(list) != simdjson::SUCCESS) {
    return Error(Errc::kMalformed, "collateral is an object with the list `items` alone");
  }
  CollateralBundle out;
  for (const simdjson::dom::element each : list) {
    const std::string where = "item " + std::to_string(out.items_.size() + 1);
    simdjson::dom::object entry;
    simdjson::dom::element when;
    if (each.get_object().get(entry) != simdjson::SUCCESS || entry.size() != 4 ||
        entry.at_key("when").get(when) != simdjson::SUCCESS) {
      return Error(Errc::kMalformed, where + " is no object with `kind`, `role`, `when` and `data`");
    }
    const auto kind = find_kind(encoding::string_member(entry, "kind"));
    const auto role = find_role(encoding::string_member(entry, "role"));
    const auto claims = read_claim(when);
    auto data = encoding::base64_decode(encoding::string_member(entry, "data"));
    if (!kind || !role || !claims || claims->object() == nullptr || !data || data->empty()) {
      return Error(Errc::kMalformed, where + " has no known kind or role, no claims in `when`, or no base64 in `data`");
    }
    if (auto added = out.add({*kind, *role, *claims->object(), *std::move(data)}); !added) {
      return Error(Errc::kMalformed, where + ": " + added.error().message());
    }
  }
  return out;
}

std::string CollateralBundle::format() const {
  std::string text;
  encoding::JsonWriter out(text);
  out.begin_object();
  out.key("items");
  out.begin_array();
  for (const CollateralItem& item : items_) {
    out.begin_object();
    out.member("kind", to_string(item.kind));
    out.member("role", to_string(item.role));
    out.key("when");
    write_claim(out, Claim(item.when));
    out.member("data", encoding::base64(item.data));
    out.end_object();
  }
  out.end_array();
  out.end_object();
  return text;
}

std::optional<Inputs> CollateralBundle::supply(const Evidence& evidence, const ClaimObject& claims) const {
  const Claim said(claims);
  Inputs full = evidence.inputs;
  bool added = false;
  for (const CollateralItem& item : items_) {
    if (item.kind != evidence.kind || full.has(item.role) || !said.covers(Claim(item.when))) continue;
    full.set(item.role, item.data);
    added = true;
  }
  return added ? std::optional(full) : std::nullopt;
}

Verdict CollateralBundle::verify(Verifier& verifier, const Evidence& evidence, const Policy& policy) const {
  Verdict alone = verifier.verify(evidence, policy);
  const auto inputs = supply(evidence, alone.claims);
  if (!inputs) return alone;
  Evidence full = evidence;
  full.inputs = *inputs;
  return verifier.verify(full, policy);
}

}  // namespace redoubt::attest
