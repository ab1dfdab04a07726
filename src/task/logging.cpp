#include <equeue/middleware.hpp>

#include "base/log.hpp"

namespace equeue {
namespace {

class Logging : public Middleware {
 public:
  std::optional<Outcome> before(Context& job) override {
    log::info("{} {} attempt {}/{} starts", job.task(), to_string(job.id()), job.attempt(),
              job.max_attempts());
    return std::nullopt;
  }

  void after(Context& job, Outcome& outcome) override {
    log::info("{} {} attempt {}/{} {}{}{}", job.task(), to_string(job.id()), job.attempt(),
              job.max_attempts(), to_string(outcome.kind), outcome.error.empty() ? "" : ": ", outcome.error);
  }
};

}  // namespace

std::shared_ptr<Middleware> logging() {
  return std::make_shared<Logging>();
}

}  // namespace equeue
