#include "redoubt/administer/profiles.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>

#include "base/config.h"
#include "encoding/json_writer.h"
#include "net/http_client.h"

namespace redoubt::app {
namespace {

constexpr std::size_t kNameMax = 64;
constexpr std::size_t kPathMax = 4096;

bool is_profile_name(std::string_view name) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
  };
  return !name.empty() && name.size() <= kNameMax && std::all_of(name.begin(), name.end(), fits);
}

// What TOML's basic strings and JSON's write in the same way.
bool is_path(std::string_view text) {
  const auto plain = [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f; };
  return text.size() <= kPathMax && std::all_of(text.begin(), text.end(), plain) && encoding::is_utf8(text);
}

Result<> check(const std::vector<Profile>& profiles) {
  if (profiles.size() > kProfilesMax) {
    return Error(Errc::kInvalidArgument, "there are at most " + std::to_string(kProfilesMax) + " profiles");
  }
  for (auto profile = profiles.begin(); profile != profiles.end(); ++profile) {
    if (!is_profile_name(profile->name)) {
      return Error(Errc::kInvalidArgument, "a profile's name has 1 to 64 of a-z A-Z 0-9 . _ -");
    }
    if (auto url = net::UpstreamUrl::parse(profile->url); !url) {
      return url.error().in("profile `" + profile->name + "`");
    }
    if (!is_path(profile->ca_file) || !is_path(profile->key_file)) {
      return Error(Errc::kInvalidArgument, "profile `" + profile->name + "` has a path with control characters");
    }
    const auto same = [&](const Profile& other) { return other.name == profile->name; };
    if (std::any_of(profiles.begin(), profile, same)) {
      return Error(Errc::kInvalidArgument, "there are two profiles `" + profile->name + "`");
    }
  }
  return {};
}

void append_member(std::string& out, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  out.append(name).append(" = ");
  encoding::append_json_string(out, value);
  out += '\n';
}

// The folders above the file that are not there, for their user alone.
Result<> make_folders(const std::filesystem::path& folder) {
  if (folder.empty() || std::filesystem::exists(folder)) return {};
  if (auto done = make_folders(folder.parent_path()); !done) return done;
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
    return errno_error("cannot make folder `" + folder.string() + "`", errno);
  }
  return {};
}

}  // namespace

std::string profiles_path() {
  if (const char* path = std::getenv("REDOUBT_PROFILES"); path != nullptr && *path != '\0') return path;
  const char* home = std::getenv("HOME");
  return home == nullptr || *home == '\0' ? "" : std::string(home) + "/.config/redoubt/profiles.toml";
}

Result<std::vector<Profile>> parse_profiles(std::string_view text, const std::string& path) {
  auto file = ConfigFile::parse(text, path);
  if (!file) return file.error();
  std::vector<Profile> profiles;
  for (const ConfigSection& section : file->sections("profile")) {
    Profile profile;
    const auto take = [&](std::string_view key, std::string& into, bool required) -> Result<> {
      auto value = section.get_string(key, required ? std::nullopt : std::optional<std::string>(""));
      if (!value) return value.error();
      into = *std::move(value);
      return {};
    };
    if (auto done = take("name", profile.name, true); !done) return done.error();
    if (auto done = take("url", profile.url, true); !done) return done.error();
    if (auto done = take("ca_file", profile.ca_file, false); !done) return done.error();
    if (auto done = take("key_file", profile.key_file, false); !done) return done.error();
    profiles.push_back(std::move(profile));
  }
  if (auto known = file->check_all_read(); !known) return known.error();
  if (auto good = check(profiles); !good) return Error(Errc::kMalformed, path + ": " + good.error().message());
  return profiles;
}

Result<std::vector<Profile>> load_profiles(FileSystem& fs, const std::string& path) {
  auto text = read_file(fs, path, ConfigFile::kMaxSizeBytes);
  if (!text && text.error().code() == Errc::kNotFound) return std::vector<Profile>();
  if (!text) return text.error();
  return parse_profiles(as_chars(*text), path);
}

Result<> save_profiles(FileSystem& fs, const std::string& path, const std::vector<Profile>& profiles) {
  if (auto good = check(profiles); !good) return good;
  std::string text = "# Servers for `redoubt … --profile NAME`; written by `redoubt identity profile`.\n";
  for (const Profile& profile : profiles) {
    text += "\n[[profile]]\n";
    append_member(text, "name", profile.name);
    append_member(text, "url", profile.url);
    append_member(text, "ca_file", profile.ca_file);
    append_member(text, "key_file", profile.key_file);
  }
  if (auto done = make_folders(std::filesystem::path(path).parent_path()); !done) return done;
  return write_file_atomically(fs, path, as_bytes(text));
}

Result<Profile> find_profile(FileSystem& fs, const std::string& path, std::string_view name) {
  auto profiles = load_profiles(fs, path);
  if (!profiles) return profiles.error();
  for (Profile& profile : *profiles) {
    if (profile.name == name) return std::move(profile);
  }
  return Error(Errc::kNotFound, "there is no profile `" + std::string(name) + "` in `" + path + "`");
}

}  // namespace redoubt::app
