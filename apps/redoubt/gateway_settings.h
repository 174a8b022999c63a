// What the gateway's parts are told of a server's configuration.
#pragma once

#include <string>

#include "gateway/gateway.h"
#include "redoubt/administration.h"
#include "redoubt/layout.h"
#include "redoubt/serving.h"

namespace redoubt::app {

// All but what only the process has: its descriptors, and how it is confined. Errors: an upstream's URL that is none.
Result<gateway::GatewaySettings> gateway_settings(const Layout& layout, const Serving& serving);

// `approved_bundle`: as AdministrationSettings has it.
AdministrationSettings administration_settings(const Settings& settings, std::string approved_bundle);

}  // namespace redoubt::app
