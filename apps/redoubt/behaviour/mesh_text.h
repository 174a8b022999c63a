// Answers about the behaviour mesh for people, made of their JSON: so that those of a server read the same.
#pragma once

#include <simdjson.h>

#include <string>

namespace redoubt::app {

// Lines, each with its end. Names are made harmless for terminals.
std::string mesh_text(const simdjson::dom::element& answer);

}  // namespace redoubt::app
