// Holds in memory, answered within the call.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gateway/hold_desk.h"

namespace redoubt::gateway::test {

class FakeHoldDesk final : public HoldDesk {
 public:
  void place(HoldWish wish, std::function<void(Result<std::string>)> done) override {
    if (error) return done(*error);
    const std::string id = "hold" + std::to_string(100'000'000'000 + placed.size());
    held[id] = {.kind = wish.kind, .subject = wish.subject, .placed = now};
    placed.push_back(std::move(wish));
    done(id);
  }
  void look(std::string id, std::function<void(Result<SeenHold>)> done) override {
    if (error) return done(*error);
    const auto found = held.find(id);
    if (found == held.end()) return done(Error(Errc::kNotFound, "there is no such hold"));
    done(found->second);
  }
  void decide(const std::string& id, HoldAnswer answer) {
    held.at(id).answer = answer;
    held.at(id).decided = now;
  }

  std::vector<HoldWish> placed;
  std::map<std::string, SeenHold> held;  // by id
  std::optional<Error> error;            // of every call, while it is set
  UnixMillis now{1'780'000'000'000};
};

}  // namespace redoubt::gateway::test
