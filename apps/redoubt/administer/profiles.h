// Servers that an administrator reaches often, by name: a file of the user's own,
//
//   [[profile]]
//   name = "production"
//   url = "https://redoubt.example.org:8081"
//   ca_file = "/srv/ada/redoubt/production-ca.pem"    # absent: the system's trust anchors
//   key_file = "/srv/ada/redoubt/production.key"      # absent: asked for, or REDOUBT_ADMIN_KEY
//
// which holds no secret: it names the files that do.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/result.h"

namespace redoubt::app {

inline constexpr std::size_t kProfilesMax = 1000;

struct Profile {
  std::string name;  // 1 to 64 of a-z A-Z 0-9 . _ -
  std::string url;
  std::string ca_file;  // these two: empty for none
  std::string key_file;
  friend bool operator==(const Profile&, const Profile&) = default;
};

// $REDOUBT_PROFILES, else ~/.config/redoubt/profiles.toml. Empty when there is neither that nor a home.
std::string profiles_path();

// In the file's order; none when there is no file. kMalformed, with the place.
Result<std::vector<Profile>> load_profiles(FileSystem& fs, const std::string& path);
Result<std::vector<Profile>> parse_profiles(std::string_view text, const std::string& path);

// Replaces the file; its folder is made when it is not there. kInvalidArgument for what has not its form, and for two
// profiles of one name.
Result<> save_profiles(FileSystem& fs, const std::string& path, const std::vector<Profile>& profiles);

// kNotFound.
Result<Profile> find_profile(FileSystem& fs, const std::string& path, std::string_view name);

}  // namespace redoubt::app
