// Lays text out in lines of a width: a stream of words and places for breaks, in groups that stay on one line if they
// fit (Oppen, "Prettyprinting", 1980; as Wadler's groups).
//
//   layout.open(); layout.text("a"); layout.text(" +"); layout.line(); layout.text("b"); layout.close();
//   layout.print(80, out);                                   // "a + b", or "a +" and "b" where that is too long
//
// Comments end their line, and groups that hold one are broken. Lines never end in spaces. Time and memory are linear
// in what was put in. One thread at a time; the text put in must outlive it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace redoubt::policy::internal {

class Layout {
 public:
  void text(std::string_view text) { add(Kind::kText, text); }
  void space() { add(Kind::kSpace); }                                 // never broken
  void line() { add(Kind::kLine); }                                   // a space, or a break where the group is broken
  void soft_line() { add(Kind::kSoftLine); }                          // nothing, or a break
  void hard_line() { add(Kind::kHardLine); }                          // a break; breaks the groups around it
  void comment(std::string_view text) { add(Kind::kComment, text); }  // on lines of its own
  void trailing_comment(std::string_view text) { add(Kind::kTrailingComment, text); }  // on the line that it follows
  void indent(std::size_t columns) { indent_by(static_cast<std::ptrdiff_t>(columns)); }
  void outdent(std::size_t columns) { indent_by(-static_cast<std::ptrdiff_t>(columns)); }

  // A place where a group may turn out to begin, which open(mark) then says.
  std::size_t mark();
  void open(std::size_t mark) { ops_[mark].kind = Kind::kOpen; }
  void open() { open(mark()); }
  void close() { add(Kind::kClose); }

  // Appends to `out`. Columns are code points.
  void print(std::size_t width, std::string& out) const;

 private:
  enum class Kind : std::uint8_t {
    kNothing,
    kText,
    kSpace,
    kLine,
    kSoftLine,
    kHardLine,
    kComment,
    kTrailingComment,
    kIndent,
    kOpen,
    kClose
  };
  struct Op {
    Kind kind = Kind::kNothing;
    std::string_view text;
    std::ptrdiff_t columns = 0;  // of kIndent
  };
  class Printer;

  void add(Kind kind, std::string_view text = {}) { ops_.push_back({kind, text, 0}); }
  void indent_by(std::ptrdiff_t columns) { ops_.push_back({Kind::kIndent, {}, columns}); }
  // Of each group, by the index of its kOpen: the columns that it needs on one line, what follows up to the next place
  // for a break counted; npos when it cannot be on one line.
  std::vector<std::size_t> flat_widths() const;

  std::vector<Op> ops_;
};

}  // namespace redoubt::policy::internal
