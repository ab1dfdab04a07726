#include "api/password_desk.hpp"

#include "api/call.hpp"
#include "auth/password.hpp"

namespace equeue::api {

namespace net = boost::asio;

PasswordDesk::PasswordDesk(PasswordDeskOptions options)
    : options_(options), threads_(static_cast<std::size_t>(options.threads)) {}

PasswordDesk::~PasswordDesk() {
  threads_.stop();
  threads_.join();
}

void PasswordDesk::enter() {
  if (waiting_ >= options_.waiting_max)
    refuse(503, "busy", "too many passwords are being looked at; ask again in a moment");
  ++waiting_;
}

template <class Answer>
net::awaitable<Answer> PasswordDesk::run(std::function<Answer()> work) {
  return net::async_initiate<const net::use_awaitable_t<>&, void(Answer)>(
      [this](auto handler, std::function<Answer()> slow) {
        const auto resume = std::make_shared<decltype(handler)>(std::move(handler));
        const auto executor = net::get_associated_executor(*resume);
        net::post(threads_, [this, resume, executor, guard = net::make_work_guard(executor),
                             slow = std::move(slow)]() mutable {
          net::post(executor, [this, resume, answer = slow()]() mutable {
            --waiting_;
            std::move (*resume)(std::move(answer));
          });
        });
      },
      net::use_awaitable, std::move(work));
}

net::awaitable<bool> PasswordDesk::verify(std::string password, std::optional<std::string> hash) {
  enter();
  const std::function<bool()> work = [password = std::move(password), hash = std::move(hash)] {
    return auth::verify_password(password, hash);
  };
  co_return co_await run<bool>(work);
}

net::awaitable<Result<std::string>> PasswordDesk::hash(std::string password) {
  enter();
  const std::function<Result<std::string>()> work = [password = std::move(password)] {
    return auth::hash_password(password);
  };
  co_return co_await run<Result<std::string>>(work);
}

}  // namespace equeue::api
