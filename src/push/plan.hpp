// Which queues are served by push, and where each of their jobs goes.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "store/push.hpp"

namespace equeue::push {

struct Target : store::PushRoute {
  std::string origin;  // scheme, host and port; empty without URL
};

// One reading of store::push_plan, unchanging. Looks are quick, however many targets there are.
class Plan {
 public:
  // Leaves out, with a line in the log, targets that cannot be called.
  explicit Plan(std::vector<store::PushRoute> routes = {});

  // That of the job's task, else that of its queue; null when it has neither.
  [[nodiscard]] const Target* find(const std::string& queue, const std::string& task) const;

  // Of a queue, those of its tasks included; empty when it is not served by push.
  [[nodiscard]] const std::vector<const Target*>& of_queue(const std::string& queue) const;

  [[nodiscard]] const std::vector<std::string>& queues() const { return queues_; }  // sorted, each once
  [[nodiscard]] const std::set<std::string>& origins() const { return origins_; }
  [[nodiscard]] int concurrency() const { return concurrency_; }  // of all together

 private:
  std::vector<std::unique_ptr<const Target>> targets_;
  std::unordered_map<std::string, const Target*> by_task_;
  std::unordered_map<std::string, const Target*> by_queue_;
  std::unordered_map<std::string, std::vector<const Target*>> of_queue_;
  std::vector<std::string> queues_;
  std::set<std::string> origins_;
  int concurrency_ = 0;
};

}  // namespace equeue::push
