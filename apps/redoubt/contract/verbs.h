// What the commands `redoubt contract …` do, each in a file of its name.
#pragma once

#include <string>

namespace redoubt::app::contract_verbs {

struct CheckOptions {
  std::string schema;
  std::string file;  // empty or `-`: standard input
  bool draft7 = false;
  bool no_formats = false;
};
int check(const CheckOptions& options, bool json);

}  // namespace redoubt::app::contract_verbs
