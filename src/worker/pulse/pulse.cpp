#include "worker/pulse/pulse.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include "base/check.hpp"
#include "base/log.hpp"
#include "worker/session.hpp"

namespace equeue::worker {
namespace {

// A lease is renewed so often in its life that two renewals may fail.
constexpr int beats_in_a_lease = 3;

// A heartbeat that is not answered before the next is due is given up; but a busy server gets a second.
std::chrono::milliseconds beat_deadline(std::chrono::milliseconds lease) {
  return std::clamp<std::chrono::milliseconds>(lease / beats_in_a_lease, std::chrono::seconds(1),
                                               pg::call_deadline);
}

}  // namespace

Pulse::Pulse(const Database& database, const WorkerOptions& options, Session& session, Listeners listeners)
    : options_(options),
      session_(session),
      listeners_(std::move(listeners)),
      link_(database, "pulse", beat_deadline(options.lease)),
      wake_fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  EQUEUE_CHECK(wake_fd_ >= 0);
}

Pulse::~Pulse() {
  close(wake_fd_);
}

Result<void> Pulse::run(const std::stop_token& stop) {
  const std::stop_callback wake_up(stop, [this] {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = write(wake_fd_, &one, sizeof one);
  });
  Backoff backoff;
  while (!stop.stop_requested()) {
    auto done = round(stop);
    if (done) {
      backoff.reset();
      continue;
    }
    if (stop.stop_requested()) break;
    if (!is_passing(done.error())) return done;
    const auto wait = backoff.next();
    log::warning("pulse: {}; trying again in {} ms", to_string(done.error()), wait.count());
    pause_for(wait, stop);
  }
  return {};
}

Result<void> Pulse::round(const std::stop_token& stop) {
  auto cell = link_.cell(stop);
  if (!cell) return cell.error();
  if (options_.listen && listening_generation_ != link_.generation()) listen(*cell);
  if (!session_.id()) {
    if (auto done = register_worker(*cell); !done) return done;
  }
  const auto now = Clock::now();
  if (now >= next_beat_) {
    if (auto done = beat(*cell); !done) return done;
  }
  wait(*cell);
  return {};
}

Result<void> Pulse::register_worker(store::Cell cell) {
  const auto id = make_worker_id();
  if (auto done = store::register_worker(cell, id, options_.name, options_.queues, options_.lease); !done)
    return done;
  session_.begin(id);
  next_beat_ = Clock::now() + options_.lease / beats_in_a_lease;
  return {};
}

Result<void> Pulse::beat(store::Cell cell) {
  auto requests = store::heartbeat(cell, *session_.id(), options_.lease);
  if (!requests && requests.error().code == ErrorCode::worker_lost) {
    log::warning("pulse: this worker was taken for dead; its jobs run elsewhere and it begins anew");
    session_.end();
    listeners_.lost();
    return {};
  }
  if (!requests) return requests.error();
  next_beat_ = Clock::now() + options_.lease / beats_in_a_lease;
  for (const auto& request : *requests) listeners_.cancel(request);
  return look_for_lost(cell);
}

// A database that has crashed, or a standby in its place, may have forgotten a claim.
Result<void> Pulse::look_for_lost(store::Cell cell) {
  const auto known = session_.leases();
  if (known.empty()) return {};
  auto lost = store::lost_leases(cell, *session_.id(), known);
  if (!lost) return lost.error();
  for (const auto& lease : *lost) {
    session_.lost(lease);
    listeners_.lease_lost(lease);
  }
  return {};
}

// Behind a pooler LISTEN does not work; polling is correct without it.
void Pulse::listen(store::Cell cell) {
  if (auto done = store::listen(cell); !done)
    log::info("pulse: no wake-ups, polling only: {}", to_string(done.error()));
  listening_generation_ = link_.generation();
  listeners_.wake();
}

void Pulse::wait(store::Cell cell) {
  using std::chrono::milliseconds;
  const auto time = std::max(std::chrono::ceil<milliseconds>(next_beat_ - Clock::now()), milliseconds(0));
  auto payload = cell.connection.notification(time, wake_fd_);
  if (!payload || !*payload) return;
  if (**payload == "!cancel") {
    next_beat_ = Clock::now();
  } else if (std::find(options_.queues.begin(), options_.queues.end(), **payload) != options_.queues.end()) {
    listeners_.wake();
  }
}

void Pulse::retire() {
  const auto id = session_.id();
  if (!id) return;
  std::stop_source now;
  now.request_stop();
  auto cell = link_.cell(now.get_token());
  if (!cell) return;
  if (auto done = store::retire_worker(*cell, *id); !done) log::warning("pulse: {}", to_string(done.error()));
  session_.end();
}

}  // namespace equeue::worker
