#include <equeue/limits.hpp>
#include <equeue/registry.hpp>

#include "model/names.hpp"

namespace equeue {
namespace {

Error refuse(std::string_view task, std::string_view what) {
  return {.code = ErrorCode::invalid_argument, .message = fmt::format("task '{}': {}", task, what)};
}

Result<void> check(const Task& task) {
  if (auto valid = model::check_task_name(task.name); !valid) return valid;
  if (auto valid = model::check_queue_name(task.options.queue); !valid) return valid;
  const auto& options = task.options;
  if (options.priority < limits::priority_first || options.priority > limits::priority_last) {
    return refuse(task.name, fmt::format("priority {} is outside 0 (first) to 9 (last)", options.priority));
  }
  if (options.max_attempts < 1 || options.max_attempts > limits::attempts_max) {
    return refuse(task.name, fmt::format("max_attempts {} is outside 1 to 1000", options.max_attempts));
  }
  if (options.timeout < std::chrono::milliseconds(1) || options.timeout > limits::timeout_max) {
    return refuse(task.name, "the timeout is outside 1 ms to 7 days");
  }
  if (options.retry.delay < std::chrono::milliseconds(0) || options.retry.delay > limits::timeout_max ||
      options.retry.cap < std::chrono::milliseconds(0) || options.retry.cap > limits::timeout_max) {
    return refuse(task.name, "a retry delay is outside 0 to 7 days");
  }
  return {};
}

}  // namespace

Registry& Registry::add(Task task) {
  check(task).value();
  if (find(task.name) && find(task.name)->name == task.name)
    throw Exception(refuse(task.name, "is registered twice"));
  tasks_.push_back(std::move(task));
  return *this;
}

Registry& Registry::set_fallback(ThreadHandler handler) {
  fallback_ = Task{.name = {}, .options = {.timeout = limits::timeout_max}, .handler = std::move(handler)};
  return *this;
}

Registry& Registry::wrap(std::shared_ptr<Middleware> middleware) {
  middleware_.push_back(std::move(middleware));
  return *this;
}

const Task* Registry::find(std::string_view name) const {
  const auto found =
      std::find_if(tasks_.begin(), tasks_.end(), [&](const Task& task) { return task.name == name; });
  if (found != tasks_.end()) return &*found;
  return fallback_ ? &*fallback_ : nullptr;
}

}  // namespace equeue
