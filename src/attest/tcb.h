// How old a platform of Intel's is: levels of its trusted computing base, and which one it reached. "Intel SGX and
// Intel TDX Provisioning Certification Service", Get TCB Info V4, gives the algorithm; statuses converge as in Intel's
// Quote Verification Library.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"

namespace redoubt::attest {

enum class TcbStatus : std::uint8_t {
  kUpToDate,
  kSwHardeningNeeded,
  kConfigurationNeeded,
  kConfigurationAndSwHardeningNeeded,
  kOutOfDate,
  kOutOfDateConfigurationNeeded,
  kRevoked,
  // Not in collateral: the trust domain was launched under an older module than the one that runs now.
  kTdRelaunchAdvised,
  kTdRelaunchAdvisedConfigurationNeeded,
};

// As Intel spells them: `UpToDate`, `SWHardeningNeeded`, …
std::string_view to_string(TcbStatus status);
// Those that collateral has.
std::optional<TcbStatus> find_tcb_status(std::string_view name);

using SvnArray = std::array<std::uint8_t, 16>;

// What is said of whoever reached a level.
struct TcbVerdict {
  TcbStatus status = TcbStatus::kRevoked;
  UnixMillis date;  // from when on this counts as it does
  std::vector<std::string> advisories;
};

// A level of a platform.
struct TcbLevel {
  SvnArray sgx_svns{};
  std::uint16_t pce_svn = 0;
  SvnArray tdx_svns{};  // of TDX only
  TcbVerdict verdict;
};

// A level of one enclave or module.
struct IsvLevel {
  std::uint16_t isv_svn = 0;
  TcbVerdict verdict;
};

struct TdxModule {
  std::array<std::byte, 48> mr_signer{};
  std::array<std::byte, 8> attributes{};
  std::array<std::byte, 8> attributes_mask{};
};

struct TdxModuleIdentity {
  std::string id;  // `TDX_03`
  TdxModule module;
  std::vector<IsvLevel> levels;  // highest first
};

// What a platform has.
struct PlatformSvns {
  SvnArray sgx_svns{};
  std::uint16_t pce_svn = 0;
  std::optional<SvnArray> tee_tcb_svn;  // of a trust domain
};

// The levels that a platform's parts reached. Nothing: none of those known.
struct PlatformStatus {
  std::optional<TcbVerdict> platform;
  bool has_module = false;  // whether the TDX module is judged by itself: from its major version 1 on
  std::optional<TcbVerdict> module;
};

// The identity of the TDX module with this major version, which is tee_tcb_svn[1]; null when there is none.
const TdxModuleIdentity* find_tdx_module(const std::vector<TdxModuleIdentity>& modules, std::uint8_t major_version);

PlatformStatus judge_platform(const std::vector<TcbLevel>& levels, const std::vector<TdxModuleIdentity>& modules,
                              const PlatformSvns& svns);

// The first level, of the highest first, that `isv_svn` reaches; null when it reaches none.
const IsvLevel* find_level(const std::vector<IsvLevel>& levels, std::uint16_t isv_svn);

// One status of the platform's and a part's: a part makes it worse, never better. Dates: the earlier. Advisories: both.
TcbVerdict converge(TcbVerdict platform, const TcbVerdict& part);

// The status of a trust domain that was launched at one level and runs at another.
TcbStatus judge_relaunch(TcbStatus launch, TcbStatus current);

}  // namespace redoubt::attest
