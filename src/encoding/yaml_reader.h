// A YAML document as a tree with lines, read strictly: what could make two readers see different documents is refused.
//
// Plain scalars are resolved by the core schema of YAML 1.2 (§10.3.2): `yes` is text, `0x17` is 23.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace redoubt::encoding {

struct YamlMember;

struct YamlNode {
  enum class Kind : std::uint8_t { kNull, kBoolean, kInteger, kFloat, kText, kList, kMap };

  Kind kind = Kind::kNull;
  std::size_t line = 0;  // from 1
  bool boolean = false;
  double number = 0;  // of integers and floats
  std::string text;   // scalars: as written; integers in decimal
  std::vector<YamlNode> items;
  std::vector<YamlMember> members;  // in order, no name twice

  bool is_text() const { return kind == Kind::kText; }
  bool is_list() const { return kind == Kind::kList; }
  bool is_map() const { return kind == Kind::kMap; }
  bool is_number() const { return kind == Kind::kInteger || kind == Kind::kFloat; }
  const YamlNode* find(std::string_view name) const;
};

struct YamlMember {
  std::string name;
  YamlNode value;
};

// Kind as a word for messages: `a list`.
std::string_view kind_name(YamlNode::Kind kind);

struct YamlLimits {
  std::size_t max_bytes = std::size_t{1} << 20;
  std::size_t max_documents = 1024;
  std::size_t max_nodes = 100'000;
  std::size_t max_depth = 32;
};

struct YamlProblem {
  Errc code = Errc::kMalformed;
  std::size_t line = 0;
  std::string message;
};

// The documents of a file, empty ones left out. False: `problem` says why.
bool read_yaml(std::string_view text, std::vector<YamlNode>& documents, YamlProblem& problem,
               const YamlLimits& limits = {});

}  // namespace redoubt::encoding
