#include "api/single_flight.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace equeue::api {

namespace net = boost::asio;

net::awaitable<void> SingleFlight::join(std::string name, Read read) {
  const auto executor = co_await net::this_coro::executor;
  const auto known = flights_.find(name);
  auto flight = known == flights_.end() ? nullptr : known->second;
  if (!flight) {
    flight = std::make_shared<Flight>(executor, std::move(read));
    flights_.emplace(name, flight);
    net::co_spawn(executor, flight->read(),
                  [this, name, flight](std::exception_ptr fault) { land(name, *flight, std::move(fault)); });
  }
  // Who is cancelled leaves by the exception of the second round.
  while (!flight->has_ended) co_await flight->ended.async_wait(net::as_tuple(net::use_awaitable));
  if (flight->fault) std::rethrow_exception(flight->fault);
}

void SingleFlight::land(const std::string& name, Flight& flight, std::exception_ptr fault) {
  flight.fault = std::move(fault);
  flight.has_ended = true;
  flights_.erase(name);
  flight.ended.cancel();
}

}  // namespace equeue::api
