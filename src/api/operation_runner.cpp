#include "api/operation_runner.hpp"

#include "base/log.hpp"
#include "store/operations.hpp"

namespace equeue::api {
namespace {

// Between two looks for operations that other servers were given, or have left.
constexpr std::chrono::seconds look_every{1};

// After a fault that no waiting mends (no permission): rare enough not to fill the log.
constexpr std::chrono::minutes fault_wait{1};

}  // namespace

void OperationRunner::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const auto is_more = work(stop);
    if (stop.stop_requested()) return;
    if (is_more && *is_more) continue;
    std::chrono::milliseconds wait = look_every;
    if (!is_more) {
      log::warning("operations: {}", to_string(is_more.error()));
      if (!worker::is_passing(is_more.error())) wait = fault_wait;
    }
    std::unique_lock lock(mutex_);
    woken_.wait_for(lock, stop, wait, [this] { return is_woken_; });
    is_woken_ = false;
  }
}

void OperationRunner::wake() {
  const std::lock_guard lock(mutex_);
  is_woken_ = true;
  woken_.notify_all();
}

Result<bool> OperationRunner::work(const std::stop_token& stop) {
  auto cell = link_.cell(stop);
  if (!cell) return cell.error();
  const auto step = store::work_operation(*cell);
  if (!step) return step.error();
  if (!*step) return false;
  if ((*step)->state != "running")
    log::info("operations: {} is {}, with {} jobs", to_string((*step)->id), (*step)->state, (*step)->jobs);
  if ((*step)->asked > 0) {
    // A hint to workers, which else see it with their next heartbeat.
    if (const auto told = store::announce_cancel(*cell); !told) return told.error();
  }
  return true;
}

}  // namespace equeue::api
