// Word to all who wait for jobs of a queue that there are some.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>

#include "api/service.hpp"

namespace equeue::api {

// Those who wait at this server look now; workers and other servers as soon as they are told. A failure to
// tell them is no failure of the caller's: they look again by themselves.
[[nodiscard]] boost::asio::awaitable<void> wake(Service& service, std::string queue);

}  // namespace equeue::api
