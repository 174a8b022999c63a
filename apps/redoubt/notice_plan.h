// Who is told of incidents, as a bundle says it. A value.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "incident/regimes.h"
#include "notify/settings.h"

namespace redoubt::app {

struct NoticePlan {
  std::string digest;  // SHA-256 of notify.toml, 64 hexadecimal digits; empty: there is none, and nobody is told
  notify::NotifySettings settings;
  incident::RegimeTable laws;                                            // whose deadlines are watched
  std::map<std::string, std::vector<std::string>, std::less<>> told_by;  // roles that a playbook tells, by its name
};

}  // namespace redoubt::app
