#include "incident/internal/body_reader.h"

namespace redoubt::incident {

void BodyReader::fail(std::string_view name, std::string_view why) {
  if (failed_.empty()) failed_ = "`" + std::string(name) + "` " + std::string(why);
}

std::string BodyReader::text(std::string_view name, std::size_t max) {
  ++taken_;
  std::string_view out;
  if (body_[name].get(out) != simdjson::SUCCESS || out.size() > max) {
    fail(name, "must be a text of at most " + std::to_string(max) + " bytes");
    return {};
  }
  return std::string(out);
}

std::uint64_t BodyReader::number(std::string_view name) {
  ++taken_;
  std::uint64_t out = 0;
  if (body_[name].get(out) != simdjson::SUCCESS) fail(name, "must be a whole number from 0 on");
  return out;
}

std::int64_t BodyReader::integer(std::string_view name) {
  ++taken_;
  std::int64_t out = 0;
  if (body_[name].get(out) != simdjson::SUCCESS) fail(name, "must be a whole number");
  return out;
}

std::vector<std::string> BodyReader::texts(std::string_view name, std::size_t most, std::size_t max) {
  ++taken_;
  std::vector<std::string> out;
  simdjson::dom::array list;
  if (body_[name].get(list) != simdjson::SUCCESS || list.size() > most) {
    fail(name, "must be a list of at most " + std::to_string(most) + " texts");
    return out;
  }
  for (const auto each : list) {
    std::string_view text;
    if (each.get(text) != simdjson::SUCCESS || text.size() > max) {
      fail(name, "must be a list of texts of at most " + std::to_string(max) + " bytes");
      return {};
    }
    out.emplace_back(text);
  }
  return out;
}

std::vector<std::uint64_t> BodyReader::numbers(std::string_view name, std::size_t most) {
  ++taken_;
  std::vector<std::uint64_t> out;
  simdjson::dom::array list;
  if (body_[name].get(list) != simdjson::SUCCESS || list.size() > most) {
    fail(name, "must be a list of at most " + std::to_string(most) + " numbers");
    return out;
  }
  for (const auto each : list) {
    std::uint64_t number = 0;
    if (each.get(number) != simdjson::SUCCESS || (!out.empty() && number <= out.back())) {
      fail(name, "must be a list of whole numbers from 0 on, ascending");
      return {};
    }
    out.push_back(number);
  }
  return out;
}

std::vector<simdjson::dom::object> BodyReader::objects(std::string_view name, std::size_t most) {
  ++taken_;
  std::vector<simdjson::dom::object> out;
  simdjson::dom::array list;
  if (body_[name].get(list) != simdjson::SUCCESS || list.size() > most) {
    fail(name, "must be a list of at most " + std::to_string(most) + " objects");
    return out;
  }
  for (const auto each : list) {
    simdjson::dom::object object;
    if (each.get(object) != simdjson::SUCCESS) {
      fail(name, "must be a list of objects");
      return {};
    }
    out.push_back(object);
  }
  return out;
}

Result<> BodyReader::done() {
  if (failed_.empty() && body_.size() != taken_) failed_ = "the body has other members than it must have";
  if (failed_.empty()) return {};
  return Error(Errc::kInvalidArgument, failed_);
}

}  // namespace redoubt::incident
