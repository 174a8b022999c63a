// Arrays of NumPy's .npz files: a zip archive with one .npy file for each array.
//
//   const auto arrays = read_npz(bytes);
//   const NpyArray& x = arrays->at("X");        // x.values[row * x.shape[1] + column]
//
// Read strictly: members stored or deflated, of known sizes and with right checksums, that do not overlap the
// directory; .npy of versions 1 to 3 (NumPy enhancement proposal 1); real numbers of 1 to 8 bytes and booleans,
// little-endian; C or Fortran order, given back in C order. Not read: zip64, encryption, several disks, complex
// numbers, text, objects.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "anomaly/outliers.h"
#include "base/bytes.h"
#include "base/result.h"

namespace redoubt::anomaly {

struct NpyArray {
  std::vector<std::size_t> shape;  // at most 8 dimensions; none: a single number
  std::vector<double> values;      // the last index runs fastest; integers above 2^53 are rounded
};

struct NpzLimits {
  std::size_t members_max = 64;
  std::size_t values_max = kTableValuesMax;  // of all arrays together
};

// By name, without `.npy`. Errors: kMalformed, kUnsupported, kTooLarge. Any thread.
Result<std::map<std::string, NpyArray>> read_npz(ByteView bytes, const NpzLimits& limits = {});
// One .npy file.
Result<NpyArray> read_npy(ByteView bytes, std::size_t values_max = kTableValuesMax);

// A table and, where there are, which of its rows are known to be outliers.
struct LabelledTable {
  Table table;
  std::vector<bool> labels;  // none, or one for each row
};

// `X` of a .npz file, two-dimensional, and `y` if there is one: as long as X, 0 or 1. Errors: those of read_npz(), and
// kMalformed when the arrays are not so.
Result<LabelledTable> read_npz_table(ByteView bytes);

}  // namespace redoubt::anomaly
