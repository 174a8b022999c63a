#include "anomaly/npz.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <bit>
#include <string>

namespace redoubt::anomaly {
namespace {

template <class T>
std::string little(T value) {
  std::string out(sizeof(T), '\0');
  store_le(MutableByteView(reinterpret_cast<std::byte*>(out.data()), out.size()), value);
  return out;
}

std::string npy(const std::string& header, const std::string& content) {
  return std::string("\x93NUMPY\x01\x00", 8) + little(static_cast<std::uint16_t>(header.size())) + header + content;
}

std::string doubles(std::initializer_list<double> values) {
  std::string out;
  for (const double value : values) out += little(std::bit_cast<std::uint64_t>(value));
  return out;
}

struct Member {
  std::string name;
  std::string content;
  std::uint32_t crc_change = 0;
  std::string local_name;  // empty: the same
};

// Stored members.
std::string zip(const std::vector<Member>& members) {
  std::string out;
  std::string directory;
  for (const Member& member : members) {
    const auto crc = static_cast<std::uint32_t>(
                         crc32(0, as_uchars(as_bytes(member.content)), static_cast<uInt>(member.content.size()))) ^
                     member.crc_change;
    const std::string& local = member.local_name.empty() ? member.name : member.local_name;
    const auto size = static_cast<std::uint32_t>(member.content.size());
    const std::string common = little<std::uint16_t>(20) + little<std::uint16_t>(0) + little<std::uint16_t>(0) +
                               little<std::uint32_t>(0) + little(crc) + little(size) + little(size);
    directory += "PK\x01\x02" + little<std::uint16_t>(20) + common +
                 little(static_cast<std::uint16_t>(member.name.size())) + std::string(12, '\0') +
                 little(static_cast<std::uint32_t>(out.size())) + member.name;
    out += "PK\x03\x04" + common + little(static_cast<std::uint16_t>(local.size())) + little<std::uint16_t>(0) + local +
           member.content;
  }
  const auto count = static_cast<std::uint16_t>(members.size());
  return out + directory + "PK\x05\x06" + std::string(4, '\0') + little(count) + little(count) +
         little(static_cast<std::uint32_t>(directory.size())) + little(static_cast<std::uint32_t>(out.size())) +
         std::string(2, '\0');
}

Errc npy_error(const std::string& bytes) {
  const auto array = read_npy(as_bytes(bytes));
  EXPECT_FALSE(array);
  return array ? Errc::kConflict : array.error().code();
}
Errc npz_error(const std::string& bytes) {
  const auto arrays = read_npz(as_bytes(bytes));
  EXPECT_FALSE(arrays);
  return arrays ? Errc::kConflict : arrays.error().code();
}

const std::string kHeader = "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 2), }  \n";

TEST(Npy, ReadsBothOrders) {
  const auto rows = read_npy(as_bytes(npy(kHeader, doubles({1, 2, 3, 4}))));
  ASSERT_TRUE(rows) << rows.error().message();
  EXPECT_EQ(rows->shape, (std::vector<std::size_t>{2, 2}));
  EXPECT_EQ(rows->values, (std::vector<double>{1, 2, 3, 4}));
  const auto columns =
      read_npy(as_bytes(npy("{'descr': '<f8', 'fortran_order': True, 'shape': (2, 3)}", doubles({1, 2, 3, 4, 5, 6}))));
  ASSERT_TRUE(columns);
  EXPECT_EQ(columns->values, (std::vector<double>{1, 3, 5, 2, 4, 6}));
}

TEST(Npy, ReadsEveryTypeOfRealNumber) {
  const auto read = [](const std::string& type, const std::string& content) {
    const auto array =
        read_npy(as_bytes(npy("{'descr': '" + type + "', 'fortran_order': False, 'shape': (1,)}", content)));
    return array ? array->values.at(0) : -1e9;
  };
  EXPECT_EQ(read("<f4", little(std::bit_cast<std::uint32_t>(1.5F))), 1.5);
  EXPECT_EQ(read("<i8", little<std::uint64_t>(~0ULL)), -1);
  EXPECT_EQ(read("<i4", little<std::uint32_t>(7)), 7);
  EXPECT_EQ(read("<i2", little<std::uint16_t>(0x8000)), -32768);
  EXPECT_EQ(read("|i1", "\xFF"), -1);
  EXPECT_EQ(read("|u1", "\xFF"), 255);
  EXPECT_EQ(read("<u2", little<std::uint16_t>(0x8000)), 32768);
  EXPECT_EQ(read("<u4", little<std::uint32_t>(~0U)), 4294967295.0);
  EXPECT_EQ(read("<u8", little<std::uint64_t>(1)), 1);
  EXPECT_EQ(read("|b1", "\x01"), 1);
}

TEST(Npy, RefusesWhatIsNotAsNumPyWritesIt) {
  const std::string whole = npy(kHeader, doubles({1, 2, 3, 4}));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    ASSERT_EQ(npy_error(whole.substr(0, size)), Errc::kMalformed) << size;
  }
  EXPECT_EQ(npy_error(whole + "x"), Errc::kMalformed);
  EXPECT_EQ(npy_error(npy("{'descr': '<f8', 'shape': (1,)}", doubles({1}))), Errc::kMalformed);
  EXPECT_EQ(npy_error(npy("{'descr': '<f8', 'descr': '<f8', 'fortran_order': False, 'shape': (1,)}", doubles({1}))),
            Errc::kMalformed);
  EXPECT_EQ(npy_error(npy("{'descr': '<f8', 'fortran_order': False, 'shape': (-1,)}", "")), Errc::kMalformed);
  EXPECT_EQ(npy_error(npy("{'descr': '<f8', 'fortran_order': False, 'shape': (1,)} x", doubles({1}))),
            Errc::kMalformed);
  EXPECT_EQ(npy_error(npy("{'descr': '>f8', 'fortran_order': False, 'shape': (1,)}", doubles({1}))),
            Errc::kUnsupported);
  EXPECT_EQ(npy_error(npy("{'descr': '|O', 'fortran_order': False, 'shape': (1,)}", "x")), Errc::kUnsupported);
  EXPECT_EQ(npy_error(npy("{'descr': '<f8', 'fortran_order': False, 'shape': (4294967296, 4294967296)}", "")),
            Errc::kTooLarge);
}

TEST(Npz, ReadsATableAndItsLabels) {
  const std::string labels = npy("{'descr': '|u1', 'fortran_order': False, 'shape': (2,)}", std::string("\x00\x01", 2));
  const auto table = read_npz_table(as_bytes(zip({{"X.npy", npy(kHeader, doubles({1, 2, 3, 4}))}, {"y.npy", labels}})));
  ASSERT_TRUE(table) << table.error().message();
  EXPECT_EQ(table->table.rows, 2U);
  EXPECT_EQ(table->labels, (std::vector<bool>{false, true}));
  const auto unlabelled = read_npz_table(as_bytes(zip({{"X.npy", npy(kHeader, doubles({1, 2, 3, 4}))}})));
  ASSERT_TRUE(unlabelled);
  EXPECT_TRUE(unlabelled->labels.empty());
  EXPECT_FALSE(read_npz_table(as_bytes(zip({{"y.npy", labels}}))));
}

TEST(Npz, RefusesArchivesThatSayTwoThings) {
  const std::string content = npy(kHeader, doubles({1, 2, 3, 4}));
  const std::string whole = zip({{"X.npy", content}});
  ASSERT_TRUE(read_npz(as_bytes(whole)));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    ASSERT_EQ(npz_error(whole.substr(0, size)), Errc::kMalformed) << size;
  }
  EXPECT_EQ(npz_error(whole + "x"), Errc::kMalformed);
  EXPECT_EQ(npz_error("x" + whole), Errc::kMalformed);
  EXPECT_EQ(npz_error(zip({{"X.npy", content, 1}})), Errc::kMalformed) << "checksum";
  EXPECT_EQ(npz_error(zip({{"X.npy", content, 0, "Y.npy"}})), Errc::kMalformed) << "another local name";
  EXPECT_EQ(npz_error(zip({{"X.npy", content}, {"X.npy", content}})), Errc::kMalformed) << "the same name twice";
  EXPECT_EQ(npz_error(zip({{"X.txt", content}})), Errc::kMalformed);
  std::vector<Member> many;
  for (int i = 0; i < 65; ++i) many.push_back({std::to_string(i) + ".npy", content});
  EXPECT_EQ(npz_error(zip(many)), Errc::kTooLarge);
}

}  // namespace
}  // namespace redoubt::anomaly
