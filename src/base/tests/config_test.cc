#include "base/config.h"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/support/temp_dir.h"

namespace redoubt {
namespace {

using namespace std::chrono_literals;

ConfigFile parsed(std::string_view text) {
  auto file = ConfigFile::parse(text, "test.toml");
  EXPECT_TRUE(file.has_value()) << file.error().message();
  return *std::move(file);
}

template <class T>
void expect_error(const Result<T>& result, Errc code, const std::string& message) {
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code(), code);
  EXPECT_EQ(result.error().message(), message);
}

TEST(Config, ReadsEachType) {
  const ConfigFile config = parsed(R"(
name = "a"
on = true
[server]
port = 8443
idle = "30s"
buffer = "64KiB"
hosts = ["a.example", "b.example"]
)");
  EXPECT_EQ(*config.get_string("name"), "a");
  EXPECT_EQ(*config.get_bool("on"), true);
  EXPECT_EQ(*config.get_int("server.port", std::nullopt, {1, 65535}), 8443);
  EXPECT_EQ(*config.get_duration("server.idle"), 30s);
  EXPECT_EQ(*config.get_size("server.buffer"), 65536u);
  EXPECT_EQ(*config.get_strings("server.hosts"), (std::vector<std::string>{"a.example", "b.example"}));
  EXPECT_TRUE(config.check_all_read().has_value());
}

TEST(Config, FallbackStandsInForAnAbsentKeyOnly) {
  const ConfigFile config = parsed("port = 1\n[limits]\n");
  EXPECT_EQ(*config.get_int("port", 8443), 1);
  EXPECT_EQ(*config.get_int("other", 8443), 8443);
  EXPECT_EQ(*config.get_string("limits.name", "x"), "x");
  EXPECT_EQ(*config.get_bool("limits.on", false), false);
  EXPECT_EQ(*config.get_duration("limits.wait", 5s), 5000ms);
  EXPECT_EQ(*config.get_size("limits.size", 7), 7u);
  EXPECT_EQ(*config.get_strings("limits.list", std::vector<std::string>{"y"}), std::vector<std::string>{"y"});
}

TEST(Config, AbsentKeyWithoutFallbackIsNotFoundAtItsTable) {
  const ConfigFile config = parsed("a = 1\n[server]\nb = 2\n");
  expect_error(config.get_string("server.name"), Errc::kNotFound, "test.toml:1:1: `server.name` is missing");
  EXPECT_EQ(config.get_bool("x").error().code(), Errc::kNotFound);
  EXPECT_EQ(config.get_int("x").error().code(), Errc::kNotFound);
  EXPECT_EQ(config.get_duration("x").error().code(), Errc::kNotFound);
  EXPECT_EQ(config.get_size("x").error().code(), Errc::kNotFound);
  EXPECT_EQ(config.get_strings("x").error().code(), Errc::kNotFound);
}

TEST(Config, FallbackDoesNotExcuseAnotherType) {
  const ConfigFile config = parsed("a = 'text'\nb = 1\nc = 1.5\n");
  expect_error(config.get_bool("a", true), Errc::kMalformed, "test.toml:1:5: `a` must be true or false");
  expect_error(config.get_int("a", 1), Errc::kMalformed, "test.toml:1:5: `a` must be an integer");
  expect_error(config.get_string("b", "x"), Errc::kMalformed, "test.toml:2:5: `b` must be a string");
  expect_error(config.get_strings("b"), Errc::kMalformed, "test.toml:2:5: `b` must be an array of strings");
  EXPECT_EQ(config.get_int("c").error().code(), Errc::kMalformed);
  EXPECT_EQ(config.get_duration("b").error().code(), Errc::kMalformed);
  EXPECT_EQ(config.get_size("c").error().code(), Errc::kMalformed);
}

TEST(Config, ArrayOfStringsRefusesAnythingElseInIt) {
  const ConfigFile config = parsed("list = ['a', 1]\n");
  EXPECT_EQ(config.get_strings("list").error().code(), Errc::kMalformed);
}

TEST(Config, IntegerOutsideItsRangeIsRefusedAtItsPlace) {
  const ConfigFile config = parsed("[server]\nlow = 0\nhigh = 65536\nleast = 1\nmost = 65535\n");
  expect_error(config.get_int("server.low", std::nullopt, {1, 65535}), Errc::kMalformed,
               "test.toml:2:7: `server.low` must be from 1 to 65535");
  EXPECT_FALSE(config.get_int("server.high", std::nullopt, {1, 65535}).has_value());
  EXPECT_TRUE(config.get_int("server.least", std::nullopt, {1, 65535}).has_value());
  EXPECT_TRUE(config.get_int("server.most", std::nullopt, {1, 65535}).has_value());
}

TEST(Config, DurationHasDigitsAndAUnit) {
  const std::pair<const char*, std::chrono::milliseconds> good[] = {
      {"0ms", 0ms}, {"250ms", 250ms}, {"30s", 30s}, {"5m", 5min}, {"24h", 24h}, {"30d", 24h * 30}, {"007s", 7s},
  };
  for (const auto& [text, value] : good) {
    const auto duration = parsed("d = '" + std::string(text) + "'").get_duration("d");
    ASSERT_TRUE(duration.has_value()) << text;
    EXPECT_EQ(*duration, value) << text;
  }
  for (const char* text : {"", "s", "30", "-1s", "+1s", "1.5s", " 1s", "1s ", "1 s", "1h30m", "1S", "1min", "1us",
                           "0x1s", "99999999999999999999s", "9223372036854775807s"}) {
    const auto duration = parsed("d = '" + std::string(text) + "'").get_duration("d");
    ASSERT_FALSE(duration.has_value()) << text;
    EXPECT_EQ(duration.error().code(), Errc::kMalformed) << text;
  }
  expect_error(parsed("d = '10 parsecs'").get_duration("d"), Errc::kMalformed,
               "test.toml:1:5: `d` is not a duration in ms, s, m, h or d: `10 parsecs`");
}

TEST(Config, DurationOutsideItsRangeIsRefused) {
  const ConfigFile config = parsed("d = '2h'\nlong = '999999d'\n");
  expect_error(config.get_duration("d", std::nullopt, {250ms, 1h}), Errc::kMalformed,
               "test.toml:1:5: `d` must be from 250ms to 1h");
  EXPECT_FALSE(config.get_duration("long").has_value());
}

TEST(Config, SizeHasABinaryUnitOrIsBytes) {
  const std::pair<const char*, std::uint64_t> good[] = {
      {"0", 0},
      {"4096", 4096},
      {"'512B'", 512},
      {"'64KiB'", 65536},
      {"'4MiB'", 4u << 20},
      {"'2GiB'", 2ULL << 30},
      {"'1TiB'", 1ULL << 40},
  };
  for (const auto& [text, value] : good) {
    const auto size = parsed("s = " + std::string(text)).get_size("s");
    ASSERT_TRUE(size.has_value()) << text;
    EXPECT_EQ(*size, value) << text;
  }
  for (const char* text : {"-1", "''", "'64'", "'64KB'", "'64kib'", "'64 KiB'", "'1.5MiB'", "'-1KiB'", "'MiB'",
                           "'9007199254740992TiB'", "true"}) {
    EXPECT_FALSE(parsed("s = " + std::string(text)).get_size("s").has_value()) << text;
  }
  expect_error(parsed("s = '1MiB'").get_size("s", std::nullopt, {1, 1024}), Errc::kMalformed,
               "test.toml:1:5: `s` must be from 1 to 1024 bytes");
}

TEST(Config, SectionsComeInTheFilesOrder) {
  const ConfigFile config = parsed(R"(
[[route]]
prefix = "/v1"
[[route]]
prefix = "/v2"
[[route.upstream]]
port = 1
[[route.upstream]]
port = 0
)");
  const std::vector<ConfigSection> routes = config.sections("route");
  ASSERT_EQ(routes.size(), 2u);
  EXPECT_EQ(*routes[0].get_string("prefix"), "/v1");
  EXPECT_EQ(*routes[1].get_string("prefix"), "/v2");
  EXPECT_TRUE(routes[0].sections("upstream").empty());
  const std::vector<ConfigSection> upstreams = routes[1].sections("upstream");
  ASSERT_EQ(upstreams.size(), 2u);
  EXPECT_TRUE(upstreams[0].get_int("port").has_value());
  expect_error(upstreams[1].get_int("port", std::nullopt, {1, 2}), Errc::kMalformed,
               "test.toml:9:8: `route[1].upstream[1].port` must be from 1 to 2");
  EXPECT_TRUE(config.check_all_read().has_value());
}

TEST(Config, MissingKeyOfASectionIsNamedWithTheSectionsPlace) {
  const ConfigFile config = parsed("[[route]]\nprefix = '/'\n\n[[route]]\n");
  expect_error(config.sections("route")[1].get_string("prefix"), Errc::kNotFound,
               "test.toml:4:1: `route[1].prefix` is missing");
}

TEST(Config, SectionsOutliveAMoveOfTheFile) {
  ConfigFile first = parsed("[[route]]\nprefix = '/v1'\n");
  const ConfigSection route = first.sections("route")[0];
  const ConfigFile second = std::move(first);
  EXPECT_EQ(*route.get_string("prefix"), "/v1");
  EXPECT_TRUE(second.check_all_read().has_value());
}

TEST(Config, UnknownKeysAreNamedWithTheirPlacesInOrder) {
  const ConfigFile config = parsed(R"(zeta = 1
[server]
port = 1
prot = 2
[[route]]
prefix = "/"
perfix = "/"
)");
  EXPECT_TRUE(config.get_int("server.port").has_value());
  EXPECT_TRUE(config.sections("route")[0].get_string("prefix").has_value());
  expect_error(config.check_all_read(), Errc::kMalformed,
               "test.toml:1:1: unknown key `zeta`; test.toml:4:1: unknown key `server.prot`; "
               "test.toml:7:1: unknown key `route[0].perfix`");
}

TEST(Config, TablesNobodyAskedForAreUnknown) {
  EXPECT_FALSE(parsed("[sever]\n").check_all_read().has_value());
  EXPECT_FALSE(parsed("[[rote]]\n").check_all_read().has_value());
  EXPECT_FALSE(parsed("a = {}\n").check_all_read().has_value());
  EXPECT_FALSE(parsed("\"server.port\" = 1\n").check_all_read().has_value());
}

TEST(Config, TableWhereAnArrayOfTablesIsMeantIsUnknown) {
  const ConfigFile config = parsed("[route]\nprefix = '/'\n");
  EXPECT_TRUE(config.sections("route").empty());
  expect_error(config.check_all_read(), Errc::kMalformed, "test.toml:2:1: unknown key `route.prefix`");
  EXPECT_TRUE(parsed("route = [1, {a = 1}]").sections("route").empty());
}

TEST(Config, AskingWhetherAKeyIsThereDoesNotReadIt) {
  const ConfigFile config = parsed("a = 1\n");
  EXPECT_TRUE(config.has("a"));
  EXPECT_FALSE(config.has("b"));
  EXPECT_FALSE(config.has("a.b"));
  EXPECT_FALSE(config.has(""));
  EXPECT_FALSE(config.check_all_read().has_value());
}

TEST(Config, ManyUnknownKeysAreCounted) {
  std::string text;
  for (int i = 0; i < 25; ++i) text += "k" + std::to_string(i) + " = 1\n";
  const auto checked = parsed(text).check_all_read();
  ASSERT_FALSE(checked.has_value());
  EXPECT_NE(checked.error().message().find("test.toml:20:1: unknown key `k19`; and 5 more"), std::string::npos);
}

TEST(Config, ErrorAtPointsAtTheKey) {
  const ConfigFile config = parsed("[a]\nmin = 5\nmax = 3\n");
  EXPECT_EQ(config.error_at("a.max", "must not be below `a.min`").message(),
            "test.toml:3:7: `a.max` must not be below `a.min`");
}

TEST(Config, SyntaxErrorsSayWhere) {
  for (const char* text : {"a = ", "a = 1\na = 2", "[a", "a = 'x", "= 1", "a = 1 b = 2", "a = \"\\q\"", "a = \xff",
                           "[a]\n[a]\n", "a.b = 1\na = 2"}) {
    const auto file = ConfigFile::parse(text, "test.toml");
    ASSERT_FALSE(file.has_value()) << text;
    EXPECT_EQ(file.error().code(), Errc::kMalformed) << text;
    EXPECT_TRUE(file.error().message().starts_with("test.toml:")) << file.error().message();
    EXPECT_EQ(file.error().message().find('\n'), std::string::npos);
  }
  EXPECT_TRUE(ConfigFile::parse("a = 1\nb = [", "test.toml").error().message().starts_with("test.toml:2:"));
}

TEST(Config, MessagesStayOneLineWhateverTheKeyHolds) {
  const auto checked = parsed("\"a\\nb\\u001b[31m\" = 1\n").check_all_read();
  ASSERT_FALSE(checked.has_value());
  EXPECT_EQ(checked.error().message(), "test.toml:1:1: unknown key `a?b?[31m`");
}

TEST(Config, TooLargeFilesAreRefusedUnparsed) {
  EXPECT_TRUE(ConfigFile::parse(std::string(ConfigFile::kMaxSizeBytes, '\n'), "x").has_value());
  EXPECT_EQ(ConfigFile::parse(std::string(ConfigFile::kMaxSizeBytes + 1, '\n'), "x").error().code(), Errc::kTooLarge);
}

TEST(Config, TablesDeepInEachOtherAreRefused) {
  std::string parts = "a";
  for (int i = 0; i < 400'000; ++i) parts += ".a";
  EXPECT_EQ(ConfigFile::parse("[" + parts + "]", "x").error().code(), Errc::kTooLarge);
  EXPECT_EQ(ConfigFile::parse(parts + " = 1", "x").error().code(), Errc::kTooLarge);
  EXPECT_EQ(ConfigFile::parse("x = {" + parts + " = 1}", "x").error().code(), Errc::kTooLarge);
  EXPECT_EQ(ConfigFile::parse("x = " + std::string(100'000, '['), "x").error().code(), Errc::kMalformed);
}

TEST(Config, CharactersOutsideAsciiStandInStringsAndCommentsOnly) {
  const ConfigFile config =
      parsed("\xef\xbb\xbfname = 'gr\xc3\xbc\xc3\x9f' # \xc3\xa9\n\"cl\xc3\xa9\" = \"\"\"a\"\"\"\"\" # \xc3\xa9\n");
  EXPECT_EQ(*config.get_string("name"), "gr\xc3\xbc\xc3\x9f");
  EXPECT_EQ(*config.get_string("cl\xc3\xa9"), "a\"\"");
  expect_error(ConfigFile::parse("a = 1\nb = 8\xc8\x8f\n", "test.toml"), Errc::kMalformed,
               "test.toml:2:6: not TOML: a character outside ASCII stands outside strings and comments");
  EXPECT_FALSE(ConfigFile::parse("cl\xc3\xa9 = 1\n", "test.toml").has_value());
  EXPECT_FALSE(ConfigFile::parse("a =\xc2\xa0"
                                 "1\n",
                                 "test.toml")
                   .has_value());
}

TEST(Config, TableHeadersThatDoNotBeginWithAKeyAreRefused) {
  for (const std::string_view text :
       {"[=]", "[[=a]]", "[#a]", "[[.a]]", "[,]", "[[ =]]", "\t[\x07]", "[[\x7f]]", "[a]\n[+]"}) {
    const auto file = ConfigFile::parse(text, "test.toml");
    ASSERT_FALSE(file.has_value()) << text;
    EXPECT_EQ(file.error().code(), Errc::kMalformed);
    EXPECT_NE(file.error().message().find("not TOML: a table's name cannot begin so"), std::string::npos) << text;
  }
  for (const std::string_view text : {"[]", "[[]]", "[", "[[", "[\n", "[[\r\n", "[ ", "[a"}) {
    EXPECT_FALSE(ConfigFile::parse(text, "test.toml").has_value()) << text;
  }
}

TEST(Config, ArraysThatEndLikeTablesAreRefused) {
  for (const std::string_view text : {"a = [1,}\na.b = 1\n", "a = [}", "a = {b = ]}", "a = ,", "a = [1, ,]", "a = ]"}) {
    const auto file = ConfigFile::parse(text, "test.toml");
    ASSERT_FALSE(file.has_value()) << text;
    EXPECT_EQ(file.error().code(), Errc::kMalformed);
  }
}

TEST(Config, ArraysMayBeginLinesWithWhateverValuesDo) {
  const ConfigFile config =
      parsed("[a]\nx = [\n[\"+\", \"]\"],\n  [{y = [-1, +2]}],\n[\n# [=\n-1]]\n[ 'b' ]\nz = 1\n[[\"c\"]]\n");
  EXPECT_EQ(*config.get_int("b.z", std::nullopt, {0, 9}), 1);
}

TEST(Config, ContinuedLineMayStartOutsideAscii) {
  const ConfigFile config = parsed("a = \"\"\"x \\\n  \xc8\x8f\"\"\"\n");
  EXPECT_EQ(*config.get_string("a"), "x \xc8\x8f");
}

TEST(Config, DotsInStringsAndCommentsAreNotKeys) {
  const std::string dots(100, '.');
  const ConfigFile config = parsed("# " + dots + "\na = '" + dots + "' # " + dots + "\nb = \"\\\"" + dots +
                                   "\"\nc = '''\n" + dots + "'\n'''\n\"" + dots + "\" = 1\n");
  EXPECT_EQ(*config.get_string("a"), dots);
  EXPECT_EQ(*config.get_string("b"), "\"" + dots);
  EXPECT_EQ(*config.get_string("c"), dots + "'\n");
}

TEST(Config, LoadsAFileAndNamesItInMessages) {
  const testing_support::TempDir folder;
  const std::string path = folder / "redoubt.toml";
  std::ofstream(path) << "port = 'x'\n";
  PosixFileSystem fs;
  const auto config = ConfigFile::load(fs, path);
  ASSERT_TRUE(config.has_value());
  expect_error(config->get_int("port"), Errc::kMalformed, path + ":1:8: `port` must be an integer");
  EXPECT_EQ(ConfigFile::load(fs, folder / "absent.toml").error().code(), Errc::kNotFound);
  std::ofstream(path) << std::string(ConfigFile::kMaxSizeBytes + 1, '\n');
  EXPECT_EQ(ConfigFile::load(fs, path).error().code(), Errc::kTooLarge);
}

}  // namespace
}  // namespace redoubt
