// Who is told of incidents, as a bundle says it. A value.
#pragma once

#include <string>

#include "incident/regimes.h"
#include "notify/settings.h"

namespace redoubt::app {

struct NoticePlan {
  std::string digest;  // SHA-256 of notify.toml, 64 hexadecimal digits; empty: there is none, and nobody is told
  notify::NotifySettings settings;
  incident::RegimeTable laws;  // whose deadlines are watched
};

}  // namespace redoubt::app
