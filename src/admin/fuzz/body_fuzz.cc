// A body against the shape of every operation that takes one. Whatever it is, the check ends, within its bound of
// faults, and of a value that fits every member is there in its type.
#include <cstdint>
#include <string_view>

#include "admin/call.h"
#include "base/check.h"

namespace {

using namespace redoubt;

void read_members(const admin::Shape& shape, const admin::Body& body) {
  for (const admin::Field& field : shape.fields) {
    if (field.required()) REDOUBT_CHECK(body.has(field.name));
    if (!body.has(field.name) || body.is_null(field.name)) continue;
    switch (field.shape->type) {
      case admin::Shape::Type::kInteger:
        REDOUBT_CHECK(body.integer(field.name).value() <= field.shape->max);
        break;
      case admin::Shape::Type::kBoolean:
        REDOUBT_CHECK(body.flag(field.name).has_value());
        break;
      case admin::Shape::Type::kArray:
        REDOUBT_CHECK(body.texts(field.name).size() <= field.shape->max_items);
        break;
      case admin::Shape::Type::kText:
        if (field.shape->form.kind == admin::TextForm::Kind::kTimestamp && field.shape->choices.empty()) {
          REDOUBT_CHECK(body.time(field.name).has_value());
        }
        break;
      default:
        break;
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<const admin::Operation*> operations = admin::all_operations();
  static encoding::JsonReader reader({.max_bytes = 1 << 20, .max_depth = 32});
  const auto root = reader.parse({reinterpret_cast<const char*>(data), size});
  if (!root) return 0;
  for (const admin::Operation* operation : operations) {
    if (operation->request == nullptr) continue;
    const auto faults = admin::check(*operation->request, *root);
    REDOUBT_CHECK(faults.size() <= admin::kMaxFaults);
    simdjson::dom::object object;
    if (faults.empty() && root->get(object) == simdjson::SUCCESS)
      read_members(*operation->request, admin::Body(object));
  }
  return 0;
}
