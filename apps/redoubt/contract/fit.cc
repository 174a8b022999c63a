// `redoubt contract fit`: a contract made of rows, or of samples of tensors.
#include <cstdio>

#include "contract/input_contract.h"
#include "contract/tensor_contract.h"
#include "redoubt/contract/tensor_file.h"
#include "redoubt/contract/verbs.h"
#include "redoubt/output.h"

namespace redoubt::app::contract_verbs {
namespace {

Result<std::string> contract_of(const FitOptions& options) {
  const auto file = TensorFile::read(options.file, options.header_bytes);
  if (!file) return file.error();
  if (file->request()["inputs"].error() == simdjson::SUCCESS) {
    const auto contract =
        contract::TensorContract::fit(file->request(), file->binary(), {.channels = options.channels});
    if (!contract) return contract.error().in(options.file);
    return contract->to_json();
  }
  const auto contract = contract::InputContract::fit(file->request());
  if (!contract) return contract.error().in(options.file);
  return contract->to_json();
}

}  // namespace

int fit(const FitOptions& options) {
  const auto contract = contract_of(options);
  if (!contract) return report(contract.error(), false);
  std::printf("%s\n", contract->c_str());
  return kSuccess;
}

}  // namespace redoubt::app::contract_verbs
