// One request with all that decides it, as `authorize`, `explain` and `bench` are given it.
#pragma once

#include <memory>
#include <string>

#include "redoubt/cedar/inputs.h"

namespace redoubt::app::cedar {

struct QuestionOptions {
  PolicyOptions policies;
  SchemaOptions schema;
  std::string entities;
  RequestOptions request;
};
// The request is required, either way.
void add_question(CLI::App& verb, QuestionOptions& options);

struct Question {
  policy::PolicySet policies;
  std::shared_ptr<const policy::EntityStore> entities;
  policy::Request request;
};
Input<Question> read_question(const QuestionOptions& options);

}  // namespace redoubt::app::cedar
