#include "api/listener.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <random>

#include "base/check.hpp"
#include "base/log.hpp"
#include "pg/connection.hpp"
#include "store/store.hpp"

namespace equeue::api {
namespace {

using std::chrono::milliseconds;

// A fleet of servers does not come back as one herd.
constexpr milliseconds pause_min{250};
constexpr milliseconds pause_max{1'500};

// Behind a pooler nothing changes until somebody puts another URL there, or PostgreSQL in the pooler's place.
constexpr milliseconds pooled_pause{60'000};

// Nothing depends on it: each wait is followed by the next.
constexpr milliseconds one_wait{60'000};

// More queues than these are told in one call after another.
constexpr std::size_t told_at_once = 1'000;

milliseconds any_pause(std::minstd_rand& random) {
  return milliseconds(
      std::uniform_int_distribution<std::int64_t>(pause_min.count(), pause_max.count())(random));
}

void pause(milliseconds time, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any woken;
  std::unique_lock lock(mutex);
  woken.wait_for(lock, stop, time, [] { return false; });
}

}  // namespace

Listener::Listener(Database database, Hearers hearers)
    : database_(std::move(database)),
      hearers_(std::move(hearers)),
      wake_fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  EQUEUE_CHECK(wake_fd_ >= 0);
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

Listener::~Listener() {
  thread_.request_stop();
  thread_.join();
  close(wake_fd_);
}

void Listener::run(const std::stop_token& stop) {
  const std::stop_callback wake_up(stop, [this] {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = write(wake_fd_, &one, sizeof one);
  });
  std::minstd_rand random{std::random_device{}()};
  while (!stop.stop_requested()) {
    const bool may_hear = listen(stop);
    if (!stop.stop_requested()) pause(may_hear ? any_pause(random) : pooled_pause, stop);
  }
}

// Until the connection breaks, or the stop request. False when nothing is to be heard on this URL.
bool Listener::listen(const std::stop_token& stop) {
  auto connection = pg::Connection::open(database_.url, "equeue serve listen");
  if (!connection) {
    log::debug("listen: {}", connection.error().message);
    return true;
  }
  if (auto done = store::listen({*connection, database_.schema}); !done) {
    const bool pooled = done.error().code == ErrorCode::configuration;
    if (pooled && !said_pooled_) log::info("listen: no wake-ups, polling only: {}", to_string(done.error()));
    if (!pooled) log::debug("listen: no wake-ups, polling only: {}", to_string(done.error()));
    said_pooled_ = pooled;
    return !pooled;
  }
  hearers_.connected();
  while (!stop.stop_requested()) {
    auto heard = connection->notification(one_wait, wake_fd_);
    std::set<std::string> queues;
    while (heard && *heard) {
      if (!(*heard)->starts_with('!')) queues.insert(std::move(**heard));  // '!' begins what is no queue
      if (queues.size() >= told_at_once) break;
      heard = connection->notification(milliseconds(0));
    }
    if (!queues.empty()) hearers_.announced(std::move(queues));
    if (!heard) return true;
  }
  return true;
}

}  // namespace equeue::api
