#include "sigma/internal/index_builder.h"

#include <algorithm>
#include <map>

namespace redoubt::sigma::internal {
namespace {

using Kind = Atom::Kind;
using Op = Expr::Op;

constexpr double kPresence = 50;  // a field is there more often than it has one value

struct Guard {
  std::vector<std::uint32_t> atoms;
  double cost = 0;         // about how often one of them holds
  bool logsource = false;  // rests on where the event comes from
};

double cost_of(const Atom& atom, std::uint32_t uses) {
  const double alone = atom.kind == Kind::kPresent || atom.kind == Kind::kExists ? kPresence
                       : atom.kind == Kind::kCompare                             ? kPresence / 4
                       : atom.kind == Kind::kEquals                              ? 1
                                                                                 : 2;
  return alone * (1 + uses);
}

std::vector<NumberEntry>& thresholds_of(SlotIndex& index, Comparison comparison) {
  switch (comparison) {
    case Comparison::kLess:
      return index.below;
    case Comparison::kLessOrEqual:
      return index.at_most;
    case Comparison::kGreater:
      return index.above;
    default:
      return index.at_least;
  }
}

Guard merged(Guard a, const Guard& b) {
  a.atoms.insert(a.atoms.end(), b.atoms.begin(), b.atoms.end());
  a.cost += b.cost;
  a.logsource |= b.logsource;
  return a;
}

// Atoms that ask about the values of a field hold only if it has one.
class PresenceAtoms {
 public:
  explicit PresenceAtoms(CompiledRules& rules) : rules_(rules) {
    for (std::uint32_t id = 0; id < rules.atoms.size(); ++id) {
      if (rules.atoms[id].kind == Kind::kPresent) by_slot_[rules.atoms[id].slot] = id;
    }
  }
  void add_for(FieldSlot slot) {
    if (slot == kAnywhere || by_slot_.contains(slot)) return;
    by_slot_[slot] = static_cast<std::uint32_t>(rules_.atoms.size());
    Atom atom;
    atom.kind = Kind::kPresent;
    atom.slot = slot;
    rules_.atoms.push_back(std::move(atom));
  }
  const std::map<FieldSlot, std::uint32_t>& by_slot() const { return by_slot_; }

 private:
  CompiledRules& rules_;
  std::map<FieldSlot, std::uint32_t> by_slot_;
};

void count_uses(const Expr& expr, std::vector<std::uint32_t>& uses) {
  if (expr.op == Op::kAtom) ++uses[expr.value];
  for (const Expr& child : expr.children) count_uses(child, uses);
}

// What guards are found by.
struct GuardContext {
  const CompiledRules& rules;
  const std::vector<Expr>& logsources;
  const std::map<FieldSlot, std::uint32_t>& presence;  // kPresent atoms
  std::vector<std::uint32_t> uses;                     // how many times rules use each atom
};

// Atoms of which at least one holds whenever `expr` does. Nothing: there are none.
std::optional<Guard> guard_of(const Expr& expr, const GuardContext& in) {
  switch (expr.op) {
    case Op::kFalse:
      return Guard{};
    case Op::kTrue:
    case Op::kNot:
      return std::nullopt;
    case Op::kAtom: {
      const Atom& atom = in.rules.atoms[expr.value];
      if (atom.kind == Kind::kNull || atom.kind == Kind::kPredicate) return std::nullopt;
      if (atom.indexed()) return Guard{{expr.value}, cost_of(atom, in.uses[expr.value]), false};
      const auto presence = in.presence.find(atom.slot);
      if (presence == in.presence.end()) return std::nullopt;
      const std::uint32_t id = presence->second;
      return Guard{{id}, cost_of(in.rules.atoms[id], in.uses[id]), false};
    }
    case Op::kLogsource: {
      auto guard = guard_of(in.logsources[expr.value], in);
      if (guard) guard->logsource = true;
      return guard;
    }
    case Op::kAnd: {
      // The one that holds least; one that does not rest on the log source, if there is one.
      std::optional<Guard> best;
      for (const Expr& child : expr.children) {
        auto guard = guard_of(child, in);
        if (!guard) continue;
        const auto rank = [](const Guard& g) { return std::pair(g.logsource, g.cost); };
        if (!best || rank(*guard) < rank(*best)) best = std::move(guard);
      }
      return best;
    }
    case Op::kOr:
    case Op::kAtLeast: {
      Guard all;
      for (const Expr& child : expr.children) {
        const auto guard = guard_of(child, in);
        if (!guard) return std::nullopt;
        all = merged(std::move(all), *guard);
      }
      return all;
    }
  }
  return std::nullopt;
}

}  // namespace

void build_index(CompiledRules& rules, const std::vector<Expr>& roots, const std::vector<Expr>& logsources) {
  PresenceAtoms presence(rules);
  for (std::size_t id = 0, count = rules.atoms.size(); id < count; ++id) {
    if (!rules.atoms[id].indexed() && rules.atoms[id].kind != Kind::kPredicate) presence.add_for(rules.atoms[id].slot);
  }
  GuardContext context{rules, logsources, presence.by_slot(), std::vector<std::uint32_t>(rules.atoms.size())};
  for (const Expr& root : roots) count_uses(root, context.uses);
  std::vector<std::vector<std::uint32_t>> by_atom(rules.atoms.size());
  for (std::uint32_t place = 0; place < roots.size(); ++place) {
    auto guard = guard_of(roots[place], context);
    if (!guard) {
      rules.guards.always.push_back(place);
      continue;
    }
    if (guard->logsource) rules.guards.by_logsource.push_back(place);
    std::sort(guard->atoms.begin(), guard->atoms.end());
    guard->atoms.erase(std::unique(guard->atoms.begin(), guard->atoms.end()), guard->atoms.end());
    for (const std::uint32_t atom : guard->atoms) by_atom[atom].push_back(place);
  }
  for (const std::vector<std::uint32_t>& places : by_atom) {
    rules.guards.first.push_back(static_cast<std::uint32_t>(rules.guards.by_atom.size()));
    rules.guards.by_atom.insert(rules.guards.by_atom.end(), places.begin(), places.end());
  }
  rules.guards.first.push_back(static_cast<std::uint32_t>(rules.guards.by_atom.size()));

  std::map<FieldSlot, SlotIndex> by_slot;
  for (std::uint32_t id = 0; id < rules.atoms.size(); ++id) {
    const Atom& atom = rules.atoms[id];
    if (!atom.indexed()) continue;
    SlotIndex& index = by_slot[atom.slot];
    index.slot = atom.slot;
    switch (atom.kind) {
      case Kind::kNumber:
        index.numbers.push_back({atom.number, id, atom.text.find_first_of(".e") == std::string::npos});
        index.literals.add(LiteralIndex::How::kEquals, atom.text, id);
        break;
      case Kind::kEquals:
        index.literals.add(LiteralIndex::How::kEquals, atom.text, id);
        break;
      case Kind::kPrefix:
        index.literals.add(LiteralIndex::How::kPrefix, atom.text, id);
        break;
      case Kind::kSuffix:
        index.literals.add(LiteralIndex::How::kSuffix, atom.text, id);
        break;
      case Kind::kContains:
        index.literals.add(LiteralIndex::How::kContains, atom.text, id);
        break;
      case Kind::kNetwork:
        index.networks.add(rules.networks[atom.data], id);
        break;
      case Kind::kCompare: {
        const NumberQuestion& question = rules.comparisons[atom.data];
        thresholds_of(index, question.comparison).push_back({question.number, id, false});
        break;
      }
      case Kind::kPresent:
        index.present = id;
        break;
      case Kind::kExists:
        index.exists = id;
        break;
      case Kind::kNull:
        index.null = id;
        rules.null_atoms.push_back(id);
        break;
      default:
        break;
    }
  }
  rules.index_of_slot.assign(rules.slot_names.size(), 0xffffffff);
  for (auto& [slot, index] : by_slot) {
    index.literals.build();
    index.networks.build();
    std::sort(index.numbers.begin(), index.numbers.end(),
              [](const NumberEntry& a, const NumberEntry& b) { return a.number < b.number; });
    for (std::vector<NumberEntry>* const list : {&index.above, &index.at_least}) {
      std::sort(list->begin(), list->end(),
                [](const NumberEntry& a, const NumberEntry& b) { return a.number < b.number; });
    }
    for (std::vector<NumberEntry>* const list : {&index.below, &index.at_most}) {
      std::sort(list->begin(), list->end(),
                [](const NumberEntry& a, const NumberEntry& b) { return a.number > b.number; });
    }
    const auto there = [&](bool some, SlotIndex::Kind kind) {
      if (some) index.kinds |= kind;
    };
    there(!index.literals.empty(), SlotIndex::kLiterals);
    there(!index.numbers.empty(), SlotIndex::kNumbers);
    there(!index.networks.empty(), SlotIndex::kNetworks);
    there(!index.below.empty() || !index.at_most.empty() || !index.above.empty() || !index.at_least.empty(),
          SlotIndex::kThresholds);
    const auto place = static_cast<std::uint32_t>(rules.slot_indexes.size());
    if (slot == kAnywhere) {
      rules.anywhere_index = place;
    } else {
      rules.index_of_slot[slot] = place;
    }
    rules.slot_indexes.push_back(std::move(index));
  }
}

}  // namespace redoubt::sigma::internal
