// Finds the operation that a method and a path name. A path is split and decoded once, here.
//
// Immutable; any thread.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "admin/operation.h"

namespace redoubt::admin {

class Router {
 public:
  // INVARIANT: of two templates that fit one path, one says more (`/a/b` and `/a/{x}`): that one is taken.
  explicit Router(const std::vector<const Operation*>& operations);

  struct Match {
    const Operation* operation = nullptr;                              // null: none
    std::vector<std::pair<std::string_view, std::string>> parameters;  // by name, percent-decoded
    std::string allow;  // the methods that the path has, as `Allow` lists them; empty: there is no such path
  };
  // `path` as it was received. HEAD is answered as GET. kMalformed when its percent-encoding is broken.
  Result<Match> find(net::Method method, std::string_view path) const;

 private:
  struct Route {
    std::vector<std::string_view> segments;
    std::vector<const Operation*> operations;
  };
  std::vector<Route> routes_;
};

// kMalformed for a `%` without two hexadecimal digits. `plus_is_space`: in queries (WHATWG URL, form encoding).
Result<std::string> percent_decode(std::string_view text, bool plus_is_space);
// All but RFC 3986's unreserved characters encoded: one segment of a path, or one part of a query.
std::string percent_encode(std::string_view text);

}  // namespace redoubt::admin
