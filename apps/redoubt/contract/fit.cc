// `redoubt contract fit`: a contract made of rows.
#include <cstdio>

#include "contract/input_contract.h"
#include "encoding/json_reader.h"
#include "redoubt/contract/verbs.h"
#include "redoubt/inspect/inputs.h"
#include "redoubt/output.h"

namespace redoubt::app::contract_verbs {
namespace {

Result<std::string> contract_of(const std::string& file) {
  const auto text = inspect_verbs::read_text(file);
  if (!text) return text.error();
  encoding::JsonReader reader(kInstanceLimits);
  const auto rows = reader.parse(*text);
  if (!rows) return rows.error().in(file);
  const auto contract = contract::InputContract::fit(*rows);
  if (!contract) return contract.error().in(file);
  return contract->to_json();
}

}  // namespace

int fit(const std::string& file) {
  const auto contract = contract_of(file);
  if (!contract) return report(contract.error(), false);
  std::printf("%s\n", contract->c_str());
  return kSuccess;
}

}  // namespace redoubt::app::contract_verbs
