// The data move to a small disk when one is to be full for the first time, and stay there until a failover.
#include <signal.h>

#include <thread>

#include "chaos/place/place.hpp"
#include "embedded/child.hpp"
#include "embedded/placement.hpp"
#include "embedded/postmaster.hpp"

namespace equeue::chaos {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds copy_patience{60};
constexpr std::chrono::milliseconds press_pause{50};

}  // namespace

void Place::move_to_small_disk() {
  const auto placement = embedded::place(options().data_folder).value();
  const auto data = placement.data();
  const fs::path aside = data.string() + ".aside";
  stop(SIGQUIT);
  fs::rename(data, aside);
  fs::create_directory(data);
  disk_ = std::make_unique<SmallDisk>(data, placement.user.uid, placement.user.gid);
  const auto copied = embedded::run_to_end(
      {.words = {"/bin/cp", "-a", (aside / ".").string(), data.string()}}, copy_patience);
  if (!copied.value().succeeded)
    throw Exception({.code = ErrorCode::io, .message = "cp -a: " + copied->output});
  fs::remove_all(aside);
  start_again();
}

void Place::fill_disk(std::chrono::milliseconds time) {
  if (!disk_) move_to_small_disk();
  disk_->fill();
  // First only tables cannot grow. The segments of the log that were made before are used up then, without
  // which PostgreSQL cannot go on at all.
  std::this_thread::sleep_for(time / 2);
  for (const auto until = Clock::now() + time / 2; Clock::now() < until;) {
    try {
      run("SELECT pg_logical_emit_message(true, 'chaos', 'press'); SELECT pg_switch_wal()");
    } catch (const Exception&) {
      // It is full.
    }
    std::this_thread::sleep_for(press_pause);
  }
  disk_->free();
  const auto data = embedded::place(options().data_folder).value().data();
  if (embedded::is_process_of(data, postmaster())) {
    try {
      return wait_for_answer();
    } catch (const Exception&) {
      // It gave up meanwhile.
    }
  }
  start_again();
}

}  // namespace equeue::chaos
