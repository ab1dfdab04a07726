#include "worker/link.hpp"

#include "base/log.hpp"
#include "store/faults.hpp"
#include "store/migrate.hpp"

namespace equeue::worker {

std::chrono::milliseconds Backoff::next() {
  const auto wait = std::uniform_int_distribution<std::int64_t>(0, ceiling_.count())(random_);
  ceiling_ = std::min(ceiling_ * 2, longest);
  return std::chrono::milliseconds(wait);
}

bool is_passing(const Error& error) {
  return error.transient || error.code == ErrorCode::database_away ||
         error.code == ErrorCode::outcome_unknown;
}

void pause_for(std::chrono::milliseconds time, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any woken;
  std::unique_lock lock(mutex);
  woken.wait_for(lock, stop, time, [] { return false; });
}

Result<void> Link::open() {
  auto opened = pg::Connection::open(database_.url, fmt::format("equeue {}", role_));
  if (!opened) return store::translate(opened.error(), database_.schema);
  if (auto usable = store::check_schema(*opened, database_.schema); !usable) return usable;
  opened->set_call_deadline(call_deadline_);
  connection_.emplace(std::move(*opened));
  ++generation_;
  return {};
}

Result<store::Cell> Link::cell(const std::stop_token& stop) {
  for (;;) {
    if (connection_ && connection_->is_open()) return store::Cell{*connection_, database_.schema};
    auto opened = open();
    if (opened) {
      backoff_.reset();
      continue;
    }
    if (!is_passing(opened.error()) || stop.stop_requested()) return opened.error();
    if (when_refused_ == WhenRefused::end && generation_ == 0 && !opened.error().transient)
      return opened.error();
    const auto wait = backoff_.next();
    log::warning("{}: {}; trying again in {} ms", role_, to_string(opened.error()), wait.count());
    pause_for(wait, stop);
  }
}

}  // namespace equeue::worker
