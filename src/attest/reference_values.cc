#include "attest/reference_values.h"

#include <algorithm>

#include "encoding/json_reader.h"

namespace redoubt::attest {

namespace {

constexpr std::size_t kMaxText = 64 * 1024 * 1024;

std::string key_of(std::optional<Kind> kind, std::string_view place, std::string_view text) {
  std::string key(1, kind ? static_cast<char>('a' + static_cast<int>(*kind)) : '-');
  key.append(place).push_back('\0');
  return key.append(text);
}

// The longest text in the claims, which tells references apart best, and its place.
struct Landmark {
  std::string place;
  const std::string* text = nullptr;

  void look(const ClaimObject& claims, const std::string& prefix) {
    for (const auto& [name, claim] : claims) {
      const std::string place_of = prefix + name;
      if (const ClaimObject* inner = claim.object()) look(*inner, place_of + "/");
      const std::string* found = claim.text();
      if (found != nullptr && (text == nullptr || found->size() > text->size())) {
        text = found;
        place = place_of;
      }
    }
  }
};

const std::string* text_at(const ClaimObject& claims, std::string_view place) {
  const auto slash = place.find('/');
  const Claim* claim = find_claim(claims, place.substr(0, slash));
  if (claim == nullptr) return nullptr;
  if (slash == std::string_view::npos) return claim->text();
  return claim->object() == nullptr ? nullptr : text_at(*claim->object(), place.substr(slash + 1));
}

}  // namespace

Result<> ReferenceValues::add(ReferenceValue reference) {
  if (references_.size() == kMax) return Error(Errc::kTooLarge, "more than 100,000 reference values");
  Landmark landmark;
  landmark.look(reference.claims, "");
  if (landmark.text == nullptr) {
    return Error(Errc::kInvalidArgument, "the reference `" + reference.name + "` has no measurement or other text");
  }
  index_.emplace(key_of(reference.kind, landmark.place, *landmark.text), references_.size());
  if (std::ranges::find(places_, landmark.place) == places_.end()) places_.push_back(landmark.place);
  references_.push_back(std::move(reference));
  return {};
}

const std::string* ReferenceValues::find(std::optional<Kind> kind, const ClaimObject& claims) const {
  const Claim all(claims);
  std::optional<std::size_t> first;
  for (const std::string& place : places_) {
    const std::string* text = text_at(claims, place);
    if (text == nullptr) continue;
    for (auto [at, end] = index_.equal_range(key_of(kind, place, *text)); at != end; ++at) {
      if ((!first || at->second < *first) && all.covers(Claim(references_[at->second].claims))) first = at->second;
    }
  }
  return first ? &references_[*first].name : nullptr;
}

Result<ReferenceValues> parse_reference_values(std::string_view text) {
  encoding::JsonReader reader({.max_bytes = kMaxText, .max_depth = 16});
  const auto root = reader.parse(text);
  if (!root) return root.error().in("the reference values");
  simdjson::dom::object file;
  simdjson::dom::array list;
  if (root->get_object().get(file) != simdjson::SUCCESS || file.size() != 1 ||
      file["references"].get_array().get(list) != simdjson::SUCCESS) {
    return Error(Errc::kMalformed, "reference values are an object with the list `references` alone");
  }
  ReferenceValues out;
  for (const simdjson::dom::element each : list) {
    const std::string where = "reference " + std::to_string(out.all().size() + 1);
    simdjson::dom::object entry;
    if (each.get_object().get(entry) != simdjson::SUCCESS || entry.size() != 3) {
      return Error(Errc::kMalformed, where + " is no object with `name`, `kind` and `claims`");
    }
    const std::string name(encoding::string_member(entry, "name"));
    const std::string_view kind_name = encoding::string_member(entry, "kind");
    const auto kind = find_kind(kind_name);
    simdjson::dom::element claims_json;
    if (name.empty() || (!kind && kind_name != "statement") ||
        entry.at_key("claims").get(claims_json) != simdjson::SUCCESS) {
      return Error(Errc::kMalformed, where + " has no name, no known kind, or no claims");
    }
    const auto claims = read_claim(claims_json);
    if (!claims || claims->object() == nullptr)
      return Error(Errc::kMalformed, where + ": `claims` is no object of claims");
    if (auto added = out.add({name, kind, *claims->object()}); !added) return added.error().in(where);
  }
  return out;
}

}  // namespace redoubt::attest
