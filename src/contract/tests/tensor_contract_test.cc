#include "contract/tensor_contract.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdio>
#include <iostream>
#include <random>
#include <string>

namespace redoubt::contract {
namespace {

constexpr std::string_view kImages = R"({"tensors":[{"name":"image","datatype":"FP32","shape":[-1,3,[2,4],[2,4]],
  "samples":true,"channels":1,"ranges":[[0,1],[0,1],[-1,0.5]],"nan":0}]})";

TensorContract parsed(std::string_view text) {
  auto contract = TensorContract::parse(text);
  EXPECT_TRUE(contract.has_value()) << (contract ? "" : contract.error().message());
  return *std::move(contract);
}

std::string refusal(std::string_view text) {
  const auto contract = TensorContract::parse(text);
  return contract ? "accepted" : contract.error().message();
}

// `tensor:rule[channel]:count@first`, each.
std::string violations(const TensorContract& contract, std::string_view request, ByteView binary = {}) {
  encoding::JsonReader reader({.max_bytes = 64 << 20});
  const auto root = reader.parse(request);
  EXPECT_TRUE(root.has_value());
  const auto report = contract.check(*root, binary);
  if (!report) return std::string(to_string(report.error().code()));
  std::string out;
  for (const TensorViolation& one : report->violations) {
    out += (out.empty() ? "" : " ") + std::string(one.tensor) + ":" + std::string(one.rule);
    if (one.channel >= 0) out += "[" + std::to_string(one.channel) + "]";
    out += ":" + std::to_string(one.count) + "@" + std::to_string(one.first);
  }
  return out;
}

std::string input(std::string_view type, std::string_view shape, std::string_view data,
                  std::string_view name = "image") {
  return R"({"inputs":[{"name":")" + std::string(name) + R"(","datatype":")" + std::string(type) + R"(","shape":)" +
         std::string(shape) + R"(,"data":)" + std::string(data) + "}]}";
}
std::string binary_input(std::string_view type, std::string_view shape, std::size_t size,
                         std::string_view name = "image") {
  return R"({"inputs":[{"name":")" + std::string(name) + R"(","datatype":")" + std::string(type) + R"(","shape":)" +
         std::string(shape) + R"(,"parameters":{"binary_data_size":)" + std::to_string(size) + "}}]}";
}

template <class T>
Bytes little_endian(const std::vector<T>& values) {
  Bytes out(values.size() * sizeof(T));
  for (std::size_t i = 0; i < values.size(); ++i) {
    store_le(MutableByteView(out).subspan(i * sizeof(T), sizeof(T)), values[i]);
  }
  return out;
}
Bytes floats(const std::vector<float>& values) {
  std::vector<std::uint32_t> bits;
  for (const float value : values) bits.push_back(std::bit_cast<std::uint32_t>(value));
  return little_endian(bits);
}

TEST(TensorContract, AcceptsWhatKeepsIt) {
  const auto contract = parsed(kImages);
  EXPECT_EQ(violations(contract, input("FP32", "[1,3,2,2]", "[[[[0,0.5],[1,0]],[[0,0],[0,0]],[[-1,0],[0.5,0]]]]")), "");
  EXPECT_EQ(violations(contract, input("FP32", "[1,3,2,2]", "[0,0,0,0,1,1,1,1,0,0,0,0]")), "");
  const Bytes data = floats(std::vector<float>(24, 0.25F));
  EXPECT_EQ(violations(contract, binary_input("FP32", "[2,3,2,2]", data.size()), data), "");
  EXPECT_EQ(violations(contract, input("FP32", "[0,3,2,2]", "[]")), "");
}

TEST(TensorContract, TellsWhatATensorBreaks) {
  const auto contract = parsed(kImages);
  EXPECT_EQ(violations(contract, R"({"inputs":[]})"), "image:missing:1@0");
  EXPECT_EQ(violations(contract, input("FP64", "[1,3,2,2]", "[0,0,0,0,1,1,1,1,0,0,0,0]")), "image:datatype:1@0");
  EXPECT_EQ(violations(contract, input("BYTES", "[1]", "[\"x\"]")), "image:datatype:1@0");
  EXPECT_EQ(violations(contract, input("FP32", "[3,2,2]", "[0,0,0,0,1,1,1,1,0,0,0,0]")), "image:shape:1@0") << "rank";
  EXPECT_EQ(violations(contract, input("FP32", "[1,1,2,2]", "[0,0,0,0]")), "image:shape:1@0");
  EXPECT_EQ(violations(contract, input("FP32", "[1,3,5,2]", "[]")), "image:shape:1@0");
  EXPECT_EQ(violations(contract, input("FP32", "[1,3,2,2]", "[0,0]")), "image:size:1@0");
  EXPECT_EQ(violations(contract, input("FP32", "[1,3,2,2]", "[0,0,0,0,1,1,1,1,0,0,0,0,0]")), "image:size:1@0");
  EXPECT_EQ(violations(contract, binary_input("FP32", "[1,3,2,2]", 47), Bytes(47)), "image:size:1@0");
  EXPECT_EQ(violations(contract, input("FP32", "[1,3,2,2]", "[0,0,0,0,1,\"1\",null,1,0,0,0,0]")), "image:type:2@5");
}

TEST(TensorContract, RangesAreThoseOfTheChannel) {
  const auto contract = parsed(kImages);
  EXPECT_EQ(violations(contract, input("FP32", "[1,3,2,2]", "[0,0,1.5,0,1,1,1,-1,0,0.6,0.7,0]")),
            "image:range[0]:1@2 image:range[1]:1@7 image:range[2]:2@9");
  // Of the second sample.
  std::vector<float> values(24, 0);
  values[16] = -0.5F;
  const Bytes data = floats(values);
  EXPECT_EQ(violations(contract, binary_input("FP32", "[2,3,2,2]", data.size()), data), "image:range[1]:1@16");
  // Channels in the last dimension.
  const auto last = parsed(R"({"tensors":[{"name":"image","datatype":"UINT8","shape":[2,2,3],"channels":2,
      "ranges":[[0,255],[0,10],[null,20]]}]})");
  EXPECT_EQ(violations(last, input("UINT8", "[2,2,3]", "[200,1,1, 0,11,1, 0,0,21, 0,11,0]")),
            "image:range[1]:2@4 image:range[2]:1@8");
}

TEST(TensorContract, NanIsAllowedByItsShareAndInfinityNever) {
  const float nan = NAN;
  std::vector<float> values(12, 0);
  values[5] = nan;
  const Bytes one = floats(values);
  EXPECT_EQ(violations(parsed(kImages), binary_input("FP32", "[1,3,2,2]", 48), one), "image:nan:1@5");
  std::string tolerant(kImages);
  tolerant.replace(tolerant.find("\"nan\":0"), 7, "\"nan\":0.1");
  EXPECT_EQ(violations(parsed(tolerant), binary_input("FP32", "[1,3,2,2]", 48), one), "");
  values[6] = nan;
  EXPECT_EQ(violations(parsed(tolerant), binary_input("FP32", "[1,3,2,2]", 48), floats(values)), "image:nan:2@5");
  const auto free = parsed(R"({"tensors":[{"name":"image","datatype":"FP32","shape":[-1]}]})");
  EXPECT_EQ(violations(free, binary_input("FP32", "[2]", 8), floats({1, -INFINITY})), "image:range:1@1");
}

TEST(TensorContract, EveryDatatypeIsReadFromJsonAndFromBytes) {
  struct Case {
    const char* type;
    const char* json;
    Bytes binary;
    const char* least;
    const char* most;
  };
  const Case cases[] = {
      {"BOOL", "[true,false]", little_endian<std::uint8_t>({1, 0}), "0", "1"},
      {"UINT8", "[0,255]", little_endian<std::uint8_t>({0, 255}), "0", "255"},
      {"UINT16", "[7,65535]", little_endian<std::uint16_t>({7, 65535}), "7", "65535"},
      {"UINT32", "[7,4294967295]", little_endian<std::uint32_t>({7, 4294967295U}), "7", "4294967295"},
      {"UINT64", "[7,9007199254740992]", little_endian<std::uint64_t>({7, 9007199254740992U}), "7", "9007199254740992"},
      {"INT8", "[-128,127]", little_endian<std::uint8_t>({128, 127}), "-128", "127"},
      {"INT16", "[-2,32767]", little_endian<std::uint16_t>({65534, 32767}), "-2", "32767"},
      {"INT32", "[-2,70000]", little_endian<std::uint32_t>({0xfffffffeU, 70000}), "-2", "70000"},
      {"INT64", "[-2,70000]", little_endian<std::uint64_t>({0xfffffffffffffffeU, 70000}), "-2", "70000"},
      // 0xb555: -0.33325; 0x7bff: 65504, the largest; 0x0001: 2^-24, the smallest (IEEE 754 binary16).
      {"FP16", "[-0.333251953125,65504]", little_endian<std::uint16_t>({0xb555, 0x7bff}), "-0.333251953125", "65504"},
      {"FP16", "[5.960464477539063e-8,1]", little_endian<std::uint16_t>({0x0001, 0x3c00}), "5.960464477539063e-8", "1"},
      {"BF16", "[-2,3.140625]", little_endian<std::uint16_t>({0xc000, 0x4049}), "-2", "3.140625"},
      {"FP32", "[-1.5,2]", floats({-1.5F, 2}), "-1.5", "2"},
      {"FP64", "[-1.5,0.1]",
       little_endian<std::uint64_t>({std::bit_cast<std::uint64_t>(-1.5), std::bit_cast<std::uint64_t>(0.1)}), "-1.5",
       "0.1"},
  };
  for (const Case& one : cases) {
    const auto with = [&](const std::string& least, const std::string& most) {
      return parsed(R"({"tensors":[{"name":"image","datatype":")" + std::string(one.type) +
                    R"(","shape":[2],"ranges":[[)" + least + "," + most + "]]}]}");
    };
    const std::string json = input(one.type, "[2]", one.json);
    const std::string binary = binary_input(one.type, "[2]", one.binary.size());
    const auto exact = with(one.least, one.most);
    EXPECT_EQ(violations(exact, json), "") << one.type;
    EXPECT_EQ(violations(exact, binary, one.binary), "") << one.type;
    // Each bound is the value itself: a range that begins just above it does not have it.
    const double least = std::stod(one.least);
    char inside[32];
    std::snprintf(inside, sizeof inside, "%.17g", least + (std::stod(one.most) - least) / 1000);
    const auto narrow = with(inside, one.most);
    const std::string at = std::string_view(one.json).starts_with("[true") ? "1" : "0";
    EXPECT_EQ(violations(narrow, json), "image:range:1@" + at) << one.type;
    EXPECT_EQ(violations(narrow, binary, one.binary), "image:range:1@" + at) << one.type;
    const auto none = with("1e30", "1e31");
    EXPECT_EQ(violations(none, binary, one.binary), "image:range:2@0") << one.type;
    EXPECT_EQ(violations(none, json), "image:range:2@0") << one.type;
  }
}

TEST(TensorContract, JsonNumbersThatATypeCannotHoldAreNone) {
  for (const auto& [type, value] : {std::pair("UINT8", "256"),
                                    {"UINT8", "-1"},
                                    {"INT8", "128"},
                                    {"INT32", "1.5"},
                                    {"BOOL", "2"},
                                    {"UINT64", "1e30"},
                                    {"INT64", "9223372036854775808"},
                                    {"UINT8", "true"},
                                    {"FP32", "\"1\""}}) {
    const auto contract =
        parsed(R"({"tensors":[{"name":"image","datatype":")" + std::string(type) + R"(","shape":[1]}]})");
    EXPECT_EQ(violations(contract, input(type, "[1]", "[" + std::string(value) + "]")), "image:type:1@0")
        << type << " " << value;
  }
}

TEST(TensorContract, BytesOfNoTruthValueAreNone) {
  const auto contract = parsed(R"({"tensors":[{"name":"image","datatype":"BOOL","shape":[3]}]})");
  EXPECT_EQ(violations(contract, binary_input("BOOL", "[3]", 3), little_endian<std::uint8_t>({0, 2, 1})),
            "image:type:1@1");
}

TEST(TensorContract, BinaryDataIsTakenInTheOrderOfTheInputs) {
  const auto contract = parsed(R"({"tensors":[{"name":"b","datatype":"UINT8","shape":[2],"ranges":[[7,8]]}],
                                   "others":true})");
  const std::string request = R"({"inputs":[
      {"name":"a","datatype":"BYTES","shape":[1],"parameters":{"binary_data_size":3}},
      {"name":"c","datatype":"UINT8","shape":[1],"data":[1]},
      {"name":"b","datatype":"UINT8","shape":[2],"parameters":{"binary_data_size":2}}]})";
  EXPECT_EQ(violations(contract, request, little_endian<std::uint8_t>({0, 1, 2, 7, 8})), "");
  EXPECT_EQ(violations(contract, request, little_endian<std::uint8_t>({0, 1, 2, 7})), "malformed") << "too few";
  EXPECT_EQ(violations(contract, request, little_endian<std::uint8_t>({0, 1, 2, 7, 8, 9})), "malformed") << "too many";
}

TEST(TensorContract, InputsThatNobodyNamedAreTold) {
  const auto contract = parsed(R"({"tensors":[{"name":"image","datatype":"UINT8","shape":[1]}]})");
  EXPECT_EQ(violations(contract, R"({"inputs":[{"name":"image","datatype":"UINT8","shape":[1],"data":[1]},
      {"name":"x","datatype":"UINT8","shape":[1],"data":[1]}]})"),
            ":others:1@0");
}

TEST(TensorContract, RequestsThatAreNoneAreRefused) {
  const auto contract = parsed(kImages);
  for (const char* request :
       {"[]", "{}", R"({"inputs":{}})", R"({"inputs":[{"name":"image","shape":[1],"data":[1]}]})",
        R"({"inputs":[{"name":"image","datatype":"FP32","data":[1]}]})",
        R"({"inputs":[{"name":"","datatype":"FP32","shape":[1],"data":[1]}]})",
        R"({"inputs":[{"name":"image","datatype":"FP32","shape":[1]}]})",
        R"({"inputs":[{"name":"image","datatype":"FP32","shape":[1],"data":7}]})",
        R"({"inputs":[{"name":"image","datatype":"FP32","shape":[-1],"data":[1]}]})",
        R"({"inputs":[{"name":"image","datatype":"FP32","shape":[1,1,1,1,1,1,1,1,1],"data":[1]}]})",
        R"({"inputs":[{"name":"image","datatype":"FP32","shape":[1],"data":[1],"parameters":{"binary_data_size":0}}]})",
        R"({"inputs":[{"name":"image","datatype":"FP32","shape":[1],"parameters":{"binary_data_size":-4}}]})",
        R"({"inputs":[{"name":"image","datatype":"FP32","shape":[1],"data":[1]},
                      {"name":"image","datatype":"FP32","shape":[1],"data":[1]}]})"}) {
    EXPECT_EQ(violations(contract, request), "malformed") << request;
  }
  EXPECT_EQ(violations(contract, input("FP32", "[4294967296,4294967296,4294967296]", "[]")), "too_large");
  EXPECT_EQ(violations(contract, input("FP32", "[536870912]", "[]")), "too_large");
  const auto wide = parsed(R"({"tensors":[{"name":"image","datatype":"UINT8","shape":[-1],"samples":true}]})");
  const Bytes many(1'000'001);
  EXPECT_EQ(violations(wide, binary_input("UINT8", "[1000001]", many.size()), many), "too_large");
}

TEST(TensorContract, ContractsThatAreNoneAreRefusedWithTheirPlace) {
  const auto tensor = [](std::string_view members) {
    return refusal(R"({"tensors":[{"name":"a",)" + std::string(members) + "}]}");
  };
  EXPECT_EQ(tensor(R"("datatype":"FP32","shape":[-1])"), "accepted");
  EXPECT_EQ(refusal("{}"), "`tensors` must be there");
  EXPECT_EQ(refusal(R"({"tensors":[],"x":1})"), "`x` is unknown");
  EXPECT_NE(tensor(R"("shape":[1])").find("`tensors/0/datatype`"), std::string::npos);
  EXPECT_NE(tensor(R"("datatype":"BYTES","shape":[1])").find("`tensors/0/datatype`"), std::string::npos);
  EXPECT_NE(tensor(R"("datatype":"FP32")").find("`tensors/0/shape`"), std::string::npos);
  for (const char* shape : {"[-2]", "[[2,1]]", "[[1]]", "[\"1\"]", "[1,1,1,1,1,1,1,1,1]"}) {
    EXPECT_NE(tensor(R"("datatype":"FP32","shape":)" + std::string(shape)).find("`tensors/0/shape`"), std::string::npos)
        << shape;
  }
  for (const char* channels : {"2", "0", "1"}) {
    EXPECT_NE(tensor(R"("datatype":"FP32","samples":true,"shape":[3,-1],"channels":)" + std::string(channels))
                  .find("`tensors/0/channels`"),
              std::string::npos)
        << channels;
  }
  for (const char* ranges : {"[]", "[[1,0]]", "[[0,1],[0,1]]", "[0,1]"}) {
    EXPECT_NE(tensor(R"("datatype":"FP32","shape":[3],"ranges":)" + std::string(ranges)).find("`tensors/0/ranges`"),
              std::string::npos)
        << ranges;
  }
  EXPECT_NE(tensor(R"("datatype":"FP32","shape":[3],"nan":1.5)").find("`tensors/0/nan`"), std::string::npos);
  EXPECT_NE(tensor(R"("datatype":"UINT8","shape":[3],"nan":0.5)").find("`tensors/0/nan`"), std::string::npos);
  EXPECT_NE(tensor(R"("datatype":"FP32","shape":[3],"min":0)").find("`tensors/0/min`"), std::string::npos);
  EXPECT_NE(refusal(R"({"tensors":[{"name":"a","datatype":"FP32","shape":[3]},
                                   {"name":"a","datatype":"FP32","shape":[3]}]})")
                .find("different names"),
            std::string::npos);
  EXPECT_NE(refusal(R"({"tensors":[{"name":"a","datatype":"FP32","shape":[3]}],
                        "reference":{"columns":[{"name":"a/mean","type":"number"}]}})")
                .find("`reference`"),
            std::string::npos);
}

// Pictures: a bright spot on a dark, noisy ground, with three channels.
class Pictures {
 public:
  static constexpr std::size_t kSize = 12;
  explicit Pictures(std::uint64_t seed) : random_(seed) {}

  // `gain`: of the first channel; `noise`: of all.
  Bytes make(std::size_t count, double gain = 1, double noise = 0.05) {
    std::vector<float> values;
    std::normal_distribution<double> normal;
    std::uniform_real_distribution<double> uniform;
    for (std::size_t sample = 0; sample < count; ++sample) {
      const double light = 0.6 + 0.2 * uniform(random_);
      const double x = 3 + 6 * uniform(random_);
      const double y = 3 + 6 * uniform(random_);
      for (int channel = 0; channel < 3; ++channel) {
        for (std::size_t i = 0; i < kSize * kSize; ++i) {
          const double dx = static_cast<double>(i % kSize) - x;
          const double dy = static_cast<double>(i / kSize) - y;
          const double value = light * std::exp(-(dx * dx + dy * dy) / 8) + 0.1 + noise * normal(random_);
          values.push_back(static_cast<float>(std::clamp(value * (channel == 0 ? gain : 1), 0.0, 1.0)));
        }
      }
    }
    return floats(values);
  }
  static std::string header(std::size_t count) {
    return binary_input("FP32", "[" + std::to_string(count) + ",3,12,12]", count * 3 * kSize * kSize * 4);
  }

 private:
  std::mt19937_64 random_;
};

class Fitted : public testing::Test {
 protected:
  // Of the reference, and of a window: with 400 of each, chance alone exceeds a bound in one window of twenty.
  static constexpr std::size_t kMany = 2000;

  Fitted() {
    std::cout << "seed " << seed_ << "\n";
    const auto root = reader_.parse(Pictures::header(kMany));
    auto fitted = TensorContract::fit(*root, pictures_.make(kMany), {.channels = 1});
    EXPECT_TRUE(fitted.has_value()) << (fitted ? "" : fitted.error().message());
    contract_.emplace(*std::move(fitted));
  }
  TensorReport check(std::size_t count, const Bytes& data) {
    const auto root = reader_.parse(Pictures::header(count));
    auto report = contract_->check(*root, data);
    EXPECT_TRUE(report.has_value());
    return *std::move(report);
  }
  static double share_above(const TensorReport& report, float bound) {
    std::size_t above = 0;
    for (const RowScore& score : report.scores) above += score.score > bound ? 1 : 0;
    return static_cast<double>(above) / static_cast<double>(report.scores.size());
  }
  std::vector<ColumnDrift> drift(const Bytes& data) {
    TensorDriftWindow window(*contract_, kMany);
    const auto root = reader_.parse(Pictures::header(kMany));
    EXPECT_TRUE(window.add(*root, data).has_value());
    return window.drift();
  }

  const std::uint64_t seed_ = std::random_device{}();
  Pictures pictures_{seed_};
  encoding::JsonReader reader_;
  std::optional<TensorContract> contract_;
};

TEST_F(Fitted, PicturesLikeTheReferenceAreUsual) {
  const auto report = check(400, pictures_.make(400));
  EXPECT_EQ(report.samples, 400U);
  ASSERT_EQ(report.scores.size(), 400U);
  EXPECT_LT(share_above(report, 0.99F), 0.06);
  std::size_t exceeds = 0;
  for (const ColumnDrift& column : drift(pictures_.make(kMany))) exceeds += column.exceeds ? 1 : 0;
  EXPECT_EQ(exceeds, 0U);
}

TEST_F(Fitted, PicturesWithAnotherColourOrNoiseAreNot) {
  for (const auto& data : {pictures_.make(kMany, 0.7), pictures_.make(kMany, 1, 0.12)}) {
    const auto report = check(kMany, data);
    EXPECT_GT(share_above(report, 0.99F), 0.9);
    std::size_t exceeds = 0;
    for (const ColumnDrift& column : drift(data)) exceeds += column.exceeds ? 1 : 0;
    EXPECT_GT(exceeds, 0U);
  }
  // What does most to it is a property of the first channel.
  const auto report = check(1, pictures_.make(1, 0.5));
  EXPECT_TRUE(report.scores.front().source.starts_with("image/0/")) << report.scores.front().source;
}

TEST_F(Fitted, TheContractIsWrittenAndReadAgain) {
  const auto again = parsed(contract_->to_json());
  EXPECT_EQ(again.to_json(), contract_->to_json());
  const Bytes data = pictures_.make(3);
  const auto root = reader_.parse(Pictures::header(3));
  const auto report = again.check(*root, data);
  ASSERT_TRUE(report.has_value());
  EXPECT_TRUE(report->violations.empty());
  EXPECT_EQ(report->scores.size(), 3U);
}

TEST_F(Fitted, WhatBreaksTheShapeHasNoScores) {
  const auto root = reader_.parse(binary_input("FP32", "[1,3,6,12]", 864));
  const auto report = contract_->check(*root, Bytes(864));
  ASSERT_TRUE(report.has_value());
  EXPECT_TRUE(report->scores.empty());
}

TEST(TensorFit, NeedsTwentySamplesAndItsDimensionOfChannels) {
  encoding::JsonReader reader;
  const auto fit = [&](const std::string& request, ByteView binary, int channels) {
    const auto root = reader.parse(request);
    const auto contract = TensorContract::fit(*root, binary, {.channels = channels});
    return contract ? "fitted" : std::string(to_string(contract.error().code()));
  };
  const Bytes data(20 * 4);
  EXPECT_EQ(fit(binary_input("FP32", "[20,1]", 80), data, -1), "fitted");
  EXPECT_EQ(fit(binary_input("FP32", "[20,1]", 80), data, 1), "fitted");
  EXPECT_EQ(fit(binary_input("FP32", "[20,1]", 80), data, 2), "invalid_argument");
  EXPECT_EQ(fit(binary_input("FP32", "[20,1]", 80), data, 0), "invalid_argument");
  EXPECT_EQ(fit(binary_input("FP32", "[10,2]", 80), data, -1), "invalid_argument");
  std::vector<float> infinite(20, 1);
  infinite[7] = -INFINITY;
  EXPECT_EQ(fit(binary_input("FP32", "[20,1]", 80), floats(infinite), -1), "invalid_argument");
  EXPECT_EQ(fit(binary_input("FP32", "[20,2]", 80), data, -1), "malformed");
  EXPECT_EQ(fit(binary_input("FP32", "[]", 4), Bytes(4), -1), "invalid_argument");
  EXPECT_EQ(fit(binary_input("BYTES", "[20]", 80), data, -1), "malformed");
  EXPECT_EQ(fit(R"({"inputs":[]})", {}, -1), "invalid_argument");
}

TEST(TensorFit, RangesStayWithinTheDatatype) {
  encoding::JsonReader reader;
  std::vector<std::uint8_t> values;
  for (int i = 0; i < 40; ++i) values.push_back(static_cast<std::uint8_t>(i % 2 == 0 ? 250 : 10));
  const Bytes data = little_endian(values);
  const auto root = reader.parse(binary_input("UINT8", "[40]", 40));
  const auto contract = TensorContract::fit(*root, data, {});
  ASSERT_TRUE(contract.has_value()) << contract.error().message();
  EXPECT_NE(contract->to_json().find(R"("ranges":[[0,255]])"), std::string::npos) << contract->to_json();
}

}  // namespace
}  // namespace redoubt::contract
