// Rules and playbooks are YAML that people write and bundles carry.
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "encoding/json_writer.h"
#include "encoding/yaml_reader.h"

namespace {

using redoubt::encoding::YamlNode;

std::size_t count(const YamlNode& node, std::size_t depth) {
  REDOUBT_CHECK(depth <= 8);
  REDOUBT_CHECK(redoubt::encoding::is_utf8(node.text));
  std::size_t nodes = 1;
  for (const YamlNode& item : node.items) nodes += count(item, depth + 1);
  for (const auto& [name, value] : node.members) {
    REDOUBT_CHECK(node.find(name) == &value);
    nodes += count(value, depth + 1);
  }
  return nodes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<YamlNode> documents;
  redoubt::encoding::YamlProblem problem;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const redoubt::encoding::YamlLimits limits{
      .max_bytes = 65'536, .max_documents = 8, .max_nodes = 1000, .max_depth = 8};
  if (!redoubt::encoding::read_yaml(text, documents, problem, limits)) {
    REDOUBT_CHECK(!problem.message.empty());
    return 0;
  }
  std::size_t nodes = 0;
  for (const YamlNode& each : documents) nodes += count(each, 0);
  REDOUBT_CHECK(nodes <= 1000);
  return 0;
}
