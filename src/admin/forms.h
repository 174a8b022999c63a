// Shapes that several resources share.
#pragma once

#include "admin/shape.h"

namespace redoubt::admin {

inline constexpr std::string_view kNameRest = "A-Za-z0-9._-";

// Principals and groups. Not beginning with a dot: `.` and `..` are no names in a path.
inline constexpr Shape kIdShape =
    text_of({.kind = TextForm::Kind::kName, .min = 1, .max = 64, .first = "A-Za-z0-9_", .rest = kNameRest});
inline constexpr Shape kIdsShape = list_of(kIdShape, 64, true);
inline constexpr Shape kTenantShape =
    text_of({.kind = TextForm::Kind::kName, .min = 1, .max = 64, .first = "a-z0-9", .rest = "a-z0-9._-"});
inline constexpr Shape kKeyIdShape =
    text_of({.kind = TextForm::Kind::kName, .min = 12, .max = 12, .first = "a-z0-9", .rest = "a-z0-9"});
inline constexpr Shape kModelNameShape =
    text_of({.kind = TextForm::Kind::kName, .min = 1, .max = 200, .first = "A-Za-z0-9", .rest = "A-Za-z0-9._:/@+-"});
inline constexpr Shape kKindShape =
    text_of({.kind = TextForm::Kind::kName, .min = 1, .max = 128, .first = "a-z", .rest = "a-z0-9_."});
// How facts name what they change: `principal/alice`.
inline constexpr Shape kObjectShape =
    text_of({.kind = TextForm::Kind::kName, .min = 1, .max = 256, .first = "!-~", .rest = "!-~"});
inline constexpr Shape kWhyShape = text_of({.kind = TextForm::Kind::kLine, .min = 1, .max = 120});
inline constexpr Shape kTextShape = text_of({.kind = TextForm::Kind::kLine, .max = 500});
inline constexpr Shape kProviderShape = text_of({.kind = TextForm::Kind::kLine, .max = 64});
inline constexpr Shape kHoldIdShape =
    text_of({.kind = TextForm::Kind::kName, .min = 16, .max = 16, .first = "a-z0-9", .rest = "a-z0-9"});
inline constexpr Shape kHoldKindShape =
    text_of({.kind = TextForm::Kind::kName, .min = 1, .max = 64, .first = "a-z", .rest = "a-z0-9._"});
inline constexpr Shape kHoldSubjectShape =
    text_of({.kind = TextForm::Kind::kName, .min = 1, .max = 200, .first = "!-~", .rest = "!-~"});
inline constexpr Shape kHoldReasonShape = text_of({.kind = TextForm::Kind::kLine, .min = 1, .max = 200});
inline constexpr Shape kTimeShape = text_of({.kind = TextForm::Kind::kTimestamp, .min = 20, .max = 24});
inline constexpr Shape kVersionShape = integer_of(0, kIntegerMax);
inline constexpr Shape kEntityTagShape =
    text_of({.kind = TextForm::Kind::kName, .min = 1, .max = 22, .first = "\"*", .rest = "0-9\""});
inline constexpr Shape kIndexShape = integer_of(0, kIntegerMax);
inline constexpr Shape kCursorShape =
    text_of({.kind = TextForm::Kind::kName, .min = 1, .max = 512, .first = "A-Za-z0-9_-", .rest = "A-Za-z0-9_-"});

// What a list answers: `constexpr Shape kGroupList = page_of<kGroup>("GroupList");`
template <const Shape& kItem>
inline constexpr Shape kPageItems = list_of(kItem, 200);
template <const Shape& kItem>
inline constexpr Field kPageFields[] = {
    {"items", &kPageItems<kItem>, "In the order of their names.", kRequired},
    {"next", &kCursorShape, "The `cursor` of the next page; absent when this was the last one."}};
template <const Shape& kItem>
constexpr Shape page_of(std::string_view name) {
  return object_of(name, kPageFields<kItem>);
}

}  // namespace redoubt::admin
