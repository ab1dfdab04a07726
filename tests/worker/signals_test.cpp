#include "worker/signals.hpp"

#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <future>

namespace equeue::worker {
namespace {

TEST(Signals, HandsOverWhatArrivesAndEnds) {
  std::promise<int> heard;
  {
    Signals signals([&](int signal) { heard.set_value(signal); });
    kill(getpid(), SIGTERM);
    EXPECT_EQ(heard.get_future().get(), SIGTERM);
  }
  sigset_t blocked;
  pthread_sigmask(SIG_SETMASK, nullptr, &blocked);
  EXPECT_EQ(sigismember(&blocked, SIGTERM), 0);
}

// Another thread's file may get the number of one that was just closed.
TEST(Signals, WriteIntoNoFileOfOthersWhenTheyEnd) {
  std::atomic<bool> done = false;
  std::atomic<int> written = 0;
  std::thread other([&] {
    while (!done) {
      const int file = eventfd(0, EFD_NONBLOCK);
      std::this_thread::yield();
      std::uint64_t value = 0;
      if (read(file, &value, sizeof value) > 0) ++written;
      close(file);
    }
  });
  for (int i = 0; i < 2'000; ++i) const Signals signals([](int) {});
  done = true;
  other.join();
  EXPECT_EQ(written, 0);
}

}  // namespace
}  // namespace equeue::worker
