// Prompts and answers do not stay in the parser.
#pragma once

#include "encoding/json_reader.h"

namespace redoubt::gateway::internal {

struct ForgetAtEnd {
  encoding::JsonReader& reader;
  ~ForgetAtEnd() { reader.forget(); }
};

}  // namespace redoubt::gateway::internal
