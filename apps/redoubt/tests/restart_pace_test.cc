#include "redoubt/restart_pace.h"

#include <gtest/gtest.h>

#include <vector>

namespace redoubt::app {
namespace {

using namespace std::chrono_literals;
using Seconds = std::chrono::seconds;

const RestartPace::Time kBegin = RestartPace::Time() + 1h;

// Starts and ends after `life`, again and again: the pauses.
std::vector<Seconds> pauses(RestartPace& pace, int times, Seconds life) {
  std::vector<Seconds> out;
  RestartPace::Time now = kBegin;
  for (int i = 0; i < times; ++i) {
    pace.started(now);
    now += life;
    out.push_back(pace.ended(now));
    EXPECT_EQ(pace.next_start(), now + out.back());
    now = pace.next_start();
  }
  return out;
}

TEST(RestartPace, PausesGrowUpToAMinute) {
  RestartPace pace;
  EXPECT_EQ(pauses(pace, 9, 0s), (std::vector<Seconds>{1s, 2s, 4s, 8s, 16s, 32s, 60s, 60s, 60s}));
}

TEST(RestartPace, ALifeOfAMinuteDoesNotStartThemAnewAndALongerOneDoes) {
  RestartPace pace;
  EXPECT_EQ(pauses(pace, 4, 60s), (std::vector<Seconds>{1s, 2s, 4s, 8s}));
  EXPECT_EQ(pauses(pace, 2, 61s), (std::vector<Seconds>{1s, 1s}));
  EXPECT_EQ(pauses(pace, 2, 0s), (std::vector<Seconds>{2s, 4s})) << "and from there they grow again";
}

TEST(RestartPace, WhatCannotBeBegunWaitsLongest) {
  RestartPace pace;
  pace.started(kBegin);
  pace.failed(kBegin);
  EXPECT_EQ(pace.next_start(), kBegin + 60s);
}

TEST(RestartPace, AnotherIsStartedAtOnceButNotTwiceInASecond) {
  RestartPace pace;
  EXPECT_LE(pace.next_start(), kBegin);
  EXPECT_EQ(pauses(pace, 3, 0s).back(), 4s);
  pace.started(kBegin + 1h);
  pace.ended(kBegin + 1h);
  pace.forget();
  EXPECT_EQ(pace.next_start(), kBegin + 1h + 1s);
  EXPECT_EQ(pace.ended(kBegin + 1h), 1s);
}

}  // namespace
}  // namespace redoubt::app
