// Many who need the same reading at the same time share one.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

namespace equeue::api {

// On the server's thread.
class SingleFlight {
 public:
  using Read = std::function<boost::asio::awaitable<void>()>;

  // Runs `read`, or waits for the one of that name which is under way; throws what it has thrown. It runs to
  // its end whether or not anybody still waits, so what it refers to lives as long as the executor runs.
  [[nodiscard]] boost::asio::awaitable<void> join(std::string name, Read read);

 private:
  struct Flight {
    Flight(const boost::asio::any_io_executor& executor, Read what)
        : read(std::move(what)), ended(executor, boost::asio::steady_timer::time_point::max()) {}
    const Read read;
    boost::asio::steady_timer ended;
    bool has_ended = false;
    std::exception_ptr fault;
  };
  void land(const std::string& name, Flight& flight, std::exception_ptr fault);

  std::unordered_map<std::string, std::shared_ptr<Flight>> flights_;
};

}  // namespace equeue::api
