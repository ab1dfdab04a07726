#include "embedded/server_watch.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <future>
#include <thread>

#include "embedded/postmaster.hpp"

namespace equeue::embedded {
namespace {

constexpr std::chrono::seconds deadline{20};

// Any process will do: it lives until it is killed.
pid_t start_process() {
  const pid_t pid = fork();
  if (pid == 0) {
    for (;;) pause();
  }
  return pid;
}

void end_process(pid_t pid) {
  kill(pid, SIGKILL);
  waitpid(pid, nullptr, 0);
}

TEST(ServerWatch, SaysWhenTheServerIsKilled) {
  const auto pid = start_process();
  std::promise<void> ended;
  const ServerWatch watch(pid, [&] { ended.set_value(); });
  end_process(pid);
  EXPECT_EQ(ended.get_future().wait_for(deadline), std::future_status::ready);
}

TEST(ServerWatch, SaysSoOfOneThatIsGoneAlready) {
  const auto pid = start_process();
  end_process(pid);
  std::promise<void> ended;
  const ServerWatch watch(pid, [&] { ended.set_value(); });
  EXPECT_EQ(ended.get_future().wait_for(deadline), std::future_status::ready);
}

TEST(ServerWatch, SaysNothingOfAServerThatOutlivesIt) {
  const auto pid = start_process();
  bool ended = false;
  {
    const ServerWatch watch(pid, [&] { ended = true; });
  }
  end_process(pid);
  EXPECT_FALSE(ended);
}

// Reading what /proc tells of a process fails when it ends between the opening and the reading.
TEST(Postmaster, IsLookedForAmongProcessesThatEndMeanwhile) {
  for (int i = 0; i < 300; ++i) {
    const auto pid = start_process();
    std::atomic<bool> is_gone = false;
    std::jthread ending([&] {
      end_process(pid);
      is_gone = true;
    });
    while (!is_gone) ASSERT_FALSE(is_process_of("/nowhere", pid));
  }
}

}  // namespace
}  // namespace equeue::embedded
