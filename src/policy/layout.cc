#include "policy/internal/layout.h"

#include <algorithm>

namespace redoubt::policy::internal {
namespace {

std::size_t code_points(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

}  // namespace

std::size_t Layout::mark() {
  add(Kind::kNothing);
  return ops_.size() - 1;
}

// From the end to the beginning, so that what follows is known.
std::vector<std::size_t> Layout::flat_widths() const {
  struct Close {
    std::size_t behind;    // columns behind the group, on one line
    std::size_t followed;  // those up to the next place for a break
    std::size_t forced;    // breaks behind the group that cannot be avoided
  };
  std::vector<std::size_t> out(ops_.size());
  std::vector<Close> closes;
  std::size_t behind = 0;
  std::size_t followed = 0;
  std::size_t forced = 0;
  for (std::size_t i = ops_.size(); i-- > 0;) {
    std::size_t columns = 0;
    switch (ops_[i].kind) {
      case Kind::kText:
        columns = code_points(ops_[i].text);
        followed += columns;
        break;
      case Kind::kSpace:
        columns = 1;
        followed += columns;
        break;
      case Kind::kLine:
        columns = 1;
        followed = 0;
        break;
      case Kind::kSoftLine:
        followed = 0;
        break;
      case Kind::kHardLine:
      case Kind::kComment:
      case Kind::kTrailingComment:
        followed = 0;
        ++forced;
        break;
      case Kind::kClose:
        closes.push_back({behind, followed, forced});
        break;
      case Kind::kOpen: {
        const Close close = closes.back();
        closes.pop_back();
        out[i] = close.forced == forced ? behind - close.behind + close.followed : std::string::npos;
        break;
      }
      case Kind::kNothing:
      case Kind::kIndent:
        break;
    }
    behind += columns;
  }
  return out;
}

class Layout::Printer {
 public:
  Printer(std::size_t width, std::string& out) : width_(width), out_(out) {}

  void print(const Op& op, std::size_t flat_width);

 private:
  void word(std::string_view text);
  void space() { space_ = true; }
  void end_line();
  // The column where a word would begin.
  std::size_t column() const { return line_ended_ || commented_ ? indent_ : column_ + (space_ ? 1 : 0); }
  bool fits(std::size_t columns) const {
    return columns != std::string::npos && column() <= width_ && columns <= width_ - column();
  }
  bool flat() const { return !flat_.empty() && flat_.back(); }

  std::size_t width_;
  std::string& out_;
  std::vector<bool> flat_;  // of the groups that are open
  std::size_t indent_ = 0;
  std::size_t column_ = 0;
  bool space_ = false;      // before the next word, if that is on the same line
  bool line_ended_ = true;  // the next word begins a line; a break has been written
  bool commented_ = false;  // nothing may follow on this line; no break has been written
};

void Layout::Printer::word(std::string_view text) {
  if (commented_) end_line();
  if (line_ended_) {
    out_.append(indent_, ' ');
    column_ = indent_;
  } else if (space_) {
    out_ += ' ';
    ++column_;
  }
  line_ended_ = false;
  space_ = false;
  out_ += text;
  const std::size_t last_line = text.rfind('\n');  // strings may have several
  column_ = last_line == std::string_view::npos ? column_ + code_points(text) : code_points(text.substr(last_line + 1));
}

void Layout::Printer::end_line() {
  out_ += '\n';
  line_ended_ = true;
  commented_ = false;
  space_ = false;
}

void Layout::Printer::print(const Op& op, std::size_t flat_width) {
  switch (op.kind) {
    case Kind::kNothing:
      return;
    case Kind::kText:
      return word(op.text);
    case Kind::kSpace:
      return space();
    case Kind::kLine:
      return flat() && !commented_ ? space() : end_line();
    case Kind::kSoftLine:
      if (!flat() || commented_) end_line();
      return;
    case Kind::kHardLine:
      return end_line();
    case Kind::kComment:
      if (!line_ended_) end_line();
      word(op.text);
      commented_ = true;
      return;
    case Kind::kTrailingComment:
      space();
      word(op.text);
      commented_ = true;
      return;
    case Kind::kIndent:
      indent_ = static_cast<std::size_t>(static_cast<std::ptrdiff_t>(indent_) + op.columns);
      return;
    case Kind::kOpen:
      flat_.push_back(flat() || fits(flat_width));
      return;
    case Kind::kClose:
      flat_.pop_back();
      return;
  }
}

void Layout::print(std::size_t width, std::string& out) const {
  const std::vector<std::size_t> widths = flat_widths();
  Printer printer(width, out);
  for (std::size_t i = 0; i < ops_.size(); ++i) printer.print(ops_[i], widths[i]);
}

}  // namespace redoubt::policy::internal
