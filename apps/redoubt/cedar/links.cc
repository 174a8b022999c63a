#include <map>
#include <string>
#include <vector>

#include "encoding/json_reader.h"
#include "redoubt/cedar/inputs.h"

namespace redoubt::app::cedar {
namespace {

using policy::Checked;
using policy::Problem;
using policy::Slot;
using Values = std::map<Slot, policy::EntityUid>;

constexpr encoding::JsonLimits kLimits{.max_bytes = policy::Limits().max_bytes, .max_depth = 8};
constexpr std::string_view slot_name(Slot slot) {
  return slot == Slot::kPrincipal ? "?principal" : "?resource";
}

tl::unexpected<policy::Problems> fail_at(const std::string& pointer, std::string message) {
  return policy::fail(Problem{.message = std::move(message), .path = pointer});
}

Checked<Values> slot_values(simdjson::dom::element args, const std::string& at) {
  simdjson::dom::object object;
  if (args.get(object) != simdjson::SUCCESS) return fail_at(at, "expected an object of slots and entities");
  Values out;
  for (const auto& [name, value] : object) {
    const Slot slot = name == slot_name(Slot::kPrincipal) ? Slot::kPrincipal : Slot::kResource;
    if (name != slot_name(slot)) return fail_at(at, "`" + std::string(name) + "` is no slot");
    std::string_view text;
    if (value.get(text) != simdjson::SUCCESS) return fail_at(at + "/" + std::string(name), "expected a string");
    auto uid = policy::parse_entity_uid(text);
    if (!uid) return fail_at(at + "/" + std::string(name), "`" + std::string(text) + "` is no entity");
    out.emplace(slot, *std::move(uid));
  }
  return out;
}

Checked<policy::Link> parse_link(simdjson::dom::element item, const std::string& at) {
  policy::Link link;
  std::string_view id;
  std::string_view template_id;
  simdjson::dom::element args;
  if (item["link_id"].get(id) != simdjson::SUCCESS || item["template_id"].get(template_id) != simdjson::SUCCESS ||
      item["args"].get(args) != simdjson::SUCCESS) {
    return fail_at(at, "expected an object with `template_id`, `link_id` and `args`");
  }
  link.id = id;
  link.template_id = template_id;
  auto values = slot_values(args, at + "/args");
  if (!values) return tl::unexpected(values.error());
  link.values = *std::move(values);
  return link;
}

}  // namespace

Checked<Values> parse_slot_values(std::string_view json) {
  encoding::JsonReader reader(kLimits);
  const auto root = reader.parse(json);
  if (!root) return policy::fail(Problem{.message = root.error().message()});
  return slot_values(*root, "");
}

Checked<std::vector<policy::Link>> parse_links(std::string_view json) {
  std::vector<policy::Link> out;
  if (json.empty()) return out;  // a file that is yet to be filled
  encoding::JsonReader reader(kLimits);
  const auto root = reader.parse(json);
  if (!root) return policy::fail(Problem{.message = root.error().message()});
  simdjson::dom::array array;
  if (root->get(array) != simdjson::SUCCESS) return policy::fail(Problem{.message = "expected an array of links"});
  for (const simdjson::dom::element item : array) {
    auto link = parse_link(item, "/" + std::to_string(out.size()));
    if (!link) return tl::unexpected(link.error());
    out.push_back(*std::move(link));
  }
  return out;
}

std::string links_to_json(const std::vector<policy::Link>& links) {
  std::string out;
  encoding::JsonWriter json(out);
  json.begin_array();
  for (const policy::Link& link : links) {
    json.begin_object();
    json.member("template_id", link.template_id);
    json.member("link_id", link.id);
    json.key("args");
    json.begin_object();
    for (const auto& [slot, uid] : link.values) json.member(slot_name(slot), policy::to_string(uid));
    json.end_object();
    json.end_object();
  }
  json.end_array();
  return out;
}

}  // namespace redoubt::app::cedar
