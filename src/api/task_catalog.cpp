#include "api/task_catalog.hpp"

#include "api/call.hpp"

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
  // Schemas are read anew only when they change.
  std::erase_if(schemas_, [&](const auto& known) {
    return std::ranges::none_of(read, [&](const auto& task) { return task.second->schema == known.first; });
  });
  tasks_ = std::move(read);
  read_at_ = Clock::now();
}

std::shared_ptr<const PayloadSchema> TaskCatalog::schema_of(const store::DeclaredTask& task) {
  if (!task.schema) return nullptr;
  const auto known = schemas_.find(*task.schema);
  if (known != schemas_.end()) return known->second;
  auto schema = PayloadSchema::read(*task.schema);
  if (!schema) {
    refuse(422, "invalid_schema",
           fmt::format("the schema of the task '{}' cannot be used: declare it anew, or take it away",
                       task.name),
           schema.error().faults);
  }
  return schemas_.emplace(*task.schema, std::move(*schema)).first->second;
}

std::shared_ptr<const store::DeclaredTask> TaskCatalog::known(const std::string& name) const {
  const auto found = tasks_.find(name);
  return found == tasks_.end() ? nullptr : found->second;
}

}  // namespace equeue::api
