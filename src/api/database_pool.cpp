#include "api/database_pool.hpp"

#include "base/log.hpp"
#include "store/faults.hpp"
#include "store/migrate.hpp"

namespace equeue::api {
namespace {

// A thundering herd of tries does not bring a database back sooner.
constexpr std::chrono::milliseconds pause_between_tries{250};

}  // namespace

Error busy(std::string_view why) {
  return {.code = ErrorCode::database_away,
          .message = fmt::format("the database is busy: {}", why),
          .hint = "ask again in a moment",
          .transient = true};
}

Error fault_of(const std::exception& thrown) {
  return {.code = ErrorCode::database_error,
          .message = fmt::format("a fault of equeue itself: {}", thrown.what())};
}

// The connection of one thread.
class DatabasePool::Slot {
 public:
  explicit Slot(DatabasePool& pool) : pool_(pool) {}

  Result<store::Cell> cell() {
    if (connection_ && connection_->has_been_left()) connection_.reset();
    if (!connection_) {
      if (const auto error = pool_.still_away()) return *error;
      if (auto opened = open(); !opened) {
        pool_.note_away(opened.error());
        return opened.error();
      }
    }
    return store::Cell{*connection_, pool_.database_.schema};
  }

 private:
  Result<void> open() {
    auto opened = pg::Connection::open(pool_.database_.url, "equeue serve");
    if (!opened) return store::translate(opened.error(), pool_.database_.schema);
    if (auto usable = store::check_schema(*opened, pool_.database_.schema); !usable) return usable;
    opened->set_call_deadline(pool_.options_.call_max);
    connection_.emplace(std::move(*opened));
    return {};
  }

  DatabasePool& pool_;
  std::optional<pg::Connection> connection_;
};

DatabasePool::DatabasePool(Database database, PoolOptions options)
    : database_(std::move(database)), options_(options) {
  for (int i = 0; i < options_.connections; ++i)
    threads_.emplace_back([this](const std::stop_token& stop) { serve(stop); });
}

DatabasePool::~DatabasePool() {
  for (auto& thread : threads_) thread.request_stop();
  threads_.clear();
  for (auto& task : waiting_) task.run(busy("the server stops"));
}

std::size_t DatabasePool::waiting() const {
  const std::lock_guard lock(mutex_);
  return waiting_.size();
}

void DatabasePool::submit(std::function<void(Result<store::Cell>)> run) {
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.size() < options_.waiting_max) {
      waiting_.push_back({std::move(run), Clock::now() + options_.wait_max});
      woken_.notify_one();
      return;
    }
  }
  run(busy(fmt::format("{} calls wait already", options_.waiting_max)));
}

std::optional<DatabasePool::Task> DatabasePool::next(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  if (!woken_.wait(lock, stop, [this] { return !waiting_.empty(); })) return std::nullopt;
  if (stop.stop_requested()) return std::nullopt;
  Task task = std::move(waiting_.front());
  waiting_.pop_front();
  return task;
}

void DatabasePool::serve(const std::stop_token& stop) {
  Slot slot(*this);
  while (auto task = next(stop)) {
    if (Clock::now() > task->until) {
      task->run(busy("no connection became free in time"));
    } else {
      task->run(slot.cell());
    }
  }
}

std::optional<Error> DatabasePool::still_away() {
  const std::lock_guard lock(mutex_);
  if (!away_ || Clock::now() > away_->first) return std::nullopt;
  return away_->second;
}

void DatabasePool::note_away(const Error& error) {
  log::warning("serve: {}", to_string(error));
  const std::lock_guard lock(mutex_);
  away_ = {Clock::now() + pause_between_tries, error};
}

}  // namespace equeue::api
