// The launcher's part of attestation: has a TPM at hand, tells it what is about to run, and leaves behind what the
// keeper needs to quote it.
//
//   Enclave enclave;
//   enclave.start({.tpm = "swtpm", …});   // before keeper and gateway
//   …  keeper: --tpm=enclave.tpm()
//   enclave.stop();                       // after them
//
// What is measured: the programs in register kProgramPcr, the configuration in kConfigurationPcr, by their SHA-256.
// What was measured last on this boot of the machine is not measured again, so that a restart leaves registers as they
// are. The keeper goes on with the bundle in force (keeper/measuring.h). Who measures is this program itself, so what
// it measures is worth as much as whoever started it (docs/attestation.md).
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "confine/privileges.h"
#include "redoubt/layout.h"
#include "tpm/measurement_log.h"
#include "tpm/tpm.h"

namespace redoubt::app {

// `[enclave] tpm` in redoubt.toml; empty: nothing attests.
inline constexpr std::string_view kSoftwareTpm = "swtpm";
inline constexpr std::string_view kTpmDevice = "device:/";  // and the rest of its path
inline bool is_tpm(std::string_view text) {
  return text == kSoftwareTpm || (text.starts_with(kTpmDevice) && text.find_first_of("\"\\\n") == text.npos);
}

// The best that this machine has: the kernel's TPM, or swtpm, or, without either, nothing.
std::string find_tpm();

// The programs that are measured: this one and the keeper's, as they lie beside each other in `folder`; empty: in this
// one's.
std::vector<std::string> measured_programs(const std::string& folder = {});

// What a server on a machine that was just started measures of these files, before anything of it runs: in the
// registers kProgramPcr and kConfigurationPcr. An approver expects it, without a TPM. Errors: those of reading a file.
Result<tpm::MeasurementLog> expected_measurements(const std::vector<std::string>& programs,
                                                  const std::string& configuration);

// Whether what `enclave.tpm` names is there. It is not opened: it may be in use. kUnavailable.
Result<> check_tpm(const std::string& tpm);

class Enclave {
 public:
  static constexpr unsigned kProgramPcr = 12;
  static constexpr unsigned kConfigurationPcr = 13;

  struct Settings {
    std::string tpm;                       // as the configuration has it
    std::optional<confine::UserIds> user;  // the keeper's
    std::vector<std::string> programs;     // paths of what is measured, this program among them
    std::string configuration;             // its text
  };

  // Takes away what a software TPM left behind that was killed. Before the keeper's folder is given to its user.
  static void tidy(const Layout& layout);
  // The keeper's folder is its user's already. Starts swtpm where that is configured (its memory rests in the keeper's
  // folder), and measures. Errors: kUnavailable when there is no TPM, or swtpm does not start; kConflict when the
  // registers have something that is in no log of ours; those of tpm/.
  Result<> start(const Layout& layout, const Settings& settings);
  // Only the TPM, for who measures nothing: swtpm is started where `tpm` says so.
  Result<tpm::Tpm> open(const Layout& layout, const std::string& tpm, const std::optional<confine::UserIds>& user);

  // Once the keeper runs, which makes its attestation key at the first start: that key's digest, for who pins it, where
  // everybody can read it.
  static Result<> publish_attestation_key(const Layout& layout);

  // Where the keeper finds the TPM, from its folder; empty: there is none.
  const std::string& tpm() const { return keepers_tpm_; }
  // The same from this process, for tpm::Tpm::open().
  const std::string& where() const { return where_; }

  // Whether it was swtpm that ended.
  bool ended(pid_t child, int status);
  // Ends swtpm and waits for it. After the keeper.
  void stop();

 private:
  Result<> start_software(const Layout& layout, const std::optional<confine::UserIds>& user);

  std::string where_;
  std::string keepers_tpm_;
  UniqueFd folder_;  // swtpm's
  pid_t swtpm_ = -1;
};

}  // namespace redoubt::app
