// Any bytes as the certificate table of an SNP guest's host: what is found lies in the bytes, behind their list.
#include <algorithm>
#include <cstdint>

#include "attest/snp_certificate_table.h"
#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace redoubt;
  using namespace redoubt::attest;
  const ByteView bytes(reinterpret_cast<const std::byte*>(data), size);
  const auto table = parse_snp_certificate_table(bytes);
  if (!table) return 0;
  for (const auto& each : {table->vcek, table->vlek, table->ask, table->crl}) {
    if (!each) continue;
    REDOUBT_CHECK(each->data() >= bytes.data() + 24 && each->data() + each->size() <= bytes.data() + bytes.size());
  }
  return 0;
}
