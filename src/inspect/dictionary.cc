#include "inspect/dictionary.h"

#include "inspect/internal/chars.h"
#include "inspect/internal/dictionary.h"
#include "inspect/internal/folded_text.h"

namespace redoubt::inspect {

namespace internal {

std::string normal_form(std::string_view folded) {
  std::string out;
  for (const char c : folded) {
    const bool blank = c == ' ' || c == '\t' || c == '\n' || c == '\r';
    if (!blank) {
      out += to_lower(c);
    } else if (!out.empty() && out.back() != ' ') {
      out += ' ';
    }
  }
  if (out.ends_with(' ')) out.pop_back();
  return out;
}

}  // namespace internal

std::string normal_record(std::string_view text) {
  static const internal::FoldTable table;
  internal::FoldedText folded(table);
  std::vector<internal::InvisibleRun> ignored;
  folded.append(text, true, ignored);
  return internal::normal_form(folded.view());
}

}  // namespace redoubt::inspect
