// One claimed job inside a worker, from its claim to its outcome.
#pragma once

#include <atomic>
#include <equeue/context.hpp>
#include <equeue/outcome.hpp>
#include <equeue/registry.hpp>
#include <memory>
#include <stop_token>

#include "store/store.hpp"

namespace equeue::worker {

// Why a handler was asked to stop; the first reason stays.
enum class StopReason { none, timed_out, cancelled, lease_lost, worker_stops };

// Shared by the thread that runs the handler and those that may stop it. Thread-safe.
class Running {
 public:
  // `registry` outlives a handler that never returns.
  Running(LeaseId lease, store::ClaimedJob job, std::shared_ptr<const Registry> registry);

  [[nodiscard]] const LeaseId& lease() const { return lease_; }
  [[nodiscard]] const JobId& id() const { return context_.id(); }
  [[nodiscard]] Context& context() { return context_; }
  [[nodiscard]] const Task* task() const { return task_; }  // null: this worker does not know it
  [[nodiscard]] const Registry& registry() const { return *registry_; }

  // Asks the handler to stop; false when it had been asked before.
  bool stop(StopReason reason);
  [[nodiscard]] StopReason stop_reason() const { return reason_.load(); }

  // True for the one caller who may report this attempt's outcome: handler, fence and drain may race to do
  // so.
  [[nodiscard]] bool take_report() { return !reported_.exchange(true); }
  [[nodiscard]] bool is_reported() const { return reported_.load(); }

 private:
  const LeaseId lease_;
  const std::shared_ptr<const Registry> registry_;
  const Task* const task_;
  std::stop_source stop_;
  Context context_;
  std::atomic<StopReason> reason_{StopReason::none};
  std::atomic<bool> reported_{false};
};

using RunningPtr = std::shared_ptr<Running>;

// What is stored of an error or a log, whatever a handler says: as much as Context keeps of a log.
inline constexpr std::size_t text_bytes_max = 16 * 1024;

// What is reported when a handler that was asked to stop came back with `outcome`: success stays success;
// anything else is named after the reason. Its texts can be stored, and have at most text_bytes_max bytes
// with the reason's words before them.
[[nodiscard]] Outcome settle_outcome(Outcome outcome, StopReason reason);

}  // namespace equeue::worker
