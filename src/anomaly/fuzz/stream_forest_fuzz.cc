// What is restored can be used, and is saved as it was.
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "anomaly/stream_forest.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const redoubt::ByteView bytes(reinterpret_cast<const std::byte*>(data), size);
  auto forest = redoubt::anomaly::StreamForest::restore(bytes);
  if (!forest) return 0;
  const redoubt::Bytes saved = forest->save();
  if (saved.size() != size || !std::equal(saved.begin(), saved.end(), bytes.begin())) std::abort();
  std::vector<double> point(forest->options().dimensions);
  for (int i = 0; i < 40; ++i) {
    for (double& value : point) value = i;
    const double score = forest->score(point);
    if (!(score >= 0 && score <= 1)) std::abort();
    forest->insert(point);
  }
  return 0;
}
