// ocsf_validate [--schema FILE] [FILE…]: validates OCSF events, one a line, from files or standard input.
//
// Prints `NAME:LINE: reason` for each problem and a count at the end. Exit status: 0 every event is valid, 1 some event
// is not or there is none, 2 usage, 3 a file or the schema cannot be read.
#include <cstdio>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include "tests/support/ocsf_validator.h"

namespace {

struct Counts {
  std::size_t events = 0;
  std::size_t invalid = 0;
};

void validate_lines(const redoubt::test::OcsfValidator& validator, std::istream& in, const std::string& name,
                    Counts& counts) {
  std::string line;
  for (std::size_t number = 1; std::getline(in, line); ++number) {
    if (line.empty()) continue;
    ++counts.events;
    const auto problems = validator.validate(line);
    if (!problems.empty()) ++counts.invalid;
    for (const auto& problem : problems) {
      const std::string where = problem.path.empty() ? "" : "`" + problem.path + "`: ";
      std::printf("%s:%zu: %s%s\n", name.c_str(), number, where.c_str(), problem.reason.c_str());
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  std::string schema = redoubt::test::ocsf_schema_path();
  std::vector<std::string> files;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--schema" && i + 1 < argc) {
      schema = argv[++i];
    } else if (argument.size() > 1 && argument[0] == '-') {
      std::fprintf(stderr, "usage: ocsf_validate [--schema FILE] [FILE...]\n");
      return 2;
    } else {
      files.push_back(argument);
    }
  }
  const auto validator = redoubt::test::OcsfValidator::load(schema);
  if (!validator) {
    std::fprintf(stderr, "ocsf_validate: %s\n", validator.error().message().c_str());
    return 3;
  }
  Counts counts;
  if (files.empty()) files.emplace_back("-");
  for (const std::string& file : files) {
    if (file == "-") {
      validate_lines(*validator, std::cin, "standard input", counts);
      continue;
    }
    std::ifstream in(file, std::ios::binary);
    if (!in) {
      std::fprintf(stderr, "ocsf_validate: cannot read `%s`\n", file.c_str());
      return 3;
    }
    validate_lines(*validator, in, file, counts);
  }
  std::printf("%zu events, %zu invalid\n", counts.events, counts.invalid);
  return counts.events > 0 && counts.invalid == 0 ? 0 : 1;
}
