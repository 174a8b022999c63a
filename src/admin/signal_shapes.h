// Shapes that signals share with what is made of them.
#pragma once

#include "admin/forms.h"

namespace redoubt::admin {

inline constexpr std::string_view kSeverities[] = {"low", "medium", "high", "critical"};
inline constexpr Shape kSeverityShape = one_of(kSeverities);
// Whether whoever it names was authenticated for these acts.
inline constexpr std::string_view kAttributions[] = {"proven", "claimed"};
inline constexpr Shape kAttributionShape = one_of(kAttributions);
// What raised it, and whom it is about: `principal/NAME`, `model/NAME`, …
inline constexpr Shape kRuleShape = text_of({.kind = TextForm::Kind::kLine, .min = 1, .max = 300});
inline constexpr Shape kAboutShape = text_of({.kind = TextForm::Kind::kLine, .min = 1, .max = 600});

// A list whose newest comes first.
template <const Shape& kItem>
inline constexpr Field kNewestFields[] = {
    {"items", &kPageItems<kItem>, "The newest first.", kRequired},
    {"next", &kCursorShape, "The `cursor` of the next page; absent when this was the last one."}};
template <const Shape& kItem>
constexpr Shape newest_page_of(std::string_view name) {
  return object_of(name, kNewestFields<kItem>);
}

}  // namespace redoubt::admin
