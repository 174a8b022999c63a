#include "attest/verifier.h"

#include "attest/internal/chain_cache.h"
#include "attest/internal/examination.h"

namespace redoubt::attest {

struct Verifier::Impl {
  Trust trust;
  ChainCache chains{kMaxChains};
};

Verifier::Verifier(Trust trust) : impl_(std::make_unique<Impl>(trust)) {}
Verifier::Verifier(Verifier&&) noexcept = default;
Verifier& Verifier::operator=(Verifier&&) noexcept = default;
Verifier::~Verifier() = default;

Verdict Verifier::verify(const Evidence& evidence, const Policy& policy) {
  Examination examination(evidence, policy, impl_->trust, impl_->chains);
  switch (evidence.kind) {
    case Kind::kSevSnp:
      examine_sev_snp(examination);
      break;
    case Kind::kTdx:
      examine_tdx(examination);
      break;
    case Kind::kSgx:
      examine_sgx(examination);
      break;
    case Kind::kNitro:
      examine_nitro(examination);
      break;
    case Kind::kTpm:
      examine_tpm(examination);
      break;
    case Kind::kAzureVtpm:
      examine_azure_vtpm(examination);
      break;
    case Kind::kNvidiaGpu:
      examine_nvidia_gpu(examination);
      break;
  }
  return examination.finish();
}

}  // namespace redoubt::attest
