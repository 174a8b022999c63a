// `redoubt identity profile …`: servers that this user reaches often.
#include <cstdio>
#include <filesystem>
#include <memory>

#include "redoubt/administer/identity_nouns.h"
#include "redoubt/administer/profiles.h"
#include "redoubt/administer/show.h"

namespace redoubt::app {
namespace {

// The file, with what it holds.
struct Profiles {
  PosixFileSystem fs;
  std::string path = profiles_path();
  std::vector<Profile> all;
};

Result<> load(Profiles& profiles) {
  if (profiles.path.empty()) return Error(Errc::kInvalidArgument, "there is no HOME: set REDOUBT_PROFILES");
  auto all = load_profiles(profiles.fs, profiles.path);
  if (!all) return all.error();
  profiles.all = *std::move(all);
  return {};
}

std::string absolute(const std::string& path) {
  return path.empty() ? path : std::filesystem::absolute(path).lexically_normal().string();
}

void write(encoding::JsonWriter& json, const Profile& profile) {
  json.begin_object();
  json.member("name", profile.name);
  json.member("url", profile.url);
  if (!profile.ca_file.empty()) json.member("ca_file", profile.ca_file);
  if (!profile.key_file.empty()) json.member("key_file", profile.key_file);
  json.end_object();
}

int print_done(const Common& common, const std::string& path) {
  std::string out;
  encoding::JsonWriter json(out);
  json.begin_object();
  json.member("ok", true);
  json.member("file", path);
  json.end_object();
  std::printf("%s\n", common.json ? out.c_str() : path.c_str());
  return kSuccess;
}

int add_profile(const Common& common, const Profile& wanted) {
  Profiles profiles;
  if (auto done = load(profiles); !done) return report(done.error(), common.json);
  std::erase_if(profiles.all, [&](const Profile& profile) { return profile.name == wanted.name; });
  profiles.all.push_back({.name = wanted.name,
                          .url = wanted.url,
                          .ca_file = absolute(wanted.ca_file),
                          .key_file = absolute(wanted.key_file)});
  auto saved = save_profiles(profiles.fs, profiles.path, profiles.all);
  return saved ? print_done(common, profiles.path) : report(saved.error(), common.json);
}

int remove_profile(const Common& common, const std::string& name) {
  Profiles profiles;
  if (auto done = load(profiles); !done) return report(done.error(), common.json);
  if (std::erase_if(profiles.all, [&](const Profile& profile) { return profile.name == name; }) == 0) {
    return report_admin(Error(Errc::kNotFound, "there is no profile `" + name + "` in `" + profiles.path + "`"),
                        common.json);
  }
  auto saved = save_profiles(profiles.fs, profiles.path, profiles.all);
  return saved ? print_done(common, profiles.path) : report(saved.error(), common.json);
}

int list_profiles(const Common& common) {
  Profiles profiles;
  if (auto done = load(profiles); !done) return report(done.error(), common.json);
  std::string text;
  encoding::JsonWriter json(text);
  json.begin_object();
  json.member("ok", true);
  json.key("items");
  json.begin_array();
  for (const Profile& profile : profiles.all) write(json, profile);
  json.end_array();
  json.end_object();
  if (!common.json) {
    encoding::JsonReader reader;
    Table table({"name", "url", "ca_file", "key_file"});
    simdjson::dom::array items;
    if (auto root = reader.parse(text); root && root->at_key("items").get(items) == simdjson::SUCCESS) {
      for (const simdjson::dom::element item : items) table.add(item.get_object().value_unsafe());
    }
    text = table.text();
    text.pop_back();
  }
  std::printf("%s\n", text.c_str());
  return kSuccess;
}

}  // namespace

void add_profile_commands(CLI::App& identity, AdminCommands& commands) {
  auto* const noun = commands.noun(identity, "profile", "servers elsewhere, by name, for --profile");
  const auto profile = std::make_shared<Profile>();
  const Common& common = commands.common();

  auto* const add = commands.add_local(*noun, "add", "add one, or replace it",
                                       [&common, profile] { return add_profile(common, *profile); });
  add->add_option("name", profile->name, "its name")->required();
  add->add_option("--url", profile->url, "address of its administrative interface")->required();
  add->add_option("--ca-file", profile->ca_file, "PEM trust anchors (default: the system's)");
  add->add_option("--key-file", profile->key_file, "file with your key, which others cannot read");
  commands.add_local(*noun, "list", "list them", [&common] { return list_profiles(common); });
  commands
      .add_local(*noun, "remove", "remove one", [&common, profile] { return remove_profile(common, profile->name); })
      ->add_option("name", profile->name, "its name")
      ->required();
}

}  // namespace redoubt::app
