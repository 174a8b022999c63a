// Where things lie in Redoubt's folder.
#pragma once

#include <string>

namespace redoubt::app {

struct Layout {
  explicit Layout(std::string dir) : root(std::move(dir)) {}

  std::string config() const { return root + "/redoubt.toml"; }
  std::string policies() const { return root + "/policies"; }
  std::string prices() const { return root + "/prices.toml"; }
  std::string regimes() const { return root + "/regimes.yaml"; }
  std::string notify() const { return root + "/notify.toml"; }
  std::string inspection() const { return root + "/inspection.toml"; }
  std::string playbooks() const { return root + "/playbooks"; }            // what is done about alerts
  std::string attestation() const { return root + "/attestation"; }        // whose evidence is accepted
  std::string contracts() const { return root + "/contracts"; }            // JSON Schemas that inspection.toml names
  std::string dictionaries() const { return root + "/dictionaries"; }      // sealed records that it names
  std::string dictionary_key() const { return root + "/dictionary.pub"; }  // what records are sealed to
  std::string ledger() const { return root + "/ledger"; }
  std::string state() const { return root + "/state"; }  // what the gateway makes of the ledger
  std::string verifier_key() const { return root + "/ledger.vkey"; }
  std::string keeper() const { return root + "/keeper"; }  // the keeper's alone
  std::string software_tpm() const { return keeper() + "/tpm"; }
  std::string attestation_key() const { return keeper() + "/attestation.key"; }            // encrypted by its TPM
  std::string history_key() const { return keeper() + "/history.key"; }                    // opens the TPM's history
  std::string measured() const { return keeper() + "/measured"; }                          // what the TPM was told
  std::string measurements() const { return measured() + "/log"; }                         // since the machine started
  std::string history() const { return measured() + "/history"; }                          // ever
  std::string attestation_key_digest() const { return root + "/attestation-key.sha256"; }  // for who pins it
  std::string sealing() const { return root + "/sealing.toml"; }         // how the keeper's keys are sealed
  std::string approvals() const { return root + "/approvals"; }          // of what may open them
  std::string approver_key() const { return keys() + "/approver.key"; }  // for trials: it belongs elsewhere
  std::string approver_quorum() const { return root + "/approver.quorum"; }
  std::string recovery_quorum() const { return root + "/recovery.quorum"; }
  std::string opener_key() const { return root + "/keys/opener.key"; }
  std::string keys() const { return root + "/keys"; }  // of people: openers
  std::string run() const { return root + "/run"; }    // what a running server tells others
  std::string address() const { return run() + "/address"; }
  std::string admin_address() const { return run() + "/admin-address"; }
  std::string admin_socket() const { return run() + "/" + admin_socket_name(); }
  static std::string admin_socket_name() { return "admin.sock"; }

  std::string tls_authority() const { return root + "/tls-ca.pem"; }  // what callers trust; a copy of the keeper's
  // A file that the configuration names: from the root, unless its path is absolute.
  std::string configured(const std::string& path) const { return path.starts_with('/') ? path : root + "/" + path; }

  std::string root;
};

}  // namespace redoubt::app
