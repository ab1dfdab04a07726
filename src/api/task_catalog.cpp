#include "api/task_catalog.hpp"

namespace equeue::api {

namespace net = boost::asio;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds between_unknown_names{100};

net::awaitable<std::shared_ptr<const store::DeclaredTask>> TaskCatalog::find(std::string_view name) {
  const std::string wanted(name);
  if (Clock::now() - read_at_ > memory) co_await refresh();
  auto task = known(wanted);
  if (task || Clock::now() - read_at_ < between_unknown_names) co_return task;
  co_await refresh();
  co_return known(wanted);
}

net::awaitable<void> TaskCatalog::refresh() {
  const SingleFlight::Read reading = [this] { return read(); };
  co_await flights_.join("tasks", reading);
}

net::awaitable<void> TaskCatalog::read() {
  auto tasks = co_await database_.call([](store::Cell cell) { return list_tasks(cell); });
  std::unordered_map<std::string, std::shared_ptr<const store::DeclaredTask>> read;
  for (auto& task : tasks.value()) {
    auto name = task.name;
    read.emplace(std::move(name), std::make_shared<const store::DeclaredTask>(std::move(task)));
  }
  tasks_ = std::move(read);
  read_at_ = Clock::now();
}

std::shared_ptr<const store::DeclaredTask> TaskCatalog::known(const std::string& name) const {
  const auto found = tasks_.find(name);
  return found == tasks_.end() ? nullptr : found->second;
}

}  // namespace equeue::api
