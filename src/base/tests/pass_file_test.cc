#include "base/pass_file.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>

#include "base/unique_fd.h"
#include "tests/support/temp_dir.h"

namespace redoubt {
namespace {

class PassFile : public testing::Test {
 protected:
  void SetUp() override {
    int fds[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
    sender_ = UniqueFd(fds[0]);
    receiver_ = UniqueFd(fds[1]);
  }

  std::string file(const std::string& name, const std::string& content) {
    std::ofstream(dir_ / name) << content;
    return dir_ / name;
  }

  testing_support::TempDir dir_;
  UniqueFd sender_;
  UniqueFd receiver_;
};

TEST_F(PassFile, ContentArrives) {
  ASSERT_TRUE(send_file(sender_.get(), file("a", "content")));
  const auto content = receive_file(receiver_.get(), 7);
  ASSERT_TRUE(content);
  EXPECT_EQ(as_chars(*content), "content");
}

TEST_F(PassFile, BytesWithoutAFileArriveSealed) {
  ASSERT_TRUE(send_bytes(sender_.get(), as_bytes("content")));
  const auto content = receive_file(receiver_.get(), 7);
  ASSERT_TRUE(content);
  EXPECT_EQ(as_chars(*content), "content");
  ASSERT_TRUE(send_bytes(sender_.get(), as_bytes("content")));
  const auto open = receive_open_file(receiver_.get());
  ASSERT_TRUE(open);
  EXPECT_EQ(::pwrite(open->get(), "x", 1, 0), -1);
  ASSERT_TRUE(send_bytes(sender_.get(), {}));
  EXPECT_TRUE(receive_file(receiver_.get(), 7)->empty());
  ASSERT_TRUE(send_bytes(sender_.get(), as_bytes("more than it takes")));
  EXPECT_EQ(receive_file(receiver_.get(), 7).error().code(), Errc::kTooLarge);
}

TEST_F(PassFile, TheLastOneSentCounts) {
  for (const char* text : {"first", "second", "third"}) ASSERT_TRUE(send_file(sender_.get(), file(text, text)));
  const auto content = receive_file(receiver_.get(), 100);
  ASSERT_TRUE(content);
  EXPECT_EQ(as_chars(*content), "third");
  EXPECT_EQ(receive_file(receiver_.get(), 100).error().code(), Errc::kNotFound);
}

TEST_F(PassFile, WhatIsOpenArrivesAsItIs) {
  int fds[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
  const UniqueFd here(fds[0]);
  UniqueFd passed(fds[1]);
  ASSERT_TRUE(send_open_file(sender_.get(), passed.get()));
  passed.reset();
  auto there = receive_open_file(receiver_.get());
  ASSERT_TRUE(there);
  ASSERT_EQ(::write(there->get(), "a", 1), 1);
  char byte = 0;
  ASSERT_EQ(::read(here.get(), &byte, 1), 1);
  EXPECT_EQ(byte, 'a');
  there->reset();
  EXPECT_EQ(::read(here.get(), &byte, 1), 0) << "nobody else has it";
  EXPECT_FALSE(send_open_file(sender_.get(), -1));
}

TEST_F(PassFile, NothingSentIsNotFound) {
  EXPECT_EQ(receive_file(receiver_.get(), 100).error().code(), Errc::kNotFound);
  sender_.reset();
  EXPECT_EQ(receive_file(receiver_.get(), 100).error().code(), Errc::kNotFound);
}

TEST_F(PassFile, AboveTheLimitIsTooLarge) {
  ASSERT_TRUE(send_file(sender_.get(), file("a", "content")));
  EXPECT_EQ(receive_file(receiver_.get(), 6).error().code(), Errc::kTooLarge);
}

TEST_F(PassFile, MessageWithoutAFileIsMalformed) {
  ASSERT_EQ(::send(sender_.get(), "x", 1, 0), 1);
  EXPECT_EQ(receive_file(receiver_.get(), 100).error().code(), Errc::kMalformed);
}

TEST_F(PassFile, AbsentFilesAndFoldersAreNotSent) {
  EXPECT_EQ(send_file(sender_.get(), dir_ / "absent").error().code(), Errc::kNotFound);
  EXPECT_EQ(send_file(sender_.get(), dir_.path()).error().code(), Errc::kInvalidArgument);
  EXPECT_EQ(receive_file(receiver_.get(), 100).error().code(), Errc::kNotFound);
}

TEST_F(PassFile, ReceiverThatTakesNoneDoesNotBlockTheSender) {
  const std::string path = file("a", "content");
  Result<> sent;
  for (int i = 0; i < 10'000 && sent; ++i) sent = send_file(sender_.get(), path);
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().code(), Errc::kResourceExhausted);
}

TEST_F(PassFile, ReceiverThatIsGoneIsUnavailable) {
  receiver_.reset();
  EXPECT_EQ(send_file(sender_.get(), file("a", "content")).error().code(), Errc::kUnavailable);
}

}  // namespace
}  // namespace redoubt
