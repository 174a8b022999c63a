// Answers of the administrative interface for people: lines and tables. Safe for terminals, whatever was answered.
#pragma once

#include <simdjson.h>

#include <string>
#include <string_view>
#include <vector>

namespace redoubt::app {

// One value in one line: lists with commas, objects as JSON.
std::string shown(const simdjson::dom::element& value);

// `name  value`, and a line end.
std::string shown_member(std::string_view name, std::string_view value);
std::string shown_member(std::string_view name, const simdjson::dom::element& value);

// A table with these members as columns, their names above them.
class Table {
 public:
  explicit Table(std::vector<std::string_view> columns) : columns_(std::move(columns)) {}

  void add(simdjson::dom::object item);
  std::size_t size() const { return rows_.size(); }
  // With a line for the names; without items, `none`.
  std::string text() const;

 private:
  const std::vector<std::string_view> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace redoubt::app
