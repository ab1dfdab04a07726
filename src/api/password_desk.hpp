// Passwords for coroutines: hashing is slow by design, so it has threads of its own, and few of them.
#pragma once

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <equeue/error.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace equeue::api {

struct PasswordDeskOptions {
  int threads = 2;
  std::size_t waiting_max = 64;  // at a quarter of a second each; more are refused
};

// Used on the server's thread. Destroyed when the executors of its callers run no more.
class PasswordDesk {
 public:
  explicit PasswordDesk(PasswordDeskOptions options = {});
  // Waits for the hashes under way; the others are forgotten.
  ~PasswordDesk();
  PasswordDesk(const PasswordDesk&) = delete;
  PasswordDesk& operator=(const PasswordDesk&) = delete;

  // As auth::verify_password and auth::hash_password. Both throw Refused with 503 when too many wait.
  [[nodiscard]] boost::asio::awaitable<bool> verify(std::string password, std::optional<std::string> hash);
  [[nodiscard]] boost::asio::awaitable<Result<std::string>> hash(std::string password);

 private:
  template <class Answer>
  [[nodiscard]] boost::asio::awaitable<Answer> run(std::function<Answer()> work);
  void enter();

  const PasswordDeskOptions options_;
  std::size_t waiting_ = 0;
  boost::asio::thread_pool threads_;
};

}  // namespace equeue::api
