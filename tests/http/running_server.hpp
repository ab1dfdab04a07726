// A server on a thread of its own.
#pragma once

#include <boost/asio/post.hpp>
#include <future>

#include "http/server.hpp"
#include "tests/eventually.hpp"
#include "tests/http/raw_client.hpp"

namespace equeue::tests {

class RunningServer {
 public:
  explicit RunningServer(const http::Router& router, http::ServerOptions options = {})
      : server_(io_, router, std::move(options)), work_(io_.get_executor()) {
    server_.listen().value();
    port_ = server_.port();
    thread_ = std::jthread([this] { io_.run(); });
  }
  RunningServer(const RunningServer&) = delete;
  RunningServer& operator=(const RunningServer&) = delete;
  ~RunningServer() {
    stop();
    on_its_thread([this] { server_.abort(); });
    work_.reset();
  }

  [[nodiscard]] std::uint16_t port() const { return port_; }
  // The second and later calls do nothing.
  void stop() {
    if (std::exchange(stopped_, true)) return;
    on_its_thread([this] { server_.stop([this] { ended_.set_value(); }); });
  }
  [[nodiscard]] bool has_ended() { return end_.wait_for(patience) == std::future_status::ready; }
  [[nodiscard]] std::size_t connections() {
    return on_its_thread([this] { return server_.connections(); });
  }
  template <class Work>
  std::invoke_result_t<Work> on_its_thread(Work work) {
    std::packaged_task<std::invoke_result_t<Work>()> task(std::move(work));
    auto done = task.get_future();
    boost::asio::post(io_, [&task] { task(); });
    return done.get();
  }

 private:
  boost::asio::io_context io_{1};
  http::Server server_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  std::promise<void> ended_;
  std::future<void> end_ = ended_.get_future();
  std::uint16_t port_ = 0;
  bool stopped_ = false;
  std::jthread thread_;
};

}  // namespace equeue::tests
