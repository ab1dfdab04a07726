#include <equeue/context.hpp>

namespace equeue {
namespace {

// What is kept of an attempt's log: enough for a stack trace, small enough to store with every failure.
constexpr std::size_t log_bytes_max = 16 * 1024;

// Where the last log_bytes_max bytes begin: with a whole line, unless the last one alone is longer.
std::size_t tail_begin(std::string_view text) {
  const auto begin = text.size() - log_bytes_max;
  const auto line_end = text.find('\n', begin);
  return line_end == std::string_view::npos || line_end + 1 == text.size() ? begin : line_end + 1;
}

}  // namespace

struct Context::Log {
  std::mutex mutex;
  std::string tail;
};

Context::Context(Facts facts, std::stop_token stop)
    : facts_(std::move(facts)), stop_(std::move(stop)), log_(std::make_shared<Log>()) {}

void Context::log(std::string_view line) {
  const std::lock_guard lock(log_->mutex);
  log_->tail.append(line).append("\n");
  if (log_->tail.size() <= 2 * log_bytes_max) return;
  log_->tail.erase(0, tail_begin(log_->tail));
}

std::optional<std::string> Context::log_tail() const {
  const std::lock_guard lock(log_->mutex);
  if (log_->tail.empty()) return std::nullopt;
  if (log_->tail.size() <= log_bytes_max) return log_->tail;
  return log_->tail.substr(tail_begin(log_->tail));
}

}  // namespace equeue
