#include "identity/internal/wish.h"

#include <algorithm>

namespace redoubt::identity::internal {

Result<state::Proposal> checked(state::Proposal proposal) {
  if (proposal.body.size() > record::kFactBodyMax) {
    return Error(Errc::kTooLarge,
                 "this is more than one change can hold: " + std::to_string(record::kFactBodyMax) + " bytes");
  }
  if (proposal.before.size() > record::kFactStateMax) proposal.before.clear();
  if (proposal.after.size() > record::kFactStateMax) proposal.after.clear();
  return proposal;
}

Result<std::vector<std::string>> checked_list(std::string_view what, std::vector<std::string> texts, std::size_t max,
                                              bool (*form)(std::string_view)) {
  for (const std::string& text : texts) {
    if (!form(text)) return wrong("`" + text + "` is no " + std::string(what));
  }
  std::sort(texts.begin(), texts.end());
  texts.erase(std::unique(texts.begin(), texts.end()), texts.end());
  if (texts.size() > max)
    return wrong("there can be " + std::to_string(max) + " of each " + std::string(what) + " here");
  return texts;
}

}  // namespace redoubt::identity::internal
