// What is refused, with file, line and why.
#include "src/sigma/tests/support.h"

namespace redoubt::sigma {
namespace {

struct Case {
  std::string_view lines;  // of a selection's map
  std::string_view message;
};

TEST(Problems, OfSelections) {
  const Case cases[] = {
      {"A|containz: x", "`A|containz` has the unknown modifier `containz`"},
      {"A|: x", "`A|` has the unknown modifier ``"},
      {"A|contains|contains: x", "`A|contains|contains` has the modifier `contains` twice"},
      {"A|contains|startswith: x", "`A|contains|startswith` has modifiers that exclude each other"},
      {"A|re|cidr: x", "`A|re|cidr` has modifiers that exclude each other"},
      {"A|re|contains: x", "`A|re|contains` has modifiers that do not go together"},
      {"A|i: x", "`A|i` has `i` without `re` before it"},
      {"A|re|all|i: [x, y]", "`A|re|all|i` has `i` apart from `re`"},
      {"A|contains|all: x", "`A|contains|all` has `all` with a single value"},
      {"A|all|neq: [x, y]", "`A|all|neq` has `all` and `neq`, of which nobody says what they mean together"},
      {"A|contains: ''", "`A|contains`: an empty value with `contains` matches everything"},
      {"A|contains: null", "`A|contains` takes text, not null"},
      {"A|contains: true", "`A|contains` takes text, not true or false"},
      {"A|windash: 5", "`A|windash` takes text, not a number"},
      {"A|windash: '-------'", "`A|windash`: `windash` with more than 5 dashes in one value"},
      {"A|base64: 'a*'", "`A|base64`: `base64` cannot encode a value with wildcards or placeholders"},
      {"A|contains|base64: a", "`A|contains|base64`: `base64` cannot encode a value with wildcards or placeholders"},
      {"A|utf16: abc", "`A|utf16`: what UTF-16 gives is no text: `base64` must come after it"},
      {"A|exists: 1", "`A|exists` takes true or false, not a number"},
      {"A|exists: [true]", "`A|exists` takes one value: true or false"},
      {"A|lt: x", "`A|lt` takes a number, not text"},
      {"A|lt: '5'", "`A|lt` takes a number, not text"},
      {"A|lt|neq: 5", "`A|lt|neq` has modifiers that do not go together"},
      {"A|hour: 24", "`A|hour` takes an integer from 0 to 23"},
      {"A|minute: 1.5", "`A|minute` takes an integer from 0 to 59"},
      {"A|cidr: 10.0.0.1/8", "`A|cidr`: `10.0.0.1/8` has bits of a host: its address goes on after the prefix"},
      {"A|cidr: 10.0.0.0/33", "`A|cidr`: `10.0.0.0/33` has no prefix length from 0 to 32"},
      {"A|cidr: 'x'", "`A|cidr`: `x` is not a network as in `10.0.0.0/8` or `2001:db8::/32`"},
      {"A|cidr: '10.*'", "`A|cidr`: a network with wildcards"},
      {"A|re: '(?=x)'", "`A|re`: the regular expression is refused: invalid perl operator: (?="},
      {"A|re: '(a)\\1'", "`A|re`: the regular expression is refused: invalid escape sequence: \\1"},
      {"A|re: 'a\\C'", "`A|re`: the regular expression is refused: `\\C` is not supported"},
      {"A|expand: '%x%'", "`A|expand`: nothing is known to stand for the placeholder `%x%`"},
      {"A|expand: 'x'", "`A|expand`: `expand` without a placeholder `%name%` in the value"},
      {"A|predicate: 'p'", "the predicate `p` is unknown"},
      {"A: [x, null]", "`A` has null in a list, which needs a selection of its own"},
      {"A: []", "`A` has an empty list"},
      {"A: {b: c}", "`A` has a map for a value"},
      {"A: [[x]]", "`A` has a list for a value"},
      {"'A[any]': x", "`A[any]` is no name of a field"},
      {"'|startswith': x", "`|startswith` has a modifier that needs a field"},
      {"'': x", "a field without a name"},
      {"A: 1\nA: 2", "`A` stands here twice"},
      {"A: &x 1", "anchors and aliases are not read"},
      {"A: !!str 1", "tags are not read"},
      {"A: 99999999999999999999", "the number `99999999999999999999` has more than 64 bits"},
      {"A: .inf", "`.inf` is not a number that can be compared with"},
  };
  for (const Case& one : cases) {
    const std::size_t line = 6 + static_cast<std::size_t>(one.lines.starts_with("A: 1\n") ? 1 : 0);
    EXPECT_EQ(problem_of(rule_selecting(one.lines)),
              "rules.yml:" + std::to_string(line) + ": " + std::string(one.message))
        << one.lines;
  }
}

TEST(Problems, OfConditions) {
  const auto with = [](std::string_view condition) {
    return problem_of(rule_with("sel_a: {A: 1}\nsel_b: {B: 1}\ncondition: '" + std::string(condition) + "'\n"));
  };
  const Case cases[] = {
      {"sel_a", "rules.yml:5: the condition does not use the search identifier `sel_b`"},
      {"sel_a and sel_c", "rules.yml:7: the condition names `sel_c`, which is no search identifier of the rule"},
      {"sel_a AND sel_b", "rules.yml:7: the condition has `AND` where it cannot stand: operators are lower case"},
      {"sel_a sel_b", "rules.yml:7: the condition has `sel_b` where it cannot stand"},
      {"sel_a and", "rules.yml:7: the condition ends where an identifier should stand"},
      {"(sel_a or sel_b", "rules.yml:7: the condition has a bracket that is not closed"},
      {"sel_a) or sel_b", "rules.yml:7: the condition has `)` where it cannot stand"},
      {"sel*", "rules.yml:7: the condition has the pattern `sel*` without `1 of` or `all of` before it"},
      {"any of sel*", "rules.yml:7: the condition has `any` before `of`, which takes `all` or a number: write `1 of`"},
      {"3 of sel*", "rules.yml:7: the condition wants `3` of 2 search identifiers"},
      {"0 of sel*", "rules.yml:7: the condition wants `0` of 2 search identifiers"},
      {"1 of x*", "rules.yml:7: the condition has `x*`, which no search identifier matches"},
      {"1 of", "rules.yml:7: the condition has `of` without `them` or a pattern after it"},
      {"all sel_a", "rules.yml:7: the condition names `all`, which is no search identifier of the rule"},
      {"sel_a | count() > 5",
       "rules.yml:7: the condition has an aggregation (`|`), which Sigma no longer has: write a correlation"},
      {"sel_a & sel_b", "rules.yml:7: the condition has a character that cannot stand there: `&`"},
      {"", "rules.yml:7: a condition is text"},
  };
  for (const Case& one : cases) {
    if (one.lines.empty()) continue;
    EXPECT_EQ(with(one.lines), one.message) << one.lines;
  }
  std::string deep;
  for (int i = 0; i < 70; ++i) deep += "(";
  EXPECT_EQ(with(deep + "sel_a"), "rules.yml:7: the condition is deeper than 64 brackets");
  EXPECT_EQ(with(std::string(5000, 'a')), "rules.yml:7: the condition has more than 4096 bytes");
}

TEST(Problems, OfDocuments) {
  const std::string rest = "logsource: {category: c}\ndetection: {s: {A: 1}, condition: s}\n";
  const auto check = [](std::string text, std::string_view message) {
    EXPECT_EQ(problem_of(text), "rules.yml:" + std::string(message)) << text;
  };
  check(rest, "1: a rule without `title`");
  check("title: t\ndetection: {s: {A: 1}, condition: s}\n", "1: a rule without `logsource`");
  check("title: t\nlogsource: {category: c}\n",
        "1: a document without `detection`, `correlation`, `new_terms` or `filter`");
  check("title: t\nlogsource: {}\ndetection: {s: {A: 1}, condition: s}\n",
        "2: `logsource` without category, product and service");
  check("title: t\nlogsource: {prodct: c}\ndetection: {s: {A: 1}, condition: s}\n",
        "2: `logsource` has the unknown attribute `prodct`");
  check("title: t\nlevel: severe\n" + rest, "2: `severe` is no level");
  check("title: t\nstatus: new\n" + rest, "2: `new` is no status");
  check("title: t\ndate: 2026/01/01\n" + rest, "2: `date` is a date as in `2026-01-31`, not `2026/01/01`");
  check("title: t\ntags: [Attack]\n" + rest, "2: the tag `Attack` is not as `namespace.name`");
  check("title: t\nfalsepositive: [x]\n" + rest,
        "2: the attribute `falsepositive` is unknown; is it `falsepositives`?");
  check("title: t\naction: global\n" + rest, "2: `action` is of Sigma before version 2: write documents out in full");
  check("title: t\nsigma-version: 3\n" + rest, "2: Sigma of version `3`");
  check("title: t\nrelated: [{id: x, type: cousin}]\n" + rest, "2: `cousin` is no type of a related rule");
  check("title: t\ncorrelation: {}\n" + rest, "2: `correlation` beside another kind of rule in one document");
  check("title: t\nlogsource: {category: c}\ndetection: {s: {A: 1}}\n", "3: a detection without `condition`");
  check("title: t\nlogsource: {category: c}\ndetection: {condition: s}\n", "3: a detection without search identifiers");
  check("title: t\nlogsource: {category: c}\ndetection: {s: {A: 1}, timeframe: 5m, condition: s}\n",
        "3: `timeframe` is of Sigma before version 2: write a correlation");
  check("title: t\nid: x\n" + rest + "---\ntitle: u\nid: x\n" + rest, "6: the id `x` is already that of `t`");
  check("- a\n- b\n", "1: a rule is a map, not a list");
  check("", "1: a file without rules");
  check("title: [", "1: not YAML: end of sequence flow not found");
  check("title: \xff", "1: not UTF-8 text");
  EXPECT_EQ(problem_of("a: " + std::string(40, '[') + std::string(40, ']')), "rules.yml:1: deeper than 32 levels");
  EXPECT_EQ(problem_of("title: t\nmy_own: [1]\n" + rest), "(no problem)");
}

TEST(Problems, OfCorrelations) {
  const std::string rule = "title: r\nname: r\nlogsource: {category: c}\ndetection: {s: {A: 1}, condition: s}\n---\n";
  const auto check = [&](std::string_view body, std::string_view message) {
    EXPECT_EQ(problem_of(rule + "title: c\nname: c\ncorrelation: {" + std::string(body) + "}\n"),
              "rules.yml:" + std::string(message))
        << body;
  };
  const std::string count = "type: event_count, rules: [r], group-by: [u], timespan: 1m, ";
  check("rules: [r]", "8: a correlation without `type`");
  check("type: near, rules: [r]", "8: `near` is no type of a correlation");
  check("type: temporal, group-by: [u], timespan: 1m", "8: a correlation without `rules`");
  check("type: temporal, rules: [r], timespan: 1m", "8: a correlation without `group-by`");
  check("type: temporal, rules: [r], group-by: [u]", "8: a correlation without `timespan`");
  check("type: event_count, rules: [r], group-by: [u], timespan: 1m", "8: a correlation without `condition`");
  check(count + "condition: {}", "8: a condition without a comparison such as `gte`");
  check(count + "condition: {ge: 5}", "8: a correlation's condition has no `ge`");
  check(count + "condition: {gte: 5, field: x}", "8: this type of correlation counts events, not values of a `field`");
  check(count + "condition: {gte: 1.5}", "8: `gte` takes an integer here");
  check(count + "condition: {gte: '5'}", "8: `gte` takes an integer here");
  check(count + "condition: {gte: -1}", "8: `gte` is from 0 to 1000000000000000");
  check(count + "condition: r and r", "8: conditions over the rules of a correlation are not of Sigma 2.1");
  check(count + "condition: {gte: 5}, window: 5m", "8: a correlation has no attribute `window`");
  check("type: value_count, rules: [r], group-by: [u], timespan: 1m, condition: {gte: 5}",
        "8: a condition without `field`");
  check("type: value_sum, rules: [r], group-by: [u], timespan: 1m, condition: {gte: 5, field: [x, y]}",
        "8: `field` is the name of a field");
  check("type: value_count, rules: [r], group-by: [u], timespan: 1m, condition: {field: x, gte: 20000}",
        "8: `gte` is from 0 to 16383");
  check("type: value_sum, rules: [r], group-by: [u], timespan: 1m, condition: {gte: 5, field: x, percentile: 5}",
        "8: `percentile` is a number from 0 to 100, of a value_percentile");
  for (const char* const span : {"1w", "m", "5 m", "1h30m", "5M", "0s", "99999d"}) {
    check("type: temporal, rules: [r], group-by: [u], timespan: " + std::string(span),
          "8: `timespan` is a number with s, m, h or d, as in `90m`, of at most 3650 days");
  }
  check("type: temporal, rules: [x], group-by: [u], timespan: 1m", "8: there is no rule with the id or name `x`");
  check("type: temporal, rules: [r, r], group-by: [u], timespan: 1m", "8: `r` stands twice in `rules`");
  check("type: temporal, rules: r, group-by: [u], timespan: 1m", "8: `rules` is a list of texts");
  check("type: temporal, rules: [c], group-by: [u], timespan: 1m",
        "6: the correlation `c` refers to itself by way of `c`");
  check("type: temporal, rules: [r], group-by: [u], timespan: 1m, aliases: {v: {r: x}}",
        "8: nothing uses the alias `v`");
  check("type: temporal, rules: [r], group-by: [u], timespan: 1m, aliases: {u: {q: x}}",
        "8: the alias `u` names `q`, which is none of the rules");
  EXPECT_EQ(problem_of(rule + "title: n\nnew_terms: {rules: [r], group-by: [], timespan: 1d}\n"),
            "rules.yml:7: a correlation without `field`");
  EXPECT_EQ(
      problem_of(rule +
                 "title: n\nnew_terms: {rules: [r], group-by: [], timespan: 1d, field: x, condition: {gte: 1}}\n"),
      "rules.yml:7: a correlation has no attribute `condition`");
}

TEST(Problems, OfFilters) {
  const std::string rule = "title: r\nname: r\nlogsource: {category: c}\ndetection: {s: {A: 1}, condition: s}\n---\n";
  const auto check = [&](std::string_view body, std::string_view message) {
    EXPECT_EQ(problem_of(rule + "title: f\nlogsource: {category: c}\nfilter: {" + std::string(body) + "}\n"),
              "rules.yml:" + std::string(message));
  };
  check("selection: {B: 1}, condition: selection", "8: a filter without `rules`");
  check("rules: any, selection: {B: 1}, condition: selection", "8: `rules` is a list of texts");
  check("rules: [x], selection: {B: 1}, condition: selection", "8: there is no rule `x`");
  check("rules: [r], other: {B: 1}, condition: other", "8: a filter without `selection`");
  check("rules: [r], selection: {B: 1}, condition: not selection",
        "8: the filter would suppress events that none of its selections match: its condition says what is left out, "
        "without `not`");
}

TEST(Problems, OfTaxonomies) {
  Taxonomy taxonomy;
  taxonomy.name = "redoubt";
  taxonomy.fields["A"] = {"a"};
  taxonomy.logsources = {{{"c", "", ""}, R"({"A":1})"}};
  const auto text = [](std::string_view category, std::string_view field, std::string_view name) {
    return "title: t\ntaxonomy: " + std::string(name) + "\nlogsource: {category: " + std::string(category) +
           "}\ndetection: {s: {" + std::string(field) + ": 1}, condition: s}\n";
  };
  EXPECT_EQ(problem_of(text("c", "A", "redoubt"), taxonomy), "(no problem)");
  EXPECT_EQ(problem_of(text("c", "A", "ecs"), taxonomy),
            "rules.yml:1: the rule is of the taxonomy `ecs`, not `redoubt`");
  EXPECT_EQ(problem_of(text("c", "B", "sigma"), taxonomy), "rules.yml:4: the taxonomy has no field `B`");
  EXPECT_EQ(problem_of(text("d", "A", "sigma"), taxonomy),
            "rules.yml:3: the taxonomy has no log source with category `d`");
  taxonomy.logsources[0].when = R"({"A|nonsense":1})";
  EXPECT_EQ(problem_of(text("c", "A", "sigma"), taxonomy),
            "taxonomy:1: the log source with category `c`: `A|nonsense` has the unknown modifier `nonsense`");
}

TEST(Problems, AreAllFoundAtOnce) {
  const RuleFile files[] = {{"one.yml", rule_selecting("A|x: 1") + "---\n" + rule_selecting("A|y: 1")},
                            {"two.yml", "title: ["}};
  std::vector<RuleProblem> problems;
  EXPECT_FALSE(RuleSet::compile(files, {}, &problems));
  ASSERT_EQ(problems.size(), 3U);
  EXPECT_EQ(problems[0].file, "two.yml");
  EXPECT_EQ(problems[1].line, 6U);
  EXPECT_EQ(problems[2].line, 14U);
}

}  // namespace
}  // namespace redoubt::sigma
