#include "api/wake.hpp"

#include "base/log.hpp"

namespace equeue::api {

boost::asio::awaitable<void> wake(Service& service, std::string queue) {
  service.claims.woken(std::span(&queue, 1));
  const auto announce = [queue](store::Cell cell) { return store::announce(cell, std::span(&queue, 1)); };
  const auto announced = co_await service.database.call(announce);
  if (!announced)
    log::debug("serve: the workers were not told of the queue '{}': {}", queue, announced.error().message);
}

}  // namespace equeue::api
