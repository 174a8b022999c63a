// The parts of the administrative commands that need no server.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "encoding/json_reader.h"
#include "redoubt/administer/access.h"
#include "redoubt/administer/bodies.h"
#include "redoubt/administer/key_terms.h"
#include "redoubt/administer/line_diff.h"
#include "redoubt/administer/money.h"
#include "redoubt/administer/profiles.h"
#include "redoubt/administer/show.h"

namespace redoubt::app {
namespace {

class Folder {
 public:
  Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "redoubt-administer-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

TEST(Money, IsReadAsMillionths) {
  EXPECT_EQ(*parse_money("12"), 12'000'000U);
  EXPECT_EQ(*parse_money("12.5"), 12'500'000U);
  EXPECT_EQ(*parse_money("0.000001"), 1U);
  EXPECT_EQ(*parse_money("0"), 0U);
  EXPECT_EQ(*parse_money("10000000"), 10'000'000'000'000U);
}

TEST(Money, IsNothingElse) {
  for (const char* text :
       {"", ".", ".5", "5.", "1.2.3", "-1", "1e3", "0.0000001", "1,5", "10000000.1", " 1", "99999999999999999999999"}) {
    EXPECT_FALSE(parse_money(text)) << text;
  }
}

TEST(Span, HasDigitsAndAUnit) {
  EXPECT_EQ(parse_span("90s")->count(), 90);
  EXPECT_EQ(parse_span("15m")->count(), 15 * 60);
  EXPECT_EQ(parse_span("24h")->count(), 24 * 3600);
  EXPECT_EQ(parse_span("30d")->count(), 30 * 24 * 3600);
  for (const char* text : {"", "s", "5", "5w", "-5s", "5 s", "1.5h", "99999999999999999999d", "40000d"}) {
    EXPECT_FALSE(parse_span(text)) << text;
  }
}

TEST(NamesChange, PutsInAndTakesOut) {
  const NamesChange change{.all = {}, .replace = false, .add = {"c", "a"}, .remove = {"b"}};
  EXPECT_EQ(change.applied_to({"a", "b"}), (std::vector<std::string>{"a", "c"}));
  const NamesChange anew{.all = {"x"}, .replace = true, .add = {}, .remove = {}};
  EXPECT_EQ(anew.applied_to({"a", "b"}), std::vector<std::string>{"x"});
  EXPECT_FALSE(NamesChange().any());
}

TEST(Profiles, AreReadAsTheyWereWritten) {
  const Folder folder;
  PosixFileSystem fs;
  const std::string path = folder / "deep/er/profiles.toml";
  const std::vector<Profile> written{
      {.name = "here", .url = "http://127.0.0.1:8081", .ca_file = "", .key_file = ""},
      {.name = "there", .url = "https://redoubt.example:8081/x", .ca_file = "/a \"b\"\\c", .key_file = "/päth"}};
  const auto saved = save_profiles(fs, path, written);
  ASSERT_TRUE(saved) << saved.error().message();
  const auto read = load_profiles(fs, path);
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(*read, written);
  EXPECT_EQ(*find_profile(fs, path, "there"), written[1]);
  EXPECT_EQ(find_profile(fs, path, "nowhere").error().code(), Errc::kNotFound);
}

TEST(Profiles, WithoutAFileAreNone) {
  const Folder folder;
  PosixFileSystem fs;
  EXPECT_TRUE(load_profiles(fs, folder / "profiles.toml")->empty());
}

TEST(Profiles, HaveTheirForm) {
  for (const char* text : {
           "[[profile]]\nname = \"a\"\n",                                                 // no URL
           "[[profile]]\nurl = \"http://127.0.0.1:1\"\n",                                 // no name
           "[[profile]]\nname = \"a b\"\nurl = \"http://127.0.0.1:1\"\n",                 // a name with a space
           "[[profile]]\nname = \"a\"\nurl = \"ftp://127.0.0.1\"\n",                      // another scheme
           "[[profile]]\nname = \"a\"\nurl = \"http://127.0.0.1:1\"\nkey = \"rdk_…\"\n",  // a secret, and no file
           "[[profile]]\nname = \"a\"\nurl = \"http://h:1\"\n[[profile]]\nname = \"a\"\nurl = \"http://h:2\"\n",
           "profile = 1\n",
       }) {
    const auto profiles = parse_profiles(text, "profiles.toml");
    ASSERT_FALSE(profiles) << text;
    EXPECT_NE(profiles.error().message().find("profile"), std::string::npos) << profiles.error().message();
  }
}

TEST(KeyFile, IsTheFirstLineOfAFileThatNobodyElseCanRead) {
  const Folder folder;
  const std::string path = folder / "key";
  std::ofstream(path) << "rdk_abc\nsomething else\n";
  ::chmod(path.c_str(), 0600);
  ASSERT_TRUE(read_key_file(path));
  EXPECT_EQ(*read_key_file(path), "rdk_abc");
  for (const mode_t mode : {0640U, 0604U, 0620U}) {
    ::chmod(path.c_str(), mode);
    const auto read = read_key_file(path);
    ASSERT_FALSE(read) << mode;
    EXPECT_NE(read.error().message().find("chmod 600"), std::string::npos);
    EXPECT_EQ(read.error().message().find("rdk_abc"), std::string::npos);
  }
}

TEST(KeyFile, BeginsWithAKey) {
  const Folder folder;
  for (const char* text : {"", "\nrdk_abc\n", "my key: rdk_abc\n"}) {
    const std::string path = folder / "key";
    std::ofstream(path) << text;
    ::chmod(path.c_str(), 0600);
    EXPECT_FALSE(read_key_file(path)) << text;
    std::filesystem::remove(path);
  }
  EXPECT_EQ(read_key_file(folder / "none").error().code(), Errc::kNotFound);
}

class Shown : public testing::Test {
 protected:
  simdjson::dom::element parse(std::string_view json) {
    auto root = reader_.parse(json);
    EXPECT_TRUE(root) << json;
    return *root;
  }

 private:
  encoding::JsonReader reader_;
};

TEST_F(Shown, AreValuesOfEachKindInOneLine) {
  EXPECT_EQ(shown(parse(R"("alice")")), "alice");
  EXPECT_EQ(shown(parse("true")), "yes");
  EXPECT_EQ(shown(parse("false")), "no");
  EXPECT_EQ(shown(parse("null")), "-");
  EXPECT_EQ(shown(parse("12")), "12");
  EXPECT_EQ(shown(parse(R"(["a","b"])")), "a, b");
  EXPECT_EQ(shown(parse("[]")), "-");
  EXPECT_EQ(shown(parse(R"({"a":1})")), R"({"a":1})");
}

TEST_F(Shown, DoNothingToATerminal) {
  EXPECT_EQ(shown(parse(R"("a\u001b[2Jb\nc")")), "a\\u001b[2Jb\\nc");
  EXPECT_EQ(shown(parse(R"(["\u202e"])")), "\\u202e");
}

TEST_F(Shown, TablesAreAlignedByCharacters) {
  Table table({"id", "groups", "name"});
  EXPECT_EQ(table.text(), "none\n");
  for (const char* item : {R"({"id":"a","groups":["x","y"],"name":"Zoë"})", R"({"id":"longer","name":"Ümit"})"}) {
    table.add(parse(item).get_object().value());
  }
  EXPECT_EQ(table.text(),
            "id      groups  name\n"
            "a       x, y    Zoë\n"
            "longer  -       Ümit\n");
}

TEST(LineDiff, OfEqualTextsIsEmpty) {
  EXPECT_EQ(line_diff("a\nb\n", "a\nb\n"), "");
  EXPECT_EQ(line_diff("", ""), "");
}

TEST(LineDiff, ShowsWhatGoesAndWhatComes) {
  EXPECT_EQ(line_diff("a\nb\nc\n", "a\nx\nc\n"),
            "@@ -1,3 +1,3 @@\n"
            " a\n"
            "-b\n"
            "+x\n"
            " c\n");
  EXPECT_EQ(line_diff("", "a\nb\n"), "@@ -0,0 +1,2 @@\n+a\n+b\n");
  EXPECT_EQ(line_diff("a\n", ""), "@@ -1,1 +0,0 @@\n-a\n");
}

TEST(LineDiff, LeavesOutWhatIsFarFromAnyChange) {
  std::string before;
  std::string after;
  for (int i = 0; i < 40; ++i) {
    before += "line " + std::to_string(i) + "\n";
    after += (i == 5 || i == 30 ? "changed " : "line ") + std::to_string(i) + "\n";
  }
  EXPECT_EQ(line_diff(before, after),
            "@@ -3,7 +3,7 @@\n line 2\n line 3\n line 4\n-line 5\n+changed 5\n line 6\n line 7\n line 8\n"
            "@@ -28,7 +28,7 @@\n line 27\n line 28\n line 29\n-line 30\n+changed 30\n line 31\n line 32\n line 33\n");
}

TEST(LineDiff, OfTextsThatAreTooDifferentShowsAllOfBoth) {
  std::string before;
  std::string after;
  for (int i = 0; i < 3000; ++i) {
    before += "a" + std::to_string(i) + "\n";
    after += "b" + std::to_string(i) + "\n";
  }
  const std::string diff = line_diff(before, after);
  EXPECT_TRUE(diff.starts_with("@@ -1,3000 +1,3000 @@\n-a0\n")) << diff.substr(0, 80);
  EXPECT_TRUE(diff.ends_with("+b2999\n"));
}

TEST(LineDiff, IsSafeForTerminals) {
  EXPECT_EQ(line_diff("", "\x1b[2J\n"), "@@ -0,0 +1,1 @@\n+\\u001b[2J\n");
}

}  // namespace
}  // namespace redoubt::app
