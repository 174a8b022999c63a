#include "attest/tcb.h"

#include <algorithm>

#include "encoding/base64.h"

namespace redoubt::attest {

namespace {

constexpr std::array<std::string_view, 9> kNames{"UpToDate",
                                                 "SWHardeningNeeded",
                                                 "ConfigurationNeeded",
                                                 "ConfigurationAndSWHardeningNeeded",
                                                 "OutOfDate",
                                                 "OutOfDateConfigurationNeeded",
                                                 "Revoked",
                                                 "TDRelaunchAdvised",
                                                 "TDRelaunchAdvisedConfigurationNeeded"};
constexpr std::size_t kNamesInCollateral = 7;

// Of tee_tcb_svn: the TDX module's minor and major version.
constexpr std::size_t kModuleSvn = 0;
constexpr std::size_t kModuleMajor = 1;

bool reaches(const SvnArray& has, const SvnArray& level, std::size_t from) {
  for (std::size_t i = from; i < has.size(); ++i) {
    if (has[i] < level[i]) return false;
  }
  return true;
}

// What a status is made of, but for kRevoked.
struct Needs {
  bool update = false;
  bool configuration = false;
  bool hardening = false;
};

Needs needs_of(TcbStatus status) {
  return {
      .update = status == TcbStatus::kOutOfDate || status == TcbStatus::kOutOfDateConfigurationNeeded,
      .configuration = status == TcbStatus::kConfigurationNeeded ||
                       status == TcbStatus::kConfigurationAndSwHardeningNeeded ||
                       status == TcbStatus::kOutOfDateConfigurationNeeded,
      .hardening = status == TcbStatus::kSwHardeningNeeded || status == TcbStatus::kConfigurationAndSwHardeningNeeded};
}

TcbStatus status_of(const Needs& needs) {
  if (needs.update) {
    return needs.configuration ? TcbStatus::kOutOfDateConfigurationNeeded : TcbStatus::kOutOfDate;
  }
  if (needs.hardening) {
    return needs.configuration ? TcbStatus::kConfigurationAndSwHardeningNeeded : TcbStatus::kSwHardeningNeeded;
  }
  return needs.configuration ? TcbStatus::kConfigurationNeeded : TcbStatus::kUpToDate;
}

}  // namespace

std::string_view to_string(TcbStatus status) {
  return kNames[static_cast<std::size_t>(status)];
}

std::optional<TcbStatus> find_tcb_status(std::string_view name) {
  const auto end = kNames.begin() + kNamesInCollateral;
  const auto at = std::find(kNames.begin(), end, name);
  if (at == end) return std::nullopt;
  return static_cast<TcbStatus>(at - kNames.begin());
}

const TdxModuleIdentity* find_tdx_module(const std::vector<TdxModuleIdentity>& modules, std::uint8_t major_version) {
  const std::array digits{static_cast<std::byte>(major_version)};
  const std::string id = "TDX_" + encoding::hex(digits);
  const auto at = std::ranges::find_if(modules, [&](const TdxModuleIdentity& each) {
    return std::ranges::equal(each.id, id, [](char a, char b) {
      return a == b || (a >= 'A' && a <= 'F' && a - 'A' + 'a' == b);  // hexadecimal in either case
    });
  });
  return at == modules.end() ? nullptr : &*at;
}

const IsvLevel* find_level(const std::vector<IsvLevel>& levels, std::uint16_t isv_svn) {
  const auto at = std::ranges::find_if(levels, [&](const IsvLevel& each) { return isv_svn >= each.isv_svn; });
  return at == levels.end() ? nullptr : &*at;
}

PlatformStatus judge_platform(const std::vector<TcbLevel>& levels, const std::vector<TdxModuleIdentity>& modules,
                              const PlatformSvns& svns) {
  PlatformStatus out;
  out.has_module = svns.tee_tcb_svn && (*svns.tee_tcb_svn)[kModuleMajor] > 0;
  const std::size_t from = out.has_module ? 2 : 0;
  for (const TcbLevel& level : levels) {
    if (!reaches(svns.sgx_svns, level.sgx_svns, 0) || svns.pce_svn < level.pce_svn) continue;
    if (svns.tee_tcb_svn && !reaches(*svns.tee_tcb_svn, level.tdx_svns, from)) continue;
    out.platform = level.verdict;
    break;
  }
  if (out.has_module) {
    if (const auto* identity = find_tdx_module(modules, (*svns.tee_tcb_svn)[kModuleMajor])) {
      if (const IsvLevel* level = find_level(identity->levels, (*svns.tee_tcb_svn)[kModuleSvn])) {
        out.module = level->verdict;
      }
    }
  }
  return out;
}

TcbVerdict converge(TcbVerdict platform, const TcbVerdict& part) {
  const Needs a = needs_of(platform.status);
  const Needs b = needs_of(part.status);
  platform.status = platform.status == TcbStatus::kRevoked || part.status == TcbStatus::kRevoked
                        ? TcbStatus::kRevoked
                        : status_of({.update = a.update || b.update,
                                     .configuration = a.configuration || b.configuration,
                                     .hardening = a.hardening || b.hardening});
  platform.date = std::min(platform.date, part.date);
  for (const std::string& each : part.advisories) {
    if (std::ranges::find(platform.advisories, each) == platform.advisories.end()) platform.advisories.push_back(each);
  }
  return platform;
}

TcbStatus judge_relaunch(TcbStatus launch, TcbStatus current) {
  const Needs at_launch = needs_of(launch);
  const Needs now = needs_of(current);
  if (!at_launch.update || now.update || current == TcbStatus::kRevoked) return launch;
  return at_launch.configuration || now.configuration ? TcbStatus::kTdRelaunchAdvisedConfigurationNeeded
                                                      : TcbStatus::kTdRelaunchAdvised;
}

}  // namespace redoubt::attest
