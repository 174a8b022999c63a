#include "gateway/policy_files.h"

#include <algorithm>

#include "encoding/json_reader.h"
#include "encoding/json_writer.h"

namespace redoubt::gateway {

Result<std::vector<PolicyFile>> read_policies(FileSystem& fs, const std::string& folder) {
  auto names = fs.list(folder);
  if (!names) return names.error();
  std::sort(names->begin(), names->end());
  std::vector<PolicyFile> files;
  std::size_t left = PolicyBundle::kMaxBytes;
  for (const std::string& name : *names) {
    if (name.starts_with('.') || !(name.ends_with(".cedar") || name.ends_with(".json"))) continue;
    if (files.size() == PolicyBundle::kMaxFiles) return Error(Errc::kTooLarge, "too many policy files").in(folder);
    auto text = read_file(fs, folder + "/" + name, left);
    if (!text) return text.error();
    left -= text->size();
    files.push_back({name, std::string(as_chars(*text))});
  }
  return files;
}

Result<std::string> pack_policies(const std::vector<PolicyFile>& files) {
  std::string out;
  encoding::JsonWriter json(out);
  json.begin_array();
  for (const PolicyFile& file : files) {
    if (!encoding::is_utf8(file.text) || !encoding::is_utf8(file.name)) {
      return Error(Errc::kMalformed, "`" + file.name + "` is not UTF-8");
    }
    json.begin_object();
    json.member("name", file.name);
    json.member("text", file.text);
    json.end_object();
  }
  json.end_array();
  return out;
}

Result<std::vector<PolicyFile>> unpack_policies(std::string_view text) {
  encoding::JsonReader reader({.max_bytes = kMaxPackedPolicies, .max_depth = 2});
  auto root = reader.parse(text);
  if (!root) return root.error();
  simdjson::dom::array array;
  if (root->get(array) != simdjson::SUCCESS) return Error(Errc::kMalformed, "packed policies are an array");
  std::vector<PolicyFile> files;
  for (const simdjson::dom::element element : array) {
    simdjson::dom::object object;
    std::string_view name;
    std::string_view content;
    if (element.get(object) != simdjson::SUCCESS || object["name"].get(name) != simdjson::SUCCESS ||
        object["text"].get(content) != simdjson::SUCCESS) {
      return Error(Errc::kMalformed, "a packed policy file has a name and a text");
    }
    files.push_back({std::string(name), std::string(content)});
  }
  return files;
}

}  // namespace redoubt::gateway
