#include "redoubt/behaviour/rule_folder.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include "base/file.h"

namespace redoubt::app::behaviour_verbs {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxFiles = 10'000;
constexpr std::size_t kMaxBytes = std::size_t{4} << 20;
constexpr std::string_view kTaxonomy = "taxonomy.yaml";

Result<std::string> read(const fs::path& path) {
  PosixFileSystem files;
  auto bytes = read_file(files, path.string(), kMaxBytes);
  if (!bytes) return bytes.error();
  return std::string(as_chars(*bytes));
}

Result<> gather(const fs::path& path, std::set<std::string>& files) {
  std::error_code error;
  if (fs::is_regular_file(path, error)) {
    files.insert(path.string());
    return {};
  }
  if (!fs::is_directory(path, error))
    return Error(Errc::kNotFound, "there is no file or folder `" + path.string() + "`");
  for (fs::recursive_directory_iterator at(path, error), end; !error && at != end; at.increment(error)) {
    if (at->is_regular_file(error) && at->path().extension() == ".yml") files.insert(at->path().string());
    if (files.size() > kMaxFiles)
      return Error(Errc::kTooLarge, "more than " + std::to_string(kMaxFiles) + " rule files");
  }
  if (error) return Error(Errc::kIo, "cannot read the folder `" + path.string() + "`: " + error.message());
  return {};
}

std::string taxonomy_near(const fs::path& path) {
  std::error_code error;
  fs::path folder = fs::weakly_canonical(path, error);
  if (!fs::is_directory(folder, error)) folder = folder.parent_path();
  for (;; folder = folder.parent_path()) {
    if (fs::is_regular_file(folder / kTaxonomy, error)) return (folder / kTaxonomy).string();
    if (folder == folder.parent_path()) return {};
  }
}

}  // namespace

Result<RuleFolder> read_rule_folder(const std::vector<std::string>& paths, const std::string& taxonomy_file) {
  std::set<std::string> files;
  for (const std::string& path : paths) {
    if (auto done = gather(path, files); !done) return done.error();
  }
  if (files.empty()) return Error(Errc::kNotFound, "there are no rule files (`*.yml`)");
  RuleFolder out;
  for (const std::string& file : files) {
    auto text = read(file);
    if (!text) return text.error();
    out.files.push_back({file, *std::move(text)});
  }
  out.taxonomy_file = taxonomy_file.empty() ? taxonomy_near(paths.front()) : taxonomy_file;
  if (!out.taxonomy_file.empty()) {
    const auto text = read(out.taxonomy_file);
    if (!text) return text.error();
    auto taxonomy = sigma::parse_taxonomy(*text, out.taxonomy_file);
    if (!taxonomy) return taxonomy.error();
    out.taxonomy = *std::move(taxonomy);
  }
  return out;
}

Result<std::optional<std::string>> read_tests_beside(const std::string& rule_file) {
  const fs::path path = fs::path(rule_file).replace_extension(".tests.json");
  std::error_code error;
  if (!fs::exists(path, error)) return std::optional<std::string>();
  auto text = read(path);
  if (!text) return text.error();
  return std::optional(*std::move(text));
}

}  // namespace redoubt::app::behaviour_verbs
