// Whether a server would start: what is asked, and who answers.
#include "redoubt/start_check.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "base/scratch_folder.h"
#include "sealing/keeper_keys.h"

namespace redoubt::app {
namespace {

TEST(StartNeeds, AreReadAsTheyWereWritten) {
  StartNeeds needs{.tpm = "device:/dev/tpm0",
                   .keeper_user = "k",
                   .gateway_user = "",
                   .notifier_user = "n",
                   .attester_user = "a",
                   .cpu = {.kind = attest::Kind::kSevSnp, .tsm = {}, .files = {}, .root = {}}};
  const auto read = StartNeeds::parse(needs.format());
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(*read, needs);
  // The launcher looks into no place that the gateway names.
  StartNeeds elsewhere = needs;
  elsewhere.cpu.tsm = "/etc";
  elsewhere.cpu.files = {{attest::Role::kVek, "/etc/shadow"}};
  EXPECT_EQ(*StartNeeds::parse(elsewhere.format()), needs);
}

TEST(StartNeeds, OfAnotherFormAreRefused) {
  using namespace std::string_literals;
  for (const std::string& text :
       {""s, "\n\n\n\n\n"s, "\n\n\n\n\n\n\n"s, "\n\n\n\n\n\nmore"s, "tpm\n\n\n\n\n\n"s, "swtpm \n\n\n\n\n\n"s,
        "swtpm\nk\0\n\n\n\n\n"s, "\n\n\n\n\nsev\n"s, "\n\n\n\n\ntpm\n"s}) {
    EXPECT_EQ(StartNeeds::parse(text).error().code(), Errc::kMalformed) << text;
  }
  const std::string longest = "\n" + std::string(StartNeeds::kBytesMax - 6, 'k') + "\n\n\n\n\n";
  EXPECT_TRUE(StartNeeds::parse(longest));
  EXPECT_EQ(StartNeeds::parse("\nk" + longest.substr(1)).error().code(), Errc::kTooLarge);
}

// What another user's file could make of them.
TEST(StartNeeds, OfNamesWithLineFeedsAreRefused) {
  EXPECT_FALSE(StartNeeds::parse(StartNeeds{
      .tpm = {}, .keeper_user = "a\nb", .gateway_user = {}, .notifier_user = {}, .attester_user = {}, .cpu = {}}
                                     .format()));
}

class StartCheck : public ::testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directories(layout_.keeper());
    ASSERT_TRUE(answers_.prepare());
    question_ = StartQuestion(answers_.take_gateway_socket());
  }

  // By the launcher, which answers once.
  Result<> ask(const StartNeeds& needs) {
    std::thread launcher([this] {
      pollfd one{.fd = answers_.fd(), .events = POLLIN, .revents = 0};
      ::poll(&one, 1, 10'000);
      answers_.answer(layout_);
    });
    auto said = question_.ask(needs);
    launcher.join();
    return said;
  }

  void seal() const { std::ofstream(layout_.keeper() + "/" + sealing::kSealedFile) << "sealed"; }

  const ScratchFolder scratch_ = *ScratchFolder::make();
  const Layout layout_{scratch_.path()};
  StartAnswers answers_;
  StartQuestion question_;
};

TEST_F(StartCheck, IsAnsweredByTheLauncherAsItWouldCheckItself) {
  EXPECT_TRUE(check_start(layout_, {}));
  EXPECT_TRUE(ask({}));
  StartNeeds needs;
  needs.tpm = "device:/dev/there-is-none";
  EXPECT_FALSE(check_start(layout_, needs));
  const auto said = ask(needs);
  ASSERT_FALSE(said);
  EXPECT_EQ(said.error().code(), Errc::kInvalidArgument);
  EXPECT_NE(said.error().message().find(check_start(layout_, needs).error().message()), std::string::npos);
  EXPECT_TRUE(ask({})) << "the next question has its own answer";
}

TEST_F(StartCheck, MissesTheTpmThatKeysAreSealedTo) {
  seal();
  const auto said = ask({});
  ASSERT_FALSE(said);
  EXPECT_NE(said.error().message().find("redoubt.toml has no `enclave.tpm`"), std::string::npos);
  StartNeeds needs;
  needs.tpm = "device:/dev/null";
  EXPECT_TRUE(ask(needs));
}

TEST_F(StartCheck, MissesTheProcessorThatIsToSpeak) {
  StartNeeds needs;
  needs.cpu.kind = attest::Kind::kNitro;
  needs.cpu.files = {{attest::Role::kVek, "not-there"}};
  EXPECT_NE(check_start(layout_, needs).error().message().find("not-there"), std::string::npos);
  const auto said = ask(needs);  // of the file nothing is said
  ASSERT_FALSE(said);
  EXPECT_NE(said.error().message().find("`enclave.cpu`"), std::string::npos) << said.error().message();
}

TEST_F(StartCheck, MissesAUser) {
  if (::geteuid() != 0) GTEST_SKIP() << "who is not root starts all as himself";
  StartNeeds needs;
  needs.gateway_user = "nobody-of-this-name";
  const auto said = ask(needs);
  ASSERT_FALSE(said);
  EXPECT_NE(said.error().message().find("nobody-of-this-name"), std::string::npos);
}

TEST_F(StartCheck, IsNotTakenForGrantedWhenNobodyAnswers) {
  answers_ = StartAnswers();
  const auto said = question_.ask({});
  ASSERT_FALSE(said);
  EXPECT_EQ(said.error().code(), Errc::kUnavailable);
  EXPECT_FALSE(StartQuestion().ask({}));
}

TEST_F(StartCheck, IsOverForTheLauncherWhenTheGatewayIsGone) {
  question_ = StartQuestion();
  EXPECT_GE(answers_.fd(), 0);
  answers_.answer(layout_);
  EXPECT_EQ(answers_.fd(), -1);
}

}  // namespace
}  // namespace redoubt::app
