#include "policy/expr.h"

namespace redoubt::policy {

bool operator==(const Expr& a, const Expr& b) {
  return a.kind == b.kind && a.number == b.number && a.text == b.text && a.name == b.name && a.path == b.path &&
         a.pattern == b.pattern && a.children == b.children;
}

}  // namespace redoubt::policy
