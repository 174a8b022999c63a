#include "incident/restrictions.h"

#include <algorithm>
#include <memory>
#include <set>
#include <tuple>

namespace redoubt::incident {
namespace {

void add_families(std::string& out, std::string_view families) {
  std::set<std::string, std::less<>> all;
  for (const std::string_view list : {std::string_view(out), families}) {
    for (std::size_t begin = 0; begin < list.size();) {
      const std::size_t end = std::min(list.find(',', begin), list.size());
      all.emplace(list.substr(begin, end - begin));
      begin = end + 1;
    }
  }
  std::string joined;
  for (const std::string& family : all) joined.append(joined.empty() ? "" : ",").append(family);
  out = std::move(joined);
}

// What decides, the strictest first.
int rank(Effect effect) {
  switch (effect) {
    case Effect::kSuspend:
    case Effect::kBlock:
      return 0;
    case Effect::kRevokeSessions:
      return 1;
    case Effect::kQuarantine:
      return 2;
    case Effect::kStepUp:
      return 3;
    case Effect::kThrottle:
      return 4;
    case Effect::kInspect:
      return 5;
  }
  return 6;
}

class Strictest {
 public:
  explicit Strictest(const Exchange& exchange) : exchange_(exchange) {}

  void take(const Response& response) {
    const Action& action = response.action;
    switch (action.effect) {
      case Effect::kSuspend:
      case Effect::kBlock:
        if (!out_.stop) out_.stop = action.effect;
        break;
      case Effect::kQuarantine:
        out_.review = true;
        break;
      case Effect::kRevokeSessions:
        if (exchange_.authenticated > response.began()) return;
        out_.revoked = true;
        break;
      case Effect::kStepUp:
        if (exchange_.second_factor && *exchange_.second_factor > response.began()) return;
        out_.step_up = true;
        break;
      case Effect::kThrottle:
        if (out_.per_minute == 0 || action.per_minute < out_.per_minute) {
          out_.per_minute = action.per_minute;
          out_.throttled = action.target.text();
        }
        break;
      case Effect::kInspect:
        add_families(out_.families, action.families);
        break;
    }
    if (out_.response.empty() || rank(action.effect) < rank_) {
      rank_ = rank(action.effect);
      out_.response = response.id;
    }
  }
  Restriction done() && { return std::move(out_); }

 private:
  const Exchange& exchange_;
  Restriction out_;
  int rank_ = 0;
};

}  // namespace

Restriction Restrictions::of(const Exchange& exchange) const {
  if (empty()) return {};
  Strictest strictest(exchange);
  std::string name;
  const auto look = [&](TargetType type, std::string_view of) {
    if (of.empty()) return;
    name.assign(to_string(type)).append("/").append(of);
    const Held* const held = by_target_.find(name);
    if (held == nullptr) return;
    for (const Response& response : *held) {
      if (exchange.now < response.until) strictest.take(response);
    }
  };
  look(TargetType::kPrincipal, exchange.principal);
  look(TargetType::kKey, exchange.key);
  look(TargetType::kNetwork, exchange.network);
  look(TargetType::kModel, exchange.model);
  for (const std::string& tool : exchange.tools) look(TargetType::kTool, tool);
  for (const std::string& data : exchange.data_sets) look(TargetType::kDataSet, data);
  const bool tools_cut = exchange.tools_cut && any_of(TargetType::kTool);
  const bool data_sets_cut = exchange.data_sets_cut && any_of(TargetType::kDataSet);
  if (tools_cut || data_sets_cut) {
    by_target_.for_each([&](std::string_view, const Held& held) {
      for (const Response& response : held) {
        const TargetType type = response.action.target.type;
        const bool counts = (tools_cut && type == TargetType::kTool) || (data_sets_cut && type == TargetType::kDataSet);
        if (counts && exchange.now < response.until) strictest.take(response);
      }
    });
  }
  return std::move(strictest).done();
}

void Restrictions::add(const Response& response) {
  const std::string target = response.action.target.text();
  const Held* const now = by_target_.find(target);
  auto held = now != nullptr ? std::make_shared<Held>(*now) : std::make_shared<Held>();
  const auto at = std::lower_bound(held->begin(), held->end(), response.id,
                                   [](const Response& each, const std::string& id) { return each.id < id; });
  if (at != held->end() && at->id == response.id) {
    *at = response;
  } else {
    held->insert(at, response);
    throttles_ += response.action.effect == Effect::kThrottle ? 1 : 0;
    ++of_type_[static_cast<std::size_t>(response.action.target.type)];
  }
  by_target_.set(target, std::move(held));
}

void Restrictions::remove(const Response& response) {
  const std::string target = response.action.target.text();
  const Held* const now = by_target_.find(target);
  if (now == nullptr) return;
  auto held = std::make_shared<Held>(*now);
  const auto gone = std::erase_if(*held, [&](const Response& each) { return each.id == response.id; });
  if (response.action.effect == Effect::kThrottle) throttles_ -= gone;
  of_type_[static_cast<std::size_t>(response.action.target.type)] -= gone;
  if (held->empty()) {
    by_target_.erase(target);
  } else {
    by_target_.set(target, std::move(held));
  }
}

std::vector<Response> Restrictions::throttles(UnixMillis now) const {
  std::vector<Response> out;
  if (throttles_ == 0) return out;
  by_target_.for_each([&](std::string_view, const Held& held) {
    for (const Response& response : held) {
      if (response.action.effect == Effect::kThrottle && now < response.until) out.push_back(response);
    }
  });
  std::sort(out.begin(), out.end(), [](const Response& a, const Response& b) {
    return std::tie(a.action.target, a.id) < std::tie(b.action.target, b.id);
  });
  return out;
}

std::vector<Response> Restrictions::holding(const Target& target, UnixMillis now) const {
  std::vector<Response> out;
  const Held* const held = by_target_.find(target.text());
  if (held == nullptr) return out;
  for (const Response& response : *held) {
    if (now < response.until) out.push_back(response);
  }
  return out;
}

}  // namespace redoubt::incident
